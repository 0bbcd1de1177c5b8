import { basename, relative } from 'node:path'
import { settled, valueOr } from '../src/core/attempt.ts'
import { EvidenceError } from '../src/core/errors.ts'
import type { KeyTransition } from '../src/core/key-transition.ts'
import type { Policy } from '../src/core/policy.ts'
import { parseReceipt } from '../src/core/receipt.ts'
import { textOfBytes } from '../src/core/text.ts'
import { readBody } from '../src/statements/body.ts'
import { itemsOf } from '../src/statements/said.ts'
import { readEnvelope, readStatement } from '../src/statements/statement.ts'
import { digestFile } from '../src/node/file-digest.ts'
import { absolutePath } from '../src/node/file-path.ts'
import { checkManifestOnly, type CheckResult, type RunOptions } from './check-run.ts'
import { manifestAt, readArtefact } from './artefact.ts'
import {
  type Evidence,
  evidenceBeside,
  findEvidence,
  lineOf,
  type ManifestEvidence,
  manifestsAbove,
  type Note,
  receiptsBeside,
} from './evidence-files.ts'

/** What a file is to be checked against, and the line that it is, where it has another name there. */
export interface Found extends Pick<RunOptions, 'line'> {
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
    if (lineOf(found, file) === undefined) continue
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
  const checked = await settled(checkManifestOnly(found, policy, transition))
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
    const line = manifestAt(found.manifest).lines.find((one) => one.sha256 === sha256)
    if (line !== undefined && (await flawOf(found, policy, transition)) === undefined) return { evidence: found, line }
  }
  const receipt = receipts.find((path) => deposits(path, sha256))
  return receipt === undefined ? undefined : { evidence: { kind: 'receipt', receipt } }
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

/** How the name that a file was deposited under differs from the one that it has. */
export function nameLines(file: string, { evidence, line }: Pick<CheckResult, 'evidence' | 'line'>): string[] {
  const own = evidence.kind === 'manifest' ? relative(evidence.folder, absolutePath(file)) : basename(file)
  if (line === undefined) {
    const receipt = evidence.kind === 'receipt' ? basename(evidence.receipt).replace(/\.tlog-proof$/, '') : own
    const isAmongItems = receipt !== own && receipt.normalize() !== own.normalize()
    return isAmongItems && own !== `${receipt}.evidence-manifest` ? [`the receipt has another name: ${receipt}`] : []
  }
  const listed = textOfBytes(line.path)
  const said = `listed in the deposit as ${listed}`
  if (listed === own || evidence.kind !== 'manifest') return [said]
  return [
    listed.normalize() === own.normalize()
      ? `${said}: same bytes, name spelled otherwise`
      : `${said}: same bytes, now at ${own}`,
  ]
}
