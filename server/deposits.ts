import type { FastifyRequest } from 'fastify'
import { toBase64 } from '../src/core/base64.ts'
import { disclosureDigest } from '../src/core/disclosure.ts'
import { EvidenceError, isEvidenceError } from '../src/core/errors.ts'
import { parseShown, type ShownEntries, shownHeader } from '../src/core/shown.ts'
import type { Outcome } from '../src/ledger/answers.ts'
import type { Submission } from '../src/ledger/submission.ts'
import type { ServerContext } from './context.ts'
import type { DepositAnswer } from './deposit-answer.ts'

/** The entries that a request shows to have. Throws `request-malformed`. */
export function shownIn({ headers }: FastifyRequest): ShownEntries {
  const value = headers[shownHeader.toLowerCase()]
  return value === undefined ? new Map() : parseShown(String(value))
}

/** Verifies the signature of one statement; a bad one counts against its address. Refusals come as throws. */
export async function authenticate(
  context: ServerContext,
  address: string,
  text: string,
  shown: ShownEntries,
): Promise<Submission> {
  const began = performance.now()
  try {
    const submission = await context.ledger.authenticate(text)
    context.metrics.verified((performance.now() - began) / 1000)
    return { ...submission, shown }
  } catch (error) {
    if (isEvidenceError(error)) countRefusal(context, address, error)
    throw error
  }
}

/** Opens and authenticates several statements; gives, in their order, a submission or the refusal of each. Refusals are counted against the address. */
export async function authenticateMany(
  context: ServerContext,
  address: string,
  texts: readonly string[],
  shown: ShownEntries,
): Promise<(Submission | EvidenceError)[]> {
  const began = performance.now()
  const submissions = await context.ledger.authenticateMany(texts)
  const seconds = (performance.now() - began) / 1000
  for (const submission of submissions) {
    if (submission instanceof EvidenceError) countRefusal(context, address, submission)
    else context.metrics.verified(seconds)
  }
  return submissions.map((submission) => (submission instanceof EvidenceError ? submission : { ...submission, shown }))
}

function countRefusal({ metrics, limits }: ServerContext, address: string, error: EvidenceError): void {
  metrics.statement(error.code)
  if (error.code === 'signature-invalid') limits.refusal('statements', address)
}

/** Sequences one authenticated statement, within its limits. Refusals come as throws. */
export async function accept(
  context: ServerContext,
  address: string,
  submission: Submission,
  isMinimal: boolean,
): Promise<DepositAnswer> {
  try {
    const outcome = await context.ledger.submit(limited(context, submission), !isMinimal)
    return await answered(context, submission, outcome, isMinimal)
  } catch (error) {
    throw await refused(context, address, submission, error)
  }
}

/** Sequences many, as {@link accept} does one; gives, in their order, the answer or the refusal of each. One refusal does not affect the others. */
export async function acceptMany(
  context: ServerContext,
  address: string,
  submissions: readonly Submission[],
  isMinimal: boolean,
): Promise<(DepositAnswer | Error)[]> {
  const outcomes = await context.ledger.submitMany(
    submissions.map((submission) => limited(context, submission)),
    !isMinimal,
  )
  const answers: (DepositAnswer | Error)[] = []
  for (const [i, submission] of submissions.entries()) {
    const outcome = outcomes[i] as Outcome | Error
    try {
      if (outcome instanceof Error) throw outcome
      answers.push(await answered(context, submission, outcome, isMinimal))
    } catch (error) {
      answers.push((await refused(context, address, submission, error)) as Error)
    }
  }
  return answers
}

/** A statement that is counted when all else allows that it is sealed. */
function limited({ limits }: ServerContext, submission: Submission): Submission {
  return { ...submission, permit: () => limits.sealing(submission) }
}

function answered(
  context: ServerContext,
  submission: Submission,
  outcome: Outcome,
  isMinimal: boolean,
): Promise<DepositAnswer> {
  context.metrics.statement(outcome.kind)
  return answerOf(context, submission, outcome, isMinimal)
}

/**
 * The refusal to tell; anything that is none of ours stays as it is. Counted against the address, for its signature was verified
 * and anybody may have sent it; not where the same bytes may be taken later.
 */
async function refused(
  context: ServerContext,
  address: string,
  submission: Submission,
  error: unknown,
): Promise<unknown> {
  if (!isEvidenceError(error)) return error
  context.metrics.statement(error.code)
  const { status } = error.kind
  if (status < 500 && status !== 429) context.limits.refusal('unsealed', address)
  return withEarlierReceipt(context, submission, error)
}

async function answerOf(
  { ledger, publisher }: ServerContext,
  { disclosures }: Submission,
  outcome: Outcome,
  isMinimal: boolean,
): Promise<DepositAnswer> {
  const { kind, index, time, leafHash } = outcome
  const answer = { status: kind === 'created' ? 201 : 200, index, time, leafHash: toBase64(leafHash) } as const
  if (isMinimal) return answer
  if (outcome.receipt !== undefined) return { ...answer, receipt: outcome.receipt }
  const entry = await ledger.reads.entry(index)
  const shown = ledger.rights.shownToSender(await ledger.reads.disclosures(entry), disclosures.map(disclosureDigest))
  return { ...answer, receipt: await ledger.reads.receipt(entry, shown, publisher.covering(entry.index)) }
}

/** A refusal that carries the receipt of the entry that stands in the way, for its own issuer. */
class RefusedWithReceipt extends EvidenceError {
  readonly receipt: string
  constructor(error: EvidenceError, receipt: string) {
    super(error.code, error.message, error.facts)
    this.receipt = receipt
  }
}

async function withEarlierReceipt(
  { ledger }: ServerContext,
  { statement, disclosures }: Submission,
  error: EvidenceError,
): Promise<EvidenceError> {
  const { index } = error.facts
  if (error.code !== 'jti-reused' || index === undefined) return error
  const entry = await ledger.reads.entry(index)
  if (!ledger.rights.mayHaveEarlier(ledger.registry, statement.header.kid, entry.statement.common)) return error
  const shown = ledger.rights.shownToSender(await ledger.reads.disclosures(entry), disclosures.map(disclosureDigest))
  return new RefusedWithReceipt(error, await ledger.reads.receipt(entry, shown))
}

export function extraOf(error: EvidenceError): object {
  return error instanceof RefusedWithReceipt ? { receipt: error.receipt } : {}
}

/** A statement that was accepted, without anything of its body: all that is kept while its answer waits for a quorum. */
export interface Placed {
  readonly answer: DepositAnswer
  /** Digests of the disclosures that came with it. */
  readonly handed: readonly string[]
}

/**
 * The answer under a checkpoint that has the quorum; where it does not come in time, or as many wait already as may, under the
 * newest checkpoint, as 202: the statement is sequenced and stays so, and its receipt can be asked for again.
 */
export async function cosigned(
  { ledger, publisher, cosignWaitMs, waiters }: ServerContext,
  address: string,
  { answer, handed }: Placed,
  isMinimal: boolean,
): Promise<DepositAnswer> {
  const { index } = answer
  const leave = waiters.enter(address)
  const waited = leave === undefined ? undefined : publisher.waitFor(index, cosignWaitMs).finally(leave)
  const checkpoint = await (waited ?? publisher.covering(index))
  const status = checkpoint === undefined ? 202 : answer.status
  if (isMinimal) return { ...answer, status }
  const entry = await ledger.reads.entry(index)
  const shown = ledger.rights.shownToSender(await ledger.reads.disclosures(entry), handed)
  return { ...answer, status, receipt: await ledger.reads.receipt(entry, shown, checkpoint) }
}
