import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { concatAll, utf8 } from '../../src/core/bytes.ts'
import { signCheckpoint } from '../../src/core/checkpoint.ts'
import type { EvidenceError } from '../../src/core/errors.ts'
import { leafHash } from '../../src/core/entry.ts'
import { tilePath, tileWidthAt } from '../../src/core/merkle/layout.ts'
import { fullTileRoots, Tile } from '../../src/core/merkle/tile.ts'
import { rootFromTiles } from '../../src/core/merkle/tiles.ts'
import type { LogSource } from '../../src/log/log.ts'
import { serveCopy } from '../../src/monitor/copy-server.ts'
import { type SignedNote, trustedNote, VerifiedCopy } from '../../src/monitor/verified-copy.ts'
import { LedgerClient } from '../../src/client/ledger-client.ts'
import { UrlSource } from '../../src/client/url-source.ts'
import { encodeMisbehaviour } from '../../src/core/misbehaviour.ts'
import { checkMisbehaviour } from '../../src/verify/check-misbehaviour.ts'
import { checkReceipt } from '../../src/verify/check-receipt.ts'
import { walk } from '../../src/verify/walk.ts'
import { installNativePrimitives } from '../../src/node/native.ts'
import { LogView } from '../../src/log/view.ts'
import { StaticSource } from '../../cli/sources/static-source.ts'
import { depositor, ledgerKey, ledgerSigner, origin, policy, startMs, TestChain } from '../support/chain.ts'
import { temporaryFolder } from '../support/folder.ts'
import { request } from '../support/server.ts'
import { deposit, statement } from '../support/statements.ts'

installNativePrimitives()
let path: string
let remove: () => void

beforeEach(() => {
  ;({ path, remove } = temporaryFolder())
})
afterEach(() => remove())

const noteOf = (chain: TestChain) => trustedNote(utf8(chain.note), policy)
const open = async () => (await VerifiedCopy.open(path, origin, policy)).copy

/** The same chain as far as it goes, then other deposits. */
function grown(chain: TestChain, count: number): TestChain {
  const more = new TestChain()
  more.bytes.push(...chain.bytes)
  for (let i = 0; i < count; i++) {
    const { jws } = deposit(depositor, origin, `more ${i} of ${count}`, { iat: startMs / 1000 })
    more.add(jws, { timeMs: startMs + 10_000_000 })
  }
  return more.seal()
}

