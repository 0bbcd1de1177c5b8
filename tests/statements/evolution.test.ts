import { beforeEach, describe, expect, it } from 'vitest'
import type { Judgement } from '../../src/statements/rulebook.ts'
import { signerNamed } from '../support/signers.ts'
import { itemFor, statement } from '../support/statements.ts'
import { administrator, genesis, iat, origin, RuleBench, violationsOf, withAlg } from './bench.ts'

const depositor = signerNamed('depositor')
const jti = '00000000-0000-4000-8000-000000000001'

let bench: RuleBench
beforeEach(() => {
  bench = new RuleBench().begin()
  bench.admit('depositor', ['depositor'])
  bench.admit('watcher', ['auditor'])
})

function unknown(kind: string, id: string, options: object = {}): Judgement {
  return bench.say(signerNamed(id), id, kind, { anything: [1], note: 'in clear' }, options)
}
/** Where something was left open, with exit code 4; a violation would stand among them. */
function openIn({ violations, unjudged }: Judgement): (string | undefined)[] {
  expect(unjudged.every(({ code, kind }) => code === 'not-judged' && kind.exit === 4)).toBe(true)
  return [...violations.map(({ code }) => code), ...unjudged.map(({ facts }) => facts.where)]
}

describe('an unknown kind', () => {
  it('is reported, without role or members judged, and uses up its id', () => {
    const judgement = unknown('evidence.hand-over', 'watcher', { jti })
    expect(openIn(judgement)).toEqual(['kind'])
    expect(judgement.body).toBeUndefined()
    expect(judgement.usesStatementId).toBe(true)
    expect(violationsOf(unknown('evidence.hand-over', 'watcher', { jti }))).toEqual(['jti-reused'])
  })

  it('is judged in all else: key, owner, revocation, audience, time', () => {
    expect(violationsOf(unknown('evidence.x', 'nobody'))).toEqual(['key-unknown'])
    expect(violationsOf(bench.say(depositor, 'watcher', 'evidence.x', {}))).toEqual(['key-not-issuers'])
    expect(violationsOf(unknown('evidence.x', 'watcher', { aud: 'other.example' }))).toEqual(['audience-wrong'])
    expect(violationsOf(unknown('evidence.x', 'watcher', { iat: iat + 9999 }))).toEqual(['issued-in-future'])
    const { jws } = statement(depositor, origin, 'evidence.x', {}, { iss: 'depositor', iat })
    const spoilt = `${jws.slice(0, jws.lastIndexOf('.') + 1)}${Buffer.alloc(64).toString('base64url')}`
    expect(violationsOf(bench.sealJws(spoilt))).toEqual(['signature-invalid'])
    bench.revoke({ participant: 'watcher' })
    expect(violationsOf(unknown('evidence.x', 'watcher'))).toEqual(['participant-revoked'])
  })

  it('leaves the registry as it was, unless it may change it', () => {
    const before = bench.registry
    unknown('evidence.x', 'watcher')
    expect(bench.registry).toBe(before)
    unknown('participant.suspend', 'nobody')
    expect(bench.registry).toBe(before)
    unknown('participant.suspend', 'watcher')
    expect(bench.registry).toEqual({ ...before, uncertainSince: 5, doubtedAt: 5 })
    unknown('ledger.close', 'watcher')
    expect(bench.registry.uncertainSince).toBe(5)
  })
})

describe('an unknown alg', () => {
  const deposit = (signature?: Uint8Array): Judgement =>
    bench.say(
      depositor,
      'depositor',
      'evidence.deposit',
      { items: [itemFor('c')] },
      {
        jws: (text) => withAlg(text, 'ML-DSA-44', signature),
      },
    )

  it('leaves the signature unjudged, of any length, and nothing else', () => {
    expect(openIn(deposit())).toEqual(['alg'])
    expect(openIn(deposit(new Uint8Array(2420)))).toEqual(['alg'])
    const judgement = bench.say(
      depositor,
      'depositor',
      'evidence.deposit',
      { items: [] },
      {
        jws: (text) => withAlg(text, 'ML-DSA-44'),
      },
    )
    expect(violationsOf(judgement)).toEqual(['items-count'])
    bench.revoke({ participant: 'depositor' })
    expect(violationsOf(deposit())).toEqual(['participant-revoked'])
  })

  it('on a registry entry makes the registry uncertain, and does not apply it', () => {
    const participant = { id: 'b', type: 'court', roles: ['depositor'], keys: [signerNamed('b').jwk] }
    const judgement = bench.say(
      administrator,
      'administrator',
      'participant.admit',
      { participant },
      {
        jws: (text) => withAlg(text, 'ML-DSA-44'),
      },
    )
    expect(openIn(judgement)).toEqual(['alg'])
    expect(bench.registry.participants.has('b')).toBe(false)
    expect(bench.registry.uncertainSince).toBe(3)
  })

  it('on the genesis leaves everything after it unjudged', () => {
    bench = new RuleBench()
    const judgement = bench.say(administrator, 'administrator', 'ledger.genesis', genesis(), {
      jws: (text) => withAlg(text, 'ML-DSA-44'),
    })
    expect(openIn(judgement)).toEqual(['alg'])
    expect([bench.registry.participants.size, bench.registry.uncertainSince]).toEqual([0, 0])
    expect(openIn(bench.deposit('depositor'))).toEqual(['kid'])
  })
})

