import { existsSync, renameSync } from 'node:fs'
import { dirname } from 'node:path'
import { valueOr } from '../../src/core/attempt.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import type { JsonValue } from '../../src/core/json.ts'
import type { Jwk } from '../../src/core/jwk.ts'
import type { Policy } from '../../src/core/policy.ts'
import { parseReceipt } from '../../src/core/receipt.ts'
import { syncFolder } from '../../src/node/durable-file.ts'
import { fsPath } from '../../src/node/file-path.ts'
import type { Item, Relation } from '../../src/statements/members.ts'
import { checkReceipt } from '../../src/verify/check-receipt.ts'
import { takesThePlaceOf, withoutQuorum } from '../../src/client/deposit-answer.ts'
import { firstFree } from '../files/outputs.ts'
import type { DepositJob } from './plan.ts'
import { depositIn, depositKind, type DepositMembers } from './statement.ts'
import type { Audience } from '../statements/signing-ledger.ts'
import { canonical, keptStatement, type WantedStatement } from '../statements/waiting.ts'
import { readArtefact } from '../../src/check/node/artefact.ts'
import { companions } from '../../src/node/artefact-names.ts'

/** A deposit that is to be made. */
export interface WantedDeposit {
  readonly origin: Audience
  readonly iss: string
  /** The public key that signs. */
  readonly key: Jwk
  readonly items: readonly Item[]
  readonly relates: readonly Relation[]
  /** All sealed claims by name, the names of files included. */
  readonly sealed: Readonly<Record<string, JsonValue>>
}

/** The statement that makes a deposit. */
export function statementOf({ items, relates, ...wanted }: WantedDeposit): WantedStatement {
  const members: DepositMembers = { items: [...items], ...(relates.length === 0 ? {} : { relates: [...relates] }) }
  return { ...wanted, kind: depositKind, members }
}

/** A deposit that was signed before, as far as its receipt or statement shows it. */
type EarlierDeposit = Pick<WantedDeposit, 'iss' | 'items' | 'relates' | 'sealed'>

/**
 * Index of the entry that the receipts of a job name, where they are there and the entry says all that is wanted now. Throws
 * `deposit-differs` where it says something else: a note or a case that is given now would otherwise be dropped in silence;
 * `file-exists` where a receipt is of something else.
 */
export function earlierDeposit(job: DepositJob, wanted: WantedDeposit, policy: Policy): number | undefined {
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

function earlierReceipt(path: string, wanted: WantedDeposit, policy: Policy): number | undefined {
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

/**
 * True where the receipt at a path is of this very statement, and not only of one that says the same, and shows all that it seals: a receipt
 * that withholds a claim does not have its salt, and the statement does.
 */
export function isReceiptOf(path: string, presentation: string): boolean {
  return takesThePlaceOf(parseReceipt(readArtefact(path)), presentation)
}

/** True where a statement waits at a path, and the receipt takes its place: nothing waits for an answer any more. */
export function isAnswered(receipt: string, pending: string): boolean {
  if (!existsSync(fsPath(pending))) return false
  return valueOr(() => isReceiptOf(receipt, keptStatement(pending).presentation), false)
}

/** What is wanted now and an earlier deposit does not say, in words. */
function differences(earlier: EarlierDeposit, wanted: WantedDeposit): string[] {
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
