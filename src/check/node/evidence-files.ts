import { readdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { attempt } from '../../core/attempt.ts'
import { EvidenceError } from '../../core/errors.ts'
import { isFileProof } from '../../core/file-proof.ts'
import { textOfBytes } from '../../core/text.ts'
import { whyOf } from '../../node/bounded-file.ts'
import { absolutePath, fsPath } from '../../node/file-path.ts'
import { isFileAt, isThere, manifestAt, readArtefact } from './artefact.ts'
import { manifestOf, receiptOf } from '../../core/artefact-names.ts'
import { manifestPath, receiptPath } from '../../node/artefact-names.ts'
import type { Evidence, ManifestEvidence } from '../steps/handed.ts'
import { type ListedLine, lineOf } from '../steps/receipt.ts'
import { handedFiles } from './handed-files.ts'

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
  for (const found of manifestsAbove(file, note)) if (lineOf(handedFiles, found, file) !== undefined) return found
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

/** The line that names a file, for making a file proof. Throws `file-not-in-deposit`. */
export function requireLine(evidence: ManifestEvidence, file: string): ListedLine {
  const found = lineOf(handedFiles, evidence, file)
  if (found !== undefined) return found
  throw new EvidenceError('file-not-in-deposit', `the manifest ${evidence.manifest} does not list ${file}`, {
    where: file,
  })
}

/**
 * The manifest and receipt of a folder: those that were named, the manifest beside the named receipt, or those beside the folder.
 * Throws `receipt-not-found`.
 */
export function folderEvidence(
  folder: string,
  named: { readonly receipt?: string | undefined; readonly manifest?: string | undefined },
): ManifestEvidence {
  const own = manifestPath(folder)
  const beside = named.receipt === undefined ? undefined : manifestOf(named.receipt)
  const manifest = named.manifest ?? [beside, own].find((path) => path !== undefined && isFileAt(path)) ?? own
  const receipt = named.receipt ?? receiptOf(manifest)
  for (const [what, path] of [
    ['manifest', manifest],
    ['receipt', receipt],
  ] as const) {
    // What was named may be a pipe; what is looked for may not, for reading it might never end.
    if (named[what] === undefined ? isFileAt(path) : isThere(path)) continue
    const how = `name it by --${what} FILE`
    const also = beside === undefined || what === 'receipt' || beside === path ? '' : `, nor ${beside}`
    throw new EvidenceError(
      'receipt-not-found',
      `there is no ${what} ${path}${also} for the folder ${folder}; ${how}`,
      {
        where: path,
      },
    )
  }
  return { kind: 'manifest', receipt, manifest, folder: absolutePath(folder) }
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
    if (lineOf(handedFiles, evidence(folder), file) !== undefined) return evidence(folder)
    if (folder === dirname(folder)) return evidence(nearest)
  }
}
