import { timingSafeEqual } from 'node:crypto'
import { append } from '../core/arrays.ts'
import { settledOr } from '../core/attempt.ts'
import { toBase64 } from '../core/base64.ts'
import { statusHash } from '../core/entry.ts'
import { EvidenceError } from '../core/errors.ts'
import type { Jwk } from '../core/jwk.ts'
import { type EventSubject, type LaterEvent, laterEventsIn, subjectIn } from '../statements/later-events.ts'
import type { LookupKey } from './lookup.ts'
import { everything } from './lookup-scope.ts'
import type { LedgerReads, ServedEntry } from './reads.ts'

/**
 * Events after which an answer ends, and bytes of shown entries that it holds at most. What one entry says, which is told in one answer,
 * always fits: it is shown with each event, and those are as many as a deposit may have relations.
 */
export const maxStatusEvents = 100
const maxStatusBytes = 4 * 1024 * 1024

/** A later entry with what it says of the one that was asked for. */
export interface StatusEvent extends LaterEvent {
  readonly entry: ServedEntry
  readonly signer: Jwk
  /** Whether the asker may read the entry. */
  readonly isShown: boolean
  /** Inclusion proof in the answer's checkpoint. */
  readonly proof: readonly Uint8Array[]
}

/** What happened to an entry, as of one signed checkpoint (docs/spec/15-status.md). */
export interface EntryStatus {
  readonly subject: ServedEntry
  readonly size: number
  /** The signed checkpoint of `size`. */
  readonly note: string
  readonly proof: readonly Uint8Array[]
  readonly consistency: readonly Uint8Array[] | undefined
  readonly events: readonly StatusEvent[]
  /** Index to go on after, where there are more. */
  readonly next: number | undefined
}

export interface StatusQuery {
  readonly index: number
  /** 32 bytes ({@link statusHash}): shows that the asker has the entry. Without it, `requireMayRead` decides. */
  readonly entryHash?: Uint8Array | undefined
  /** The asker's own right to the entry; throws where there is none. */
  readonly requireMayRead: (entry: ServedEntry) => void
  /** Whether the asker is told of records of the entry; else they are not looked for. */
  readonly mayReadRecords: (entry: ServedEntry) => boolean
  /** Whether the asker may read the entry that an event is told of. */
  readonly mayReadEvent: (event: LaterEvent, entry: ServedEntry) => boolean
  /** Size of the asker's checkpoint. */
  readonly from?: number | undefined
  /** Only events of entries after it. */
  readonly after?: number | undefined
}

/**
 * Finds what later entries say of one. Throws `entry-not-found` for a wrong entry hash as for an entry that there is none
 * of, what `requireMayRead` throws, `size-unknown`, `storage-damaged`, `lookups-unverified`, `lookups-damaged`.
 */
export async function statusOf(reads: LedgerReads, query: StatusQuery): Promise<EntryStatus> {
  // Of one moment: no await between them.
  const { size, checkpoint: note } = reads
  const subject = await subjectOf(reads, query)
  const { index } = subject
  const about = subjectIn(subject.statement, index, toBase64(subject.leafHash))
  const consistency = query.from === undefined ? undefined : await consistencyFrom(reads, query.from, size)
  const after = Math.max(index, query.after ?? index)
  const found = await laterIndices(reads, about, after, size, query.mayReadRecords(subject))
  const events: StatusEvent[] = []
  let next: number | undefined
  let last = after
  let room = maxStatusBytes
  for (const at of found) {
    if (events.length >= maxStatusEvents) {
      next = last
      break
    }
    const entry = await reads.entry(at)
    const said = laterEventsIn(about, entry.statement).map((event) => ({
      ...event,
      isShown: query.mayReadEvent(event, entry),
    }))
    // What the asker is not shown takes no room: where a page ends must tell nothing of it.
    const bytes = entry.bytes.length * said.filter(({ isShown }) => isShown).length
    if (bytes > room && events.length > 0) {
      next = last
      break
    }
    room -= bytes
    last = at
    const proof = await reads.inclusion(at, size)
    const signer = reads.signer(entry).jwk
    append(
      events,
      said.map((event) => ({ ...event, entry, signer, proof })),
    )
  }
  return { subject, size, note, proof: await reads.inclusion(index, size), consistency, events, next }
}

/** Compared in constant time, and against something where there is no such entry. */
async function subjectOf(reads: LedgerReads, { index, entryHash, requireMayRead }: StatusQuery): Promise<ServedEntry> {
  if (entryHash === undefined) {
    const entry = await reads.entry(index)
    requireMayRead(entry)
    return entry
  }
  const entry = await settledOr(reads.entry(index), undefined, 'entry-not-found')
  const isSame = timingSafeEqual(entry === undefined ? new Uint8Array(32) : statusHash(entry.bytes), entryHash)
  if (entry !== undefined && isSame) return entry
  throw new EvidenceError('entry-not-found', 'there is no entry with this index and entry hash', { where: 'entryHash' })
}

async function consistencyFrom(reads: LedgerReads, from: number, size: number): Promise<Uint8Array[]> {
  if (from > size) {
    throw new EvidenceError('size-unknown', `the ledger has ${size} entries, and not ${from}`, { where: 'from' })
  }
  return reads.consistency(from, size)
}

/**
 * Indices above `after` and below `size` of the entries that concern the subject, ascending: one more than an answer holds, which shows
 * that there are more. Every reader of the subject gets all of them; who is not told of records gets the same, and the same is read, whether
 * there are any or not (docs/spec/15-status.md).
 */
async function laterIndices(
  reads: LedgerReads,
  subject: EventSubject,
  after: number,
  size: number,
  withRecords: boolean,
): Promise<number[]> {
  const { index, within } = subject
  const keys: LookupKey[] = [
    { by: 'target', index },
    ...(withRecords ? [{ by: 'record', index } as const] : []),
    ...[subject, ...within].flatMap(({ iss, kid }): LookupKey[] => [
      { by: 'key', thumbprint: kid },
      { by: 'revoked', participant: iss },
    ]),
  ]
  const lists = await Promise.all(keys.map((key) => reads.search(key, everything, after, maxStatusEvents + 1)))
  const all = new Set(lists.flat().filter((at) => at < size))
  return [...all].sort((a, b) => a - b).slice(0, maxStatusEvents + 1)
}
