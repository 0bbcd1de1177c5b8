import { beforeEach, describe, expect, it } from 'vitest'
import type { ErrorCode } from '../../src/core/errors.ts'
import { jwkOf } from '../../src/core/jwk.ts'
import type { Judgement } from '../../src/statements/rulebook.ts'
import { participantTypes, personalTypes } from '../../src/statements/vocabulary.ts'
import { craft, littleEndian, P } from '../core/torsion.ts'
import { ledgerSigner } from '../support/chain.ts'
import { signerNamed } from '../support/signers.ts'
import { administrator, RuleBench, unjudgedOf, violationsOf } from './bench.ts'

const fresh = signerNamed('fresh')

let bench: RuleBench
beforeEach(() => {
  bench = new RuleBench().begin()
  bench.admit('depositor', ['depositor'])
})

/** What a refusal is refused with; the registry must be the very object that it was. */
function refused(judge: () => Judgement): ErrorCode[] {
  const before = bench.registry
  const judgement = judge()
  expect(judgement.next).toBe(before)
  expect(bench.registry).toBe(before)
  return violationsOf(judgement)
}

describe('an admission', () => {
  it('adds a participant with its roles and one active key', () => {
    const judgement = bench.admit('clerk', ['attestor', 'auditor'], fresh, { name: 'Clerk’s office' })
    expect([judgement.violations, judgement.unjudged]).toEqual([[], []])
    expect(bench.registry.participants.get('clerk')).toEqual({
      id: 'clerk',
      type: 'organisation',
      roles: ['attestor', 'auditor'],
      name: 'Clerk’s office',
      since: 2,
    })
    expect(bench.registry.keys.get(fresh.thumbprint)).toEqual({
      jwk: fresh.jwk,
      publicKey: fresh.publicKey,
      thumbprint: fresh.thumbprint,
      participant: 'clerk',
      status: 'active',
      since: 2,
    })
  })

  it('leaves the registry before it as it was', () => {
    const before = bench.registry
    const snapshot = { participants: new Map(before.participants), keys: new Map(before.keys) }
    bench.admit('clerk', ['auditor'])
    expect({ participants: new Map(before.participants), keys: new Map(before.keys) }).toEqual(snapshot)
    expect(bench.registry).not.toBe(before)
  })

  it('acts from the next entry on', () => {
    const early = bench.deposit('clerk')
    bench.admit('clerk', ['depositor'])
    expect([violationsOf(early), violationsOf(bench.deposit('clerk'))]).toEqual([['key-unknown'], []])
  })

  it('of an unknown role applies, and is reported: the role grants nothing', () => {
    const judgement = bench.admit('watcher', ['observer', 'depositor', 'Administrator'])
    expect(violationsOf(judgement)).toEqual([])
    expect(unjudgedOf(judgement)).toEqual(['participant.roles'])
    expect(bench.registry.participants.get('watcher')?.roles).toEqual(['observer', 'depositor', 'Administrator'])
    expect(bench.registry.uncertainSince).toBeUndefined()
    expect(violationsOf(bench.deposit('watcher'))).toEqual([])
    const revoke = { participant: 'depositor', reason: 'other' }
    expect(violationsOf(bench.say(signerNamed('watcher'), 'watcher', 'participant.revoke', revoke))).toEqual([
      'role-missing',
    ])
  })

  it('names a person or lawyer in no clear text', () => {
    expect(personalTypes).toEqual(['person', 'lawyer'])
    for (const type of participantTypes) {
      const judgement = new RuleBench().begin().admit('p-0123456789abcdef', ['auditor'], fresh, { type, name: 'Name' })
      expect(violationsOf(judgement)).toEqual(type === 'person' || type === 'lawyer' ? ['name-of-person'] : [])
    }
    for (const type of personalTypes) {
      const judged = (id: string): string[] =>
        violationsOf(new RuleBench().begin().admit(id, ['auditor'], fresh, { type }))
      expect(judged('p-0123456789abcdef')).toEqual([])
      for (const id of [
        'somebody',
        'p-',
        'p-0123456789abcde',
        'p-0123456789abcdef0',
        'p-0123456789abcdeg',
        'xp-0123456789abcdef',
      ])
        expect(judged(id)).toEqual(['id-of-person'])
    }
    // Others may have an id of that form.
    expect(violationsOf(new RuleBench().begin().admit('p-0123456789abcdef', ['auditor'], fresh))).toEqual([])
  })
})

