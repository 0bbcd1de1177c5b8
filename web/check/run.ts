import { compareFolder } from '../../src/check/steps/compare.ts'
import { DroppedSet, type Hashing } from '../../src/check/steps/dropped-set.ts'
import { gather, type Gathered, type Task } from '../../src/check/steps/gather.ts'
import type { Evidence } from '../../src/check/steps/handed.ts'
import { type Besides, judgeFile, judgeFolder, judgeReceipt } from '../../src/check/steps/judge.ts'
import type { OnlineStatus } from '../../src/check/steps/later.ts'
import type { CheckResult } from '../../src/check/steps/receipt.ts'
import type { AnyReport } from '../../src/check/steps/report.ts'
import { noTime, type TimeResult } from '../../src/check/steps/time.ts'
import { timeProofPath } from '../../src/core/artefact-names.ts'
import { attempt, settled } from '../../src/core/attempt.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import { parseFileProof } from '../../src/core/file-proof.ts'
import { parseMisbehaviour } from '../../src/core/misbehaviour.ts'
import type { Policy } from '../../src/core/policy.ts'
import { parseReceipt } from '../../src/core/receipt.ts'
import { bytesOfText } from '../../src/core/text.ts'
import { itemsOf } from '../../src/statements/said.ts'
import { checkMisbehaviour } from '../../src/verify/check-misbehaviour.ts'
import type { DroppedFile } from './hashing.ts'
import { type PolicyChoice, policyChoice, policyFor } from './policies.ts'

/** What only the larger checker can judge; loaded when there is something to judge. */
export interface Extras {
  readonly checkPackage: (set: DroppedSet, task: Task & { what: 'package' }, asks: Asks) => Promise<Result>
  /** Checks all that was dropped where certificates are among it: what they carry proves files too. */
  readonly checkWithCertificates: (
    dropped: readonly DroppedFile[],
    paths: readonly string[],
    asks: Asks,
  ) => Promise<readonly Result[]>
  readonly judgeTime: (set: DroppedSet, path: string, result: CheckResult, policy: Policy) => Promise<TimeResult>
}

/** The certificate that a page is itself. */
export interface OwnCertificate {
  readonly path: string
  /** Gives its attachments by name. Throws the codes of a certificate that cannot be read. */
  readonly attachments: () => ReadonlyMap<string, Uint8Array>
}

/** Who is asked what while checks run. */
export interface Asks {
  /** Undefined in a page that is no certificate. */
  readonly own: OwnCertificate | undefined
  readonly hashing: Hashing
  /** Policies that were offered besides those that were handed over, the most trusted first. */
  readonly offered: readonly PolicyChoice[]
  /** What the reader chose where two policies differ, by ledger. */
  readonly chosen: ReadonlyMap<string, PolicyChoice>
  /** Undefined in the small checker. */
  readonly extras: (() => Promise<Extras>) | undefined
  /** Asks the ledger what happened later; undefined where the reader has not asked for it. */
  readonly later: ((result: CheckResult, policy: Policy) => Promise<OnlineStatus>) | undefined
  readonly onBytes: (count: number) => void
}

/** What came of one check. */
export type Result =
  | {
      readonly what: 'report'
      readonly task: Task
      readonly report: AnyReport
      readonly policy: PolicyChoice | undefined
      /** Among what it was checked. */
      readonly set: DroppedSet
      /** What the certificate says that brought the proof. */
      readonly beside?: HTMLElement
    }
  | { readonly what: 'refused'; readonly task: Task; readonly refusal: EvidenceError }
  /** Two policies differ: nothing is judged before the reader has chosen. */
  | {
      readonly what: 'stopped'
      readonly task: Task
      readonly origin: string
      readonly kept: PolicyChoice
      readonly offered: PolicyChoice
    }

/** A check of a deposit that holds, of which a certificate can be made. */
export type HoldingResult = Extract<Result, { what: 'report' }> & {
  readonly report: Exclude<AnyReport, { what: 'package' | 'misbehaviour' }>
  readonly policy: PolicyChoice
}

export function doesHold(result: Result): result is HoldingResult {
  if (result.what !== 'report' || result.policy === undefined) return false
  const { report } = result
  if (report.what === 'package' || report.what === 'misbehaviour') return false
  const { body, statement } = report.result.checked ?? {}
  const isDeposit = statement !== undefined && body !== undefined && itemsOf(body).length > 0
  return isDeposit && report.faults.length === 0 && report.unjudged.length === 0
}

/** The path that a task is about. */
export function pathOfTask(task: Task): string {
  if (task.what !== 'receipt') return task.path
  return task.evidence.kind === 'receipt' ? task.evidence.receipt : task.evidence.proof
}

/** Checks all that was dropped. What is wrong with one thing never keeps another from being checked; rejects where it is cancelled. */
export async function runChecks(dropped: readonly DroppedFile[], asks: Asks): Promise<readonly Result[]> {
  const set = await DroppedSet.read(dropped, asks.hashing)
  const gathered = await gather(set, asks.onBytes)
  const certificates = gathered.tasks.flatMap((task) => (task.what === 'certificate' ? [task.path] : []))
  if (asks.extras !== undefined && (certificates.length > 0 || asks.own !== undefined))
    return (await asks.extras()).checkWithCertificates(dropped, certificates, asks)
  return checkAll(set, gathered, asks)
}

