import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { settledOr } from '../../src/core/attempt.ts'
import { count } from '../../src/core/text.ts'
import type { ParticipantInfo } from '../../src/client/ledger-client.ts'
import { useExplorer } from '../explorer/context.ts'
import { useLoaded } from '../explorer/load.ts'
import { Fact, Link, Name, Time } from '../explorer/parts.tsx'
import { Shown } from '../explorer/refused.tsx'
import { useCase } from './context.ts'
import { casesOf, collected, examine, type Exhibit, judgingPolicy } from './examine.ts'
import { HandOver } from './hand-over.tsx'
import { handedReceipts } from './handed-receipts.ts'
import { JudgedBy, Verdict } from './light.tsx'
import { momentsOf, timeline } from './moments.ts'
import { HeldText, Stopped } from './parts.tsx'
import { WhatStands } from './standing.tsx'
import { Timeline } from './timeline.tsx'
import { type Basket, offersOf } from './units.ts'

/** One exhibit: its verdict, what happened, what stands on it, and its hand-over. */
export function ExhibitPage({ index }: { index: number }): JSX.Element {
  const { client, reader, key } = useExplorer()
  const { told, hashing } = useCase()
  const loaded = useLoaded(`exhibit ${index}`, async () => {
    const ledger = await client.ledger()
    const { origin } = ledger
    const policy = judgingPolicy(ledger)
    if (policy === undefined) return { origin, policy }
    const exhibit = await examine(client, policy.policy, hashing, index, { handed: handedReceipts.get(index) })
    const participants = await settledOr(client.participants(), [] as readonly ParticipantInfo[])
    const moments = timeline(momentsOf(exhibit))
    return { origin, policy, exhibit, moments, participants }
  })
  return (
    <section class="exhibit">
      <h1>
        {told.facts.entry} {count(index)}
      </h1>
      <Shown loaded={loaded}>
        {(found) =>
          found.policy === undefined ? (
            <Stopped origin={found.origin} />
          ) : (
            <>
              <Verdict exhibit={found.exhibit} />
              <JudgedBy policy={found.policy} />
              <Facts exhibit={found.exhibit} />
              <Timeline moments={found.moments} />
              <WhatStands origin={found.origin} exhibit={found.exhibit} participants={found.participants} />
              {key === undefined || !reader.isReading ? '' : <HandOverOne {...found} id={key.id} done={loaded.again} />}
            </>
          )
        }
      </Shown>
    </section>
  )
}

/** The hand-over of one exhibit, all of which is chosen at first; nothing where the reader holds none of it. */
function HandOverOne({
  origin,
  exhibit,
  participants,
  id,
  done,
}: {
  origin: string
  exhibit: Exhibit
  participants: readonly ParticipantInfo[]
  id: string
  done: () => void
}): JSX.Element | string {
  const offers = offersOf([exhibit], participants, id)
  const [basket, choose] = useState<Basket>(new Map(offers.map((one) => [one.exhibit.index, one])))
  if (offers.length === 0) return ''
  const shared = { origin, offers, basket, choose, participants, done }
  return <HandOver {...shared} />
}

function Facts({ exhibit }: { exhibit: Exhibit }): JSX.Element {
  const { told } = useCase()
  const { facts, custody } = told
  const optional = [
    [facts.exhibit, collected(exhibit, 'exhibit')],
    ...casesOf(exhibit).map((number) => [facts.case, number] as const),
    [facts.description, collected(exhibit, 'description')],
  ] as const
  return (
    <>
      <dl class="facts">
        {optional.map(([label, text]) =>
          text === undefined ? (
            ''
          ) : (
            <Fact label={label}>
              <Name text={text} />
            </Fact>
          ),
        )}
        <Fact label={facts.depositor}>
          <Link to={`/participant/${encodeURIComponent(exhibit.iss)}`}>
            <Name text={exhibit.iss} />
          </Link>
        </Fact>
        <Fact label={facts.time}>
          <Time time={exhibit.time} />
        </Fact>
        <Fact label={facts.items}>{count(exhibit.items.length)}</Fact>
        <Fact label={facts.holder}>
          <HeldText units={exhibit.custody.units} />
          <br />
          <small>{custody.shown}</small>
        </Fact>
      </dl>
      <p>
        <Link to={`/entry/${exhibit.index}`}>{told.openEntry}</Link>{' '}
        {casesOf(exhibit).map((number) => (
          <>
            <Link to={`/case?${new URLSearchParams({ case: number })}`}>
              {told.title} <Name text={number} />
            </Link>{' '}
          </>
        ))}
      </p>
    </>
  )
}
