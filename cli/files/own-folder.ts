import type { Checkpoint } from '../../src/core/checkpoint-text.ts'
import type { VerifierKey } from '../../src/core/note.ts'
import { readClaimsShut } from '../../src/ledger/claims-shut.ts'
import { dataFolder, readOwnKey } from '../../src/ledger/data-folder.ts'
import { FolderSource } from '../../src/ledger/folder-source.ts'
import { LedgerReads } from '../../src/ledger/reads.ts'
import { readOwnCheckpoint } from '../../src/ledger/recovery.ts'
import { LedgerTree } from '../../src/ledger/tree.ts'
import { emptyRegistry } from '../../src/statements/registry.ts'

/** The data folder of a stopped ledger, open to be read, with its newest checkpoint. */
export interface OwnFolder {
  readonly source: FolderSource
  readonly key: VerifierKey
  readonly note: string
  readonly checkpoint: Checkpoint
}

/**
 * Opens the data folder of a stopped ledger while `use` runs. Throws its first fault where `faults` says so, and the codes of
 * FolderSource.open and readOwnCheckpoint.
 */
export async function withOwnFolder<T>(
  root: string,
  faults: 'refused' | 'passed over',
  use: (folder: OwnFolder) => Promise<T>,
): Promise<T> {
  const key = readOwnKey(dataFolder(root))
  const source = await FolderSource.open(root, key)
  try {
    const [fault] = source.faults
    if (fault !== undefined && faults === 'refused') throw fault
    const note = Buffer.from(await source.checkpoint()).toString('utf8')
    return await use({ source, key, note, checkpoint: readOwnCheckpoint(note, key) })
  } finally {
    await source.close()
  }
}

/** Tree and reads of a folder, as of its checkpoint. Throws the codes of FolderSource.signedTree. */
export async function readsOf({
  source,
  key,
}: OwnFolder): Promise<{ readonly tree: LedgerTree; readonly reads: LedgerReads }> {
  const { tree, note } = await source.signedTree(key)
  const state = { size: tree.size, registry: emptyRegistry(key.name) }
  const shut = readClaimsShut(dataFolder(source.name))
  const limits = { areClaimsShut: () => shut !== undefined }
  return { tree, reads: new LedgerReads(source.storage, tree, () => ({ state, note }), limits) }
}
