import { copyFileSync, cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { Level } from 'level'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { maskedCrc32c } from '../../src/ledger/leveldb/crc32c.ts'
import { checkDatabase, checkTable } from '../../src/ledger/leveldb/database-check.ts'
import { liveTables } from '../../src/ledger/leveldb/manifest.ts'
import { snappyDecompress } from '../../src/ledger/leveldb/snappy.ts'
import { checkTableFile } from '../../src/ledger/leveldb/table-file.ts'
import { databaseFiles } from '../support/damage.ts'
import { temporaryFolder } from '../support/folder.ts'

const { path, remove } = temporaryFolder()
const folder = join(path, 'db')
afterAll(remove)
let table: Uint8Array

/** Tables whose blocks are compressed and not, and whose index is compressed: keys that have much in common. */
beforeAll(async () => {
  const open = (): Level<string, Buffer> =>
    new Level<string, Buffer>(folder, { valueEncoding: 'buffer', writeBufferSize: 256 * 1024 })
  const db = open()
  for (let i = 0; i < 3000; i++) {
    const value = Buffer.alloc(300, i % 2 === 0 ? 'evidence' : undefined)
    if (i % 2 === 1) for (let j = 0; j < 300; j++) value[j] = Math.imul(i * 300 + j, 0x9e3779b1) >>> 24
    await db.put(`a key with a long beginning ${String(i).padStart(8, '0')}`, value)
  }
  await db.close()
  // A table that was being written when the database closed is left half; the next opening writes it from the log, and clears up.
  const again = open()
  await again.open()
  await again.close()
  const [first] = databaseFiles(folder, /\.ldb$/)
  table = new Uint8Array(readFileSync(first as string))
})

const flipped = (bytes: Uint8Array, at: number, bit = 0): Uint8Array => {
  const copy = bytes.slice()
  copy[at] = (copy[at] as number) ^ (1 << bit)
  return copy
}

describe('checkTableFile', () => {
  it('accepts every table that LevelDB wrote', () => {
    const files = databaseFiles(folder, /\.ldb$/)
    expect(files.length).toBeGreaterThan(1)
    for (const file of files) expect(checkTableFile(readFileSync(file))).toBeUndefined()
  })

  it('finds every flipped bit, wherever it is', () => {
    const silent: number[] = []
    // Each byte of the end, where index and footer are, and samples of the rest.
    for (let at = 0; at < table.length; at += at > table.length - 3000 ? 1 : 37) {
      if (checkTableFile(flipped(table, at, at % 8)) === undefined) silent.push(at)
    }
    expect(silent).toEqual([])
  })

  it('finds what was cut, lengthened, doubled and zeroed', () => {
    const zeroed = table.slice()
    zeroed.fill(0, 4096, 8192)
    const doubled = table.slice()
    doubled.copyWithin(4096, 0, 4096)
    const lengthened = new Uint8Array(table.length + 1)
    lengthened.set(table)
    for (const bytes of [zeroed, doubled, lengthened, table.slice(0, -1), table.slice(0, 47), new Uint8Array(0)]) {
      expect(checkTableFile(bytes)?.why).toBeTypeOf('string')
    }
  })
})

describe('liveTables', () => {
  it('names the tables that are there, with their sizes', () => {
    const [manifest] = databaseFiles(folder, /^MANIFEST/)
    const live = liveTables(readFileSync(manifest as string)) ?? []
    const names = live.map(({ number }) => join(folder, `${String(number).padStart(6, '0')}.ldb`))
    expect(names).toEqual(databaseFiles(folder, /\.ldb$/).sort())
    expect(live.map(({ size }) => size)).toEqual(names.map((name) => readFileSync(name).length))
  })

  it.each([
    ['an unknown field', [1, 99]],
    ['an edit that ends within a key', [5, 0, 9, 65]],
    ['a table without keys', [7, 0, 5, 9]],
  ])('refuses %s', (_name, payload) => {
    const record = Uint8Array.of(0, 0, 0, 0, payload.length, 0, 1, ...payload)
    expect(liveTables(record)).toBeUndefined()
  })
})

describe('checkDatabase', () => {
  it('reports a table that is missing, or has another size, and leaves an unknown one alone', () => {
    const copy = join(path, 'copy')
    cpSync(folder, copy, { recursive: true })
    // What a crash leaves half-written is not of the database.
    writeFileSync(join(copy, '999999.ldb'), 'half')
    const { faults, tables } = checkDatabase(copy)
    expect(faults).toEqual([])
    expect(tables.map((one) => checkTable(one))).toEqual(tables.map(() => undefined))
    const [first, second] = tables.map((one) => one.path)
    writeFileSync(first as string, readFileSync(first as string).subarray(1))
    rmSync(second as string)
    expect(checkDatabase(copy).faults.map(({ code, facts }) => [code, facts.where])).toEqual([
      ['database-table-damaged', expect.stringContaining(first as string)],
      ['database-table-damaged', expect.stringContaining(second as string)],
    ])
  })
})

describe('BR-M7: a log that holds a sequence number twice', () => {
  const copy = join(path, 'doubled')
  const logOf = (): string => databaseFiles(copy, /\.log$/)[0] as string

  beforeEach(async () => {
    rmSync(copy, { recursive: true, force: true })
    const db = new Level<string, string>(copy)
    // Records of many sizes; together they fill a whole number of blocks, so that the file may follow itself.
    for (let i = 0; i < 20; i++) await db.put(`key ${i}`, 'x'.repeat((i * 977) % 9000))
    await db.close()
  })

  /** The log's bytes, with what a block lacks made up by a batch that deletes a key of that length. */
  function wholeBlocks(): Buffer {
    const bytes = readFileSync(logOf())
    const room = 32 * 1024 - (bytes.length % (32 * 1024))
    const payload = Buffer.alloc(room - 7)
    payload.writeUInt32LE(1000, 0)
    payload.writeUInt32LE(1, 8)
    const length = room - 7 - 12 - 1
    const width = length - 2 < 16384 ? 2 : 3
    const key = length - width
    for (let i = 0, left = key; i < width; i++, left >>>= 7) payload[13 + i] = (left & 127) | (i < width - 1 ? 128 : 0)
    return Buffer.concat([bytes, recordOf(payload)])
  }

  function recordOf(payload: Uint8Array): Buffer {
    const record = Buffer.alloc(7 + payload.length)
    record.writeUInt16LE(payload.length, 4)
    record[6] = 1
    record.set(payload, 7)
    record.writeUInt32LE(maskedCrc32c(record, 6, record.length), 0)
    return record
  }

  const found = (): unknown[] => {
    const { faults, isFatal } = checkDatabase(copy)
    return [isFatal, ...faults.map(({ code, message }) => `${code}: ${message.replace(/^.* at byte /, '')}`)]
  }

  it('is found where its records follow each other again', () => {
    const bytes = wholeBlocks()
    writeFileSync(logOf(), bytes)
    expect(found()).toEqual([false])
    writeFileSync(logOf(), Buffer.concat([bytes, bytes]))
    expect(found()).toEqual([true, `database-log-damaged: ${bytes.length}: the sequence number 1 comes after 1000`])
  })

  it('is found where another log says it, but for one that LevelDB does not replay', () => {
    const log = logOf()
    const number = Number(basename(log, '.log'))
    copyFileSync(log, join(copy, `${String(number + 1).padStart(6, '0')}.log`))
    expect(found()).toEqual([
      true,
      expect.stringMatching(/^database-log-damaged: 0: the sequence number 1 comes after /),
    ])
    rmSync(join(copy, `${String(number + 1).padStart(6, '0')}.log`))
    copyFileSync(log, join(copy, '000001.log'))
    expect(found()).toEqual([false])
  })

  it('is found behind other damage, which LevelDB passes over', () => {
    const bytes = wholeBlocks()
    const twice = Buffer.concat([bytes, bytes])
    writeFileSync(logOf(), flipped(twice, 20))
    expect(found()).toEqual([
      true,
      expect.stringContaining('a record with a wrong checksum'),
      expect.stringContaining('comes after 1000'),
    ])
    writeFileSync(logOf(), flipped(bytes, 20))
    expect(found()).toEqual([false, expect.stringContaining('a record with a wrong checksum')])
  })

  it('is found, as is a batch that cannot be read', () => {
    writeFileSync(logOf(), recordOf(Buffer.alloc(13, 1)))
    expect(found()).toEqual([true, 'database-log-damaged: 0: a batch that cannot be read'])
  })
})

describe('snappyDecompress', () => {
  it.each([
    ['a literal', [3, 0x08, 97, 98, 99], 'abc'],
    ['a copy that overlaps itself', [9, 0x00, 97, 0x11, 1], 'aaaaaaaaa'],
    ['a copy with a longer offset', [6, 0x08, 97, 98, 99, 0x0a, 3, 0], 'abcabc'],
    ['nothing', [0], ''],
  ])('reads %s', (_name, bytes, text) => {
    expect(Buffer.from(snappyDecompress(Uint8Array.from(bytes), 100) ?? 'refused').toString()).toBe(text)
  })

  it.each([
    ['no length', []],
    ['an endless length', [255, 255, 255, 255, 255, 1]],
    ['more than the limit', [101, 0x00, 97]],
    ['a literal past the end', [3, 0x0c, 97, 98]],
    ['more than it says', [1, 0x08, 97, 98, 99]],
    ['less than it says', [4, 0x08, 97, 98, 99]],
    ['a copy from before the start', [6, 0x08, 97, 98, 99, 0x0a, 4, 0]],
    ['a copy of offset 0', [6, 0x08, 97, 98, 99, 0x0a, 0, 0]],
    ['half a copy', [6, 0x08, 97, 98, 99, 0x0a]],
  ])('refuses %s', (_name, bytes) => {
    expect(snappyDecompress(Uint8Array.from(bytes), 100)).toBeUndefined()
  })
})
