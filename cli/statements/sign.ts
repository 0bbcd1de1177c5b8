import { randomUUID } from 'node:crypto'
import type { DepositResult, Identity } from '../../src/client/ledger-client.ts'
import { toBase64 } from '../../src/core/base64.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { splitPresentation } from '../../src/core/disclosure.ts'
import { leafHash } from '../../src/core/entry.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import type { JsonValue } from '../../src/core/json.ts'
import type { Policy } from '../../src/core/policy.ts'
import type { Receipt } from '../../src/core/receipt.ts'
import type { ShownEntries } from '../../src/core/shown.ts'
import { type ComposedStatement, composeStatement, type StatementContext } from '../../src/statements/compose.ts'
import type { Kind } from '../../src/statements/kinds.ts'
import type { SealedClaim } from '../../src/statements/vocabulary.ts'
import { randomSalt } from '../../src/node/key-file.ts'
import { checkReceipt } from '../../src/verify/check-receipt.ts'
import type { Audience, SigningLedger } from './signing-ledger.ts'

/** What a statement says besides its members: with a new jti, and the time of now. */
export function statementContext(aud: Audience, iss: string, kind: Kind): StatementContext & { readonly kind: Kind } {
  return { iss, aud, jti: randomUUID(), iat: Math.floor(Date.now() / 1000), kind }
}

/** Signs a statement for a ledger, with a new jti and the time of now. */
export function signStatement(
  aud: Audience,
  identity: Identity,
  kind: Kind,
  members: object,
  sealed: Partial<Record<SealedClaim, JsonValue>> = {},
): ComposedStatement {
  return composeStatement(statementContext(aud, identity.id, kind), members, sealed, identity.signer, randomSalt)
}

/** The policy as far as a ledger can satisfy it at once: its witnesses come later. */
export function withoutQuorum(policy: Policy): Policy {
  return { ...policy, quorum: 'none' }
}

/** True where the receipt has the policy's quorum too. */
export function isCosigned(receipt: string, policy: Policy): boolean {
  const { faults, unjudged } = checkReceipt(utf8(receipt), policy)
  return faults.length === 0 && unjudged.length === 0
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

/**
 * Deposits a statement that no file goes with, and gives the answer, which is one for it. `shown` are entries whose receipts are at hand.
 * Throws the ledger's refusals, and as {@link requireAnswerFor}.
 */
export async function depositSigned(
  { client, policy }: SigningLedger,
  presentation: string,
  shown: ShownEntries = new Map(),
): Promise<DepositResult> {
  const result = await client.deposit(presentation, { shown })
  requireAnswerFor(result, presentation, policy)
  return result
}

/** Signs and deposits in one go: for statements that no file goes with. `shown` are entries whose receipts are at hand. */
export async function signAndDeposit(
  ledger: SigningLedger,
  identity: Identity,
  kind: Kind,
  members: object,
  sealed: Partial<Record<SealedClaim, JsonValue>> = {},
  shown: ShownEntries = new Map(),
): Promise<DepositResult> {
  const { presentation } = signStatement(ledger.origin, identity, kind, members, sealed)
  return depositSigned(ledger, presentation, shown)
}
