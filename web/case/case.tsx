import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { defined } from '../../src/core/objects.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { attempt } from '../../src/core/attempt.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import { parseReceipt } from '../../src/core/receipt.ts'
import { count, visible } from '../../src/core/text.ts'
import { whenTold } from '../../src/told/when.ts'
import { useExplorer } from '../explorer/context.ts'
import { useLoaded } from '../explorer/load.ts'
import { Link, Name } from '../explorer/parts.tsx'
import { Shown } from '../explorer/refused.tsx'
import { go } from '../explorer/route.ts'
import { textIn } from '../ui/form.ts'
import { useCase } from './context.ts'
import { casesOf, collected, examine, type Exhibit, judgingPolicy } from './examine.ts'
import { handedReceipts } from './handed-receipts.ts'
import { JudgedBy, VerdictLight } from './light.tsx'
import { heldAfter, type Moment, momentsOf, timeline } from './moments.ts'
import { HeldText, Stopped } from './parts.tsx'
import { Timeline } from './timeline.tsx'

/** Exhibits that are examined for one page of a case, each by some requests. */
const perPage = 20
/** Largest file that is read as a receipt, in bytes. */
const mostReceipt = 1024 * 1024

/** A case: its exhibits, each with a light, and what happened to all of them. */
export function Case({ query }: { query: URLSearchParams }): JSX.Element {
  const { told } = useCase()
  const asked = askedOf(query)
  const isAsked = asked.case !== undefined || asked.exhibit !== undefined
  const title = asked.case ?? asked.exhibit
  return (
    <section class="case">
      <h1>
        {told.title} {title === undefined ? '' : <Name text={title} />}
      </h1>
      <CaseForm asked={asked} />
      {isAsked ? <Found asked={asked} after={query.get('after')} /> : ''}
    </section>
  )
}

interface Asked {
  readonly case?: string
  readonly exhibit?: string
}

function askedOf(query: URLSearchParams): Asked {
  const of = (name: string): string | undefined => query.get(name)?.trim().slice(0, 512) || undefined
  return defined({ case: of('case'), exhibit: of('exhibit') })
}

function CaseForm({ asked }: { asked: Asked }): JSX.Element {
  const { told } = useCase()
  const [isBad, setBad] = useState(false)
  const submit = (event: Event): void => {
    event.preventDefault()
    const form = new FormData(event.target as HTMLFormElement)
    const filled = (['case', 'exhibit'] as const).flatMap((name) => {
      const value = textIn(form, name)
      return value === '' ? [] : [[name, value] as [string, string]]
    })
    go(`/case?${new URLSearchParams(filled)}`)
  }
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

function Found({ asked, after }: { asked: Asked; after: string | null }): JSX.Element {
  const { client, said } = useExplorer()
  const { told, hashing } = useCase()
  const [progress, setProgress] = useState('')
  const from: Readonly<Record<string, string>> = /^[0-9]{1,15}$/.test(after ?? '') ? { after: after as string } : {}
  const loaded = useLoaded(`case ${JSON.stringify([asked, from])}`, async () => {
    const ledger = await client.ledger()
    const policy = judgingPolicy(ledger)
    if (policy === undefined) return { origin: ledger.origin, policy, exhibits: [], moments: [], next: null }
    const { entries, next } = await client.find({ ...asked, ...from, limit: String(perPage) })
    const deposits = entries.filter(({ items }) => items !== undefined)
    const exhibits: Exhibit[] = []
    for (const { index } of deposits) {
      setProgress(told.checking(count(exhibits.length + 1), count(deposits.length)))
      exhibits.push(await examine(client, policy.policy, hashing, index))
    }
    const moments = exhibits.flatMap(momentsOf)
    return { origin: ledger.origin, policy, exhibits, moments, next }
  })
  if (loaded.value === undefined && loaded.refusal === undefined && progress !== '')
    return <p role="status">{progress} …</p>
  return (
    <Shown loaded={loaded}>
      {({ origin, policy, exhibits, moments, next }) =>
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
            <ExhibitTable exhibits={exhibits} moments={moments} />
            <JudgedBy policy={policy} />
            <Timeline moments={timeline(moments)} names={new Map(exhibits.map((one) => [one.index, nameOf(one)]))} />
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

/** What an exhibit is called: its number, or that of its entry. */
function nameOf(exhibit: Exhibit): string {
  const number = collected(exhibit, 'exhibit')
  return number === undefined ? count(exhibit.index) : visible(number.slice(0, 100))
}

function ExhibitTable({
  exhibits,
  moments,
}: {
  exhibits: readonly Exhibit[]
  moments: readonly Moment[]
}): JSX.Element {
  const { told } = useCase()
  const { facts } = told
  return (
    <table class="exhibits">
      <thead>
        <tr>
          {[facts.exhibit, facts.verdict, facts.description, facts.depositor, facts.holder, facts.time].map((label) => (
            <th scope="col">{label}</th>
          ))}
        </tr>
      </thead>
      <tbody>
        {exhibits.map((one) => (
          <tr key={one.index} data-index={one.index}>
            <td>
              <Link to={`/exhibit/${one.index}`}>{told.number(nameOf(one))}</Link>
              {casesOf(one).map((number) => (
                <>
                  <br />
                  <small>
                    <Name text={number} />
                  </small>
                </>
              ))}
            </td>
            <td>
              <VerdictLight light={one.light} />
            </td>
            <td>
              <Name text={collected(one, 'description') ?? ''} />
            </td>
            <td>
              <Name text={one.iss} />
            </td>
            <td>
              <HeldText held={heldAfter(one, moments)} />
            </td>
            <td>{whenTold(one.time)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
