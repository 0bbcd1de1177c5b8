import { valueOr } from '../core/attempt.ts'
import { toBase64 } from '../core/base64.ts'
import { utf8 } from '../core/bytes.ts'
import { parseDisclosure, splitPresentation } from '../core/disclosure.ts'
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
 * receipt proves, whatever it says beside it must be what the receipt says, and the receipt shows every claim that was sent, and no other: what
 * was signed is then not needed any more, though it has the salts of what is sealed (docs/design/client.md). Throws `server-answer`.
 */
export function requireAnswerFor(answer: Answered, presentation: string, policy: Policy): void {
  const receipt = requireSoundReceipt(answer.receipt, policy)
  const { entry, entryBytes } = receipt
  if (!isStatementOf(receipt, presentation))
    throw new EvidenceError('server-answer', 'the server’s receipt does not verify: it is for another statement')
  requireAllShown(receipt, presentation)
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

function isStatementOf({ entry }: Receipt, presentation: string): boolean {
  return entry.known && entry.statement === splitPresentation(presentation).jws
}

/** True where a receipt is of this very statement, and shows every claim that is disclosed with it: it can take the statement's place. */
export function takesThePlaceOf(receipt: Receipt, presentation: string): boolean {
  return isStatementOf(receipt, presentation) && missingFrom(receipt, presentation).length === 0
}

/** The disclosures of a presentation that a receipt does not have. */
function missingFrom({ disclosures }: Receipt, presentation: string): readonly string[] {
  const shown = new Set(disclosures.map(({ text }) => text))
  return splitPresentation(presentation).disclosures.filter((text) => !shown.has(text))
}

function requireAllShown(receipt: Receipt, presentation: string): void {
  const { index } = receipt.entry
  const missing = missingFrom(receipt, presentation)
  const claims = missing.map((text) => valueOr(() => parseDisclosure(text).claim.slice(0, 40), '?'))
  if (claims.length > 0) {
    throw new EvidenceError(
      'server-answer',
      `the server’s receipt withholds what was sealed and sent (${claims.join(', ')}); what was signed has the only copy of its salts, and is to be kept. Where an order erased them, "evidence receipt ${index}" fetches the receipt as it is now`,
      { index },
    )
  }
  const sent = splitPresentation(presentation).disclosures
  const other = receipt.disclosures.find(({ text }) => !sent.includes(text))
  if (other !== undefined)
    throw new EvidenceError(
      'server-answer',
      `the server’s receipt shows the claim "${other.claim.slice(0, 40)}", which was not sent`,
      { index },
    )
}

/** Holds a receipt that a server gave against the policy, but for its quorum, and gives it. Throws `server-answer`. */
export function requireSoundReceipt(text: string, policy: Policy): Receipt {
  const { receipt, faults, unjudged } = checkReceipt(utf8(text), withoutQuorum(policy))
  const [fault] = [...faults, ...unjudged]
  if (receipt !== undefined && fault === undefined) return receipt
  const why = fault === undefined ? '' : `: ${fault.code}: ${fault.message}`
  throw new EvidenceError('server-answer', `the server’s receipt does not verify${why}`)
}
