import { maxFileProofBytes } from '../core/file-proof.ts'
import { maxTransitionBytes } from '../core/key-transition.ts'
import { maxProofBytes } from '../core/tlog-proof.ts'

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

/** All attachments there can be, by name, in the order in which they stand in the document. */
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

export type AttachmentName = keyof typeof attachmentKinds
export const attachmentNames = Object.keys(attachmentKinds) as readonly AttachmentName[]

/** Longest list of files that is attached, in bytes. */
export const maxAttachedManifest: number = attachmentKinds['evidence.evidence-manifest'].most

/** The attachments of one certificate, by name. */
export type Attachments = ReadonlyMap<AttachmentName, Uint8Array>

export function isAttachmentName(name: string): name is AttachmentName {
  return Object.hasOwn(attachmentKinds, name)
}

/** The forms that a certificate is written in. */
export type CertificateForm = 'pdf' | 'html'
