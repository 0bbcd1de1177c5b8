import { beforeEach, describe, expect, it } from 'vitest'
import { disclosureDigest } from '../../src/core/disclosure.ts'
import { parseSignedCheckpoint } from '../../src/core/checkpoint.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { AppraisalPool } from '../../src/check/node/appraisal-pool.ts'
import { installNativePrimitives } from '../../src/node/native.ts'
import { exitCodeOf } from '../../src/verify/report.ts'
import { walk, type WalkOptions, type WalkReport } from '../../src/verify/walk.ts'
import { origin, policy, startMs, TestChain } from '../support/chain.ts'
import { signerNamed } from '../support/signers.ts'
import { statement } from '../support/statements.ts'

installNativePrimitives()

/** A chain whose source keeps all disclosures but erased ones, as a data folder does. */
class KeptChain extends TestChain {
  readonly gone = new Map<number, Set<string>>()
  erased(): Promise<ReadonlyMap<number, ReadonlySet<string>>> {
    return Promise.resolve(this.gone)
  }
  digests(index: number): string[] {
    return (this.disclosed.get(index) ?? []).map(disclosureDigest)
  }
  /** Orders what is kept of some entries to be erased, or the digests that are given; gives the order's index. */
  order(indices: readonly number[], digests?: readonly string[], by = 'court'): number {
    const of = indices.map((index) => ({ ...this.reference(index), digests: digests ?? this.digests(index) }))
    const said = { iss: by, iat: startMs / 1000, sealed: { basis: 'Decision 12' } }
    const { jws, disclosures } = statement(signerNamed(by), origin, 'erasure.order', { of }, said)
    const index = this.add(jws)
    const texts = disclosures.map(({ text }) => text)
    this.disclosed.set(index, texts)
    return index
  }
}

/** Entries 2 to 4 are deposits with a sealed claim; entry 5 admits the court. */
let chain: KeptChain
beforeEach(() => {
  chain = new KeptChain().start().deposits(3)
  chain.admit('court', ['authority'])
})

const run = (more: Partial<WalkOptions> = {}): Promise<WalkReport> => walk({ source: chain.seal(), policy, ...more })
const told = ({ ordered, flagged, faults }: WalkReport): object => ({
  ordered: ordered.map(({ index, by, claims }) => [index, by, claims]),
  flagged: flagged.map(({ index, what }) => [index, what]),
  faults: faults.map(({ code, index }) => [code, index]),
})

describe('a walk', () => {
  it('says of an ordered claim that is not there by which entry', async () => {
    chain.order([3])
    chain.disclosed.delete(3)
    const report = await run()
    expect(told(report)).toEqual({ ordered: [[3, 6, 1]], flagged: [], faults: [] })
    expect(report.ordered[0]?.message).toContain('erasure ordered by entry 6')
    expect(report.disclosures).toEqual({ present: 3, withheld: 1, foreign: 0 })
    expect(exitCodeOf(report.faults, report.unjudged)).toBe(0)
  })

  it('flags an ordered claim that is still there, and finds no fault in it', async () => {
    chain.order([2, 3])
    chain.disclosed.delete(2)
    expect(told(await run())).toEqual({
      ordered: [[2, 6, 1]],
      flagged: [[3, 'erasure-not-done']],
      faults: [],
    })
  })

  it('names the first of two orders', async () => {
    const [digest] = chain.digests(3)
    chain.order([3])
    chain.order([3], [digest as string])
    chain.disclosed.delete(3)
    expect(told(await run())).toMatchObject({ ordered: [[3, 6, 1]] })
  })

  it('takes no order that is not in order, and calls lost what is gone', async () => {
    chain.order([3], undefined, 'depositor')
    chain.disclosed.delete(3)
    chain.disclosed.delete(4)
    expect(told(await run())).toEqual({
      ordered: [],
      flagged: [],
      faults: [
        ['role-missing', 6],
        ['disclosures-missing', 3],
        ['disclosures-missing', 4],
      ],
    })
  })

  it('takes no order whose bytes were altered, nor one that is not judged', async () => {
    const order = chain.order([3])
    chain.seal()
    chain.disclosed.delete(3)
    const bytes = chain.bytes[order] as Uint8Array
    chain.bytes[order] = utf8(
      Buffer.from(bytes)
        .toString()
        .replace(/\.\d{3}Z/, '.999Z'),
    )
    const altered = await walk({ source: chain, policy })
    expect(told(altered)).toMatchObject({
      ordered: [],
      faults: [
        ['entry-altered', order],
        ['disclosures-missing', 3],
      ],
    })
  })

  it('leaves an order of a target that cannot be read again not judged', async () => {
    chain.order([3])
    chain.seal()
    chain.bytes[3] = utf8(
      Buffer.from(chain.bytes[3] as Uint8Array)
        .toString()
        .replace(/\.\d{3}Z/, '.999Z'),
    )
    const report = await walk({ source: chain, policy })
    expect(report.unjudged.map(({ index }) => index)).toContain(6)
    expect(report.ordered).toEqual([])
  })

  it('reads targets below a trusted size', async () => {
    const trusted = parseSignedCheckpoint(utf8(chain.seal().note))
    chain.order([3])
    chain.disclosed.delete(3)
    const report = await run({ trusted })
    expect(told(report)).toEqual({ ordered: [[3, 6, 1]], flagged: [], faults: [] })
    expect(report.unjudged).toEqual([])
  })

  it('finds the same through threads', async () => {
    chain.deposits(700)
    chain.order([3, 300, 600])
    chain.deposits(300)
    chain.disclosed.delete(300)
    chain.disclosed.delete(500)
    const pool = new AppraisalPool(undefined, 'tables', 2, 0)
    try {
      const alone = await run()
      expect(told(alone)).toMatchObject({ ordered: [[300, 706, 1]], faults: [['disclosures-missing', 500]] })
      expect(await walk({ source: chain, policy, appraiser: pool })).toEqual(alone)
    } finally {
      await pool.close()
    }
  })
})
