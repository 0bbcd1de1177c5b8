import { describe, expect, it } from 'vitest'
import { toBase64, toHex } from '../../src/core/base64.ts'
import { concat } from '../../src/core/bytes.ts'
import { signatureTypes } from '../../src/core/cosignature.ts'
import type { ErrorCode } from '../../src/core/errors.ts'
import { jwkOf } from '../../src/core/jwk.ts'
import { keyId, verifierKey } from '../../src/core/note.ts'
import type { Judgement } from '../../src/statements/rulebook.ts'
import { flipBit } from '../core/support.ts'
import { littleEndian } from '../core/torsion.ts'
import { ledgerSigner } from '../support/chain.ts'
import { signerNamed } from '../support/signers.ts'
import { type StatementOptions, statement } from '../support/statements.ts'
import { administrator, genesis, iat, ledgerKey, origin, RuleBench, violationsOf } from './bench.ts'

const second = signerNamed('second administrator')

function genesisJws(more: object, options: StatementOptions = {}, signer = administrator): string {
  return statement(signer, origin, 'ledger.genesis', genesis(more), { iss: 'administrator', iat, ...options }).jws
}
function judge(more: object, options: StatementOptions = {}, signer = administrator): Judgement {
  return new RuleBench().judgeJws(genesisJws(more, options, signer))
}
function refuse(jws: string): ErrorCode[] {
  const bench = new RuleBench()
  const judgement = bench.judgeJws(jws)
  expect(judgement.next).toBe(bench.registry)
  expect(judgement.usesStatementId).toBe(false)
  return violationsOf(judgement)
}
const administrators = (...more: object[]): object => ({
  administrators: [{ id: 'administrator', keys: [administrator.jwk] }, ...more],
})

describe('a genesis in order', () => {
  it('makes the registry', () => {
    const { violations, unjudged, next } = judge({
      environment: 'production',
      ...administrators({ id: 'second', name: '某法院', keys: [second.jwk] }),
      continues: { origin: 'older.example', checkpoint: 'not judged' },
    })
    expect([violations, unjudged]).toEqual([[], []])
    expect(next).toMatchObject({ origin, environment: 'production', ledgerKeys: [ledgerKey.text] })
    expect([...next.participants.values()]).toEqual([
      { id: 'administrator', roles: ['administrator'], since: 0 },
      { id: 'second', roles: ['administrator'], name: '某法院', since: 0 },
    ])
    expect(
      [...next.keys.values()].map(({ thumbprint, participant, status, since }) => [
        thumbprint,
        participant,
        status,
        since,
      ]),
    ).toEqual([
      [administrator.thumbprint, 'administrator', 'active', 0],
      [second.thumbprint, 'second', 'active', 0],
    ])
  })

  it('may name further ledger keys', () => {
    const other = verifierKey(origin, signerNamed('second ledger key').publicKey)
    expect(judge({ ledgerKeys: [other.text, ledgerKey.text] }).violations).toEqual([])
  })
})

