import { statSync } from 'node:fs'
import { carriedLater, type CarriedLater } from '../../src/certificate/later.ts'
import { type AttachmentName, type Attachments, maxAttachedManifest } from '../../src/certificate/attachments.ts'
import type { Stated, StatedLater } from '../../src/certificate/model.ts'
import { modelText } from '../../src/certificate/shown.ts'
import { manifestAt, parseArtefact, readArtefact } from '../../src/check/node/artefact.ts'
import { type CheckRequest, checkPath, type Watch, withRotations } from '../../src/check/node/check.ts'
import { hasEvidence } from '../../src/check/node/evidence-files.ts'
import { handedFiles } from '../../src/check/node/handed-files.ts'
import { lineProof } from '../../src/check/node/line-proof.ts'
import { checkTime, readTimeProof } from '../../src/check/node/time.ts'
import { askStatus, type OnlineStatus } from '../../src/check/steps/later.ts'
import { artefactOf, type Evidence } from '../../src/check/steps/handed.ts'
import { checkAlone, type CheckResult } from '../../src/check/steps/receipt.ts'
import { type DepositReport, type Report, together } from '../../src/check/steps/report.ts'
import { EvidenceError, errorTable } from '../../src/core/errors.ts'
import { encodeFileProof, isFileProof, parseFileProof } from '../../src/core/file-proof.ts'
import { parseKeyTransition } from '../../src/core/key-transition.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { parsePolicyFile } from '../../src/ledger/data-folder.ts'
import { transitionPath } from '../../src/core/artefact-names.ts'
import { recordedName } from '../../src/node/artefact-names.ts'
import { readBeginning } from '../../src/node/bounded-file.ts'
import { fsPath } from '../../src/node/file-path.ts'
import { itemsOf } from '../../src/statements/said.ts'

/** What a certificate is made of: the evidence, and what its maker can state of the check. */
export interface Gathered {
  /** Without `certificate.json`, which is made of them. */
  readonly attachments: Attachments
  readonly compared: Stated['compared']
  readonly later: Stated['later']
  readonly timeStamp: Stated['timeStamp']
}

export interface GatherRequest extends CheckRequest {
  /** The sealed claims of a folder go with the proof of one of its files. */
  readonly withClaims: boolean
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
export async function gather(path: string, request: GatherRequest, watch: Watch): Promise<Gathered> {
  if (request.receipt === undefined && isEvidenceItself(path)) return gatherAlone(path, request, readArtefact(path))
  const report = await checkPath(path, request, watch)
  const deposit = depositIn(path, report)
  requireSound(path, deposit)
  const { result, time } = deposit
  const item = result.item ?? 0
  const compared =
    deposit.what === 'folder'
      ? { what: 'folder' as const, name: modelText(recordedName(path)), files: deposit.compared?.files.length ?? 0 }
      : comparedFile(path, result, item)
  const carried = carriedOf(deposit.later, result)
  return {
    attachments: attachmentsOf(path, deposit.what === 'folder', result, { request, time, carried }),
    compared,
    later: statedLater(deposit.later, carried),
    timeStamp: statedTime(time),
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

function requireSound(path: string, { faults, unjudged }: Pick<DepositReport, 'faults' | 'unjudged'>): void {
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
export function gatherFetched({ name, bytes }: FetchedReceipt, request: GatherRequest): Promise<Gathered> {
  return gatherAlone(name, request, bytes)
}

/** What of the ledger's answer is carried; undefined where it was not asked. */
function carriedOf(later: OnlineStatus | undefined, { checked, item, line }: CheckResult): CarriedLater | undefined {
  if (later?.size === undefined || checked === undefined || !checked.receipt.entry.known) return undefined
  const part = item === undefined ? null : { item, line: line === undefined ? null : { number: line.index } }
  return carriedLater(later, checked.receipt.entry.time, part)
}

async function gatherAlone(path: string, request: GatherRequest, bytes: Uint8Array): Promise<Gathered> {
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
  requireSound(path, together(result, later, time))
  const carried = carriedOf(later, result)
  return {
    attachments: attachmentsOf(path, false, result, { request, time, carried, alone: bytes }),
    compared: null,
    later: statedLater(later, carried),
    timeStamp: statedTime(time),
  }
}

function comparedFile(path: string, { checked, evidence, line }: CheckResult, item: number): Stated['compared'] {
  const name = modelText(recordedName(path))
  if (evidence.kind !== 'receipt' && line !== undefined)
    return { what: 'file', name, size: statSync(fsPath(path)).size, digests: [['sha256', line.sha256]] }
  const { size, digest } = itemsOf(checked?.body)[item] as { size: number; digest: Record<string, string> }
  return { what: 'file', name, size, digests: Object.entries(digest) }
}

interface Besides {
  readonly request: GatherRequest
  readonly time: DepositReport['time']
  readonly carried: CarriedLater | undefined
  /** The receipt or file proof whose file is not at hand. */
  readonly alone?: Uint8Array
}

function attachmentsOf(
  path: string,
  isFolder: boolean,
  result: CheckResult,
  { request, time, carried, alone }: Besides,
): Attachments {
  const { evidence, byTransition } = result
  const attached = new Map<AttachmentName, Uint8Array>()
  if (evidence.kind === 'receipt') attached.set('evidence.tlog-proof', alone ?? readArtefact(evidence.receipt))
  else if (evidence.kind === 'manifest' && isFolder) {
    attached.set('evidence.tlog-proof', readArtefact(evidence.receipt))
    const { bytes } = manifestAt(evidence.manifest)
    if (bytes.length <= maxAttachedManifest) attached.set('evidence.evidence-manifest', bytes)
  } else {
    const proof =
      evidence.kind === 'file-proof'
        ? (alone ?? readArtefact(evidence.proof))
        : encodeFileProof(lineProof(evidence, path, result.item ?? 0, request.withClaims).proof)
    attached.set('evidence.tlog-proof', parseFileProof(proof).receipt)
    attached.set('evidence.file-proof', proof)
  }
  const timeProof = 'path' in time.document ? time.document.path : undefined
  if (typeof timeProof === 'string') attached.set('evidence.time-proof', readTimeProof(timeProof))
  if (byTransition)
    attached.set('evidence.key-transition', readArtefact(request.transition ?? transitionPath(artefactOf(evidence))))
  attached.set('policy', request.policy()?.bytes ?? utf8(''))
  for (const [name, bytes] of carried?.receipts ?? []) attached.set(name, bytes)
  return attached
}

function statedTime(time: DepositReport['time']): Stated['timeStamp'] {
  const { noLaterThan, authority, verified } = time.document as {
    readonly noLaterThan?: string
    readonly authority?: string
    readonly verified?: boolean
  }
  if (noLaterThan === undefined || authority === undefined) return null
  return { noLaterThan, authority: modelText(authority), verified: verified === true }
}

function statedLater(online: OnlineStatus | undefined, carried: CarriedLater | undefined): StatedLater | null {
  if (online?.size === undefined || carried === undefined) return null
  const { url, size, events, admission } = online
  return {
    // A password in an address is for its server alone.
    url: modelText(url.replace(/\/\/[^@/]*@/, '//')),
    size,
    ...carried.stated,
    whole: online.faults.length === 0 && online.unjudged.length === 0 && events.every(({ proven }) => proven),
    admission:
      admission === undefined
        ? null
        : {
            index: admission.index,
            time: admission.time,
            name: admission.name === undefined ? null : modelText(admission.name),
            roles: [...admission.roles],
          },
  }
}