describe('a verified copy', () => {
  it('grows through every kind of edge, and is a ledger without a fault each time', async () => {
    let chain = new TestChain().start().deposits(3).seal()
    const copy = await open()
    for (const more of [0, 1, 250, 2, 1, 300, 700, 24]) {
      if (more > 0) chain = grown(chain, more)
      const from = copy.size
      expect(await copy.advance(chain, noteOf(chain))).toMatchObject(
        more === 0 && from > 0
          ? { kind: 'same' }
          : { kind: 'grown', from, to: chain.bytes.length, report: { faults: [] } },
      )
      const report = await walk({ source: new StaticSource(path), policy })
      expect([report.size, report.faults]).toEqual([chain.bytes.length, []])
    }
    // Opened again it is what it was, and partial files below full ones are gone.
    const again = await VerifiedCopy.open(path, origin, policy)
    expect([again.copy.size, again.report.faults]).toEqual([chain.bytes.length, []])
    expect(again.copy.walk.registry.participants.size).toBe(2)
    expect(readdirSync(join(path, 'tile', '0')).filter((name) => name.endsWith('.p'))).toEqual(['005.p'])
  })

  it('F-M2: is not begun anew where it was begun and its checkpoint is gone: nothing could be compared any more', async () => {
    const chain = new TestChain().start().deposits(3).seal()
    await (await open()).advance(chain, noteOf(chain))
    const kept = readFileSync(join(path, 'checkpoint'))
    rmSync(join(path, 'checkpoint'))
    await expect(open()).rejects.toMatchObject({ code: 'copy-lost', facts: { where: join(path, 'checkpoint') } })
    writeFileSync(join(path, 'checkpoint'), kept)
    // The list is made again of the copies that are there, and outlives the copy where it lies elsewhere.
    rmSync(join(path, 'origins'))
    expect((await open()).size).toBe(chain.bytes.length)
    const elsewhere = join(path, 'elsewhere')
    await VerifiedCopy.open(path, origin, policy, elsewhere)
    await expect(VerifiedCopy.open(join(path, 'gone'), origin, policy, elsewhere)).rejects.toMatchObject({
      code: 'copy-lost',
    })
  })

  it('goes on where it was cut off, without asking for the bundles that are there', async () => {
    const chain = new TestChain().start().deposits(900).seal()
    let left = 2
    const breaking = Object.assign(Object.create(chain) as TestChain, {
      entries: (n: number, width: number) => {
        if (left-- === 0) throw new Error('cut off')
        return chain.entries(n, width)
      },
    })
    await expect((await open()).advance(breaking, noteOf(chain))).rejects.toThrow('cut off')
    const asked: number[] = []
    const counting = Object.assign(Object.create(chain) as TestChain, {
      entries: (n: number, width: number) => {
        asked.push(n)
        return chain.entries(n, width)
      },
    })
    const copy = await open()
    expect(copy.size).toBe(0)
    expect((await copy.advance(counting, noteOf(chain))).kind).toBe('grown')
    expect(asked.length).toBe(1)
  })

  it('takes nothing of a ledger whose entry is altered, missing, or whose tiles are not its checkpoint’s', async () => {
    const chain = new TestChain().start().deposits(10).seal()
    const copy = await open()
    const entry = chain.bytes[5] as Uint8Array
    chain.bytes[5] = utf8('x')
    expect(await copy.advance(chain, noteOf(chain))).toMatchObject({
      kind: 'refused',
      finding: { code: 'entry-altered', index: 5 },
    })
    chain.bytes[5] = undefined as unknown as Uint8Array
    expect(await copy.advance(chain, noteOf(chain))).toMatchObject({
      kind: 'refused',
      finding: { code: 'entry-missing' },
    })
    chain.bytes[5] = entry
    const other = new TestChain().start().deposits(10).seal()
    expect(await copy.advance(other, noteOf(chain))).toMatchObject({
      kind: 'refused',
      finding: { code: 'root-mismatch' },
    })
    expect([copy.size, readdirSync(path).includes('checkpoint')]).toEqual([0, false])
    expect((await copy.advance(chain, noteOf(chain))).kind).toBe('grown')
  })

  it('finds what a disk changed in it', async () => {
    const chain = new TestChain().start().deposits(10).seal()
    await (await open()).advance(chain, noteOf(chain))
    const bundle = join(path, tilePath('entries', 0, 12))
    const bytes = readFileSync(bundle)
    bytes[bytes.length - 2] = (bytes[bytes.length - 2] as number) ^ 1
    writeFileSync(bundle, bytes)
    expect((await VerifiedCopy.open(path, origin, policy)).report.faults).toMatchObject([
      { code: 'entry-altered', index: 11 },
      { index: 11 },
    ])
    const tile = join(path, tilePath(0, 0, 12))
    writeFileSync(tile, Buffer.alloc(12 * 32))
    await expect(open()).rejects.toMatchObject({ code: 'root-mismatch' })
    rmSync(tile)
    await expect(open()).rejects.toMatchObject({ code: 'tile-missing' })
  })
})

describe('two histories', () => {
  const prove = async (held: TestChain, shown: TestChain) => {
    const copy = await open()
    expect((await copy.advance(held, noteOf(held))).kind).toBe('grown')
    const growth = await copy.advance(shown, noteOf(shown))
    if (growth.kind !== 'misbehaviour') throw new Error(`found ${JSON.stringify(growth)}`)
    const bytes = encodeMisbehaviour(growth.proof)
    expect(checkMisbehaviour(bytes, policy)).toMatchObject({ faults: [], origin, kind: growth.proof.kind })
    return { copy, bytes, growth }
  }
  const base = new TestChain().start().deposits(3).seal()

  it('of one size are a split view', async () => {
    const { growth } = await prove(grown(base, 5), grown(base, 5))
    expect(growth.proof.kind).toBe('split-view')
  })

  it.each([
    [1, 2],
    [3, 4],
    [4, 3],
    [11, 300],
    [300, 11],
    [251, 252],
    [251, 700],
    [600, 251],
  ])('of %i and %i more entries are inconsistent, whichever was seen first', async (one, other) => {
    const { growth, copy } = await prove(grown(base, one), grown(base, other))
    expect(growth.proof.kind).toBe('inconsistent')
    expect(copy.size).toBe(base.bytes.length + one)
  })

  it('that are one are none', async () => {
    const longer = grown(base, 20)
    const copy = await open()
    await copy.advance(longer, noteOf(longer))
    expect(await copy.advance(base, noteOf(base))).toEqual({ kind: 'older' })
    expect(await copy.advance(longer, noteOf(longer))).toEqual({ kind: 'same' })
  })
})

