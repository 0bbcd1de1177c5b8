import { maxFileProofBytes } from '../core/file-proof.js'
import { maxTransitionBytes } from '../core/key-transition.js'
import { maxProofBytes } from '../core/tlog-proof.js'
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
}
export const attachmentNames = Object.keys(attachmentKinds)
/** Longest list of files that is attached, in bytes. */
export const maxAttachedManifest = attachmentKinds['evidence.evidence-manifest'].most
export function isAttachmentName(name) {
  return Object.hasOwn(attachmentKinds, name)
}
//# sourceMappingURL=attachments.js.map
