import { maxFileProofBytes } from '../core/file-proof.ts'
import { maxTransitionBytes } from '../core/key-transition.ts'
import { maxProofBytes } from '../core/tlog-proof.ts'
import { laterEventNames } from '../statements/later-event-names.ts'

/*
 * What a certificate carries. What it proves is in these files, which stand in it as they are; all that is drawn is drawn from them.
 */

/** One kind of attachment. */
interface AttachmentKind {
  readonly type: string
  /** PDF's word for what a file is to the document. */
  readonly relationship: 'Source' | 'Data' | 'Supplement'
  readonly description: string
  /** Most bytes. */
  readonly most: number
}

const eightMiB = 8 * 1024 * 1024

/** The attachments of which there is one each, by name, in the order in which they stand in the document; those of later entries stand after them. */
export const attachmentKinds = {
  'evidence.tlog-proof': {
    type: 'text/plain',
    relationship: 'Source',
    description: '回执 Receipt (C2SP tlog-proof)',
    most: maxProofBytes,
  },
  'evidence.file-proof': {
    type: 'application/octet-stream',
    relationship: 'Source',
    description: '文件证明 Proof of one file of a list',
    most: maxFileProofBytes,
  },
  'evidence.evidence-manifest': {
    type: 'application/octet-stream',
    relationship: 'Source',
    description: '文件清单 List of files',
    most: eightMiB,
  },
  'evidence.time-proof': {
    type: 'application/octet-stream',
    relationship: 'Source',
    description: '时间戳证明 Time proof (RFC 3161)',
    most: eightMiB,
  },
  'evidence.key-transition': {
    type: 'text/plain',
    relationship: 'Source',
    description: '密钥更替证明 Key transition',
    most: maxTransitionBytes,
  },
  policy: {
    type: 'text/plain',
    relationship: 'Supplement',
    description: '校验策略 Policy (C2SP tlog-policy)',
    most: 1024 * 1024,
  },
  'certificate.json': {
    type: 'application/json',
    relationship: 'Data',
    description: '证书各项 Fields of this certificate',
    most: 2 * 1024 * 1024,
  },
} as const satisfies Record<string, AttachmentKind>

/** The receipt of a later entry, numbered from 1 in the order of entries. */
export type LaterName = `later-${number}.tlog-proof`
export type AttachmentName = keyof typeof attachmentKinds | LaterName

/** Most receipts of later entries of one sort that are attached, whether they decide anything or not. */
export const attachedOfSort = 50

/** Most receipts of later entries that are attached beside those, of what decides a statement of the certificate. */
export const attachedBeside = 300

/** Most receipts of later entries in one certificate: of each sort but that of references from deposits, which is never attached, and beside. */
export const maxLaterReceipts: number = attachedOfSort * (laterEventNames.length - 1) + attachedBeside

const laterKind: AttachmentKind = {
  type: 'text/plain',
  relationship: 'Source',
  description: '后续记录的回执 Receipt of a later entry (C2SP tlog-proof)',
  most: maxProofBytes,
}

/** The name of the receipt of a later entry, by its number from 1. */
export function laterName(number: number): LaterName {
  return `later-${number}.tlog-proof`
}

function laterNumber(name: string): number | undefined {
  const number = Number(/^later-([1-9][0-9]{0,2})\.tlog-proof$/.exec(name)?.[1])
  return number <= maxLaterReceipts ? number : undefined
}

export function attachmentKind(name: AttachmentName): AttachmentKind {
  return isFixed(name) ? attachmentKinds[name] : laterKind
}

/** Names of attachments, in the order in which they stand in the document. */
export function inOrder(names: Iterable<AttachmentName>): AttachmentName[] {
  const fixed = Object.keys(attachmentKinds)
  const place = (name: AttachmentName): number =>
    isFixed(name) ? fixed.indexOf(name) : fixed.length + (laterNumber(name) ?? 0)
  return [...names].sort((a, b) => place(a) - place(b))
}

/** Longest list of files that is attached, in bytes. */
export const maxAttachedManifest: number = attachmentKinds['evidence.evidence-manifest'].most

/** The attachments of one certificate, by name. */
export type Attachments = ReadonlyMap<AttachmentName, Uint8Array>

function isFixed(name: string): name is keyof typeof attachmentKinds {
  return Object.hasOwn(attachmentKinds, name)
}

export function isAttachmentName(name: string): name is AttachmentName {
  return isFixed(name) || laterNumber(name) !== undefined
}

/** The forms that a certificate is written in. */
export type CertificateForm = 'pdf' | 'html'
