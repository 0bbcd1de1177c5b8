import { existsSync, renameSync } from 'node:fs'
import { toHex } from '../core/base64.ts'
import { equalBytes, latin1 } from '../core/bytes.ts'
import { parseSignedCheckpoint } from '../core/checkpoint.ts'
import { EvidenceError, isEvidenceError } from '../core/errors.ts'
import { tileLevels, tileWidth } from '../core/merkle/layout.ts'
import { copiedEntries, FolderPieces } from './copy/folder-pieces.ts'
import type { CopiedEntry } from './copy/piece.ts'
import { rebuildDatabase } from './copy/rebuild.ts'
import type { DataFolder } from './data-folder.ts'
import { syncFolder, syncTree } from '../node/durable-file.ts'
import { giveFolder } from '../node/give-folder.ts'
import { removeTree } from '../node/remove-tree.ts'
import { readErasures } from './erasures.ts'
import { FolderSource } from './folder-source.ts'
import { readHead } from './head-file.ts'
import { type HeldFolder, whileHeld } from './held-folder.ts'
import { examineStandIn } from './recovery.ts'
import type { LookupCodec } from './lookup-codec.ts'
import { createLookupCodec, readLookupCodec } from './lookup-secret.ts'
import type { LedgerStorage } from './storage.ts'

/** What was missing from the old database, and what was there that should not be. */
export interface Difference {
  readonly missing: number
  readonly foreign: number
}

export interface ReindexReport {
  readonly size: number
  readonly lookups: Difference
  readonly statementIds: Difference
  /** Full tiles that were missing or altered. */
  readonly tiles: number
  /** True where the digest over the participants' entries was another. */
  readonly registrySeal: boolean
}

export interface ReindexOptions {
  readonly onProgress?: (done: number, total: number) => void
}

/**
 * Makes look-up keys, statement ids, tiles and registry checksum of a stopped ledger anew, from entries and disclosures, in a new
 * database beside the old one, which takes its place when it is whole. Cut off anywhere, it is run again. Throws the faults
 * of the folder, and the codes of Replay where the entries themselves do not hold: then nothing is changed.
 */
export function reindex(root: string, { onProgress }: ReindexOptions = {}): Promise<ReindexReport> {
  return whileHeld(root, 'index', async (held) => {
    await settleExchange(held)
    return FolderSource.reading(held, (source) => reindexHeld(held, source, onProgress))
  })
}

async function reindexHeld(
  held: HeldFolder,
  source: FolderSource,
  onProgress: ReindexOptions['onProgress'],
): Promise<ReindexReport> {
  const { folder, key } = held
  await FolderPieces.of(source)
  const note = Buffer.from(await source.checkpoint()).toString('utf8')
  const { size } = parseSignedCheckpoint(Buffer.from(note)).checkpoint
  const { fresh, old } = exchanged(folder)
  const erased = readErasures(folder.erased).length
  const report = await rebuildDatabase(
    {
      location: fresh,
      codec: codecFor(folder),
      note,
      key,
      entries: runsOf(source.storage, size),
      onProgress: (done) => onProgress?.(done, size),
    },
    (storage) => compare(source.storage, storage, size),
  )
  // Who ran it as root leaves a database that the ledger's own user can open.
  giveFolder(fresh, folder.database)
  syncTree(fresh)
  // Whatever the lock says: a ledger that went on, or had something erased, while it was read keeps its database.
  const answered = readHead(folder.head, key).checkpoint.size
  if (answered > size || readErasures(folder.erased).length !== erased)
    throw new EvidenceError(
      'ledger-in-use',
      `the ledger in ${folder.root} went on while it was read: nothing is changed`,
    )
  renameSync(folder.database, old)
  renameSync(fresh, folder.database)
  syncFolder(folder.root)
  await settleExchange(held)
  return report
}

/** The folder's own secret: a new one only where there is none that can be read, for the old database's keys are lost with it. */
function codecFor(folder: DataFolder): LookupCodec {
  try {
    return readLookupCodec(folder)
  } catch (error) {
    if (!isEvidenceError(error, 'lookups-damaged')) throw error
    return createLookupCodec(folder)
  }
}

function exchanged({ database }: DataFolder): { readonly fresh: string; readonly old: string } {
  return { fresh: `${database}.new`, old: `${database}.old` }
}

/**
 * Finishes an exchange: `.old` is there only after the new database was whole and synced, and goes when the new one, in its place, was examined
 * as at a start. One that does not stand up to that gives its place back. Throws the codes of examineStandIn.
 */
async function settleExchange({ folder, key }: HeldFolder): Promise<void> {
  const { fresh, old } = exchanged(folder)
  if (!existsSync(old)) return
  if (!existsSync(folder.database)) renameSync(fresh, folder.database)
  syncFolder(folder.root)
  try {
    await examineStandIn(folder, [key])
  } catch (error) {
    removeTree(fresh)
    renameSync(folder.database, fresh)
    renameSync(old, folder.database)
    syncFolder(folder.root)
    throw error
  }
  removeTree(old)
  syncFolder(folder.root)
}

async function* runsOf(storage: LedgerStorage, size: number): AsyncGenerator<CopiedEntry[]> {
  for (let at = 0; at < size; at += tileWidth) yield copiedEntries(storage, at, Math.min(size, at + tileWidth))
}

async function compare(old: LedgerStorage, fresh: LedgerStorage, size: number): Promise<ReindexReport> {
  const [lookups, statementIds] = [
    await difference(lookupNames(old), lookupNames(fresh)),
    await difference(idNames(old), idNames(fresh)),
  ]
  let tiles = 0
  for (let level = 0; level < tileLevels(size); level++) {
    for (let n = 0; (n + 1) * tileWidth ** (level + 1) <= size; n++) {
      const [before, after] = [await old.tile(level, n), await fresh.tile(level, n)]
      if (before === undefined || after === undefined || !equalBytes(before, after)) tiles++
    }
  }
  const [before, after] = [await old.registryChecksum(), await fresh.registryChecksum()]
  const registrySeal = before?.count !== after?.count || before?.hash !== after?.hash
  return { size, lookups, statementIds, tiles, registrySeal }
}

/** Names in the order of the database's keys, so that two databases are compared in one pass. */
async function* lookupNames(storage: LedgerStorage): AsyncGenerator<string> {
  for await (const page of storage.scanLookups()) {
    for (const { key, index } of page)
      yield `${latin1(key)}${String.fromCharCode(0)}${index.toString(16).padStart(14, '0')}`
  }
}

async function* idNames(storage: LedgerStorage): AsyncGenerator<string> {
  for await (const page of storage.scanStatements()) {
    for (const { iss, jti, index, leafHash } of page) yield `${iss} ${jti} ${index} ${toHex(leafHash)}`
  }
}

async function difference(old: AsyncGenerator<string>, fresh: AsyncGenerator<string>): Promise<Difference> {
  let [missing, foreign] = [0, 0]
  let [before, after] = [await old.next(), await fresh.next()]
  while (before.done !== true || after.done !== true) {
    if (after.done === true || (before.done !== true && before.value < after.value)) {
      foreign++
      before = await old.next()
    } else if (before.done === true || after.value < before.value) {
      missing++
      after = await fresh.next()
    } else {
      before = await old.next()
      after = await fresh.next()
    }
  }
  return { missing, foreign }
}
