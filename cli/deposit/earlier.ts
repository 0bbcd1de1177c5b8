import { existsSync, renameSync } from 'node:fs'
import { dirname } from 'node:path'
import { valueOr } from '../../src/core/attempt.ts'
import { splitPresentation } from '../../src/core/disclosure.ts'
import { verifyEd25519 } from '../../src/core/ed25519.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import type { JsonValue } from '../../src/core/json.ts'
import { type Jwk, publicKeyOf, thumbprint } from '../../src/core/jwk.ts'
import type { Policy } from '../../src/core/policy.ts'
import { parseReceipt } from '../../src/core/receipt.ts'
import { syncFolder } from '../../src/node/durable-file.ts'
import { fsPath } from '../../src/node/file-path.ts'
import { readBody } from '../../src/statements/body.ts'
import { requireDisclosures } from '../../src/statements/disclosures.ts'
import type { Item, Relation } from '../../src/statements/members.ts'
import { readEnvelope, readStatement } from '../../src/statements/statement.ts'
import { checkReceipt } from '../../src/verify/check-receipt.ts'
import { withoutQuorum } from '../../src/client/deposit-answer.ts'
import { firstFree } from './manifests.ts'
import type { DepositJob } from './plan.ts'
import { depositIn } from './statement.ts'
import { readArtefact } from '../../src/check/node/artefact.ts'
import { type AsidePaths, asidePaths, companions, pendingManifestPath } from '../../src/node/artefact-names.ts'

/** A deposit that is to be made. */
export interface WantedStatement {
  readonly origin: string
  readonly iss: string
  /** The public key that signs. */
  readonly key: Jwk
  readonly items: readonly Item[]
  readonly relates: readonly Relation[]
  /** All sealed claims by name, the names of files included. */
  readonly sealed: Readonly<Record<string, JsonValue>>
}

/** A deposit that was signed before, as far as its receipt or statement shows it. */
type EarlierStatement = Pick<WantedStatement, 'iss' | 'items' | 'relates' | 'sealed'>

/**
 * Index of the entry that the receipts of a job name, where they are there and the entry says all that is wanted now. Throws
 * `deposit-differs` where it says something else: a note or a case that is given now would otherwise be dropped in silence;
 * `file-exists` where a receipt is of something else.
 */
export function earlierDeposit(job: DepositJob, wanted: WantedStatement, policy: Policy): number | undefined {
  const indices = job.receipts.map((path) => earlierReceipt(path, wanted, policy))
  const [index] = indices
  if (index !== undefined && indices.every((one) => one === index)) return index
  const at = indices.findIndex((one) => one !== undefined)
  if (at < 0) return undefined
  const path = job.receipts[at] as string
  throw new EvidenceError(
    'file-exists',
    `${path} is the receipt of entry ${indices[at]}, which covers some of these files and not all; deposit the others alone, or all with --again`,
    { where: path },
  )
}

function earlierReceipt(path: string, wanted: WantedStatement, policy: Policy): number | undefined {
  if (!existsSync(fsPath(path))) return undefined
  const { receipt, faults, ...checked } = checkReceipt(readArtefact(path), withoutQuorum(policy))
  const { body, statement } = 'body' in checked ? checked : { body: undefined, statement: undefined }
  if (receipt === undefined || faults.length > 0) {
    const why = faults[0] === undefined ? 'does not verify' : `does not verify (${faults[0].code})`
    throw new EvidenceError(
      'file-exists',
      `${path} is there and ${why} against this ledger’s policy; move it away, or deposit with --again`,
      { where: path },
    )
  }
  const { index } = receipt.entry
  const { origin } = receipt.proof.checkpoint
  if (origin !== wanted.origin) {
    throw new EvidenceError(
      'file-exists',
      `${path} is the receipt of entry ${index} of ${origin}, and this deposit goes to ${wanted.origin}; move it away, or deposit with --again`,
      { where: path, expected: wanted.origin, found: origin },
    )
  }
  const said = depositIn(body)
  if (said === undefined || !sameItems(said.items, wanted.items, 'bytes')) {
    throw new EvidenceError(
      'file-exists',
      `${path} is the receipt of entry ${index}, which is of other bytes than these files have now; move it away, or deposit with --again`,
      { where: path },
    )
  }
  const sealed = Object.fromEntries(receipt.disclosures.map(({ claim, value }) => [claim, value]))
  const earlier = {
    iss: statement?.common.iss ?? '',
    items: said.items,
    relates: said.relates ?? [],
    sealed,
  }
  const differing = differences(earlier, wanted)
  if (differing.length > 0) {
    throw new EvidenceError(
      'deposit-differs',
      `these bytes were deposited as entry ${index}, which does not say the same: ${differing.join(', ')}; nothing was deposited now`,
      { where: path, index },
    )
  }
  return index
}

