import { fromBase64 } from '../../core/base64.ts'
import { equalBytes } from '../../core/bytes.ts'
import { EvidenceError } from '../../core/errors.ts'
import { parseTime } from '../../core/time.ts'
import type { AccessRule, AccessTerms } from '../../statements/access-terms.ts'
import type { DepositName } from '../../statements/kind.ts'
import { isActive, isActiveAs, type Registry } from '../../statements/registry.ts'
import type { History } from '../../statements/rules.ts'
import { heldSince } from '../../statements/said.ts'
import { type AccessState, type StandingRule, withAbout, withReader, withRule, withRules } from './standing.ts'

/**
 * What may stand on one deposit, so that no statement makes the server hold, or the next one look through, more: participants in the grants of who
 * deposited it and who holds it, in all; those in the grants of each authority; seals and holds of each authority. So nobody takes another's room.
 */
export const maxStanding = 1024

/** Who states terms, in which entry. */
export interface Stating {
  readonly access: AccessState
  readonly registry: Registry
  /** Index and time of the entry. */
  readonly index: number
  readonly timeMs: number
  readonly by: string
  readonly terms: AccessTerms
  /** The entries before. */
  readonly history: Pick<History, 'target'>
  /** True where the entry was judged when it was sequenced, and is applied again: what it ended may have been erased since. */
  readonly isAgain?: boolean
  /** Whether the signer may read an entry, or showed to have it: others are refused in one and the same way. */
  readonly mayRefer: (index: number) => boolean
}

const needsAuthority: readonly AccessRule[] = ['seal', 'unseal', 'hold', 'unhold']

/** What each rule that ends another ends. */
const endedBy = { end: 'grant', unseal: 'seal', unhold: 'hold' } as const

/**
 * What stands after an entry that states terms. Throws `role-missing`, `participant-unknown`, `access-until`, `reference-not-found`,
 * `reference-hash`, `reference-kind`, `access-not-yours`, `access-nothing-stands`, `access-too-many`; a refusal never tells of a deposit
 * that the signer may not read, unless it has the role `authority`, which may seal any.
 */
export function stateTerms(stating: Stating): AccessState {
  const { registry, terms, by, timeMs } = stating
  const isAuthority = isActiveAs(registry, by, 'authority')
  if (needsAuthority.includes(terms.rule) && !isAuthority) {
    throw new EvidenceError('role-missing', `${by} has not the role authority, which the rule ${terms.rule} needs`, {
      where: 'terms.rule',
    })
  }
  for (const id of terms.to ?? []) {
    if (registry.participants.has(id)) continue
    throw new EvidenceError('participant-unknown', `${id} was never admitted to this ledger`, { where: 'terms.to' })
  }
  const untilMs = terms.until === undefined ? undefined : parseTime(terms.until)
  if (untilMs !== undefined && untilMs <= timeMs) {
    throw new EvidenceError('access-until', `the rule would end at ${terms.until}, before it begins`, {
      where: 'terms.until',
    })
  }
  const deposits = terms.of.map(({ index }) => index)
  let next = withAbout(stating.access, stating.index, { rule: terms.rule, deposits })
  const ended = new Set(terms.to)
  let ownUntilMs: number | undefined
  const named = terms.of.map((reference, i): DepositName => {
    const where = `terms.of[${i}]`
    const right = requireRight(stating, reference, where, isAuthority)
    const rules = rulesAfter(stating, { deposit: reference.index, right, untilMs, ended, where })
    const own = ownSealIn(next.rules.get(reference.index) ?? [], reference.index)
    if (own?.untilMs !== undefined && !rules.includes(own)) ownUntilMs = Math.max(ownUntilMs ?? 0, own.untilMs)
    next = withRules(next, reference.index, rules)
    return { index: reference.index, iss: right.issuer }
  })
  if (terms.rule === 'seal' && ownUntilMs !== undefined)
    next = withAbout(next, stating.index, { rule: terms.rule, deposits, ownUntilMs })
  for (const id of readersOf(terms, by)) next = withReader(next, id, named)
  return next
}

/** The seal of a deposit that sealed itself: set by its own entry. */
function ownSealIn(rules: readonly StandingRule[], deposit: number): StandingRule | undefined {
  return rules.find(({ rule, entry }) => rule === 'seal' && entry === deposit)
}

/** Whom a rule lets read: whom a grant names, and who seals. */
function readersOf({ rule, to = [] }: AccessTerms, by: string): readonly string[] {
  return rule === 'grant' ? to : rule === 'seal' ? [by] : []
}

/** By what right a rule is set on a deposit, and who made that. */
type Right = Pick<StandingRule, 'as' | 'issuer'>

/** By what right the signer sets a rule on a deposit. Throws the codes of references, `access-not-yours`. */
function requireRight(
  { registry, index, by, history, mayRefer }: Stating,
  reference: AccessTerms['of'][number],
  where: string,
  isAuthority: boolean,
): Right {
  const facts = reference.index < index ? history.target(reference.index) : undefined
  const isRight = facts?.leafHash !== undefined && equalBytes(facts.leafHash, fromBase64(reference.leafHash))
  if (isRight && facts.items !== undefined) {
    const { iss: issuer } = facts
    if (isAuthority) return { as: 'authority', issuer }
    if (issuer === by) return { as: 'issuer', issuer }
    if (heldSince(registry, by, reference.index) !== undefined) return { as: 'custodian', issuer }
  }
  if (!isAuthority && !mayRefer(reference.index)) throw unreadable(where)
  if (facts === undefined) {
    throw new EvidenceError('reference-not-found', `there is no entry ${reference.index} before this one`, { where })
  }
  if (!isRight)
    throw new EvidenceError('reference-hash', `the leaf hash is not that of entry ${reference.index}`, { where })
  if (facts.items === undefined)
    throw new EvidenceError('reference-kind', `entry ${reference.index} is no deposit`, { where })
  throw new EvidenceError(
    'access-not-yours',
    `${by} neither deposited nor holds entry ${reference.index}, and has not the role authority`,
    { where },
  )
}

