import { attempt } from '../core/attempt.ts'
import { toBase64, tryBase64 } from '../core/base64.ts'
import { equalBytes, utf8 } from '../core/bytes.ts'
import type { Checkpoint } from '../core/checkpoint-text.ts'
import { parseSignedCheckpoint } from '../core/checkpoint.ts'
import { leafHash } from '../core/entry.ts'
import { EvidenceError, isEvidenceError } from '../core/errors.ts'
import type { Jwk } from '../core/jwk.ts'
import { verifyConsistency, verifyInclusion } from '../core/merkle/verify.ts'
import { defined } from '../core/objects.ts'
import { applyPolicy, type Policy } from '../core/policy.ts'
import { encodeReceipt } from '../core/receipt.ts'
import { tryTime } from '../core/time.ts'
import { laterEventNames } from '../statements/later-event-names.ts'
import { type EventSubject, type LaterEvent, laterEventsIn } from '../statements/later-events.ts'
import { type CheckedReceipt, checkReceipt, subjectOf } from './check-receipt.ts'
import { type Finding, findingOf } from './report.ts'

/** A later event: the later entry was shown, is in the tree, and says so. */
export interface ProvenEvent extends LaterEvent {
  readonly proven: true
  readonly index: number
  readonly time: string
  readonly kind: string
}

/** A later entry that is in the tree, and is not shown: that it is about the earlier one at all is the ledger's word, which nothing signs. */
export interface StatedEvent {
  readonly proven: false
  readonly index: number
  readonly what: LaterEvent['what']
}

export type CheckedEvent = ProvenEvent | StatedEvent

/** What a ledger may tell of without showing it: what others said of the entry. All else is by or about its own signer, and shown whole. */
const mayBeStated: ReadonlySet<LaterEvent['what']> = new Set(['attested', 'related', 'erasure-ordered'])

/** An entry that an answer showed: its receipt, made of the answer, with its checkpoint and without disclosures; and what checking it found, which is no fault. */
export interface ShownEntry {
  readonly receipt: Uint8Array
  readonly checked: CheckedReceipt
}

/** What a ledger's answer about an entry comes to (docs/spec/15-status.md). */
export interface CheckedStatus {
  readonly faults: readonly Finding[]
  readonly unjudged: readonly Finding[]
  /** Undefined where the answer's checkpoint cannot be trusted. */
  readonly size: number | undefined
  readonly events: readonly CheckedEvent[]
  /** The entries that were shown, by index. */
  readonly shown: ReadonlyMap<number, ShownEntry>
  /** True where a proven event says that the key, or the participant, was compromised at the entry's time. */
  readonly flagged: boolean
  readonly next: number | undefined
}

/** What an answer about an entry can never show. */
export const statusLimits = 'That nothing is left out is the ledger’s word: only somebody who has the entries can tell.'

/** Most events that an answer may have. */
const maxEvents = 1000

interface EventDocument extends LaterEvent {
  readonly index: number
  readonly time: string
  readonly kind: string
  readonly leafHash: Uint8Array
  readonly hashes: readonly Uint8Array[]
  readonly entry: Uint8Array | undefined
  readonly signer: Jwk | undefined
}
interface StatusDocument {
  readonly size: number
  readonly checkpoint: string
  readonly hashes: readonly Uint8Array[]
  readonly consistency: readonly Uint8Array[] | undefined
  readonly events: readonly EventDocument[]
  readonly next: number | undefined
}

/**
 * Checks a ledger's answer against a receipt that was checked before. `after` is the `next` of the page before. Never throws
 * for what the answer holds. Pages are each bound to a checkpoint of their own, and to the receipt's.
 */
