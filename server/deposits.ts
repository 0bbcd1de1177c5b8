import { attempt } from '../src/core/attempt.ts'
import { toBase64 } from '../src/core/base64.ts'
import { disclosureDigest } from '../src/core/disclosure.ts'
import { EvidenceError, isEvidenceError } from '../src/core/errors.ts'
import type { ShownEntries } from '../src/core/shown.ts'
import type { ServedEntry } from '../src/ledger/reads.ts'
import type { ReceiptText } from '../src/ledger/receipt-writer.ts'
import type { Outcome } from '../src/ledger/group.ts'
import type { Submission } from '../src/ledger/submission.ts'
import type { BatchSender } from './batch-turns.ts'
import { earlierReceiptBytes } from './batch-weight.ts'
import type { ServerContext } from './context.ts'
import { RefusedWithReceipt } from './problem.ts'
import { documentText, statementText } from './statement-text.ts'

/** The request that a batch of statements came in; a single statement is a batch of one. */
export interface DepositRequest extends BatchSender {
  readonly context: ServerContext
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
  readonly receipt?: ReceiptText
  /** Digests of the disclosures that came with it, where {@link cosigned} is to make its receipt. */
  readonly handed?: readonly string[]
}

/** What the statements of a request come in: a body each, a JSON document, or a line each of a batch. */
export type Unit = 'body' | 'document' | 'line'

/** Statements that are opened and verified in one turn, and bytes after which it takes no more: others have turns in between. */
const perTurn = 200
const bytesPerTurn = 256 * 1024

/**
 * Has the statements of a request authenticated and put into the queue, in turns. Gives a promise for each turn: what became of
 * each of its statements, in order; one refusal does not affect the others. What is asked of each statement is asked of a turn's
 * statements at once: a promise of its own for each would cost as much as judging it. `unit` says what one of `lines` is: a batch
 * waits for the turns that it shares with all others (`BatchTurns`), and ends where its connection is gone.
 */
export async function deposit(
  request: DepositRequest,
  lines: readonly Buffer[],
  unit: Unit,
): Promise<readonly Promise<(Deposited | Error)[]>[]> {
  const turns: Promise<(Deposited | Error)[]>[] = []
  const isBatch = unit === 'line'
  const { batchTurns } = request.context
  const answering: Answering = {
    request,
    earlier: new EarlierReceipts(request.context, isBatch ? earlierReceiptBytes(lines.length) : undefined),
    inTurn: (work) => (isBatch ? batchTurns.answering(request, work) : work()),
  }
  for (const some of turnsOf(lines)) {
    const open = (): Promise<OpenedPart> => opened(request, some, unit)
    // Signatures come back in any order; statements are sequenced in theirs, so a turn waits for the signatures before it.
    const part = await (isBatch ? batchTurns.opening(request, open) : open())
    if (part === undefined) turns.push(Promise.resolve(some.map(connectionGone)))
    // Its repeats are answered before the next lines are opened: a batch holds those of one turn.
    else turns.push((await sequenced(answering, part)).results)
  }
  return turns
}

/** What a turn's statements are: a submission, or the refusal, of each; and of the submissions, the outcome of those that are entries already. */
interface OpenedPart {
  readonly submissions: readonly (Submission | EvidenceError)[]
  readonly repeats: readonly (Outcome | Error | undefined)[]
}

async function opened(request: DepositRequest, lines: readonly Buffer[], unit: Unit): Promise<OpenedPart> {
  const submissions = await authenticated(request, lines, unit)
  return { submissions, repeats: await request.context.ledger.findRepeats(submissions.filter(isSound)) }
}

function isSound(one: Submission | EvidenceError): one is Submission {
  return !(one instanceof EvidenceError)
}

/** The refusal of a line that was not opened, for nobody reads what became of it. */
function connectionGone(): EvidenceError {
  return new EvidenceError('server-busy', 'the connection is gone; this line was not processed', {
    retryAfterSeconds: 1,
  })
}

