import { readFileSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { LedgerClient } from '../../src/client/ledger-client.ts'
import { pagesOf } from '../../src/client/pages.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import { CaseSearch } from '../../src/monitor/case-search.ts'
import { temporaryFolder } from '../support/folder.ts'

let path: string
let remove: () => void
let servers: Server[]
let asked: string[]

beforeEach(() => {
  ;({ path, remove } = temporaryFolder())
  servers = []
  asked = []
})
afterEach(() => {
  for (const server of servers) server.closeAllConnections()
  for (const server of servers) server.close()
  remove()
})

const entry = (index: number): object => ({ index, time: '', leafHash: '', iss: 'x', kind: 'x' })

/** A server that answers a search after an index (-1: from the beginning). */
async function serverOf(answer: (after: number) => unknown): Promise<LedgerClient> {
  const server = createServer((from, to) => {
    if (from.method === 'POST') {
      // Of a number, nothing is told in a body: it is asked for page by page.
      const results = [{ case: '1', entries: [], more: true }]
      to.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ results }))
      return
    }
    asked.push(from.url ?? '')
    const after = Number(new URL(from.url ?? '/', 'http://x').searchParams.get('after') ?? -1)
    to.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer(after)))
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return new LedgerClient(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, undefined, { retries: 0 })
}

const searchOf = (clients: readonly LedgerClient[], from = 0): CaseSearch =>
  new CaseSearch({ origin: 'a.example', cases: ['1'], clients: () => clients, file: join(path, 'cases'), from })

/** What a search tells: indices, and after which entry nothing was searched. */
async function told(search: CaseSearch, size: number): Promise<(number | string)[]> {
  const found: (number | string)[] = []
  for await (const events of search.search(size))
    for (const event of events) {
      if (event.what === 'watch') found.push(event.index)
      if (event.what === 'unsearched') found.push(`${event.finding.code} after ${event.after}`)
    }
  return found
}

describe('R7 F2: a search for a case', () => {
  it('R7 F2: asks no page twice, and leaves what came later for the next search', async () => {
    const all = [1, 4, 6, 9]
    const client = await serverOf((after) => {
      const [first, second] = all.filter((index) => index > after)
      return { entries: first === undefined ? [] : [entry(first)], next: second === undefined ? null : first }
    })
    const search = searchOf([client])
    expect(await told(search, 6)).toEqual([1, 4])
    expect(await told(search, 6)).toEqual([])
    expect(await told(search, 10)).toEqual([6, 9])
    expect(await told(searchOf([client], 3), 10)).toEqual([])
    expect(asked).toHaveLength(5)
  })

  it('R7 F2: passes over pages on which nothing may be read', async () => {
    const client = await serverOf((after) =>
      after < 7 ? { entries: [], next: after + 4 } : { entries: [entry(8)], next: null },
    )
    expect(await told(searchOf([client]), 20)).toEqual([8])
  })

  it.each([
    ['the same page again', { entries: [], next: 3 }, 2],
    ['a page before it', { entries: [], next: 0 }, 2],
    ['the same entry again', { entries: [entry(2), entry(2)], next: null }, 1],
    ['an entry that was not asked for', { entries: [entry(2)], next: 3 }, 2],
  ])('R7 F2: ends where a page names %s', async (_name, answer, questions) => {
    const client = await serverOf(() => answer)
    expect((await told(searchOf([client]), 10)).at(-1)).toMatch(/^server-answer after/)
    expect(asked).toHaveLength(questions)
  })

  it('R7 F2: asks so many pages at once, and goes on from there', async () => {
    const client = await serverOf((after) => ({ entries: [entry(after + 1)], next: after + 1 }))
    const search = searchOf([client])
    expect(await told(search, 80)).toEqual([...Array(50).keys(), 'server-answer after 49'])
    expect(await told(search, 80)).toEqual(Array.from({ length: 30 }, (_, i) => 50 + i))
    expect(asked).toHaveLength(80)
  })

  it('R7 F2: asks the next server where one does not answer, and tells a failure that lasts once', async () => {
    const broken = await serverOf(() => null)
    const sound = await serverOf(() => ({ entries: [entry(2)], next: null }))
    const clients = [broken]
    const search = searchOf(clients)
    expect(await told(search, 5)).toEqual(['server-answer after -1'])
    expect(await told(search, 5)).toEqual([])
    clients.push(sound)
    expect(await told(search, 5)).toEqual([2])
  })

  it('R7 F2: refuses to begin from a file that is not its own', () => {
    writeFileSync(join(path, 'cases'), '{"1":2}')
    expect(() => searchOf([])).toThrow(expect.objectContaining({ code: 'file-unreadable' }) as Error)
    expect(readFileSync(join(path, 'cases'), 'utf8')).toBe('{"1":2}')
  })
})

describe('R7 F2: a walk over pages', () => {
  it('R7 F2: has an end where every page advances', async () => {
    const seen: (number | undefined)[] = []
    const walk = async (): Promise<void> => {
      const ask = (after = -1): Promise<{ page: number; next: number }> =>
        Promise.resolve({ page: after, next: after + 1 })
      for await (const page of pagesOf(ask, { most: 3, what: 'a list' })) seen.push(page)
    }
    await expect(walk()).rejects.toThrow(EvidenceError)
    expect(seen).toEqual([-1, 0, 1])
  })
})
