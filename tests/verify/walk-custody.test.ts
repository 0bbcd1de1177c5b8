import { describe, expect, it } from 'vitest'
import { parseSignedCheckpoint, type SignedCheckpoint } from '../../src/core/checkpoint.ts'
import { installNativePrimitives } from '../../src/node/native.ts'
import { AppraisalPool } from '../../src/check/node/appraisal-pool.ts'
import { exitCodeOf } from '../../src/verify/report.ts'
import { walk, type WalkReport } from '../../src/verify/walk.ts'
import { origin, policy, startMs, TestChain } from '../support/chain.ts'
import { releaseBy, transferMembers, type UnitReference } from '../support/custody.ts'
import { signerNamed } from '../support/signers.ts'
import { itemFor, statement } from '../support/statements.ts'

installNativePrimitives()
const iat = startMs / 1000
const people = ['police', 'lab', 'archive'] as const

/** A JWS whose header names another algorithm. */
function withAlg(jws: string, alg: string): string {
  const [header = '', ...rest] = jws.split('.')
  const told = { ...(JSON.parse(Buffer.from(header, 'base64url').toString()) as object), alg }
  return [Buffer.from(JSON.stringify(told)).toString('base64url'), ...rest].join('.')
}

/** A JWS with a signature that is spelt as one, and does not verify. */
function withOtherSignature(jws: string): string {
  const [header, payload, signature = ''] = jws.split('.')
  return `${header}.${payload}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`
}

/** A chain with a deposit of two items by `police`, in the entry that `exhibit` names. */
class CustodyChain {
  readonly chain = new TestChain().start()
  readonly exhibit: number

  constructor() {
    for (const id of people) this.chain.admit(id, ['depositor'])
    this.chain.admit('court', ['authority'])
    this.exhibit = this.say('police', 'evidence.deposit', { items: [itemFor('a'), itemFor('b')] })
  }

  say(by: string, kind: string, members: object): number {
    return this.chain.add(statement(signerNamed(by), origin, kind, members, { iss: by, iat }).jws)
  }

  hand(
    from: string,
    to: string,
    more: { inLieu?: string; item?: number; alg?: string; isAltered?: boolean } = {},
  ): number {
    const { item, alg, isAltered = false, ...over } = more
    const of: UnitReference = { ...this.chain.reference(this.exhibit), ...(item === undefined ? {} : { item }) }
    const since = this.chain.bytes.length - 1
    const signed = releaseBy(signerNamed(from), { aud: origin, iss: from, to, exhibits: [of], since, iat, ...over })
    const altered = isAltered ? withOtherSignature(signed) : signed
    const release = alg === undefined ? altered : withAlg(altered, alg)
    return this.say(to, 'custody.transfer', transferMembers(release, 'accepted', 1))
  }

  /** Entries that nobody moves anything by. */
  fill(count: number): void {
    for (let i = 0; i < count; i++) this.say('police', 'evidence.deposit', { items: [itemFor(`filling ${i}`)] })
  }

  async checkpoint(): Promise<SignedCheckpoint> {
    this.chain.seal()
    return parseSignedCheckpoint(await this.chain.checkpoint())
  }
}

const codes = ({ faults }: WalkReport): (readonly [number | undefined, string])[] =>
  faults.map(({ index, code }) => [index, code])
const open = ({ unjudged }: WalkReport): unknown[] => unjudged.map(({ index }) => index)
const exit = ({ faults, unjudged }: WalkReport): number => exitCodeOf(faults, unjudged)

/** The chain as it is now, in full, on threads, and from a trusted checkpoint. */
async function walkedAllWays({ chain }: CustodyChain, trusted: SignedCheckpoint): Promise<WalkReport[]> {
  chain.seal()
  const appraiser = new AppraisalPool(undefined, 'tables', 2, 0)
  try {
    return [
      await walk({ source: chain, policy }),
      await walk({ source: chain, policy, appraiser }),
      await walk({ source: chain, policy, trusted }),
      await walk({ source: chain, policy, trusted, appraiser }),
    ]
  } finally {
    await appraiser.close()
  }
}

