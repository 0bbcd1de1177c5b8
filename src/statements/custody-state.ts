import { withEntry } from './grown-map.ts'
import type { DepositName, UnitCustody, UnitsState } from './kind.ts'
import { type Registry, withState } from './registry.ts'

/*
 * Who holds what (docs/spec/19-custody.md), as entries say so far. A unit is an item of a deposit; one that no entry spoke of is held by
 * the participant that deposited it. Plain data in the registry, in maps that grow by layers.
 */

/** The custody of one unit. Units that changed hands together share one. */
export interface Custody {
  readonly holder: string
  /** Index of the entry through which it holds: the deposit, a transfer, or one by which custody went on. */
  readonly since: number
  readonly isEnded?: boolean
  /** Index of the last transfer in lieu of the holder: flagged for ever, and certain from there on. */
  readonly movedByOrder?: number
  /** Index of the last entry about it that is not judged. */
  readonly openSince?: number
}

/** The entry that used a release up; `isOpen` where it is not judged, and so may have used up nothing. */
interface ReleaseUse {
  readonly index: number
  readonly isOpen?: boolean
}

interface CustodyState {
  /** By index of the deposit, an element for each item: of deposits of which an entry spoke. */
  readonly units: ReadonlyMap<number, readonly Custody[]>
  /** By `iss` and `jti` of the release. */
  readonly used: ReadonlyMap<string, ReleaseUse>
  /** Index of the last entry of a kind of custody that this version does not know. */
  readonly doubtedAt?: number
}

/** A unit that a statement names. */
export interface Unit {
  /** Where the reference stands in the statement. */
  readonly where: string
  readonly index: number
  readonly item: number
  /** Who deposited it, and how many items the deposit has. */
  readonly iss: string
  readonly count: number
}

const stateName = 'custody'
const nothing: CustodyState = { units: new Map(), used: new Map() }

function stateOf({ states }: Registry): CustodyState {
  return (states?.get(stateName) as CustodyState | undefined) ?? nothing
}

function withChange(registry: Registry, change: Partial<CustodyState>): Registry {
  return withState(registry, stateName, { ...stateOf(registry), ...change })
}

export function custodyOf(registry: Registry, { index, item, iss }: Pick<Unit, 'index' | 'item' | 'iss'>): Custody {
  return stateOf(registry).units.get(index)?.[item] ?? { holder: iss, since: index }
}

/** Whether the custody of a unit is not known: an entry that is not judged may have changed it, and none in lieu came after. */
export function isUncertain(registry: Registry, { movedByOrder = -1, openSince = -1 }: Custody): boolean {
  return Math.max(registry.doubtedAt ?? -1, stateOf(registry).doubtedAt ?? -1, openSince) > movedByOrder
}

/** The registry with the custody of some units replaced by what `change` makes of it. */
export function withCustody(
  registry: Registry,
  named: readonly Unit[],
  change: (before: Custody) => Custody,
): Registry {
  const lists = new Map<number, Custody[]>()
  const changed = new Map<Custody, Custody>()
  let { units } = stateOf(registry)
  for (const { index, item, iss, count } of named) {
    const before = units.get(index) ?? Array<Custody>(count).fill({ holder: iss, since: index })
    const list = lists.get(index) ?? [...before]
    lists.set(index, list)
    const held = list[item] as Custody
    // Items that were in one hand share a record, and go on to.
    const after = changed.get(held) ?? change(held)
    changed.set(held, after)
    list[item] = after
  }
  for (const [index, list] of lists) units = withEntry(units, index, list)
  return withChange(registry, { units })
}

interface ReleaseName {
  readonly iss: string
  readonly jti: string
}

/** The entry that used a release of this name, if one did. */
export function useOf(registry: Registry, { iss, jti }: ReleaseName): ReleaseUse | undefined {
  return stateOf(registry).used.get(`${iss} ${jti}`)
}

/** The registry after an entry that used a release; the first use stands, but for one that is not judged. */
export function withUse(registry: Registry, release: ReleaseName, use: ReleaseUse): Registry {
  const before = useOf(registry, release)
  if (before !== undefined && before.isOpen !== true) return registry
  return withChange(registry, { used: withEntry(stateOf(registry).used, `${release.iss} ${release.jti}`, use) })
}

/** The registry after an entry of a kind of custody that this version does not know: no custody is certain. */
export function withDoubt(registry: Registry, index: number): Registry {
  return withChange(registry, { doubtedAt: index })
}

/** Where the units of the deposit in entry `index` are, which `iss` deposited. */
export function unitsOfDeposit(registry: Registry, index: number, iss: string): UnitsState {
  const units = stateOf(registry).units.get(index) ?? [{ holder: iss, since: index }]
  const certain = units.filter((custody) => !isUncertain(registry, custody))
  if (certain.some(({ holder, isEnded }) => holder !== iss || isEnded === true)) return 'moved'
  return certain.length < units.length ? 'not-judged' : 'with-issuer'
}

/** The custody of each of the `count` units of a deposit. */
export function custodyOfDeposit(registry: Registry, { index, iss }: DepositName, count: number): UnitCustody[] {
  return Array.from({ length: count }, (_, item) => {
    const custody = custodyOf(registry, { index, item, iss })
    const { holder, since, isEnded, movedByOrder } = custody
    const state = isUncertain(registry, custody) ? 'not-judged' : isEnded === true ? 'ended' : 'held'
    return { holder, since, state, movedByOrder }
  })
}

/** Index of the entry through which a participant holds a unit of the deposit in entry `index`, by what an entry said; the earliest of several. */
export function heldUnitSince(registry: Registry, participant: string, index: number): number | undefined {
  const units = stateOf(registry).units.get(index) ?? []
  return units
    .filter(({ holder, isEnded }) => holder === participant && isEnded !== true)
    .reduce<number | undefined>((first, { since }) => Math.min(first ?? since, since), undefined)
}
