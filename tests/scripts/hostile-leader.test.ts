import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { catchUp, firstPiece } from '../../cli/follow/follower.ts'
import { Output } from '../../cli/render/output.ts'
import { UrlPieces } from '../../cli/sources/url-pieces.ts'
import type { LedgerClient } from '../../src/client/ledger-client.ts'
import type { Erasure } from '../../src/ledger/erasures.ts'
import { encodePiece, GatheredErasures, maxErasedDigests, type Piece } from '../../src/ledger/copy/piece.ts'
import type { Replica } from '../../src/ledger/copy/replica.ts'

/*
 * A leader that says that it has more, and gives nothing (docs/design/backup-and-follow.md, "Following"). Time stands still in these tests: a
 * request that is not put off comes at once, and is counted.
 */
const entry = { bytes: Buffer.from('an entry'), disclosures: [] }
const erasure: Erasure = { index: 0, digests: ['A'.repeat(43)] }
const empty: Piece = {
  from: 1,
  entries: [],
  size: 1,
  checkpoint: 'a note',
  erased: [],
  erasures: 0,
  config: { reading: 'public', openDisclosures: true },
}
let asked: URLSearchParams[]

/** A leader that answers each request by a function; past a hundred it is asked without an end. */
function leader(answer: (query: URLSearchParams) => Piece): UrlPieces {
  asked = []
  const fetchBytes = (path: string): Promise<Uint8Array> => {
    const query = new URLSearchParams(path.split('?')[1])
    asked.push(query)
    if (asked.length > 100) throw new Error('asked for ever')
    return Promise.resolve(Buffer.from(encodePiece(answer(query))))
  }
  return new UrlPieces({ url: 'http://leader', fetchBytes } as unknown as LedgerClient)
}

const turns = async (): Promise<void> => {
  for (let i = 0; i < 200; i++) await new Promise((resolve) => setImmediate(resolve))
}

/** Requests to the leader until the follower waits, while no time passes; and what it took. */
async function followed(answer: () => Piece, once = false): Promise<{ requests: number; taken: number; told: string }> {
  let taken = 0
  const replica = {
    size: 1,
    erasures: 0,
    keptErasures: 0,
    root: new Uint8Array(32),
    apply: () => {
      taken++
      return Promise.resolve()
    },
  }
  let told = ''
  const output = new Output(false)
  output.note = (line) => void (told += typeof line === 'string' ? line : JSON.stringify(line))
  output.line = () => undefined
  output.result = () => undefined
  const stop = new AbortController()
  const source = leader(answer)
  const ended = catchUp({ replica: replica as unknown as Replica, source }, once, output, stop.signal)
  ended.catch(() => undefined)
  await turns()
  const requests = asked.length
  stop.abort()
  await ended
  return { requests, taken, told }
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

describe('R8 a follower', () => {
  it.each([
    ['entries', { ...empty, size: 2 }],
    ['erasures', { ...empty, erasures: 1 }],
    ['other entries', { ...empty, from: 0, entries: [entry] }],
    ['more entries than it says', { ...empty, entries: [entry] }],
    ['more erasures than it says', { ...empty, erased: [erasure] }],
  ])('refuses a piece that does not give what its leader says (%s), and asks again after a pause', async (_, piece) => {
    for (const once of [false, true]) {
      const { requests, taken, told } = await followed(() => piece, once)
      expect([requests, taken]).toEqual([1, 0])
      expect(told).toMatch(/^http:\/\/leader (says|gives).*; trying again$/)
    }
  })

  it('does not ask without a pause where nothing comes at once, though the leader was asked to wait', async () => {
    const { requests, taken } = await followed(() => empty)
    expect([requests, taken]).toEqual([2, 2])
  })
})

describe('R8 the first piece', () => {
  const first = { ...empty, from: 0, entries: [entry] }
  const known = (query: URLSearchParams): number => Number(query.get('erasures'))

  it('has all erasures, of as many pieces as they take', async () => {
    const source = leader((query) => ({ ...first, erased: known(query) < 3 ? [erasure] : [], erasures: 3 }))
    expect((await firstPiece(source)).erased).toHaveLength(3)
    expect(asked.map(known)).toEqual([0, 1, 2])
  })

  it('is refused where the leader says that there are erasures, and gives none', async () => {
    const source = leader(() => ({ ...first, erasures: 3 }))
    await expect(firstPiece(source)).rejects.toMatchObject({ code: 'server-answer' })
    expect(asked).toHaveLength(1)
  })

  it('is refused where its erasures have no end', () => {
    const gathered = new GatheredErasures()
    const page = Array.from({ length: 1000 }, () => ({ index: 0, digests: Array<string>(64).fill('A'.repeat(43)) }))
    let pages = 0
    const add = (): void => {
      for (; ; pages++) gathered.add(page, 'http://leader')
    }
    expect(add).toThrow(expect.objectContaining({ code: 'server-answer' }))
    expect(pages).toBe(Math.floor(maxErasedDigests / 64_000))
  })
})
