import { timingSafeEqual } from 'node:crypto'
import { attempt, settled, valueOr } from '../core/attempt.ts'
import { verifyEd25519 } from '../core/ed25519.ts'
import { EvidenceError, isEvidenceError } from '../core/errors.ts'
import { formatTime } from '../core/time.ts'
import { readBody } from '../statements/body.ts'
import { requireSealed } from '../statements/disclosures.ts'
import { judge } from '../statements/rulebook.ts'
import type { TargetFacts } from '../statements/rules.ts'
import { erasedBy, sealedDigestsOf } from '../statements/said.ts'
import type { Statement } from '../statements/statement.ts'
import { standingAt } from './access/reading.ts'
import { aboutOf, followSubjects } from './access/subjects.ts'
import type { ChainState } from './chain-state.ts'
import { EarlierEntry, referencedIndices, sealedReferences } from './entry-facts.ts'
import { entryFacts, readerByKey, type Rights } from './rights.ts'
import type { LedgerStorage } from './storage.ts'
import type { Submission } from './submission.ts'
import type { LedgerTree } from './tree.ts'

/** Where a statement stands in the ledger, and whether it is new there. */
export interface Place {
  readonly kind: 'created' | 'existing'
  readonly index: number
  /** As in the entry. */
  readonly time: string
  /** 32 bytes. */
  readonly leafHash: Uint8Array
}

/** What was fetched for a group before it is judged. */
export interface Prefetched {
  /** Index of the entry that used an id, by {@link statementName}. */
  readonly statements: ReadonlyMap<string, number>
  /** Entries that the group refers to, or repeats, each read once; an error where the stored bytes are damaged. */
  readonly entries: ReadonlyMap<number, EarlierEntry | EvidenceError>
  /** Index of an entry that seals a digest of the group, by digest. */
  readonly sealed: ReadonlyMap<string, number>
}

export function statementName(iss: string, jti: string): string {
  return `${iss}\0${jti}`
}

/**
 * Whether it may matter to a statement that its id was used: its key is its issuer's, or may read every entry. For others the
 * key is refused whether it was used or not, and nothing is looked up: what is read would tell.
 */
export function mayAskForId({ statement, participant }: Submission, chain: ChainState, rights: Rights): boolean {
  const { common, header } = statement
  if (participant === undefined || participant === common.iss) return true
  return rights.mayReadAll(readerByKey(standingAt(chain, 0), header.kid))
}

/** What is read from. */
export interface Sources {
  readonly storage: LedgerStorage
  readonly tree: LedgerTree
  readonly rights: Rights
}

/**
 * Fetches what the rulebook will ask of a group that goes on from `chain`, all at once; every entry is re-hashed before it is used. Throws
 * `storage-damaged` where the database cannot be read: that refuses what asked, and stops no writer, for nothing was written.
 */
export async function prefetch(group: readonly Submission[], chain: ChainState, from: Sources): Promise<Prefetched> {
  try {
    const allowed = group.filter((submission) => mayAskForId(submission, chain, from.rights))
    const statements = await usedIds(
      allowed.map(({ statement }) => statement),
      from.storage,
    )
    const wanted = new Set(statements.values())
    for (const { statement, disclosures } of group)
      for (const index of [...referencedIndices(statement), ...sealedReferences(statement, disclosures)])
        wanted.add(index)
    const [entries, sealed] = await Promise.all([
      earlierEntries(wanted, chain.size, from.tree),
      sealedBefore(group, from.storage),
    ])
    await addSubjects(entries, group, chain, from)
    return { statements, entries, sealed }
  } catch (cause) {
    if (isEvidenceError(cause)) throw cause
    throw new EvidenceError('storage-damaged', 'the database cannot be read', {}, { cause })
  }
}

/** Most entries that are fetched, of one group, to find out what targets of orders are about. */
const maxAround = 1024

