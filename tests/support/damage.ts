import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Level } from 'level'

/** Hash over every file of a folder, names and bytes: equal means that nothing was changed. */
export function folderHash(folder: string): string {
  const hash = createHash('sha256')
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true }).sort((a, b) =>
    join(a.parentPath, a.name) < join(b.parentPath, b.name) ? -1 : 1,
  )) {
    const path = join(entry.parentPath, entry.name)
    hash.update(`${path}\0`)
    if (entry.isFile()) hash.update(`${statSync(path).size}\0`).update(readFileSync(path))
  }
  return hash.digest('hex')
}

/** Flips one bit of a file. */
export function flipBit(path: string, bit: number): void {
  const bytes = readFileSync(path)
  const at = bit >> 3
  bytes[at] = (bytes[at] as number) ^ (1 << (bit & 7))
  writeFileSync(path, bytes)
}

/** Files of a database by ending. */
export function databaseFiles(folder: string, ending: RegExp): string[] {
  return readdirSync(folder)
    .filter((name) => ending.test(name))
    .map((name) => join(folder, name))
}

export type RawDatabase = Level<Buffer, Buffer>

/** Opens the database behind the ledger's back, as anybody with access to the disk can. */
export async function editDatabase(folder: string, edit: (db: RawDatabase) => Promise<void>): Promise<void> {
  const db: RawDatabase = new Level(folder, { keyEncoding: 'buffer', valueEncoding: 'buffer' })
  await db.open()
  try {
    await edit(db)
  } finally {
    await db.close()
  }
}

/** The database's key of an entry: the letter e and the index in 8 bytes. */
export function rawEntryKey(index: number): Buffer {
  const key = Buffer.alloc(9, 'e')
  key.writeBigUInt64BE(BigInt(index), 1)
  return key
}
