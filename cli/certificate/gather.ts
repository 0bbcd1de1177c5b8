import { statSync } from 'node:fs'
import { type Gathered, gathered, type Sources, type Subject } from '../../src/certificate/gathered.ts'
import { manifestAt, parseArtefact, readArtefact } from '../../src/check/node/artefact.ts'
import { type CheckRequest, checkPath, type Watch, withRotations } from '../../src/check/node/check.ts'
import { hasEvidence } from '../../src/check/node/evidence-files.ts'
import { handedFiles } from '../../src/check/node/handed-files.ts'
import { lineProof } from '../../src/check/node/line-proof.ts'
import { checkTime, readTimeProof } from '../../src/check/node/time.ts'
import { askStatus } from '../../src/check/steps/ask-later.ts'
import type { Evidence } from '../../src/check/steps/handed.ts'
import { checkAlone } from '../../src/check/steps/receipt.ts'
import { type DepositReport, type Report, together } from '../../src/check/steps/report.ts'
import { EvidenceError, errorTable } from '../../src/core/errors.ts'
import { isFileProof } from '../../src/core/file-proof.ts'
import { parseKeyTransition } from '../../src/core/key-transition.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { parsePolicyFile } from '../../src/ledger/data-folder.ts'
import type { Finding } from '../../src/verify/report.ts'
import { transitionPath } from '../../src/core/artefact-names.ts'
import { recordedName } from '../../src/node/artefact-names.ts'
import { readBeginning } from '../../src/node/bounded-file.ts'
import { fsPath } from '../../src/node/file-path.ts'

export interface GatherRequest extends CheckRequest {
  /** The sealed claims of a folder go with the proof of one of its files. */
  readonly withClaims: boolean
}

/** What a certificate carries, and what is to be said of its making besides. */
export interface GatheredHere extends Gathered {
  /** Later events that were left out for their number: the certificate says that the answer is not whole. */
  readonly leftOut: readonly Finding[]
}

/** A receipt that the ledger gave, and that lies at no path. */
export interface FetchedReceipt {
  /** What it is called in messages. */
  readonly name: string
  readonly bytes: Uint8Array
}

const receiptBegins = 'c2sp.org/tlog-proof@v1'

/** True for a receipt or file proof that is not itself evidence: then no file is compared. */
function isEvidenceItself(path: string): boolean {
  const stat = statSync(fsPath(path), { throwIfNoEntry: false })
  if (stat?.isFile() !== true || hasEvidence(path)) return false
  const beginning = readBeginning(path, 64)
  return isFileProof(beginning) || Buffer.from(beginning).toString('latin1').startsWith(receiptBegins)
}

/**
 * Checks what lies at a path, and gathers what a certificate of it carries. Throws the first fault of what does not hold: a certificate is made
 * of what is sound alone. Throws as {@link checkPath} besides.
 */
export async function gather(path: string, request: GatherRequest, watch: Watch): Promise<GatheredHere> {
  if (request.receipt === undefined && isEvidenceItself(path)) return gatherAlone(path, request, readArtefact(path))
  const report = await checkPath(path, request, watch)
  const deposit = depositIn(path, report)
  requireSound(path, deposit, deposit.later)
  const name = recordedName(path)
  const subject: Subject =
    deposit.what === 'folder'
      ? { what: 'folder', name, files: deposit.compared?.files.length ?? 0 }
      : { what: 'file', name, size: () => statSync(fsPath(path)).size }
  return gatheredHere(deposit, subject, sourcesOf(path, request))
}

/** Files of this machine; `alone` is the receipt or file proof whose file is not at hand. */
function sourcesOf(path: string, request: GatherRequest, alone?: Uint8Array): Sources {
  return {
    artefact: (name) => alone ?? readArtefact(name),
    manifest: (name) => manifestAt(name).bytes,
    timeProof: readTimeProof,
    lineProof: (evidence, item) => lineProof(evidence, path, item, request.withClaims).proof,
    transition: (beside) => readArtefact(request.transition ?? transitionPath(beside)),
    policy: request.policy()?.bytes ?? utf8(''),
  }
}

