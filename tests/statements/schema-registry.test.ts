import { describe, expect, it } from 'vitest'
import { toBase64url } from '../../src/core/base64.ts'
import type { ErrorCode } from '../../src/core/errors.ts'
import type { Kind } from '../../src/statements/kinds.ts'
import {
  attestCapacities,
  environments,
  participantTypes,
  retractReasons,
  revokeReasons,
} from '../../src/statements/vocabulary.ts'
import { judgeMembers, jwk, leafHash, minimal, sha256, thumbprint } from './bodies.ts'

/** A valid statement of a kind with some members replaced. */
function judge(kind: Kind, more: object): ErrorCode | 'accepted' {
  return judgeMembers(kind, { ...minimal[kind], ...more })
}

const badIds = ['', 'A', 'a b', 'a/b', 'é', 'a'.repeat(65), 'a\n', 7, null]
const badJwks = [
  undefined,
  null,
  'key',
  [],
  { crv: 'Ed25519', kty: 'OKP' },
  { ...jwk, crv: 'X25519' },
  { ...jwk, crv: 'ed25519' },
  { ...jwk, kty: 'EC' },
  { ...jwk, x: jwk.x.slice(1) },
  { ...jwk, x: `${jwk.x}A` },
  { ...jwk, x: `${jwk.x.slice(0, 42)}B` },
  { ...jwk, x: `${jwk.x}=` },
  { ...jwk, x: toBase64url(new Uint8Array(31)) },
  { ...jwk, x: 7 },
]
const badNames = ['', 'n'.repeat(257), '名'.repeat(86), 7, null, ['n']]
const goodNames = ['n', 'n'.repeat(256), '名'.repeat(85)]
const badTimes = ['2026-11-01T08:00:00Z', '2026-02-29T00:00:00.000Z', '0000-01-01T00:00:00.000Z', 'now', 1_793_520_000]

describe('ledger.genesis', () => {
  const genesis = (more: object): string => judge('ledger.genesis', more)
  const administrator = { id: 'a', keys: [jwk] }

  it('has an origin, an environment and ledger keys', () => {
    for (const environment of environments) expect(genesis({ environment })).toBe('accepted')
    for (const environment of ['test', 'Trial', '', 1]) expect(genesis({ environment })).toBe('statement-member')
    for (const origin of ['', 'a b', 'a+b', 'ö', 'o'.repeat(256), 7]) {
      expect(genesis({ origin })).toBe('statement-member')
    }
    expect(genesis({ ledgerKeys: ['a', 'b'] })).toBe('accepted')
    for (const ledgerKeys of [[], 'a', ['a', 'a'], [''], [1], [null]]) {
      expect(genesis({ ledgerKeys })).toBe('statement-member')
    }
  })

  it('has room for the longest verifier key', () => {
    expect(genesis({ ledgerKeys: [`${'o'.repeat(255)}+00000000+${'A'.repeat(44)}`] })).toBe('accepted')
  })

  it('has administrators, each with one key and perhaps a name', () => {
    for (const name of goodNames) expect(genesis({ administrators: [{ ...administrator, name }] })).toBe('accepted')
    const wrong: unknown[] = [
      [],
      administrator,
      [{ id: 'a' }],
      [{ keys: [jwk] }],
      ...badIds.map((id) => [{ ...administrator, id }]),
      ...badNames.map((name) => [{ ...administrator, name }]),
      ...badJwks.map((key) => [{ ...administrator, keys: [key] }]),
      [{ ...administrator, keys: [] }],
      [{ ...administrator, keys: [jwk, jwk] }],
      [{ ...administrator, keys: jwk }],
    ]
    for (const administrators of wrong) expect(genesis({ administrators })).toBe('statement-member')
    for (const more of [{ type: 'court' }, { roles: ['administrator'] }]) {
      expect(genesis({ administrators: [{ ...administrator, ...more }] })).toBe('statement-member-unknown')
    }
  })

  it('may continue another ledger, whose checkpoint is not judged', () => {
    const continues = { origin: 'old.example', checkpoint: 'anything\n'.repeat(100) }
    expect(genesis({ continues })).toBe('accepted')
    for (const wrong of [{ origin: 'a b' }, { checkpoint: '' }, { checkpoint: undefined }, { origin: undefined }]) {
      expect(genesis({ continues: { ...continues, ...wrong } })).toBe('statement-member')
    }
    expect(genesis({ continues: { ...continues, size: 5 } })).toBe('statement-member-unknown')
  })
})

