import { beforeEach, describe, expect, it } from 'vitest'
import { toBase64 } from '../../src/core/base64.ts'
import { signCheckpoint } from '../../src/core/checkpoint.ts'
import { zeroHash } from '../../src/core/entry.ts'
import { verifierKey } from '../../src/core/note.ts'
import { currentLedgerKeys, signsAt } from '../../src/statements/registry.ts'
import type { Judgement } from '../../src/statements/rulebook.ts'
import { signerNamed } from '../support/signers.ts'
import { changeBy, administrator, ledgerKey, origin, rotation, RuleBench, violationsOf } from './bench.ts'

let bench: RuleBench
beforeEach(() => {
  bench = new RuleBench().begin()
  bench.admit('depositor', ['depositor'])
})

const say = (kind: string, members: object): Judgement => bench.say(administrator, 'administrator', kind, members)
const rotate = (members: object): string[] => violationsOf(say('ledger.rotate-key', members))

describe('a rotation of the ledger’s key', () => {
  it('hands over at the checkpoint of its own entry, which both keys sign', () => {
    const next = rotation('second ledger key')
    expect(rotate(next)).toEqual([])
    expect(currentLedgerKeys(bench.registry)).toEqual([next.newKey])
    const at = (vkey: string): boolean[] => [1, 2, 3, 4].map((size) => signsAt(bench.registry, vkey, size))
    expect(at(ledgerKey.text)).toEqual([true, true, true, false])
    expect(at(next.newKey)).toEqual([false, false, true, true])
    expect(signsAt(bench.registry, 'another', 1)).toBe(false)
  })

  it('may follow another, each key once', () => {
    const second = rotation('second ledger key')
    expect(rotate(second)).toEqual([])
    expect(rotate(rotation('third ledger key'))).toEqual(['ledger-key-retired'])
    expect(rotate(rotation('third ledger key', { oldKey: second.newKey }))).toEqual([])
    expect(rotate(rotation('ledger', { oldKey: rotation('third ledger key').newKey }))).toEqual(['ledger-key-invalid'])
  })

  it.each<[string, string]>([
    ['is no vkey', 'ledger'],
    ['is a witness’s', verifierKey(origin, signerNamed('x').publicKey, 4).text],
    ['bears another name', verifierKey('other.example', signerNamed('x').publicKey).text],
    ['is a participant’s', verifierKey(origin, signerNamed('depositor').publicKey).text],
    ['has another key id', rotation('x').newKey.replace(/\+[0-9a-f]{8}\+/, '+00000000+')],
    ['was the ledger’s before', ledgerKey.text],
  ])('refuses a key that %s', (_, newKey) => {
    const before = bench.registry
    expect(rotate(rotation('x', { newKey }))).toEqual(['ledger-key-invalid'])
    expect(bench.registry).toBe(before)
  })

  it('needs a checkpoint of this ledger, as it was, by the new key', () => {
    const signer = signerNamed('second ledger key')
    const key = verifierKey(origin, signer.publicKey)
    const note = (over: object): string =>
      signCheckpoint({ origin, size: 2, root: zeroHash, ...over }, key, signer.sign)
    const other = signerNamed('other')
    for (const possession of [
      'text',
      note({ origin: 'other.example' }),
      note({ size: 0 }),
      note({ size: 99 }),
      signCheckpoint({ origin, size: 2, root: zeroHash }, verifierKey(origin, other.publicKey), other.sign),
      note({}).replace(toBase64(zeroHash), toBase64(new Uint8Array(32).fill(1))),
    ])
      expect(rotate(rotation('second ledger key', { possession }))).toEqual(['ledger-possession'])
    Object.assign(bench, { rootAt: () => new Uint8Array(32).fill(7) })
    expect(rotate(rotation('second ledger key', { possession: note({}) }))).toEqual(['ledger-possession'])
    expect(rotate(rotation('second ledger key', { possession: note({ root: new Uint8Array(32).fill(7) }) }))).toEqual(
      [],
    )
  })

  it('takes the old and the new key from participants for ever', () => {
    expect(rotate(rotation('second ledger key'))).toEqual([])
    expect(violationsOf(bench.admit('x', ['depositor'], signerNamed('second ledger key')))).toEqual(['key-is-ledgers'])
    expect(violationsOf(bench.admit('x', ['depositor'], signerNamed('ledger')))).toEqual(['key-is-ledgers'])
  })
})