describe('a copy that is served', () => {
  it('is verified and proves entries with the ledger’s own policy, and takes nothing', async () => {
    const chain = grown(new TestChain().start().deposits(3).seal(), 400)
    const copy = await open()
    await copy.advance(chain, noteOf(chain))
    const server = await serveCopy(copy, { host: '127.0.0.1', port: 0, entries: true })
    try {
      const source = new UrlSource(new LedgerClient(server.url))
      expect((await walk({ source, policy })).faults).toEqual([])
      for (const index of [0, 2, 300, 404]) {
        expect(checkReceipt(await (await LogView.open(source)).receiptOf(index), policy)).toMatchObject({
          faults: [],
          unjudged: [],
        })
      }
      const status = async (file: string, method = 'GET') => (await request(server.url, file, { method })).status
      expect(await status('/checkpoint', 'HEAD')).toBe(200)
      expect(await status('/checkpoint', 'POST')).toBe(405)
      expect(await status('/tile/0/001.p/149')).toBe(200)
      for (const file of [
        '/',
        '/lock',
        '/../policy',
        '/tile/0/001',
        '/tile/0/1',
        '/tile/0/001.p/150',
        '/tile/entries/002',
        '/proofs',
        '/tile/9/000',
        '/policy',
      ])
        expect([file, await status(file)]).toEqual([file, 404])
    } finally {
      await server.close()
    }
    const closed = await serveCopy(copy, { host: '127.0.0.1', port: 0, entries: false })
    expect((await request(closed.url, '/tile/entries/000')).status).toBe(403)
    expect((await request(closed.url, '/tile/0/000')).status).toBe(200)
    await closed.close()
  })

  it('F-L: serves nobody who asks for a host that it does not go by', async () => {
    const chain = grown(new TestChain().start().deposits(3).seal(), 4)
    const copy = await open()
    await copy.advance(chain, noteOf(chain))
    const baseUrls = ['https://mirror.example/court']
    const server = await serveCopy(copy, { host: '127.0.0.1', port: 0, baseUrls, entries: true })
    try {
      const asked = async (host: string): Promise<number[]> => {
        const paths = ['/checkpoint', '/policy', '/tile/entries/000.p/9', '/nothing']
        return Promise.all(paths.map(async (path) => (await request(server.url, path, { headers: { host } })).status))
      }
      expect(await asked('evil.example')).toEqual([421, 421, 421, 421])
      for (const host of ['localhost:1', '127.0.0.1', 'mirror.example']) {
        expect([host, (await asked(host))[0]]).toEqual([host, 200])
      }
    } finally {
      await server.close()
    }
  })
})

describe('an entry that the rulebook forbids', () => {
  it('is kept and told', async () => {
    const chain = new TestChain().start().deposits(1)
    chain.add(statement(depositor, origin, 'evidence.deposit', { items: [] }, { iat: startMs / 1000 }).jws)
    chain.seal()
    const copy = await open()
    const growth = await copy.advance(chain, noteOf(chain))
    expect(growth).toMatchObject({ kind: 'grown', report: { faults: [{ code: 'items-count', index: 3 }] } })
    expect(leafHash(chain.bytes[3] as Uint8Array)).toEqual(copy.walk.leaf(3).slice())
  })
})

