import { existsSync, type Stats } from 'node:fs'
import { attempt, valueOr } from '../../src/core/attempt.ts'
import { toHex } from '../../src/core/base64.ts'
import { parseSignedCheckpoint } from '../../src/core/checkpoint.ts'
import { leafHash } from '../../src/core/entry.ts'
import { EvidenceError, isEvidenceError } from '../../src/core/errors.ts'
import { parseFileProof } from '../../src/core/file-proof.ts'
import { parseReceipt } from '../../src/core/receipt.ts'
import { parseApprovalFile } from '../../src/statements/approval-file.ts'
import { readBounded } from '../../src/node/bounded-file.ts'
import { fsPath } from '../../src/node/file-path.ts'
import { lookAt, replaceFile, requireNewFile, requireWritableFolder, writeNew } from '../../src/node/output-file.ts'
import { readAnyCertificate } from '../../src/certificate/read.ts'
import { reportSubject } from '../../src/report/html.ts'
import { parseAnchor } from '../../src/verify/anchor.ts'

/**
 * What a command can leave behind. `subject` says what an artefact of the kind is about, from its bytes; it throws, or gives undefined, for
 * other bytes. An artefact may be replaced only by one of its own kind about the same subject: a receipt of an entry by a later
 * receipt of that entry.
 */
export interface OutputKind {
  readonly name: string
  readonly subject: (bytes: Uint8Array) => string | undefined
  /** Why an artefact about the same subject may not be replaced by another: it says more. Undefined where it may. */
  readonly isMore?: (there: Uint8Array, next: Uint8Array) => string | undefined
}

/** Largest file that is looked at to find out whether it is an artefact, in bytes. */
const maxArtefact = 16 * 1024 * 1024

const none = (): undefined => undefined

export const outputKinds = {
  receipt: { name: 'receipt', subject: receiptSubject, isMore: isMoreReceipt },
  fileProof: {
    name: 'file proof',
    subject: (bytes) => {
      const { item, lineIndex, line, receipt } = parseFileProof(bytes)
      return [item, lineIndex, toHex(line), receiptSubject(receipt)].join(' ')
    },
  },
  anchor: {
    name: 'anchor',
    subject: (bytes) => {
      const { checkpoint, receipt } = parseAnchor(bytes)
      return `${checkpoint.origin} ${checkpoint.size} ${receipt.proof.checkpoint.origin} ${receipt.entry.index}`
    },
  },
  checkpoint: {
    name: 'checkpoint',
    subject: (bytes) => parseSignedCheckpoint(bytes).checkpoint.origin,
  },
  /* Replaced by the very same certificate alone, as with a seal: its number is made of all its fields. */
  certificate: {
    name: 'certificate',
    subject: (bytes) => {
      const { form, attachments } = readAnyCertificate(new Uint8Array(bytes))
      const fields = attachments.get('certificate.json')
      return fields === undefined ? undefined : `${form} ${toHex(fields)}`
    },
  },
  report: { name: 'report', subject: reportSubject },
  /* Never replaced by other bytes. */
  statement: { name: 'signed statement', subject: none },
  request: { name: 'request', subject: none },
  proposal: { name: 'proposal', subject: (bytes) => parseApprovalFile(bytes).payload },
  release: { name: 'release', subject: none },
  manifest: { name: 'manifest', subject: none },
  keyTransition: { name: 'key transition', subject: none },
} as const satisfies Record<string, OutputKind>

/** A receipt with sealed claims that the other lacks could not be made again once they are erased; a later one is not undone. */
function isMoreReceipt(there: Uint8Array, next: Uint8Array): string | undefined {
  const [old, made] = [parseReceipt(there), parseReceipt(next)]
  const shown = new Set(made.disclosures.map(({ text }) => text))
  if (old.disclosures.some(({ text }) => !shown.has(text)))
    return 'is there, and shows sealed claims that the new one does not'
  return made.proof.checkpoint.size < old.proof.checkpoint.size ? 'is there, and is of a later checkpoint' : undefined
}

function receiptSubject(bytes: Uint8Array): string {
  const { proof, entryBytes } = parseReceipt(bytes)
  return `${proof.checkpoint.origin} ${proof.index} ${toHex(leafHash(entryBytes))}`
}

