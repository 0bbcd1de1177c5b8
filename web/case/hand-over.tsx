import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { ParticipantInfo } from '../../src/client/ledger-client.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import type { JsonValue } from '../../src/core/json.ts'
import { encodeReceipt } from '../../src/core/receipt.ts'
import { count } from '../../src/core/text.ts'
import { releaseEnding } from '../../src/statements/release-file.ts'
import { useExplorer } from '../explorer/context.ts'
import { saveFile } from '../ui/save.ts'
import { useCase } from './context.ts'
import type { Exhibit } from './examine.ts'
import { Choice, Field, listed, Trouble } from './parts.tsx'
import { isAuthority, People } from './people.tsx'
import { useSending } from './sending.ts'
import { type SignedRelease, signOffered, signRelease } from './statements.ts'

const empty = {
  item: '',
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

/** The form by which a holder signs a release of an exhibit and gets it as a file. */
export function HandOver({
  origin,
  exhibit,
  participants,
  done,
}: {
  origin: string
  exhibit: Exhibit
  participants: readonly ParticipantInfo[]
  done: () => void
}): JSX.Element {
  const { client, key, reader } = useExplorer()
  const { told } = useCase()
  const said = told.handOver
  const [draft, setDraft] = useState(empty)
  const [isRecorded, setRecorded] = useState(true)
  const [release, setRelease] = useState<SignedRelease & { readonly name: string }>()
  const [error, setError] = useState<unknown>()
  const sending = useSending()
  const days = Number(draft.days)
  const isReady = draft.to.trim() !== '' && Number.isInteger(days) && days >= 1 && days <= 90
  const sign = async (): Promise<void> => {
    if (key === undefined) return
    setError(undefined)
    setRelease(undefined)
    requireReceiver(draft.to.trim(), key.id, participants)
    const { index, leafHash } = exhibit
    const of = { index, leafHash, ...(draft.item === '' ? {} : { item: Number(draft.item) }) }
    const { size } = await client.ledger()
    const inLieu = draft.inLieu === 'none' ? undefined : draft.inLieu
    const offer = offerOf(draft)
    const signed = await signRelease(key, origin, {
      to: draft.to.trim(),
      exhibits: [of],
      since: size - 1,
      days,
      inLieu,
      offer,
      receipts: [withoutClaims(exhibit)],
    })
    setRelease({ ...signed, name: `entry-${index}-to-${draft.to.trim()}${releaseEnding}` })
    if (!isRecorded) return
    await sending.send({ origin, of: signed.jws, sign: () => signOffered(key, origin, of, signed) })
  }
  const submit = (event: Event): void => {
    event.preventDefault()
    sign().catch(setError)
  }
  const field = (
    name: Exclude<keyof Draft, 'item' | 'inLieu'>,
    type?: 'text' | 'number',
    list?: string,
  ): JSX.Element => (
    <Field
      label={said[name]}
      name={name}
      value={draft[name]}
      change={(value) => setDraft({ ...draft, [name]: value })}
      {...(type === undefined ? {} : { type })}
      {...(list === undefined ? {} : { list })}
    />
  )
  return (
    <section class="hand-over">
      <h2>{said.title}</h2>
      <p>{said.intro}</p>
      <form onSubmit={submit}>
        {exhibit.items.length < 2 ? (
          ''
        ) : (
          <Choice
            label={said.what}
            name="item"
            value={draft.item}
            change={(item) => setDraft({ ...draft, item })}
            options={[
              ['', told.whole],
              ...exhibit.items.map((_, item) => [String(item), told.item(count(item))] as const),
            ]}
          />
        )}
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
        <button type="submit" class="sign-release" disabled={!isReady || sending.isBusy}>
          {said.sign}
        </button>
      </form>
      {error === undefined ? '' : <Trouble error={error} />}
      {release === undefined ? (
        ''
      ) : (
        <div class="note released">
          <p role="status">{said.signed}</p>
          <p>
            <button type="button" class="save-release" onClick={() => saveFile(release.name, release.file)}>
              {said.save}
            </button>
          </p>
          <p>{said.withdraw}</p>
          {sending.isBusy ? <p role="status">{told.sending} …</p> : ''}
          {sending.trouble === undefined ? '' : <Trouble {...sending.trouble} />}
          {sending.result === undefined ? (
            ''
          ) : (
            <p class="deposited" data-index={sending.result.index}>
              {said.recorded(count(sending.result.index))}{' '}
              <button type="button" class="again" onClick={done}>
                {told.openExhibit}
              </button>
            </p>
          )}
        </div>
      )}
    </section>
  )
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
