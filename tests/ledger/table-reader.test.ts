import { cpSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Level } from 'level'
import { afterAll, describe, expect, it } from 'vitest'
import { latin1 } from '../../src/core/bytes.ts'
import { checkDatabase, checkTable } from '../../src/ledger/leveldb/database-check.ts'
import { maskedCrc32c } from '../../src/ledger/leveldb/crc32c.ts'
import { numberedKey, readNumber8 } from '../../src/ledger/leveldb/keys.ts'
import { loggedKeysOf } from '../../src/ledger/leveldb/logged-keys.ts'
import { TableReader } from '../../src/ledger/leveldb/table-reader.ts'
import { type DatabaseSnapshot, type SnapshotLetter, snapshotOf } from '../../src/ledger/leveldb/table-snapshot.ts'
import { databaseFiles, flipBit } from '../support/damage.ts'
import { temporaryFolder } from '../support/folder.ts'
import { Random } from '../support/random.ts'
import { addTable, nextSequence, type TableLies } from '../support/table-writer.ts'
import { sizeOf } from '../support/long.ts'

const { path, remove } = temporaryFolder()
afterAll(remove)

type Database = Level<Buffer, Buffer>
const numbers = 1500
let copies = 0

function open(folder: string, compression = true): Database {
  return new Level<Buffer, Buffer>(folder, {
    compression,
    keyEncoding: 'buffer',
    valueEncoding: 'buffer',
    // The least that LevelDB takes: many tables, on several levels.
    writeBufferSize: 64 * 1024,
    maxFileSize: 1024 * 1024,
    blockSize: 1024,
  })
}

function copyOf(folder: string): string {
  const copy = join(path, `copy-${copies++}`)
  cpSync(folder, copy, { recursive: true })
  return copy
}

function randomValue(random: Random): Buffer {
  const length = random.pick([0, 1, 30, 200, 900, 3000])
  // Half of them compress.
  const step = random.pick([0, 0x9e3779b1])
  return Buffer.from(Uint8Array.from({ length }, (_, i) => Math.imul(i + length, step) >>> 24))
}

/** A closed database of runs, disclosures and other keys, overwritten and deleted, in tables of several levels and logs. */
async function randomDatabase(random: Random): Promise<string> {
  const folder = join(path, `db-${copies++}`)
  const rounds = 1 + random.below(5)
  for (let round = 0; round < rounds; round++) {
    const db = open(folder)
    await db.open()
    for (let batches = random.below(40); batches >= 0; batches--) {
      const batch = db.batch()
      const from = random.below(numbers)
      for (let i = random.below(60); i >= 0; i--) {
        const key = random.pick([
          numberedKey('b', from + i),
          numberedKey('s', from + i),
          numberedKey('s', random.below(numbers)),
          Buffer.from(`j${random.below(1000)}`),
          Buffer.from(`l${random.pick(['', 'a', 'aa'])}${random.below(300)}`),
          Buffer.from(`m${random.below(9)}`),
          Buffer.concat([Buffer.from('t\0'), Buffer.alloc(8, random.below(250))]),
        ])
        if (random.below(4) === 0) batch.del(key)
        else batch.put(key, randomValue(random))
      }
      await batch.write()
      if (random.below(25) === 0)
        await (db as unknown as { compactRange(from: Buffer, to: Buffer): Promise<void> }).compactRange(
          numberedKey('b', random.below(numbers)),
          numberedKey('s', random.below(numbers)),
        )
    }
    await db.close()
  }
  return folder
}

type Records = [number: number, value: string][]

/** The reference: LevelDB's own iterator. */
async function byLevel(folder: string, ranges: readonly Range[]): Promise<Records[]> {
  const db = open(copyOf(folder))
  await db.open()
  const out: Records[] = []
  for (const [letter, begin, end] of ranges) {
    const found = await db.iterator({ gte: numberedKey(letter, begin), lt: numberedKey(letter, end) }).all()
    out.push(found.map(([key, value]) => [readNumber8(key, 1), value.toString('latin1')]))
  }
  await db.close()
  return out
}

type Range = readonly [letter: SnapshotLetter, begin: number, end: number]

