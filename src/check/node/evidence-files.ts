import { readdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { attempt, settled, valueOr } from '../../core/attempt.ts'
import { EvidenceError } from '../../core/errors.ts'
import { isFileProof } from '../../core/file-proof.ts'
import type { KeyTransition } from '../../core/key-transition.ts'
import type { Policy } from '../../core/policy.ts'
import { parseReceipt } from '../../core/receipt.ts'
import { textOfBytes } from '../../core/text.ts'
import { manifestOf, receiptOf } from '../../core/artefact-names.ts'
import { manifestPath, receiptPath } from '../../node/artefact-names.ts'
import { whyOf } from '../../node/bounded-file.ts'
import { digestFile } from '../../node/file-digest.ts'
import { absolutePath, fsPath } from '../../node/file-path.ts'
import { readBody } from '../../statements/body.ts'
import { itemsOf } from '../../statements/said.ts'
import { readEnvelope, readStatement } from '../../statements/statement.ts'
import { checkReceipt } from '../../verify/check-receipt.ts'
import type { Evidence, ManifestEvidence } from '../steps/handed.ts'
import { lineOf, lineOfDigest, type ListedLine } from '../steps/manifest-line.ts'
import { checkManifestOnly, type OneOptions } from '../steps/receipt.ts'
import { isFileAt, isThere, manifestAt, readArtefact } from './artefact.ts'
import { handedFiles } from './handed-files.ts'

/** Receives what was passed over in a search, for people. */
type Note = (text: string) => void

const silent: Note = () => {}

/** Most receipts of one folder that are looked into. */
const mostReceipts = 10_000

/** What a file is to be checked against, and the line that it is, where it has another name there. */
interface Found extends Pick<OneOptions, 'line'> {
  readonly evidence: Evidence
}

/**
 * Finds what proves a file: what lies beside it by its name; else the nearest manifest that lists it and verifies, other people's
 * manifests being passed over; else the manifest or receipt near it that has its digest, whatever the name. Throws
 * `receipt-not-found`.
 */
export async function findFor(
  file: string,
  policy: Policy,
  transition: KeyTransition | undefined,
  note: Note,
): Promise<Found> {
  const beside = evidenceBeside(file)
  if (beside !== undefined) return { evidence: beside }
  // Said where something else is taken, or nothing: alone, what lists the file is judged, and its faults are said.
  const passed: string[] = []
  const listing = await soundManifest(file, policy, transition, (text) => passed.push(text))
  const found = listing === undefined ? await byDigest(file, policy, transition) : { evidence: listing }
  for (const text of passed) if (listing === undefined || !text.includes(listing.manifest)) note(text)
  if (found === undefined) throw noEvidence(file)
  return found
}

/** The nearest manifest that lists a file and whose deposit verifies; where none verifies, the nearest that lists it. */
async function soundManifest(
  file: string,
  policy: Policy,
  transition: KeyTransition | undefined,
  note: Note,
): Promise<ManifestEvidence | undefined> {
  let nearest: ManifestEvidence | undefined
  for (const found of manifestsListing(file, note)) {
    const why = await flawOf(found, policy, transition)
    if (why === undefined) return found
    note(`passed over ${found.manifest}, whose receipt does not verify: ${why}`)
    nearest ??= found
  }
  return nearest
}

/** Why a folder's deposit does not verify; undefined where it does. */
async function flawOf(
  found: ManifestEvidence,
  policy: Policy,
  transition: KeyTransition | undefined,
): Promise<string | undefined> {
  const checked = await settled(checkManifestOnly(handedFiles, found, policy, transition))
  if (checked instanceof EvidenceError) return checked.message
  return (checked.faults[0] ?? checked.unjudged[0])?.message
}

/** A deposit near a file that has its very bytes, under another name. */
async function byDigest(
  file: string,
  policy: Policy,
  transition: KeyTransition | undefined,
): Promise<Found | undefined> {
  const receipts = receiptsBeside(file)
  const manifests = [...manifestsAbove(file)]
  if (receipts.length === 0 && manifests.length === 0) return undefined
  const sha256 = (await digestFile(file, ['sha256'])).digest.sha256 as string
  for (const found of manifests) {
    const line = lineOfDigest(handedFiles, found, file, sha256)
    if (line !== undefined && (await flawOf(found, policy, transition)) === undefined) return { evidence: found, line }
  }
  // Anybody can put a receipt there: one that holds goes before one that does not.
  const named = receipts.filter((path) => deposits(path, sha256))
  const receipt = named.find((path) => isSound(path, policy, transition)) ?? named[0]
  return receipt === undefined ? undefined : { evidence: { kind: 'receipt', receipt } }
}

/** True where a receipt holds by the policy, read as it would be judged. */
function isSound(receipt: string, policy: Policy, transition: KeyTransition | undefined): boolean {
  return valueOr(() => {
    const { faults, unjudged } = checkReceipt(readArtefact(receipt), policy, transition)
    return faults.length === 0 && unjudged.length === 0
  }, false)
}

/** True where a receipt is of a deposit that has an item of this digest. */
function deposits(receipt: string, sha256: string): boolean {
  return valueOr(() => {
    const { entry } = parseReceipt(readArtefact(receipt))
    if (!entry.known) return false
    const body = readBody(readStatement(readEnvelope(entry.statement)))
    return itemsOf(body).some(({ digest }) => digest['sha256'] === sha256)
  }, false)
}

/**
 * Finds what proves a file: FILE.tlog-proof, FILE.file-proof, or a manifest that lists it, beside one of the folders above
 * it or inside. Throws `receipt-not-found`.
 */
export function findEvidence(file: string): Evidence {
  const found = evidenceOf(file)
  if (found === undefined) throw noEvidence(file)
  return found
}

/** True where a file has evidence of its own: then it is that deposit's file, whatever it begins with. */
export function hasEvidence(file: string): boolean {
  return evidenceOf(file) !== undefined
}

function evidenceOf(file: string): Evidence | undefined {
  return evidenceBeside(file) ?? findManifest(file)
}

function noEvidence(file: string): EvidenceError {
  return new EvidenceError(
    'receipt-not-found',
    `there is no receipt beside ${file}, no manifest above it that lists it, and it is no evidence package`,
    { where: file },
  )
}

/** The receipt or file proof that lies beside a file, by its name in any Unicode spelling: a copy may have respelled one of the two. */
function evidenceBeside(file: string): Evidence | undefined {
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
function receiptsBeside(file: string): string[] {
  const folder = dirname(absolutePath(file))
  const own = namesIn(folder).filter((name) => name.endsWith('.tlog-proof'))
  return own
    .slice(0, mostReceipts)
    .map((name) => join(folder, name))
    .filter(isFileAt)
}

/** The nearest manifest, with its receipt, that lists a file. */
export function findManifest(file: string): ManifestEvidence | undefined {
  const [nearest] = manifestsListing(file)
  return nearest
}

/** The manifests of {@link manifestsAbove} that list the file. Throws `file-unreadable`, `manifest-malformed`. */
function* manifestsListing(file: string, note?: Note): Generator<ManifestEvidence> {
  for (const found of manifestsAbove(file, note)) if (lineOf(handedFiles, found, file) !== undefined) yield found
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

/** Paths of evidence that the caller named. */
interface Named {
  readonly receipt?: string | undefined
  readonly manifest?: string | undefined
  readonly folder?: string | undefined
}

/**
 * Evidence of a file that the caller named; of a manifest alone, with the receipt beside it; undefined where neither is named. Throws `usage` for a
 * folder that would not be heeded, `receipt-not-found`, `file-unreadable`.
 */
export function namedEvidence(file: string, named: Named): Evidence | undefined {
  const { manifest, folder } = named
  const receipt = named.receipt ?? (manifest === undefined ? undefined : receiptBeside(manifest))
  const evidence = receipt === undefined ? undefined : evidenceBy(file, receipt, manifest, folder)
  if (folder === undefined || evidence?.kind === 'manifest') return evidence
  throw new EvidenceError('usage', '--folder says where a manifest’s paths begin: name that too, by --manifest FILE', {
    where: '--folder',
  })
}

/** The receipt beside a manifest. Throws `file-unreadable` where there is no manifest, `receipt-not-found`. */
function receiptBeside(manifest: string): string {
  if (!isThere(manifest))
    throw new EvidenceError('file-unreadable', `there is no manifest ${manifest}`, { where: manifest })
  const receipt = receiptOf(manifest)
  if (receipt !== manifest && isFileAt(receipt)) return receipt
  const what = receipt === manifest ? 'no receipt can be looked for beside' : `there is no receipt ${receipt} beside`
  throw new EvidenceError('receipt-not-found', `${what} the manifest ${manifest}; name it by --receipt FILE`, {
    where: manifest,
  })
}

function evidenceBy(file: string, receipt: string, manifest: string | undefined, folder: string | undefined): Evidence {
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
