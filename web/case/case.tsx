import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { utf8 } from '../../src/core/bytes.ts'
import { Owners } from '../../src/check/steps/owners.ts'
import type { ParticipantInfo } from '../../src/client/ledger-client.ts'
import { requireNamed } from '../../src/client/named-entry.ts'
import { attempt, settledOr } from '../../src/core/attempt.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import { parseReceipt } from '../../src/core/receipt.ts'
import { count } from '../../src/core/text.ts'
import { useExplorer } from '../explorer/context.ts'
import { useLoaded } from '../explorer/load.ts'
import { Link, Name } from '../explorer/parts.tsx'
import { Shown } from '../explorer/refused.tsx'
import { go } from '../explorer/route.ts'
import { afterIn, askedIn, filledIn } from '../ui/form.ts'
import { useCase } from './context.ts'
import { examine, type Exhibit, judgingPolicy } from './examine.ts'
import { ExhibitTable } from './exhibit-table.tsx'
import { HandOver } from './hand-over.tsx'
import { handedReceipts } from './handed-receipts.ts'
import { JudgedBy } from './light.tsx'
import { momentsOf, timeline } from './moments.ts'
import { Stopped } from './parts.tsx'
import { Timeline } from './timeline.tsx'
import { type Basket, nameOf, noUnits, offersOf } from './units.ts'

/** Exhibits that are examined for one page of a case, each by some requests; as many as a ledger gives by a number that stands in no address. */
const perPage = 16
/** Largest file that is read as a receipt, in bytes. */
const mostReceipt = 1024 * 1024

/** A case: its exhibits, each with a light, and what happened to all of them. */
export function Case({ query }: { query: URLSearchParams }): JSX.Element {
  const { told } = useCase()
  const asked = askedIn(query, members, 512)
  // What is chosen to be handed over stays while the pages of a case are turned.
  const [basket, setBasket] = useState<Basket>(noUnits)
  const isAsked = asked.case !== undefined || asked.exhibit !== undefined
  const title = asked.case ?? asked.exhibit
  return (
    <section class="case">
      <h1>
        {told.title} {title === undefined ? '' : <Name text={title} />}
      </h1>
      <CaseForm asked={asked} />
      {isAsked ? <Found asked={asked} after={afterIn(query)} basket={basket} choose={setBasket} /> : ''}
    </section>
  )
}

const members = ['case', 'exhibit'] as const
type Asked = Partial<Record<(typeof members)[number], string>>

function CaseForm({ asked }: { asked: Asked }): JSX.Element {
  const { told } = useCase()
  const [isBad, setBad] = useState(false)
  const submit = (event: Event): void => go(`/case?${filledIn(event, members)}`)
  const open = async (event: Event): Promise<void> => {
    const field = event.target as HTMLInputElement
    const [file] = Array.from(field.files ?? [])
    field.value = ''
    if (file === undefined) return
    const text = file.size > mostReceipt ? '' : await file.text()
    const receipt = attempt(() => parseReceipt(utf8(text)))
    setBad(receipt instanceof EvidenceError)
    if (receipt instanceof EvidenceError) return
    handedReceipts.set(receipt.entry.index, text)
    go(`/exhibit/${receipt.entry.index}`)
  }
  return (
    <>
      <p>{told.intro}</p>
      <form onSubmit={submit} class="search" key={JSON.stringify(asked)}>
        <label>
          {told.ask.case} <input name="case" defaultValue={asked.case ?? ''} maxLength={512} autocomplete="off" />
        </label>
        <label>
          {told.ask.exhibit}{' '}
          <input name="exhibit" defaultValue={asked.exhibit ?? ''} maxLength={512} autocomplete="off" />
        </label>
        <button type="submit">{told.ask.go}</button>
      </form>
      <p class="choose">
        <label class="button">
          {told.ask.byReceipt}
          <input type="file" id="exhibit-receipt" onChange={(event) => void open(event)} />
        </label>{' '}
        <Link to="/take-over">{told.ask.takeOver}</Link>
      </p>
      {isBad ? <p role="alert">{told.ask.notReceipt}</p> : ''}
    </>
  )
}

function Found({
  asked,
  after: from,
  basket,
  choose,
}: {
  asked: Asked
  after: ReturnType<typeof afterIn>
  basket: Basket
  choose: (basket: Basket) => void
}): JSX.Element {
  const { client, said, key, reader } = useExplorer()
  const { told, hashing } = useCase()
  const [progress, setProgress] = useState('')
  const loaded = useLoaded(`case ${JSON.stringify([asked, from])}`, async () => {
    const ledger = await client.ledger()
    const policy = judgingPolicy(ledger)
    if (policy === undefined)
      return { origin: ledger.origin, policy, exhibits: [], moments: [], participants: [], next: null }
    const { entries, next } = await client.find({ ...asked, ...from, limit: String(perPage) })
    const deposits = entries.filter(({ items }) => items !== undefined)
    const exhibits: Exhibit[] = []
    const owners = new Owners(client, policy.policy)
    for (const { index } of deposits) {
      setProgress(told.checking(count(exhibits.length + 1), count(deposits.length)))
      const exhibit = await examine(client, policy.policy, hashing, index, { owners })
      requireNamed(exhibit.checked, { index, origin: ledger.origin, ...asked })
      exhibits.push(exhibit)
    }
    const moments = exhibits.flatMap(momentsOf)
    const participants = await settledOr(client.participants(), [] as readonly ParticipantInfo[])
    return { origin: ledger.origin, policy, exhibits, moments, participants, next }
  })
  const again = (): void => {
    choose(noUnits)
    loaded.again()
  }
  if (loaded.value === undefined && loaded.refusal === undefined && progress !== '')
    return <p role="status">{progress} …</p>
  return (
    <Shown loaded={loaded}>
      {({ origin, policy, exhibits, moments, participants, next }) =>
        policy === undefined ? (
          <Stopped origin={origin} />
        ) : exhibits.length === 0 ? (
          <p class="found">{told.none}</p>
        ) : (
          <>
            <p class="found" aria-live="polite">
              {told.found(count(exhibits.length))}{' '}
              {next === null ? (
                ''
              ) : (
                <>
                  {told.andMore}{' '}
                  <Link to={`/case?${new URLSearchParams({ ...asked, after: String(next) })}`}>{told.next}</Link>
                </>
              )}
            </p>
            <h2>{told.exhibits}</h2>
            <ExhibitTable exhibits={exhibits} />
            <JudgedBy policy={policy} />
            <Timeline moments={timeline(moments)} names={new Map(exhibits.map((one) => [one.index, nameOf(one)]))} />
            {key === undefined || !reader.isReading ? (
              ''
            ) : (
              <HandOver
                origin={origin}
                offers={offersOf(exhibits, participants, key.id)}
                basket={basket}
                choose={choose}
                participants={participants}
                done={again}
              />
            )}
            <p>
              <button type="button" class="again" onClick={loaded.again}>
                {said.refused.again}
              </button>
            </p>
          </>
        )
      }
    </Shown>
  )
}
