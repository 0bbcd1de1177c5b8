import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { composePossession } from '../../src/statements/compose.ts'
import type { Registry } from '../../src/statements/registry.ts'
import type { Judgement } from '../../src/statements/rulebook.ts'
import type { SigningKey } from '../../src/node/key-file.ts'
import { signerNamed } from '../support/signers.ts'
import { sizeOf } from '../support/long.ts'
import { administrator, origin, RuleBench } from './bench.ts'

const ids = ['administrator', 'b', 'c', 'd']
const keys = [administrator, ...['1', '2', '3', '4', '5', '6'].map((name) => signerNamed(`pool ${name}`))]

type Operation =
  | { readonly does: 'admit'; readonly id: number; readonly key: number; readonly roles: readonly string[] }
  | { readonly does: 'revoke'; readonly id: number }
  | { readonly does: 'revoke-key'; readonly key: number }
  | { readonly does: 'rotate'; readonly key: number }
interface Step {
  /** Who signs: anybody with any key, most often somebody in whose power it may be. */
  readonly id: number
  readonly key: number | 'own'
  readonly operation: Operation
}

const id = fc.nat({ max: ids.length - 1 })
const key = fc.nat({ max: keys.length - 1 })
const role = fc.subarray(['administrator', 'depositor', 'observer'], { minLength: 1 })
const operation: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({ does: fc.constant('admit' as const), id, key, roles: role }),
  fc.record({ does: fc.constant('revoke' as const), id }),
  fc.record({ does: fc.constant('revoke-key' as const), key }),
  fc.record({ does: fc.constant('rotate' as const), key }),
)
const step: fc.Arbitrary<Step> = fc.record({
  id: fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, id),
  key: fc.oneof({ weight: 9, arbitrary: fc.constant('own' as const) }, key),
  operation,
})

/** The rules once more, as plainly as they can be said: who is there, whose each key is, and what has ended. */
class Model {
  readonly roles = new Map([['administrator', ['administrator']]])
  readonly owner = new Map([[administrator.thumbprint, 'administrator']])
  readonly rotated = new Set<string>()
  readonly revokedKeys = new Set<string>()
  readonly revokedIds = new Set<string>()

  usable(thumbprint: string): boolean {
    return this.owner.has(thumbprint) && !this.rotated.has(thumbprint) && !this.revokedKeys.has(thumbprint)
  }
  keyOf(name: string): SigningKey {
    const own = keys.filter(({ thumbprint }) => this.owner.get(thumbprint) === name)
    return own.find(({ thumbprint }) => this.usable(thumbprint)) ?? own[0] ?? administrator
  }
  administrators(without?: { id?: string; key?: string }): number {
    const active = [...this.roles].filter(([name, roles]) => {
      const gone = this.revokedIds.has(name) || name === without?.id
      const owned = [...this.owner].filter(
        ([print, own]) => own === name && this.usable(print) && print !== without?.key,
      )
      return roles.includes('administrator') && !gone && owned.length > 0
    })
    return active.length
  }
  /** Whether the rules allow it; then it is done. */
  apply(by: string, signing: SigningKey, what: Operation): boolean {
    const speaks =
      this.owner.get(signing.thumbprint) === by && this.usable(signing.thumbprint) && !this.revokedIds.has(by)
    if (!speaks || (what.does !== 'rotate' && !this.roles.get(by)?.includes('administrator'))) return false
    const name = what.does === 'admit' || what.does === 'revoke' ? (ids[what.id] as string) : ''
    const print = what.does === 'revoke' ? '' : (keys[what.key] as SigningKey).thumbprint
    switch (what.does) {
      case 'admit':
        if (this.roles.has(name) || this.owner.has(print)) return false
        this.roles.set(name, [...what.roles])
        this.owner.set(print, name)
        return true
      case 'revoke':
        if (!this.roles.has(name) || this.revokedIds.has(name) || this.administrators({ id: name }) === 0) return false
        this.revokedIds.add(name)
        return true
      case 'revoke-key':
        if (!this.owner.has(print) || this.revokedKeys.has(print) || this.administrators({ key: print }) === 0)
          return false
        this.revokedKeys.add(print)
        return true
      case 'rotate':
        if (this.owner.has(print)) return false
        this.rotated.add(signing.thumbprint)
        this.owner.set(print, by)
        return true
    }
  }
}

