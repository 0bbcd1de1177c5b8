import type { EntryPage, LedgerClient } from '../../src/client/ledger-client.ts'

/** Entries that a server finds, page by page, after the entry of an index; -1 for all. Throws what asking throws. */
export async function* foundEntries(
  client: LedgerClient,
  query: Readonly<Record<string, string>>,
  after = -1,
): AsyncGenerator<EntryPage['entries'][number]> {
  for (let from: number | null = after; from !== null; ) {
    const page: EntryPage = await client.find({ ...query, ...(from < 0 ? {} : { after: String(from) }) })
    yield* page.entries
    from = page.next
  }
}
