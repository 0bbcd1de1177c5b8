import { readdirSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { attempt } from '../src/core/attempt.ts'
import { latin1 } from '../src/core/bytes.ts'
import { EvidenceError } from '../src/core/errors.ts'
import { isFileProof } from '../src/core/file-proof.ts'
import { type KeyTransition, parseKeyTransition } from '../src/core/key-transition.ts'
import type { ManifestLine } from '../src/core/manifest.ts'
import { bytesOfText, textOfBytes } from '../src/core/text.ts'
import { whyOf } from '../src/node/bounded-file.ts'
import { absolutePath, fsPath } from '../src/node/file-path.ts'
import { isFileAt, manifestAt, parseArtefact, readArtefact } from './artefact.ts'
import { receiptPath } from './deposit/plan.ts'

/** What stands between a file and the ledger. */
export type Evidence =
  | { readonly kind: 'receipt'; readonly receipt: string }
  | { readonly kind: 'file-proof'; readonly proof: string }
  | ManifestEvidence

/** A folder's deposit: the manifest lists paths relative to the folder. */
export interface ManifestEvidence {
  readonly kind: 'manifest'
  readonly receipt: string
  readonly manifest: string
  readonly folder: string
}

/** Receives what was passed over in a search, for people. */
export type Note = (text: string) => void

const silent: Note = () => {}

/** Most receipts of one folder that are looked into. */
const mostReceipts = 10_000

/**
 * Finds what proves a file: FILE.tlog-proof, FILE.file-proof, or a manifest that lists it, beside one of the folders above
 * it or inside. Throws `receipt-not-found`.
 */
export function findEvidence(file: string, note?: Note): Evidence {
  const found = evidenceBeside(file) ?? findManifest(file, note)
  if (found !== undefined) return found
  throw new EvidenceError(
    'receipt-not-found',
    `there is no receipt beside ${file}, no manifest above it that lists it, and it is no evidence package`,
    { where: file },
  )
}

/** True where a file has evidence of its own: then it is that deposit's file, whatever it begins with. */
export function hasEvidence(file: string): boolean {
  return evidenceBeside(file) !== undefined || findManifest(file) !== undefined
}

/** The receipt or file proof that lies beside a file, by its name in any Unicode spelling: a copy may have respelled one of the two. */
export function evidenceBeside(file: string): Evidence | undefined {
  const receipt = inAnySpelling(receiptPath(file, undefined))
  if (receipt !== undefined) return { kind: 'receipt', receipt }
  // A manifest's receipt bears the name of what it lists.
  const manifestReceipt = file.endsWith('.evidence-manifest') ? inAnySpelling(receiptOf(file)) : undefined
  if (manifestReceipt !== undefined) return { kind: 'receipt', receipt: manifestReceipt }
  const proof = inAnySpelling(`${file}.file-proof`)
  return proof === undefined ? undefined : { kind: 'file-proof', proof }
}

/** A path that is there: this one, or one whose name is the same text to Unicode, composed or decomposed. */
function inAnySpelling(path: string): string | undefined {
  if (isFileAt(path)) return path
  const name = basename(path).normalize()
  if (/^[\x20-\x7e]*$/.test(name)) return undefined
  const found = namesIn(dirname(path)).find((other) => other.normalize() === name)
  const respelled = found === undefined ? undefined : join(dirname(path), found)
  return respelled !== undefined && isFileAt(respelled) ? respelled : undefined
}

/** Names in a folder, sorted; none where it cannot be read. */
function namesIn(folder: string, note: Note = silent): string[] {
  try {
    return readdirSync(fsPath(folder), { encoding: 'buffer' }).map(textOfBytes).sort()
  } catch (cause) {
    note(`could not look in ${folder}: ${whyOf(cause)}`)
    return []
  }
}

/** Receipts that lie in a file's own folder: one of them may be the file's under another name. */
export function receiptsBeside(file: string): string[] {
  const folder = dirname(absolutePath(file))
  const own = namesIn(folder).filter((name) => name.endsWith('.tlog-proof'))
  return own
    .slice(0, mostReceipts)
    .map((name) => join(folder, name))
    .filter(isFileAt)
}

/** The nearest manifest, with its receipt, that lists a file. */
export function findManifest(file: string, note?: Note): ManifestEvidence | undefined {
  for (const found of manifestsAbove(file, note)) if (lineOf(found, file) !== undefined) return found
  return undefined
}

/** Every manifest that has a receipt, beside or in the folders above a file, nearest first. What cannot be read is passed over with a note. */
export function* manifestsAbove(file: string, note: Note = silent): Generator<ManifestEvidence> {
  for (let folder = dirname(absolutePath(file)); ; folder = dirname(folder)) {
    for (const manifest of manifestsOf(folder, note)) {
      const receipt = receiptOf(manifest)
      if (!isFileAt(receipt)) continue
      const read = attempt(() => manifestAt(manifest))
      if (read instanceof EvidenceError) note(`passed over ${manifest}: ${read.message}`)
      else yield { kind: 'manifest', receipt, manifest, folder }
    }
    if (folder === dirname(folder)) return
  }
}

function manifestsOf(folder: string, note: Note): string[] {
  const beside = `${folder}.evidence-manifest`
  const inside = namesIn(folder, note).filter((name) => name.endsWith('.evidence-manifest'))
  return [beside, ...inside.map((name) => join(folder, name))].filter(isFileAt)
}

/** Where the receipt of a manifest lies. */
export function receiptOf(manifest: string): string {
  return manifest.replace(/\.evidence-manifest$/, '.tlog-proof')
}

/** Where the manifest of a folder's receipt lies, by the receipt's name; undefined for another name. */
export function manifestOf(receipt: string): string | undefined {
  return receipt.endsWith('.tlog-proof') ? receipt.replace(/\.tlog-proof$/, '.evidence-manifest') : undefined
}

/** A line of a manifest, and its number from 0. */
export interface FoundLine {
  readonly line: ManifestLine
  readonly index: number
}

/** The line of a manifest that names a file. Throws `file-unreadable`, `manifest-malformed`. */
export function lineOf({ manifest, folder }: ManifestEvidence, file: string): FoundLine | undefined {
  const { lines, byPath } = manifestAt(manifest)
  const index = byPath.get(latin1(bytesOfText(relative(folder, absolutePath(file)))))
  return index === undefined ? undefined : { line: lines[index] as ManifestLine, index }
}

/** The line that names a file, for making a file proof. Throws `file-not-in-deposit`. */
export function requireLine(evidence: ManifestEvidence, file: string): FoundLine {
  const found = lineOf(evidence, file)
  if (found !== undefined) return found
  throw new EvidenceError('file-not-in-deposit', `the manifest ${evidence.manifest} does not list ${file}`, {
    where: file,
  })
}

/** Evidence that the caller named. Throws `usage`, `file-unreadable`. */
export function namedEvidence(
  file: string,
  receipt: string,
  manifest: string | undefined,
  folder: string | undefined,
): Evidence {
  if (manifest !== undefined) return withFolder(file, receipt, manifest, folder)
  if (isFileProof(readArtefact(receipt))) return { kind: 'file-proof', proof: receipt }
  const beside = manifestOf(receipt)
  return beside !== undefined && isFileAt(beside) && absolutePath(beside) !== absolutePath(file)
    ? withFolder(file, receipt, beside, folder)
    : { kind: 'receipt', receipt }
}

/** A manifest's folder is the one that was named, or that above the file below which it lists the file. */
function withFolder(file: string, receipt: string, manifest: string, named: string | undefined): ManifestEvidence {
  const evidence = (folder: string): ManifestEvidence => ({ kind: 'manifest', receipt, manifest, folder })
  if (named !== undefined) return evidence(absolutePath(named))
  const nearest = dirname(absolutePath(file))
  for (let folder = nearest; ; folder = dirname(folder)) {
    if (lineOf(evidence(folder), file) !== undefined) return evidence(folder)
    if (folder === dirname(folder)) return evidence(nearest)
  }
}

/** The key transition beside a receipt or file proof, if there is one. Throws the codes of {@link readTransition}. */
export function findTransition(evidence: Evidence): KeyTransition | undefined {
  const path = transitionPath(artefactOf(evidence))
  return isFileAt(path) ? readTransition(path) : undefined
}

/** The file that holds a receipt: the receipt, or a file proof. */
export function artefactOf(evidence: Evidence): string {
  return evidence.kind === 'file-proof' ? evidence.proof : evidence.receipt
}

/** `photo.jpg.tlog-proof` has its transition in `photo.jpg.key-transition`. */
export function transitionPath(receipt: string): string {
  return `${receipt.replace(/\.(?:tlog-proof|file-proof)$/, '')}.key-transition`
}

/** Throws `file-unreadable`, `transition-malformed`. */
export function readTransition(path: string): KeyTransition {
  return parseArtefact(path, parseKeyTransition)
}
