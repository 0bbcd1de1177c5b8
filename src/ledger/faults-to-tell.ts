import { EvidenceError } from '../core/errors.ts'
import { defined } from '../core/objects.ts'
import { shownHeader } from '../core/shown.ts'
import type { Judgement } from '../statements/rulebook.ts'
import { referencesOf } from '../statements/said.ts'

/**
 * The faults of a statement, as its signer may be told them: `told` is the first that is not about an entry that the signer
 * may not refer to. `hidden` is the one refusal of a statement that refers to such an entry, whatever the entry is or is not, and
 * whichever of several references it was: also where the reference holds, for that would tell as much. It is to be thrown after all
 * else that may refuse.
 * @param mayRefer whether the signer may read an entry of this ledger, or has shown to have it.
 * @param mayRead whether the signer may read it: to others a finding about it is told in its discreet words.
 */
export function faultsToTell(
  { violations, unjudged, body }: Judgement,
  mayRefer: (index: number) => boolean,
  mayRead: (index: number) => boolean = mayRefer,
): { readonly told: EvidenceError | undefined; readonly hidden: EvidenceError | undefined } {
  const concealed = new Set(referencesOf(body).flatMap(({ where, index }) => (mayRefer(index) ? [] : [where])))
  const told = [...violations, ...unjudged].find(({ facts }) => !concealed.has(facts.where ?? ''))
  return {
    told: told && wordsFor(told, mayRead),
    hidden: concealed.size === 0 ? undefined : unreadableReference(concealed),
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
