import { settledOr } from '../src/core/attempt.ts'
import { parseSignedCheckpoint } from '../src/core/checkpoint.ts'
import { EvidenceError } from '../src/core/errors.ts'
import type { Policy } from '../src/core/policy.ts'
import { parseReceipt } from '../src/core/receipt.ts'
import { LedgerClient } from '../src/client/ledger-client.ts'
import { UrlSource } from '../src/client/url-source.ts'
import { parseAnchor } from '../src/verify/anchor.ts'
import { anchorLimits, checkAnchors, type CheckedAnchors, type LinkSource } from '../src/verify/check-anchors.ts'
import { LogView } from '../src/log/view.ts'
import { type CheckResult, isOfOtherLedger } from './check-run.ts'
import { readArtefact } from './artefact.ts'
import { counted } from '../src/core/text.ts'
import { when } from './render/when.ts'

/** A receipt of a ledger that the policy does not name, followed upward by anchors. */
export interface AnchoredResult extends CheckResult {
  readonly anchored: CheckedAnchors
}

/** Follows anchors from a result's receipt; proofs that the files lack are asked for at `urls`, ledgers or mirrors. */
export async function followAnchors(
  result: CheckResult,
  files: readonly string[],
  policy: Policy,
  urls: readonly string[],
): Promise<AnchoredResult | CheckResult> {
  const receipt = receiptBytes(result)
  if (receipt === undefined) return result
  const anchors = files.map(readArtefact)
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

/** The receipt's bytes; a file proof holds its receipt at the end. */
function receiptBytes({ evidence, checked }: CheckResult): Uint8Array | undefined {
  if (checked === undefined) return undefined
  if (evidence.kind !== 'file-proof') return readArtefact(evidence.receipt)
  const text = Buffer.from(readArtefact(evidence.proof)).toString('latin1')
  return new Uint8Array(Buffer.from(text.slice(text.indexOf('\n\n') + 2), 'latin1'))
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
  return settledOr(hashes, undefined, 'query-invalid', 'tile-missing')
}

/** What an anchored receipt shows, and no more; undefined where nothing leads up to a ledger of the policy. */
export function anchoredLine({ steps }: CheckedAnchors): string | undefined {
  const top = steps.at(-1)?.upper
  if (top === undefined) return undefined
  return `in a tree that existed when entry ${top.index} of ${top.origin} was made, at ${when(top.time)} by that ledger’s clock; times, signers and rules of the ledgers below are their own word, and their keys were not asked:`
}

/** The steps upward, of a receipt whose own ledger the policy does not name, for people. */
export function anchorLines({ steps }: CheckedAnchors): string[] {
  if (steps.length === 0) return ['not shown: that any ledger of the policy vouches for this tree']
  return [
    ...steps.map(
      ({ lower, upper }) =>
        `the checkpoint of ${counted(lower.size, 'entry', 'entries')} of ${lower.origin} is entry ${upper.index} of ${upper.origin}, at ${when(upper.time)}, deposited by ${upper.iss ?? 'somebody'} with key ${upper.kid ?? '-'}`,
    ),
    'not shown by anchors:',
    ...anchorLimits.map((line) => `  ${line}`),
  ]
}

/** Throws `usage` where both a receipt's policy and anchors cannot be meant. */
export function requireAnchorsNeeded(urls: readonly string[], files: readonly string[]): void {
  if (files.length === 0 && urls.length > 0)
    throw new EvidenceError('usage', '--lower-url is for --anchor: give the anchors too')
}
