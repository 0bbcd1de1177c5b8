import { describe, expect, it } from 'vitest'
import { utf8 } from '../../src/core/bytes.ts'
import { parseSignedCheckpoint, signCheckpoint } from '../../src/core/checkpoint.ts'
import { verifierKey } from '../../src/core/note.ts'
import { encodeLogPolicy, parsePolicy, type Policy } from '../../src/core/policy.ts'
import { installNativePrimitives } from '../../src/node/native.ts'
import { walk, type WalkReport } from '../../src/verify/walk.ts'
import { administrator, ledgerKey, origin, startMs, TestChain } from '../support/chain.ts'
import { signerNamed } from '../support/signers.ts'
import { statement } from '../support/statements.ts'

installNativePrimitives()

const next = signerNamed('next ledger key')
const nextKey = verifierKey(origin, next.publicKey)
const newPolicy: Policy = parsePolicy(utf8(encodeLogPolicy(nextKey)))

/** A ledger whose key was rotated by the entry at `rotation`, with `after` deposits after it, under the new key. */
function rotatedAt(rotation: number, after: number): TestChain {
  const chain = new TestChain().start().deposits(rotation - 2)
  // The possession is a checkpoint of this very ledger under the new key.
  const { checkpoint } = parseSignedCheckpoint(utf8(chain.seal().note))
  const members = {
    oldKey: ledgerKey.text,
    newKey: nextKey.text,
    reason: 'routine',
    possession: signCheckpoint(checkpoint, nextKey, next.sign),
  }
  const by = { iss: 'administrator', iat: startMs / 1000 }
  chain.add(statement(administrator, origin, 'ledger.rotate-key', members, by).jws)
  return chain.deposits(after).seal(next, nextKey)
}

function remove(chain: TestChain, begin: number, end: number): TestChain {
  chain.bytes.fill(undefined as unknown as Uint8Array, begin, end)
  return chain
}

const found = ({ faults, unjudged }: WalkReport): object => ({
  faults: faults.map(({ code, index }) => [code, index]),
  unjudged: unjudged.map(({ index }) => index),
})

describe('what an entry that cannot be read makes of the others', () => {
  it('finds no fault in a ledger whose key was rotated', async () => {
    const report = await walk({ source: rotatedAt(4, 3), policy: newPolicy })
    expect(found(report)).toEqual({ faults: [], unjudged: [] })
  })

  it('F-S1: a missing bundle before the rotation is missing entries, and no fault of the genesis', async () => {
    const report = await walk({ source: remove(rotatedAt(704, 0), 256, 512), policy: newPolicy })
    expect(report.faultCount).toBe(256)
    expect(new Set(report.faults.map(({ code }) => code))).toEqual(new Set(['entry-missing']))
    expect(report.unjudged).toEqual([])
    expect(report.participants).toBe(2)
  })

  it('F-S2: a missing rotation leaves open whether the key may sign, and blames no other entry', async () => {
    const report = await walk({ source: remove(rotatedAt(4, 3), 4, 5), policy: newPolicy })
    expect(found(report)).toEqual({ faults: [['entry-missing', 4]], unjudged: [undefined] })
    expect(report.participants).toBe(2)
  })

  it('F-S2: so does an altered one', async () => {
    const chain = rotatedAt(4, 3)
    chain.bytes[4] = utf8('evidence-ledger/entry/v1\n4\n')
    const report = await walk({ source: chain, policy: newPolicy })
    expect(found(report)).toEqual({
      faults: [
        ['entry-altered', 4],
        ['entry-malformed', 4],
      ],
      unjudged: [undefined],
    })
  })

  it('F-S2: and so do entries that all are gone from some bundle on, with their tiles', async () => {
    const chain = remove(rotatedAt(300, 3), 256, 304)
    const tiled = { ...sourceOf(chain), tile: () => Promise.resolve(undefined) }
    const report = await walk({ source: tiled, policy: newPolicy })
    expect(report.faults.map(({ code, index }) => [code, index])).toContainEqual(['entry-missing', 256])
    expect(report.faults.map(({ code }) => code)).not.toContain('genesis-ledger-keys')
    expect(report.unjudged.map(({ index }) => index)).toEqual([undefined])
  })

  it('a key that nothing brings is a fault where every entry was read', async () => {
    const chain = new TestChain().start().deposits(2).seal(next, nextKey)
    const report = await walk({ source: chain, policy: newPolicy })
    expect(found(report)).toEqual({ faults: [['genesis-ledger-keys', 0]], unjudged: [] })
  })
})

function sourceOf(chain: TestChain): Pick<TestChain, 'name' | 'checkpoint' | 'tile' | 'entries' | 'disclosuresIn'> {
  return {
    name: chain.name,
    checkpoint: () => chain.checkpoint(),
    tile: (level, n, width) => chain.tile(level, n, width),
    entries: (n, width) => chain.entries(n, width),
    disclosuresIn: (begin, end) => chain.disclosuresIn(begin, end),
  }
}
