import type { JSX } from 'preact'
import type { ParticipantInfo } from '../../src/client/ledger-client.ts'
import { count } from '../../src/core/text.ts'
import { useExplorer } from './context.ts'
import { EntryTable } from './entries.tsx'
import { useLoaded } from './load.ts'
import { Fact, Hash, Link, Name, Time } from './parts.tsx'
import { Shown } from './refused.tsx'

/** All participants that this reader may know of. */
export function Participants(): JSX.Element {
  const { client, said } = useExplorer()
  const loaded = useLoaded('participants', () => client.participants())
  const { participants } = said
  return (
    <section>
      <h1>{said.nav.participants}</h1>
      <Shown loaded={loaded}>
        {(all) => (
          <table>
            <thead>
              <tr>
                <th scope="col">{participants.id}</th>
                <th scope="col">{participants.name}</th>
                <th scope="col">{participants.roles}</th>
                <th scope="col">{participants.state}</th>
              </tr>
            </thead>
            <tbody>
              {all.map((one) => (
                <tr key={one.id}>
                  <td>
                    <Link to={`/participant/${encodeURIComponent(one.id)}`}>
                      <Name text={one.id} />
                    </Link>
                  </td>
                  <td>{one.name === undefined ? participants.sealedName : <Name text={one.name} />}</td>
                  <td>
                    <Name text={one.roles.join(', ')} />
                  </td>
                  <td>{one.active ? participants.active : participants.revoked}</td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </Shown>
    </section>
  )
}

/** One participant with the history of its keys, and its entries. */
export function Participant({ id }: { id: string }): JSX.Element {
  const { client, said } = useExplorer()
  const loaded = useLoaded(`participant ${id}`, async () => {
    const found = (await client.participants()).find((one) => one.id === id)
    return found ?? null
  })
  const entries = useLoaded(`of ${id}`, () => client.find({ participant: id, limit: '100' }))
  return (
    <section>
      <h1>
        <Name text={id} />
      </h1>
      <Shown loaded={loaded}>{(one) => (one === null ? <p>{said.none}</p> : <Facts one={one} />)}</Shown>
      <h2>{said.entries}</h2>
      <Shown loaded={entries}>
        {(page) => (
          <>
            <EntryTable entries={page.entries} />
            {page.next === null ? (
              ''
            ) : (
              <p class="pages">
                <Link to={`/search?${new URLSearchParams({ participant: id, after: String(page.next) })}`}>
                  {said.more}
                </Link>
              </p>
            )}
          </>
        )}
      </Shown>
    </section>
  )
}

function Facts({ one }: { one: ParticipantInfo }): JSX.Element {
  const { participants } = useExplorer().said
  return (
    <>
      <dl>
        <Fact label={participants.name}>
          {one.name === undefined ? participants.sealedName : <Name text={one.name} />}
        </Fact>
        {one.type === undefined ? '' : <Fact label={participants.type}>{<Name text={one.type} />}</Fact>}
        {one.identifiedBy === undefined ? (
          ''
        ) : (
          <Fact label={participants.identified}>{<Name text={one.identifiedBy} />}</Fact>
        )}
        <Fact label={participants.roles}>
          <Name text={one.roles.join(', ')} />
        </Fact>
        <Fact label={participants.state}>{one.active ? participants.active : participants.revoked}</Fact>
        <Fact label={participants.since}>
          <Link to={`/entry/${one.since}`}>{count(one.since)}</Link>
        </Fact>
        {one.revokedAt === undefined ? (
          ''
        ) : (
          <Fact label={participants.revokedBy}>
            <Link to={`/entry/${one.revokedAt}`}>{count(one.revokedAt)}</Link>
          </Fact>
        )}
      </dl>
      <h2>{participants.keys}</h2>
      <ol class="keys">
        {one.keys.map(({ thumbprint, status, since, until, compromisedSince }) => (
          <li>
            <Hash text={thumbprint} /> {participants.keyState[status === 'active' && !one.active ? 'revoked' : status]},{' '}
            {participants.since} <Link to={`/entry/${since}`}>{count(since)}</Link>
            {until === undefined ? (
              ''
            ) : (
              <>
                , {participants.until} <Link to={`/entry/${until}`}>{count(until)}</Link>
              </>
            )}
            {compromisedSince === undefined ? (
              ''
            ) : (
              <strong>
                , {participants.compromised} <Time time={compromisedSince} />
              </strong>
            )}
          </li>
        ))}
      </ol>
    </>
  )
}
