import { EvidenceError } from '../core/index.ts'
import type { Judgement, StatementBody } from '../evidence/index.ts'

/**
 * The faults of a statement, as its signer may be told them: `told` is the first that is not about an entry that the signer
 * may not read. Where there are only such, they come to the one refusal `hidden`, whatever the entry is or is not, and
 * whichever of several references it was. It is to be thrown after all else that may refuse.
 * @param mayRead whether the signer may read an entry of this ledger; asked only where there is a fault.
 */
export function faultsToTell(
  { violations, unjudged, body }: Judgement,
  mayRead: (index: number) => boolean,
): { readonly told: EvidenceError | undefined; readonly hidden: EvidenceError | undefined } {
  const faults = [...violations, ...unjudged]
  const [first] = faults
  if (first === undefined) return { told: undefined, hidden: undefined }
  const concealed = new Set(ownReferencesOf(body).flatMap(({ where, index }) => (mayRead(index) ? [] : [where])))
  const told = faults.find(({ facts }) => !concealed.has(facts.where ?? ''))
  return { told, hidden: told === undefined ? unreadableReference(first) : undefined }
}

/** References to entries of this ledger, with where the rulebook says that they stand. */
function ownReferencesOf(body: StatementBody | undefined): { where: string; index: number }[] {
  if (body?.kind === 'evidence.attest' || body?.kind === 'evidence.retract')
    return [{ where: 'of', index: body.members.of.index }]
  if (body?.kind !== 'evidence.deposit') return []
  return (body.members.relates ?? []).flatMap(({ origin, index }, i) =>
    origin === undefined ? [{ where: `relates[${i}]`, index }] : [],
  )
}

function unreadableReference({ facts }: EvidenceError): EvidenceError {
  const where = facts.where === 'of' ? 'of' : 'relates'
  return new EvidenceError(
    'reference-not-found',
    `what "${where}" refers to is no earlier deposit with this leaf hash and item that this signer may refer to`,
    { where },
  )
}