describe('a genesis out of order', () => {
  it.each<[ErrorCode, string, string]>([
    [
      'genesis-origin',
      'another origin',
      genesisJws({
        origin: 'other.example',
        ledgerKeys: [verifierKey('other.example', ledgerKey.publicKey).text, ledgerKey.text],
      }),
    ],
    ['audience-wrong', 'another audience', genesisJws({}, { aud: 'other.example' })],
    ['issued-in-future', 'a time of issue too late', genesisJws({}, { iat: iat + 301 })],
    ['genesis-issuer', 'another issuer', genesisJws({}, { iss: 'somebody' })],
    ['genesis-issuer', 'another key', genesisJws({}, {}, second)],
    [
      'genesis-issuer',
      'the second administrator as issuer',
      genesisJws(administrators({ id: 'second', keys: [second.jwk] }), { iss: 'second' }, second),
    ],
    ['signature-invalid', 'a signature that does not verify', spoilt(genesisJws({}))],
    [
      'participant-exists',
      'an administrator twice',
      genesisJws(administrators({ id: 'administrator', keys: [second.jwk] })),
    ],
    [
      'key-exists',
      'two administrators with one key',
      genesisJws(administrators({ id: 'second', keys: [administrator.jwk] })),
    ],
    ['key-weak', 'a key of small order', genesisJws(administrators({ id: 'second', keys: [jwkOf(littleEndian(1n))] }))],
    ['statement-member', 'no administrator', genesisJws({ administrators: [] })],
    ['statement-member-unknown', 'a member too many', genesisJws({ more: 1 })],
    ['claim-in-clear', 'a note in clear', genesisJws({ note: 'x' })],
  ])('gives %s for %s, and leaves the registry empty', (code, _, jws) => {
    expect(refuse(jws)).toContain(code)
  })

  it.each<[string, string[]]>([
    [
      'not the key that verified the checkpoint',
      [verifierKey(origin, signerNamed('another ledger key').publicKey).text],
    ],
    ['a key named otherwise', [ledgerKey.text, verifierKey('other.example', signerNamed('l').publicKey).text]],
    ['the checkpoint’s key named otherwise', [verifierKey('other.example', ledgerKey.publicKey).text]],
    [
      'a cosigner’s key',
      [ledgerKey.text, verifierKey(origin, signerNamed('l').publicKey, signatureTypes.cosignature).text],
    ],
    [
      'a key of an unknown type',
      [ledgerKey.text, `${origin}+00000000+${toBase64(concat(Uint8Array.of(6), new Uint8Array(32)))}`],
    ],
    [
      'a key whose id is not its own',
      [ledgerKey.text, ledgerKey.text.replace(toHex(ledgerKey.id), toHex(flipBit(ledgerKey.id, 0)))],
    ],
    ['a key of small order', [ledgerKey.text, weakVkey()]],
    ['what is no verifier key', [ledgerKey.text, 'key']],
    ['a key of an administrator', [ledgerKey.text, verifierKey(origin, administrator.publicKey).text]],
  ])('gives genesis-ledger-keys for %s', (_, ledgerKeys) => {
    expect(new Set(refuse(genesisJws({ ledgerKeys })))).toEqual(new Set(['genesis-ledger-keys']))
  })

  it('lets no administrator have the ledger’s key', () => {
    const jws = genesisJws(administrators({ id: 'second', keys: [jwkOf(ledgerSigner.publicKey)] }))
    expect(refuse(jws)).toEqual(['genesis-ledger-keys'])
  })
})

describe('the place of the genesis', () => {
  it('is entry 0, and no other kind stands there', () => {
    const bench = new RuleBench()
    const { jws } = statement(administrator, origin, 'evidence.deposit', { items: [] }, { iss: 'administrator', iat })
    const judgement = bench.judgeJws(jws)
    expect(violationsOf(judgement)).toContain('genesis-missing')
    expect(judgement.next).toBe(bench.registry)
  })

  it('is entry 0 alone: a second one changes nothing', () => {
    const bench = new RuleBench().begin()
    const before = bench.registry
    const others = [
      genesis(),
      genesis({ administrators: [{ id: 'usurper', keys: [second.jwk] }] }),
      genesis({ environment: 'production' }),
    ]
    for (const members of others) {
      const judgement = bench.say(administrator, 'administrator', 'ledger.genesis', members)
      expect(violationsOf(judgement)).toContain('genesis-misplaced')
      expect(bench.registry).toBe(before)
    }
    const usurped = statement(second, origin, 'ledger.genesis', others[1] as object, { iss: 'usurper', iat }).jws
    expect(violationsOf(bench.sealJws(usurped))).toEqual(['genesis-misplaced'])
    expect(bench.registry).toBe(before)
  })

  it('is not asked for by an unknown kind only: entry 0 is a genesis', () => {
    const { jws } = statement(administrator, origin, 'ledger.genesis-2', {}, { iss: 'administrator', iat })
    expect(refuse(jws)).toContain('genesis-missing')
  })
})

function spoilt(jws: string): string {
  const [header, payload, signature] = jws.split('.') as [string, string, string]
  const turned = flipBit(Buffer.from(signature, 'base64url'), 300)
  return `${header}.${payload}.${Buffer.from(turned).toString('base64url')}`
}

function weakVkey(): string {
  const weak = littleEndian(1n)
  return `${origin}+${toHex(keyId(origin, 1, weak))}+${toBase64(concat(Uint8Array.of(1), weak))}`
}
