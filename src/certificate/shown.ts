import { toHex } from '../core/base64.ts'
import { leafHash } from '../core/entry.ts'
import { EvidenceError } from '../core/errors.ts'
import { sha256 } from '../core/hash.ts'
import type { JsonValue } from '../core/json.ts'
import type { ManifestLine } from '../core/manifest.ts'
import { policyFingerprint } from '../core/policy-fingerprint.ts'
import { textOfBytes, withVisibleBytes } from '../core/text.ts'
import { timeText, tryTime } from '../core/time.ts'
import { utf8 } from '../core/bytes.ts'
import { itemsOf } from '../statements/said.ts'
import type { Item } from '../statements/members.ts'
import type { CheckResult } from '../check/steps/receipt.ts'
import { heldBy, stepsOf } from './custody.ts'
import {
  type CaseFields,
  type CertificateModel,
  certificateFormat,
  type Collection,
  collectionFields,
  type Shown,
  type ShownEvent,
  type ShownItem,
  type Stated,
  statedIn,
} from './model.ts'

/** Lines of a list of files that stand in the certificate itself. */
export const listedAtMost = 500

/** What the attachments came to, and what is read out of them besides. */
export interface Evidenced {
  readonly result: CheckResult
  /** The policy's bytes. */
  readonly policy: Uint8Array
  /** Lines of the attached list. */
  readonly lines: readonly ManifestLine[]
  /** What the attached receipts of later entries say. */
  readonly later: readonly ShownEvent[]
}

/** What no JSON of ours may hold: U+0000 and noncharacters. */
function isUnwritable(code: number): boolean {
  return code === 0 || (code & 0xfffe) === 0xfffe || (code >= 0xfdd0 && code <= 0xfdef)
}

/**
 * A text from outside, as a certificate's fields hold it: bytes that are not UTF-8, and what JSON has no text for, are written out as `visible`
 * does, and so is a backslash that would read as the beginning of such.
 */
