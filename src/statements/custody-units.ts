import { fromBase64 } from '../core/base64.ts'
import { type ErrorCode, EvidenceError } from '../core/errors.ts'
import { type Custody, custodyOf, isUncertain, type Unit, withCustody } from './custody-state.ts'
import { defined } from '../core/objects.ts'
import type { Asked, PlacedReference } from './kind.ts'
import { type Placed, placed, type UnitReference } from './members.ts'
import { judgeEarlier, judgeReference, type PlacedHash, type Referring } from './references.ts'
import type { Registry } from './registry.ts'
import { type Findings, leaveOpen, violate } from './rules.ts'
import type { Role } from './vocabulary.ts'

/** Most references of one statement that ends custody or resumes it: with the order they are shown in one request. */
export const maxUnits = 32

/** Who may have custody. */
export const custodianRoles: readonly Role[] = ['depositor', 'attestor', 'authority']

/** What judging units asks of the entry that names them: less than a rule is asked, so that a recognised entry may be judged too. */
export type Naming = Referring & Pick<Asked<unknown>, 'registry'>

/** References to units, where they stand in the statement, and what it says of them. */
export function placedUnits(
  member: string,
  references: readonly UnitReference[],
  event?: PlacedReference['event'],
): PlacedReference[] {
  return references.map((one, i) => ({ ...placed(`${member}[${i}]`, one), ...defined({ event }) }))
}

/**
 * The units that references name: those of deposits that broke no rule. Adds what is wrong with a reference, or not judged: the list is
 * then short of its units.
 */
export function judgeUnits(references: readonly (Placed | PlacedHash)[], naming: Referring): Unit[] {
  return references.flatMap((reference): Unit[] => {
    const { where, index, item } = reference
    const target = judgeReference(reference, naming)
    if (target === undefined) return []
    const { iss, items: count = 0, soundness } = target
    if (soundness === undefined) {
      const items = item === undefined ? [...Array(count).keys()] : [item]
      return items.map((one) => ({ where, index, item: one, iss, count }))
    }
    if (soundness === 'open') leaveOpen(naming.findings, `whether entry ${index} broke a rule is not judged`, where)
    else violate(naming.findings, 'reference-unsound', `entry ${index} broke a rule: nobody holds it`, where)
    return []
  })
}

/** Whether no unit is named twice: one alone and with all of its deposit is. Adds `exhibit-repeated` for the first that is. */
export function judgeDistinct(named: readonly Unit[], findings: Findings): boolean {
  const seen = new Set<string>()
  for (const unit of named) {
    const name = nameOf(unit)
    if (seen.has(name)) {
      violate(findings, 'exhibit-repeated', `${name} is named twice`, unit.where)
      return false
    }
    seen.add(name)
  }
  return true
}

/** True where it adds `exhibit-repeated` on a partial registry, where deposits need not be at hand: two references may name one unit whatever their deposit is. */
export function judgeNamedTwice(
  references: readonly Pick<Placed, 'where' | 'index' | 'item'>[],
  { registry, findings }: Naming,
): boolean {
  const twice = references.find(({ index, item }, i) =>
    references.slice(0, i).some((one) => one.index === index && (one.item ?? item) === (item ?? one.item)),
  )
  if (registry.isPartial !== true || twice === undefined) return false
  violate(findings, 'exhibit-repeated', `a unit of entry ${twice.index} is named twice`, twice.where)
  return true
}

function nameOf({ index, item }: Unit): string {
  return `item ${item} of entry ${index}`
}

/** Where units must be for an entry to be in order. */
export interface Wanted {
  readonly holder: string
  readonly isEnded: boolean
  /** The unit is held through this entry, or one before it. */
  readonly since?: number
}

/** The first of some units whose custody is not known. */
export function uncertainOf(registry: Registry, named: readonly Unit[]): Unit | undefined {
  return named.find((unit) => isUncertain(registry, custodyOf(registry, unit)))
}

