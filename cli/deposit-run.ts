import { renameSync } from 'node:fs'
import { type DigestAlgorithm, EvidenceError, type JsonValue, type Policy, thumbprint } from '../src/core/index.ts'
import type { DepositResult, Identity, LedgerClient } from '../src/client/index.ts'
import type { Item, Relation, SealedClaim } from '../src/evidence/index.ts'
import { removeFile, writeDurably } from './atomic-file.ts'
import { type DepositJob, earlierReceipt, jobBytes, jobName, measure, pendingStatement } from './deposit-plan.ts'
import { asEvidenceError, type Output } from './output.ts'
import { progressBar } from './progress.ts'
import { isCosigned, requireReceiptFor, signStatement } from './statements.ts'

/** Statements sent in one request. */
const batchSize = 250

export interface DepositSettings {
  readonly origin: string
  readonly client: LedgerClient
  readonly identity: Identity
  readonly algorithms: readonly DigestAlgorithm[]
  readonly category: Item['category']
  readonly relates: readonly Relation[]
  /** Sealed claims that all statements share. */
  readonly sealed: Partial<Record<SealedClaim, JsonValue>>
  readonly withNames: boolean
  readonly again: boolean
  /** What receipts are held against before they are believed. */
  readonly policy: Policy
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
}

interface SignedJob {
  readonly job: DepositJob
  readonly presentation: string
  readonly pending: string
  /** Bytes of the manifest, written when its receipt is there: neither proves anything without the other. */
  readonly manifest?: Uint8Array
}

function pendingPath(job: DepositJob): string {
  return (job.receipts[0] as string).replace(/\.tlog-proof$/, '.evidence-statement')
}

/** Hashes, signs and sends every job; one outcome each, whatever breaks off. */
export async function runDeposit(
  jobs: readonly DepositJob[],
  settings: DepositSettings,
  output: Output,
): Promise<JobOutcome[]> {
  const outcomes = new Map<DepositJob, JobOutcome>()
  const total = jobs.reduce((sum, job) => sum + jobBytes(job), 0)
  const bar = progressBar(output, 'hashing', total, 'bytes')
  let hashed = 0
  let waiting: SignedJob[] = []
  let broken: EvidenceError | undefined
  const flush = async (): Promise<void> => {
    const sending = waiting
    waiting = []
    if (sending.length > 0) await send(sending, settings, outcomes)
  }
  try {
    for (const job of jobs) {
      const prepared = await prepare(job, settings, (count) => {
        hashed += count
        bar.update(hashed)
      }).catch((error: unknown) => refusedJob(job, error))
      if ('outcome' in prepared) outcomes.set(job, prepared)
      else waiting.push(prepared)
      if (waiting.length >= batchSize) await flush()
    }
    await flush()
  } catch (error) {
    broken = asEvidenceError(error)
  } finally {
    bar.stop()
  }
  return jobs.map(
    (job) =>
      outcomes.get(job) ?? {
        name: jobName(job),
        outcome: 'not deposited',
        ...(broken === undefined ? {} : { error: broken }),
      },
  )
}

/** Hashes a job and signs its statement, which is on the disk before it is sent: a retry sends the same bytes. */
async function prepare(
  job: DepositJob,
  settings: DepositSettings,
  onBytes: (count: number) => void,
): Promise<SignedJob | JobOutcome> {
  const { origin, identity, algorithms, category, relates, withNames, again } = settings
  const { items, names, manifest } = await measure(job, algorithms, category, onBytes)
  const pending = pendingPath(job)
  const sealed = withNames ? { names, ...settings.sealed } : settings.sealed
  const wanted = { origin, iss: identity.id, kid: thumbprint(identity.signer.jwk), items, relates, sealed }
  let presentation: string | undefined
  if (!again) {
    const earlier = job.receipts.map((path) => earlierReceipt(path, settings.policy, items))
    const [index] = earlier
    if (index !== undefined && earlier.every((one) => one === index)) {
      return { name: jobName(job), outcome: 'existing', index, receipts: job.receipts }
    }
    presentation = pendingStatement(pending, wanted)
  }
  if (presentation === undefined) {
    const members = { items, ...(relates.length === 0 ? {} : { relates }) }
    presentation = signStatement(origin, identity, 'evidence.deposit', members, sealed).presentation
    // Holds what is sealed: for its owner alone.
    writeDurably(pending, presentation)
  }
  return { job, presentation, pending, ...(manifest === undefined ? {} : { manifest }) }
}

/** One job that stands in its own way holds up no other; what keeps the whole command from running does. */
function refusedJob(job: DepositJob, error: unknown): JobOutcome {
  const known = asEvidenceError(error)
  if (known.kind.exit === 3) throw known
  return { name: jobName(job), outcome: 'refused', error: known }
}

async function send(
  jobs: readonly SignedJob[],
  { client, policy, again }: DepositSettings,
  outcomes: Map<DepositJob, JobOutcome>,
): Promise<void> {
  const isWatched = policy.quorum !== 'none'
  const results =
    jobs.length === 1
      ? [await one(client, jobs[0] as SignedJob, isWatched)]
      : await client.depositBatch(jobs.map(({ presentation }) => presentation))
  if (isWatched && jobs.length > 1) await takeCosigned(client, jobs, results)
  jobs.forEach(({ job, pending, presentation, manifest }, i) => {
    const result = results[i] as DepositResult | EvidenceError
    const name = jobName(job)
    if (result instanceof EvidenceError) {
      // Refused for good: the same bytes would be refused again. Busy: they may be sent again as they are.
      if (result.kind.status < 500 && result.kind.status !== 429) removeFile(pending)
      outcomes.set(job, { name, outcome: 'refused', error: result })
      return
    }
    // Until the receipt is known to be good, the signed statement is all that there is.
    requireReceiptFor(result.receipt, presentation, policy)
    if (again) keepOld(job.kind === 'manifest' ? [job.manifest, ...job.receipts] : job.receipts)
    if (job.kind === 'manifest' && manifest !== undefined) writeDurably(job.manifest, manifest)
    for (const path of job.receipts) writeDurably(path, result.receipt)
    removeFile(pending)
    const extra = {
      ...(job.kind === 'manifest' ? { manifest: job.manifest, skipped: job.listing.skipped } : {}),
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
  { presentation }: SignedJob,
  isWatched: boolean,
): Promise<DepositResult | EvidenceError> {
  try {
    return await client.deposit(presentation, { cosigned: isWatched })
  } catch (error) {
    const known = asEvidenceError(error)
    if (known.code === 'server-unreachable' || known.code === 'server-answer') throw known
    return known
  }
}

/** Receipts and manifests that others replace are kept under other names: they may be in somebody's hands. */
function keepOld(paths: readonly string[]): void {
  const now = Date.now()
  for (const path of paths) {
    try {
      renameSync(path, `${path}.old-${now}`)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
  }
}
