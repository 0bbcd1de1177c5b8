import type { JSX } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import type { JsonValue } from '../../src/core/json.ts'
import { count, visible } from '../../src/core/text.ts'
import type { SealedClaim } from '../../src/statements/vocabulary.ts'
import { chosen, filesOf } from '../check/drop.ts'
import type { DroppedFile } from '../check/hashing.ts'
import { useExplorer } from '../explorer/context.ts'
import { useLoaded } from '../explorer/load.ts'
import { Fact, Link, Name, Time, Value } from '../explorer/parts.tsx'
import { Shown } from '../explorer/refused.tsx'
import { pageAddress } from '../ui/nav.ts'
import { useCase } from './context.ts'
import { compared, type Compared, type HandedOver, isSigned, nothingHanded, shownBy, taken } from './handed.ts'
import { judgingPolicy } from './examine.ts'
import { JudgedBy } from './light.tsx'
import { Choice, Field, listed, Stopped, Trouble } from './parts.tsx'
import { useSending } from './sending.ts'
import { type Answer, signTransfer } from './statements.ts'

/** Opens a release, shows what is offered, and signs what becomes of it: taken over, refused, or taken back by its giver. */
export function TakeOver(): JSX.Element {
  const { told, hashing } = useCase()
  const said = told.takeOver
  const [handed, setHanded] = useState<HandedOver>(nothingHanded)
  // What is dropped while something is hashed comes after it.
  const last = useRef<Promise<HandedOver>>(Promise.resolve(nothingHanded))
  const clear = (): void => {
    last.current = Promise.resolve(nothingHanded)
    setHanded(nothingHanded)
  }
  const [progress, setProgress] = useState<string>()
  const [error, setError] = useState<unknown>()
  const take = async (given: Promise<readonly DroppedFile[]>): Promise<void> => {
    setError(undefined)
    const onFile = (path: string): void => setProgress(`${said.hashing} ${visible(path)}`)
    const before = last.current
    const next = before.then(async (had) => taken(had, await given, hashing, onFile))
    last.current = next.catch(() => before)
    try {
      setHanded(await next)
    } catch (cause) {
      setError(cause)
    } finally {
      setProgress(undefined)
    }
  }
  useEffect(() => {
    const over = (event: DragEvent): void => event.preventDefault()
    const drop = (event: DragEvent): void => {
      event.preventDefault()
      if (event.dataTransfer !== null) void take(filesOf(event.dataTransfer))
    }
    document.addEventListener('dragover', over)
    document.addEventListener('drop', drop)
    return () => {
      document.removeEventListener('dragover', over)
      document.removeEventListener('drop', drop)
    }
  }, [])
  const choose = (event: Event): void => {
    const field = event.target as HTMLInputElement
    const given = chosen(Array.from(field.files ?? []))
    field.value = ''
    void take(Promise.resolve(given))
  }
  const { release, refusal } = handed
  return (
    <section class="take-over">
      <h1>{said.title}</h1>
      <p>{said.intro}</p>
      <p class="choose">
        <label class="button">
          {said.choose}
          <input type="file" id="take-over-files" multiple onChange={choose} />
        </label>{' '}
        {release === undefined && refusal === undefined ? (
          ''
        ) : (
          <button type="button" class="clear" onClick={clear}>
            {said.clear}
          </button>
        )}{' '}
        {progress === undefined ? '' : <span role="status">{progress} …</span>}
      </p>
      {error === undefined ? '' : <Trouble error={error} />}
      {refusal === undefined ? '' : <Trouble error={refusal} lead={said.notRelease} />}
      {release === undefined ? (
        refusal === undefined ? (
          <p>{said.noRelease}</p>
        ) : (
          ''
        )
      ) : (
        <Offer handed={handed} key={release.opened.jti} />
      )}
    </section>
  )
}

