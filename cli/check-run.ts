import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'
import {
  equalBytes,
  EvidenceError,
  isFileProof,
  type ManifestLine,
  maxProofBytes,
  type KeyTransition,
  parseFileProof,
  parseKeyTransition,
  parseManifest,
  type Policy,
} from '../src/core/index.ts'
import { canDigest, digestFile } from '../src/node/index.ts'
import {
  algorithmsOf,
  type CheckedReceipt,
  checkFile,
  checkFileProof,
  checkManifest,
  checkReceipt,
  type Finding,
  fileDiffers,
  findingOf,
} from '../src/verify/index.ts'
import { receiptPath } from './deposit-plan.ts'

/** What stands between a file and the ledger. */
export type Evidence =
  | { readonly kind: 'receipt'; readonly receipt: string }
  | { readonly kind: 'file-proof'; readonly proof: string }
  | { readonly kind: 'manifest'; readonly receipt: string; readonly manifest: string; readonly folder: string }

export interface CheckResult {
  readonly evidence: Evidence
  readonly checked: CheckedReceipt | undefined
  readonly faults: readonly Finding[]
  readonly unjudged: readonly Finding[]
  /** Number of the item that the file is, or whose manifest lists it. */
  readonly item: number | undefined
  /** The manifest's line, where the file stands in one. */
  readonly line: ManifestLine | undefined
}

/**
 * Finds what proves a file: FILE.tlog-proof, FILE.file-proof, or a manifest that lists it, beside one of the folders above
 * it or inside. Throws `receipt-not-found`.
 */
export function findEvidence(file: string): Evidence {
  const receipt = receiptPath(file, undefined)
  if (existsSync(receipt)) return { kind: 'receipt', receipt }
  // A manifest's receipt bears the name of what it lists.
  const manifestReceipt = file.replace(/\.evidence-manifest$/, '.tlog-proof')
  if (manifestReceipt !== file && existsSync(manifestReceipt)) return { kind: 'receipt', receipt: manifestReceipt }
  const proof = `${file}.file-proof`
  if (existsSync(proof)) return { kind: 'file-proof', proof }
  const listed = findManifest(file)
  if (listed !== undefined) return listed
  throw new EvidenceError(
    'receipt-not-found',
    `there is no receipt beside ${file}, and no manifest above it that lists it`,
    { where: file },
  )
}

/** The nearest manifest, with its receipt, that lists a file. */
export function findManifest(file: string): Extract<Evidence, { kind: 'manifest' }> | undefined {
  for (let folder = dirname(resolve(file)); ; folder = dirname(folder)) {
    for (const manifest of manifestsOf(folder)) {
      const own = manifest.replace(/\.evidence-manifest$/, '.tlog-proof')
      if (existsSync(own) && lineOf(manifest, folder, file) !== undefined) {
        return { kind: 'manifest', receipt: own, manifest, folder }
      }
    }
    if (folder === dirname(folder)) return undefined
  }
}

function manifestsOf(folder: string): string[] {
  const beside = `${folder}.evidence-manifest`
  const inside = readdirSync(folder).filter((name) => name.endsWith('.evidence-manifest'))
  return [...(existsSync(beside) ? [beside] : []), ...inside.map((name) => join(folder, name))]
}

function lineOf(
  manifest: string,
  folder: string,
  file: string,
): { readonly line: ManifestLine; readonly index: number } | undefined {
  const name = Buffer.from(relative(folder, resolve(file)))
  const lines = parseManifest(readManifest(manifest))
  const index = lines.findIndex(({ path }) => equalBytes(path, name))
  return index < 0 ? undefined : { line: lines[index] as ManifestLine, index }
}

/** Evidence that the caller named. Throws `usage`, `file-unreadable`. */
export function namedEvidence(
  file: string,
  receipt: string,
  manifest: string | undefined,
  folder: string | undefined,
): Evidence {
  if (manifest !== undefined)
    return { kind: 'manifest', receipt, manifest, folder: resolve(folder ?? guessFolder(file, manifest)) }
  if (isFileProof(readArtefact(receipt))) return { kind: 'file-proof', proof: receipt }
  const beside = receipt.replace(/\.tlog-proof$/, '.evidence-manifest')
  if (beside !== receipt && existsSync(beside) && resolve(beside) !== resolve(file)) {
    return { kind: 'manifest', receipt, manifest: beside, folder: resolve(folder ?? guessFolder(file, beside)) }
  }
  return { kind: 'receipt', receipt }
}

