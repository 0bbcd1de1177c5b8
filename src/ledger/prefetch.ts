import { settled } from '../core/attempt.ts'
import { EvidenceError, isEvidenceError } from '../core/errors.ts'
import type { Registry } from '../statements/registry.ts'
import type { Statement } from '../statements/statement.ts'
import type { ChainState } from './chain-state.ts'
import { referencedIndices } from './entry-facts.ts'
import { readerByKey, type Rights } from './rights.ts'
import type { LedgerStorage } from './storage.ts'
import type { Submission } from './submission.ts'
import type { LedgerTree } from './tree.ts'

/** What was fetched for a group before it is judged. */
export interface Prefetched {
  /** Index of the entry that used an id, by {@link statementName}. */
  readonly statements: ReadonlyMap<string, number>
  /** Entries that the group refers to, or repeats; an error where the stored bytes are damaged. */
  readonly entries: ReadonlyMap<number, Uint8Array | EvidenceError>
}

export function statementName(iss: string, jti: string): string {
  return `${iss}\0${jti}`
}

/**
 * Whether it may matter to a statement that its id was used: its key is its issuer's, or may read every entry. For others the
 * key is refused whether it was used or not, and nothing is looked up: what is read would tell.
 */
export function mayAskForId({ statement, participant }: Submission, registry: Registry, rights: Rights): boolean {
  const { common, header } = statement
  if (participant === undefined || participant === common.iss) return true
  return rights.mayReadAll(readerByKey(registry, header.kid))
}

/** What is read from. */
interface Sources {
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
    const allowed = group.filter((submission) => mayAskForId(submission, chain.registry, from.rights))
    const statements = await usedIds(
      allowed.map(({ statement }) => statement),
      from.storage,
    )
    const wanted = new Set(statements.values())
    for (const { statement } of group) for (const index of referencedIndices(statement)) wanted.add(index)
    const entries = new Map<number, Uint8Array | EvidenceError>()
    await Promise.all(
      [...wanted].map(async (index) => {
        // A damaged entry spoils the statement that needs it, and no other of the group.
        if (index < chain.size) entries.set(index, await settled(from.tree.entry(index)))
      }),
    )
    return { statements, entries }
  } catch (cause) {
    if (isEvidenceError(cause)) throw cause
    throw new EvidenceError('storage-damaged', 'the database cannot be read', {}, { cause })
  }
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