function byTables(snapshot: DatabaseSnapshot, ranges: readonly Range[]): (Records | undefined)[] {
  const reader = new TableReader(snapshot)
  return ranges.map(([letter, begin, end]) => {
    const out: Records = []
    const isRead = reader.range(letter, begin, end, (number, value) =>
      out.push([number, Buffer.from(value).toString('latin1')]),
    )
    return isRead ? out : undefined
  })
}

type KeyRange = readonly [from: string, to: string]

/** The reference, for keys of any form. */
async function keysByLevel(folder: string, ranges: readonly KeyRange[]): Promise<[string, string][][]> {
  const db = open(copyOf(folder))
  await db.open()
  const out: [string, string][][] = []
  for (const [from, to] of ranges) {
    const found = await db.iterator({ gte: Buffer.from(from), lt: Buffer.from(to) }).all()
    out.push(found.map(([key, value]) => [key.toString('latin1'), value.toString('latin1')]))
  }
  await db.close()
  return out
}

/** In steps of some records each, as the scan of look-up keys reads them. */
function keysByTables(snapshot: DatabaseSnapshot, ranges: readonly KeyRange[], step: number): [string, string][][] {
  const reader = new TableReader(snapshot)
  const logged = loggedKeysOf(snapshot.logs, 'jl')
  if (logged === undefined) throw new Error('no logged keys')
  return ranges.map(([begin, end]) => {
    const out: [string, string][] = []
    const to = Buffer.from(end)
    for (let from: Buffer | undefined = Buffer.from(begin); from !== undefined; ) {
      let left = step
      const isRead = reader.keys({ from, to }, logged, ({ key, keyLength, value }) => {
        out.push([latin1(key.subarray(0, keyLength)), latin1(value)])
        return --left > 0
      })
      expect(isRead).toBe(true)
      from = left > 0 ? undefined : Buffer.from(`${out.at(-1)?.[0]}\0`, 'latin1')
    }
    return out
  })
}

function randomRanges(random: Random): Range[] {
  const ranges: Range[] = [
    ['b', 0, numbers + 100],
    ['s', 0, Number.MAX_SAFE_INTEGER],
  ]
  for (let i = 0; i < 30; i++) {
    const begin = random.below(numbers)
    ranges.push([random.pick(['b', 's'] as const), begin, begin + random.pick([0, 1, 32, 512])])
  }
  return ranges
}

function requireSnapshot(folder: string): DatabaseSnapshot {
  const snapshot = snapshotOf(folder)
  if (snapshot === undefined) throw new Error(`no snapshot of ${folder}`)
  return snapshot
}

/** Changes bytes of a block and makes its checksum right again, as somebody does on purpose. */
function alterFirstBlock(table: string, alter: (block: Buffer) => void): void {
  const bytes = readFileSync(table)
  const size = firstBlockBytes(bytes)
  alter(bytes.subarray(0, size))
  bytes.writeUInt32LE(maskedCrc32c(bytes, 0, size + 1), size + 1)
  writeFileSync(table, bytes)
}

/** The first place where a checksum fits is where the first block ends. */
function firstBlockBytes(bytes: Buffer): number {
  for (let size = 8; size < bytes.length - 5; size++)
    if (maskedCrc32c(bytes, 0, size + 1) === bytes.readUInt32LE(size + 1)) return size
  throw new Error('no block')
}

