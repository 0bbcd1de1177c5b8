import { existsSync } from 'node:fs'
import { attempt } from '../../src/core/attempt.ts'
import { splitPresentation } from '../../src/core/disclosure.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import type { DigestAlgorithm } from '../../src/core/hash.ts'
import type { JsonValue } from '../../src/core/json.ts'
import { defined } from '../../src/core/objects.ts'
import type { ShownEntries } from '../../src/core/shown.ts'
import type { DepositResult, Identity, LedgerClient } from '../../src/client/ledger-client.ts'
import type { Item, Relation } from '../../src/statements/members.ts'
import { readEnvelope, readStatement } from '../../src/statements/statement.ts'
import type { SealedClaim } from '../../src/statements/vocabulary.ts'
import { fsPath, removeFile } from '../../src/node/file-path.ts'
import { earlierDeposit, isAnswered, isReceiptOf, keepEarlier, statementOf } from './earlier.ts'
import { keepManifest, placeManifest, removePending } from './manifests.ts'
import { type HashProgress, measure } from './measure.ts'
import { type DepositJob, jobBytes, jobName } from './plan.ts'
import { asEvidenceError, type Output } from '../render/output.ts'
import { outputKinds, writeOutput } from '../files/outputs.ts'
import { progressBar } from '../render/progress.ts'
import { takeTurn, type Turn } from './turn.ts'
import { requireAnswerFor } from '../../src/client/deposit-answer.ts'
import { isCosigned } from '../statements/sign.ts'
import { requireAudience, type SigningLedger } from '../statements/signing-ledger.ts'
import {
  isBusy,
  type KeptStatement,
  keptStatement,
  readWaiting,
  setAside,
  signWaiting,
  waitingStatement,
} from '../statements/waiting.ts'
import { pendingPath } from '../../src/node/artefact-names.ts'

/** Statements sent in one request. */
const batchSize = 250

export interface DepositSettings {
  /** The ledger that is signed for, and the policy under which its receipts are checked before they are believed. */
  readonly ledger: SigningLedger
  readonly identity: Identity
  readonly algorithms: readonly DigestAlgorithm[]
  readonly category: Item['category']
  readonly relates: readonly Relation[]
  /** What shows the ledger that the sender has the entries that `relates` names by their receipts. */
  readonly shown: ShownEntries
  /** Sealed claims that all statements share. */
  readonly sealed: Partial<Record<SealedClaim, JsonValue>>
  readonly withNames: boolean
  readonly again: boolean
  /** Prints a line for people beside the result. */
  readonly note: (line: string) => void
}

/** What came of one job. */
export interface JobOutcome {
  readonly name: string
  readonly outcome: 'deposited' | 'existing' | 'refused' | 'not deposited'
  readonly index?: number
  readonly time?: string
  readonly receipts?: readonly string[]
  readonly manifest?: string
  readonly skipped?: readonly { readonly name: string; readonly why: string }[]
  /** Where the policy asks for witnesses: whether the receipt has their quorum. */
  readonly cosigned?: boolean
  readonly error?: EvidenceError
  /** Where the signed statement of a refused job is kept. */
  readonly statement?: string
}

interface SignedJob extends KeptStatement {
  readonly job: DepositJob
  readonly pending: string
}

/** Hashes, signs and sends every job; one outcome each, whatever breaks off. */
export async function runDeposit(
  jobs: readonly DepositJob[],
  settings: DepositSettings,
  output: Output,
): Promise<JobOutcome[]> {
  const outcomes = new Map<DepositJob, JobOutcome>()
  const turns: Turn[] = []
  const bar = progressBar(output, 'hashing', () => jobs.reduce((sum, job) => sum + jobBytes(job), 0), 'bytes')
  let waiting: SignedJob[] = []
  let broken: EvidenceError | undefined
  const flush = async (): Promise<void> => {
    const sending = waiting
    waiting = []
    if (sending.length > 0) await send(sending, settings, outcomes)
    for (const turn of turns.splice(0)) turn.end()
  }
  try {
    for (const job of jobs) {
      turns.push(
        await takeTurn(job.receipts[0] as string, async ({ message }) => {
          // A run that waits holds nothing: two that take the same files in another order would wait for ever.
          await flush()
          settings.note(`another run deposits ${jobName(job)}; waiting: ${message}`)
        }),
      )
      const prepared = await prepare(job, settings, bar).catch((error: unknown) => refusedJob(job, error))
      if ('outcome' in prepared) outcomes.set(job, prepared)
      else waiting.push(prepared)
      if (waiting.length >= batchSize) await flush()
    }
    await flush()
  } catch (error) {
    broken = asEvidenceError(error)
  } finally {
    bar.stop()
    for (const turn of turns) turn.end()
  }
  return jobs.map(
    (job) =>
      outcomes.get(job) ?? {
        name: jobName(job),
        outcome: 'not deposited',
        ...defined({ error: broken }),
      },
  )
}