/**
 * Whether a statement orders claims of this ledger to be erased, and nothing that it says of itself speaks against that: who is refused anyway makes
 * nothing be read, and learns nothing by it.
 */
function ordersErasure({ statement }: Submission, { registry, size }: ChainState, entries: Entries): boolean {
  const body = valueOr(() => readBody(statement), undefined)
  if (erasedBy(body).length === 0) return false
  const timeMs = Date.now()
  const asked = { index: size, time: formatTime(timeMs), timeMs, statement }
  const target = (index: number): TargetFacts | undefined =>
    valueOr(() => readable(entries.get(index))?.facts, undefined)
  const context = { origin: registry.origin, ledgerKeys: [], verifies: verifyEd25519 }
  const { violations } = judge(registry, asked, { findStatement: () => undefined, target }, context)
  // A reference may be to an entry of the same group.
  return violations.every(({ code }) => code.startsWith('reference-'))
}

type Entries = ReadonlyMap<number, EarlierEntry | EvidenceError>

function readable(entry: EarlierEntry | EvidenceError | undefined): EarlierEntry | undefined {
  return entry instanceof EvidenceError ? undefined : entry
}

/**
 * Targets of an order from which the way may be followed: those that its signer may read, or showed to have. Of others it is refused, and what is read must
 * tell nothing of them. A target of the group itself leads to what the signer's own statements of the group refer to.
 */
function followedFrom(
  order: Submission,
  group: readonly Submission[],
  chain: ChainState,
  { entries, rights }: { readonly entries: Entries; readonly rights: Rights },
): number[] {
  const { statement, shown } = order
  const reader = readerByKey(standingAt(chain, 0), statement.header.kid)
  const mayReadAll = rights.mayReadAll(reader)
  const mayFollow = (index: number): boolean => {
    const entry = readable(entries.get(index))
    if (mayReadAll || entry === undefined) return mayReadAll
    const hash = shown?.get(index)
    if (hash !== undefined && timingSafeEqual(entry.statusHash, hash)) return true
    return valueOr(() => rights.mayReadEntry(reader, entryFacts({ index, statement: entry.stored.statement })), false)
  }
  const targets = aboutOf(statement)
  const isOfGroup = targets.some((index) => index >= chain.size)
  const own = group.filter(({ participant }) => isOfGroup && (mayReadAll || participant === order.participant))
  return [...targets, ...own.flatMap((one) => aboutOf(one.statement))].filter(mayFollow)
}

/** Fetches what the targets of a group's orders are about: a hold on any of that keeps them from being erased. */
async function addSubjects(
  entries: Map<number, EarlierEntry | EvidenceError>,
  group: readonly Submission[],
  chain: ChainState,
  { tree, rights }: Pick<Sources, 'tree' | 'rights'>,
): Promise<void> {
  const orders = group.filter((submission) => ordersErasure(submission, chain, entries))
  const first = orders.flatMap((order) => followedFrom(order, group, chain, { entries, rights }))
  let room = maxAround
  for (const index of new Set(first)) {
    await followSubjects([index], async (indices) => {
      const missing = new Set(indices.filter((at) => !entries.has(at)).slice(0, room))
      room -= missing.size
      for (const [at, entry] of await earlierEntries(missing, chain.size, tree)) entries.set(at, entry)
      return indices.map((at) => aboutStored(entries.get(at)))
    })
  }
}

/** What an entry that was fetched says something of; undefined of one that was not, or cannot be read. */
export function aboutStored(entry: EarlierEntry | EvidenceError | undefined): readonly number[] | undefined {
  return entry === undefined || entry instanceof EvidenceError ? undefined : valueOr(() => entry.about, undefined)
}

