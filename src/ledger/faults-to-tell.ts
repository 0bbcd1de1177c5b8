import { EvidenceError } from '../core/errors.ts'
import { defined } from '../core/objects.ts'
import { shownHeader } from '../core/shown.ts'
import type { Placed } from '../statements/members.ts'
import type { Judgement } from '../statements/rulebook.ts'
import type { History } from '../statements/rules.ts'

/**
 * Judges a statement as its signer may know the ledger: the entries behind `hidden`, references to what the signer may not read and did not show,
 * are not there, so that no finding, whatever the rule and whatever its order, depends on what they are. Judged again where somebody who
 * signed within the statement may read some of them: `shownBy` says which, by the judgement without them.
 */
export function judgeBlind(
  hidden: readonly Placed[],
  judge: (history: History) => Judgement,
  history: History,
  shownBy: (judgement: Judgement) => (index: number) => boolean,
): { readonly judgement: Judgement; readonly concealed: readonly Placed[] } {
  const judgement = judge(without(hidden, history))
  if (hidden.length === 0) return { judgement, concealed: hidden }
  const isShown = shownBy(judgement)
  const concealed = hidden.filter(({ index }) => !isShown(index))
  if (concealed.length === hidden.length) return { judgement, concealed }
  return { judgement: judge(without(concealed, history)), concealed }
}

/** A history that lacks some entries. */
function without(hidden: readonly Placed[], history: History): History {
  if (hidden.length === 0) return history
  const indices = new Set(hidden.map(({ index }) => index))
  return {
    findStatement: (iss, jti) => history.findStatement(iss, jti),
    target: (index) => (indices.has(index) ? undefined : history.target(index)),
  }
}

/**
 * The faults of a statement, as its signer may be told them: `told` is the first that is not about an entry that the signer
 * may not refer to. `hidden` is the one refusal of a statement that refers to such an entry, whatever the entry is or is not, and
 * whichever of several references it was: also where the reference holds, for that would tell as much. It is to be thrown after all
 * else that may refuse.
 * @param concealed the references, as {@link judgeBlind} gives them.
 * @param mayRead whether the signer may read an entry: to others a finding about it is told in its discreet words.
 */
export function faultsToTell(
  { violations, unjudged }: Judgement,
  concealed: readonly Placed[],
  mayRead: (index: number) => boolean,
): { readonly told: EvidenceError | undefined; readonly hidden: EvidenceError | undefined } {
  const names = new Set(concealed.map(({ where }) => where))
  const told = [...violations, ...unjudged].find(({ facts }) => !names.has(facts.where ?? ''))
  return {
    told: told && wordsFor(told, mayRead),
    hidden: names.size === 0 ? undefined : unreadableReference(names),
  }
}

/** A finding without what only those may know who may read the entry that it is about. */
function wordsFor(fault: EvidenceError, mayRead: (index: number) => boolean): EvidenceError {
  const { discreet, index, where } = fault.facts
  if (discreet === undefined || (index !== undefined && mayRead(index))) return fault
  return new EvidenceError(fault.code, discreet, defined({ where }))
}

function unreadableReference(concealed: ReadonlySet<string>): EvidenceError {
  const [first = ''] = concealed
  const where = first.replace(/\[.*$/, '')
  return new EvidenceError(
    'reference-not-found',
    `what "${where}" refers to is no earlier deposit with this leaf hash and item that this signer may read, or has shown to have by ${shownHeader}`,
    { where },
  )
}
