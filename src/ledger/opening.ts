import { equalBytes } from '../core/bytes.ts'
import { parseSignedCheckpoint } from '../core/checkpoint.ts'
import { EvidenceError } from '../core/errors.ts'
import { rootFromTiles } from '../core/merkle/tiles.ts'
import type { DataFolder } from './data-folder.ts'
import { GatedStorage } from './gated-storage.ts'
import { type Head, HeadFile } from './head-file.ts'
import { LevelStorage } from './leveldb/level-storage.ts'
import { readLookupCodec } from './lookup-secret.ts'
import { executeOrders, readOrders, type StandingOrder, targetsOf } from './orders.ts'
import type { Published } from './sequencer.ts'
import { dropStateSnapshot } from './state-snapshot.ts'
import type { LedgerStorage } from './storage.ts'
import { LedgerTree } from './tree.ts'
import { writeAtStart } from './write-failure.ts'

/** A data folder's database and head, open for the one writer, and the tree at its end. */
export interface OpenedFolder {
  readonly storage: GatedStorage
  readonly tree: LedgerTree
  readonly head: HeadFile
  /** The right to append: another writer that claims it takes it away. */
  readonly epoch: number
  /** Orders to erase that stand in the ledger: all are executed. */
  readonly orders: readonly StandingOrder[]
}

/**
 * Opens a folder, which the caller holds and has examined through a stand-in, for writing: the first that changes anything in it. Throws
 * `storage-conflict` where the database is not the one that was examined, `disk-full`, `disk-failed`.
 */
export async function openForWriting(folder: DataFolder, guard: Head, published: Published): Promise<OpenedFolder> {
  const database = await LevelStorage.open(folder.database, readLookupCodec(folder))
  const storage = new GatedStorage(database)
  try {
    const { size } = published.state
    const tree = await LedgerTree.rebuild(storage, size)
    const { checkpoint } = parseSignedCheckpoint(Buffer.from(published.note))
    const isSame = equalBytes(rootFromTiles(size, tree.read), checkpoint.root)
    if (!isSame || (await storage.checkpoint()) !== published.note)
      throw new EvidenceError('storage-conflict', 'the database changed while it was opened')
    const head = await HeadFile.open(folder.head, guard)
    // A crash came between the database and the head: what the database holds is durable, so the head goes forward. A slot
    // that is damaged is written again, or the next damage would leave none.
    if (size > guard.checkpoint.size || guard.otherSlotDamaged) await writeAtStart(() => head.write(published.note))
    const epoch = await writeAtStart(() => storage.claimWriter())
    const orders = await writeAtStart(() => finishOrders(folder, database, tree))
    return { storage, tree, head, epoch, orders }
  } catch (error) {
    await storage.close()
    throw error
  }
}

/** Executes what a crash left to be done, before anybody reads; gives all orders. */
async function finishOrders(folder: DataFolder, storage: LedgerStorage, tree: LedgerTree): Promise<StandingOrder[]> {
  const orders = await readOrders(storage, tree)
  const executed = await storage.executedOrders()
  const pending = orders.filter(({ by }) => by > executed)
  if (pending.length > 0) dropStateSnapshot(folder.state)
  await executeOrders({ storage, orders: pending, targets: await targetsOf(pending, tree) })
  return orders
}
