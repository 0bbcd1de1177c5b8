import { withEntries, withEntry } from '../../statements/grown-map.ts'
import type { DepositName } from '../../statements/kind.ts'
import type { AccessRule } from '../../statements/access-terms.ts'

/** By what right somebody set a rule: as who deposited, as who holds the deposit in custody, or as a participant with the role `authority`. */
export type SetAs = 'issuer' | 'custodian' | 'authority'

/** What may stand on a deposit. */
export type StandingKind = Extract<AccessRule, 'grant' | 'seal' | 'hold'>

/** A rule that stands on one deposit (docs/design/access-rights.md). */
export interface StandingRule {
  readonly rule: StandingKind
  /** Index of the entry that set it; of a deposit that sealed itself, its own. */
  readonly entry: number
  readonly by: string
  readonly as: SetAs
  /** Who deposited what it stands on. */
  readonly issuer: string
  /** Whom a grant is for; empty of a seal or a hold. */
  readonly to: readonly string[]
  /** When it ends by itself, in milliseconds since 1970. */
  readonly untilMs: number | undefined
}

/** A rule as it was stated, whether it stands or ended another. */
export interface StatedRule {
  readonly rule: AccessRule
  /** Indices of the deposits that it is about. */
  readonly deposits: readonly number[]
  /** When a deposit's own seal would have ended by itself, in milliseconds since 1970: the last of those whose place this seal took. */
  readonly ownUntilMs?: number
}

/** All rules that stand: part of the chain's state, replaced as a whole and never changed in place. */
export interface AccessState {
  /** By index of the deposit. */
  readonly rules: ReadonlyMap<number, readonly StandingRule[]>
  /**
   * Who made the deposits that a rule or custody ever let a participant read, by its id and their index: whether it still does, `rules` and the
   * registry say. Undefined where nothing is left of that.
   */
  readonly letRead: ReadonlyMap<string, ReadonlyMap<number, string | undefined>>
  /**
   * What an entry's terms said, by index of that entry: they are closed with the claims of the deposits that they are about. Undefined where they
   * are gone, so that nobody knows about what they were.
   */
  readonly about: ReadonlyMap<number, StatedRule | undefined>
  /** Rules whose terms are missing though nothing erased them, where there are any: each may be a seal, or a hold. */
  readonly lacking?: readonly number[]
  /** True while claims are shut (claims-shut.ts): terms that let somebody read may have been ordered to be erased since. */
  readonly letsNobody?: true
}

/** No rule stands. */
export const nothingStands: AccessState = { rules: new Map(), letRead: new Map(), about: new Map() }

/** The rules on a deposit that have not ended by themselves at a time. */
export function standingOn({ rules }: AccessState, index: number, nowMs: number): readonly StandingRule[] {
  const all = rules.get(index)
  return all === undefined ? none : all.filter(({ untilMs }) => untilMs === undefined || nowMs < untilMs)
}

const none: readonly StandingRule[] = []

/** The state with a rule more on a deposit; whom it lets read, {@link withReader} adds. */
export function withRule(state: AccessState, index: number, rule: StandingRule): AccessState {
  return { ...state, rules: withEntry(state.rules, index, [...(state.rules.get(index) ?? []), rule]) }
}

/** The state with deposits that a participant may now read by a rule or by custody. What is there already costs nothing. */
export function withReader(state: AccessState, id: string, deposits: readonly DepositName[]): AccessState {
  const before = state.letRead.get(id) ?? noDeposits
  const added = deposits.filter(({ index, iss }) => before.get(index) !== iss)
  if (added.length === 0) return state
  const after = withEntries(before, new Map(added.map(({ index, iss }) => [index, iss])))
  return { ...state, letRead: withEntry(state.letRead, id, after) }
}

const noDeposits: ReadonlyMap<number, string | undefined> = new Map()

/** The state with the rules on a deposit replaced. */
export function withRules(state: AccessState, index: number, rules: readonly StandingRule[]): AccessState {
  return { ...state, rules: withEntry(state.rules, index, rules) }
}

/** The state with what the terms of an entry said. */
export function withAbout(state: AccessState, entry: number, stated: StatedRule): AccessState {
  return { ...state, about: withEntry(state.about, entry, stated) }
}

/** The state of an entry whose terms are gone: that it stated some is all that is known. */
export function withTermsGone(state: AccessState, entry: number): AccessState {
  return { ...state, about: withEntry(state.about, entry, undefined) }
}

/** Whether a participant holds a unit of a deposit. */
type Holds = (id: string, index: number) => boolean

/** The state without what rested on the terms of some entries, which are erased: not even about whom they were is kept. Each rule on a deposit is looked at once. */
export function withoutTerms(state: AccessState, entries: readonly number[], holds: Holds): AccessState {
  const gone = new Set(entries.filter((entry) => state.about.has(entry)))
  if (gone.size === 0) return state
  const rules = new Map<number, readonly StandingRule[]>()
  const readLess = new Map<string, Map<number, undefined>>()
  for (const index of new Set([...gone].flatMap((entry) => state.about.get(entry)?.deposits ?? []))) {
    const before = state.rules.get(index) ?? none
    const left = before.filter(({ entry }) => !gone.has(entry))
    rules.set(index, left)
    const readers = readersUnder(left)
    for (const id of readersUnder(before.filter(({ entry }) => gone.has(entry)))) {
      if (readers.has(id) || holds(id, index)) continue
      const lost = readLess.get(id) ?? new Map<number, undefined>()
      readLess.set(id, lost.set(index, undefined))
    }
  }
  const letRead = new Map(
    [...readLess].map(([id, lost]) => [id, withEntries(state.letRead.get(id) ?? noDeposits, lost)]),
  )
  return {
    ...state,
    rules: withEntries(state.rules, rules),
    letRead: withEntries(state.letRead, letRead),
    about: withEntries(state.about, new Map([...gone].map((entry) => [entry, undefined]))),
  }
}

/** Whom rules on a deposit may let read: whom they are for, and who set them. */
function readersUnder(rules: readonly StandingRule[]): ReadonlySet<string> {
  return new Set(rules.flatMap(({ to, by }) => [by, ...to]))
}

/** The state in plain maps, without what nothing rests on any more. What is true only of the running ledger is left out. */
export function compacted(state: AccessState, holds: Holds): AccessState {
  const rules = new Map([...state.rules].filter(([, standing]) => standing.length > 0))
  const readers = new Map([...rules].map(([index, standing]) => [index, readersUnder(standing)]))
  const letRead = new Map<string, ReadonlyMap<number, string>>()
  for (const [id, deposits] of state.letRead) {
    const left = new Map<number, string>()
    for (const [index, iss] of deposits) {
      const reads = iss !== undefined && (readers.get(index)?.has(id) === true || holds(id, index))
      if (reads) left.set(index, iss)
    }
    if (left.size > 0) letRead.set(id, left)
  }
  return { rules, letRead, about: new Map(state.about) }
}
