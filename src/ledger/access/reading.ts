import type { DepositName } from '../../statements/kind.ts'
import { grantsReading, heldSince } from '../../statements/said.ts'
import type { ChainState } from '../chain-state.ts'
import type { LeftOut } from '../storage.ts'
import { type AccessState, type StandingRule, standingOn } from './standing.ts'

/** What rights are decided by: the state of the chain, and the time. */
export interface Standing extends Pick<ChainState, 'registry' | 'access'> {
  /** Milliseconds since 1970: of the clock, or of the last entry where that is later. */
  readonly nowMs: number
}

/** The state of a chain as rights are decided by it at a time of the clock. */
export function standingAt({ registry, access, timeMs = 0 }: ChainState, clockMs: number): Standing {
  return { registry, access, nowMs: Math.max(clockMs, timeMs) }
}

/** The seals that stand on a deposit. */
export function sealsOn({ access, nowMs }: Standing, index: number): readonly StandingRule[] {
  return standingOn(access, index, nowMs).filter(({ rule }) => rule === 'seal')
}

/**
 * Whether what stands lets a participant read a deposit and its claims, or what it holds in custody. Under seals it needs leave of who set
 * each, given after it: grants from before are suspended.
 */
export function isLetRead(standing: Standing, participant: string, index: number): boolean {
  const { registry, access, nowMs } = standing
  if (grantsReading(registry, participant, index)) return true
  if (access.letsNobody === true) return false
  const rules = standingOn(access, index, nowMs)
  if (rules.length === 0) return false
  const grants = rules.filter(
    (one) => one.rule === 'grant' && one.to.includes(participant) && isInForce(standing, one, index),
  )
  const seals = rules.filter(({ rule }) => rule === 'seal')
  if (seals.length === 0) return grants.length > 0
  return seals.every(
    (seal) => seal.by === participant || grants.some(({ by, entry }) => by === seal.by && entry > seal.entry),
  )
}

/** A custodian's grant ends for good when what it holds leaves it. */
function isInForce({ registry }: Standing, { as, by, entry }: StandingRule, index: number): boolean {
  if (as !== 'custodian') return true
  const since = heldSince(registry, by, index)
  return since !== undefined && since < entry
}

/** Deposits that a rule or custody ever let a participant read, ascending by index: of those that are found, {@link isLetRead} is asked. */
export function everLetRead({ access }: Standing, participant: string): readonly DepositName[] {
  const deposits = access.letRead.get(participant)
  if (deposits === undefined) return []
  const known = listed.get(deposits)
  if (known !== undefined) return known
  const list = [...deposits]
    .flatMap(([index, iss]): DepositName[] => (iss === undefined ? [] : [{ index, iss }]))
    .sort((a, b) => a.index - b.index)
  listed.set(deposits, list)
  return list
}

const listed = new WeakMap<ReadonlyMap<number, string | undefined>, readonly DepositName[]>()

/** Whether a look-up leads a reader to a deposit as far as seals go: unsealed, its own, or let read. `participant`: undefined for nobody in particular. */
export function isFoundUnderSeals(standing: Standing, participant: string | undefined, index: number): boolean {
  const [seal] = sealsOn(standing, index)
  if (seal === undefined) return true
  return participant !== undefined && (seal.issuer === participant || isLetRead(standing, participant, index))
}

/** Whether any deposit is sealed. */
export function isAnySealed({ access, nowMs }: Standing): boolean {
  for (const index of access.rules.keys())
    if (standingOn(access, index, nowMs).some(({ rule }) => rule === 'seal')) return true
  return false
}

const known = new WeakMap<AccessState, LeftOut>()

/** Deposits that a seal stands on, or stood on before it ended by itself; they stand in the lists of those who deposited them. */
export function sealedDepositsOf({ access }: Standing): LeftOut {
  const before = known.get(access)
  if (before !== undefined) return before
  const indices = new Set<number>()
  const lists = new Map<string, number>()
  for (const [index, rules] of access.rules) {
    const seal = rules.find(({ rule }) => rule === 'seal')
    if (seal === undefined) continue
    indices.add(index)
    lists.set(seal.issuer, (lists.get(seal.issuer) ?? 0) + 1)
  }
  const sealed = { indices, lists }
  known.set(access, sealed)
  return sealed
}
