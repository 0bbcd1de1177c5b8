import { equalBytes } from '../../core/bytes.ts'
import type { SignedCheckpoint } from '../../core/checkpoint.ts'
import { EvidenceError } from '../../core/errors.ts'
import { rootFromTiles, tilesNeeded } from '../../core/merkle/tiles.ts'
import { type VerifierKey, verifyNote } from '../../core/note.ts'
import type { LedgerTree } from '../tree.ts'

/** A checkpoint that somebody kept: the ledger must not be put back behind it. */
export interface KnownCheckpoint extends SignedCheckpoint {
  /** The file or URL that it came from. */
  readonly where: string
}

/** A size that somebody names without a checkpoint. */
export interface KnownSize {
  readonly where: string
  readonly size: number
}

/**
 * Holds a tree against checkpoints that were kept; `keysAt` gives the keys that sign at a size, where the ledger's was rotated. Throws `checkpoint-untrusted` for one that this ledger did not sign,
 * `restore-behind`, `consistency-invalid`.
 */
export async function requireKnown(
  tree: LedgerTree,
  known: readonly KnownCheckpoint[],
  key: VerifierKey,
  keysAt: (size: number) => readonly VerifierKey[] = () => [key],
): Promise<void> {
  for (const { checkpoint, note, where } of known) {
    const { origin, size, root } = checkpoint
    if (origin !== key.name || verifyNote(note, keysAt(size)).length === 0) {
      throw new EvidenceError('checkpoint-untrusted', `the checkpoint of ${where} is not signed by this ledger’s key`, {
        where,
        expected: key.text,
      })
    }
    requireKnownSizes(tree.size, [{ where, size }])
    if (size === 0) continue
    const read = await tree.load(tilesNeeded([{ begin: 0, end: size }]))
    if (!equalBytes(rootFromTiles(size, read), root)) {
      throw new EvidenceError('consistency-invalid', `this copy is another history than the checkpoint of ${where}`, {
        where,
      })
    }
  }
}

/** Holds a size against those that others name. Throws `restore-behind`. */
export function requireKnownSizes(found: number, known: readonly KnownSize[]): void {
  for (const { where, size } of known) {
    if (size <= found) continue
    throw new EvidenceError(
      'restore-behind',
      `this copy has ${found} entries, and the ledger has answered for ${size} (${where})`,
      { where, expected: `at least ${size}`, found: String(found) },
    )
  }
}
