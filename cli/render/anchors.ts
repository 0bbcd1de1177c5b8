import { counted } from '../../src/core/text.ts'
import { anchorLimits, type CheckedAnchors } from '../../src/verify/check-anchors.ts'
import { when } from './when.ts'

/** What an anchored receipt shows, and no more; undefined where nothing leads up to a ledger of the policy. */
export function anchoredLine({ steps }: CheckedAnchors): string | undefined {
  const top = steps.at(-1)?.upper
  if (top === undefined) return undefined
  return `in a tree that existed when entry ${top.index} of ${top.origin} was made, at ${when(top.time)} by that ledger’s clock; times, signers and rules of the ledgers below are their own word, and their keys were not asked:`
}

/** The steps upward, of a receipt whose own ledger the policy does not name, for people. */
export function anchorLines({ steps }: CheckedAnchors): string[] {
  if (steps.length === 0) return ['not shown: that any ledger of the policy vouches for this tree']
  return [
    ...steps.map(
      ({ lower, upper }) =>
        `the checkpoint of ${counted(lower.size, 'entry', 'entries')} of ${lower.origin} is entry ${upper.index} of ${upper.origin}, at ${when(upper.time)}, deposited by ${upper.iss ?? 'somebody'} with key ${upper.kid ?? '-'}`,
    ),
    'not shown by anchors:',
    ...anchorLimits.map((line) => `  ${line}`),
  ]
}