function Offer({ handed }: { handed: HandedOver }): JSX.Element {
  const { client } = useExplorer()
  const { told } = useCase()
  const said = told.takeOver
  const file = handed.release as NonNullable<HandedOver['release']>
  const { opened: release, offered: offer } = file
  const loaded = useLoaded(`release ${release.jti} ${handed.files.size} ${handed.receipts.length}`, async () => {
    const ledger = await client.ledger()
    const { origin } = ledger
    const none = { origin, policy: undefined, signature: undefined, exhibits: [] }
    if (origin !== release.aud) return none
    const policy = judgingPolicy(ledger)
    if (policy === undefined) return none
    const signature = await isSigned(client, release)
    return { origin, policy, signature, exhibits: await compared(client, file, handed, policy.policy) }
  })
  const isEnded = release.exp * 1000 < Date.now()
  return (
    <>
      <h2>{said.offered}</h2>
      <dl>
        <Fact label={said.from}>
          <Name text={release.iss} />
        </Fact>
        <Fact label={said.to}>
          <Name text={release.to} />
        </Fact>
        <Fact label={said.issued}>
          <Time time={release.iat * 1000} />
        </Fact>
        <Fact label={said.ends}>
          <Time time={release.exp * 1000} /> {isEnded ? <strong class="notice">{said.ended}</strong> : ''}
        </Fact>
        {release.inLieu === undefined ? (
          ''
        ) : (
          <Fact label={said.inLieu}>
            <Name text={release.inLieu} />
          </Fact>
        )}
        <Fact label={said.offer}>{offer === undefined ? said.noOffer : <Value value={offer.value} />}</Fact>
      </dl>
      <Shown loaded={loaded}>
        {({ origin, policy, signature, exhibits }) =>
          origin !== release.aud ? (
            <p role="alert">{said.otherLedger(visible(release.aud))}</p>
          ) : policy === undefined ? (
            <Stopped origin={origin} />
          ) : (
            <>
              <p class="release-signature" data-signed={String(signature)}>
                {said.signature}:{' '}
                {signature === undefined ? (
                  said.keyUnknown
                ) : signature ? (
                  said.signatureHolds
                ) : (
                  <strong class="notice">{said.signatureBad}</strong>
                )}
              </p>
              <JudgedBy policy={policy} />
              <Signing handed={handed} exhibits={exhibits} origin={origin} />
            </>
          )
        }
      </Shown>
    </>
  )
}

type Checked = 'match' | 'differs' | 'not-checked'
const emptyAcceptance = { persons: '', place: '', seals: '', condition: '', note: '' }

/** What is signed about a release: by its receiver, or by its giver who takes it back. */
function Signing({
  handed,
  exhibits,
  origin,
}: {
  handed: HandedOver
  exhibits: readonly Compared[]
  origin: string
}): JSX.Element {
  const { key } = useExplorer()
  const { told } = useCase()
  const said = told.takeOver
  const file = handed.release as NonNullable<HandedOver['release']>
  const { iss, to } = file.opened
  const isGiver = key?.id === iss
  const [outcome, setOutcome] = useState<Answer['outcome']>(isGiver ? 'withdrawn' : 'accepted')
  const [reason, setReason] = useState('differs')
  const [typed, setTyped] = useState(emptyAcceptance)
  const [chosenChecks, setChecks] = useState<readonly (Checked | undefined)[]>([])
  const sending = useSending()
  const checked = exhibits.map((one, i): Checked => chosenChecks[i] ?? checkedOf(one))
  const list = (
    <ol class="offered">
      {exhibits.map((one, i) => (
        <li data-checked={checked[i]}>
          {said.exhibit(count(i + 1))} <Link to={`/exhibit/${one.index}`}>{count(one.index)}</Link>,{' '}
          {one.item === undefined ? told.whole : told.item(count(one.item))}.{' '}
          {one.found === undefined ? said.notShown : said.foundFiles(count(one.found.count), count(one.found.all))}
          {one.isBroken ? <strong class="notice">{said.receiptBroken}</strong> : ''}
          {isGiver ? (
            ''
          ) : (
            <Choice
              label={said.checked}
              name={`checked-${i}`}
              value={checked[i] as string}
              change={(value) => setChecks(exhibits.map((_, n) => (n === i ? (value as Checked) : chosenChecks[n])))}
              options={Object.entries(said.result)}
            />
          )}
        </li>
      ))}
    </ol>
  )
  if (key === undefined)
    return (
      <>
        {list}
        <p role="alert">
          <a href={pageAddress('deposit')}>{said.noKey}</a>
        </p>
      </>
    )
  if (key.id !== to && !isGiver)
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
        {exhibits.map(({ index }) => (
          <>
            <Link to={`/exhibit/${index}`}>{told.openExhibit}</Link>{' '}
          </>
        ))}
      </p>
    )
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
        {(Object.keys(emptyAcceptance) as (keyof typeof emptyAcceptance)[])
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

/** What is proposed: the same where every item was found; else nothing is said before somebody says it. */
function checkedOf({ found }: Compared): Checked {
  return found !== undefined && found.all > 0 && found.count === found.all ? 'match' : 'not-checked'
}

/** What was typed, as sealed claims. */
function sealedOf({
  persons,
  place,
  seals,
  condition,
  note,
}: typeof emptyAcceptance): Partial<Record<SealedClaim, JsonValue>> {
  const people = listed(persons).slice(0, 16)
  const numbers = listed(seals)
  const acceptance = {
    ...(people.length === 0 ? {} : { persons: people.map((name) => ({ name })) }),
    ...(place.trim() === '' ? {} : { place: place.trim() }),
    ...(numbers.length === 0 ? {} : { seals: numbers }),
    ...(condition.trim() === '' ? {} : { condition: condition.trim() }),
  }
  return {
    ...(Object.keys(acceptance).length === 0 ? {} : { acceptance }),
    ...(note.trim() === '' ? {} : { note: note.trim() }),
  }
}
