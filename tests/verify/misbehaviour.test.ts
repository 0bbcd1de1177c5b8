import { randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { toBase64 } from '../../src/core/base64.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { signCheckpoint } from '../../src/core/checkpoint.ts'
import { leafHash } from '../../src/core/entry.ts'
import { Tile } from '../../src/core/merkle/tile.ts'
import { inclusionProof } from '../../src/core/merkle/tiles.ts'
import { encodeLogPolicy, parsePolicy } from '../../src/core/policy.ts'
import {
  encodeMisbehaviour,
  isMisbehaviour,
  type Misbehaviour,
  parseMisbehaviour,
} from '../../src/core/misbehaviour.ts'
import { checkMisbehaviour } from '../../src/verify/check-misbehaviour.ts'
import { prefixHashes, prefixParts } from '../../src/verify/prefix-parts.ts'
import {
  administrator,
  depositor,
  ledgerKey,
  ledgerSigner,
  origin,
  policy,
  startMs,
  TestChain,
} from '../support/chain.ts'
import { approve, changeMembers, composeProposal } from '../../src/statements/approval-file.ts'
import { temporaryFolder } from '../support/folder.ts'
import { python } from '../support/python.ts'
import { signerNamed } from '../support/signers.ts'
import { deposit, itemFor, statement } from '../support/statements.ts'

const iat = startMs / 1000
const { path, remove } = temporaryFolder()
afterAll(remove)

/** An entry of a chain with its proof at the chain's size. */
async function sealed(chain: TestChain, index: number, signer = depositor.jwk) {
  const tile = Tile.parse((await chain.tile(0, 0, chain.bytes.length)) as Uint8Array)
  const proof = inclusionProof(index, chain.bytes.length, () => tile)
  return { index, bytes: chain.bytes[index] as Uint8Array, proof, signer }
}

async function entryProof(chain: TestChain, ...indices: number[]): Promise<Uint8Array> {
  chain.seal()
  const entries = await Promise.all(indices.map((index) => sealed(chain, index)))
  return encodeMisbehaviour({ kind: 'entry', notes: [utf8(chain.note)], entries })
}

const checked = (bytes: Uint8Array) => {
  const { faults, code, says } = checkMisbehaviour(bytes, policy)
  return faults.length === 0 ? { code, says: says.length > 0 } : { fault: faults[0]?.code }
}

describe('R3-M12: a reference to an entry of a kind that is not known here', () => {
  it.each<[string, object, string | undefined]>([
    ['proves nothing', {}, undefined],
    ['whatever item it names', { item: 7 }, undefined],
    ['but has its leaf hash', { leafHash: toBase64(new Uint8Array(32)) }, 'reference-hash'],
  ])('%s', async (_, more, broken) => {
    const chain = new TestChain().start()
    const index = chain.add(statement(depositor, origin, 'evidence.deposit2', { items: [itemFor('x')] }, { iat }).jws)
    const of = { index, leafHash: toBase64(leafHash(chain.bytes[index] as Uint8Array)), ...more }
    const upper = chain.add(statement(depositor, origin, 'evidence.attest', { of, as: 'notary' }, { iat }).jws)
    const proof = await entryProof(chain, index, upper)
    expect(checked(proof)).toEqual(
      broken === undefined ? { fault: 'misbehaviour-unproven' } : { code: broken, says: true },
    )
    const file = join(path, 'a.misbehaviour')
    writeFileSync(file, proof)
    writeFileSync(join(path, 'policy'), encodeLogPolicy(ledgerKey))
    const theirs = python('evidence_verify.py', ['check', file, '--policy', join(path, 'policy'), '--json'])
    const { proves, faults } = theirs.json<{ proves: string[]; faults: { code: string }[] }>()
    expect([proves, faults.map(({ code }) => code)]).toEqual(
      broken === undefined ? [[], ['misbehaviour-unproven']] : [[broken], []],
    )
  })
})

describe('the parts of a prefix', () => {
  it.each([
    [
      1,
      2,
      [
        [0, 1],
        [1, 2],
      ],
    ],
    [
      3,
      7,
      [
        [0, 2],
        [2, 3],
        [3, 4],
        [4, 7],
      ],
    ],
    [
      4,
      7,
      [
        [0, 4],
        [4, 7],
      ],
    ],
    [
      6,
      7,
      [
        [0, 4],
        [4, 6],
        [6, 7],
      ],
    ],
  ])('of %i in %i', (size1, size2, expected) => {
    expect(prefixParts(size1, size2).map(({ begin, end }) => [begin, end])).toEqual(expected)
  })
})

describe('an inconsistent pair', () => {
  const base = new TestChain().start()
  const two = (size: number, changed?: number) => {
    const chain = new TestChain()
    chain.bytes.push(...base.bytes)
    for (let i = 0; chain.bytes.length < size; i++) {
      const content = i === changed ? 'other' : `content ${i}`
      chain.add(
        deposit(depositor, origin, content, { iat, jti: `00000000-0000-4000-8000-${String(i).padStart(12, '0')}` }).jws,
      )
    }
    return chain.seal()
  }
  const proofOf = async (one: TestChain, other: TestChain): Promise<Misbehaviour> => {
    const tile = Tile.parse((await other.tile(0, 0, 256)) as Uint8Array)
    const hashes = prefixHashes(
      one.bytes.length,
      other.bytes.length,
      ({ height, index }) => tile.node(height, index) as Uint8Array,
    )
    return { kind: 'inconsistent', notes: [utf8(one.note), utf8(other.note)], hashes }
  }

  it('is proven for every pair of small sizes, and never for a prefix', async () => {
    for (let size2 = 4; size2 <= 13; size2++) {
      const honest = two(size2)
      for (let size1 = 3; size1 < size2; size1++) {
        const bytes = encodeMisbehaviour(await proofOf(two(size1, 0), honest))
        expect([size1, size2, checked(bytes)]).toEqual([size1, size2, { code: undefined, says: true }])
        const prefix = encodeMisbehaviour(await proofOf(two(size1), honest))
        expect(checked(prefix)).toEqual({ fault: 'misbehaviour-unproven' })
      }
    }
  })

  it('needs the hashes of the larger tree, all of them, and no more', async () => {
    const proof = (await proofOf(two(5, 0), two(9))) as Extract<Misbehaviour, { kind: 'inconsistent' }>
    const { hashes } = proof
    expect(checked(encodeMisbehaviour({ ...proof, hashes: [] }))).toEqual({ fault: 'misbehaviour-malformed' })
    for (const wrong of [hashes.slice(1), [...hashes, hashes[0] as Uint8Array], [...hashes].reverse()])
      expect(checked(encodeMisbehaviour({ ...proof, hashes: wrong }))).toEqual({ fault: 'misbehaviour-unproven' })
    const [a, b] = proof.notes
    expect(checked(encodeMisbehaviour({ ...proof, notes: [a, a] }))).toEqual({ fault: 'misbehaviour-unproven' })
    expect(checked(encodeMisbehaviour({ ...proof, notes: [b, a] }))).toEqual({ code: undefined, says: true })
  })
})

describe('a split view', () => {
  const note = (root: number, signer = ledgerSigner, name = origin): Uint8Array =>
    utf8(signCheckpoint({ origin: name, size: 5, root: new Uint8Array(32).fill(root) }, ledgerKey, signer.sign))
  const proof = (...notes: [Uint8Array, Uint8Array]): Uint8Array => encodeMisbehaviour({ kind: 'split-view', notes })

  it('is proven by one key alone', () => {
    expect(checked(proof(note(1), note(2)))).toEqual({ code: undefined, says: true })
    expect(checked(proof(note(1), note(1)))).toEqual({ fault: 'misbehaviour-unproven' })
    expect(checked(proof(note(1), note(2, signerNamed('stranger'))))).toEqual({ fault: 'signature-invalid' })
    expect(checked(proof(note(1), note(2, ledgerSigner, 'other.example/x')))).toEqual({
      fault: 'misbehaviour-unproven',
    })
    const { faults } = checkMisbehaviour(proof(note(1), note(2)), parsePolicy(utf8('quorum none\n')))
    expect(faults[0]?.code).toBe('misbehaviour-unproven')
  })
})

describe('an entry that breaks a rule', () => {
  let chain: TestChain
  const fresh = (): TestChain => {
    chain = new TestChain().start().deposits(2)
    return chain
  }
  const add = (kind: string, members: object, options = {}, signer = depositor): number =>
    chain.add(statement(signer, origin, kind, members, { iat, ...options }).jws)
  const items = [itemFor('x')]
  const policyPath = join(path, 'judged.policy')
  writeFileSync(policyPath, encodeLogPolicy(ledgerKey))

  /** The Python verifier's word on a proof: the code that is proven, or the fault. */
  function theirs(proof: Uint8Array): object {
    const file = join(path, 'judged.misbehaviour')
    writeFileSync(file, proof)
    const { proves, faults } = python('evidence_verify.py', ['check', file, '--policy', policyPath, '--json']).json<{
      proves: string[]
      faults: { code: string }[]
    }>()
    return faults.length === 0 ? { code: proves[0], says: proves.length > 0 } : { fault: faults[0]?.code }
  }
  /** A `ledger.change` of an empty registry, whose proposal has one wrong member. */
  const change = (more: object): number => {
    const common = { aud: origin, jti: randomUUID(), exp: iat + 3600, kind: 'ledger.set-format' as const, ...more }
    return add('ledger.change', changeMembers(approve(composeProposal(common, { version: 2 }), administrator)))
  }

  it.each<[string, string, () => number[]]>([
    ['items-count', 'members', () => [add('evidence.deposit', { items: [] })]],
    ['audience-wrong', 'for another ledger', () => [add('evidence.deposit', { items }, { aud: 'other.example/x' })]],
    ['issued-in-future', 'from the future', () => [add('evidence.deposit', { items }, { iat: iat + 90_000 })]],
    [
      'signature-invalid',
      'signed by another',
      () => {
        const [head, payload] = deposit(depositor, origin, 'x', { iat }).jws.split('.') as [string, string]
        const forged = deposit(depositor, origin, 'y', { iat }).jws.split('.')[2]
        return [chain.add(`${head}.${payload}.${forged}`)]
      },
    ],
    [
      'index-wrong',
      'with another index',
      () => [chain.add(deposit(depositor, origin, 'x', { iat }).jws, { index: 9 })],
    ],
    [
      'entry-malformed',
      'that is none',
      () => {
        chain.bytes.push(utf8('evidence-ledger/entry/v1\n'))
        return [chain.bytes.length - 1]
      },
    ],
    ['genesis-misplaced', 'a second genesis', () => [add('ledger.genesis', { origin })]],
    [
      'genesis-missing',
      'that is the first',
      () => {
        chain = new TestChain()
        return [add('evidence.deposit', { items })]
      },
    ],
    ['audience-wrong', 'R5 a change that was approved for another ledger', () => [change({ aud: 'other.example/x' })]],
    ['proposal-malformed', 'R5 a change whose proposal is none', () => [change({ exp: -1 })]],
    [
      'reference-not-found',
      'that relates to itself',
      () => [add('evidence.deposit', { items, relates: [{ ...chain.reference(2), index: 5, rel: 'corrects' }] })],
    ],
    [
      'reference-not-found',
      'of what is not there',
      () => [add('evidence.attest', { of: { ...chain.reference(2), index: 99 }, as: 'holder' })],
    ],
    [
      'link-broken',
      'not linked',
      () => [3, chain.add(deposit(depositor, origin, 'x', { iat }).jws, { previous: new Uint8Array(32) })],
    ],
    [
      'time-reversed',
      'earlier than one before',
      () => [2, chain.add(deposit(depositor, origin, 'x', { iat: iat - 9 }).jws, { timeMs: startMs + 2000 })],
    ],
    [
      'jti-reused',
      'with a jti again',
      () => {
        const jti = randomUUID()
        return [
          add('evidence.deposit', { items }, { jti }),
          add('evidence.deposit', { items: [itemFor('z')] }, { jti }),
        ]
      },
    ],
    [
      'reference-hash',
      'of another hash',
      () => [2, add('evidence.attest', { of: { ...chain.reference(3), index: 2 }, as: 'holder' })],
    ],
    ['reference-kind', 'of no deposit', () => [1, add('evidence.attest', { of: chain.reference(1), as: 'holder' })]],
    [
      'reference-item',
      'of an item too many',
      () => [2, add('evidence.attest', { of: { ...chain.reference(2), item: 7 }, as: 'holder' })],
    ],
    [
      'retract-not-own',
      'retracts another’s',
      () => [2, add('evidence.retract', { of: chain.reference(2), reason: 'mistake' }, { iss: 'else' }, administrator)],
    ],
  ])('%s: %s', async (code, _name, make) => {
    fresh()
    const indices = make()
    const proof = await entryProof(chain, ...indices)
    expect(checked(proof)).toEqual({ code, says: true })
    expect(theirs(proof)).toEqual({ code, says: true })
  })

  it('is none where every rule that the file can show holds', async () => {
    fresh()
    // What the table of page 17 does not name proves nothing, even where one entry shows it.
    for (const index of [change({ exp: iat - 1 }), change({}), change({ kind: 'ledger.set-format2' })]) {
      const proof = await entryProof(chain, index)
      expect([checked(proof), theirs(proof)]).toEqual(Array(2).fill({ fault: 'misbehaviour-unproven' }))
    }
    fresh()
    expect(checked(await entryProof(chain, 2))).toEqual({ fault: 'misbehaviour-unproven' })
    expect(checked(await entryProof(chain, 2, 3))).toEqual({ fault: 'misbehaviour-unproven' })
    // A later version's entry is not judged, and a stranger's key convicts nobody.
    const { sign: _sign, ...stranger } = signerNamed('stranger')
    const entry = await sealed(chain, 2, stranger.jwk)
    expect(checked(encodeMisbehaviour({ kind: 'entry', notes: [utf8(chain.note)], entries: [entry] }))).toEqual({
      fault: 'misbehaviour-unproven',
    })
    const moved = { ...entry, index: 3 }
    expect(checked(encodeMisbehaviour({ kind: 'entry', notes: [utf8(chain.note)], entries: [moved] }))).toEqual({
      fault: 'misbehaviour-unproven',
    })
  })
})

describe('the file', () => {
  it('is written again as it was read, and in one spelling only', async () => {
    const chain = new TestChain().start().deposits(2)
    chain.add(statement(depositor, origin, 'evidence.deposit', { items: [] }, { iat }).jws)
    const bytes = await entryProof(chain, 3, 4)
    expect(isMisbehaviour(bytes)).toBe(true)
    const text = Buffer.from(bytes).toString()
    expect(Buffer.from(encodeMisbehaviour(parseMisbehaviour(bytes).proof)).toString()).toBe(text)
    const lines = text.split('\n')
    const broken = [
      `${text}\n`,
      text.slice(0, -1),
      text.replace('\nentry\n', '\nother\n'),
      text.replace('entry 3 ', 'entry 03 '),
      text.replace('hash ', 'hash  '),
      text.replace('/v1', '/v2'),
      text.replace(/^hash .*$/m, 'hash AAAA'),
      [...lines.slice(0, 2), ...lines.slice(3)].join('\n'),
      text.replaceAll('\n', '\r\n'),
      `${text}entry 3 AAAA\nentry 3 AAAA\n`,
    ]
    for (const one of broken) expect(checked(utf8(one)).fault).toBe('misbehaviour-malformed')
    expect(checked(new Uint8Array(1024 * 1024 + 1)).fault).toBe('misbehaviour-malformed')
  })
})
