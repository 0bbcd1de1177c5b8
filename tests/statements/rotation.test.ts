import { beforeEach, describe, expect, it } from 'vitest'
import { utf8 } from '../../src/core/bytes.ts'
import { joinJws } from '../../src/core/jws.ts'
import { composePossession, signJws } from '../../src/statements/compose.ts'
import type { Judgement } from '../../src/statements/rulebook.ts'
import { possessionTyp, statementTyp } from '../../src/statements/vocabulary.ts'
import { flipBit } from '../core/support.ts'
import { signerNamed } from '../support/signers.ts'
import { administrator, origin, RuleBench, unjudgedOf, violationsOf, withAlg } from './bench.ts'

const [old, next, other] = [signerNamed('depositor'), signerNamed('next'), signerNamed('other')]
const jti = '00000000-0000-4000-8000-000000000001'
const said = { aud: origin, iss: 'depositor', jti, old: old.thumbprint }

let bench: RuleBench
beforeEach(() => {
  bench = new RuleBench().begin()
  bench.admit('depositor', ['depositor'])
})

function rotate(possession: string, { signer = old, iss = 'depositor', newKey = next, id = jti } = {}): Judgement {
  return bench.say(signer, iss, 'participant.rotate-key', { newKey: newKey.jwk, possession }, { jti: id })
}
const good = composePossession(said, next)

describe('a rotation', () => {
  it('puts the new key in the place of the old, which signs nothing after it', () => {
    const judgement = rotate(good)
    expect([judgement.violations, judgement.unjudged]).toEqual([[], []])
    expect(bench.registry.keys.get(old.thumbprint)).toMatchObject({ status: 'rotated', until: 2 })
    expect(bench.registry.keys.get(next.thumbprint)).toMatchObject({
      status: 'active',
      since: 2,
      participant: 'depositor',
      publicKey: next.publicKey,
    })
    expect(violationsOf(bench.deposit('depositor', 1, old))).toEqual(['key-rotated'])
    expect(violationsOf(bench.deposit('depositor', 1, next))).toEqual([])
    expect(bench.registry.participants.get('depositor')?.since).toBe(1)
  })

  it('may be followed by another, each key once', () => {
    const third = signerNamed('third')
    expect(violationsOf(bench.rotate('depositor', old, next))).toEqual([])
    expect(violationsOf(bench.rotate('depositor', next, third))).toEqual([])
    expect(violationsOf(bench.rotate('depositor', next, other))).toEqual(['key-rotated'])
    expect(violationsOf(bench.deposit('depositor', 1, third))).toEqual([])
  })

  it('is signed by the old key, in use, of iss', () => {
    bench.admit('other', ['depositor'])
    const possession = composePossession({ ...said, old: other.thumbprint }, next)
    expect(violationsOf(rotate(possession, { signer: other }))).toEqual(['key-not-issuers'])
    expect(violationsOf(rotate(composePossession({ ...said, old: next.thumbprint }, next), { signer: next }))).toEqual([
      'key-unknown',
    ])
    bench.revoke({ key: old.thumbprint })
    expect(violationsOf(rotate(good))).toEqual(['key-revoked'])
    expect(bench.registry.keys.has(next.thumbprint)).toBe(false)
  })
})