describe('after an unknown registry entry', () => {
  beforeEach(() => {
    bench.revoke({ key: signerNamed('watcher').thumbprint })
    bench.admit('late', ['depositor'])
    bench.revoke({ participant: 'late' })
    unknown('participant.restore', 'administrator')
  })

  it('authority is not judged', () => {
    expect(bench.registry.uncertainSince).toBe(6)
    expect(openIn(bench.deposit('stranger'))).toEqual(['kid'])
    expect(openIn(bench.deposit('late'))).toEqual(['iss'])
    expect(openIn(bench.say(depositor, 'administrator', 'evidence.deposit', { items: [itemFor('c')] }))).toEqual([
      'iss',
    ])
    expect(openIn(bench.deposit('watcher'))).toEqual(['kid', 'iss'])
    expect(openIn(bench.deposit('administrator', 1, administrator))).toEqual(['iss'])
  })

  it('whom it may have admitted or revoked is not judged', () => {
    expect(openIn(bench.revoke({ participant: 'stranger' }))).toEqual(['participant'])
    expect(openIn(bench.revoke({ key: signerNamed('stranger').thumbprint }))).toEqual(['key'])
    expect(openIn(bench.revoke({ participant: 'late' }))).toEqual(['participant'])
    expect(openIn(bench.revoke({ key: signerNamed('watcher').thumbprint }))).toEqual(['key'])
  })

  it('the first of two revocations stays', () => {
    const before = bench.registry.participants.get('late')
    bench.revoke({ participant: 'late' })
    expect(bench.registry.participants.get('late')).toEqual(before)
    const key = bench.registry.keys.get(signerNamed('watcher').thumbprint)
    bench.revoke({ key: signerNamed('watcher').thumbprint })
    expect(bench.registry.keys.get(signerNamed('watcher').thumbprint)).toEqual(key)
  })

  it('the last administrator known may be revoked: there may be others', () => {
    expect(openIn(bench.revoke({ participant: 'administrator' }))).toEqual(['participant'])
    expect(bench.registry.participants.get('administrator')?.revokedAt).toBeTypeOf('number')
  })

  it('known signatures, ids, audience, members, references and new keys are judged as before', () => {
    const { jws } = statement(
      depositor,
      origin,
      'evidence.deposit',
      { items: [itemFor('c')] },
      { iss: 'depositor', iat },
    )
    const spoilt = `${jws.slice(0, jws.lastIndexOf('.') + 1)}${Buffer.alloc(64).toString('base64url')}`
    expect(violationsOf(bench.sealJws(spoilt))).toEqual(['signature-invalid'])
    const say = (members: object, options: object = {}): string[] =>
      violationsOf(bench.say(depositor, 'depositor', 'evidence.deposit', members, options))
    expect(say({ items: [] })).toEqual(['items-count'])
    expect(say({ items: [itemFor('c')] }, { aud: 'other.example' })).toEqual(['audience-wrong'])
    const of = { ...bench.reference(0), rel: 'corrects' }
    expect(say({ items: [itemFor('c')], relates: [of] })).toEqual(['reference-kind'])
    expect(violationsOf(bench.admit('depositor', ['auditor'], signerNamed('fresh')))).toEqual(['participant-exists'])
    expect(violationsOf(bench.admit('fresh', ['auditor'], depositor))).toEqual(['key-exists'])
  })

  it('what is in order applies as before', () => {
    expect(bench.deposit('depositor')).toMatchObject({ violations: [], unjudged: [] })
    expect(bench.admit('fresh', ['depositor'])).toMatchObject({ violations: [], unjudged: [] })
    expect(bench.deposit('fresh')).toMatchObject({ violations: [], unjudged: [] })
    expect(bench.registry.uncertainSince).toBe(6)
  })
})
