import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { Level } from 'level'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkRecordFile } from '../../src/ledger/leveldb/record-file.ts'
import { crc32c } from '../../src/ledger/leveldb/crc32c.ts'
import { temporaryFolder } from '../support/folder.ts'

const { path, remove } = temporaryFolder()
afterAll(remove)
let log: Uint8Array

beforeAll(async () => {
  const db = new Level<string, string>(join(path, 'db'))
  // Records of many sizes, some over several blocks of 32 KiB.
  for (let i = 0; i < 60; i++) await db.put(`key ${i}`, 'x'.repeat((i * 977) % 70_000), { sync: true })
  await db.close()
  const name = readdirSync(join(path, 'db')).find((file) => file.endsWith('.log')) as string
  // A copy: a Buffer's slice would share its bytes.
  log = new Uint8Array(readFileSync(join(path, 'db', name)))
})

describe('checkRecordFile', () => {
  it('has the CRC-32C of RFC 3720', () => {
    expect(crc32c(new Uint8Array(32), 0, 32)).toBe(0x8a9136aa)
    expect(crc32c(new Uint8Array(32).fill(0xff), 0, 32)).toBe(0x62a8ab43)
    expect(
      crc32c(
        Uint8Array.from({ length: 32 }, (_, i) => i),
        0,
        32,
      ),
    ).toBe(0x46dd794e)
    expect(crc32c(Buffer.from('123456789'), 0, 9)).toBe(0xe3069283)
  })

  it('has the same CRC-32C wherever the bytes begin and end', () => {
    const bytes = Uint8Array.from({ length: 64 }, (_, i) => (i * 37) & 255)
    for (let begin = 0; begin < 12; begin++) {
      for (let end = begin; end <= 40; end++) {
        // Bit by bit, as the polynomial is defined.
        let crc = 0xffffffff
        for (const byte of bytes.subarray(begin, end)) {
          crc ^= byte
          for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0)
        }
        expect(crc32c(bytes, begin, end)).toBe((crc ^ 0xffffffff) >>> 0)
      }
    }
  })

  it('accepts what LevelDB wrote', () => {
    expect(log.length).toBeGreaterThan(1_000_000)
    expect(checkRecordFile(log)).toEqual({ records: 60, torn: false })
  })

  it('calls a cut anywhere torn, unless it falls between records', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: log.length - 1 }), (length) => {
        const report = checkRecordFile(log.subarray(0, length))
        expect(report.damage).toBeUndefined()
        expect(report.torn || report.records < 60).toBe(true)
      }),
      { numRuns: 60 },
    )
  })

  it('never passes a flipped bit: damage, or a tear that loses records', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: log.length * 8 - 1 }), (bit) => {
        const flipped = log.slice()
        flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7))
        const report = checkRecordFile(flipped)
        expect(report.damage !== undefined || (report.torn && report.records < 60)).toBe(true)
      }),
      { numRuns: 300 },
    )
  })

  it('takes zeros at the end for an extended file, zeros within for damage', () => {
    const padded = new Uint8Array(log.length + 5000)
    padded.set(log)
    expect(checkRecordFile(padded)).toMatchObject({ torn: true })
    const holed = log.slice()
    holed.fill(0, 40_000, 40_100)
    expect(checkRecordFile(holed).damage).toBeDefined()
  })
})
