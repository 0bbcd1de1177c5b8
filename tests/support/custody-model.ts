import type { Random } from './random.ts'

/*
 * Custody by itself, as simple as it can be told: a list of units with their custodians, and of releases that were used. It shares nothing
 * with the rulebook, and says beforehand what that must find.
 */

/** Somebody who signs, and whether anybody may still. */
interface Party {
  readonly id: string
  readonly isAuthority: boolean
  isRevoked: boolean
}

export interface ModelUnit {
  readonly deposit: number
  readonly item: number
  /** Who deposited it, and how many items the deposit has. */
  readonly by: string
  readonly count: number
  holder: string
  since: number
  isEnded: boolean
}

/** A release as somebody signed it; a transfer may come at once, later, or never. */
export interface ModelRelease {
  readonly id: number
  readonly by: string
  readonly to: string
  /** Deposit and item; undefined for all. */
  readonly exhibits: readonly (readonly [deposit: number, item: number | undefined])[]
  readonly since: number
  readonly isInLieu: boolean
}

/** What is said at one index, and the code that it must be refused with, or none. */
export type Step =
  | { readonly what: 'deposit'; readonly by: string; readonly items: number }
  | { readonly what: 'revoke'; readonly id: string }
  | {
      readonly what: 'transfer'
      readonly release: ModelRelease
      readonly outcome: 'accepted' | 'rejected' | 'withdrawn'
    }
  | { readonly what: 'end' | 'resume'; readonly by: string; readonly exhibits: ModelRelease['exhibits'] }

export class CustodyModel {
  readonly units: ModelUnit[] = []
  readonly parties: readonly Party[]
  readonly releases: ModelRelease[] = []
  private readonly used = new Set<number>()
  private readonly deposits: { readonly index: number; readonly items: number }[] = []
  private readonly random: Random

  /** `begin`: index of the next entry. */
  constructor(random: Random, ids: readonly string[]) {
    this.random = random
    this.parties = ids.map((id) => ({ id, isAuthority: id.startsWith('court'), isRevoked: false }))
  }

  /** Makes up what is said at an index: most of it in order. */
  step(index: number): Step {
    const { random } = this
    const chance = random.below(100)
    const able = this.parties.filter(({ isRevoked }) => !isRevoked)
    const anybody = (): string => random.pick(able).id
    if (this.deposits.length === 0 || chance < 12)
      return { what: 'deposit', by: this.depositor(), items: 1 + random.below(3) }
    if (chance < 15 && able.length > 4)
      return { what: 'revoke', id: random.pick(able.filter(({ id }) => id !== 'court')).id }
    if (chance < 30) {
      const unit = random.pick(this.units)
      const by = random.below(6) === 0 ? anybody() : unit.holder
      return { what: unit.isEnded !== (random.below(8) === 0) ? 'resume' : 'end', by, exhibits: this.exhibits(unit) }
    }
    const outcome = random.below(5) === 0 ? random.pick(['rejected', 'withdrawn'] as const) : 'accepted'
    if (this.releases.length > 0 && random.below(4) === 0)
      return { what: 'transfer', release: random.pick(this.releases), outcome }
    return { what: 'transfer', release: this.release(index, anybody), outcome }
  }

  private depositor(): string {
    return this.random.pick(this.parties.filter(({ isRevoked, isAuthority }) => !isRevoked && !isAuthority)).id
  }

  private release(index: number, anybody: () => string): ModelRelease {
    const { random } = this
    const unit = random.pick(this.units)
    const isInLieu = random.below(8) === 0
    const by = isInLieu ? random.pick(['court', anybody()]) : random.below(8) === 0 ? anybody() : unit.holder
    const since = random.below(5) === 0 ? random.below(index + 1) : index - 1
    const release = { id: this.releases.length, by, to: anybody(), exhibits: this.exhibits(unit), since, isInLieu }
    this.releases.push(release)
    return release
  }

  /** One unit or its deposit, and sometimes more. */
  private exhibits(unit: ModelUnit): ModelRelease['exhibits'] {
    const { random } = this
    const one = (from: ModelUnit): readonly [number, number | undefined] => [
      from.deposit,
      random.below(3) === 0 ? undefined : from.item,
    ]
    const more = Array.from({ length: random.below(4) === 0 ? 1 + random.below(2) : 0 }, () =>
      one(random.pick(this.units)),
    )
    return [one(unit), ...more]
  }

  private named(exhibits: ModelRelease['exhibits']): ModelUnit[] {
    return exhibits.flatMap(([deposit, item]) =>
      this.units.filter((unit) => unit.deposit === deposit && (item === undefined || unit.item === item)),
    )
  }

  /** Why a step is refused; undefined where it stands, and then it is done. */
  judge(step: Step, index: number): string | undefined {
    const fault = this.faultOf(step, index)
    if (fault === undefined) this.apply(step, index)
    return fault
  }

  private faultOf(step: Step, index: number): string | undefined {
    if (step.what === 'deposit' || step.what === 'revoke') return undefined
    const signer = step.what !== 'transfer' ? step.by : step.outcome === 'withdrawn' ? step.release.by : step.release.to
    if (this.party(signer).isRevoked) return 'participant-revoked'
    if (step.what !== 'transfer') return this.faultOfUnits(step.exhibits, signer, step.what === 'resume')
    const { by, to, isInLieu, since, id, exhibits } = step.release
    if (by === to) return 'release-party'
    if (this.party(by).isRevoked) return 'release-key'
    if (isInLieu && !this.party(by).isAuthority) return 'in-lieu-authority'
    if (this.used.has(id)) return 'release-used'
    return this.faultOfUnits(exhibits, by, false, isInLieu, since, index)
  }

  private faultOfUnits(
    exhibits: ModelRelease['exhibits'],
    by: string,
    isEnded: boolean,
    isInLieu = false,
    since?: number,
    index = 0,
  ): string | undefined {
    const units = this.named(exhibits)
    if (new Set(units).size < units.length) return 'exhibit-repeated'
    for (const unit of isInLieu ? [] : units) {
      if (unit.holder !== by) return 'custody-not-holder'
      if (unit.isEnded !== isEnded) return isEnded ? 'custody-held' : 'custody-ended'
      if (since !== undefined && (unit.since > since || since >= index)) return 'custody-stale'
    }
    return undefined
  }

  private apply(step: Step, index: number): void {
    if (step.what === 'revoke') this.party(step.id).isRevoked = true
    if (step.what === 'deposit') {
      this.deposits.push({ index, items: step.items })
      for (let item = 0; item < step.items; item++)
        this.units.push({
          deposit: index,
          item,
          by: step.by,
          count: step.items,
          holder: step.by,
          since: index,
          isEnded: false,
        })
    }
    if (step.what === 'end') for (const unit of this.named(step.exhibits)) unit.isEnded = true
    if (step.what === 'resume')
      for (const unit of this.named(step.exhibits)) Object.assign(unit, { isEnded: false, since: index })
    if (step.what !== 'transfer') return
    this.used.add(step.release.id)
    if (step.outcome === 'accepted')
      for (const unit of this.named(step.release.exhibits))
        Object.assign(unit, { holder: step.release.to, since: index, isEnded: false })
  }

  private party(id: string): Party {
    return this.parties.find((one) => one.id === id) as Party
  }
}