/** Hashes a job and signs its statement, which is on the disk before it is sent: a retry sends the same bytes. */
async function prepare(
  job: DepositJob,
  settings: DepositSettings,
  progress: HashProgress,
): Promise<SignedJob | JobOutcome> {
  if (job.kind === 'resend') return prepareResend(job, settings)
  const { ledger, identity, algorithms, category, relates, shown, withNames, again } = settings
  const { origin, policy } = ledger
  const { items, names, manifest } = await measure(job, algorithms, category, progress)
  const sealed = withNames && names.length > 0 ? { names, ...settings.sealed } : settings.sealed
  const wanted = { origin, iss: identity.id, key: identity.signer.jwk, items, relates, sealed }
  const existing = (): JobOutcome | undefined => {
    const index = again ? undefined : earlierDeposit(job, wanted, policy)
    return index === undefined ? undefined : { name: jobName(job), outcome: 'existing', index, receipts: job.receipts }
  }
  const pending = pendingPath(job.receipts[0] as string)
  const before = existing()
  if (before !== undefined) {
    if (isAnswered(job.receipts[0] as string, pending)) removePending(job, pending)
    return before
  }
  const statement = statementOf(wanted)
  const waiting = waitingStatement(pending, statement)
  if (waiting.is === 'other') keepUnanswered(job, pending, settings)
  if (manifest !== undefined) keepManifest(job, manifest)
  const presentation = waiting.is === 'same' ? waiting.presentation : signWaiting(pending, statement, identity, shown)
  // Another run of this command may have finished between the two looks: its receipt is then there, and its statement gone.
  const meanwhile = existing()
  if (meanwhile !== undefined) {
    if (isReceiptOf(job.receipts[0] as string, presentation)) removePending(job, pending)
    else if (existsSync(fsPath(pending))) keepUnanswered(job, pending, settings)
    return meanwhile
  }
  return { job, presentation, pending, shown }
}

/** Moves a statement that waits out of the way of another, and tells of it. */
function keepUnanswered(job: DepositJob, pending: string, settings: DepositSettings): void {
  const kept = setAside(pending, 'unanswered', manifestOf(job))
  settings.note(
    `an earlier deposit of ${jobName(job)} was signed, and perhaps sent; its statement is kept: evidence deposit --resend ${kept}`,
  )
}

/**
 * A statement that was signed before. Another ledger's is not sent, for its refusal would say nothing; nor one that the key did not sign, or that does
 * not bring all that it sealed: it may have come with the folder, and be none that its sender has read.
 */
function prepareResend(
  job: DepositJob & { kind: 'resend' },
  { ledger, identity }: DepositSettings,
): SignedJob | JobOutcome {
  const { statement: path } = job
  const { presentation, shown } = keptStatement(path)
  const { aud } = readStatement(readEnvelope(splitPresentation(presentation).jws)).common
  const audience = attempt(() => requireAudience(aud, ledger, path))
  const refused = (error: EvidenceError): JobOutcome => ({
    name: jobName(job),
    outcome: 'refused',
    error,
    statement: path,
  })
  if (audience instanceof EvidenceError) return refused(audience)
  const said = attempt(() => readWaiting(presentation, identity.signer.jwk))
  if (said instanceof EvidenceError) {
    const message = `${path}: ${said.message}; nothing was sent. Where another key of yours signed it, name that by --key`
    return refused(new EvidenceError(said.code, message, { where: path }, { cause: said }))
  }
  return { job, presentation, shown, pending: path }
}

