import { LedgerClient } from '../../client/ledger-client.ts'
import { UrlSource } from '../../client/url-source.ts'
import { attempt, settledOr } from '../../core/attempt.ts'
import { parseSignedCheckpoint } from '../../core/checkpoint.ts'
import { EvidenceError } from '../../core/errors.ts'
import { parseFileProof } from '../../core/file-proof.ts'
import type { Policy } from '../../core/policy.ts'
import { parseReceipt } from '../../core/receipt.ts'
import { LogView } from '../../log/view.ts'
import { parseAnchor } from '../../verify/anchor.ts'
import { checkAnchors, type CheckedAnchors, type LinkSource } from '../../verify/check-anchors.ts'
import { artefactOf, type Handed } from './handed.ts'
import { findingOf } from '../../verify/report.ts'
import { type CheckResult, inFile, isOfOtherLedger } from './receipt.ts'

/** A receipt of a ledger that the policy does not name, followed upward by anchors. */
export interface AnchoredResult extends CheckResult {
  readonly anchored: CheckedAnchors
}

/**
 * Follows anchors from a result's receipt; proofs that the files lack are asked for at `urls`, ledgers or mirrors. An anchor that cannot be read is the one
 * fault of what is given back. Throws what reading a file, and asking a URL, throws.
 */
export async function followAnchors(
  handed: Handed,
  result: CheckResult,
  files: readonly string[],
  policy: Policy,
  urls: readonly string[],
): Promise<AnchoredResult | CheckResult> {
  if (isNoFileProof(handed, result)) return result
  const anchors = files.map(handed.artefact)
  for (const [n, bytes] of anchors.entries()) {
    const read = attempt(() => parseAnchor(bytes))
    if (read instanceof EvidenceError) return endedBy(result, files[n] as string, read)
  }
  const receipt = receiptBytes(handed, result)
  if (receipt === undefined) return result
  const links = urls.length === 0 ? undefined : await fetchLinks(receipt, anchors, urls)
  const anchored = checkAnchors(receipt, anchors, policy, links)
  // What the receipt’s own ledger would have vouched for, the anchors do.
  const own = result.faults.filter((fault) => !isOfOtherLedger(fault))
  const known = new Set(own.map(({ message }) => message))
  return {
    ...result,
    faults: [...own, ...anchored.faults.filter(({ message }) => !known.has(message))],
    unjudged: [
      ...result.unjudged,
      ...anchored.unjudged.filter((one) => !result.unjudged.some((other) => other.message === one.message)),
    ],
    anchored,
  }
}

/** Whether a file proof cannot be read: there is no receipt to follow anchors from. */
function isNoFileProof(handed: Handed, { evidence, checked }: CheckResult): boolean {
  if (evidence.kind !== 'file-proof' || checked !== undefined) return false
  return attempt(() => parseFileProof(handed.artefact(evidence.proof))) instanceof EvidenceError
}

/** An anchor that cannot be read is the one fault: anchors are read before the receipt is checked (docs/spec/16-anchors.md, "Checking"). */
function endedBy({ evidence }: CheckResult, file: string, refusal: EvidenceError): CheckResult {
  const faults = inFile(file, [findingOf(refusal)])
  return { evidence, checked: undefined, byTransition: false, faults, unjudged: [], item: undefined, line: undefined }
}

/** The receipt's bytes; a file proof holds its receipt. */
function receiptBytes(handed: Handed, { evidence, checked }: CheckResult): Uint8Array | undefined {
  if (checked === undefined) return undefined
  const bytes = handed.artefact(artefactOf(evidence))
  return evidence.kind === 'file-proof' ? parseFileProof(bytes).receipt : bytes
}

/** Consistency proofs from every receipt at hand to every anchor of its ledger, as far as somebody gives them. */
async function fetchLinks(
  receipt: Uint8Array,
  files: readonly Uint8Array[],
  urls: readonly string[],
): Promise<LinkSource> {
  const sources = new Map<string, UrlSource>()
  for (const url of urls) {
    const source = new UrlSource(new LedgerClient(url))
    sources.set(parseSignedCheckpoint(await source.checkpoint()).checkpoint.origin, source)
  }
  const anchors = files.map((bytes) => parseAnchor(bytes))
  const links = new Map<string, readonly Uint8Array[]>()
  for (const { proof } of [parseReceipt(receipt), ...anchors.map((anchor) => anchor.receipt)]) {
    const { origin, size } = proof.checkpoint
    const source = sources.get(origin)
    for (const { checkpoint } of source === undefined ? [] : anchors) {
      if (checkpoint.origin !== origin || checkpoint.size <= size) continue
      const hashes = await link(source as UrlSource, size, checkpoint.size)
      if (hashes !== undefined) links.set(`${origin} ${size} ${checkpoint.size}`, hashes)
    }
  }
  return (origin, from, to) => links.get(`${origin} ${from} ${to}`)
}

async function link(source: UrlSource, from: number, to: number): Promise<readonly Uint8Array[] | undefined> {
  const hashes = LogView.open(source).then((view) => view.consistency(from, to))
  return settledOr(hashes, undefined, 'query-invalid', 'size-unknown', 'tile-missing')
}