describe('BR-M8: a ledger that claims more than it has', () => {
  /** A source of a signed size, that counts what it is asked for. */
  function claiming(size: number, tileOf: (level: number, n: number, width: number) => Uint8Array) {
    const asked = { tiles: 0, bundles: 0 }
    const tiles = (level: number, n: number): Tile => Tile.parse(tileOf(level, n, tileWidthAt(level, n, size)))
    const root = rootFromTiles(size, tiles)
    const source: LogSource = {
      name: 'hostile',
      checkpoint: () => Promise.resolve(new Uint8Array()),
      tile: (level, n, width) => {
        asked.tiles++
        return Promise.resolve(tileOf(level, n, width))
      },
      entries: (_n, width) => {
        asked.bundles++
        return Promise.resolve(Array.from({ length: width }, () => utf8('an entry')))
      },
    }
    const note = (of: Uint8Array) =>
      trustedNote(utf8(signCheckpoint({ origin, size, root: of }, ledgerKey, ledgerSigner.sign)), policy)
    return { source, asked, note, root }
  }
  const filled = (byte: number, width: number): Uint8Array => new Uint8Array(32 * width).fill(byte)
  /** Every full tile of a level is the same, and every one above is made of it: a tree of any size. */
  const repeated = (leaf: Uint8Array) => {
    const hashes = [leaf]
    return (level: number, _n: number, width: number): Uint8Array => {
      for (let at = hashes.length; at <= level; at++)
        hashes.push(fullTileRoots(concatAll(Array.from({ length: 256 }, () => hashes[at - 1] as Uint8Array))))
      return concatAll(Array.from({ length: width }, () => hashes[level] as Uint8Array))
    }
  }
  const size = 2 ** 24 - 1

  it('is refused at the right edge, before any other tile is read', async () => {
    const { source, asked, note } = claiming(size, (level, _n, width) => filled(level + 1, width))
    expect(await (await open()).advance(source, note(filled(9, 1)))).toMatchObject({
      kind: 'refused',
      finding: { code: 'root-mismatch' },
    })
    expect(asked).toEqual({ tiles: 3, bundles: 0 })
  })

  it('is refused at the first tile that is not of the one above it', async () => {
    const { source, asked, note, root } = claiming(size, (level, _n, width) => filled(level + 1, width))
    expect(await (await open()).advance(source, note(root))).toMatchObject({
      kind: 'refused',
      finding: { code: 'root-mismatch', where: 'tile 0 of level 1' },
    })
    expect(asked).toEqual({ tiles: 4, bundles: 0 })
  })

  it('is refused at the first entries that it has not, though its tree is one', async () => {
    const { source, asked, note, root } = claiming(size, repeated(filled(7, 1)))
    expect(await (await open()).advance(source, note(root))).toMatchObject({
      kind: 'refused',
      finding: { code: 'entry-altered' },
    })
    // Of levels 0 to 2 the edge, the first of level 1, and the first four of level 0.
    expect(asked).toEqual({ tiles: 8, bundles: 4 })
  })

  it('is refused for more than a copy takes at once, before anything is read', async () => {
    const { source, asked, note, root } = claiming(2 ** 24 + 1, repeated(filled(7, 1)))
    expect(await (await open()).advance(source, note(root)).catch(({ code }: EvidenceError) => code)).toBe(
      'server-answer',
    )
    expect(asked).toEqual({ tiles: 0, bundles: 0 })
  })

  it('is not walked past what its root shows by a verification', async () => {
    const codesOf = async (source: LogSource, note: SignedNote): Promise<readonly string[]> => {
      const report = await walk({ source: { ...source, checkpoint: () => Promise.resolve(note.bytes) }, policy })
      return report.faults.map(({ code }) => code)
    }
    const lying = claiming(size, (level, _n, width) => filled(level + 1, width))
    expect(await codesOf(lying.source, lying.note(filled(9, 1)))).toEqual(['root-mismatch'])
    expect(lying.asked).toEqual({ tiles: 3, bundles: 0 })
    expect(await codesOf(lying.source, lying.note(lying.root))).toEqual(['root-mismatch'])
    expect(lying.asked.bundles).toBe(0)
    // What is read ahead.
    expect(lying.asked.tiles).toBeLessThan(200)
  })
})