describe('custody in a walk', () => {
  it('is the same in full, on threads and from a trusted size', async () => {
    const made = new CustodyChain()
    made.hand('police', 'lab')
    made.fill(600)
    const trusted = await made.checkpoint()
    made.hand('lab', 'archive')
    const wrong = made.hand('lab', 'police')
    made.fill(300)
    const ordered = made.hand('court', 'police', { inLieu: 'key-lost' })
    for (const report of await walkedAllWays(made, trusted)) {
      expect([codes(report), open(report)]).toEqual([[[wrong, 'custody-not-holder']], []])
      expect([report.flagged.map(({ index }) => index), exit(report)]).toEqual([[ordered], 1])
      expect(report.faults[0]).toMatchObject({ where: 'release.exhibits[0]', expected: 'archive', found: 'lab' })
    }
  })

  it('names a release whose signature does not verify, on threads that verify many at once as anywhere', async () => {
    const made = new CustodyChain()
    const trusted = await made.checkpoint()
    const holders = ['police', 'lab', 'archive'] as const
    // So many by each key that tables of it are made.
    for (let i = 0; i < 120; i++) made.hand(holders[i % 3] as string, holders[(i + 1) % 3] as string)
    const wrong = made.hand('police', 'lab', { isAltered: true })
    made.hand('police', 'archive')
    made.fill(300)
    for (const report of await walkedAllWays(made, trusted))
      expect([codes(report), open(report)]).toEqual([[[wrong, 'release-signature']], []])
  })

  it('is not judged after an unknown kind of custody below the trusted size', async () => {
    const made = new CustodyChain()
    const unknown = made.say('police', 'custody.lend', {})
    made.fill(20)
    const trusted = await made.checkpoint()
    const later = made.hand('archive', 'lab')
    const certain = made.hand('court', 'archive', { inLieu: 'key-lost', item: 0 })
    for (const report of await walkedAllWays(made, trusted)) {
      expect([codes(report), open(report), exit(report)]).toEqual([[], [unknown, later], 4])
    }
    const wrong = made.hand('lab', 'police', { item: 0 })
    for (const report of await walkedAllWays(made, trusted)) {
      expect([codes(report), open(report)]).toEqual([[[wrong, 'custody-not-holder']], [unknown, later]])
      expect([report.flagged.map(({ index }) => index), exit(report)]).toEqual([[certain], 1])
    }
  })

  it('is not judged after a release below the trusted size that is signed by an algorithm of a later version', async () => {
    const made = new CustodyChain()
    const unknown = made.hand('police', 'lab', { alg: 'ML-DSA-44' })
    made.fill(600)
    const trusted = await made.checkpoint()
    const later = [
      made.hand('police', 'archive'),
      made.hand('lab', 'archive'),
      made.hand('archive', 'lab', { item: 1 }),
    ]
    const certain = made.hand('court', 'archive', { inLieu: 'key-lost', item: 0 })
    const moved = made.hand('archive', 'lab', { item: 0 })
    for (const report of await walkedAllWays(made, trusted)) {
      expect([codes(report), open(report), exit(report)]).toEqual([[], [unknown, ...later], 4])
      expect(report.flagged.map(({ index }) => index)).toEqual([certain])
    }
    const wrong = made.hand('archive', 'police', { item: 0 })
    for (const report of await walkedAllWays(made, trusted)) {
      expect([codes(report), exit(report)]).toEqual([[[wrong, 'custody-not-holder']], 1])
      expect(report.faults[0]).toMatchObject({ expected: 'lab', found: 'archive' })
      expect(moved).toBeLessThan(wrong)
    }
  })

  it('blames no transfer for one below the trusted size that is altered or missing', async () => {
    for (const damage of [
      (bytes: Uint8Array) => bytes.with(bytes.length - 5, (bytes[bytes.length - 5] as number) ^ 1),
      () => undefined as unknown as Uint8Array,
    ]) {
      const made = new CustodyChain()
      const moved = made.hand('police', 'lab')
      made.fill(20)
      const trusted = await made.checkpoint()
      const later = made.hand('lab', 'archive')
      made.chain.seal()
      made.chain.bytes[moved] = damage(made.chain.bytes[moved] as Uint8Array)
      for (const report of [
        await walk({ source: made.chain, policy }),
        await walk({ source: made.chain, policy, trusted }),
      ]) {
        expect(codes(report).every(([index]) => index === moved)).toBe(true)
        expect(open(report)).toContain(later)
        const others = report.faults.filter(({ index }) => index !== moved)
        expect(exitCodeOf(others, report.unjudged)).toBe(4)
      }
    }
  })
})
