import { createHash } from 'node:crypto'
import { basename, dirname, join } from 'node:path'
import { largest } from '../core/arrays.ts'
import { withoutFinalSlashes } from '../core/bytes.ts'
import { EvidenceError } from '../core/errors.ts'
import { bytesOfText, withVisibleBytes } from '../core/text.ts'
import { absolutePath } from './file-path.ts'
import { temporaryName } from './output-file.ts'

/*
 * Names of what a deposit leaves beside the evidence: FILE.tlog-proof, FOLDER.evidence-manifest with FOLDER.tlog-proof, and, until
 * the receipt is there, FILE.evidence-statement, which is kept as FILE.refused-N.evidence-statement where the ledger refuses it, and as
 * FILE.unanswered-N.evidence-statement where another takes its place.
 */

/** Endings of files that the ledger's own tools put beside evidence. */
const ownEndings = [
  'tlog-proof',
  'file-proof',
  'time-proof',
  'key-transition',
  'tlog-proof.anchor',
  'evidence-statement',
  'evidence-manifest',
] as const

/** Longest name of a file on common file systems, in bytes. */
const maxName = 255
const own = new RegExp(`\\.(?:${ownEndings.join('|')})$`)

/** True for the name of a receipt, proof, manifest or temporary file of the ledger's own tools. */
export function isOwnArtefact(name: string): boolean {
  return own.test(name) || temporaryName.test(name)
}

/** A path that ends in the name of what it leads to: `.` and `..` name a folder only when they are resolved. Throws `usage` for `/`. */
function namedPath(path: string): string {
  const plain = withoutFinalSlashes(path)
  const name = basename(plain)
  const named = name === '.' || name === '..' || name === '' ? absolutePath(plain === '' ? path : plain) : plain
  if (basename(named) === '')
    throw new EvidenceError('usage', `${path} has no name that a receipt could have; name the folders in it`, {
      where: path,
    })
  return named
}

/** Where the receipt of a path goes: beside it, or in the folder `receipts`, there under a shorter name where its own is too long. */
export function receiptPath(path: string, receipts: string | undefined): string {
  return inFolder(namedPath(path), receipts, '.tlog-proof')
}

/** Where the manifest of a folder goes. */
export function manifestPath(folder: string, receipts?: string): string {
  return inFolder(namedPath(folder), receipts, '.evidence-manifest')
}

/** Where the manifest of files given one by one goes: its name is made of theirs, so that other files get another. */
export function setManifestPath(folder: string, names: readonly Uint8Array[], receipts: string | undefined): string {
  const hash = createHash('sha256')
  for (const name of names) hash.update(name).update('\0')
  const base = `${names.length}-files-${hash.digest('hex').slice(0, 8)}`
  return inFolder(join(folder, base), receipts, '.evidence-manifest')
}

/** Where a signed statement waits until its receipt is there. */
export function pendingPath(receipt: string): string {
  return receipt.replace(/\.tlog-proof$/, '.evidence-statement')
}

/** Where a statement and its manifest are kept that another one takes the place of. */
export interface AsidePaths {
  readonly statement: string
  readonly manifest: string
}

/** Names, by the number `n`, of a statement that waited at a path, and of its manifest, once it is out of the way of another, and why it is. */
export function asidePaths(pending: string, why: 'unanswered' | 'refused', n: number): AsidePaths {
  const base = `${shortened(basename(pending).replace(/\.evidence-statement$/, ''))}.${why}-${n}`
  const at = (ending: string): string => join(dirname(pending), `${base}.${ending}`)
  return { statement: at('evidence-statement'), manifest: at('evidence-manifest') }
}

/** Where a manifest waits until the receipt of its deposit is there: neither proves anything without the other. */
export function pendingManifestPath(manifest: string): string {
  return manifest.replace(/\.evidence-manifest$/, '.pending.evidence-manifest')
}

function inFolder(path: string, receipts: string | undefined, ending: string): string {
  if (receipts === undefined) return `${path}${ending}`
  return join(receipts, `${shortened(basename(path))}${ending}`)
}

/** A name that leaves room for the longest ending: cut between characters, and told apart by a digest of the whole. */
function shortened(name: string): string {
  const room = maxName - largest(ownEndings.map((ending) => ending.length + 1)) - '.entry-9007199254740991'.length
  if (bytesOfText(name).length <= room) return name
  const digest = createHash('sha256').update(bytesOfText(name)).digest('hex').slice(0, 12)
  let cut = ''
  for (const character of name) {
    if (bytesOfText(cut + character).length > room - digest.length - 1) break
    cut += character
  }
  return `${cut}~${digest}`
}

/** Files that belong to one receipt, and are kept with it under another name when a new deposit takes its place. */
export function companions(
  receipt: string,
): readonly { readonly path: string; readonly kept: (index: number, n: number) => string }[] {
  const base = receipt.replace(/\.tlog-proof$/, '')
  return ownEndings
    .filter((ending) => ending !== 'evidence-statement')
    .map((ending) => ({
      path: `${base}.${ending}`,
      kept: (index, n) => `${base}.entry-${index}${n === 1 ? '' : `-${n}`}.${ending}`,
    }))
}

/** The folder that holds all of some paths. */
export function commonFolder(paths: readonly string[]): string {
  const full = paths.map(absolutePath)
  let common = dirname(full[0] as string)
  while (!full.every((path) => path.startsWith(common === '/' ? '/' : `${common}/`))) common = dirname(common)
  return common
}

/** The name of a file as a deposit records it, sealed: JSON has no bytes, and one that is not UTF-8 is written as `\x{hex}`. */
export function recordedName(path: string): string {
  return withVisibleBytes(basename(path))
}
