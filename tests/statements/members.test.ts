import { describe, expect, it } from 'vitest'
import { changesRegistry, isKind, type Kind, kinds } from '../../src/statements/kinds.ts'
import { isRole, sealedClaims } from '../../src/statements/vocabulary.ts'
import { bodyOf, full, judgeMembers, minimal, thumbprint } from './bodies.ts'

/** Replaces every object of a statement, at any depth, by one with a further member. */
function* withFurtherMember(value: unknown, member: string): Generator<unknown> {
  if (value === null || typeof value !== 'object') return
  if (!Array.isArray(value)) yield { ...value, [member]: 'x' }
  for (const [name, inner] of Object.entries(value)) {
    for (const changed of withFurtherMember(inner, member)) {
      yield Array.isArray(value) ? value.with(Number(name), changed) : { ...value, [name]: changed }
    }
  }
}

describe.each(kinds)('%s', (kind: Kind) => {
  it('is accepted with the least and with all that it may say', () => {
    expect(judgeMembers(kind, minimal[kind])).toBe('accepted')
    expect(bodyOf(kind, full[kind])).toMatchObject({ kind, members: full[kind] })
  })

  it('needs each of its members', () => {
    for (const member of Object.keys(minimal[kind])) {
      const { [member]: _, ...rest } = minimal[kind]
      expect(judgeMembers(kind, rest)).toBe('statement-member')
      expect(judgeMembers(kind, { ...minimal[kind], [member]: null })).toBe('statement-member')
    }
  })

  it('takes no null for a member that is not there', () => {
    for (const member of Object.keys(full[kind])) {
      expect(judgeMembers(kind, { ...full[kind], [member]: null })).toBe('statement-member')
    }
  })

  it('refuses a member that it does not have', () => {
    for (const member of ['more', '', 'Items', 'iss ', 'constructor', 'toString', '...']) {
      expect(judgeMembers(kind, { ...minimal[kind], [member]: 1 })).toBe('statement-member-unknown')
    }
  })

  it('refuses __proto__ as a member, at any depth', () => {
    const own = JSON.parse('{"__proto__":{"items":[]}}') as object
    expect(Object.hasOwn(own, '__proto__')).toBe(true)
    expect(
      judgeMembers(kind, Object.defineProperties({ ...minimal[kind] }, Object.getOwnPropertyDescriptors(own))),
    ).toBe('statement-member-unknown')
  })

  it.each(sealedClaims)('refuses %s in clear', (claim) => {
    for (const value of ['x', null, [], {}]) {
      expect(judgeMembers(kind, { ...minimal[kind], [claim]: value })).toBe('claim-in-clear')
    }
    // Named before anything else that is wrong.
    expect(judgeMembers(kind, { [claim]: 'x', more: 1 })).toBe('claim-in-clear')
  })

  it('refuses a further member, and a claim in clear, in every object inside it', () => {
    const digestAndItsLike = ['digest-malformed', 'statement-member-unknown']
    const codes = [...withFurtherMember(full[kind], 'more')].map((changed) => judgeMembers(kind, changed as object))
    expect(codes.every((code) => digestAndItsLike.includes(code))).toBe(true)
    const claims = [...withFurtherMember(full[kind], 'note')].map((changed) => judgeMembers(kind, changed as object))
    expect(claims.every((code) => ['digest-malformed', 'claim-in-clear'].includes(code))).toBe(true)
  })
})

describe('sealed digests', () => {
  const kindsThatSeal: Kind[] = [
    'evidence.deposit',
    'participant.admit',
    'evidence.event',
    'evidence.challenge',
    'evidence.finding',
    'erasure.order',
    'custody.transfer',
    'custody.end',
    'custody.resume',
  ]
  const digest = (i: number): string => Buffer.alloc(32, i).toString('base64url')
  const seal = (kind: Kind, members: object): string => {
    // What must be sealed is in the shortest statement too.
    const { _sd, _sd_alg, ...rest } = minimal[kind]
    return judgeMembers(kind, { ...rest, ...members })
  }

  it.each(kinds)('stand in %s only where it may seal', (kind) => {
    const expected = [...kindsThatSeal, 'access.rule'].includes(kind) ? 'accepted' : 'statement-member-unknown'
    expect(seal(kind, { _sd: [thumbprint], _sd_alg: 'sha-256' })).toBe(expected)
  })

  it.each(kindsThatSeal)('in %s are 1 to 5, distinct, in any order, and come with their algorithm', (kind) => {
    for (const count of [1, 2, 5]) {
      const _sd = Array.from({ length: count }, (_, i) => digest(9 - i))
      expect(seal(kind, { _sd, _sd_alg: 'sha-256' })).toBe('accepted')
    }
    const wrong = [
      { _sd: [digest(1)] },
      { _sd_alg: 'sha-256' },
      { _sd: [], _sd_alg: 'sha-256' },
      { _sd: [1, 2, 3, 4, 5, 6].map(digest), _sd_alg: 'sha-256' },
      { _sd: [digest(1), digest(1)], _sd_alg: 'sha-256' },
      { _sd: digest(1), _sd_alg: 'sha-256' },
      { _sd: [digest(1).slice(1)], _sd_alg: 'sha-256' },
      { _sd: [`${digest(1)}A`], _sd_alg: 'sha-256' },
      { _sd: [`${digest(1).slice(0, -1)}F`], _sd_alg: 'sha-256' },
      { _sd: [`${digest(1)}=`], _sd_alg: 'sha-256' },
      { _sd: [1], _sd_alg: 'sha-256' },
      { _sd: [digest(1)], _sd_alg: 'sha-512' },
      { _sd: [digest(1)], _sd_alg: 'SHA-256' },
      { _sd: [digest(1)], _sd_alg: null },
    ]
    for (const members of wrong) expect(seal(kind, members)).toBe('statement-member')
  })
})

describe('kinds and roles', () => {
  it('are those of version 1, byte for byte', () => {
    expect(bodyOf('evidence.hand-over', { anything: 1, note: 'x' })).toBeUndefined()
    for (const name of ['Evidence.deposit', 'evidence.deposit ', '', 'constructor']) expect(isKind(name)).toBe(false)
    for (const name of ['Depositor', 'observer', '', '__proto__']) expect(isRole(name)).toBe(false)
    expect(['administrator', 'depositor', 'attestor', 'auditor'].every(isRole)).toBe(true)
  })

  it('change the registry by their first word alone', () => {
    expect(kinds.filter((kind) => !changesRegistry(kind))).toEqual([
      'evidence.deposit',
      'evidence.attest',
      'evidence.retract',
      'evidence.event',
      'evidence.challenge',
      'evidence.finding',
      'access.rule',
      'erasure.order',
      'erasure.report',
      'custody.transfer',
      'custody.end',
      'custody.resume',
    ])
    expect(['participant.suspend', 'ledger.close'].every(changesRegistry)).toBe(true)
    expect(['participants.x', 'ledgers', 'evidence.participant.x', 'participant'].some(changesRegistry)).toBe(false)
  })
})