function unreadable(where: string): EvidenceError {
  const message = `what "${where}" refers to is no earlier deposit with this leaf hash that this signer deposited or holds`
  return new EvidenceError('reference-not-found', message, { where })
}

/** One deposit that terms name. */
interface Named {
  readonly deposit: number
  readonly right: Right
  readonly untilMs: number | undefined
  /** Whom the terms are for. */
  readonly ended: ReadonlySet<string>
  /** Where the terms name it. */
  readonly where: string
}

/** The rules on a deposit after one that is stated of it: each that stands is looked at once. Throws `access-nothing-stands`, `access-too-many`. */
function rulesAfter(stating: Stating, named: Named): readonly StandingRule[] {
  const { access, registry, timeMs, terms } = stating
  const isAlive = aliveOn(registry, named.deposit, timeMs)
  const stands = (access.rules.get(named.deposit) ?? []).filter(isAlive)
  const { rule } = terms
  return rule === 'grant' || rule === 'seal' || rule === 'hold'
    ? rulesWith(stating, named, stands, rule)
    : rulesWithout(stating, named, stands, endedBy[rule])
}

/** Whether a rule stands still, or may again: not one that ended by itself, nor a grant of a custodian that what it held has left. */
function aliveOn(registry: Registry, deposit: number, timeMs: number): (rule: StandingRule) => boolean {
  const since = new Map<string, number | undefined>()
  return ({ as, by, entry, untilMs }) => {
    if (untilMs !== undefined && timeMs >= untilMs) return false
    if (as !== 'custodian') return true
    if (!since.has(by)) since.set(by, heldSince(registry, by, deposit))
    return (since.get(by) ?? Number.POSITIVE_INFINITY) < entry
  }
}

/** The rules on a deposit with the one that is stated. Throws `access-too-many`. */
function rulesWith(
  { index: entry, by, terms: { to = [] }, isAgain }: Stating,
  { deposit, right, untilMs, where }: Named,
  stands: readonly StandingRule[],
  rule: StandingRule['rule'],
): readonly StandingRule[] {
  const isGrant = rule === 'grant'
  const made: StandingRule = { ...right, rule, entry, by, to: isGrant ? to : [], untilMs }
  const beside = stands
    .filter((one) => (one.rule === 'grant') === isGrant && sharesRoom(one, made))
    .reduce((sum, one) => sum + roomOf(one), 0)
  if (isAgain !== true && beside + roomOf(made) > maxStanding) {
    const what = isGrant ? 'participants with a grant' : 'seals and holds'
    const message = `at most ${maxStanding} ${what} of ${whoseRoom(made)} stand on entry ${deposit}, and ${beside} do`
    throw new EvidenceError('access-too-many', message, { where })
  }
  // A deposit sealed itself until an authority could: whose seal takes the place of that one.
  const own = rule === 'seal' ? ownSealIn(stands, deposit) : undefined
  return [...stands.filter((one) => one !== own), made]
}

/** Whether two rules count together: grants of who deposited, those of all who hold a unit, and what each authority set. */
function sharesRoom(one: StandingRule, other: StandingRule): boolean {
  return one.as === other.as && (other.as !== 'authority' || one.by === other.by)
}

/** Whose room is full, for the refusal. */
function whoseRoom({ as, by }: StandingRule): string {
  if (as === 'authority') return by
  return as === 'issuer' ? 'who deposited it' : 'those who hold it'
}

function roomOf({ to }: StandingRule): number {
  return Math.max(1, to.length)
}

/** The rules on a deposit without what the stated one ends. Throws `access-nothing-stands`. */
function rulesWithout(
  { registry, by, terms: { to = [] }, isAgain }: Stating,
  { deposit, ended, where }: Named,
  stands: readonly StandingRule[],
  kind: StandingRule['rule'],
): readonly StandingRule[] {
  let isEnded = false
  const left = stands.flatMap((one): StandingRule[] => {
    if (one.rule !== kind || !mayEnd(one, by, registry)) return [one]
    const rest = kind === 'grant' ? one.to.filter((id) => !ended.has(id)) : []
    if (kind === 'grant' && rest.length === one.to.length) return [one]
    isEnded = true
    return rest.length === 0 ? [] : [{ ...one, to: rest }]
  })
  if (isEnded || isAgain === true) return left
  const whom = kind === 'grant' ? ` for ${to.join(', ')}` : ''
  const message = `no ${kind}${whom} stands on entry ${deposit} that ${by} may end`
  throw new EvidenceError('access-nothing-stands', message, { where })
}

/** A rule is ended by who set it; an authority also ends those of others, but for those of another authority that is active. */
export function mayEnd(rule: StandingRule, by: string, registry: Registry): boolean {
  if (rule.by === by) return true
  return isActiveAs(registry, by, 'authority') && (rule.as !== 'authority' || !isActive(registry, rule.by))
}

/** How long a deposit that seals itself stays sealed, in milliseconds. */
export const ownSealMs: number = 7 * 24 * 60 * 60 * 1000

/** What stands after a deposit that seals itself. */
export function stateOwnSeal(
  access: AccessState,
  { index, by, timeMs }: { readonly index: number; readonly by: string; readonly timeMs: number },
): AccessState {
  return withRule(access, index, {
    rule: 'seal',
    entry: index,
    by,
    issuer: by,
    as: 'issuer',
    to: [],
    untilMs: timeMs + ownSealMs,
  })
}
