import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { ParticipantInfo } from '../../src/client/ledger-client.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import type { JsonValue } from '../../src/core/json.ts'
import { encodeReceipt } from '../../src/core/receipt.ts'
import { releaseEnding } from '../../src/statements/release-file.ts'
import { useExplorer } from '../explorer/context.ts'
import { ChooseUnits } from './choose-units.tsx'
import { useCase } from './context.ts'
import type { Exhibit } from './examine.ts'
import { Choice, Field, listed, Trouble } from './parts.tsx'
import { isAuthority, People } from './people.tsx'
import { type NamedRelease, Released, useRecording } from './released.tsx'
import { signRelease } from './statements.ts'
import { type Basket, mostReferences, type Offered, referencesOf, shownOffers } from './units.ts'

const empty = {
  to: '',
  days: '7',
  inLieu: 'none',
  purpose: '',
  seals: '',
  condition: '',
  carrier: '',
  authority: '',
  place: '',
}
type Draft = typeof empty

/** The form by which a holder signs a release of exhibits, 1 to 64 units, and gets it as a file. */
export function HandOver({
  origin,
  offers,
  basket,
  choose,
  participants,
  done,
}: {
  origin: string
  /** What can be handed over on this page. */
  offers: readonly Offered[]
  /** What is chosen, here and on other pages. */
  basket: Basket
  choose: (basket: Basket) => void
  participants: readonly ParticipantInfo[]
  done: () => void
}): JSX.Element {
  const { client, key, reader } = useExplorer()
  const said = useCase().told.handOver
  const [draft, setDraft] = useState(empty)
  const [isRecorded, setRecorded] = useState(true)
  const [release, setRelease] = useState<NamedRelease>()
  const [error, setError] = useState<unknown>()
  const recording = useRecording(origin)
  const days = Number(draft.days)
  const exhibits = referencesOf(basket)
  const isFew = exhibits.length > 0 && exhibits.length <= mostReferences
  const isReady = isFew && draft.to.trim() !== '' && Number.isInteger(days) && days >= 1 && days <= 90
  const sign = async (): Promise<void> => {
    if (key === undefined) return
    setError(undefined)
    setRelease(undefined)
    const to = draft.to.trim()
    requireReceiver(to, key.id, participants)
    const { size } = await client.ledger()
    const inLieu = draft.inLieu === 'none' ? undefined : draft.inLieu
    const receipts = [...basket.values()].map(({ exhibit }) => withoutClaims(exhibit))
    const signed = await signRelease(key, origin, {
      to,
      exhibits,
      since: size - 1,
      days,
      inLieu,
      offer: offerOf(draft),
      receipts,
    })
    setRelease({ ...signed, name: `${nameOfRelease(exhibits)}-to-${to}${releaseEnding}` })
    if (isRecorded) await recording.begin(key, signed, exhibits)
  }
  const submit = (event: Event): void => {
    event.preventDefault()
    sign().catch(setError)
  }
  const field = (name: Exclude<keyof Draft, 'inLieu'>, type?: 'text' | 'number', list?: string): JSX.Element => (
    <Field
      label={said[name]}
      name={name}
      value={draft[name]}
      change={(value) => setDraft({ ...draft, [name]: value })}
      {...(type === undefined ? {} : { type })}
      {...(list === undefined ? {} : { list })}
    />
  )
  if (offers.length === 0 && basket.size === 0 && release === undefined)
    return (
      <section class="hand-over">
        <h2>{said.title}</h2>
        <p>{said.none}</p>
      </section>
    )
  return (
    <section class="hand-over">
      <h2>{said.title}</h2>
      <p>{said.intro}</p>
      <form onSubmit={submit}>
        <ChooseUnits offers={shownOffers(offers, basket)} basket={basket} choose={choose} />
        {field('to', 'text', 'receivers')}
        <People participants={participants} id="receivers" />
        {field('days', 'number')}
        {isAuthority(participants, reader.own) ? (
          <Choice
            label={said.inLieu}
            name="inLieu"
            value={draft.inLieu}
            change={(inLieu) => setDraft({ ...draft, inLieu })}
            options={Object.entries(said.inLieuOf)}
          />
        ) : (
          ''
        )}
        <fieldset>
          <legend>{said.offer}</legend>
          {field('purpose')}
          {field('seals')}
          {field('condition')}
          {field('carrier')}
          {field('authority')}
          {field('place')}
        </fieldset>
        <label class="check">
          <input
            type="checkbox"
            name="record"
            checked={isRecorded}
            onChange={(event) => setRecorded(event.currentTarget.checked)}
          />{' '}
          {said.record}
        </label>
        <button type="submit" class="sign-release" disabled={!isReady || recording.sending.isBusy}>
          {said.sign}
        </button>
      </form>
      {error === undefined ? '' : <Trouble error={error} />}
      {release === undefined ? '' : <Released release={release} recording={recording} done={done} />}
    </section>
  )
}

/** A file's name: one exhibit by its entry, several by how many references the release has. */
function nameOfRelease(exhibits: readonly { readonly index: number }[]): string {
  const [first] = exhibits
  return exhibits.length === 1 ? `entry-${first?.index}` : `${exhibits.length}-units`
}

/** A release to nobody is void. Throws `participant-unknown`, `release-party`. */
function requireReceiver(to: string, own: string, participants: readonly ParticipantInfo[]): void {
  if (to === own) throw new EvidenceError('release-party', `the release is by ${own} to ${to}: to itself`)
  // Where the participants could not be asked, the ledger judges it.
  if (participants.length === 0 || participants.some(({ id, active }) => id === to && active)) return
  throw new EvidenceError('participant-unknown', `the ledger has no active participant ${to}`)
}

/** The receipt of an exhibit, without what is sealed in it. */
function withoutClaims({ index, checked }: Exhibit): string {
  const { entryBytes, signer, proof } = checked.receipt
  return encodeReceipt({ entryBytes, signer, disclosures: [] }, index, proof.hashes, proof.noteText)
}

/** What was typed, as the sealed claim `offer`; undefined where nothing was. */
function offerOf({ seals, carrier, purpose, condition, authority, place }: Draft): JsonValue | undefined {
  const texts = Object.entries({ purpose, condition, authority, place }).flatMap(([name, text]) =>
    text.trim() === '' ? [] : [[name, text.trim()] as const],
  )
  const numbers = listed(seals)
  const members = {
    ...Object.fromEntries(texts),
    ...(numbers.length === 0 ? {} : { seals: numbers }),
    ...(carrier.trim() === '' ? {} : { carrier: { name: carrier.trim() } }),
  }
  return Object.keys(members).length === 0 ? undefined : (members as JsonValue)
}