type Deposit = Extract<Report, { what: 'file' | 'folder' }>

function depositIn(path: string, report: Report): Deposit {
  if (report.what === 'file' || report.what === 'folder') return report
  const what = report.what === 'package' ? 'an evidence package' : 'a proof of misbehaviour'
  throw new EvidenceError('usage', `${path} is ${what}; a certificate is made of a file, a folder or a receipt`, {
    where: path,
  })
}

/** What of a chain of trust a certificate has no place for, by the fault that is found without it. */
const notCarried: Partial<Record<string, string>> = {
  'receipt-other-ledger':
    ' A certificate carries no anchors: give the policy of the receipt’s own ledger, or hand over the anchors themselves.',
  'checkpoint-untrusted':
    ' A certificate carries no receipts of rotations: give the policy of the key that signed, or the key transition (beside the receipt, or by --transition).',
}

function requireSound(
  path: string,
  { faults: all, unjudged }: Pick<DepositReport, 'faults' | 'unjudged'>,
  later: DepositReport['later'],
): void {
  // What is left out for its number keeps nobody from a certificate of the rest, which says that it is not whole.
  const leftOut = new Set(later?.leftOut?.findings)
  const faults = all.filter((fault) => !leftOut.has(fault))
  // What could not be asked says nothing of the evidence: a fault of the evidence is told before it.
  const fault = faults.find(({ code }) => errorTable[code].exit === 1) ?? faults[0]
  const facts = { where: fault?.file ?? path }
  if (fault !== undefined) {
    const more = notCarried[fault.code] ?? ''
    const message = `no certificate was made, for the check found a fault: ${fault.message}${more}`
    throw new EvidenceError(fault.code, message, facts)
  }
  const [open] = unjudged
  if (open !== undefined)
    throw new EvidenceError('not-judged', `no certificate was made, for not all was judged: ${open.message}`, facts)
}

/** Gathers what a certificate of a receipt carries that the ledger gave: no file is compared. Throws as {@link gather}. */
export function gatherFetched({ name, bytes }: FetchedReceipt, request: GatherRequest): Promise<GatheredHere> {
  return gatherAlone(name, request, bytes)
}

async function gatherAlone(path: string, request: GatherRequest, bytes: Uint8Array): Promise<GatheredHere> {
  const given = request.policy()
  if (given === undefined) throw new EvidenceError('usage', 'name the ledger’s policy by --policy FILE')
  const policy = withRotations(parsePolicyFile(given.path, given.bytes), request)
  const evidence: Exclude<Evidence, { kind: 'manifest' }> = isFileProof(bytes)
    ? { kind: 'file-proof', proof: path }
    : { kind: 'receipt', receipt: path }
  const handed = { ...handedFiles, artefact: (): Uint8Array => bytes }
  const { transition } = request
  const named = transition === undefined ? undefined : parseArtefact(transition, parseKeyTransition)
  const result = checkAlone(handed, evidence, policy, named)
  const { checked } = result
  const later =
    request.ledger === undefined || checked === undefined || checked.faults.length > 0
      ? undefined
      : await askStatus(await request.ledger(checked.receipt.proof.checkpoint.origin, policy), checked, policy)
  const time = await checkTime(result, policy, request)
  requireSound(path, together(result, later, time), later)
  return gatheredHere({ result, later, time }, { what: 'alone' }, sourcesOf(path, request, bytes))
}

function gatheredHere(
  deposit: Pick<DepositReport, 'result' | 'later' | 'time'>,
  subject: Subject,
  sources: Sources,
): GatheredHere {
  return { ...gathered(deposit, subject, sources), leftOut: deposit.later?.leftOut?.findings ?? [] }
}