describe('a range that is read out of tables and logs', () => {
  it.each(Array.from({ length: 25 }, (_, seed) => [seed]))('is what LevelDB’s iterator gives (%i)', async (seed) => {
    const random = new Random(seed)
    const folder = await randomDatabase(random)
    const [log] = databaseFiles(folder, /\.log$/)
    // A crash leaves a log that ends within a record.
    if (seed % 3 === 0 && log !== undefined) truncateSync(log, random.below(readFileSync(log).length + 1))
    expect(checkDatabase(folder).faults).toEqual([])
    const ranges = randomRanges(random)
    expect(byTables(requireSnapshot(folder), ranges)).toEqual(await byLevel(folder, ranges))
    const keys: KeyRange[] = [
      ['j', 'k'],
      ['l', 'm'],
      ['l2', 'la1'],
      ['laa', 'laa199'],
      ['l299', 'l3'],
    ]
    expect(keysByTables(requireSnapshot(folder), keys, 1 + random.below(200))).toEqual(await keysByLevel(folder, keys))
  })

  it('was tried on several levels, on tables that overlap, and on logs', async () => {
    const seen = { levels: new Set<number>(), overlapping: 0, logged: 0 }
    const databases = sizeOf('tests/ledger/table-reader.test.ts', 'databases')
    for (let seed = 0; seed < databases; seed++) {
      const { levels, logged } = requireSnapshot(await randomDatabase(new Random(seed)))
      levels.forEach((tables, level) => tables.length > 0 && seen.levels.add(level))
      if ((levels[0]?.length ?? 0) > 1) seen.overlapping++
      if (logged.b.numbers.length > 0 && logged.s.numbers.length > 0) seen.logged++
    }
    expect(seen.levels.size).toBeGreaterThan(1)
    expect(Math.min(seen.overlapping, seen.logged)).toBeGreaterThan(databases / 5)
  })
})

