import { settled, valueOr } from '../../core/attempt.ts'
import { EvidenceError } from '../../core/errors.ts'
import type { KeyTransition } from '../../core/key-transition.ts'
import type { Policy } from '../../core/policy.ts'
import { parseReceipt } from '../../core/receipt.ts'
import { digestFile } from '../../node/file-digest.ts'
import { readBody } from '../../statements/body.ts'
import { itemsOf } from '../../statements/said.ts'
import { readEnvelope, readStatement } from '../../statements/statement.ts'
import { checkReceipt } from '../../verify/check-receipt.ts'
import type { Evidence, ManifestEvidence } from '../steps/handed.ts'
import { checkManifestOnly, lineOf, lineOfDigest, type OneOptions } from '../steps/receipt.ts'
import { readArtefact } from './artefact.ts'
import { evidenceBeside, findEvidence, manifestsAbove, type Note, receiptsBeside } from './evidence-files.ts'
import { handedFiles } from './handed-files.ts'

/** What a file is to be checked against, and the line that it is, where it has another name there. */
export interface Found extends Pick<OneOptions, 'line'> {
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
  return found ?? { evidence: findEvidence(file) }
}

/** The nearest manifest that lists a file and whose deposit verifies; where none verifies, the nearest that lists it. */
async function soundManifest(
  file: string,
  policy: Policy,
  transition: KeyTransition | undefined,
  note: Note,
): Promise<ManifestEvidence | undefined> {
  let nearest: ManifestEvidence | undefined
  for (const found of manifestsAbove(file, note)) {
    if (lineOf(handedFiles, found, file) === undefined) continue
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