function perform(bench: RuleBench, by: string, signing: SigningKey, what: Operation): Judgement {
  const jti = `00000000-0000-4000-8000-${String(bench.targets.length).padStart(12, '0')}`
  const say = (kind: string, members: object): Judgement =>
    bench.say(signing, by, `participant.${kind}`, members, { jti })
  switch (what.does) {
    case 'admit': {
      const participant = { id: ids[what.id], type: 'organisation', roles: what.roles, keys: [keys[what.key]?.jwk] }
      return say('admit', { participant })
    }
    case 'revoke':
      return say('revoke', { participant: ids[what.id], reason: 'other' })
    case 'revoke-key':
      return say('revoke', { key: keys[what.key]?.thumbprint, reason: 'other' })
    case 'rotate': {
      const newKey = keys[what.key] as SigningKey
      const possession = composePossession({ aud: origin, iss: by, jti, old: signing.thumbprint }, newKey)
      return say('rotate-key', { newKey: newKey.jwk, possession })
    }
  }
}

/** What may never happen to what was there, whatever an entry says. */
function forgotten(before: Registry, after: Registry): string[] {
  const participants = [...before.participants.values()].filter((old) => {
    const now = after.participants.get(old.id)
    return (
      now === undefined || (old.revokedAt !== undefined && now.revokedAt !== old.revokedAt) || now.roles !== old.roles
    )
  })
  const lost = [...before.keys.values()].filter((old) => {
    const now = after.keys.get(old.thumbprint)
    return now?.participant !== old.participant || (old.status !== 'active' && now.status === 'active')
  })
  return [...participants.map((record) => record.id), ...lost.map((record) => record.thumbprint)]
}

const runs = sizeOf('tests/statements/registry-property.test.ts', 'sequences')

describe('any sequence of registry entries', () => {
  it('keeps an active administrator, uses no id and no key twice, and changes nothing by what it refuses', () => {
    let [applied, refused] = [0, 0]
    fc.assert(
      fc.property(fc.array(step, { minLength: 5, maxLength: 30 }), (steps) => {
        const [bench, model] = [new RuleBench().begin(), new Model()]
        for (const { id: actor, key: signs, operation: what } of steps) {
          const by = ids[actor] as string
          const signing = signs === 'own' ? model.keyOf(by) : (keys[signs] as SigningKey)
          const before = bench.registry
          const sizes = [before.participants.size, before.keys.size]
          const { violations, next } = perform(bench, by, signing, what)
          const allowed = model.apply(by, signing, what)
          expect([violations.map(({ code }) => code), violations.length === 0]).toEqual([expect.any(Array), allowed])
          expect(next === before).toBe(!allowed)
          // A registry is never changed in place.
          expect([before.participants.size, before.keys.size]).toEqual(sizes)
          expect(forgotten(before, next)).toEqual([])
          expect(model.administrators()).toBeGreaterThan(0)
          expect([...next.participants.keys()].sort()).toEqual([...model.roles.keys()].sort())
          expect(
            new Map([...next.keys.values()].map(({ thumbprint, participant }) => [thumbprint, participant])),
          ).toEqual(model.owner)
          expect(
            [...next.keys.values()]
              .filter(({ status }) => status === 'active')
              .map((k) => k.thumbprint)
              .sort(),
          ).toEqual([...model.owner.keys()].filter((print) => model.usable(print)).sort())
          if (allowed) applied++
          else refused++
        }
      }),
      { numRuns: runs },
    )
    // Both happen often enough to mean something.
    expect(applied).toBeGreaterThan(runs)
    expect(refused).toBeGreaterThan(runs)
  })
})
