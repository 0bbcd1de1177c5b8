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

/** Grants that may stand on one deposit, and seals and holds: what one statement after another could make the server hold. */
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
  const named = terms.of.map((reference, i): DepositName => {
    const right = requireRight(stating, reference, `terms.of[${i}]`, isAuthority)
    next = afterOne({ ...stating, access: next }, reference.index, right, untilMs, `terms.of[${i}]`)
    return { index: reference.index, iss: right.issuer }
  })
  for (const id of readersOf(terms, by)) next = withReader(next, id, named)
  return next
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

/** What stands after the rule is applied to one deposit. Throws `access-nothing-stands`, `access-too-many`. */
function afterOne(
  { access, registry, index: entry, timeMs, by, terms, isAgain }: Stating,
  deposit: number,
  right: Right,
  untilMs: number | undefined,
  where: string,
): AccessState {
  const { rule, to = [] } = terms
  const stands = (access.rules.get(deposit) ?? []).filter(({ untilMs: ends }) => ends === undefined || timeMs < ends)
  if (rule === 'grant' || rule === 'seal' || rule === 'hold') {
    const isGrant = rule === 'grant'
    if (stands.filter((one) => (one.rule === 'grant') === isGrant).length >= maxStanding) {
      const message = `${maxStanding} ${isGrant ? 'grants' : 'seals and holds'} stand on entry ${deposit}`
      throw new EvidenceError('access-too-many', message, { where })
    }
    // A deposit sealed itself until an authority could: whose seal takes the place of that one.
    const left = rule === 'seal' ? stands.filter((one) => one.rule !== 'seal' || one.entry !== deposit) : stands
    return withRule(withRules(access, deposit, left), deposit, {
      ...right,
      rule,
      entry,
      by,
      to: isGrant ? to : [],
      untilMs,
    })
  }
  const kind = endedBy[rule]
  let isEnded = false
  const left = stands.flatMap((one): StandingRule[] => {
    if (one.rule !== kind || !mayEnd(one, by, registry)) return [one]
    const rest = kind === 'grant' ? one.to.filter((id) => !to.includes(id)) : []
    if (kind === 'grant' && rest.length === one.to.length) return [one]
    isEnded = true
    return rest.length === 0 ? [] : [{ ...one, to: rest }]
  })
  if (isEnded || isAgain === true) return withRules(access, deposit, left)
  const whom = kind === 'grant' ? ` for ${to.join(', ')}` : ''
  const message = `no ${kind}${whom} stands on entry ${deposit} that ${by} may end`
  throw new EvidenceError('access-nothing-stands', message, { where })
}

/** A rule is ended by who set it; an authority also ends those of others, but for those of another authority that is active. */
function mayEnd(rule: StandingRule, by: string, registry: Registry): boolean {
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
