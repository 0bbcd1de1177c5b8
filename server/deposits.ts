import { attempt } from '../src/core/attempt.ts'
import { toBase64 } from '../src/core/base64.ts'
import { fromUtf8 } from '../src/core/bytes.ts'
import { disclosureDigest } from '../src/core/disclosure.ts'
import { EvidenceError, isEvidenceError } from '../src/core/errors.ts'
import type { ShownEntries } from '../src/core/shown.ts'
import type { ServedEntry } from '../src/ledger/reads.ts'
import type { ReceiptText } from '../src/ledger/receipt-writer.ts'
import type { Outcome } from '../src/ledger/answers.ts'
import type { Submission } from '../src/ledger/submission.ts'
import type { ServerContext } from './context.ts'
import { RefusedWithReceipt } from './problem.ts'

/** The request that a batch of statements came in; a single statement is a batch of one. */
export interface DepositRequest {
  readonly context: ServerContext
  readonly address: string
  /** Entries that the sender showed to have. */
  readonly shown: ShownEntries
  /** What to do for a receipt: give it at once; wait for the quorum, by {@link cosigned}; nothing. */
  readonly receipts: 'at-once' | 'cosigned' | 'none'
}

/** A statement that is an entry, without anything of its body: all that is kept while its answer waits for a quorum. */
export interface Deposited {
  /** 202: sequenced, and not cosigned in time. */
  readonly status: 200 | 201 | 202
  readonly index: number
  /** As in the entry. */
  readonly time: string
  /** Base64. */
  readonly leafHash: string
  /** In its two parts, of a new entry; as one text, of an earlier one. */
  readonly receipt?: ReceiptText | string
  /** Digests of the disclosures that came with it, where {@link cosigned} is to make its receipt. */
  readonly handed?: readonly string[]
}

/** Statements whose signatures are verified in one turn. */
const perTurn = 200

/**
 * Has the statements of a request authenticated and put into the queue, in turns. Gives a promise for each turn: what became of
 * each of its statements, in order; one refusal does not affect the others. What is asked of each statement is asked of a turn's
 * statements at once: a promise of its own for each would cost as much as judging it. `unit` is what an error calls one of `lines`.
 */
export async function deposit(
  request: DepositRequest,
  lines: readonly Buffer[],
  unit: 'body' | 'line',
): Promise<readonly Promise<(Deposited | Error)[]>[]> {
  const turns: Promise<(Deposited | Error)[]>[] = []
  for (let at = 0; at < lines.length; at += perTurn) {
    // Signatures come back in any order; statements are sequenced in theirs, so a turn waits for the signatures before it.
    const submissions = await authenticated(request, lines.slice(at, at + perTurn), unit)
    turns.push(ofSound(submissions, (sound) => sequenced(request, sound)))
  }
  return turns
}

/** What `all` gives for the items that are not refused, asked once for all, in their places among the refusals. */
async function ofSound<T, Result>(
  items: readonly (T | EvidenceError)[],
  all: (sound: readonly T[]) => Promise<readonly Result[]>,
): Promise<(Result | EvidenceError)[]> {
  const results = await all(items.filter((item): item is T => !(item instanceof EvidenceError)))
  let next = 0
  return items.map((item) => (item instanceof EvidenceError ? item : (results[next++] as Result)))
}

/**
 * Opens statements and verifies their signatures. Refusals are counted against the address, which is asked of before each turn: a
 * batch of bad signatures costs no more than its address may spend.
 */
async function authenticated(
  { context, address }: DepositRequest,
  lines: readonly Buffer[],
  unit: string,
): Promise<(Submission | EvidenceError)[]> {
  const { ledger, limits, metrics } = context
  const stopped = attempt(() => limits.requireAddress(address, 'statements', 'unsealed'))
  if (stopped instanceof EvidenceError) return lines.map(() => stopped)
  const texts = lines.map((line) => attempt(() => fromUtf8(line, unit)))
  return ofSound(texts, async (sound) => {
    const began = performance.now()
    const submissions = await ledger.authenticateMany(sound)
    const seconds = (performance.now() - began) / 1000
    for (const submission of submissions) {
      if (!(submission instanceof EvidenceError)) metrics.verified(seconds)
      else {
        metrics.statement(submission.code)
        if (submission.code === 'signature-invalid') limits.refusal('statements', address)
      }
    }
    return submissions
  })
}