/** Makes the checks that things were sorted into, each by `judgeOne`. */
export async function checkAll(
  set: DroppedSet,
  { tasks, policies }: Gathered,
  asks: Asks,
  judgeOne: typeof judge = judge,
): Promise<readonly Result[]> {
  const own = policies.map((path) => attempt(() => policyChoice('dropped', set.artefact(path))))
  const refused = own.flatMap((choice, i): Result[] =>
    choice instanceof EvidenceError
      ? [
          {
            what: 'refused',
            task: { what: 'unproven', path: policies[i] as string, isCompared: false },
            refusal: choice,
          },
        ]
      : [],
  )
  // Of two that the reader handed over for one ledger the later one is meant.
  const offered = [
    ...[...own].reverse().filter((choice): choice is PolicyChoice => !(choice instanceof EvidenceError)),
    ...asks.offered,
  ]
  const results: Result[] = [...refused]
  for (const task of tasks)
    for (const result of await checkTask(set, task, { ...asks, offered }, judgeOne)) results.push(result)
  return results
}

async function checkTask(set: DroppedSet, task: Task, asks: Asks, judgeOne: typeof judge): Promise<readonly Result[]> {
  const results = await settled(judgeOne(set, task, asks))
  return results instanceof EvidenceError ? [{ what: 'refused', task, refusal: results }] : results
}

/** Makes one check. Throws what says nothing of the evidence. */
export async function judge(set: DroppedSet, task: Task, asks: Asks): Promise<readonly Result[]> {
  if (task.what === 'unproven')
    throw new EvidenceError('receipt-not-found', `nothing that was handed over proves ${task.path}`, {
      where: task.path,
    })
  if (task.what === 'package' || task.what === 'certificate') {
    if (asks.extras === undefined || task.what === 'certificate')
      throw new EvidenceError(
        'not-judged',
        `${task.path} is judged by the larger checker, evidence-check.html, or the command line`,
      )
    return [await (await asks.extras()).checkPackage(set, task, asks)]
  }
  const origin = originOf(set, task)
  const verdict = policyFor(origin, [...asks.offered])
  const chosen = asks.chosen.get(origin)
  if (chosen === undefined && 'kept' in verdict) return [{ what: 'stopped', task, origin, ...verdict }]
  // What the reader handed over judges whatever else was handed over. A ledger's own word is for its own receipts alone: others would be called
  // broken for want of their policy.
  const handed = asks.offered.find(({ source }) => source === 'dropped')
  const policy = chosen ?? ('choice' in verdict ? (verdict.choice ?? handed) : undefined)
  if (policy === undefined)
    throw new EvidenceError('usage', `no policy names the ledger ${origin}; hand its policy over`, { where: 'policy' })
  return [{ what: 'report', task, policy, set, report: await judgeBy(set, task, policy.policy, asks) }]
}

function judgeBy(
  set: DroppedSet,
  task: Exclude<Task, { what: 'unproven' | 'package' | 'certificate' }>,
  policy: Policy,
  asks: Asks,
): Promise<AnyReport> {
  const { handed } = set
  const besides = besidesOf(set, asks)
  if (task.what === 'misbehaviour') {
    const proof = checkMisbehaviour(set.artefact(task.path), policy)
    return Promise.resolve({ what: 'misbehaviour', path: task.path, proof, faults: proof.faults, unjudged: [] })
  }
  if (task.what === 'receipt') return judgeReceipt(handed, task.evidence, policy, besides)
  if (task.what === 'file')
    return judgeFile(handed, task.path, task.evidence, policy, { besides, onBytes: asks.onBytes })
  const files = task.files
    .filter((path) => path !== task.evidence.manifest && path !== task.evidence.receipt)
    .map((path) => ({
      name: bytesOfText(handed.pathWithin(task.path, path)),
      sha256: async () => (await set.measure(path, asks.onBytes)).digest.sha256 as string,
    }))
  return judgeFolder(handed, task.path, task.evidence, policy, {
    transition: undefined,
    // Of a manifest that is not the one deposited no line is read.
    compare: () =>
      compareFolder(task.path, { files, skipped: [], unreadable: [] }, set.manifest(task.evidence.manifest)),
    besides,
  })
}

function besidesOf(set: DroppedSet, { later, extras }: Asks): Besides {
  return {
    upward: undefined,
    later,
    time: async (result, policy) => {
      const path = timeProofOf(set, result.evidence)
      if (path === undefined || result.checked === undefined) return noTime
      if (extras !== undefined) return (await extras()).judgeTime(set, path, result, policy)
      const message = `${path} is a time stamp, which the larger checker and the command line judge.`
      return { ...noTime, unjudged: [{ code: 'not-judged', message, where: path }] }
    },
  }
}

/** The time proof beside a receipt; where one receipt and one time proof were handed over, that one. */
function timeProofOf(set: DroppedSet, evidence: Evidence): string | undefined {
  const beside = timeProofPath(evidence.kind === 'file-proof' ? evidence.proof : evidence.receipt)
  if (set.has(beside)) return beside
  const [only, ...others] = set.paths('time-proof')
  return others.length === 0 && set.paths('receipt', 'file-proof').length === 1 ? only : undefined
}

/** The ledger of a task's receipt, or of a proof's checkpoints. Throws the codes of a receipt or proof: without one that can be read no policy is needed. */
function originOf(set: DroppedSet, task: Exclude<Task, { what: 'unproven' | 'package' | 'certificate' }>): string {
  if (task.what === 'misbehaviour') {
    const [first] = parseMisbehaviour(set.artefact(task.path)).checkpoints
    return first?.checkpoint.origin ?? ''
  }
  const { evidence } = task
  const bytes =
    evidence.kind === 'file-proof'
      ? parseFileProof(set.artefact(evidence.proof)).receipt
      : set.artefact(evidence.receipt)
  return parseReceipt(bytes).proof.checkpoint.origin
}
