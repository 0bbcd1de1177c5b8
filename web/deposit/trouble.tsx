import type { JSX } from 'preact'
import { isEvidenceError } from '../../src/core/errors.ts'
import { visible } from '../../src/core/text.ts'
import { topicOf } from '../../src/words/topic.ts'
import { useDepositing } from './context.ts'

/** What went wrong, in the reader's language, with the program's own words; what the browser refuses is told with its own. */
export function Trouble({ error, lead }: { error: unknown; lead?: string }): JSX.Element {
  const { words, said } = useDepositing()
  const code = isEvidenceError(error) ? error.code : 'browser'
  const message = error instanceof Error ? error.message : String(error)
  const isClock = isEvidenceError(error) && error.facts.where === 'clock'
  const ways: Partial<Record<string, string>> = said.ways
  const isStorage = error instanceof DOMException && !isEvidenceError(error)
  return (
    <div class="finding" role="alert" data-code={code}>
      {lead === undefined ? '' : <p>{lead}</p>}
      <p>
        {isEvidenceError(error)
          ? isClock
            ? said.admission.clock
            : (ways[code] ?? words.check.topic[topicOf(error.code)])
          : isStorage
            ? words.page.noStorage
            : words.page.failed}
      </p>
      <p class="detail" lang="en">
        <bdi dir="auto">{visible(message)}</bdi> <code>{code}</code>
      </p>
    </div>
  )
}