/**
 * Writes what a command leaves behind, synced: a new file, or in place of an artefact of the same kind about the same subject.
 * Throws `file-exists` for anything else that is at the path (evidence, another entry's receipt, a folder, a device, a symbolic
 * link), `file-unwritable`, `disk-full`.
 */
export function writeOutput(kind: OutputKind, path: string, content: string | Uint8Array): void {
  const { name, subject, isMore } = kind
  const bytes = typeof content === 'string' ? Buffer.from(content) : content
  const stat = regularFileAt(path)
  if (stat === undefined) return writeNew(path, bytes, 0o600)
  const existing = bytesOf(path, stat)
  if (existing?.equals(bytes) === true) return
  const about = existing === undefined ? undefined : valueOr(() => subject(existing), undefined)
  if (about === undefined || about !== subject(bytes)) throw refuse(path, `is there, and is no ${name} for this`)
  const more = isMore?.(existing as Uint8Array, bytes)
  if (more !== undefined) throw refuse(path, more)
  replaceFile(path, bytes, stat.mode & 0o777)
}

/**
 * Shows, before long work, that {@link writeOutput} could write an artefact of a kind at a path. Throws `file-exists`,
 * `file-unwritable`.
 */
export function requireOutput(kind: OutputKind, path: string): void {
  const stat = regularFileAt(path)
  if (stat === undefined) return requireNewFile(path)
  const bytes = bytesOf(path, stat)
  const about = bytes === undefined ? undefined : valueOr(() => kind.subject(bytes), undefined)
  if (about === undefined) throw refuse(path, `is there, and is no ${kind.name}`)
}

/**
 * Shows, before anything is hashed or sent, that files could be written at paths: nothing is there and something could be, or a
 * regular file is there, which is looked at when it is to be replaced. Throws `file-exists`, `file-unwritable`; where several are
 * in the way, the first is named and the others are counted.
 */
export function requirePlaces(paths: readonly string[]): void {
  const looked = paths.map((path) => attempt(() => regularFileAt(path) ?? requireNewFile(path)))
  const refusals = looked.filter((one) => one instanceof EvidenceError)
  const [first] = refusals
  if (first === undefined) return
  const others = refusals.length === 1 ? '' : `; nor can ${refusals.length - 1} more files`
  throw new EvidenceError(first.code, `${first.message}${others}; nothing was done yet`, first.facts)
}

function regularFileAt(path: string): Stats | undefined {
  const stat = lookAt(path)
  if (stat === undefined || stat.isFile()) return stat
  throw refuse(path, 'is there, and is no regular file')
}

/** The bytes of what may be an artefact; undefined of what is too long for one. */
function bytesOf(path: string, stat: Stats): Buffer | undefined {
  return stat.size > maxArtefact ? undefined : readBounded(path, maxArtefact)
}

function refuse(path: string, why: string): EvidenceError {
  return new EvidenceError('file-exists', `${path} ${why}; it was left as it is`, { where: path })
}

/** The first number from 1 for which nothing is at any of the paths. */
export function firstFree(paths: (n: number) => readonly string[]): number {
  let n = 1
  while (paths(n).some((path) => existsSync(fsPath(path)))) n++
  return n
}

/** Shows, before a statement is sent, that its receipt could be written: at a path where nothing is, or else in this folder. */
export function requireReceiptPlace(path: string | undefined): void {
  if (path === undefined) requireWritableFolder('.')
  else requireNewFile(path)
}

/**
 * Writes the receipt of a new entry: at the path that was asked for, or as `entry-INDEX.tlog-proof` in this folder; where another
 * ledger's receipt has that name already, under the next free one, for the entry is sequenced and its receipt must not be lost. Gives
 * the path.
 */
export function writeReceipt(index: number, receipt: string, path: string | undefined): string {
  for (let n = 1; ; n++) {
    const candidate = path ?? `entry-${index}${n === 1 ? '' : `-${n}`}.tlog-proof`
    try {
      writeOutput(outputKinds.receipt, candidate, receipt)
      return candidate
    } catch (error) {
      if (path !== undefined || !isEvidenceError(error, 'file-exists') || n === 1000) throw error
    }
  }
}