export function checkStatus(answer: unknown, checked: CheckedReceipt, policy: Policy, after?: number): CheckedStatus {
  const faults: Finding[] = []
  const unjudged: Finding[] = []
  const none = {
    faults,
    unjudged,
    size: undefined,
    events: [],
    shown: new Map<number, ShownEntry>(),
    flagged: false,
    next: undefined,
  }
  const { receipt } = checked
  const { proof, entryBytes } = receipt
  const hash = leafHash(entryBytes)
  try {
    requireOneTree(answer, proof.checkpoint, policy)
    const document = readDocument(answer)
    const { index, leafHash: told } = answer as { index: unknown; leafHash: unknown }
    if (index !== proof.index || told !== toBase64(hash)) throw bad('is about another entry than was asked for')
    const checkpoint = trustedCheckpoint(document, proof.checkpoint, policy)
    const { size, root } = checkpoint
    if (size < proof.checkpoint.size) {
      throw new EvidenceError('status-behind', 'the ledger answers as of fewer entries than the receipt’s checkpoint', {
        expected: `at least ${proof.checkpoint.size}`,
        found: String(size),
      })
    }
    requireConsistent(proof.checkpoint, checkpoint, document.consistency)
    if (!verifyInclusion({ index: proof.index, size, leafHash: hash, proof: document.hashes, root })) {
      throw new EvidenceError('inclusion-invalid', 'the answer does not prove the entry in its checkpoint')
    }
    const events: CheckedEvent[] = []
    const subject = subjectOf(checked)
    const shown = new Map<number, ShownEntry>()
    let last = Math.max(proof.index, after ?? proof.index)
    for (const event of document.events) {
      const isSame = events.some(({ index: before }) => before === event.index)
      if (event.index < last || (event.index === last && !isSame)) throw bad('has events out of order')
      last = event.index
      requireIncluded(event, checkpoint)
      const { index: at, time, kind, what } = event
      const found = event.entry === undefined ? undefined : requireSaid(event, document, policy, subject)
      if (found === undefined && !mayBeStated.has(what))
        throw bad(`does not show the entry ${at}, of which it says: ${what}`)
      if (found !== undefined) shown.set(at, found.shown)
      events.push(
        found === undefined
          ? { proven: false, index: at, what }
          : { proven: true, index: at, time, kind, ...found.said },
      )
    }
    const { timeMs } = receipt.entry
    const flagged = events.some(
      (event) => event.proven && (tryTime(event.compromisedSince ?? '') ?? Infinity) <= timeMs,
    )
    // What this page proves stays proven.
    const { next } = document
    const goesOn = next === undefined || (next >= last && next > (after ?? -1))
    if (!goesOn) faults.push(findingOf(bad('names a next page that does not go on')))
    return { faults, unjudged, size, events, shown, flagged, next: goesOn ? next : undefined }
  } catch (error) {
    if (!isEvidenceError(error)) throw error
    ;(error.kind.exit === 4 ? unjudged : faults).push(findingOf(error))
    return none
  }
}

function bad(why: string): EvidenceError {
  return new EvidenceError('status-malformed', `the ledger’s answer about the entry ${why}`)
}

function trustedCheckpoint({ checkpoint, size }: StatusDocument, { origin }: Checkpoint, policy: Policy): Checkpoint {
  const signed = signedOf(checkpoint, origin, policy)
  if (signed.size !== size) throw bad('is not as of its checkpoint’s size')
  return signed
}

function signedOf(text: string, origin: string, policy: Policy): Checkpoint {
  const { checkpoint, note } = parseSignedCheckpoint(utf8(text))
  if (checkpoint.origin !== origin) throw bad('has the checkpoint of another ledger')
  applyPolicy(policy, note, origin)
  return checkpoint
}

/**
 * Before anything else is read of an answer: that the ledger signed two trees of one size is borne out by the two signatures, whatever the
 * rest of it is. Throws `consistency-invalid`; what keeps the checkpoint from being read is found again in its turn.
 */
function requireOneTree(answer: unknown, from: Checkpoint, policy: Policy): void {
  const { checkpoint } = objectOf(answer)
  if (typeof checkpoint !== 'string') return
  const to = attempt(() => signedOf(checkpoint, from.origin, policy))
  if (!(to instanceof EvidenceError) && to.size === from.size && !equalBytes(to.root, from.root)) throw fork(from, to)
}

/** The fault of a ledger that signed another tree of a size that it signed before. */
function fork(from: Checkpoint, to: Checkpoint): EvidenceError {
  const message = 'the ledger signed another tree of the receipt’s size: keep the receipt and the answer'
  return new EvidenceError('consistency-invalid', message, {
    where: twoTrees,
    expected: `from size ${from.size}, root ${toBase64(from.root)}`,
    found: `size ${to.size}, root ${toBase64(to.root)}`,
  })
}

/**
 * `where` of a finding that two signatures of the ledger bear out by themselves: two trees of one size. That a later checkpoint goes on from an
 * earlier one is shown by hashes that nobody signs, and an earlier checkpoint contradicts nothing.
 */
export const twoTrees = 'checkpoint'

function requireConsistent(from: Checkpoint, to: Checkpoint, proof: readonly Uint8Array[] | undefined): void {
  const isSame = from.size === to.size && proof === undefined
  const holds = isSame
    ? equalBytes(from.root, to.root)
    : proof !== undefined &&
      verifyConsistency({ size1: from.size, size2: to.size, root1: from.root, root2: to.root, proof })
  if (holds) return
  const facts = { expected: `from size ${from.size}, root ${toBase64(from.root)}`, found: `size ${to.size}` }
  const message = 'the answer does not show that its checkpoint goes on from the receipt’s: keep both, and ask again'
  throw new EvidenceError('consistency-invalid', message, facts)
}

function requireIncluded({ index, leafHash: hash, hashes }: EventDocument, { size, root }: Checkpoint): void {
  if (verifyInclusion({ index, size, leafHash: hash, proof: hashes, root })) return
  throw new EvidenceError('inclusion-invalid', `the answer does not prove the later entry ${index}`, { index })
}

