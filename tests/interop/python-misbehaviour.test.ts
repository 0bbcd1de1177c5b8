import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { utf8 } from '../../src/core/bytes.ts'
import { Tile } from '../../src/core/merkle/tile.ts'
import { inclusionProof } from '../../src/core/merkle/tiles.ts'
import { encodeLogPolicy } from '../../src/core/policy.ts'
import { encodeMisbehaviour } from '../../src/core/misbehaviour.ts'
import { checkMisbehaviour } from '../../src/verify/check-misbehaviour.ts'
import { depositor, ledgerKey, origin, policy, startMs, TestChain } from '../support/chain.ts'
import { temporaryFolder } from '../support/folder.ts'
import { verifier } from '../support/python-verifier.ts'
import { deposit, itemFor, statement } from '../support/statements.ts'
import { lacks } from '../support/system-tools.ts'

const iat = startMs / 1000

/** Appends an entry that breaks a rule by itself, or none. */
const entries: Readonly<Record<string, (chain: TestChain) => unknown>> = {
  sound: (chain) => chain.add(deposit(depositor, origin, 'sound', { iat }).jws),
  'audience-wrong': (chain) => chain.add(deposit(depositor, origin, 'x', { iat, aud: 'other.example/x' }).jws),
  'index-wrong': (chain) => chain.add(deposit(depositor, origin, 'x', { iat }).jws, { index: 77 }),
  'jws-malformed': (chain) => chain.add('not.a.jws'),
  'items-count': (chain) => chain.add(statement(depositor, origin, 'evidence.deposit', { items: [] }, { iat }).jws),
  'jti-malformed': (chain) => chain.add(deposit(depositor, origin, 'x', { iat, jti: 'zz' }).jws),
  'entry-malformed': (chain) => chain.bytes.push(utf8('evidence-ledger/entry/v1\n')),
  'issued-in-future': (chain) => chain.add(deposit(depositor, origin, 'x', { iat: iat + 90_000 }).jws),
  'genesis-misplaced': (chain) => chain.add(statement(depositor, origin, 'ledger.genesis', { origin }, { iat }).jws),
  'reference-not-found': (chain) =>
    chain.add(
      statement(
        depositor,
        origin,
        'evidence.attest',
        { of: { ...chain.reference(1), index: 99 }, as: 'holder' },
        { iat },
      ).jws,
    ),
  // Whether it is forbidden is not known.
  unknown: (chain) =>
    chain.add(statement(depositor, origin, 'evidence.future', { items: [itemFor('x')] }, { iat }).jws),
}

describe.skipIf(lacks('python3', 'python3-cryptography'))('a proof of misbehaviour of two entries', () => {
  const { path, remove } = temporaryFolder()
  const file = join(path, 'x.misbehaviour')
  const policyFile = join(path, 'policy')
  writeFileSync(policyFile, encodeLogPolicy(ledgerKey))
  afterAll(remove)

  async function proof(names: readonly string[]): Promise<Uint8Array> {
    const chain = new TestChain().start()
    for (const name of names) entries[name]?.(chain)
    chain.seal()
    const tile = Tile.parse((await chain.tile(0, 0, chain.bytes.length)) as Uint8Array)
    const sealed = names.map((_, i) => {
      const index = i + 2
      const bytes = chain.bytes[index] as Uint8Array
      return { index, bytes, proof: inclusionProof(index, chain.bytes.length, () => tile) }
    })
    return encodeMisbehaviour({ kind: 'entry', notes: [utf8(chain.note)], entries: sealed })
  }
  /** Exit code and the rule that is broken first, of each verifier. */
  async function both(names: readonly string[]): Promise<unknown[]> {
    const bytes = await proof(names)
    writeFileSync(file, bytes)
    const own = checkMisbehaviour(bytes, policy)
    const theirs = verifier(['check', file, '--policy', policyFile]) as unknown as { exit: number; proves: string[] }
    return [
      [own.faults.length === 0 ? 0 : 1, own.code],
      [theirs.exit, theirs.proves[0]],
    ]
  }

  const broken = Object.keys(entries).filter((name) => name !== 'sound' && name !== 'unknown')
  it.each(broken)('R2-B1: proves %s of either of them, as of one alone, in both verifiers', async (name) => {
    const proven = [
      [0, expect.any(String)],
      [0, expect.any(String)],
    ]
    for (const names of [[name], [name, 'sound'], ['sound', name], [name, 'unknown'], ['unknown', name]]) {
      const found = await both(names)
      expect([names, found]).toEqual([names, proven])
      expect([names, found[0]]).toEqual([names, found[1]])
    }
  })

  it('R2-B1: proves nothing of two that break none', async () => {
    const unproven = [
      [1, undefined],
      [1, undefined],
    ]
    for (const names of [['sound', 'unknown'], ['unknown', 'sound'], ['unknown']])
      expect([names, await both(names)]).toEqual([names, unproven])
  })
})