describe('an id', () => {
  it('is never used again: not while active, not after a revocation, not by an administrator', () => {
    expect(refused(() => bench.admit('depositor', ['auditor'], fresh))).toEqual(['participant-exists'])
    expect(refused(() => bench.admit('administrator', ['auditor'], fresh))).toEqual(['participant-exists'])
    bench.revoke({ participant: 'depositor' })
    expect(refused(() => bench.admit('depositor', ['auditor'], fresh))).toEqual(['participant-exists'])
  })

  it('is compared byte for byte', () => {
    for (const id of ['depositor.', 'depositor-', 'deposito', '-depositor']) {
      expect(violationsOf(bench.admit(id, ['auditor'], signerNamed(id)))).toEqual([])
    }
  })
})

describe('a key', () => {
  it('belongs to one participant for ever', () => {
    const depositor = signerNamed('depositor')
    expect(refused(() => bench.admit('other', ['auditor'], depositor))).toEqual(['key-exists'])
    expect(refused(() => bench.admit('other', ['auditor'], administrator))).toEqual(['key-exists'])
    bench.revoke({ key: depositor.thumbprint })
    expect(refused(() => bench.admit('other', ['auditor'], depositor))).toEqual(['key-exists'])
    bench.revoke({ participant: 'depositor' })
    expect(refused(() => bench.admit('other', ['auditor'], depositor))).toEqual(['key-exists'])
  })

  it('is never used again after it was rotated out, nor the one that took its place', () => {
    const [old, next] = [signerNamed('depositor'), signerNamed('next')]
    expect(violationsOf(bench.rotate('depositor', old, next))).toEqual([])
    expect(refused(() => bench.admit('other', ['auditor'], old))).toEqual(['key-exists'])
    expect(refused(() => bench.admit('other', ['auditor'], next))).toEqual(['key-exists'])
    expect(refused(() => bench.rotate('depositor', next, old))).toEqual(['key-exists'])
    expect(refused(() => bench.rotate('depositor', next, next))).toEqual(['key-exists'])
  })

  it('of an admission that violates a rule was never admitted', () => {
    expect(refused(() => bench.admit('depositor', ['auditor'], fresh))).toEqual(['participant-exists'])
    expect(violationsOf(bench.admit('other', ['auditor'], fresh))).toEqual([])
  })

  it('is not the ledger’s own', () => {
    expect(refused(() => bench.admit('other', ['auditor'], ledgerSigner))).toEqual(['key-is-ledgers'])
    expect(refused(() => bench.rotate('depositor', signerNamed('depositor'), ledgerSigner))).toEqual(['key-is-ledgers'])
  })

  it.each<[string, Uint8Array]>([
    ['of small order', littleEndian(1n)],
    ['with torsion', craft({ message: new Uint8Array(0), a: 5n, r: 7n, keyTorsion: 1 }).publicKey],
    ['that is not canonical', littleEndian(P + 3n)],
    ['that is no point', littleEndian(2n)],
  ])('%s is weak, admitted or rotated to', (_, publicKey) => {
    const weak = { ...fresh, jwk: jwkOf(publicKey), publicKey }
    expect(refused(() => bench.admit('other', ['auditor'], weak))).toEqual(['key-weak'])
    expect(refused(() => bench.rotate('depositor', signerNamed('depositor'), weak))).toEqual(['key-weak'])
  })
})
