import { describe, expect, it } from 'vitest'
import { toBase64 } from '../../src/core/base64.ts'
import { isEvidenceError } from '../../src/core/errors.ts'
import { isFoundUnderSeals, everLetRead, isLetRead, type Standing } from '../../src/ledger/access/reading.ts'
import { type AccessState, nothingStands } from '../../src/ledger/access/standing.ts'
import { maxStanding, ownSealMs, stateOwnSeal, stateTerms } from '../../src/ledger/access/terms.ts'
import type { AccessTerms as SealedTerms } from '../../src/statements/access-terms.ts'
import { withCustody } from '../../src/statements/custody-state.ts'
import { requireErasable } from '../../src/ledger/erasure-bars.ts'
import { emptyRegistry, type Registry, withParticipant } from '../../src/statements/registry.ts'
import type { KindSaid, TargetFacts } from '../../src/statements/rules.ts'
import { signerNamed } from '../support/signers.ts'

/** Terms but for what they rest on. */
type AccessTerms = Omit<SealedTerms, 'basis'>

const depositor = 'platform'
const people: Readonly<Record<string, readonly string[]>> = {
  platform: ['depositor'],
  lab: ['attestor'],
  defence: ['attestor'],
  court: ['authority'],
  prosecutor: ['authority'],
}
const registry: Registry = Object.entries(people).reduce(
  (made, [id, roles], since) => withParticipant(made, { id, type: 'organisation', roles, since }, signerNamed(id).jwk),
  emptyRegistry('ledger.example/access'),
)
const hash = (index: number): Uint8Array => Buffer.alloc(32, index)
/** Entries 1 to 19 are deposits of the platform's; 0 is none. */
const target = (index: number): TargetFacts | undefined =>
  index > 19
    ? undefined
    : { leafHash: hash(index), kind: 'x' as KindSaid, iss: depositor, items: index === 0 ? undefined : 1 }
const of = (...indices: number[]): AccessTerms['of'] =>
  indices.map((index) => ({ index, leafHash: toBase64(hash(index)) }))

/** Rules stated one after another, each in an entry of its own from 20 on. */
class Rules {
  access: AccessState = nothingStands
  registry: Registry = registry
  index = 20
  timeMs = 1_000_000

  say(by: string, terms: AccessTerms, mayRefer = false): this {
    const { access, index, timeMs } = this
    this.access = stateTerms({
      access,
      registry: this.registry,
      index,
      timeMs,
      by,
      terms: { ...terms, basis: 'an order' },
      history: { target },
      mayRefer: () => mayRefer,
    })
    this.index++
    return this
  }
  refused(by: string, terms: AccessTerms, mayRefer = false): string {
    const before = this.access
    try {
      this.say(by, terms, mayRefer)
    } catch (error) {
      if (isEvidenceError(error)) return this.access === before ? error.code : 'half-done'
      throw error
    }
    return 'taken'
  }
  get standing(): Standing {
    return { registry: this.registry, access: this.access, nowMs: this.timeMs }
  }
  reads(id: string, index = 1): boolean {
    return isLetRead(this.standing, id, index)
  }
}

