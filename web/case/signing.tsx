import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { count, visible } from '../../src/core/text.ts'
import { useExplorer } from '../explorer/context.ts'
import { Link } from '../explorer/parts.tsx'
import { pageAddress } from '../ui/nav.ts'
import { acceptanceFields, emptyAcceptance, sealedOf } from './acceptance.ts'
import { useCase } from './context.ts'
import { type Compared, type HandedOver, shownBy } from './handed.ts'
import { type Checked, OfferedTable, proposed } from './offered-table.tsx'
import { Choice, Field, Trouble } from './parts.tsx'
import { useSending } from './sending.ts'
import { type Answer, signTransfer } from './statements.ts'

/** What is signed about a release: by its receiver, or by its giver who takes it back. */
export function Signing({
  handed,
  exhibits,
  origin,
  mayBeSigned,
}: {
  handed: HandedOver
  exhibits: readonly Compared[]
  origin: string
  /** False of a release that has ended, or whose signature does not hold: the ledger would take nothing that is said of it. */
  mayBeSigned: boolean
}): JSX.Element {
  const { key } = useExplorer()
  const { told } = useCase()
  const said = told.takeOver
  const file = handed.release as NonNullable<HandedOver['release']>
  const { iss, to } = file.opened
  const isGiver = key?.id === iss
  const isReceiver = key?.id === to
  const [outcome, setOutcome] = useState<Answer['outcome']>(isGiver ? 'withdrawn' : 'accepted')
  const [reason, setReason] = useState('differs')
  const [typed, setTyped] = useState(emptyAcceptance)
  const [chosenChecks, setChecks] = useState<readonly (Checked | undefined)[]>([])
  const sending = useSending()
  const checked = exhibits.map((one, i) => chosenChecks[i] ?? proposed(one))
  const change = (at: number, value: Checked): void =>
    setChecks(exhibits.map((_, n) => (n === at ? value : chosenChecks[n])))
  const list = <OfferedTable exhibits={exhibits} checked={checked} change={isReceiver ? change : undefined} />
  if (key === undefined)
    return (
      <>
        {list}
        <p role="alert">
          <a href={pageAddress('deposit')}>{said.noKey}</a>
        </p>
      </>
    )
  if (!isReceiver && !isGiver)
    return (
      <>
        {list}
        <p role="alert" class="not-yours">
          {said.notYours(visible(to))}
        </p>
      </>
    )
  if (sending.result !== undefined)
    return (
      <p role="status" class="deposited" data-index={sending.result.index}>
        {said.done[outcome](count(sending.result.index))}{' '}
        {[...new Set(exhibits.map(({ index }) => index))].map((index) => (
          <>
            <Link to={`/exhibit/${index}`}>
              {told.facts.entry} {count(index)}
            </Link>{' '}
          </>
        ))}
      </p>
    )
  if (!mayBeSigned) return list
  const submit = (event: Event): void => {
    event.preventDefault()
    const answer = { outcome, reason, checked, sealed: sealedOf(typed) }
    const of = JSON.stringify([key.jwk.x, file.release, answer])
    void sending.send({ origin, of, shown: shownBy(file), sign: () => signTransfer(key, origin, file, answer) })
  }
  const choices: readonly Answer['outcome'][] = isGiver ? ['withdrawn'] : ['accepted', 'rejected']
  return (
    <form class="sign-transfer" onSubmit={submit}>
      {list}
      <Choice
        label={said.outcome}
        name="outcome"
        value={outcome}
        change={(value) => setOutcome(value as Answer['outcome'])}
        options={choices.map((one) => [one, said.outcomes[one]])}
      />
      {outcome === 'rejected' ? (
        <Choice
          label={said.reason}
          name="reason"
          value={reason}
          change={setReason}
          options={Object.entries(said.reasons)}
        />
      ) : (
        ''
      )}
      {outcome === 'accepted' && checked.includes('differs') ? <p class="notice">{said.differsNote}</p> : ''}
      <fieldset>
        <legend>{said.acceptance}</legend>
        {acceptanceFields
          .filter((name) => !isGiver || name === 'note')
          .map((name) => (
            <Field
              key={name}
              label={said[name]}
              name={name}
              value={typed[name]}
              change={(value) => setTyped({ ...typed, [name]: value })}
            />
          ))}
      </fieldset>
      <button type="submit" class="sign-now" disabled={sending.isBusy}>
        {said.sign}
      </button>{' '}
      {sending.isBusy ? <span role="status">{told.sending} …</span> : ''}
      {sending.trouble === undefined ? '' : <Trouble {...sending.trouble} />}
    </form>
  )
}
