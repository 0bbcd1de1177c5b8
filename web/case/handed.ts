import type { Hashing } from '../../src/check/steps/dropped-set.ts'
import { attempt, settled, settledOr } from '../../src/core/attempt.ts'
import { toBase64 } from '../../src/core/base64.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { verifyEd25519 } from '../../src/core/ed25519.ts'
import { leafHash, statusHash } from '../../src/core/entry.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import { publicKeyOf } from '../../src/core/jwk.ts'
import { parseReceipt } from '../../src/core/receipt.ts'
import type { Policy } from '../../src/core/policy.ts'
import { withoutQuorum } from '../../src/client/deposit-answer.ts'
import { checkReceipt } from '../../src/verify/check-receipt.ts'
import type { ShownEntries } from '../../src/core/shown.ts'
import type { LedgerClient } from '../../src/client/ledger-client.ts'
import { readBody } from '../../src/statements/body.ts'
import type { Release } from '../../src/statements/custody-release.ts'
import type { Item } from '../../src/statements/members.ts'
import { openStatement } from '../../src/statements/open.ts'
import { type OpenedRelease, parseReleaseFile, releaseEnding } from '../../src/statements/release-file.ts'
import { itemsOf } from '../../src/statements/said.ts'
import type { DroppedFile } from '../check/hashing.ts'

interface EntryIn {
  readonly index: number
  /** Padded base64 of its leaf hash. */
  readonly hash: string
  readonly status: Uint8Array
  readonly items: readonly Item[]
}

/** What a receiver handed over: a release, receipts of its exhibits, and files by size and SHA-256. */
export interface HandedOver {
  readonly release: OpenedRelease | undefined
  /** Why a file that is called a release is none. */
  readonly refusal: EvidenceError | undefined
  /** Texts of receipts. */
  readonly receipts: readonly string[]
  /** `size sha256` of each file. */
  readonly files: ReadonlySet<string>
}

export const nothingHanded: HandedOver = {
  release: undefined,
  refusal: undefined,
  receipts: [],
  files: new Set(),
}

const receiptEnding = '.tlog-proof'
/** Bytes of the largest receipt, and of the largest file of a release, that are read. */
const mostReceipt = 1024 * 1024
const mostRelease = 2 * 1024 * 1024

/** Sorts what was handed over; files are hashed. A later release takes the place of an earlier one. Throws `file-unreadable`. */
export async function taken(
  before: HandedOver,
  given: readonly DroppedFile[],
  hashing: Hashing,
  onFile: (path: string) => void,
): Promise<HandedOver> {
  let { release, refusal } = before
  const receipts = [...before.receipts]
  const files = new Set(before.files)
  for (const file of given) {
    onFile(file.path)
    if (file.path.endsWith(releaseEnding)) {
      const read = await settled(readFile(file))
      refusal = read instanceof EvidenceError ? read : undefined
      release = read instanceof EvidenceError ? undefined : read
    } else if (file.path.endsWith(receiptEnding) && file.size <= mostReceipt) receipts.push(await file.blob.text())
    else {
      const { size, digest } = await hashing.digests(file, ['sha256'])
      files.add(`${size} ${digest['sha256']}`)
    }
  }
  return { release, refusal, receipts, files }
}

/** Reads the file of a release. Throws `release-malformed`, also for one with the receipt of an entry that the release does not name, and the codes of its parts. */
async function readFile({ size, readAt }: DroppedFile): Promise<OpenedRelease> {
  if (size > mostRelease) throw malformed('is longer than any release')
  const file = parseReleaseFile(await readAt(0, size))
  const isNamed = (text: string): boolean => {
    const hash = entryOf(text)?.hash
    return file.opened.exhibits.some(({ leafHash: named }) => named === hash)
  }
  if (file.receipts.every(isNamed)) return file
  throw malformed('has a receipt of an entry that the release does not name')
}

function malformed(why: string): EvidenceError {
  return new EvidenceError('release-malformed', `the file ${why}`, { where: 'release' })
}

/** One item of an exhibit, and whether a file that was handed over has its size and SHA-256. */
export interface FoundItem {
  readonly item: number
  readonly isHere: boolean
}

