import type { JSX } from 'preact'
import type { EntrySummary } from '../../src/api/answers.ts'
import type { LedgerClient } from '../../src/client/ledger-client.ts'
import { count } from '../../src/core/text.ts'
import { useExplorer } from './context.ts'
import { useLoaded } from './load.ts'
import { Link, Name, Time } from './parts.tsx'
import { Shown } from './refused.tsx'

const perPage = 25
/** Indices that are looked through for one page of a reader who may see few of them: as many as one list gives. */
const widest = 1000

/** A table of entries. */
export function EntryTable({ entries }: { entries: readonly EntrySummary[] }): JSX.Element {
  const { said } = useExplorer()
  if (entries.length === 0) return <p>{said.none}</p>
  return (
    <table class="entries">
      <thead>
        <tr>
          <th scope="col">{said.entry}</th>
          <th scope="col">{said.time}</th>
          <th scope="col">{said.kind}</th>
          <th scope="col">{said.participant}</th>
          <th scope="col">{said.items}</th>
        </tr>
      </thead>
      <tbody>
        {entries.map(({ index, time, kind, iss, items }) => (
          <tr key={index}>
            <td>
              <Link to={`/entry/${index}`}>{count(index)}</Link>
            </td>
            <td>
              <Time time={time} />
            </td>
            <td>
              <code>
                <Name text={kind} />
              </code>
            </td>
            <td>
              <Name text={iss} />
            </td>
            <td>{items ?? ''}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

/** The entries of some indices that the reader may see, ascending: a page of the ledger ends early where entries are long. */
async function within(client: LedgerClient, first: number, end: number): Promise<EntrySummary[]> {
  const found: EntrySummary[] = []
  let after = first - 1
  while (after < end - 1) {
    const query = after < 0 ? {} : { after: String(after) }
    const { entries, next } = await client.find({ limit: String(end - 1 - after), ...query })
    found.push(...entries.filter(({ index }) => index < end))
    if (next === null || next <= after) break
    after = next
  }
  return found
}

/** The last entries before an index that the reader may see, and the index from which on there may be older ones. */
async function lastBefore(client: LedgerClient, end: number): Promise<{ entries: EntrySummary[]; first: number }> {
  for (let width = perPage; ; width = widest) {
    const first = Math.max(0, end - width)
    const found = await within(client, first, end)
    const entries = found.slice(-perPage).reverse()
    if (entries.length === perPage) return { entries, first: entries.at(-1)?.index ?? first }
    if (first === 0 || width === widest) return { entries, first }
  }
}

/** The newest entries, or those before an index; newest first. */
export function Newest({ before }: { before: number | undefined }): JSX.Element {
  const { client, said } = useExplorer()
  const loaded = useLoaded(`newest ${before}`, async () => {
    const { size } = await client.ledger()
    const end = Math.min(size, before ?? size)
    return { size, end, ...(await lastBefore(client, end)) }
  })
  return (
    <section>
      <h1>{said.nav.newest}</h1>
      <Shown loaded={loaded}>
        {({ size, end, first, entries }) => (
          <>
            <EntryTable entries={entries} />
            <p class="pages">
              {end < size ? (
                <Link to={end + perPage >= size ? '/' : `/before/${end + perPage}`}>{said.newer}</Link>
              ) : (
                ''
              )}{' '}
              {first > 0 ? <Link to={`/before/${first}`}>{said.older}</Link> : ''}
            </p>
          </>
        )}
      </Shown>
    </section>
  )
}
