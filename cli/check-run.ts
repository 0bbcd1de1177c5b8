import { basename, relative } from 'node:path'
import { attempt } from '../src/core/attempt.ts'
import { EvidenceError } from '../src/core/errors.ts'
import { parseFileProof } from '../src/core/file-proof.ts'
import type { KeyTransition } from '../src/core/key-transition.ts'
import type { ManifestLine } from '../src/core/manifest.ts'
import type { Policy } from '../src/core/policy.ts'
import { fileBounds, readNamed } from '../src/node/bounded-file.ts'
import { canDigest, digestBytes, digestFile } from '../src/node/file-digest.ts'
import { absolutePath } from '../src/node/file-path.ts'
import { algorithmsOf, checkFile, checkFileProof, checkManifest, fileDiffers } from '../src/verify/check-file.ts'
import { type CheckedReceipt, checkReceipt } from '../src/verify/check-receipt.ts'
import { type Finding, findingOf } from '../src/verify/report.ts'
import { itemsOf } from '../src/statements/said.ts'
import { readArtefact, readManifest, manifestAt } from './artefact.ts'
import { artefactOf, type Evidence, findTransition, lineOf, type ManifestEvidence } from './evidence-files.ts'

export interface CheckResult {
  readonly evidence: Evidence
  readonly checked: CheckedReceipt | undefined
  readonly faults: readonly Finding[]
  readonly unjudged: readonly Finding[]
  /** True where a key transition stood in for the receipt's own checkpoint. */
  readonly byTransition: boolean
  /** Number of the item that the file is, or whose manifest lists it. */
  readonly item: number | undefined
  /** The manifest's line, where the file stands in one. */
  readonly line: ManifestLine | undefined
  /** Number of that line, from 0. */
  readonly lineIndex?: number | undefined
}

/** Checks one file against its evidence and a policy, offline. */
export async function runCheck(
  file: string,
  evidence: Evidence,
  policy: Policy,
  options: RunOptions = {},
): Promise<CheckResult> {
  const { onBytes, transition } = options
  try {
    if (evidence.kind === 'file-proof') return await checkByFileProof(file, evidence, policy, onBytes, transition)
    if (evidence.kind === 'manifest') return await checkByManifest(file, evidence, policy, options)
    const checked = readChecked(readArtefact(evidence.receipt), policy, evidence, transition)
    return await checkByReceipt(file, evidence, checked, onBytes)
  } catch (error) {
    if (!(error instanceof EvidenceError) || error.kind.exit === 3 || error.kind.exit === 2) throw error
    const faults = inFile(artefactOf(evidence), [findingOf(error)])
    return { evidence, checked: undefined, byTransition: false, faults, unjudged: [], item: undefined, line: undefined }
  }
}

export interface RunOptions {
  readonly onBytes?: (count: number) => void
  /** A key transition that was named. */
  readonly transition?: KeyTransition | undefined
  /** The line of the manifest that the file is known to be, under another name. */
  readonly line?: ManifestLine
}

/** Findings with the file that they are about. */
export function inFile(file: string, findings: readonly Finding[]): Finding[] {
  return findings.map((finding) => ({ ...finding, file }))
}

type Checked = Pick<CheckResult, 'checked' | 'byTransition' | 'faults' | 'unjudged'>

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
  let used = transition
  const unread: Finding[] = []
  if (used === undefined && result.faults.some(({ code }) => code === 'checkpoint-untrusted')) {
    const beside = attempt(() => findTransition(evidence))
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
  file: string,
  evidence: Evidence,
  receipt: Checked,
  onBytes?: (count: number) => void,
): Promise<CheckResult> {
  const { checked } = receipt
  const base = { evidence, ...receipt, item: undefined, line: undefined }
  if (checked?.body === undefined) return base
  const algorithms = algorithmsOf(checked.body).filter(canDigest)
  // A manifest is read once, so that what is hashed is what its lines are read from.
  const bytes = evidence.kind === 'manifest' ? readManifest(file) : undefined
  const measured = bytes === undefined ? await digestFile(file, algorithms, onBytes) : digestBytes(bytes, algorithms)
  const verdict = checkFile(checked.body, measured, namedItem(checked, file))
  const manifest =
    verdict.item === undefined
      ? []
      : hasTree(checked, verdict.item)
        ? checkManifest(checked.body, verdict.item, bytes ?? readNamed(file, fileBounds.manifest))
        : evidence.kind === 'manifest' && verdict.faults.length === 0
          ? [isNoManifest(verdict.item)]
          : []
  return {
    ...base,
    item: verdict.item,
    faults: [...receipt.faults, ...inFile(file, [...verdict.faults, ...manifest])],
    unjudged: [...receipt.unjudged, ...inFile(file, verdict.unjudged)],
  }
}

/** The item that goes by the file's name, where the receipt discloses names and exactly one is that. */
function namedItem({ disclosures, body }: CheckedReceipt, file: string): number | undefined {
  const count = itemsOf(body).length
  const names = disclosures.find(({ claim }) => claim === 'names')?.value
  if (!Array.isArray(names)) return undefined
  const matching = names.flatMap((name, i) => (name === basename(file) && i < count ? [i] : []))
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
  file: string,
  evidence: ManifestEvidence,
  policy: Policy,
  { onBytes, transition, line: known }: RunOptions,
): Promise<CheckResult> {
  const manifest = await checkManifestOnly(evidence, policy, transition)
  // Anchors may still vouch for the receipt's ledger: what they leave standing must be about the file too.
  if (!isTied({ ...manifest, faults: manifest.faults.filter((fault) => !isOfOtherLedger(fault)) })) return manifest
  const line = known ?? lineOf(evidence, file)?.line
  if (line === undefined) {
    const message = `The manifest does not list ${relative(evidence.folder, absolutePath(file))}.`
    return { ...manifest, faults: [...manifest.faults, { code: 'file-not-in-deposit', message, file }] }
  }
  const faults = await compareLine(line, file, onBytes)
  return {
    ...manifest,
    line,
    lineIndex: manifestAt(evidence.manifest).lines.indexOf(line),
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
  evidence: ManifestEvidence,
  policy: Policy,
  transition?: KeyTransition,
): Promise<CheckResult> {
  const receipt = readChecked(readArtefact(evidence.receipt), policy, evidence, transition)
  return checkByReceipt(evidence.manifest, evidence, receipt)
}

/** Holds a file against its line. */
async function compareLine(
  { sha256: expected }: ManifestLine,
  file: string,
  onBytes?: (count: number) => void,
): Promise<Finding[]> {
  const { digest } = await digestFile(file, ['sha256'], onBytes)
  return differsFrom(expected, digest.sha256 as string)
}

/** What is said of a file whose SHA-256 is not the one that its line has. */
export function differsFrom(expected: string, found: string): Finding[] {
  return found === expected ? [] : [{ code: 'file-differs', message: fileDiffers, where: 'sha256', expected, found }]
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
  const base = { evidence, ...receipt, item: undefined, line: undefined }
  if (receipt.checked?.body === undefined) return base
  const measured = await digestFile(file, ['sha256'], onBytes)
  const verdict = checkFileProof(proof, receipt.checked.body, measured)
  const isListed = verdict.item !== undefined && verdict.faults.every(({ code }) => code === 'file-differs')
  return {
    ...base,
    item: verdict.item,
    line: isListed && receipt.faults.length === 0 ? proof.file : undefined,
    faults: [...receipt.faults, ...inFile(file, verdict.faults)],
    unjudged: [...receipt.unjudged, ...inFile(file, verdict.unjudged)],
  }
}
