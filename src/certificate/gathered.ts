import { artefactOf, type Evidence } from '../check/steps/handed.ts'
import type { OnlineStatus } from '../check/steps/later.ts'
import type { CheckResult } from '../check/steps/receipt.ts'
import type { DepositReport } from '../check/steps/report.ts'
import { encodeFileProof, type FileProof, parseFileProof } from '../core/file-proof.ts'
import { itemsOf } from '../statements/said.ts'
import { type AttachmentName, type Attachments, maxAttachedManifest } from './attachments.ts'
import { type Digests, evidenced } from './judge.ts'
import { type CarriedLater, carriedLater } from './carried.ts'
import { type CertificateModel, encodeModel, type Stated, type StatedLater } from './model.ts'
import { modelOf, modelText } from './shown.ts'

/*
 * What a certificate is made of, out of a check that holds: the same for the command line, which reads files of a disk, and for the page, which
 * has what was dropped.
 */

/** What a certificate is made of: the evidence, and what its maker can state of the check. */
export interface Gathered {
  /** Without `certificate.json`, which is made of them. */
  readonly attachments: Attachments
  readonly compared: Stated['compared']
  readonly later: Stated['later']
  readonly timeStamp: Stated['timeStamp']
}

/** What a check was of. */
export type Subject =
  /** A receipt or file proof alone: no file was compared. */
  | { readonly what: 'alone' }
  /** A file by its own name; `size` is asked for where the deposit does not say it. */
  | { readonly what: 'file'; readonly name: string; readonly size: () => number }
  | { readonly what: 'folder'; readonly name: string; readonly files: number }

/** Where the bytes are that a certificate carries; each throws what reading them throws. */
export interface Sources {
  /** A receipt or file proof, by its name. */
  readonly artefact: (name: string) => Uint8Array
  readonly manifest: (name: string) => Uint8Array
  readonly timeProof: (name: string) => Uint8Array
  /** The proof of the one file that was compared, out of the manifest that lists it. */
  readonly lineProof: (evidence: Extract<Evidence, { kind: 'manifest' }>, item: number) => FileProof
  /** The key transition beside what holds the receipt. */
  readonly transition: (beside: string) => Uint8Array
  /** The policy that it was judged by. */
  readonly policy: Uint8Array
}

/** Gathers what a certificate carries and states, of a check that holds. Throws what the sources throw. */
export function gathered(
  { result, later, time }: Pick<DepositReport, 'result' | 'later' | 'time'>,
  subject: Subject,
  sources: Sources,
): Gathered {
  const carried = carriedOf(later, result)
  return {
    attachments: attachmentsOf(result, subject, sources, { time, carried }),
    compared: comparedOf(subject, result),
    later: statedLater(later, carried),
    timeStamp: statedTime(time),
  }
}

/**
 * The fields of a certificate and all that is attached to it, by what its maker states besides. Throws as {@link modelOf}, and what the attachments
 * throw that do not belong together.
 */
export async function completed(
  { attachments, ...found }: Gathered,
  stated: Omit<Stated, 'compared' | 'later' | 'timeStamp'>,
  digests: Digests,
): Promise<{ readonly model: CertificateModel; readonly attachments: Attachments }> {
  const model = modelOf(await evidenced(attachments, digests), { ...stated, ...found })
  return { model, attachments: new Map([...attachments, ['certificate.json', encodeModel(model)] as const]) }
}

/** What of the ledger's answer is carried; undefined where it was not asked. */
function carriedOf(later: OnlineStatus | undefined, { checked, item, line }: CheckResult): CarriedLater | undefined {
  if (later?.size === undefined || checked === undefined || !checked.receipt.entry.known) return undefined
  const part = item === undefined ? null : { item, line: line === undefined ? null : { number: line.index } }
  return carriedLater(later, { time: checked.receipt.entry.time, items: itemsOf(checked.body).length, part })
}

function comparedOf(subject: Subject, { checked, evidence, item, line }: CheckResult): Stated['compared'] {
  if (subject.what === 'alone') return null
  const name = modelText(subject.name)
  if (subject.what === 'folder') return { what: 'folder', name, files: subject.files }
  if (evidence.kind !== 'receipt' && line !== undefined)
    return { what: 'file', name, size: subject.size(), digests: [['sha256', line.sha256]] }
  const { size, digest } = itemsOf(checked?.body)[item ?? 0] as { size: number; digest: Record<string, string> }
  return { what: 'file', name, size, digests: Object.entries(digest) }
}

function attachmentsOf(
  { evidence, byTransition, item }: CheckResult,
  subject: Subject,
  sources: Sources,
  { time, carried }: { readonly time: DepositReport['time']; readonly carried: CarriedLater | undefined },
): Attachments {
  const attached = new Map<AttachmentName, Uint8Array>()
  if (evidence.kind === 'receipt') attached.set('evidence.tlog-proof', sources.artefact(evidence.receipt))
  else if (evidence.kind === 'manifest' && subject.what === 'folder') {
    attached.set('evidence.tlog-proof', sources.artefact(evidence.receipt))
    const list = sources.manifest(evidence.manifest)
    if (list.length <= maxAttachedManifest) attached.set('evidence.evidence-manifest', list)
  } else {
    const proof =
      evidence.kind === 'file-proof'
        ? sources.artefact(evidence.proof)
        : encodeFileProof(sources.lineProof(evidence, item ?? 0))
    attached.set('evidence.tlog-proof', parseFileProof(proof).receipt)
    attached.set('evidence.file-proof', proof)
  }
  const timeProof = 'path' in time.document ? time.document.path : undefined
  if (typeof timeProof === 'string') attached.set('evidence.time-proof', sources.timeProof(timeProof))
  if (byTransition) attached.set('evidence.key-transition', sources.transition(artefactOf(evidence)))
  attached.set('policy', sources.policy)
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
