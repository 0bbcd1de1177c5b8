import { attempt, settled } from '../../core/attempt.ts'
import { EvidenceError } from '../../core/errors.ts'
import { type FileProof, parseFileProof } from '../../core/file-proof.ts'
import type { KeyTransition } from '../../core/key-transition.ts'
import type { Policy } from '../../core/policy.ts'
import type { StatementBody } from '../../statements/kinds.ts'
import { itemsOf } from '../../statements/said.ts'
import { algorithmsOf, checkFile, checkFileProof, checkManifest, type MeasuredFile } from '../../verify/check-file.ts'
import { type CheckedReceipt, checkReceipt } from '../../verify/check-receipt.ts'
import { type Finding, findingOf } from '../../verify/report.ts'
import { artefactOf, type Evidence, type Handed, type ManifestEvidence } from './handed.ts'
import { compareLine, lineOf, lineOfBytes, type ListedLine } from './manifest-line.ts'

/** What a file or folder is, by its receipt and a policy. */
export interface CheckResult {
  readonly evidence: Evidence
  readonly checked: CheckedReceipt | undefined
  readonly faults: readonly Finding[]
  readonly unjudged: readonly Finding[]
  /** True where a key transition stood in for the receipt's own checkpoint. */
  readonly byTransition: boolean
  /** Number of the item that the file is, or whose manifest lists it. */
  readonly item: number | undefined
  /** The manifest's line and its number, where the file stands in one. */
  readonly line: ListedLine | undefined
}

/** Checks one file against its evidence and a policy, offline. Throws what says nothing of the evidence: what exits with 2 or 3. */
export async function checkOne(
  handed: Handed,
  file: string,
  evidence: Evidence,
  policy: Policy,
  options: OneOptions = {},
): Promise<CheckResult> {
  const { onBytes, transition } = options
  try {
    if (evidence.kind === 'file-proof')
      return await checkByFileProof(handed, file, evidence, policy, onBytes, transition)
    if (evidence.kind === 'manifest') return await checkByManifest(handed, file, evidence, policy, options)
    const checked = readChecked(handed, handed.artefact(evidence.receipt), policy, evidence, transition)
    return await checkByReceipt(handed, file, evidence, checked, onBytes)
  } catch (error) {
    if (!(error instanceof EvidenceError) || error.kind.exit === 3 || error.kind.exit === 2) throw error
    const faults = inFile(artefactOf(evidence), [findingOf(error)])
    return { evidence, checked: undefined, byTransition: false, faults, unjudged: [], item: undefined, line: undefined }
  }
}

export interface OneOptions {
  readonly onBytes?: (count: number) => void
  /** A key transition that was named. */
  readonly transition?: KeyTransition | undefined
  /** The line of the manifest that the file is known to be, under another name. */
  readonly line?: ListedLine
}

/** Findings with the file that they are about. */
export function inFile(file: string, findings: readonly Finding[]): Finding[] {
  return findings.map((finding) => ({ ...finding, file }))
}

/** What a receipt is by itself: no file was compared yet. */
type Checked = Pick<CheckResult, 'checked' | 'byTransition' | 'faults' | 'unjudged'>

/**
 * Reads and checks the receipt of some evidence; what is wrong with it is in the result. With the transition that was named; else with the one that lies beside, but only where the policy does not trust the receipt's own
 * checkpoint: it was made for a later key, and says nothing to who has the policy of the receipt's day.
 */
function readChecked(
  handed: Handed,
  bytes: Uint8Array,
  policy: Policy,
  evidence: Evidence,
  transition: KeyTransition | undefined,
): Checked {
  let result = checkReceipt(bytes, policy, transition)
  let used = transition
  const unread: Finding[] = []
  if (used === undefined && result.faults.some(({ code }) => code === 'checkpoint-untrusted')) {
    const beside = attempt(() => handed.transitionBeside(evidence))
    if (beside instanceof EvidenceError) unread.push(findingOf(beside))
    else if (beside !== undefined) result = checkReceipt(bytes, policy, (used = beside))
  }
  return {
    checked: result.receipt === undefined ? undefined : result,
    byTransition: used !== undefined,
    faults: [...inFile(artefactOf(evidence), result.faults), ...unread],
    unjudged: inFile(artefactOf(evidence), result.unjudged),
  }
}