describe('a range that cannot be read', () => {
  const whole: Range[] = [
    ['b', 0, numbers + 100],
    ['s', 0, numbers + 100],
  ]
  /** The first one that has several tables. */
  async function database(): Promise<string> {
    for (let seed = 0; ; seed++) {
      const folder = await randomDatabase(new Random(seed))
      if (checkDatabase(folder).tables.length > 2) return folder
    }
  }

  it('is refused where any bit of a table is not as it was, or was no part of it', async () => {
    const folder = await database()
    const expected = await byLevel(folder, whole)
    const random = new Random(1)
    for (let i = 0; i < 60; i++) {
      const copy = copyOf(folder)
      const damaged = random.pick(databaseFiles(copy, /\.ldb$/))
      flipBit(damaged, random.below(8 * readFileSync(damaged).length))
      const isFound = checkDatabase(copy).tables.some((table) => checkTable(table) !== undefined)
      const read = byTables(requireSnapshot(copy), whole)
      read.forEach((records, at) => expect(records ?? expected[at]).toEqual(expected[at]))
      expect(isFound || read.every((records) => records !== undefined)).toBe(true)
      rmSync(copy, { recursive: true })
    }
  })

  it('is refused where a table is gone, or another file by now', async () => {
    const folder = await database()
    const snapshot = requireSnapshot(folder)
    const [table] = databaseFiles(folder, /\.ldb$/)
    renameSync(table as string, join(path, 'away'))
    expect(byTables(snapshot, whole)).toContain(undefined)
    // The same bytes, and not the same file.
    writeFileSync(table as string, readFileSync(join(path, 'away')))
    expect(byTables(snapshot, whole)).toContain(undefined)
    rmSync(table as string)
    renameSync(join(path, 'away'), table as string)
    expect(byTables(snapshot, whole)).not.toContain(undefined)
  })

  /** One table of few keys, not compressed, whose first block can be altered at known places. */
  async function smallDatabase(): Promise<{ folder: string; table: string }> {
    const folder = join(path, `small-${copies++}`)
    const db = open(folder, false)
    await db.open()
    for (let i = 0; i < 3; i++) await db.put(numberedKey('b', i), Buffer.from(`value ${i}`))
    await db.close()
    // What is in the log becomes a table.
    const again = open(folder, false)
    await again.open()
    await again.close()
    return { folder, table: databaseFiles(folder, /\.ldb$/)[0] as string }
  }

  it.each([
    ['an unknown type of record', (block: Buffer) => block.fill(2, 3 + 9, 3 + 10)],
    ['a sequence number above the last', (block: Buffer) => block.fill(9, 3 + 9 + 3, 3 + 9 + 4)],
    ['keys that do not ascend', (block: Buffer) => block.fill(9, 3 + 8, 3 + 9)],
    ['a restart that is no beginning of a key', (block: Buffer) => block.fill(1, block.length - 8, block.length - 7)],
    ['more restarts than there are', (block: Buffer) => block.fill(2, block.length - 4, block.length - 3)],
    ['no restart', (block: Buffer) => block.fill(0, block.length - 4, block.length - 3)],
    ['a key that shares more than there is', (block: Buffer) => block.fill(1, 0, 1)],
    ['a value past the end', (block: Buffer) => block.fill(0x7f, 2, 3)],
    ['a length that is written longer than it is', (block: Buffer) => block.fill(0x80, 2, 3)],
  ])('is refused for %s, whose checksum was made right', async (_name, alter) => {
    const { folder, table } = await smallDatabase()
    expect(byTables(requireSnapshot(folder), whole)).toEqual(await byLevel(folder, whole))
    alterFirstBlock(table, alter)
    expect(checkTable({ path: table, size: readFileSync(table).length })).toBeUndefined()
    expect(byTables(requireSnapshot(folder), [whole[0] as Range])).toEqual([undefined])
  })

  it('is refused for a key of another length', async () => {
    const folder = join(path, `long-${copies++}`)
    const db = open(folder)
    await db.open()
    await db.put(Buffer.concat([numberedKey('b', 1), Buffer.from('x')]), Buffer.from('value'))
    await db.close()
    expect(snapshotOf(folder)).toBeUndefined()
    const again = open(folder)
    await again.open()
    await again.close()
    expect(byTables(requireSnapshot(folder), whole)).toEqual([undefined, []])
  })

  it('R10: is refused where an index or the MANIFEST says other keys than a table has: LevelDB passes over by them', async () => {
    const made = join(path, `honest-${copies++}`)
    const db = open(made)
    await db.open()
    for (let i = 0; i < 9; i++) await db.put(Buffer.from(`l${i}`), Buffer.from(`value ${i}`))
    await db.close()
    const sequence = nextSequence(made)
    const records = [2, 4, 6].map((i, at) => ({ key: Buffer.from(`l${i}`), value: undefined, sequence: sequence + at }))
    const found = (lies: TableLies): unknown => {
      const copy = copyOf(made)
      addTable(copy, records, lies)
      expect(checkDatabase(copy).faults).toEqual([])
      const snapshot = requireSnapshot(copy)
      const logged = loggedKeysOf(snapshot.logs, 'l') as NonNullable<ReturnType<typeof loggedKeysOf>>
      const keys: string[] = []
      // From a place before which LevelDB passes over blocks and tables.
      const isRead = new TableReader(snapshot).keys(
        { from: Buffer.from('l5'), to: Buffer.from('m') },
        logged,
        (one) => {
          keys.push(latin1(one.key.subarray(0, one.keyLength)))
          return true
        },
      )
      return isRead ? keys : 'refused'
    }
    expect(found({})).toEqual(['l5', 'l7', 'l8'])
    expect(found({ level: 2 })).toEqual(['l5', 'l7', 'l8'])
    expect(found({ indexKey: Buffer.from('l3') })).toBe('refused')
    expect(found({ largest: Buffer.from('l5') })).toBe('refused')
    expect(found({ smallest: Buffer.from('l3') })).toBe('refused')
    expect(found({ level: 2, largest: Buffer.from('l8') })).toBe('refused')
  })

  it('R10: tables of a level that overlap are a fault of the database, at which LevelDB would end the process', () => {
    const folder = join(path, `overlap-${copies++}`)
    const make = async (): Promise<void> => {
      const db = open(folder)
      await db.open()
      await db.put(Buffer.from('l1'), Buffer.from('value'))
      await db.close()
    }
    return make().then(() => {
      const at = (key: string, sequence: number) => ({ key: Buffer.from(key), value: Buffer.from('x'), sequence })
      const sequence = nextSequence(folder)
      addTable(folder, [at('a', sequence), at('c', sequence + 1)], { level: 1 })
      expect(checkDatabase(folder).faults).toEqual([])
      addTable(folder, [at('b', sequence + 2), at('d', sequence + 3)], { level: 1 })
      expect(checkDatabase(folder).faults).toMatchObject([
        { code: 'database-log-damaged', message: expect.stringContaining('of level 1 overlap') },
      ])
    })
  })

  it('is never asked for where CURRENT, MANIFEST or a log cannot be read', async () => {
    const folder = await database()
    for (const ending of [/^CURRENT$/, /^MANIFEST/, /\.ldb$/]) {
      const copy = copyOf(folder)
      rmSync(databaseFiles(copy, ending)[0] as string)
      expect(snapshotOf(copy)).toBeUndefined()
    }
  })
})
