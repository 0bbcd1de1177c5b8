import { beforeEach, describe, expect, it } from 'vitest'
import { activeWithRole, isActive } from '../../src/statements/registry.ts'
import type { Judgement } from '../../src/statements/rulebook.ts'
import { signerNamed } from '../support/signers.ts'
import { administrator, RuleBench, startMs, violationsOf } from './bench.ts'

const [depositor, second] = [signerNamed('depositor'), signerNamed('second')]

let bench: RuleBench
beforeEach(() => {
  bench = new RuleBench().begin()
  bench.admit('depositor', ['depositor'])
})

function revoked(members: object): string[] {
  const before = bench.registry
  const judgement = bench.revoke(members)
  expect(bench.registry === before).toBe(judgement.violations.length > 0)
  return violationsOf(judgement)
}
function revokeAs(id: string, members: object): Judgement {
  return bench.say(signerNamed(id), id, 'participant.revoke', { reason: 'requested', ...members })
}

describe('a revocation', () => {
  it('of a participant marks it from its own index on', () => {
    expect(revoked({ participant: 'depositor' })).toEqual([])
    expect(bench.registry.participants.get('depositor')).toMatchObject({ revokedAt: 2 })
    expect(bench.registry.keys.get(depositor.thumbprint)?.status).toBe('active')
    expect(isActive(bench.registry, 'depositor')).toBe(false)
  })

  it('of a key ends the key alone', () => {
    expect(revoked({ key: depositor.thumbprint })).toEqual([])
    expect(bench.registry.keys.get(depositor.thumbprint)).toMatchObject({ status: 'revoked', until: 2 })
    expect(bench.registry.participants.get('depositor')).not.toHaveProperty('revokedAt')
    expect(isActive(bench.registry, 'depositor')).toBe(false)
  })

  it('twice is a violation', () => {
    expect(revoked({ participant: 'depositor' })).toEqual([])
    expect(revoked({ participant: 'depositor' })).toEqual(['already-revoked'])
    expect(revoked({ key: depositor.thumbprint })).toEqual([])
    expect(revoked({ key: depositor.thumbprint })).toEqual(['already-revoked'])
  })

  it('may be of a key that was rotated out, and leaves the new one', () => {
    bench.rotate('depositor', depositor, signerNamed('next'))
    expect(revoked({ key: depositor.thumbprint })).toEqual([])
    expect(bench.registry.keys.get(depositor.thumbprint)).toMatchObject({ status: 'revoked', until: 3 })
    expect(violationsOf(bench.deposit('depositor', 1, signerNamed('next')))).toEqual([])
    expect(revoked({ key: depositor.thumbprint })).toEqual(['already-revoked'])
  })

  it('of nobody is a violation', () => {
    expect(revoked({ participant: 'nobody' })).toEqual(['participant-unknown'])
    expect(revoked({ key: signerNamed('nobody').thumbprint })).toEqual(['participant-unknown'])
  })

  it('by somebody without the role changes nothing', () => {
    expect(violationsOf(revokeAs('depositor', { participant: 'depositor' }))).toEqual(['role-missing'])
    expect(isActive(bench.registry, 'depositor')).toBe(true)
  })
})

describe('the last active administrator', () => {
  it('is not revoked, by participant or by key, its own included', () => {
    expect(revoked({ participant: 'administrator' })).toEqual(['last-administrator'])
    expect(revoked({ key: administrator.thumbprint })).toEqual(['last-administrator'])
  })

  it('is the last though others have every other role', () => {
    bench.admit('helper', ['depositor', 'attestor', 'auditor', 'Administrator'])
    expect(revoked({ participant: 'administrator' })).toEqual(['last-administrator'])
  })

  it('may be revoked once there is another, and then the other is the last', () => {
    bench.admit('second', ['administrator'])
    expect(revoked({ participant: 'administrator' })).toEqual([])
    expect(violationsOf(revokeAs('second', { participant: 'second' }))).toEqual(['last-administrator'])
    expect(violationsOf(revokeAs('second', { key: second.thumbprint }))).toEqual(['last-administrator'])
    expect(activeWithRole(bench.registry, 'administrator')).toBe(1)
  })

  it('is not active any more where its key was revoked', () => {
    bench.admit('second', ['administrator'])
    expect(revoked({ key: second.thumbprint })).toEqual([])
    expect(bench.registry.participants.get('second')).not.toHaveProperty('revokedAt')
    expect(revoked({ participant: 'administrator' })).toEqual(['last-administrator'])
    expect(revoked({ key: administrator.thumbprint })).toEqual(['last-administrator'])
    // Revoking the participant as well takes no administrator away.
    expect(revoked({ participant: 'second' })).toEqual([])
  })

  it('stays active through a rotation, of which only the new key counts', () => {
    const next = signerNamed('next administrator key')
    expect(violationsOf(bench.rotate('administrator', administrator, next))).toEqual([])
    const by = (members: object): string[] =>
      violationsOf(bench.say(next, 'administrator', 'participant.revoke', { reason: 'other', ...members }))
    expect(by({ key: next.thumbprint })).toEqual(['last-administrator'])
    expect(by({ participant: 'administrator' })).toEqual(['last-administrator'])
    expect(by({ key: administrator.thumbprint })).toEqual([])
    expect(by({ participant: 'depositor' })).toEqual([])
  })

  it('is not saved by an administrator that was revoked before', () => {
    bench.admit('second', ['administrator'])
    bench.admit('third', ['administrator'])
    expect(revoked({ participant: 'second' })).toEqual([])
    expect(revoked({ key: signerNamed('third').thumbprint })).toEqual([])
    expect(revoked({ participant: 'administrator' })).toEqual(['last-administrator'])
  })
})

describe('compromisedSince', () => {
  const at = (ms: number): string => new Date(startMs + ms).toISOString()

  it('is at most the entry’s own time', () => {
    // The entry that revokes is the third, two seconds after the genesis.
    expect(revoked({ participant: 'depositor', compromisedSince: at(2001) })).toEqual(['compromised-since-late'])
    expect(revoked({ participant: 'depositor', compromisedSince: at(3000) })).toEqual([])
    expect(bench.registry.participants.get('depositor')?.compromisedSince).toBe(at(3000))
  })

  it('may be before the ledger began, and is kept with the key', () => {
    expect(revoked({ key: depositor.thumbprint, compromisedSince: '0001-01-01T00:00:00.000Z' })).toEqual([])
    expect(bench.registry.keys.get(depositor.thumbprint)?.compromisedSince).toBe('0001-01-01T00:00:00.000Z')
    expect(bench.registry.participants.get('depositor')).not.toHaveProperty('compromisedSince')
  })

  it('is absent where it was not given', () => {
    revoked({ participant: 'depositor', reason: 'compromised' })
    expect(bench.registry.participants.get('depositor')).not.toHaveProperty('compromisedSince')
  })
})