/**
 * A shown entry makes a receipt with the answer's checkpoint, and must say what the answer says of it. Gives it, and what the entry
 * itself says, which may be more: who passed something on, and what is to be said beside it.
 */
function requireSaid(
  event: EventDocument,
  { checkpoint }: StatusDocument,
  policy: Policy,
  subject: EventSubject,
): { readonly shown: ShownEntry; readonly said: LaterEvent } {
  const { index, entry, signer, hashes, time, kind, what } = event
  if (signer === undefined || entry === undefined) throw bad('shows an entry without its signer’s key')
  const receipt = utf8(encodeReceipt({ entryBytes: entry, signer, disclosures: [] }, index, hashes, checkpoint))
  const checked = checkReceipt(receipt, policy)
  const [fault] = [...checked.faults, ...checked.unjudged]
  if (fault !== undefined) throw new EvidenceError(fault.code, `the later entry ${index}: ${fault.message}`, { index })
  if (checked.receipt === undefined || checked.statement === undefined) throw bad('shows an entry that cannot be read')
  const isEntry = checked.receipt.entry.time === time && checked.statement.common.kind === kind
  const said = laterEventsIn(subject, checked.statement).find((one) => one.what === what && saysTheSame(one, event))
  if (!isEntry || said === undefined || !equalBytes(leafHash(entry), event.leafHash)) {
    throw bad(`says of entry ${index} what that entry does not`)
  }
  return { shown: { receipt, checked }, said }
}

function saysTheSame(a: Omit<LaterEvent, 'what'>, b: Omit<LaterEvent, 'what'>): boolean {
  return a.code === b.code && a.compromisedSince === b.compromisedSince && a.item === b.item && a.line === b.line
}

type Raw = Readonly<Record<string, unknown>>

function readDocument(answer: unknown): StatusDocument {
  const raw = objectOf(answer)
  const { size, checkpoint, next, events, consistency } = raw
  if (!isCount(size) || typeof checkpoint !== 'string') throw bad('has no size or checkpoint')
  if (next !== null && !isCount(next)) throw bad('does not say whether there is more')
  if (!Array.isArray(events) || events.length > maxEvents) throw bad('has no list of events, or too long a one')
  return {
    size,
    checkpoint,
    hashes: hashesOf(raw['hashes']),
    consistency: consistency === undefined ? undefined : hashesOf(consistency),
    events: events.map(readEvent),
    next: next ?? undefined,
  }
}

function readEvent(value: unknown): EventDocument {
  const raw = objectOf(value)
  const { index, time, kind, code, compromisedSince, item, line, entry, signer } = raw
  const what = laterEventNames.find((name) => name === raw['what'])
  const hash = bytesOf(raw['leafHash'])
  if (!isCount(index) || typeof time !== 'string' || tryTime(time) === undefined)
    throw bad('has an event without place')
  if (what === undefined || typeof kind !== 'string' || hash?.length !== 32) throw bad('has an event that is none')
  if (code !== undefined && typeof code !== 'string') throw bad('has an event whose code is no text')
  if (
    compromisedSince !== undefined &&
    (typeof compromisedSince !== 'string' || tryTime(compromisedSince) === undefined)
  )
    throw bad('has an event whose time of compromise is none')
  if ((item !== undefined && !isCount(item)) || (line !== undefined && !isCount(line)))
    throw bad('has an event whose item or line is no number')
  const bytes = entry === undefined ? undefined : bytesOf(entry)
  if (entry !== undefined && bytes === undefined) throw bad('shows an entry that is no base64')
  return {
    index,
    time,
    kind,
    what,
    leafHash: hash,
    hashes: hashesOf(raw['hashes']),
    ...defined({ code, compromisedSince, item, line }),
    entry: bytes,
    signer: signer === undefined ? undefined : jwkFrom(signer),
  }
}

function jwkFrom(value: unknown): Jwk {
  const { crv, kty, x } = objectOf(value)
  if (crv !== 'Ed25519' || kty !== 'OKP' || typeof x !== 'string') throw bad('has a signer’s key that is none')
  return { crv, kty, x }
}

function objectOf(value: unknown): Raw {
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    throw bad('is not the object that it should be')
  return value as Raw
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function bytesOf(value: unknown): Uint8Array | undefined {
  return typeof value === 'string' ? tryBase64(value) : undefined
}

function hashesOf(value: unknown): Uint8Array[] {
  if (!Array.isArray(value) || value.length > 128) throw bad('has no list of hashes, or too long a one')
  return value.map((one) => {
    const hash = bytesOf(one)
    if (hash?.length !== 32) throw bad('has a hash that is none')
    return hash
  })
}
