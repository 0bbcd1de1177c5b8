import type { JSX } from 'preact'
import type { EntrySummary } from '../../src/api/answers.ts'
import { count } from '../../src/core/text.ts'
import { useExplorer } from './context.ts'
import { useLoaded } from './load.ts'
import { Link, Name, Shown, Time } from './parts.tsx'

const perPage = 25

/** A table of entries. */
export function EntryTable({ entries }: { entries: readonly EntrySummary[] }): JSX.Element {
  const { said } = useExplorer()
  if (entries.length === 0) return <p>{said.none}</p>
  return (
    <table>
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
              <code>{kind}</code>
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

/** The newest entries, or those before an index; newest first. */
export function Newest({ before }: { before: number | undefined }): JSX.Element {
  const { client, said } = useExplorer()
  const loaded = useLoaded(`newest ${before}`, async () => {
    const { size } = await client.ledger()
    const end = Math.min(size, before ?? size)
    const first = Math.max(0, end - perPage)
    const after = first === 0 ? {} : { after: String(first - 1) }
    const { entries } = await client.find({ limit: String(Math.max(1, end - first)), ...after })
    return { size, end, first, entries: entries.filter(({ index }) => index < end).reverse() }
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