/** Judges that units are where they must be: adds the first finding of those whose custody is known, or else that it is not judged. */
export function judgeCustody(named: readonly Unit[], wanted: Wanted, naming: Naming): void {
  const { registry, entry, findings } = naming
  for (const unit of named) {
    const custody = custodyOf(registry, unit)
    const fault = isUncertain(registry, custody) ? undefined : custodyFault(custody, wanted, entry.index, unit)
    if (fault !== undefined) {
      findings.violations.push(fault)
      return
    }
  }
  const open = uncertainOf(registry, named)
  if (open !== undefined) leaveOpen(findings, `who holds ${nameOf(open)} is not judged`, open.where)
}

/** Why a unit is not where it must be; in discreet words for those who may not know its holder. */
function custodyFault(custody: Custody, wanted: Wanted, at: number, unit: Unit): EvidenceError | undefined {
  const { holder, since, isEnded = false } = custody
  const { where, index } = unit
  const fault = (code: ErrorCode, why: string): EvidenceError => {
    const discreet = `${nameOf(unit)} ${why}`
    const message = `${discreet}: its custodian is ${holder}, through entry ${since}`
    return new EvidenceError(code, message, { where, index, expected: holder, found: wanted.holder, discreet })
  }
  if (holder !== wanted.holder) return fault('custody-not-holder', `is not held by ${wanted.holder}`)
  if (isEnded !== wanted.isEnded)
    return isEnded ? fault('custody-ended', 'is ended') : fault('custody-held', 'is held still')
  const isFresh = wanted.since === undefined || (since <= wanted.since && wanted.since < at)
  return isFresh ? undefined : fault('custody-stale', `was released of a custody through entry ${wanted.since}`)
}

/** Judges that a statement names an earlier entry by an authority. */
function judgeOrder(reference: Placed, asked: Asked<unknown>): void {
  const { registry, findings } = asked
  const { where, index } = reference
  const target = judgeEarlier({ ...reference, leafHash: fromBase64(reference.leafHash) }, asked)
  if (target === undefined) return
  const { iss: found, soundness } = target
  const isAuthoritys = registry.participants.get(found)?.roles.includes('authority') === true
  if (isAuthoritys && soundness === undefined) return
  const message = `entry ${index} is no sound one by an authority`
  if (soundness === 'violated') return violate(findings, 'disposal-order', message, where)
  if (soundness === 'open' || registry.uncertainSince !== undefined) return leaveOpen(findings, message, where)
  findings.violations.push(new EvidenceError('disposal-order', message, { where, found }))
}

/** The registry after an entry about some units that is not judged: their custody is not known. */
export function leaveUnitsOpen(references: readonly Placed[], asked: Asked<unknown>): Registry {
  const named = judgeUnits(references, { ...asked, findings: { violations: [], unjudged: [] } })
  return withCustody(asked.registry, named, (before) => ({ ...before, openSince: asked.entry.index }))
}

/** Members of a statement by which a custodian ends or resumes custody of units. */
interface OwnUnits {
  readonly of: readonly UnitReference[]
}

export function ownUnits({ of }: OwnUnits, event?: PlacedReference['event']): PlacedReference[] {
  return placedUnits('of', of, event)
}

/** Judges a statement about units in its signer's custody; the registry with their custody changed. */
export function judgeOwnUnits(
  asked: Asked<OwnUnits>,
  isEnded: boolean,
  change: (before: Custody) => Custody,
  order: readonly Placed[] = [],
): Registry {
  const { registry, entry, members, findings } = asked
  const before = findings.violations.length
  const named = judgeUnits(ownUnits(members), asked)
  for (const one of order) judgeOrder(one, asked)
  if (judgeNamedTwice(ownUnits(members), asked)) return registry
  if (findings.violations.length > before || !judgeDistinct(named, findings)) return registry
  judgeCustody(named, { holder: entry.statement.common.iss, isEnded }, asked)
  return withCustody(registry, named, change)
}

export function leaveOwnUnitsOpen(asked: Asked<OwnUnits>): Registry {
  return leaveUnitsOpen(ownUnits(asked.members), asked)
}