/** Sequences authenticated statements, each within its limits: it is counted when all else allows that it is sealed. */
async function sequenced(request: DepositRequest, submissions: readonly Submission[]): Promise<(Deposited | Error)[]> {
  const { ledger, limits } = request.context
  const { shown, receipts } = request
  const outcomes = await ledger.submitMany(
    submissions.map((submission) => ({ ...submission, shown, permit: () => limits.sealing(submission) })),
    receipts === 'at-once',
  )
  const results: (Deposited | Error)[] = []
  for (const [i, submission] of submissions.entries())
    results.push(await resultOf(request, submission, outcomes[i] as Outcome | Error))
  return results
}

/**
 * What became of one statement. A refusal is counted against the address, for its signature was verified and anybody may have sent
 * it; not where the same bytes may be taken later. An error that is no refusal stays as it is.
 */
async function resultOf(
  request: DepositRequest,
  submission: Submission,
  outcome: Outcome | Error,
): Promise<Deposited | Error> {
  const { context, address } = request
  try {
    if (outcome instanceof Error) throw outcome
    context.metrics.statement(outcome.kind)
    return await deposited(request, submission, outcome)
  } catch (error) {
    if (!isEvidenceError(error)) return error as Error
    context.metrics.statement(error.code)
    const { status } = error.kind
    if (status < 500 && status !== 429) context.limits.refusal('unsealed', address)
    return withEarlierReceipt(context, submission, error)
  }
}

async function deposited(
  { context, receipts }: DepositRequest,
  submission: Submission,
  { kind, index, time, leafHash, receipt }: Outcome,
): Promise<Deposited> {
  const place = { status: kind === 'created' ? 201 : 200, index, time, leafHash: toBase64(leafHash) } as const
  if (receipts === 'cosigned') return { ...place, handed: handedIn(submission) }
  if (receipts === 'none') return place
  if (receipt !== undefined) return { ...place, receipt }
  const entry = await context.ledger.reads.entry(index)
  const checkpoint = context.publisher.covering(index)
  return { ...place, receipt: await receiptFor(context, entry, handedIn(submission), checkpoint) }
}

function handedIn({ disclosures }: Submission): readonly string[] {
  return disclosures.map(disclosureDigest)
}

/** The receipt of an entry for a sender who handed in some of its disclosures. */
async function receiptFor(
  { ledger }: ServerContext,
  entry: ServedEntry,
  handed: readonly string[],
  checkpoint?: Awaited<ReturnType<ServerContext['publisher']['waitFor']>>,
): Promise<string> {
  const shown = ledger.rights.shownToSender(await ledger.reads.disclosures(entry), handed)
  return ledger.reads.receipt(entry, shown, checkpoint)
}

/** The refusal of a used statement id carries the receipt of the entry that stands in the way, for its own issuer. */
async function withEarlierReceipt(
  context: ServerContext,
  submission: Submission,
  error: EvidenceError,
): Promise<EvidenceError> {
  const { ledger } = context
  const { index } = error.facts
  if (error.code !== 'jti-reused' || index === undefined) return error
  const entry = await ledger.reads.entry(index)
  const { kid } = submission.statement.header
  if (!ledger.rights.mayHaveEarlier(ledger.registry, kid, entry.statement.common)) return error
  return new RefusedWithReceipt(error, await receiptFor(context, entry, handedIn(submission)))
}

/**
 * The answer under a checkpoint that has the quorum; where it does not come in time, or as many wait already as may, under the
 * newest checkpoint, as 202: the statement is sequenced and stays so, and its receipt can be asked for again.
 */
export async function cosigned(
  { context, address }: DepositRequest,
  { handed = [], ...answer }: Deposited,
  isMinimal: boolean,
): Promise<Deposited> {
  const { ledger, publisher, cosignWaitMs, waiters } = context
  const { index } = answer
  const leave = waiters.enter(address)
  const waited = leave === undefined ? undefined : publisher.waitFor(index, cosignWaitMs).finally(leave)
  const checkpoint = await (waited ?? publisher.covering(index))
  const status = checkpoint === undefined ? 202 : answer.status
  if (isMinimal) return { ...answer, status }
  return { ...answer, status, receipt: await receiptFor(context, await ledger.reads.entry(index), handed, checkpoint) }
}