async function checkByReceipt(
  handed: Handed,
  file: string,
  evidence: Evidence,
  receipt: Checked,
  onBytes?: (count: number) => void,
): Promise<CheckResult> {
  const { checked } = receipt
  const base = { evidence, ...receipt, item: undefined, line: undefined }
  if (checked?.body === undefined) return base
  const algorithms = algorithmsOf(checked.body).filter(handed.canDigest)
  // A manifest is read once, so that what is hashed is what its lines are read from.
  const bytes = evidence.kind === 'manifest' ? await handed.manifestBytes(file) : undefined
  const measured =
    bytes === undefined ? await handed.digests(file, algorithms, onBytes) : handed.digestsOf(bytes, algorithms)
  const verdict = checkFile(checked.body, measured, namedItem(checked, handed.baseName(file)))
  const isItems = verdict.item !== undefined && verdict.faults.length === 0
  const manifest = isItems ? await manifestFaults(handed, file, evidence, checked, verdict.item, bytes) : []
  return {
    ...base,
    item: verdict.item,
    faults: [...receipt.faults, ...inFile(file, [...verdict.faults, ...manifest])],
    unjudged: [...receipt.unjudged, ...inFile(file, verdict.unjudged)],
  }
}

/**
 * What is wrong, as a manifest, with a file that is an item's by size and digests (docs/spec/08-manifest.md, "Checking": in this order). Throws what says
 * nothing of the evidence.
 */
async function manifestFaults(
  handed: Handed,
  file: string,
  evidence: Evidence,
  checked: CheckedReceipt,
  item: number,
  known: Uint8Array | undefined,
): Promise<Finding[]> {
  if (!hasTree(checked, item)) return evidence.kind === 'manifest' ? [isNoManifest(item)] : []
  const bytes = known ?? (await settled(handed.manifestBytes(file), 'manifest-malformed'))
  return bytes instanceof EvidenceError ? [findingOf(bytes)] : checkManifest(checked.body as StatementBody, item, bytes)
}

/** The item that goes by the file's name, where the receipt discloses names and exactly one is that. */
function namedItem({ disclosures, body }: CheckedReceipt, own: string): number | undefined {
  const count = itemsOf(body).length
  const names = disclosures.find(({ claim }) => claim === 'names')?.value
  if (!Array.isArray(names)) return undefined
  const matching = names.flatMap((name, i) => (name === own && i < count ? [i] : []))
  return matching.length === 1 ? matching[0] : undefined
}

/** The finding for a manifest whose item has no `tree`: the deposit does not say that it lists files. Gives `file-not-in-deposit`. */
function isNoManifest(item: number): Finding {
  const message = `Item ${item} of the deposit is no manifest: it has no tree.`
  return { code: 'file-not-in-deposit', message }
}

function hasTree({ body }: CheckedReceipt, item: number): boolean {
  return itemsOf(body)[item]?.tree !== undefined
}

async function checkByManifest(
  handed: Handed,
  file: string,
  evidence: ManifestEvidence,
  policy: Policy,
  { onBytes, transition, line: known }: OneOptions,
): Promise<CheckResult> {
  const manifest = await checkManifestOnly(handed, evidence, policy, transition)
  // Anchors may still vouch for the receipt's ledger: what they leave standing must be about the file too.
  if (!isTied({ ...manifest, faults: manifest.faults.filter((fault) => !isOfOtherLedger(fault)) })) return manifest
  const line = known ?? lineOf(handed, evidence, file) ?? (await lineOfBytes(handed, evidence, file, onBytes))
  if (line === undefined) {
    const message = `The manifest does not list ${handed.pathWithin(evidence.folder, file)}.`
    return { ...manifest, faults: [...manifest.faults, { code: 'file-not-in-deposit', message, file }] }
  }
  const faults = await compareLine(handed, line, file, onBytes)
  return {
    ...manifest,
    line,
    faults: [...manifest.faults, ...inFile(file, faults)],
  }
}

