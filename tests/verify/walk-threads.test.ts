import * as ed from '@noble/ed25519'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { installNativePrimitives } from '../../src/node/native.ts'
import { AppraisalPool } from '../../src/check/node/appraisal-pool.ts'
import {
  copyableRegistry,
  doubted,
  emptyRegistry,
  isCopiedAlike,
  takeRegistry,
  withParticipant,
  withState,
} from '../../src/statements/registry.ts'
import { jwkOf } from '../../src/core/jwk.ts'
import { isAcceptablePublicKey, publicKeyOfSeed } from '../../src/core/ed25519.ts'
import { appraise } from '../../src/verify/appraise.ts'
import type { Appraiser } from '../../src/verify/appraiser.ts'
import { fullTileRoots } from '../../src/core/merkle/tile.ts'
import { rehash } from '../../src/verify/rehash.ts'
import { walk } from '../../src/verify/walk.ts'
import { policy, TestChain } from '../support/chain.ts'
import { signerNamed } from '../support/signers.ts'

installNativePrimitives()
afterEach(() => vi.restoreAllMocks())

/** Threads that are none, and what was handed to them: begin and count of each chunk. */
function recording(): { appraiser: Appraiser; handed: [begin: number, count: number][] } {
  const handed: [number, number][] = []
  const appraiser: Appraiser = {
    appraise: async (chunk, registry, context) => {
      handed.push([chunk.begin, chunk.entries.lengths.length])
      return appraise(chunk, registry, context)
    },
    rehash: async (...args) => rehash(...args),
    tileRoots: async (tiles) => fullTileRoots(tiles),
  }
  return { appraiser, handed }
}

/** A walk by such threads: its report, what was handed out, and the entries that the walk judged itself. */
async function walked(chain: TestChain) {
  const { appraiser, handed } = recording()
  const here: number[] = []
  const observer = { entry: ({ index }: { index: number }) => void here.push(index), tally: () => {} }
  const report = await walk({ source: chain, policy, appraiser, observer })
  const { notChecked: _, ...alone } = await walk({
    source: chain,
    policy,
    observer: { entry: () => {}, tally: () => {} },
  })
  expect(report).toMatchObject(alone)
  return { report, handed, here }
}

describe('threads of a re-walk', () => {
  it('R8 judges of the first chunk itself only what changes the registry, and one entry more', async () => {
    const { report, handed, here } = await walked(new TestChain().start().deposits(1400).seal())
    expect(report.faults).toEqual([])
    expect(here).toEqual([0, 1, 2])
    expect(handed).toEqual([
      [3, 509],
      [512, 512],
      [1024, 378],
    ])
  })

  it('R8 goes on with what threads judged after an admission, which changes nothing for the signers before it', async () => {
    const chain = new TestChain().start().deposits(700)
    chain.admit('late', ['depositor'])
    const { here, handed } = await walked(chain.deposits(200).seal())
    expect(here).toEqual([0, 1, 2, 702])
    expect(handed.length).toBe(2)
  })

  it('R8 hands out anew, within a chunk, the entries of one who was admitted in it', async () => {
    const chain = new TestChain().start().deposits(700)
    const late = signerNamed('late')
    chain.admit('late', ['depositor'], late)
    const { here, handed } = await walked(chain.deposits(200, { iss: 'late', key: late }).seal())
    expect(here).toEqual([0, 1, 2, 702, 703])
    expect(handed.at(-1)).toEqual([704, 199])
  })

  it('R8 hands out a chunk anew at most twice, however often the registry changes', async () => {
    const chain = new TestChain().start().deposits(3)
    for (let i = 0; i < 20; i++) {
      const late = signerNamed(`late${i}`)
      chain.admit(`late${i}`, ['depositor'], late)
      chain.deposits(40, { iss: `late${i}`, key: late })
    }
    const { handed, report } = await walked(chain.seal())
    expect(report.faults).toEqual([])
    // The first chunk twice, and with it the second, which waits; that one once more when its turn comes, and twice within it.
    expect(handed.length).toBeLessThanOrEqual(7)
    expect(handed.filter(([begin]) => begin < 512).length).toBe(2)
  })

  it('R8 starts no thread for few entries', async () => {
    const chain = new TestChain().start().deposits(20).seal()
    const pool = new AppraisalPool(undefined, 'tables', 2)
    const start = vi.spyOn(pool['pool'], 'start')
    const thread = vi.spyOn(pool['pool'], 'thread')
    try {
      expect(await walk({ source: chain, policy, appraiser: pool })).toEqual(await walk({ source: chain, policy }))
      expect(await pool.checkTables([])).toEqual([])
      expect([start.mock.calls.length, thread.mock.calls.length]).toEqual([0, 0])
      expect([pool.isWorth(2047), pool.isWorth(2048), start.mock.calls.length]).toEqual([false, true, 1])
    } finally {
      await pool.close()
    }
  })

  it('R8 are not handed a registry anew of which only what kinds keep has changed', () => {
    const registry = emptyRegistry('x')
    const kept = withState(registry, 'kept', new Map([['a', 1]]))
    expect([isCopiedAlike(registry, kept), isCopiedAlike(kept, registry)]).toEqual([true, true])
    expect(copyableRegistry(kept)).toEqual(copyableRegistry(registry))
    const jwk = jwkOf(publicKeyOfSeed(new Uint8Array(32).fill(82)))
    const others = [
      withParticipant(kept, { id: 'a', roles: [], since: 0 }, jwk),
      doubted(kept, 3),
      { ...kept, closedAt: 4 },
    ]
    for (const other of others) expect([isCopiedAlike(kept, other), isCopiedAlike(other, kept)]).toEqual([false, false])
  })

  it('R8 checks no key of a registry again, neither here nor where it was handed to', () => {
    const jwk = jwkOf(publicKeyOfSeed(new Uint8Array(32).fill(81)))
    const checks = vi.spyOn(ed.Point, 'fromBytes')
    const registry = withParticipant(emptyRegistry('x'), { id: 'a', roles: [], since: 0 }, jwk)
    const taken = takeRegistry(structuredClone(copyableRegistry(registry)))
    checks.mockClear()
    // Hostile keys come and go meanwhile.
    for (let i = 0; i < 3; i++) isAcceptablePublicKey(new Uint8Array(32).fill(i))
    checks.mockClear()
    for (const { keys } of [registry, taken])
      for (const { publicKey } of keys.values()) expect(isAcceptablePublicKey(publicKey)).toBe(true)
    expect(checks).toHaveBeenCalledTimes(0)
  })
})