/** A statement that waits for its receipt: signed before, and perhaps never sent, or sent and never answered. */
export type Pending =
  | { readonly is: 'none' }
  /** A statement over the same files, by the same key, with the same claims: to be sent again, byte for byte. */
  | { readonly is: 'same'; readonly presentation: string }
  | { readonly is: 'other' }

/**
 * Looks at the statement that waits at a path. It may have come with the folder: one whose signature by the wanted key, or one of whose
 * disclosures, does not verify counts as another, as does one that was cut off while it was written, or is none.
 */
export function pendingStatement(path: string, wanted: WantedStatement): Pending {
  if (!existsSync(fsPath(path))) return { is: 'none' }
  const presentation = presentationAt(path)
  const isSame = valueOr(() => {
    const found = readPending(presentation, wanted.key)
    return (
      found.aud === wanted.origin &&
      found.iss === wanted.iss &&
      sameItems(found.items, wanted.items, 'all') &&
      canonical(found.relates) === canonical(wanted.relates) &&
      canonical(found.sealed) === canonical(wanted.sealed)
    )
  }, false)
  return isSame ? { is: 'same', presentation } : { is: 'other' }
}

/**
 * Moves the statement of a job, with its manifest, out of the way of another: it may have been sequenced, also where it was refused, and is
 * sent again by `evidence deposit --resend`. Gives its new path.
 */
export function setAside(job: DepositJob, pending: string, why: 'unanswered' | 'refused'): string {
  const places = (n: number): AsidePaths => asidePaths(pending, why, n)
  const kept = places(firstFree((n) => Object.values(places(n))))
  const manifest = 'manifest' in job ? pendingManifestPath(job.manifest) : undefined
  if (manifest !== undefined && existsSync(fsPath(manifest))) renameSync(fsPath(manifest), fsPath(kept.manifest))
  renameSync(fsPath(pending), fsPath(kept.statement))
  syncFolder(dirname(pending))
  return kept.statement
}

/** True where the receipt at a path is of this very statement, and not only of one that says the same. */
export function isReceiptOf(path: string, presentation: string): boolean {
  const { entry } = parseReceipt(readArtefact(path))
  return entry.known && entry.statement === splitPresentation(presentation).jws
}

/** True where a statement waits at a path, and the receipt is of it: nothing waits for an answer any more. */
export function isAnswered(receipt: string, pending: string): boolean {
  if (!existsSync(fsPath(pending))) return false
  return valueOr(() => isReceiptOf(receipt, presentationAt(pending)), false)
}

/** The presentation in a file. A line end is a text editor's, or another client's. */
export function presentationAt(path: string): string {
  return Buffer.from(readArtefact(path)).toString('latin1').trimEnd()
}