/** One exhibit of a release: which of its items are among the files. */
export interface Compared {
  readonly index: number
  readonly item: number | undefined
  /** Undefined where nothing shows what was deposited. */
  readonly found: { readonly count: number; readonly all: number; readonly items: readonly FoundItem[] } | undefined
  /** Whether a receipt that came with it does not hold under the policy, but for its quorum. */
  readonly isBroken: boolean
}

/**
 * Compares files with the exhibits of a release: what was deposited is read out of a receipt that was handed over, or that the ledger gives; the
 * leaf hash in the release says that it is the entry that the giver meant.
 */
export async function compared(
  client: LedgerClient,
  { opened, receipts }: OpenedRelease,
  handed: HandedOver,
  policy: Policy,
): Promise<Compared[]> {
  const own = [...receipts, ...handed.receipts].flatMap((text) => {
    const entry = entryOf(text)
    return entry === undefined ? [] : [{ ...entry, isSound: isSound(text, policy) }]
  })
  const all: Compared[] = []
  for (const { index, leafHash: hash, item } of opened.exhibits) {
    const given = own.filter((one) => one.hash === hash)
    let entry: EntryIn | undefined = given.find((one) => one.isSound)
    if (entry === undefined) {
      const text = await settledOr(client.receipt(index), undefined)
      const asked = text === undefined ? undefined : entryOf(text)
      entry = asked?.hash === hash && isSound(text ?? '', policy) ? asked : undefined
    }
    const found = entry === undefined ? undefined : foundOf(entry.items, item, handed.files)
    all.push({ index, item, found, isBroken: given.some((one) => !one.isSound) })
  }
  return all
}

function foundOf(
  items: readonly Item[],
  only: number | undefined,
  files: ReadonlySet<string>,
): NonNullable<Compared['found']> {
  const looked = items.map(({ size, digest }, item) => ({ item, isHere: files.has(`${size} ${digest['sha256']}`) }))
  const meant = looked.filter(({ item }) => only === undefined || item === only)
  return { count: meant.filter(({ isHere }) => isHere).length, all: meant.length, items: meant }
}

/** Whether a receipt holds under a policy, but for its quorum: witnesses may come later. */
function isSound(text: string, policy: Policy): boolean {
  const { receipt, faults, unjudged } = checkReceipt(utf8(text), withoutQuorum(policy))
  return receipt !== undefined && faults.length === 0 && unjudged.length === 0
}

/** Entries of a release that its receiver has, by their status hash: so it may refer to what it may not read yet. */
export function shownBy({ receipts }: OpenedRelease): ShownEntries {
  const entries = receipts.flatMap((text) => entryOf(text) ?? [])
  return new Map(entries.map(({ index, status }) => [index, status]))
}

/** The items and leaf hash of the entry in a receipt; undefined where it cannot be read. */
function entryOf(text: string): EntryIn | undefined {
  const read = attempt(() => {
    const { entry, entryBytes } = parseReceipt(utf8(text))
    return {
      index: entry.index,
      status: statusHash(entryBytes),
      hash: toBase64(leafHash(entryBytes)),
      items: entry.known ? itemsOf(readBody(openStatement(entry.statement))) : [],
    }
  })
  return read instanceof EvidenceError ? undefined : read
}

/** Whether a release is signed by a key in use of its giver; undefined where the ledger does not show the key. Throws nothing. */
export async function isSigned(client: LedgerClient, { iss, header, jws }: Release): Promise<boolean | undefined> {
  const participants = await settledOr(client.participants(), undefined)
  if (participants === undefined) return undefined
  const key = participants.find(({ id }) => id === iss)?.keys.find(({ thumbprint }) => thumbprint === header.kid)
  if (key?.status !== 'active') return false
  const { crv, kty, x } = key.jwk ?? { crv: '', kty: '', x: '' }
  if (crv !== 'Ed25519' || kty !== 'OKP') return undefined
  const bytes = attempt(() => publicKeyOf({ crv, kty, x }))
  return bytes instanceof EvidenceError ? false : verifyEd25519(bytes, jws.signingInput, jws.signature)
}