const signer = signerNamed('successor')
const next = 'next.example/ledger'
const checkpoint = (size: number): string =>
  signCheckpoint({ origin: next, size, root: zeroHash }, verifierKey(next, signer.publicKey), signer.sign)

describe('a ledger that is closed', () => {
  it('has no valid entry after it', () => {
    const successor = { origin: next, checkpoint: checkpoint(1) }
    expect(violationsOf(say('ledger.close', { reason: 'continued', successor }))).toEqual([])
    expect(bench.registry).toMatchObject({ closedAt: 2, successor })
    expect(violationsOf(bench.deposit('depositor'))).toEqual(['ledger-closed'])
    expect(violationsOf(say('ledger.close', { reason: 'ended' }))).toEqual(['ledger-closed'])
    expect(violationsOf(bench.deposit('nobody'))).toEqual(['ledger-closed', 'key-unknown'])
  })

  it('names a successor by its own first checkpoint', () => {
    for (const successor of [
      { origin: next, checkpoint: checkpoint(2) },
      { origin: 'third.example', checkpoint: checkpoint(1) },
      { origin: next, checkpoint: 'text' },
      { origin, checkpoint: checkpoint(1).replace(next, origin) },
    ])
      expect(violationsOf(say('ledger.close', { reason: 'continued', successor }))).toEqual(['successor-invalid'])
    expect(bench.registry.closedAt).toBeUndefined()
  })
})

describe('a ledger whose intake ended', () => {
  it('takes no deposit, and says which entry ended it', () => {
    expect(violationsOf(bench.deposit('depositor'))).toEqual([])
    expect(violationsOf(say('ledger.end-intake', { reason: 'period-ended' }))).toEqual([])
    expect(bench.registry).toMatchObject({ intakeEndedAt: 3 })
    const { violations, next: after } = bench.deposit('depositor')
    expect(violations).toMatchObject([{ code: 'intake-ended', facts: { index: 3 } }])
    expect(after).toBe(bench.registry)
    expect(violationsOf(bench.deposit('nobody'))).toEqual(['key-unknown', 'intake-ended'])
  })

  it('goes on with all else, and ends once', () => {
    bench.deposit('depositor')
    expect(violationsOf(say('ledger.end-intake', { reason: 'a-reason-of-its-own' }))).toEqual([])
    expect(violationsOf(bench.admit('x', ['attestor']))).toEqual([])
    const of = bench.reference(2)
    expect(violationsOf(bench.say(signerNamed('x'), 'x', 'evidence.attest', { of, as: 'witness' }))).toEqual([])
    expect(
      violationsOf(bench.say(signerNamed('depositor'), 'depositor', 'evidence.retract', { of, reason: 'mistake' })),
    ).toEqual([])
    expect(violationsOf(say('ledger.end-intake', { reason: 'other' }))).toEqual([])
    expect(bench.registry.intakeEndedAt).toBe(3)
    expect(violationsOf(say('ledger.close', { reason: 'ended' }))).toEqual([])
  })

  it('is ended by an administrator alone, or by as many as must approve', () => {
    expect(
      violationsOf(bench.say(signerNamed('depositor'), 'depositor', 'ledger.end-intake', { reason: 'other' })),
    ).toEqual(['role-missing'])
    expect(bench.registry.intakeEndedAt).toBeUndefined()
    bench.admit('second', ['administrator'])
    say('ledger.set-approvals', { administrators: 2 })
    expect(violationsOf(say('ledger.end-intake', { reason: 'other' }))).toEqual(['approvals-needed'])
    const approved = changeBy('ledger.end-intake', { reason: 'other' }, ['administrator', 'second'])
    expect(violationsOf(say('ledger.change', approved))).toEqual([])
    expect(violationsOf(bench.deposit('depositor'))).toEqual(['intake-ended'])
  })

  it('names the ledger that goes on, until the closing names another', () => {
    const first = { origin: next, checkpoint: checkpoint(1) }
    const bad = { ...first, checkpoint: checkpoint(2) }
    expect(violationsOf(say('ledger.end-intake', { reason: 'other', successor: bad }))).toEqual(['successor-invalid'])
    expect(bench.registry.intakeEndedAt).toBeUndefined()
    say('ledger.end-intake', { reason: 'continued', successor: first })
    expect(bench.registry.successor).toEqual(first)
    expect(violationsOf(say('ledger.close', { reason: 'ended' }))).toEqual([])
    expect(bench.registry.successor).toEqual(first)
  })
})