/** What a waiting statement says. Throws where it is not one that the key signed, with all that it sealed. */
export function readPending(presentation: string, key: Jwk): EarlierStatement & { readonly aud: string } {
  const { jws, disclosures } = splitPresentation(presentation)
  const envelope = readEnvelope(jws)
  const { signingInput, signature } = envelope.jws
  const isOurs = envelope.knownAlgorithm && envelope.header.kid === thumbprint(key)
  if (!isOurs || !verifyEd25519(publicKeyOf(key), signingInput, signature))
    throw new EvidenceError('signature-invalid', 'the statement that waits is not signed by the key that is to sign it')
  const statement = readStatement(envelope)
  const body = readBody(statement)
  const said = depositIn(body)
  if (body === undefined || said === undefined)
    throw new EvidenceError('kind-unknown', 'the statement that waits is no deposit')
  const { iss, aud } = statement.common
  const opened = requireDisclosures(body, disclosures)
  const sealed = Object.fromEntries(opened.map(({ claim, value }) => [claim, value]))
  return { aud, iss, items: said.items, relates: said.relates ?? [], sealed }
}

/** What is wanted now and an earlier deposit does not say, in words. */
function differences(earlier: EarlierStatement, wanted: WantedStatement): string[] {
  const found: string[] = []
  if (earlier.iss !== wanted.iss) found.push(`it was deposited by ${earlier.iss}, not by ${wanted.iss}`)
  if (!sameItems(earlier.items, wanted.items, 'all')) {
    const category = (items: readonly Item[]): string => JSON.stringify(items.map((item) => item.category ?? null))
    if (wanted.items.some((item) => item.category !== undefined) && category(earlier.items) !== category(wanted.items))
      found.push('another category')
    if (!hasDigests(earlier.items, wanted.items)) found.push('other digest algorithms')
  }
  if (wanted.relates.length > 0 && canonical(earlier.relates) !== canonical(wanted.relates))
    found.push('other relations')
  for (const [claim, value] of Object.entries(wanted.sealed)) {
    if (!(claim in earlier.sealed)) {
      // File names go in by themselves: that an earlier deposit recorded none is nothing that was asked for now.
      if (claim !== 'names') found.push(`${claim} is not in it, as far as the receipt shows`)
    } else if (canonical(earlier.sealed[claim]) !== canonical(value))
      found.push(claim === 'names' ? 'other file names' : `another ${claim}`)
  }
  return found
}

/** JSON with members in order, so that equal values have equal text. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  )
}

function hasDigests(earlier: readonly Item[], wanted: readonly Item[]): boolean {
  return wanted.every(({ digest }, i) => Object.keys(digest).every((name) => name in (earlier[i]?.digest ?? {})))
}

/** True for items of the same bytes, as far as both have digests of one algorithm, or for items that are equal in all they record. */
function sameItems(a: readonly Item[], b: readonly Item[], how: 'bytes' | 'all'): boolean {
  if (a.length !== b.length) return false
  if (how === 'all') return canonical(a) === canonical(b)
  return a.every((item, i) => {
    const other = b[i] as Item
    const shared = Object.entries(item.digest).filter(([name]) => name in other.digest)
    const isSame = shared.every(([name, hex]) => (other.digest as Record<string, string>)[name] === hex)
    return item.size === other.size && isSame
  })
}

/**
 * Keeps receipts and manifests that a new deposit takes the place of, with their time proofs and the like, as
 * `FILE.entry-INDEX.tlog-proof`: they stay valid, may be in somebody's hands, and are found by their number. Throws `file-exists` where a
 * receipt is none that tells its number.
 */
export function keepEarlier(receipts: readonly string[]): void {
  for (const receipt of receipts) {
    if (!existsSync(fsPath(receipt))) continue
    const index = indexOf(receipt)
    const files = companions(receipt).filter(({ path }) => existsSync(fsPath(path)))
    const free = firstFree((n) => files.map(({ kept }) => kept(index, n)))
    for (const { path, kept } of files) renameSync(fsPath(path), fsPath(kept(index, free)))
    syncFolder(dirname(receipt))
  }
}

function indexOf(receipt: string): number {
  try {
    return parseReceipt(readArtefact(receipt)).entry.index
  } catch (cause) {
    throw new EvidenceError(
      'file-exists',
      `${receipt} is there and is no receipt; move it away`,
      { where: receipt },
      { cause },
    )
  }
}