/** The folder above a file below which a manifest lists it. */
function guessFolder(file: string, manifest: string): string {
  for (let folder = dirname(resolve(file)); ; folder = dirname(folder)) {
    if (lineOf(manifest, folder, file) !== undefined) return folder
    if (folder === dirname(folder)) return dirname(resolve(file))
  }
}

/** A manifest may be as long as its folder is large. Throws `file-unreadable`. */
export function readManifest(path: string): Uint8Array {
  try {
    return readFileSync(path)
  } catch (cause) {
    throw new EvidenceError('file-unreadable', `${path} cannot be read`, { where: path }, { cause })
  }
}

/** Reads a receipt or proof, bounded. Throws `file-unreadable`, `receipt-malformed`. */
export function readArtefact(path: string): Uint8Array {
  let size: number
  try {
    size = statSync(path).size
  } catch (cause) {
    throw new EvidenceError('file-unreadable', `${path} cannot be read`, { where: path }, { cause })
  }
  if (size > 2 * maxProofBytes)
    throw new EvidenceError('receipt-malformed', `${path} is larger than any receipt`, { where: path })
  return readFileSync(path)
}

/** The key transition beside a receipt or file proof, if there is one. Throws the codes of {@link readTransition}. */
export function findTransition(evidence: Evidence): KeyTransition | undefined {
  const path = transitionPath(evidence.kind === 'file-proof' ? evidence.proof : evidence.receipt)
  return existsSync(path) ? readTransition(path) : undefined
}

/** `photo.jpg.tlog-proof` has its transition in `photo.jpg.key-transition`. */
export function transitionPath(receipt: string): string {
  return `${receipt.replace(/\.(?:tlog-proof|file-proof)$/, '')}.key-transition`
}

/** Throws `file-unreadable`, `transition-malformed`. */
export function readTransition(path: string): KeyTransition {
  return parseKeyTransition(readArtefact(path))
}

/** Checks one file against its evidence and a policy, offline. */
export async function runCheck(
  file: string,
  evidence: Evidence,
  policy: Policy,
  onBytes?: (count: number) => void,
  transition?: KeyTransition,
): Promise<CheckResult> {
  try {
    if (evidence.kind === 'file-proof') return await checkByFileProof(file, evidence, policy, onBytes, transition)
    const checked = readChecked(readArtefact(evidence.receipt), policy, evidence, transition)
    if (evidence.kind === 'manifest') return await checkByManifest(file, evidence, checked, onBytes)
    return await checkByReceipt(file, evidence, checked, onBytes)
  } catch (error) {
    if (!(error instanceof EvidenceError) || error.kind.exit === 3 || error.kind.exit === 2) throw error
    return { evidence, checked: undefined, faults: [findingOf(error)], unjudged: [], item: undefined, line: undefined }
  }
}

interface Checked {
  readonly checked: CheckedReceipt | undefined
  readonly faults: readonly Finding[]
  readonly unjudged: readonly Finding[]
}

/**
 * With the transition that was named; else with the one that lies beside, but only where the policy does not trust the receipt's own
 * checkpoint: it was made for a later key, and says nothing to who has the policy of the receipt's day.
 */
function readChecked(
  bytes: Uint8Array,
  policy: Policy,
  evidence: Evidence,
  transition: KeyTransition | undefined,
): Checked {
  let result = checkReceipt(bytes, policy, transition)
  if (transition === undefined && result.faults.some(({ code }) => code === 'checkpoint-untrusted')) {
    const beside = findTransition(evidence)
    if (beside !== undefined) result = checkReceipt(bytes, policy, beside)
  }
  const { faults, unjudged } = result
  return { checked: result.receipt === undefined ? undefined : result, faults, unjudged }
}

