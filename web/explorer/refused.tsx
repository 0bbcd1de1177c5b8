import type { ComponentChildren, JSX } from 'preact'
import type { ErrorCode, EvidenceError } from '../../src/core/errors.ts'
import { visible } from '../../src/core/text.ts'
import { topicOf } from '../../src/words/topic.ts'
import { pageAddress } from '../ui/nav.ts'
import { type Explorer, useExplorer } from './context.ts'
import type { Loaded } from './load.ts'
import { Name } from './parts.tsx'

/** What is said of a refusal, and what may be done about it. */
interface Told {
  readonly title?: string
  readonly text: string
  /** Whether it lies with the reader or the key, and another one may help. */
  readonly isOfReader: boolean
}

function told({ code, facts }: EvidenceError, { said, words, reader }: Explorer): Told {
  const { refused } = said
  const own = reader.isReading ? visible(reader.own ?? '') : undefined
  if (code === 'token-invalid' && facts.where === 'clock')
    return { title: refused.clockTitle, text: refused.clock, isOfReader: true }
  if (code === 'token-invalid' && own !== undefined)
    return { title: refused.keyTitle(own), text: refused.key, isOfReader: true }
  const topic = topicOf(code)
  if (topic === 'not-permitted')
    return own === undefined
      ? { title: refused.title, text: refused.text, isOfReader: true }
      : { title: refused.ownTitle(own), text: refused.own, isOfReader: true }
  const ways: Partial<Record<ErrorCode, string>> = refused.ways
  return { text: ways[code] ?? `${refused.other} ${words.check.topic[topic]}`, isOfReader: false }
}

/** Why something is not shown, with a way on. */
export function Refused({ refusal, again }: { refusal: EvidenceError; again: () => void }): JSX.Element {
  const explorer = useExplorer()
  const { said, reader } = explorer
  const { refused } = said
  const { title, text, isOfReader } = told(refusal, explorer)
  return (
    <div class="refused" role={isOfReader ? 'status' : 'alert'} data-code={refusal.code}>
      {title === undefined ? '' : <h2>{title}</h2>}
      <p>{text}</p>
      <p class="detail" lang="en">
        <Name text={refusal.message} /> <code>{refusal.code}</code>
      </p>
      <p>
        <button type="button" class="again" onClick={again}>
          {refused.again}
        </button>{' '}
        {isOfReader && reader.isReading ? (
          <button type="button" class="without" onClick={() => reader.read(false)}>
            {said.reader.stop}
          </button>
        ) : (
          ''
        )}{' '}
        {isOfReader ? <a href={pageAddress('deposit')}>{refused.otherKey}</a> : ''}
      </p>
    </div>
  )
}

/** Shows what was loaded, that it is not here yet, or why it will not come. */
export function Shown<T>({
  loaded,
  children,
}: {
  loaded: Loaded<T>
  children: (value: T) => ComponentChildren
}): JSX.Element {
  const { said } = useExplorer()
  if (loaded.refusal !== undefined) return <Refused refusal={loaded.refusal} again={loaded.again} />
  if (loaded.value === undefined) return <p role="status">{said.loading} …</p>
  return <>{children(loaded.value)}</>
}
