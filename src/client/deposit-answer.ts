import { toBase64 } from '../core/base64.ts'
import { utf8 } from '../core/bytes.ts'
import { splitPresentation } from '../core/disclosure.ts'
import { leafHash } from '../core/entry.ts'
import { EvidenceError } from '../core/errors.ts'
import type { Policy } from '../core/policy.ts'
import type { Receipt } from '../core/receipt.ts'
import { checkReceipt } from '../verify/check-receipt.ts'

/* What a client believes of a server's answer to a deposit: as much as its receipt proves. */

/** The policy as far as a ledger can satisfy it at once: its witnesses come later. */
export function withoutQuorum(policy: Policy): Policy {
  return { ...policy, quorum: 'none' }
}

/** What a server answers to a deposit, as far as it is told on. */
interface Answered {
  readonly index: number
  readonly time: string
  readonly leafHash: string
  readonly receipt: string
}

/**
 * Holds an answer to a deposit against the policy, but for its quorum, and against what was sent: a server is believed only as far as its
 * receipt proves, and whatever it says beside it must be what the receipt says. Throws `server-answer`.
 */
export function requireAnswerFor(answer: Answered, presentation: string, policy: Policy): void {
  const { entry, entryBytes } = requireSoundReceipt(answer.receipt, policy)
  if (!entry.known || entry.statement !== splitPresentation(presentation).jws)
    throw new EvidenceError('server-answer', 'the server’s receipt does not verify: it is for another statement')
  const proven = { index: entry.index, time: entry.time, leafHash: toBase64(leafHash(entryBytes)) }
  for (const where of ['index', 'time', 'leafHash'] as const) {
    if (answer[where] === proven[where]) continue
    throw new EvidenceError('server-answer', `the server’s answer has another ${where} than its receipt`, {
      where,
      expected: String(proven[where]),
      found: String(answer[where]),
    })
  }
}

/** Holds a receipt that a server gave against the policy, but for its quorum, and gives it. Throws `server-answer`. */
export function requireSoundReceipt(text: string, policy: Policy): Receipt {
  const { receipt, faults, unjudged } = checkReceipt(utf8(text), withoutQuorum(policy))
  const [fault] = [...faults, ...unjudged]
  if (receipt !== undefined && fault === undefined) return receipt
  const why = fault === undefined ? '' : `: ${fault.code}: ${fault.message}`
  throw new EvidenceError('server-answer', `the server’s receipt does not verify${why}`)
}
