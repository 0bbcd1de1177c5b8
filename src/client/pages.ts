import { EvidenceError } from '../core/errors.ts'
import type { EntryPage, LedgerClient } from './ledger-client.ts'

/** Most pages of one list that are asked for, unless the caller says otherwise. */
const maxPages = 10_000

/** One page of a list, and where the next one begins. */
export interface NamedPage<P> {
  readonly page: P
  /** `after` of the next page; null or undefined at the end. */
  readonly next: number | null | undefined
}

interface PagesOptions {
  /** Index after which the list is asked for; by default from its beginning. */
  readonly after?: number | undefined
  /** Pages that are asked for at most. */
  readonly most?: number
  /** Who is asked, and for what: for the message. */
  readonly what: string
}

/**
 * Walks a list that a server gives page by page; every list is to be walked by this. Nobody signs a list, and its server may be
 * hostile: each page has to advance, and there is an end. Takes what asks for the page after an index (undefined: the first). Gives the pages as
 * they come. Throws what asking throws, and `server-answer` where a page names a next one that does not go on, or there are too many.
 */
export async function* pagesOf<P>(
  ask: (after: number | undefined) => Promise<NamedPage<P>>,
  { after, most = maxPages, what }: PagesOptions,
): AsyncGenerator<P> {
  let from = after
  for (let pages = 0; pages < most; pages++) {
    const { page, next } = await ask(from)
    const isEnd = next === null || next === undefined
    if (!isEnd && next <= (from ?? -1))
      throw new EvidenceError('server-answer', `${what}: a page names a next one, after ${next}, that does not go on`)
    yield page
    if (isEnd) return
    from = next
  }
  throw new EvidenceError('server-answer', `${what}: more than ${most} pages; ask for them page by page`)
}

interface FoundOptions {
  /** Index after which entries are asked for; by default -1, all. */
  readonly after?: number
  /** Entries of the ledger that are asked about. */
  readonly size: number
  readonly most?: number
}

/** Entries that a page tells of, and the index up to which nothing is left to find. */
export interface FoundPage {
  readonly entries: EntryPage['entries']
  readonly through: number
}

/**
 * Searches a server's entries from one index on, up to a size; entries at or above it came later, and end the search. Takes the members of the
 * question (`case`, `digest`, …). Gives page by page what was found. Throws what asking throws, and `server-answer` where
 * entries do not ascend, or lie before what was asked for.
 */
export async function* foundPages(
  client: LedgerClient,
  query: Readonly<Record<string, string>>,
  { after = -1, size, ...options }: FoundOptions,
): AsyncGenerator<FoundPage> {
  const what = `${client.url}/v1/entries`
  const ask = async (from = after): Promise<NamedPage<FoundPage>> => {
    const page = await client.find({ limit: '1000', ...query, ...(from < 0 ? {} : { after: String(from) }) })
    let last = from
    for (const { index } of page.entries) {
      if (index <= last)
        throw new EvidenceError(
          'server-answer',
          `${what}: entry ${index} is listed after ${last}, or was not asked for`,
        )
      last = index
    }
    const next = page.next ?? size
    if (next < last)
      throw new EvidenceError('server-answer', `${what}: a page goes on after ${next}, before its own entry ${last}`)
    // What came since is for the next search.
    const isOver = Math.max(next, last) >= size - 1
    const entries = page.entries.filter(({ index }) => index < size)
    return { page: { entries, through: isOver ? size - 1 : next }, next: isOver ? null : next }
  }
  if (after < size - 1) yield* pagesOf(ask, { after: after < 0 ? undefined : after, what, ...options })
}
