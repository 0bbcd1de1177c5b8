import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { utf8 } from '../../src/core/bytes.ts'
import { signCheckpoint } from '../../src/core/checkpoint.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import { sha256 } from '../../src/core/hash.ts'
import { emptyRoot } from '../../src/core/merkle/hashing.ts'
import type { MonitorEvent } from '../../src/monitor/events.ts'
import { LedgerMonitor, type VantagePoint } from '../../src/monitor/monitor.ts'
import { UnreachedNotes } from '../../src/monitor/unreached.ts'
import { VerifiedCopy } from '../../src/monitor/verified-copy.ts'
import { checkMisbehaviour } from '../../src/verify/check-misbehaviour.ts'
import { depositor, ledgerKey, ledgerSigner, origin, policy, startMs, TestChain } from '../support/chain.ts'
import { temporaryFolder } from '../support/folder.ts'
import { signerNamed } from '../support/signers.ts'
import { deposit, itemFor, statement } from '../support/statements.ts'

const iat = startMs / 1000
let path: string
let remove: () => void

beforeEach(() => {
  ;({ path, remove } = temporaryFolder())
})
afterEach(() => remove())

/** A place whose ledger can be exchanged for another. */
class Place implements VantagePoint {
  readonly where: string
  chain: TestChain | undefined
  private readonly isLedger: boolean
  constructor(where: string, chain: TestChain | undefined, isLedger = true) {
    this.where = where
    this.chain = chain
    this.isLedger = isLedger
  }
  checkpoint(): Promise<Uint8Array> {
    if (this.chain === undefined) throw new EvidenceError('server-unreachable', `${this.where} cannot be reached`)
    return this.chain.checkpoint()
  }
  get source(): TestChain {
    return (this.isLedger ? this.chain : undefined) as TestChain
  }
}

async function monitorOf(...points: Place[]): Promise<LedgerMonitor> {
  const { copy } = await VerifiedCopy.open(join(path, 'copy'), origin, policy)
  return new LedgerMonitor({
    copy,
    policy,
    points: () => points,
    proofs: join(path, 'proofs'),
    unreached: new UnreachedNotes(join(path, 'copy', 'unreached')),
    watch: { digests: [], participants: [] },
  })
}

const summary = (events: readonly MonitorEvent[]): string[] =>
  events.map(({ event, what, where }) => `${event} ${what} ${where}`)

function fork(base: TestChain, ...contents: string[]): TestChain {
  const chain = new TestChain()
  chain.bytes.push(...base.bytes)
  for (const content of contents)
    chain.add(deposit(depositor, origin, content, { iat }).jws, { timeMs: startMs + 60_000 })
  return chain.seal()
}

