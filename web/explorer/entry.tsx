import type { JSX } from 'preact'
import type { ParticipantsAnswer } from '../../src/api/answers.ts'
import { settledOr } from '../../src/core/attempt.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { parseReceipt } from '../../src/core/receipt.ts'
import { count } from '../../src/core/text.ts'
import { statusAnswer } from '../../src/api/answers.ts'
import { useExplorer } from './context.ts'
import { useLoaded } from './load.ts'
import { Download, Fact, Hash, Link, Name, Signed, Time, Value } from './parts.tsx'
import { PlacePicture } from './place.tsx'
import { Shown } from './refused.tsx'
import { cosignersOf } from './witnesses.ts'

/** One entry: what it says, who signed it, where it stands, what came later. */
export function Entry({ index }: { index: number }): JSX.Element {
  const { client, said } = useExplorer()
  const loaded = useLoaded(`entry ${index}`, async () => {
    const [entry, receipt, ledger] = await Promise.all([client.entry(index), client.receipt(index), client.ledger()])
    const parsed = parseReceipt(utf8(receipt))
    const participants = await settledOr<ParticipantsAnswer['participants'], undefined>(
      client.participants() as Promise<ParticipantsAnswer['participants']>,
      undefined,
    )
    const status = statusAnswer.safeParse(await settledOr(client.status(index, parsed.entryBytes), undefined))
    const stamps = await settledOr(client.timeStamps(index), undefined)
    return { entry, receipt, parsed, ledger, participants, status: status.data, stamps: stamps?.sizes }
  })
  const facts = said.entryFacts
  return (
    <section>
      <h1>
        {said.entry} {count(index)}
      </h1>
      <Shown loaded={loaded}>
        {({ entry, receipt, parsed, ledger, participants, status, stamps }) => {
          const name = participants?.find(({ id }) => id === entry.iss)?.name
          const hidden = entry.sealed - Object.keys(entry.claims).length
          return (
            <>
              <dl>
                <Fact label={facts.time}>
                  <Time time={entry.time} />
                </Fact>
                <Fact label={facts.kind}>
                  <code>
                    <Name text={entry.kind} />
                  </code>
                </Fact>
                <Fact label={facts.issuer}>
                  <Link to={`/participant/${encodeURIComponent(entry.iss)}`}>
                    <Name text={entry.iss} />
                  </Link>
                </Fact>
                {name === undefined ? '' : <Fact label={facts.admitted}>{<Name text={name} />}</Fact>}
                <Fact label={facts.key}>
                  <Hash text={entry.kid} />
                </Fact>
                <Fact label={facts.jti}>
                  <code>
                    <Name text={entry.jti} />
                  </code>
                </Fact>
              </dl>
              {Object.keys(entry.claims).length === 0 ? (
                ''
              ) : (
                <>
                  <h2>{facts.claims}</h2>
                  <Members members={entry.claims} />
                </>
              )}
              {hidden > 0 ? <p>{facts.sealedHidden(hidden)}</p> : ''}
              <h2>{facts.statement}</h2>
              <Members members={entry.payload} />
              <h2>{facts.place}</h2>
              <PlacePicture receipt={parsed} />
              <dl>
                <Fact label={facts.leafHash}>
                  <Hash text={entry.leafHash} />
                </Fact>
                <Fact label={facts.previous}>
                  <Hash text={entry.previous} />
                </Fact>
                {cosignersOf(ledger.policy, parsed.proof.noteText).map(({ name: witness, seconds }) => (
                  <Fact label={facts.cosigned}>
                    <Name text={witness} /> {seconds === undefined ? '' : <Time time={seconds * 1000} />}
                  </Fact>
                ))}
                {(stamps ?? []).map((size) => (
                  <Fact label={facts.timeStamps}>{facts.stamped(count(size))}</Fact>
                ))}
              </dl>
              <h2>{facts.later}</h2>
              <Later events={status?.events} isAll={status?.next === null} />
              <p>
                <Download name={`entry-${index}.tlog-proof`} text={receipt}>
                  {said.download.receipt}
                </Download>{' '}
                <Download name={`entry-${index}.jws`} text={entry.statement}>
                  {said.download.statement}
                </Download>
              </p>
              <details>
                <summary>{facts.raw}</summary>
                <Signed text={entry.statement} />
              </details>
            </>
          )
        }}
      </Shown>
    </section>
  )
}

/** Most members of one statement that are shown. */
const mostMembers = 100

/** Members of a statement, as text alone. */
function Members({ members }: { members: Readonly<Record<string, unknown>> }): JSX.Element {
  const { said } = useExplorer()
  const all = Object.entries(members)
  return (
    <>
      <dl class="members">
        {all.slice(0, mostMembers).map(([name, value]) => (
          <>
            <dt>
              <Name text={name} />
            </dt>
            <dd>
              <Value value={value} />
            </dd>
          </>
        ))}
      </dl>
      {all.length > mostMembers ? <p class="rest">{said.moreMembers(count(all.length - mostMembers))}</p> : ''}
    </>
  )
}

interface Event {
  readonly index: number
  readonly time: string
  readonly what: string
  readonly code?: string | undefined
}

/** The first page of what came later, and whether there are more. */
function Later({ events, isAll }: { events: readonly Event[] | undefined; isAll: boolean }): JSX.Element {
  const { said, words } = useExplorer()
  if (events === undefined) return <p>{words.check.later.notAsked}</p>
  if (events.length === 0) return <p>{said.entryFacts.noLater}</p>
  const { later } = words.check
  return (
    <>
      {isAll ? '' : <p class="notice">{said.entryFacts.moreLater}</p>}
      <ul>
        {events.map(({ index, time, what, code }) => (
          <li>
            <Link to={`/entry/${index}`}>
              {said.entry} {count(index)}
            </Link>
            {': '}
            {later[what as keyof typeof later] as string} {code === undefined ? '' : <code>{code}</code>}{' '}
            <Time time={time} />
          </li>
        ))}
      </ul>
    </>
  )
}
