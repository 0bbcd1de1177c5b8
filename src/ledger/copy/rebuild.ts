import { rmSync } from 'node:fs'
import type { VerifierKey } from '../../core/note.ts'
import { emptyChain } from '../chain-state.ts'
import { HeadFile } from '../head-file.ts'
import { LevelStorage } from '../leveldb/level-storage.ts'
import type { LookupCodec } from '../lookup-codec.ts'
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
  rmSync(location, { recursive: true, force: true })
  const storage = await LevelStorage.open(location, codec, { create: true })
  let isWhole = false
  try {
    const epoch = await storage.claimWriter()
    const tree = new LedgerTree(storage)
    const replay = new Replay(emptyChain(key.name), tree, storage, key)
    for await (const run of entries) {
      const expectedSize = tree.size
      const group = await replay.take(run)
      // The checkpoint is that of the end from the beginning: nobody opens what is not finished.
      await storage.append({ ...group, expectedSize, epoch, checkpoint: note })
      tree.releaseCompleted()
      onProgress?.(tree.size)
    }
    requireSignedTree(note, key, tree)
    const result = await use(storage, tree, replay.missing)
    isWhole = true
    return result
  } finally {
    await storage.close()
    if (!isWhole) rmSync(location, { recursive: true, force: true })
  }
}

/** Writes a head file of one checkpoint. */
export async function writeHead(path: string, note: string): Promise<void> {
  rmSync(path, { force: true })
  const head = await HeadFile.create(path)
  try {
    await head.write(note)
  } finally {
    await head.close()
  }
}