describe('a monitor', () => {
  const base = new TestChain().start().deposits(2).seal()

  it('tells a fork once while it lasts, and again when it comes again', async () => {
    const [one, two] = [fork(base, 'a'), fork(base, 'b')]
    const [first, second] = [new Place('first', one), new Place('second', one)]
    const monitor = await monitorOf(first, second)
    expect(summary(await monitor.poll())).toEqual(['notice grown first'])
    second.chain = two
    expect(summary(await monitor.poll())).toEqual(['alarm misbehaviour second'])
    expect(await monitor.poll()).toEqual([])
    second.chain = one
    expect(await monitor.poll()).toEqual([])
    second.chain = two
    expect(summary(await monitor.poll())).toEqual(['alarm misbehaviour second'])
  })

  it('goes on over what cannot be reached, is behind, or is signed by a stranger', async () => {
    const [longer, gone] = [fork(base, 'a', 'b'), new Place('gone', undefined)]
    const stranger = fork(base, 'a').seal(signerNamed('stranger'))
    const monitor = await monitorOf(
      gone,
      new Place('old', base),
      new Place('stranger', stranger),
      new Place('new', longer),
    )
    expect(summary(await monitor.poll()).sort()).toEqual([
      'alarm fault stranger',
      'notice behind old',
      'notice grown new',
      'notice unreachable gone',
    ])
    gone.chain = longer
    expect(summary(await monitor.poll())).toEqual(['notice behind old'])
  })

  it('FR: takes a signed checkpoint of no entries for behind where its root is the empty one, else for a fault, once', async () => {
    const emptyAs = (root: Uint8Array): TestChain => {
      const chain = new TestChain()
      chain.note = signCheckpoint({ origin, size: 0, root }, ledgerKey, ledgerSigner.sign)
      return chain
    }
    const wrong = emptyAs(sha256(utf8('something')))
    const [other, witness] = [new Place('other', wrong), new Place('witness', wrong, false)]
    for (const before of [[], [new Place('ledger', base)]]) {
      const monitor = await monitorOf(...before, other, witness)
      other.chain = wrong
      expect(await monitor.poll()).toMatchObject([
        { event: 'alarm', what: 'fault', where: 'other', finding: { code: 'root-mismatch' } },
        { event: 'alarm', what: 'fault', where: 'witness', finding: { code: 'root-mismatch' } },
        ...before.map(() => ({ what: 'grown' })),
      ])
      expect(await monitor.poll()).toEqual([])
      other.chain = emptyAs(emptyRoot())
      expect(summary(await monitor.poll())).toEqual(
        before.length === 0 ? ['notice grown other'] : ['notice behind other'],
      )
    }
  })

  it('takes a witness that is ahead for no fault, and one that saw a fork for a proof', async () => {
    const ledger = new Place('ledger', base)
    const witness = new Place('witness', fork(base, 'a'), false)
    const monitor = await monitorOf(ledger, witness)
    expect(summary(await monitor.poll())).toEqual(['notice grown ledger', 'notice behind witness'])
    ledger.chain = fork(base, 'b', 'c')
    const events = await monitor.poll()
    expect(summary(events)).toEqual(['notice grown ledger', 'alarm misbehaviour witness'])
  })

  it('tells an entry that breaks the rulebook with what proves it, and what needs a newer verifier', async () => {
    const chain = new TestChain().start().deposits(1)
    const jti = '11111111-2222-4333-8444-555555555555'
    for (const content of ['x', 'y'])
      chain.add(statement(depositor, origin, 'evidence.deposit', { items: [itemFor(content)] }, { iat, jti }).jws)
    chain.add(statement(depositor, origin, 'evidence.of-tomorrow', {}, { iat }).jws)
    chain.add(statement(signerNamed('nobody'), origin, 'evidence.deposit', { items: [itemFor('z')] }, { iat }).jws)
    const monitor = await monitorOf(new Place('ledger', chain.seal()))
    const events = await monitor.poll()
    expect(events).toMatchObject([
      { what: 'grown' },
      { event: 'alarm', what: 'fault', finding: { code: 'jti-reused', index: 4 } },
      { event: 'alarm', what: 'fault', finding: { code: 'key-unknown', index: 6 } },
      { event: 'notice', what: 'unjudged', finding: { index: 5 } },
    ])
    const [, reused, unknown] = events as { file?: string }[]
    expect(checkMisbehaviour(readFileSync(reused?.file as string), policy)).toMatchObject({
      faults: [],
      code: 'jti-reused',
    })
    // That a key was not admitted takes every entry to show: the copy is the proof.
    expect(unknown?.file).toBeUndefined()
  })

  it('keeps to what it holds when a ledger withholds what its checkpoint signs', async () => {
    const place = new Place('ledger', base)
    const monitor = await monitorOf(place)
    await monitor.poll()
    const longer = fork(base, 'a')
    place.chain = Object.assign(Object.create(longer) as TestChain, { tile: () => Promise.resolve(undefined) })
    expect(await monitor.poll()).toMatchObject([
      { event: 'alarm', what: 'unproven', finding: { code: 'tile-missing' }, checkpoints: [base.note, longer.note] },
      { event: 'notice', what: 'behind' },
    ])
    place.chain = longer
    expect(summary(await monitor.poll())).toEqual(['notice grown ledger'])
  })
})