describe('terms of access', () => {
  it('a grant lets those read that it names, until it is ended by who gave it', () => {
    const rules = new Rules().say(depositor, { rule: 'grant', of: of(1, 2), to: ['lab', 'defence'] })
    expect([rules.reads('lab'), rules.reads('defence', 2), rules.reads('lab', 3), rules.reads('court')]).toEqual([
      true,
      true,
      false,
      false,
    ])
    expect(everLetRead(rules.standing, 'lab')).toEqual([
      { index: 1, iss: depositor },
      { index: 2, iss: depositor },
    ])
    rules.say(depositor, { rule: 'end', of: of(1), to: ['lab'] })
    expect([rules.reads('lab'), rules.reads('lab', 2), rules.reads('defence')]).toEqual([false, true, true])
    expect(rules.refused(depositor, { rule: 'end', of: of(1), to: ['lab'] })).toBe('access-nothing-stands')
  })

  it('grantees grant nothing, and strangers are told one thing whatever the reference is', () => {
    const rules = new Rules().say(depositor, { rule: 'grant', of: of(1), to: ['lab'] })
    expect(rules.refused('lab', { rule: 'grant', of: of(1), to: ['defence'] }, true)).toBe('access-not-yours')
    const tried = [of(1), of(0), of(25), [{ index: 1, leafHash: toBase64(hash(9)) }]]
    expect(tried.map((one) => rules.refused('defence', { rule: 'grant', of: one, to: ['lab'] }))).toEqual(
      tried.map(() => 'reference-not-found'),
    )
    expect(rules.refused('lab', { rule: 'grant', of: of(2, 1), to: ['nobody'] })).toBe('participant-unknown')
  })

  it('only an authority seals and holds', () => {
    const rules = new Rules()
    for (const rule of ['seal', 'unseal', 'hold', 'unhold'] as const)
      expect(rules.refused(depositor, { rule, of: of(1) }, true)).toBe('role-missing')
    expect(rules.refused('court', { rule: 'unseal', of: of(1) })).toBe('access-nothing-stands')
    expect(rules.refused('court', { rule: 'seal', of: of(0) })).toBe('reference-kind')
    expect(rules.refused('court', { rule: 'seal', of: of(25) })).toBe('reference-not-found')
  })

  it('a seal suspends grants from before it, its own authority’s too, and is opened by later ones of that authority alone', () => {
    const rules = new Rules()
      .say(depositor, { rule: 'grant', of: of(1), to: ['lab'] })
      .say('court', { rule: 'grant', of: of(1), to: ['defence'] })
      .say('court', { rule: 'seal', of: of(1) })
    expect(['lab', 'defence', 'court'].map((id) => rules.reads(id))).toEqual([false, false, true])
    rules.say(depositor, { rule: 'grant', of: of(1), to: ['lab'] })
    rules.say('prosecutor', { rule: 'grant', of: of(1), to: ['lab'] })
    expect(rules.reads('lab')).toBe(false)
    rules.say('court', { rule: 'grant', of: of(1), to: ['lab'] })
    expect(rules.reads('lab')).toBe(true)
    rules.say('court', { rule: 'unseal', of: of(1) })
    expect(['lab', 'defence', 'court'].map((id) => rules.reads(id))).toEqual([true, true, false])
  })

  it('seals add up, and only its own authority lifts one while it is active', () => {
    const rules = new Rules().say('court', { rule: 'seal', of: of(1) }).say('prosecutor', { rule: 'seal', of: of(1) })
    expect([rules.reads('court'), rules.reads('prosecutor')]).toEqual([false, false])
    rules.say('court', { rule: 'grant', of: of(1), to: ['prosecutor', 'lab'] })
    expect([rules.reads('court'), rules.reads('prosecutor'), rules.reads('lab')]).toEqual([false, true, false])
    rules.say('prosecutor', { rule: 'unseal', of: of(1) })
    expect(rules.refused('prosecutor', { rule: 'unseal', of: of(1) })).toBe('access-nothing-stands')
    expect(isFoundUnderSeals(rules.standing, 'defence', 1)).toBe(false)
    expect(isFoundUnderSeals(rules.standing, undefined, 1)).toBe(false)
    expect(isFoundUnderSeals(rules.standing, depositor, 1)).toBe(true)
    expect(isFoundUnderSeals(rules.standing, 'defence', 2)).toBe(true)
    // The court is gone: another authority may lift what it sealed.
    const court = registry.participants.get('court')
    rules.registry = {
      ...registry,
      participants: new Map([...registry.participants, ['court', { ...court, revokedAt: 30 } as never]]),
    }
    rules.say('prosecutor', { rule: 'unseal', of: of(1) })
    expect(isFoundUnderSeals(rules.standing, 'defence', 1)).toBe(true)
  })

  it('rules end by themselves, and one that would end before it begins is refused', () => {
    const rules = new Rules()
    const until = new Date(rules.timeMs + 1000).toISOString()
    rules.say(depositor, { rule: 'grant', of: of(1), to: ['lab'], until })
    expect(rules.reads('lab')).toBe(true)
    rules.timeMs += 1000
    expect(rules.reads('lab')).toBe(false)
    expect(rules.refused(depositor, { rule: 'grant', of: of(1), to: ['lab'], until })).toBe('access-until')
  })

  it('a deposit that seals itself is open to its issuer, to whom that one grants it later, and lifted by any authority', () => {
    const rules = new Rules()
    rules.access = stateOwnSeal(rules.access, { index: 1, by: depositor, timeMs: rules.timeMs })
    expect([rules.reads('court'), rules.reads('lab')]).toEqual([false, false])
    rules.say(depositor, { rule: 'grant', of: of(1), to: ['lab'] })
    expect(rules.reads('lab')).toBe(true)
    expect(isFoundUnderSeals(rules.standing, 'defence', 1)).toBe(false)
    const sealed = { ...rules.standing }
    const taken = new Rules()
    taken.access = sealed.access
    // The seal of an authority takes its place: the court reads, and lets read, under its own alone.
    taken.say('court', { rule: 'seal', of: of(1) }).say('court', { rule: 'grant', of: of(1), to: ['defence'] })
    expect([taken.reads('court'), taken.reads('defence'), taken.reads('lab')]).toEqual([true, true, false])
    rules.say('court', { rule: 'unseal', of: of(1) })
    expect(isFoundUnderSeals(rules.standing, 'defence', 1)).toBe(true)
    expect(isFoundUnderSeals({ ...sealed, nowMs: rules.timeMs + ownSealMs }, 'defence', 1)).toBe(true)
  })

  it('so many grants stand on one deposit and no more, and they keep no authority from sealing it', () => {
    const rules = new Rules()
    for (let i = 0; i < maxStanding; i++) rules.say(depositor, { rule: 'grant', of: of(1), to: ['lab'] })
    expect(rules.refused(depositor, { rule: 'grant', of: of(1), to: ['lab'] })).toBe('access-too-many')
    rules.say('court', { rule: 'seal', of: of(1) })
    expect(rules.reads('lab')).toBe(false)
  })

  it('CR-M12: each authority has room of its own for grants, seals and holds, which nobody else takes', () => {
    const rules = new Rules()
    const fill = (by: string, rule: 'grant' | 'hold'): void => {
      const to = rule === 'grant' ? { to: ['lab', 'defence'] } : {}
      for (let i = 0; i < maxStanding / (rule === 'grant' ? 2 : 1); i++) rules.say(by, { rule, of: of(1), ...to })
    }
    fill(depositor, 'grant')
    rules.say('court', { rule: 'seal', of: of(1) }).say('court', { rule: 'grant', of: of(1), to: ['defence'] })
    expect(rules.reads('defence')).toBe(true)
    for (let i = 0; i < maxStanding - 1; i++) rules.say('court', { rule: 'hold', of: of(1) })
    expect(rules.refused('court', { rule: 'hold', of: of(1) })).toBe('access-too-many')
    expect(rules.refused('prosecutor', { rule: 'hold', of: of(1) })).toBe('taken')
  })

  it('who holds a unit takes no room of who deposited it, nor the other way round', () => {
    const rules = new Rules()
    const unit = { where: 'of[0]', index: 1, item: 0, iss: depositor, count: 1 }
    rules.registry = withCustody(registry, [unit], (one) => ({ ...one, holder: 'lab' }))
    const fill = (by: string): void => {
      for (let i = 0; i < maxStanding; i++) rules.say(by, { rule: 'grant', of: of(1), to: ['defence'] })
      expect(rules.refused(by, { rule: 'grant', of: of(1), to: ['defence'] })).toBe('access-too-many')
    }
    fill('lab')
    fill(depositor)
    rules.say('court', { rule: 'grant', of: of(1), to: ['defence'] })
  })

  it('CR-H4: participants in grants are counted, not grants, and an end looks at each of them a few times however many it names', () => {
    const ids = Array.from({ length: 128 }, (_, i) => `reader-${i}`)
    const [granted, others] = [ids.slice(0, 64), ids.slice(64)]
    const rules = new Rules()
    rules.registry = {
      ...registry,
      participants: new Map([...registry.participants, ...ids.map((id) => [id, {}] as never)]),
    }
    const all = of(...Array.from({ length: 18 }, (_, i) => i + 1))
    const grant = { rule: 'grant', of: all, to: granted } as const
    for (let i = 0; i < maxStanding / 64; i++) rules.say(depositor, grant)
    expect(rules.refused(depositor, grant)).toBe('access-too-many')
    let looks = 0
    const counted = (list: readonly string[]): readonly string[] =>
      new Proxy(list, {
        get(target, name, self) {
          if (typeof name === 'string' && /^\d+$/.test(name)) looks++
          return Reflect.get(target, name, self) as unknown
        },
      })
    const standing = [...rules.access.rules].map(
      ([index, list]) => [index, list.map((one) => ({ ...one, to: counted(one.to) }))] as const,
    )
    rules.access = { ...rules.access, rules: new Map(standing) }
    rules.say(depositor, { rule: 'end', of: all, to: [...others.slice(1), granted[0] as string] })
    expect(looks).toBeGreaterThan(0)
    expect(looks).toBeLessThanOrEqual(2 * all.length * maxStanding)
  })

  it('CR-M7: terms of a seal that took the place of a deposit’s own are kept until that one would have ended', () => {
    const rules = new Rules()
    const ownUntil = rules.timeMs + ownSealMs
    rules.access = stateOwnSeal(rules.access, { index: 1, by: depositor, timeMs: rules.timeMs })
    rules.say('court', { rule: 'seal', of: of(1, 2), until: new Date(rules.timeMs + 1000).toISOString() })
    const seal = rules.index - 1
    rules.timeMs += 1000
    // It ended by itself, and the deposit’s own seal does not come back.
    expect(isFoundUnderSeals(rules.standing, 'defence', 1)).toBe(true)
    const erasing = (nowMs: number): (() => void) => {
      const subjects = { of: [], isWhole: true }
      return () => requireErasable({ ...rules.standing, nowMs }, [{ index: seal }], () => subjects)
    }
    expect(erasing(ownUntil - 1)).toThrow('took the place')
    expect(erasing(ownUntil)).not.toThrow()
    // Of a deposit that did not seal itself nothing would come back.
    rules.say('court', { rule: 'seal', of: of(3), until: new Date(rules.timeMs + 1000).toISOString() })
    expect(rules.access.about.get(rules.index - 1)?.ownUntilMs).toBeUndefined()
  })

  it('a statement that cannot be applied to all of its deposits is applied to none', () => {
    const rules = new Rules().say('court', { rule: 'seal', of: of(1) })
    expect(rules.refused('court', { rule: 'unseal', of: of(1, 2) })).toBe('access-nothing-stands')
    expect(isFoundUnderSeals(rules.standing, 'defence', 1)).toBe(false)
  })
})
