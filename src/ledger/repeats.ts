import { attempt } from '../core/attempt.ts'
import { EvidenceError, isEvidenceError } from '../core/errors.ts'
import type { Outcome } from './answers.ts'
import type { ChainState } from './chain-state.ts'
import { repeatOf } from './group.ts'
import { earlierEntries, mayAskForId, type Sources, statementName, usedIds } from './prefetch.ts'
import type { Submission } from './submission.ts'

/**
 * Which statements are those of published entries, byte for byte, in order: the outcome of each such one, or the refusal of
 * disclosures that it does not seal; undefined for all others, which only the one writer can judge. What is published stands for ever, so
 * a repeat needs no place in the queue, where it would take up its signer's share though anybody may send it (docs/design/fair-queue.md).
 */
export async function findRepeats(
  submissions: readonly Submission[],
  { registry, size }: ChainState,
  from: Sources,
): Promise<(Outcome | EvidenceError | undefined)[]> {
  const asked = submissions.filter((submission) => mayAskForId(submission, registry, from.rights))
  const used = await usedIds(
    asked.map(({ statement }) => statement),
    from.storage,
  )
  if (used.size === 0) return submissions.map(() => undefined)
  const entries = await earlierEntries(new Set(used.values()), size, from.tree)
  const mayAsk = new Set(asked)
  return submissions.map((submission) => {
    const { iss, jti } = submission.statement.common
    const index = mayAsk.has(submission) ? used.get(statementName(iss, jti)) : undefined
    const earlier = index === undefined ? undefined : entries.get(index)
    // A damaged entry is the writer's to report: it refuses what needs it.
    if (earlier === undefined || isEvidenceError(earlier)) return undefined
    const repeat = attempt(() => repeatOf(submission, earlier))
    return isEvidenceError(repeat, 'storage-damaged') ? undefined : repeat
  })
}
