/** All attachments there can be, by name, in the order in which they stand in the document. */
export declare const attachmentKinds: {
  readonly 'evidence.tlog-proof': {
    readonly type: 'text/plain'
    readonly relationship: 'Source'
    readonly description: '回执 Receipt (C2SP tlog-proof)'
    readonly most: number
  }
  readonly 'evidence.file-proof': {
    readonly type: 'application/octet-stream'
    readonly relationship: 'Source'
    readonly description: '文件证明 Proof of one file of a list'
    readonly most: number
  }
  readonly 'evidence.evidence-manifest': {
    readonly type: 'application/octet-stream'
    readonly relationship: 'Source'
    readonly description: '文件清单 List of files'
    readonly most: number
  }
  readonly 'evidence.time-proof': {
    readonly type: 'application/octet-stream'
    readonly relationship: 'Source'
    readonly description: '时间戳证明 Time proof (RFC 3161)'
    readonly most: number
  }
  readonly 'evidence.key-transition': {
    readonly type: 'text/plain'
    readonly relationship: 'Source'
    readonly description: '密钥更替证明 Key transition'
    readonly most: number
  }
  readonly policy: {
    readonly type: 'text/plain'
    readonly relationship: 'Supplement'
    readonly description: '校验策略 Policy (C2SP tlog-policy)'
    readonly most: number
  }
  readonly 'certificate.json': {
    readonly type: 'application/json'
    readonly relationship: 'Data'
    readonly description: '证书各项 Fields of this certificate'
    readonly most: number
  }
}
export type AttachmentName = keyof typeof attachmentKinds
export declare const attachmentNames: readonly AttachmentName[]
/** Longest list of files that is attached, in bytes. */
export declare const maxAttachedManifest: number
/** The attachments of one certificate, by name. */
export type Attachments = ReadonlyMap<AttachmentName, Uint8Array>
export declare function isAttachmentName(name: string): name is AttachmentName
