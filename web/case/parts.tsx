import type { JSX } from 'preact'
import { isEvidenceError } from '../../src/core/errors.ts'
import { count, visible } from '../../src/core/text.ts'
import type { UnitCustody } from '../../src/statements/kind.ts'
import { topicOf } from '../../src/words/topic.ts'
import { useExplorer } from '../explorer/context.ts'
import { pageAddress } from '../ui/nav.ts'
import { useCase } from './context.ts'

/** Who holds the items of an exhibit: one line where all are in the same hands. */
export function HeldText({ units }: { units: readonly UnitCustody[] }): JSX.Element {
  const { custody, item: itemText } = useCase().told
  const said = { held: custody.held, ended: custody.ended, 'not-judged': () => custody.notJudged }
  const all = units.map(({ holder, state }) => said[state](visible(holder)))
  if (new Set(all).size <= 1) return <span class="held">{all[0] ?? ''}</span>
  return (
    <ul class="held">
      {all.map((one, item) => (
        <li>
          {itemText(count(item))}: {one}
        </li>
      ))}
    </ul>
  )
}

/** Two policies: nothing is judged before the reader has chosen. */
export function Stopped({ origin }: { origin: string }): JSX.Element {
  const { told } = useCase()
  const { words } = useExplorer()
  const said = words.check.policy
  return (
    <div class="verdict broken" role="alert">
      <div>
        <h2>{said.differsTitle}</h2>
        <p>{said.differs(visible(origin))}</p>
        <p>
          <a href={pageAddress('check')}>{told.policyDiffers}</a>
        </p>
      </div>
    </div>
  )
}

/** What went wrong with something that was signed here, and what can be done. */
export function Trouble({ error, lead }: { error: unknown; lead?: string | undefined }): JSX.Element {
  const { told } = useCase()
  const { words } = useExplorer()
  const code = isEvidenceError(error) ? error.code : 'browser'
  const ways: Partial<Record<string, string>> = told.ways
  const text = isEvidenceError(error) ? (ways[code] ?? words.check.topic[topicOf(error.code)]) : words.page.failed
  return (
    <div class="finding" role="alert" data-code={code}>
      {lead === undefined ? '' : <p>{lead}</p>}
      <p>{text}</p>
      <p class="detail" lang="en">
        <bdi dir="auto">{visible(error instanceof Error ? error.message : String(error))}</bdi> <code>{code}</code>
      </p>
    </div>
  )
}

/** A labelled field of text. */
export function Field({
  label,
  name,
  value,
  change,
  type = 'text',
  list,
}: {
  label: string
  name: string
  value: string
  change: (value: string) => void
  type?: 'text' | 'number' | 'datetime-local'
  list?: string
}): JSX.Element {
  return (
    <label>
      {label}{' '}
      <input
        name={name}
        type={type}
        list={list}
        value={value}
        maxLength={2000}
        autocomplete="off"
        onInput={(event) => change(event.currentTarget.value)}
      />
    </label>
  )
}

/** A labelled choice. */
export function Choice({
  label,
  name,
  value,
  options,
  change,
}: {
  label: string
  name: string
  value: string
  options: readonly (readonly [value: string, text: string, isOff?: boolean])[]
  change: (value: string) => void
}): JSX.Element {
  return (
    <label>
      {label}{' '}
      <select name={name} value={value} onChange={(event) => change(event.currentTarget.value)}>
        {options.map(([one, text, isOff = false]) => (
          <option value={one} disabled={isOff}>
            {text}
          </option>
        ))}
      </select>
    </label>
  )
}

/** Texts between commas, without the spaces around them. */
export function listed(text: string): string[] {
  const parts = text.split(/[,;，；、\n]/u).map((one) => one.trim())
  return [...new Set(parts.filter((one) => one !== ''))]
}
