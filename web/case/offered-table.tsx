import type { JSX } from 'preact'
import { count } from '../../src/core/text.ts'
import { Link } from '../explorer/parts.tsx'
import { useCase } from './context.ts'
import type { Compared } from './handed.ts'
import { Choice } from './parts.tsx'

/** What a receiver says of an exhibit. */
export type Checked = 'match' | 'differs' | 'not-checked'

/** What is proposed: the same where every item was found; else nothing is said before somebody says it. */
export function proposed({ found }: Compared): Checked {
  return found !== undefined && found.all > 0 && found.count === found.all ? 'match' : 'not-checked'
}

/** The exhibits of a release, each with what was found of it here; `change` lets the receiver say something else of it. */
export function OfferedTable({
  exhibits,
  checked,
  change,
}: {
  exhibits: readonly Compared[]
  checked: readonly Checked[]
  change: ((at: number, value: Checked) => void) | undefined
}): JSX.Element {
  const said = useCase().told.takeOver
  const { column } = said
  const many = (what: Checked): string => count(checked.filter((one) => one === what).length)
  return (
    <>
      <h3>{said.list}</h3>
      <table class="offered">
        <thead>
          <tr>
            {[column.number, column.exhibit, column.files, column.checked].map((label) => (
              <th scope="col">{label}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {exhibits.map((one, at) => (
            <Row one={one} at={at} checked={checked[at] as Checked} change={change} />
          ))}
        </tbody>
      </table>
      <p class="offered-sum" aria-live="polite">
        {said.sum(many('match'), many('differs'), many('not-checked'))}
      </p>
    </>
  )
}

function Row({
  one,
  at,
  checked,
  change,
}: {
  one: Compared
  at: number
  checked: Checked
  change: ((at: number, value: Checked) => void) | undefined
}): JSX.Element {
  const { told } = useCase()
  const said = told.takeOver
  return (
    <tr data-checked={checked} data-index={one.index}>
      <td>{count(at + 1)}</td>
      <td>
        {said.entry} <Link to={`/exhibit/${one.index}`}>{count(one.index)}</Link>,{' '}
        {one.item === undefined ? told.whole : told.item(count(one.item))}
      </td>
      <td>
        <Found one={one} />
      </td>
      <td>
        {change === undefined ? (
          said.result[checked]
        ) : (
          <Choice
            label={said.checked(count(at + 1))}
            name={`checked-${at}`}
            value={checked}
            change={(value) => change(at, value as Checked)}
            options={Object.entries(said.result)}
          />
        )}
      </td>
    </tr>
  )
}

/** Which items of an exhibit are among the files that were handed over. */
function Found({ one: { found, isBroken } }: { one: Compared }): JSX.Element {
  const { told } = useCase()
  const said = told.takeOver
  return (
    <>
      {found === undefined ? said.notShown : said.foundFiles(count(found.count), count(found.all))}
      {found === undefined || found.all < 2 ? (
        ''
      ) : (
        <ul>
          {found.items.map(({ item, isHere }) => (
            <li>
              {told.item(count(item))}: {isHere ? said.isHere : said.isNotHere}
            </li>
          ))}
        </ul>
      )}
      {isBroken ? <strong class="notice">{said.receiptBroken}</strong> : ''}
    </>
  )
}
