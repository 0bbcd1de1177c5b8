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

function key9(letter: string, index: number): Buffer {
  const key = Buffer.alloc(9, letter)
  key.writeBigUInt64BE(BigInt(index), 1)
  return key
}

/** The database's key of an entry's disclosures: the letter s and the index in 8 bytes. */
export function rawDisclosuresKey(index: number): Buffer {
  return key9('s', index)
}

/** Entries as they lie: each behind its length in 2 bytes. */
function split(run: Buffer): Buffer[] {
  const entries: Buffer[] = []
  for (let at = 0; at < run.length; ) {
    const length = run.readUInt16BE(at)
    entries.push(Buffer.from(run.subarray(at + 2, at + 2 + length)))
    at += 2 + length
  }
  return entries
}

function pack(entries: readonly Buffer[]): Buffer {
  return Buffer.concat(
    entries.flatMap((bytes) => {
      const length = Buffer.alloc(2)
      length.writeUInt16BE(bytes.length)
      return [length, bytes]
    }),
  )
}

async function runOf(db: RawDatabase, index: number): Promise<{ start: number; entries: Buffer[] } | undefined> {
  const range = { gte: key9('b', index - (index % 32)), lte: key9('b', index), reverse: true, limit: 1 }
  const [found] = await db.iterator(range).all()
  if (found === undefined) return undefined
  return { start: Number(found[0].readBigUInt64BE(1)), entries: split(found[1]) }
}

export async function readRawEntry(db: RawDatabase, index: number): Promise<Buffer> {
  const run = await runOf(db, index)
  return run?.entries[index - run.start] as Buffer
}

/** Puts other bytes in an entry's place, or takes it away, and leaves those beside it as they are. */
export async function writeRawEntry(db: RawDatabase, index: number, bytes: Buffer | undefined): Promise<void> {
  const run = await runOf(db, index)
  const [start, entries] =
    run !== undefined && index < run.start + run.entries.length ? [run.start, run.entries] : [index, []]
  const [before, after] = [entries.slice(0, index - start), entries.slice(index - start + 1)]
  if (entries.length > 0) await db.del(key9('b', start))
  const whole: [number, Buffer[]][] =
    bytes === undefined
      ? [
          [start, before],
          [index + 1, after],
        ]
      : [[start, [...before, bytes, ...after]]]
  for (const [at, some] of whole) if (some.length > 0) await db.put(key9('b', at), pack(some))
}