/**
 * Whether a finding says no more than that the policy does not name the receipt's ledger, which anchors may vouch for. That a key
 * transition is of another ledger has the same code, and anchors do not answer it.
 */
export function isOfOtherLedger({ code, where }: Finding): boolean {
  return code === 'receipt-other-ledger' && where !== 'transition'
}

/**
 * Whether a manifest is shown to be the one deposited. Only then its lines say anything of files: neither that one is unchanged nor
 * that it differs.
 */
export function isTied({ faults, unjudged, item }: CheckResult): boolean {
  return item !== undefined && faults.length === 0 && unjudged.length === 0
}

/** Receipt and manifest of a folder's deposit, checked once for all its files. */
export async function checkManifestOnly(
  handed: Handed,
  evidence: ManifestEvidence,
  policy: Policy,
  transition?: KeyTransition,
): Promise<CheckResult> {
  const receipt = readChecked(handed, handed.artefact(evidence.receipt), policy, evidence, transition)
  return checkByReceipt(handed, evidence.manifest, evidence, receipt)
}

async function checkByFileProof(
  handed: Handed,
  file: string,
  evidence: FileProofEvidence,
  policy: Policy,
  onBytes: ((count: number) => void) | undefined,
  transition: KeyTransition | undefined,
): Promise<CheckResult> {
  const proof = parseFileProof(handed.artefact(evidence.proof))
  const receipt = readChecked(handed, proof.receipt, policy, evidence, transition)
  const measured = receipt.checked?.body === undefined ? undefined : await handed.digests(file, ['sha256'], onBytes)
  return byFileProof(file, evidence, proof, receipt, measured)
}

/** What a file proof and its receipt show, of a file where one was measured. */
function byFileProof(
  file: string,
  evidence: FileProofEvidence,
  proof: FileProof,
  receipt: Checked,
  measured: MeasuredFile | undefined,
): CheckResult {
  const base = { evidence, ...receipt, item: undefined, line: undefined }
  if (receipt.checked?.body === undefined) return base
  const verdict = checkFileProof(proof, receipt.checked.body, measured)
  const isListed = verdict.item !== undefined && verdict.faults.every(({ code }) => code === 'file-differs')
  return {
    ...base,
    item: verdict.item,
    line: isListed && receipt.faults.length === 0 ? { ...proof.file, index: proof.lineIndex } : undefined,
    faults: [...receipt.faults, ...inFile(file, verdict.faults)],
    unjudged: [...receipt.unjudged, ...inFile(file, verdict.unjudged)],
  }
}

type FileProofEvidence = Extract<Evidence, { kind: 'file-proof' }>

/** A receipt, or a file proof, whose file is not at hand. */
export type LoneEvidence = Exclude<Evidence, ManifestEvidence>

/**
 * Checks a receipt or file proof by itself, where no file is at hand to compare: what it shows of the entry and of the line. Throws what
 * says nothing of the evidence, as {@link checkOne}; a file proof that cannot be read is a fault.
 */
export function checkAlone(
  handed: Handed,
  evidence: LoneEvidence,
  policy: Policy,
  transition?: KeyTransition,
): CheckResult {
  const bytes = handed.artefact(artefactOf(evidence))
  if (evidence.kind === 'receipt')
    return { evidence, ...readChecked(handed, bytes, policy, evidence, transition), item: undefined, line: undefined }
  const proof = attempt(() => parseFileProof(bytes))
  if (proof instanceof EvidenceError) {
    const faults = inFile(evidence.proof, [findingOf(proof)])
    return { evidence, checked: undefined, byTransition: false, faults, unjudged: [], item: undefined, line: undefined }
  }
  const receipt = readChecked(handed, proof.receipt, policy, evidence, transition)
  return byFileProof(evidence.proof, evidence, proof, receipt, undefined)
}