function manifestOf(job: DepositJob): string | undefined {
  return 'manifest' in job ? job.manifest : undefined
}

/** One job that stands in its own way holds up no other; what keeps the whole command from running does. */
function refusedJob(job: DepositJob, error: unknown): JobOutcome {
  const known = asEvidenceError(error)
  if (known.kind.exit === 3) throw known
  return { name: jobName(job), outcome: 'refused', error: known }
}

async function send(
  jobs: readonly SignedJob[],
  { ledger: { client, policy }, again }: DepositSettings,
  outcomes: Map<DepositJob, JobOutcome>,
): Promise<void> {
  const isWatched = policy.quorum !== 'none'
  const shown = new Map(jobs.flatMap((job) => [...job.shown]))
  const results =
    jobs.length === 1
      ? [await one(client, jobs[0] as SignedJob, isWatched)]
      : await client.depositBatch(
          jobs.map(({ presentation }) => presentation),
          { shown },
        )
  if (isWatched && jobs.length > 1) await takeCosigned(client, jobs, results)
  jobs.forEach(({ job, pending, presentation }, i) => {
    const result = results[i] as DepositResult | EvidenceError
    const name = jobName(job)
    if (result instanceof EvidenceError) {
      // Refused for good: the next run signs anew, and what was refused is kept, for it may be sequenced all the same.
      const moves = job.kind !== 'resend' && !isBusy(result)
      const statement = moves ? setAside(pending, 'refused', manifestOf(job)) : pending
      outcomes.set(job, { name, outcome: 'refused', error: result, statement })
      return
    }
    // Until the receipt is known to be good, the signed statement is all that there is.
    requireAnswerFor(result, presentation, policy)
    if (again && job.kind !== 'resend') keepEarlier(job.receipts)
    const hasManifest = 'manifest' in job && placeManifest(job.manifest)
    for (const path of job.receipts) writeOutput(outputKinds.receipt, path, result.receipt)
    removeFile(pending)
    const extra = {
      ...(hasManifest && 'manifest' in job ? { manifest: job.manifest } : {}),
      ...(job.kind === 'manifest' ? { skipped: job.listing.skipped } : {}),
      ...(isWatched ? { cosigned: isCosigned(result.receipt, policy) } : {}),
    }
    const outcome = result.created ? 'deposited' : 'existing'
    outcomes.set(job, { name, outcome, index: result.index, time: result.time, receipts: job.receipts, ...extra })
  })
}

/**
 * The receipts of a batch once more, when the quorum has cosigned its last entry: the same bytes are answered with what there is
 * then. Where that fails the receipts stay as they are; nothing of the deposit is in doubt.
 */
async function takeCosigned(
  client: LedgerClient,
  jobs: readonly SignedJob[],
  results: (DepositResult | EvidenceError)[],
): Promise<void> {
  const done = results.flatMap((result, i) => (result instanceof EvidenceError ? [] : [{ result, i }]))
  const [first] = done
  if (first === undefined) return
  const last = done.reduce((a, b) => (b.result.index > a.result.index ? b : a), first)
  const presentationOf = (i: number): string => (jobs[i] as SignedJob).presentation
  try {
    await client.deposit(presentationOf(last.i), { cosigned: true })
    const again = await client.depositBatch(done.map(({ i }) => presentationOf(i)))
    for (const [at, { result, i }] of done.entries()) {
      const later = again[at]
      if (later !== undefined && !(later instanceof EvidenceError)) results[i] = { ...result, receipt: later.receipt }
    }
  } catch (error) {
    if (!(error instanceof EvidenceError)) throw error
  }
}

async function one(
  client: LedgerClient,
  { presentation, shown }: SignedJob,
  isWatched: boolean,
): Promise<DepositResult | EvidenceError> {
  try {
    return await client.deposit(presentation, { cosigned: isWatched, shown })
  } catch (error) {
    const known = asEvidenceError(error)
    if (known.code === 'server-unreachable' || known.code === 'server-answer') throw known
    return known
  }
}