describe('the possession proof', () => {
  const payload = (more: object): string => signJws(possessionTyp, { ...said, ...more }, next)
  const { aud, iss, old: oldKey } = said

  it.each<[string, string]>([
    ['is no JWS', 'possession'],
    ['has two parts', good.slice(0, good.lastIndexOf('.'))],
    ['is padded', `${good}=`],
    ['is a presentation', `${good}~`],
    ['has another typ', signJws(statementTyp, said, next)],
    ['has no typ', withoutTyp()],
    ['has a further header member', withHeader({ jwk: next.jwk })],
    ['is signed by the old key', signJws(possessionTyp, said, old)],
    ['is signed by another key, in the name of the new', joinAs(next.thumbprint)],
    ['is signed by the new key, in the name of another', withHeader({ kid: other.thumbprint })],
    ['names another aud', payload({ aud: 'other.example' })],
    ['names several aud', payload({ aud: [origin] })],
    ['names another iss', payload({ iss: 'other' })],
    ['names another jti', payload({ jti: jti.replace('1', '2') })],
    ['names jti in capitals', payload({ jti: jti.replace('8', 'A') })],
    ['names another old key', payload({ old: next.thumbprint })],
    ['has no aud', signJws(possessionTyp, { iss, jti, old: oldKey }, next)],
    ['has no old', signJws(possessionTyp, { aud, iss, jti }, next)],
    ['has a further member', payload({ iat: 1 })],
    ['has another member in place of one', signJws(possessionTyp, { aud, iss, jti, new: oldKey }, next)],
    ['is an empty object', signJws(possessionTyp, {}, next)],
    ['is no object', signJws(possessionTyp, [], next)],
    ['has a signature that does not verify', spoiltSignature()],
    ['has a signature of 63 bytes', good.replace(/\.[^.]*$/, `.${'A'.repeat(84)}`)],
  ])('that %s is invalid', (_, possession) => {
    const before = bench.registry
    const judgement = rotate(possession)
    expect(violationsOf(judgement)).toEqual(['possession-invalid'])
    expect(judgement.usesStatementId).toBe(false)
    expect(bench.registry).toBe(before)
  })

  it('cannot be replayed for another statement, participant or ledger', () => {
    expect(violationsOf(rotate(good, { id: jti.replace('1', '2') }))).toEqual(['possession-invalid'])
    bench.admit('other', ['depositor'])
    expect(violationsOf(rotate(good, { signer: other, iss: 'other' }))).toEqual(['possession-invalid'])
    const elsewhere = composePossession({ ...said, aud: 'other.example' }, next)
    expect(violationsOf(rotate(elsewhere))).toEqual(['possession-invalid'])
    expect(violationsOf(rotate(good, { newKey: signerNamed('stolen') }))).toEqual(['possession-invalid'])
    expect(violationsOf(rotate(good))).toEqual([])
  })

  it('of an unknown alg is not judged: who owns the new key is then uncertain', () => {
    for (const signature of [undefined, new Uint8Array(2420)]) {
      const judged = new RuleBench().begin()
      judged.admit('depositor', ['depositor'])
      const members = { newKey: next.jwk, possession: withAlg(good, 'ML-DSA-44', signature) }
      const judgement = judged.say(old, 'depositor', 'participant.rotate-key', members, { jti })
      expect(violationsOf(judgement)).toEqual([])
      expect(unjudgedOf(judgement)).toEqual(['possession'])
      expect(judged.registry.keys.get(old.thumbprint)?.status).toBe('active')
      expect(judged.registry.keys.has(next.thumbprint)).toBe(false)
      expect(judged.registry.uncertainSince).toBe(2)
    }
  })

  it('of an unknown alg must still be bound to the statement', () => {
    const possession = withAlg(payload({ iss: 'other' }), 'ML-DSA-44')
    expect(violationsOf(rotate(possession))).toEqual(['possession-invalid'])
    expect(bench.registry.uncertainSince).toBeUndefined()
  })
})

describe('a rotation of an administrator', () => {
  it('keeps the role, with the new key', () => {
    const key = signerNamed('next administrator key')
    expect(violationsOf(bench.rotate('administrator', administrator, key))).toEqual([])
    const admit = { participant: { id: 'b', type: 'court', roles: ['auditor'], keys: [other.jwk] } }
    expect(violationsOf(bench.say(administrator, 'administrator', 'participant.admit', admit))).toEqual(['key-rotated'])
    expect(violationsOf(bench.say(key, 'administrator', 'participant.admit', admit))).toEqual([])
  })
})

function encoded(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
function withHeader(more: object): string {
  const input = `${encoded({ alg: 'EdDSA', typ: possessionTyp, kid: next.thumbprint, ...more })}.${encoded(said)}`
  return joinJws(input, next.sign(utf8(input)))
}
function withoutTyp(): string {
  const input = `${encoded({ alg: 'EdDSA', kid: next.thumbprint })}.${encoded(said)}`
  return joinJws(input, next.sign(utf8(input)))
}
function joinAs(kid: string): string {
  const input = `${encoded({ alg: 'EdDSA', typ: possessionTyp, kid })}.${encoded(said)}`
  return joinJws(input, other.sign(utf8(input)))
}
function spoiltSignature(): string {
  const at = good.lastIndexOf('.')
  return joinJws(good.slice(0, at), flipBit(Buffer.from(good.slice(at + 1), 'base64url'), 77))
}