async function checkByReceipt(
  file: string,
  evidence: Evidence,
  receipt: Checked,
  onBytes?: (count: number) => void,
): Promise<CheckResult> {
  const { checked } = receipt
  const base = { evidence, ...receipt, item: undefined, line: undefined }
  if (checked?.body === undefined) return base
  const algorithms = algorithmsOf(checked.body)
  const measured = await digestFile(file, algorithms.filter(canDigest), onBytes)
  const verdict = checkFile(checked.body, measured, namedItem(checked, file))
  const manifest =
    verdict.item === undefined || !hasTree(checked, verdict.item)
      ? []
      : checkManifest(checked.body, verdict.item, readFileSync(file))
  return {
    ...base,
    item: verdict.item,
    faults: [...receipt.faults, ...verdict.faults, ...manifest],
    unjudged: [...receipt.unjudged, ...verdict.unjudged],
  }
}

/** The item that goes by the file's name, where the receipt discloses names and exactly one is that. */
function namedItem({ disclosures, body }: CheckedReceipt, file: string): number | undefined {
  const count = body?.kind === 'evidence.deposit' ? body.members.items.length : 0
  const names = disclosures.find(({ claim }) => claim === 'names')?.value
  if (!Array.isArray(names)) return undefined
  const matching = names.flatMap((name, i) => (name === basename(file) && i < count ? [i] : []))
  return matching.length === 1 ? matching[0] : undefined
}

function hasTree({ body }: CheckedReceipt, item: number): boolean {
  return body?.kind === 'evidence.deposit' && body.members.items[item]?.tree !== undefined
}

async function checkByManifest(
  file: string,
  evidence: Extract<Evidence, { kind: 'manifest' }>,
  receipt: Checked,
  onBytes?: (count: number) => void,
): Promise<CheckResult> {
  const manifest = await checkByReceipt(evidence.manifest, evidence, receipt)
  const found = lineOf(evidence.manifest, evidence.folder, file)
  if (found === undefined) {
    const message = `The manifest does not list ${relative(evidence.folder, resolve(file))}.`
    return { ...manifest, faults: [...manifest.faults, { code: 'file-not-in-deposit', message }] }
  }
  const faults = await compareLine(found.line, file, onBytes)
  return { ...manifest, line: found.line, faults: [...manifest.faults, ...faults] }
}

/** Receipt and manifest of a folder's deposit, checked once for all its files. */
export async function checkManifestOnly(
  evidence: Extract<Evidence, { kind: 'manifest' }>,
  policy: Policy,
  transition?: KeyTransition,
): Promise<CheckResult> {
  const receipt = readChecked(readArtefact(evidence.receipt), policy, evidence, transition)
  return checkByReceipt(evidence.manifest, evidence, receipt)
}

/** Holds a file against its line. The path may be raw bytes: not every disk's names are UTF-8. */
export async function compareLine(
  line: ManifestLine,
  file: string | Buffer,
  onBytes?: (count: number) => void,
): Promise<Finding[]> {
  const { digest } = await digestFile(file, ['sha256'], onBytes)
  const found = digest.sha256 as string
  if (found === line.sha256) return []
  return [{ code: 'file-differs', message: fileDiffers, where: 'sha256', expected: line.sha256, found }]
}

async function checkByFileProof(
  file: string,
  evidence: Extract<Evidence, { kind: 'file-proof' }>,
  policy: Policy,
  onBytes: ((count: number) => void) | undefined,
  transition: KeyTransition | undefined,
): Promise<CheckResult> {
  const proof = parseFileProof(readArtefact(evidence.proof))
  const receipt = readChecked(proof.receipt, policy, evidence, transition)
  const base = { evidence, ...receipt, item: proof.item, line: proof.file }
  if (receipt.checked?.body === undefined) return base
  const measured = await digestFile(file, ['sha256'], onBytes)
  const verdict = checkFileProof(proof, receipt.checked.body, measured)
  return {
    ...base,
    faults: [...receipt.faults, ...verdict.faults],
    unjudged: [...receipt.unjudged, ...verdict.unjudged],
  }
}

/** A line of a manifest and its number, for making a file proof. Throws `file-not-in-deposit`. */
export function requireLine(
  evidence: Extract<Evidence, { kind: 'manifest' }>,
  file: string,
): { readonly line: ManifestLine; readonly index: number } {
  const found = lineOf(evidence.manifest, evidence.folder, file)
  if (found === undefined)
    throw new EvidenceError('file-not-in-deposit', `the manifest ${evidence.manifest} does not list ${file}`, {
      where: file,
    })
  return found
}
