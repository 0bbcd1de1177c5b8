import { beforeEach, describe, expect, it } from 'vitest'
import type { ErrorCode } from '../../src/core/errors.ts'
import { joinJws } from '../../src/core/jws.ts'
import { flipBit } from '../core/support.ts'
import { signerNamed } from '../support/signers.ts'
import { itemFor, type StatementOptions, statement } from '../support/statements.ts'
import { administrator, iat, origin, RuleBench, startMs, statementOf, violationsOf } from './bench.ts'

const depositor = signerNamed('depositor')
const jti = '00000000-0000-4000-8000-000000000001'
const items = [itemFor('content')]

let bench: RuleBench
beforeEach(() => {
  bench = new RuleBench().begin()
  bench.admit('depositor', ['depositor'])
  bench.admit('other', ['depositor'])
})

function depositJws(options: StatementOptions = {}, key = depositor): string {
  return statement(key, origin, 'evidence.deposit', { items }, { iss: 'depositor', iat, ...options }).jws
}
function judge(jws: string): ErrorCode[] {
  const judgement = bench.judgeJws(jws)
  expect(judgement.next).toBe(bench.registry)
  expect(judgement.usesStatementId).toBe(judgement.violations.length === 0)
  return violationsOf(judgement)
}

describe('authority', () => {
  it('is that of the key that iss owns at this index', () => {
    expect(judge(depositJws())).toEqual([])
    expect(judge(depositJws({}, signerNamed('nobody')))).toEqual(['key-unknown'])
    expect(judge(depositJws({ iss: 'other' }))).toEqual(['key-not-issuers'])
    expect(judge(depositJws({ iss: 'nobody' }))).toEqual(['key-not-issuers'])
  })

  it('needs a signature over these very bytes', () => {
    const { jws } = statementOf(depositJws())
    const signed = jws.text.slice(0, jws.text.lastIndexOf('.'))
    for (const bit of [0, 255, 256, 511]) {
      expect(judge(joinJws(signed, flipBit(jws.signature, bit)))).toEqual(['signature-invalid'])
    }
    const another = depositJws({ jti })
    expect(judge(`${another.slice(0, another.lastIndexOf('.'))}${jws.text.slice(signed.length)}`)).toEqual([
      'signature-invalid',
    ])
  })

  it('ends with a revocation, and stands before it', () => {
    const before = bench.deposit('depositor')
    bench.revoke({ participant: 'depositor' })
    expect(violationsOf(before)).toEqual([])
    expect(judge(depositJws())).toEqual(['participant-revoked'])
    expect(judge(depositJws({ iss: 'other' }, signerNamed('other')))).toEqual([])
  })

  it('ends with the revocation of the key', () => {
    bench.revoke({ key: depositor.thumbprint })
    expect(judge(depositJws())).toEqual(['key-revoked'])
    bench.revoke({ participant: 'depositor' })
    expect(judge(depositJws())).toEqual(['participant-revoked', 'key-revoked'])
  })

  it('of a revocation acts on entries after it: a self-revocation is itself in order', () => {
    bench.admit('second', ['administrator'])
    const judgement = bench.say(signerNamed('second'), 'second', 'participant.revoke', {
      participant: 'second',
      reason: 'requested',
    })
    expect(violationsOf(judgement)).toEqual([])
    const again = bench.say(signerNamed('second'), 'second', 'participant.revoke', {
      participant: 'depositor',
      reason: 'requested',
    })
    expect(violationsOf(again)).toEqual(['participant-revoked'])
  })
})

describe('the statement id', () => {
  it('of iss and jti is used once', () => {
    bench.sealJws(depositJws({ jti }))
    expect(judge(depositJws({ jti }))).toEqual(['jti-reused'])
    expect(bench.judgeJws(depositJws({ jti })).violations[0]?.facts).toEqual({ where: 'jti', index: 3 })
    expect(judge(depositJws({ jti, iss: 'other' }, signerNamed('other')))).toEqual([])
  })

  it('is used once whatever the kind', () => {
    bench.sealJws(depositJws({ jti }))
    const of = bench.reference(3)
    const { jws } = statement(
      depositor,
      origin,
      'evidence.attest',
      { of, as: 'holder' },
      { iss: 'depositor', iat, jti },
    )
    expect(judge(jws)).toEqual(['jti-reused'])
  })

  it('is not used up by an entry that violates a rule', () => {
    expect(violationsOf(bench.sealJws(depositJws({ jti, aud: 'other.example' })))).toEqual(['audience-wrong'])
    expect(violationsOf(bench.sealJws(depositJws({ jti })))).toEqual([])
    expect(violationsOf(bench.sealJws(depositJws({ jti })))).toEqual(['jti-reused'])
    expect(violationsOf(bench.sealJws(depositJws({ jti })))).toEqual(['jti-reused'])
  })
})

describe('audience and time of issue', () => {
  it('are the ledger’s origin, byte for byte', () => {
    for (const aud of ['other.example', origin.toUpperCase(), `${origin}/`, origin.slice(1)]) {
      expect(judge(depositJws({ aud }))).toEqual(['audience-wrong'])
    }
  })

  it('may lie 300 seconds after the entry’s time, and any time before', () => {
    const at = (issued: number, afterMs: number): ErrorCode[] =>
      violationsOf(bench.judgeJws(depositJws({ iat: issued }), afterMs))
    expect(at(iat + 300, 0)).toEqual([])
    expect(at(iat + 301, 0)).toEqual(['issued-in-future'])
    expect(at(iat + 301, 999)).toEqual(['issued-in-future'])
    expect(at(iat + 301, 1000)).toEqual([])
    expect(at(0, 0)).toEqual([])
    expect(at(253_402_300_799, 0)).toEqual(['issued-in-future'])
    expect(startMs % 1000).toBe(0)
  })
})

describe('an entry that breaks several rules', () => {
  it('is told all of them, and changes nothing', () => {
    bench.sealJws(depositJws({ jti }))
    bench.revoke({ participant: 'depositor' })
    const jws = statement(
      depositor,
      origin,
      'participant.admit',
      { participant: { id: 'other', type: 'person', name: 'n', roles: ['auditor'], keys: [administrator.jwk] } },
      { iss: 'depositor', aud: 'other.example', iat: iat + 9999, jti },
    ).jws
    expect(judge(jws).sort()).toEqual(
      [
        'participant-revoked',
        'role-missing',
        'jti-reused',
        'audience-wrong',
        'issued-in-future',
        'participant-exists',
        'id-of-person',
        'name-of-person',
        'key-exists',
      ].sort(),
    )
  })
})