export function modelText(text: string): string {
  return Array.from(withVisibleBytes(text.replace(/\\(?=[ux]\{)/g, '\\u{5c}')), (character) => {
    const code = character.codePointAt(0) as number
    return isUnwritable(code) || /\p{Cs}/u.test(character) ? `\\u{${code.toString(16)}}` : character
  }).join('')
}

/**
 * A certificate's fields, out of what its attachments show and what its maker states. Throws `certificate-differs` where the maker states
 * what the attachments show otherwise, `reference-kind` where they show no deposit, `certificate-malformed` where what is stated has not its
 * shape.
 */
export function modelOf(evidenced: Evidenced, given: Stated): CertificateModel {
  const stated = statedIn(given)
  const shown = shownBy(evidenced, stated)
  const rest = { stated, shown }
  const digest = toHex(sha256(utf8(JSON.stringify(rest)))).slice(0, 12)
  const number = `EL-${shown.index}-${(digest.match(/.{4}/g) as string[]).join('-')}`
  return { format: certificateFormat, number, ...rest }
}

function shownBy({ result, policy, lines, later }: Evidenced, stated: Stated): Shown {
  const { checked, evidence, byTransition } = result
  if (checked?.statement === undefined || checked.body === undefined || itemsOf(checked.body).length === 0)
    throw new EvidenceError('reference-kind', 'the receipt is of no deposit, and only a deposit has a certificate')
  const { receipt, statement, body, disclosures, witnesses, withheld } = checked
  const { entry, proof, entryBytes } = receipt
  const claim = (name: string): JsonValue | undefined => disclosures.find((one) => one.claim === name)?.value
  const names = claim('names')
  const nameOf = (i: number): string | null => {
    const name = Array.isArray(names) ? names[i] : undefined
    return typeof name === 'string' ? modelText(name) : null
  }
  const note = claim('note')
  return {
    kind: evidence.kind,
    policy: policyFingerprint(policy),
    origin: proof.checkpoint.origin,
    index: entry.index,
    time: entry.known ? entry.time : '',
    leafHash: toHex(leafHash(entryBytes)),
    size: proof.checkpoint.size,
    root: toHex(proof.checkpoint.root),
    witnesses: witnesses.map(({ name, timestamp = 0 }) => ({
      name,
      time: timestamp === 0 ? null : timeText(timestamp * 1000),
    })),
    byTransition,
    signer: { id: statement.common.iss, key: statement.header.kid },
    items: itemsOf(body).map((item, i) => itemShown(item, i, nameOf(i))),
    part: partShown(result, itemsOf(body), stated.compared),
    cases: casesShown(claim('case')),
    collection: collectionShown(claim('collection')),
    note: typeof note === 'string' ? modelText(note) : null,
    withheld,
    later,
    custody: custodyShown(statement.common.iss, entry.index, itemsOf(body).length, { later, stated }),
    flagged: entry.known && later.some((event) => flagsAt(event, entry.time)),
    files: lines
      .slice(0, listedAtMost)
      .map(({ path, sha256: digest }) => ({ path: modelText(textOfBytes(path)), sha256: digest })),
  }
}

/** Who holds each item. Throws `certificate-differs` where the maker states steps of custody of other items, or fewer of one than are attached. */
function custodyShown(
  depositor: string,
  index: number,
  count: number,
  { later, stated }: { readonly later: readonly ShownEvent[]; readonly stated: Stated },
): Shown['custody'] {
  const told = stated.later?.steps ?? null
  if (told !== null && told.length !== count)
    throw contradicts('the certificate states steps of custody of other items than were deposited')
  if (told?.some((steps, item) => stepsOf(later, item).length > steps) === true)
    throw contradicts('the certificate states fewer steps of custody than are attached')
  return heldBy({ depositor, index, count, told }, later)
}

/** Whether an event says that the key was compromised at or before a time. */
export function flagsAt({ compromisedSince }: Pick<ShownEvent, 'compromisedSince'>, time: string): boolean {
  return (tryTime(compromisedSince ?? '') ?? Infinity) <= (tryTime(time) ?? -Infinity)
}

const digestList = (digest: Readonly<Record<string, string>>): [string, string][] => Object.entries(digest)

function itemShown(item: Item, number: number, name: string | null): ShownItem {
  const { size, digest, mediaType = null, category = null, acquired, tree } = item
  return {
    number,
    name,
    category,
    mediaType,
    size,
    digests: digestList(digest),
    acquired:
      acquired === undefined
        ? null
        : { source: acquired.source, size: acquired.size, digests: digestList(acquired.digest) },
    tree: tree === undefined ? null : { lines: tree.size, root: tree.root },
  }
}

const contradicts = (message: string): EvidenceError =>
  new EvidenceError('certificate-differs', message, { where: 'certificate.json' })

/** The part of the deposit that was compared, which must be what the maker states to have compared. */
function partShown(result: CheckResult, items: readonly Item[], compared: Stated['compared']): Shown['part'] {
  const { item, line, evidence } = result
  if (evidence.kind === 'file-proof') {
    if (item === undefined || line === undefined) return null
    const digests = compared?.what === 'file' ? compared.digests : []
    if (compared?.what === 'folder' || digests.some(([name, hex]) => name !== 'sha256' || hex !== line.sha256))
      throw contradicts('the certificate states another file than the attached proof is of')
    const path = modelText(textOfBytes(line.path))
    return { item, line: { number: line.index, path, sha256: line.sha256 } }
  }
  if (compared === null) return null
  if (compared.what === 'folder') {
    // A list that is too long is not attached: then the item is the one that lists as many files.
    const at = evidence.kind === 'manifest' ? item : items.findIndex(({ tree }) => tree?.size === compared.files)
    if (at === undefined || items[at]?.tree?.size !== compared.files)
      throw contradicts('the certificate states another folder than the attached list is of')
    return { item: at, line: null }
  }
  const same = items.findIndex(({ size, digest }) => size === compared.size && sameDigests(digest, compared.digests))
  if (same < 0) throw contradicts('the certificate states a file that the attached receipt has no such digest of')
  return { item: same, line: null }
}

function sameDigests(digest: Readonly<Record<string, string>>, found: readonly (readonly [string, string])[]): boolean {
  const names = Object.keys(digest)
  return found.length === names.length && found.every(([name, hex]) => digest[name] === hex)
}

/* Sealed values are judged by a server when they are sent in, and by nobody after: here they are whatever JSON they are. */

function member(value: JsonValue | undefined, name: string): JsonValue | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  return Object.hasOwn(value, name) ? value[name] : undefined
}

/** A member as a line of text; null where there is none. */
function field(value: JsonValue | undefined, name: string): string | null {
  const found = member(value, name)
  if (found === undefined || found === null) return null
  return modelText(typeof found === 'string' ? found : JSON.stringify(found))
}

function casesShown(value: JsonValue | undefined): CaseFields[] {
  if (!Array.isArray(value)) return []
  return value.map((one) => ({
    authority: field(one, 'authority'),
    number: field(one, 'number'),
    stage: field(one, 'stage'),
    cause: joined([field(member(one, 'cause'), 'text'), field(member(one, 'cause'), 'code')]),
  }))
}

function joined(parts: readonly (string | null)[]): string | null {
  const there = parts.filter((part) => part !== null)
  return there.length === 0 ? null : there.join(' · ')
}

function personText(value: JsonValue | undefined): string | null {
  return joined([field(value, 'name'), field(value, 'office'), field(value, 'id')])
}

function collectionShown(value: JsonValue | undefined): Collection | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null
  const authorisation = member(value, 'authorisation')
  const time = member(value, 'time')
  const own = Object.fromEntries(collectionFields.map((name) => [name, field(value, name)])) as Record<
    (typeof collectionFields)[number],
    string | null
  >
  const officers = member(value, 'officers')
  return {
    ...own,
    authorisation: joined(['number', 'authority', 'validUntil'].map((name) => field(authorisation, name))),
    tool: joined([field(value, 'tool'), field(value, 'toolVersion')]),
    start: field(time, 'start'),
    end: field(time, 'end'),
    clock: joined([field(time, 'zone'), field(time, 'clock')]),
    officers: (Array.isArray(officers) ? officers : []).map(personText).filter((text) => text !== null),
    witness: personText(member(value, 'witness')),
  }
}