/** Which digests that a group seals an entry seals already. */
async function sealedBefore(
  group: readonly Submission[],
  storage: Pick<LedgerStorage, 'findSealed'>,
): Promise<Map<string, number>> {
  const digests = group.flatMap(({ statement }) => {
    const body = valueOr(() => readBody(statement), undefined)
    return body === undefined ? [] : sealedDigestsOf(body)
  })
  const sealed = new Map<string, number>()
  if (digests.length === 0) return sealed
  const found = await storage.findSealed(digests)
  digests.forEach((digest, i) => {
    const index = found[i]
    if (index !== undefined) sealed.set(digest, index)
  })
  return sealed
}

/** The entries of some indices that are below `size`, each read and re-hashed once. */
async function earlierEntries(
  indices: ReadonlySet<number>,
  size: number,
  tree: Pick<LedgerTree, 'entry'>,
): Promise<Map<number, EarlierEntry | EvidenceError>> {
  const entries = new Map<number, EarlierEntry | EvidenceError>()
  await Promise.all(
    [...indices].map(async (index) => {
      if (index >= size) return
      // A damaged entry spoils the statement that needs it, and no other of the group.
      const bytes = await settled(tree.entry(index))
      entries.set(index, bytes instanceof EvidenceError ? bytes : new EarlierEntry(bytes, index))
    }),
  )
  return entries
}

/** Indices of the entries that used the statements' ids, by {@link statementName}. Throws what reading throws. */
export async function usedIds(
  said: readonly Statement[],
  storage: Pick<LedgerStorage, 'findStatements'>,
): Promise<Map<string, number>> {
  const ids = said.map(({ common }) => common)
  const found = ids.length === 0 ? [] : await storage.findStatements(ids)
  const used = new Map<string, number>()
  for (const id of found) if (id !== undefined) used.set(statementName(id.iss, id.jti), id.index)
  return used
}

/**
 * Where a statement is the one of an earlier entry, byte for byte, the place of that entry. Throws `storage-damaged`, and for disclosures
 * that the statement does not seal what {@link requireSealed} throws.
 */
export function repeatOf({ statement, disclosures }: Submission, earlier: EarlierEntry): Place | undefined {
  const { entry, hash } = earlier.stored
  if (entry.statement !== statement.jws.text) return undefined
  requireSealedBy(statement, disclosures)
  return { kind: 'existing', index: entry.index, time: entry.time, leafHash: hash }
}

/** Throws what {@link requireSealed} throws. A sequenced statement's body is read again only where there is something to compare with it. */
export function requireSealedBy(statement: Statement, disclosures: readonly string[]): void {
  const body = disclosures.length === 0 ? undefined : readBody(statement)
  if (body !== undefined) requireSealed(body, disclosures)
}

/**
 * Which statements are those of published entries, byte for byte, in order: the outcome of each such one, or the refusal of
 * disclosures that it does not seal; undefined for all others, which only the one writer can judge. What is published stands for ever, so
 * a repeat needs no place in the queue, where it would take up its signer's share though anybody may send it (docs/design/fair-queue.md).
 */
export async function findRepeats(
  submissions: readonly Submission[],
  chain: ChainState,
  from: Sources,
): Promise<(Place | EvidenceError | undefined)[]> {
  const asked = submissions.filter((submission) => mayAskForId(submission, chain, from.rights))
  const used = await usedIds(
    asked.map(({ statement }) => statement),
    from.storage,
  )
  if (used.size === 0) return submissions.map(() => undefined)
  const entries = await earlierEntries(new Set(used.values()), chain.size, from.tree)
  const mayAsk = new Set(asked)
  return submissions.map((submission) => {
    const { iss, jti } = submission.statement.common
    const index = mayAsk.has(submission) ? used.get(statementName(iss, jti)) : undefined
    const earlier = index === undefined ? undefined : entries.get(index)
    // A damaged entry is the writer's to report: it refuses what needs it.
    if (earlier === undefined || isEvidenceError(earlier)) return undefined
    const repeat = attempt(() => repeatOf(submission, earlier))
    return isEvidenceError(repeat, 'storage-damaged') ? undefined : repeat
  })
}