describe('participant.admit', () => {
  const participant = { id: 'b', type: 'court', roles: ['depositor'], keys: [jwk] }
  const admit = (more: object): string => judge('participant.admit', { participant: { ...participant, ...more } })

  it('has types of the closed list and roles of an open one', () => {
    for (const type of participantTypes) expect(admit({ type })).toBe('accepted')
    for (const type of ['bank', 'Court', '', null]) expect(admit({ type })).toBe('statement-member')
    const good = [['administrator', 'depositor', 'attestor', 'auditor'], ['observer'], ['x'.repeat(256)]]
    for (const roles of good) expect(admit({ roles })).toBe('accepted')
    const wrong = [[], 'depositor', ['depositor', 'depositor'], [''], ['x'.repeat(257)], [7], [null]]
    for (const roles of wrong) expect(admit({ roles })).toBe('statement-member')
  })

  it('has one participant with one key and perhaps a name', () => {
    for (const name of goodNames) expect(admit({ name })).toBe('accepted')
    const wrong = [
      ...badIds.map((id) => ({ id })),
      ...badNames.map((name) => ({ name })),
      ...badJwks.map((key) => ({ keys: [key] })),
      { keys: [] },
      { keys: [jwk, jwk] },
    ]
    for (const more of wrong) expect(admit(more)).toBe('statement-member')
    expect(admit({ keys: [{ ...jwk, kid: 'a' }] })).toBe('statement-member-unknown')
    expect(admit({ keys: [{ ...jwk, d: jwk.x }] })).toBe('statement-member-unknown')
    expect(judge('participant.admit', { participant: [participant] })).toBe('statement-member')
  })
})

describe('participant.revoke', () => {
  const revoke = (members: object): string => judgeMembers('participant.revoke', members)

  it('names exactly one of participant and key, and a reason, which is a code', () => {
    for (const reason of [...revokeReasons, 'stolen']) expect(revoke({ participant: 'b', reason })).toBe('accepted')
    expect(revoke({ key: thumbprint, reason: 'other' })).toBe('accepted')
    const wrong = [
      { reason: 'other' },
      { participant: 'b', key: thumbprint, reason: 'other' },
      { participant: 'b' },
      { participant: 'b', reason: 'Stolen' },
      { participant: 'b', reason: '' },
      ...badIds.map((participant) => ({ participant, reason: 'other' })),
      ...['', thumbprint.slice(1), `${thumbprint}A`, `${thumbprint}=`, jwk, null].map((key) => ({
        key,
        reason: 'other',
      })),
    ]
    for (const members of wrong) expect(revoke(members)).toBe('statement-member')
  })

  it('may give a time', () => {
    const since = (compromisedSince: unknown): string => revoke({ participant: 'b', reason: 'other', compromisedSince })
    expect(since('0001-01-01T00:00:00.000Z')).toBe('accepted')
    for (const time of badTimes) expect(since(time)).toBe('statement-member')
  })
})

describe('participant.rotate-key', () => {
  it('has a new key and a text', () => {
    for (const newKey of badJwks) expect(judge('participant.rotate-key', { newKey })).toBe('statement-member')
    for (const possession of ['', 7, null, ['a.b.c']]) {
      expect(judge('participant.rotate-key', { possession })).toBe('statement-member')
    }
    expect(judge('participant.rotate-key', { old: thumbprint })).toBe('statement-member-unknown')
  })
})

describe('evidence.attest and evidence.retract', () => {
  it('have a capacity and a reason, which are codes', () => {
    for (const as of [...attestCapacities, 'judge']) expect(judge('evidence.attest', { as })).toBe('accepted')
    for (const as of ['the judge', 'Notary', '', null])
      expect(judge('evidence.attest', { as })).toBe('statement-member')
    for (const reason of [...retractReasons, 'compromised'])
      expect(judge('evidence.retract', { reason })).toBe('accepted')
    for (const reason of ['Compromised', '', null]) {
      expect(judge('evidence.retract', { reason })).toBe('statement-member')
    }
  })

  it.each<Kind>(['evidence.attest', 'evidence.retract'])('have a reference: %s', (kind) => {
    const of = { index: 0, leafHash }
    const wrong = [null, [], 0, { index: 0 }, { leafHash }, { ...of, index: -1 }, { ...of, leafHash: sha256 }]
    for (const value of wrong) expect(judge(kind, { of: value })).toBe('statement-member')
    expect(judge(kind, { of: { ...of, origin: 'other.example' } })).toBe('statement-member-unknown')
    expect(judge(kind, { of: { ...of, rel: 'corrects' } })).toBe('statement-member-unknown')
    expect(judge(kind, { of: { ...of, item: 0 } })).toBe('accepted')
    expect(judge(kind, { of: { ...of, item: 0, line: 0 } })).toBe('accepted')
    for (const line of [-1, '0', null]) expect(judge(kind, { of: { ...of, item: 0, line } })).toBe('statement-member')
  })
})