/** Lines one after another, as many as make a turn. */
export function* turnsOf(lines: readonly Buffer[]): Generator<readonly Buffer[]> {
  let begin = 0
  let bytes = 0
  for (const [i, { length }] of lines.entries()) {
    bytes += length
    if (i + 1 < lines.length && i + 1 - begin < perTurn && bytes < bytesPerTurn) continue
    yield lines.slice(begin, i + 1)
    begin = i + 1
    bytes = 0
  }
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
  unit: Unit,
): Promise<(Submission | EvidenceError)[]> {
  const { ledger, limits, metrics } = context
  const stopped = attempt(() => limits.requireAddress(address, 'statements', 'unsealed'))
  if (stopped instanceof EvidenceError) return lines.map(() => stopped)
  const texts = lines.map((line) =>
    attempt(() => (unit === 'document' ? documentText(line) : statementText(line, unit))),
  )
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

/** How the statements of a request are answered. */
interface Answering {
  readonly request: DepositRequest
  readonly earlier: EarlierReceipts
  /** Does what reads earlier entries, when its turn has come; undefined, and nothing done, where nobody is there to be answered. */
  readonly inTurn: <T>(work: () => Promise<T>) => Promise<T | undefined>
}

/**
 * Queues a turn's authenticated statements but for those that are entries already; each within its limits: it is counted when all else
 * allows that it is sealed. Resolves when the others are answered; `results`, of all lines, when those that are queued are sequenced.
 */
async function sequenced(
  answering: Answering,
  { submissions, repeats }: OpenedPart,
): Promise<{ readonly results: Promise<(Deposited | Error)[]> }> {
  const { ledger, limits } = answering.request.context
  const { shown, receipts } = answering.request
  const sound = submissions.filter(isSound)
  const queued = sound.filter((_, i) => repeats[i] === undefined)
  const sequencing = ledger.submitMany(
    queued.map((submission) => ({ ...submission, shown, permit: () => limits.sealing(submission) })),
    receipts === 'at-once',
  )
  const told = await resultsOf(
    answering,
    sound.filter((_, i) => repeats[i] !== undefined),
    repeats.filter((outcome) => outcome !== undefined),
  )
  let [nextSound, nextTold] = [0, 0]
  const known = submissions.map((one) => {
    if (!isSound(one)) return one
    return repeats[nextSound++] === undefined ? undefined : told[nextTold++]
  })
  return { results: withQueued(answering, known, queued, sequencing) }
}

/** The results of a turn's lines, where those that are not known yet are of statements that are being sequenced. In a frame of its own, which holds no other statement. */
async function withQueued(
  answering: Answering,
  known: readonly (Deposited | Error | undefined)[],
  queued: readonly Submission[],
  sequencing: Promise<readonly (Outcome | Error)[]>,
): Promise<(Deposited | Error)[]> {
  const results = await resultsOf(answering, queued, await sequencing)
  let next = 0
  return known.map((one) => one ?? (results[next++] as Deposited | Error))
}

/** What became of statements. Reading earlier entries for their receipts waits for its turn; for a connection that is gone nothing is read. */
async function resultsOf(
  { request, earlier, inTurn }: Answering,
  submissions: readonly Submission[],
  outcomes: readonly (Outcome | Error)[],
): Promise<(Deposited | Error)[]> {
  const all = async (): Promise<(Deposited | Error)[]> => {
    const results: (Deposited | Error)[] = []
    for (const [i, submission] of submissions.entries())
      results.push(await resultOf(request, submission, outcomes[i] as Outcome | Error, earlier))
    return results
  }
  const isReading = outcomes.some((outcome) => readsEarlier(request, outcome))
  return (isReading ? await inTurn(all) : undefined) ?? all()
}

/** True where the answer has the receipt of an earlier entry, which is to be read. */
function readsEarlier({ receipts }: DepositRequest, outcome: Outcome | Error): boolean {
  if (outcome instanceof Error) return isEvidenceError(outcome, 'jti-reused')
  return receipts === 'at-once' && outcome.receipt === undefined
}

/**
 * What became of one statement. A refusal is counted against the address, for its signature was verified and anybody may have sent
 * it; not where the same bytes may be taken later. An error that is no refusal stays as it is.
 */
async function resultOf(
  request: DepositRequest,
  submission: Submission,
  outcome: Outcome | Error,
  earlier: EarlierReceipts,
): Promise<Deposited | Error> {
  const { context, address } = request
  try {
    if (outcome instanceof Error) throw outcome
    context.metrics.statement(outcome.kind)
    return await deposited(request, submission, outcome, earlier)
  } catch (error) {
    if (!isEvidenceError(error)) return error as Error
    context.metrics.statement(error.code)
    const { status } = error.kind
    if (status < 500 && status !== 429) context.limits.refusal('unsealed', address)
    return request.isGone() ? error : earlier.beside(submission, error)
  }
}

async function deposited(
  { receipts, isGone }: DepositRequest,
  submission: Submission,
  { kind, index, time, leafHash, receipt }: Outcome,
  earlier: EarlierReceipts,
): Promise<Deposited> {
  const place = { status: kind === 'created' ? 201 : 200, index, time, leafHash: toBase64(leafHash) } as const
  if (receipts === 'cosigned') return { ...place, handed: handedIn(submission) }
  if (receipts === 'none' || isGone()) return place
  return { ...place, receipt: receipt ?? (await earlier.of(index, submission)) }
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
): Promise<ReceiptText> {
  const shown = ledger.rights.shownToSender(await ledger.reads.disclosures(entry), handed)
  return ledger.reads.receiptText(entry, shown, checkpoint)
}

/**
 * Receipts of earlier entries in the answer to one request (docs/design/hostile-input.md). Each line that repeats an entry gets its receipt,
 * for it has brought as many bytes; lines that follow one another with the same share it. A line that reuses a `jti` brings few, so of these
 * each entry's receipt is told once, and all together have a bound.
 */
class EarlierReceipts {
  private readonly context: ServerContext
  /** Bytes that are left; undefined for a single statement, whose one receipt nothing bounds but the size of an entry. */
  private left: number | undefined
  private readonly told = new Set<number>()
  private last: { readonly key: string; readonly receipt: ReceiptText } | undefined

  constructor(context: ServerContext, bytes: number | undefined) {
    this.context = context
    this.left = bytes
  }

  /** The receipt of an entry that a statement repeats. */
  async of(index: number, submission: Submission): Promise<ReceiptText> {
    const handed = handedIn(submission)
    const key = [index, ...handed].join(' ')
    if (this.last?.key !== key) {
      const entry = await this.context.ledger.reads.entry(index)
      const checkpoint = this.context.publisher.covering(index)
      this.last = { key, receipt: await receiptFor(this.context, entry, handed, checkpoint) }
    }
    return this.last.receipt
  }

  /** The refusal of a used statement id carries the receipt of the entry that stands in the way, for its own issuer, or says where it is. */
  async beside(submission: Submission, error: EvidenceError): Promise<EvidenceError> {
    const { ledger } = this.context
    const { index } = error.facts
    if (error.code !== 'jti-reused' || index === undefined) return error
    const { common, header } = submission.statement
    // The entry has the same issuer: it was found by that.
    if (!ledger.rights.mayHaveEarlier(ledger.standing, header.kid, common)) return error
    if (this.told.has(index) || this.left === 0) return elsewhere(error, index)
    this.told.add(index)
    const receipt = await receiptFor(this.context, await ledger.reads.entry(index), handedIn(submission))
    if (this.left !== undefined) {
      if (receipt.length > this.left) {
        // No more are made, to be thrown away as this one.
        this.left = 0
        return elsewhere(error, index)
      }
      this.left -= receipt.length
    }
    return new RefusedWithReceipt(error, receipt)
  }
}
/** The refusal of a used statement id, in an answer that has as many receipts as it may, or this one already. */
function elsewhere({ code, message, facts }: EvidenceError, index: number): EvidenceError {
  const where = `its receipt stands beside an earlier line with this index, or is at /v1/entries/${index}/receipt`
  return new EvidenceError(code, `${message}; ${where}`, facts)
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
