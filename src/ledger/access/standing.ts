import { withEntry } from '../../statements/grown-map.ts'
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
}

/** All rules that stand: part of the chain's state, replaced as a whole and never changed in place. */
export interface AccessState {
  /** By index of the deposit. */
  readonly rules: ReadonlyMap<number, readonly StandingRule[]>
  /** Deposits that a rule or custody ever let a participant read, ascending by index: whether it still does, `rules` and the registry say. */
  readonly letRead: ReadonlyMap<string, readonly DepositName[]>
  /** What an entry's terms said, by index of that entry: they are closed with the claims of the deposits that they are about. */
  readonly about: ReadonlyMap<number, StatedRule | undefined>
}

/** No rule stands. */
export const nothingStands: AccessState = { rules: new Map(), letRead: new Map(), about: new Map() }

/** The rules on a deposit that have not ended by themselves at a time. */
export function standingOn({ rules }: AccessState, index: number, nowMs: number): readonly StandingRule[] {
  const all = rules.get(index)
  return all === undefined ? none : all.filter(({ untilMs }) => untilMs === undefined || nowMs < untilMs)
}

const none: readonly StandingRule[] = []

/** The state with a rule more on a deposit. */
export function withRule(state: AccessState, index: number, rule: StandingRule): AccessState {
  const rules = withEntry(state.rules, index, [...(state.rules.get(index) ?? []), rule])
  // Who seals reads what it sealed.
  const readers = rule.rule === 'seal' ? [rule.by] : rule.to
  return readers.reduce((next, id) => withReader(next, id, { index, iss: rule.issuer }), { ...state, rules })
}

/** The state with a deposit that a participant may now read by a rule or by custody. */
export function withReader(state: AccessState, id: string, deposit: DepositName): AccessState {
  return { ...state, letRead: withEntry(state.letRead, id, insert(state.letRead.get(id) ?? [], deposit)) }
}

/** The state with the rules on a deposit replaced. */
export function withRules(state: AccessState, index: number, rules: readonly StandingRule[]): AccessState {
  return { ...state, rules: withEntry(state.rules, index, rules) }
}

/** The state with what the terms of an entry said. */
export function withAbout(state: AccessState, entry: number, stated: StatedRule): AccessState {
  return { ...state, about: withEntry(state.about, entry, stated) }
}

/** The state without what rested on the terms of an entry, which are erased: not even about whom they were is kept. */
export function withoutTerms(state: AccessState, entry: number): AccessState {
  const deposits = state.about.get(entry)?.deposits ?? []
  let { rules, letRead } = state
  for (const index of deposits) {
    const before = rules.get(index) ?? []
    const left = before.filter((one) => one.entry !== entry)
    rules = withEntry(rules, index, left)
    for (const id of before.flatMap(({ to }) => to)) {
      if (left.some(({ to }) => to.includes(id))) continue
      letRead = withEntry(
        letRead,
        id,
        (letRead.get(id) ?? []).filter((deposit) => deposit.index !== index),
      )
    }
  }
  return { rules, letRead, about: withEntry(state.about, entry, undefined) }
}

/** The state in plain maps, without what nothing rests on any more. */
export function compacted(state: AccessState, isHeld: (id: string, index: number) => boolean): AccessState {
  const rules = new Map([...state.rules].filter(([, standing]) => standing.length > 0))
  const reads = (id: string, index: number): boolean =>
    isHeld(id, index) || (rules.get(index) ?? []).some(({ to, by }) => by === id || to.includes(id))
  const letRead = [...state.letRead].map(([id, deposits]): [string, readonly DepositName[]] => [
    id,
    deposits.filter(({ index }) => reads(id, index)),
  ])
  const about = new Map([...state.about].filter(([, stated]) => stated !== undefined))
  return { rules, letRead: new Map(letRead.filter(([, deposits]) => deposits.length > 0)), about }
}

/** An ascending list with a deposit more, or as it is where it has it. */
function insert(list: readonly DepositName[], added: DepositName): readonly DepositName[] {
  let [low, high] = [0, list.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((list[middle] as DepositName).index < added.index) low = middle + 1
    else high = middle
  }
  return list[low]?.index === added.index ? list : [...list.slice(0, low), added, ...list.slice(low)]
}
