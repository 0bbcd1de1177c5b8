import { append } from '../../core/arrays.ts'
import type { VerifierKey } from '../../core/note.ts'
import { removeFile } from '../../node/file-path.ts'
import { removeTree } from '../../node/remove-tree.ts'
import { emptyChain } from '../chain-state.ts'
import { HeadFile } from '../head-file.ts'
import { LevelStorage } from '../leveldb/level-storage.ts'
import type { ListedBy } from '../../statements/said.ts'
import type { LookupCodec } from '../lookup-codec.ts'
import { executeOrders, type StandingOrder, targetsOf } from '../orders.ts'
import type { LedgerStorage } from '../storage.ts'
import { LedgerTree } from '../tree.ts'
import type { MissingClaims } from './missing-claims.ts'
import type { CopiedEntry } from './piece.ts'
import { Replay, requireSignedTree } from './replay.ts'

export interface RebuildOptions {
  /** Where the new database is made; what is there is removed. */
  readonly location: string
  /** The encoding of look-up keys, with the secret that they are made under. */
  readonly codec: LookupCodec
  /** The signed checkpoint of all entries. */
  readonly note: string
  readonly key: VerifierKey
  readonly entries: AsyncIterable<readonly CopiedEntry[]>
  readonly onProgress?: (done: number) => void
}

/**
 * Makes a database of entries and disclosures alone: each entry judged by the rulebook, look-up keys, statement ids, tiles and
 * registry checksum made anew. `use` sees the finished database, whose tree makes the signed root, and which sealed claims it lacks. Where this throws nothing
 * is left. Throws the codes of Replay.
 */
export async function rebuildDatabase<T>(
  options: RebuildOptions,
  use: (storage: LedgerStorage, tree: LedgerTree, missing: MissingClaims) => Promise<T>,
): Promise<T> {
  const { location, codec, note, key, entries, onProgress } = options
  removeTree(location)
  const storage = await LevelStorage.open(location, codec, { create: true })
  let isWhole = false
  try {
    const epoch = await storage.claimWriter()
    const tree = new LedgerTree(storage)
    const replay = new Replay(emptyChain(key.name), tree, storage, key)
    const standing: StandingOrder[] = []
    for await (const run of entries) {
      const expectedSize = tree.size
      const { orders, ...group } = await replay.take(run)
      append(standing, orders)
      // The checkpoint is that of the end from the beginning: nobody opens what is not finished.
      await storage.append({ ...group, expectedSize, epoch, checkpoint: note })
      tree.releaseCompleted()
      onProgress?.(tree.size)
    }
    requireSignedTree(note, key, tree)
    replay.missing.excuse(standing.flatMap(({ of }) => of))
    await eraseOrdered(storage, tree, standing)
    const result = await use(storage, tree, replay.missing)
    isWhole = true
    return result
  } finally {
    await storage.close()
    if (!isWhole) removeTree(location)
  }
}

/** Writes a head file of one checkpoint. */
export async function writeHead(path: string, note: string): Promise<void> {
  removeFile(path)
  const head = await HeadFile.create(path)
  try {
    await head.write(note)
  } finally {
    await head.close()
  }
}

/** Executes all orders of a new database; what they take is mostly not in it, for the copy had executed them. */
async function eraseOrdered(storage: LedgerStorage, tree: LedgerTree, orders: readonly StandingOrder[]): Promise<void> {
  const held = new Map<number, ListedBy>()
  for (const [index, listedBy] of await targetsOf(orders, tree))
    if ((await storage.disclosures(index)).length > 0) held.set(index, listedBy)
  await executeOrders({ storage, orders, targets: held })
}
