import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { isEvidenceError } from '../../src/core/errors.ts'
import { openZipFile } from '../../src/package/node/zip-file.ts'
import { temporaryFolder } from '../support/folder.ts'
import { Random } from '../support/random.ts'
import { rawZip, type RawEntry } from '../support/raw-zip.ts'

const { path, remove } = temporaryFolder()
afterAll(remove)
let number = 0

function fileOf(bytes: Buffer): string {
  const file = join(path, `${number++}.zip`)
  writeFileSync(file, bytes)
  return file
}

/** Opens a zip and reads all of it, as the checker does; the texts by path. */
async function readAll(bytes: Buffer): Promise<Record<string, string>> {
  const bag = await openZipFile(fileOf(bytes))
  try {
    const texts: Record<string, string> = {}
    for (const name of bag.files.keys()) {
      const chunks: Uint8Array[] = []
      for await (const chunk of bag.stream(name)) chunks.push(chunk)
      texts[name] = Buffer.concat(chunks).toString()
    }
    return texts
  } finally {
    await bag.close()
  }
}

async function codeOf(bytes: Buffer): Promise<string> {
  try {
    await readAll(bytes)
    return 'accepted'
  } catch (error) {
    if (isEvidenceError(error)) return error.code
    throw error
  }
}

const plain: RawEntry = { name: 'bag/a.txt', content: 'a' }

describe('a bag in a zip', () => {
  it('reads stored and deflated entries, and folders with entries of their own', async () => {
    const entries: RawEntry[] = [
      { name: 'bag/', mode: 0o040755 },
      plain,
      { name: 'bag/data/说明 (第1份).txt', content: 'x'.repeat(500), deflate: true },
    ]
    expect(await readAll(rawZip(entries))).toEqual({ 'a.txt': 'a', 'data/说明 (第1份).txt': 'x'.repeat(500) })
  })

  it.each([
    '../a.txt',
    'bag/../../a.txt',
    '/bag/a.txt',
    'bag//a.txt',
    'bag/./a.txt',
    'bag\\..\\a.txt',
    'bag/a\\b.txt',
    'C:/a.txt',
    'bag/C:a.txt',
    'bag/a\0.txt',
    'bag/a\n.txt',
    'bag/NUL',
    'bag/com1.tar.gz',
    'bag/aux .txt',
    'bag/a.',
    'bag/a ',
    'bag/a%0a.txt',
    'bag/a?.txt',
    `bag/${'x'.repeat(256)}`,
    `bag/${'xx/'.repeat(400)}x`,
  ])('refuses the path %j', async (name) => {
    const code = await codeOf(rawZip([plain, { name, content: 'b' }]))
    // One that leaves the top folder is refused as to that, or as to its spelling.
    expect(['package-path', 'package-zip']).toContain(code)
  })

  it('refuses a name that is not UTF-8, and takes one for it that does not say so', async () => {
    expect(await codeOf(rawZip([{ name: Buffer.from([0x62, 0x2f, 0xff, 0xfe]) }]))).toBe('package-path')
    expect(await codeOf(rawZip([{ name: 'bag/é.txt', flags: 0 }]))).toBe('accepted')
  })

  it.each([
    ['the same name', 'bag/a.txt', 'package-zip'],
    ['another case', 'bag/A.TXT', 'package-path'],
    ['another composition', 'bag/e\u0301.txt', 'package-path'],
    ['a width', 'bag/\uff21.txt', 'package-path'],
    ['a folder of another', 'bag/a.txt/b', 'package-path'],
  ])('refuses a second path that is %s', async (_what, name, code) => {
    expect(await codeOf(rawZip([plain, { name: 'bag/\u00e9.txt' }, { name }]))).toBe(code)
  })

  const symbolicLink = 0o120777
  const zip64Twice = Buffer.from('01000000'.repeat(2), 'hex')
  const otherName = Buffer.concat([Buffer.from('75700600', 'hex'), Buffer.from([1, 0, 0, 0, 0, 0x62])])
  it.each<[string, RawEntry, string]>([
    ['a symbolic link', { name: 'bag/l', content: '/etc/passwd', mode: symbolicLink }, 'package-path'],
    ['a device', { name: 'bag/l', mode: 0o020666 }, 'package-path'],
    ['a folder with contents', { name: 'bag/f/', content: 'x', mode: 0o040755 }, 'package-zip'],
    ['an encrypted entry', { name: 'bag/l', content: 'x'.repeat(20), flags: 0x0801, size: 8 }, 'package-zip'],
    ['a bomb', { name: 'bag/z', content: Buffer.alloc(8 * 1024 * 1024), deflate: true }, 'package-zip'],
    ['a stated size too small', { name: 'bag/z', content: 'x'.repeat(5000), deflate: true, size: 10 }, 'package-zip'],
    ['a stated size too large', { name: 'bag/z', content: 'xy', deflate: true, size: 10 }, 'package-zip'],
    ['a stated size beyond the file', { name: 'bag/z', content: 'xy', size: 5000 }, 'package-zip'],
    ['a wrong CRC', { name: 'bag/z', content: 'xy', crc: 7 }, 'package-zip'],
    ['another local name', { name: 'bag/z', local: { name: 'bag/y' } }, 'package-zip'],
    ['another local size', { name: 'bag/z', content: 'xy', local: { size: 1 } }, 'package-zip'],
    ['another local CRC', { name: 'bag/z', content: 'xy', local: { crc: 1 } }, 'package-zip'],
    ['another local method', { name: 'bag/z', content: 'xy', local: { method: 8 } }, 'package-zip'],
    ['other local flags', { name: 'bag/z', content: 'xy', local: { flags: 0x0808 } }, 'package-zip'],
    ['sizes given twice', { name: 'bag/z', extra: zip64Twice }, 'package-zip'],
    ['a second name', { name: 'bag/z', extra: otherName }, 'package-zip'],
    ['bytes before it', { name: 'bag/z', before: Buffer.from('hidden') }, 'package-zip'],
    ['a file beside the folder', { name: 'other/z' }, 'package-zip'],
    ['a file at the top', { name: 'z' }, 'package-zip'],
  ])('refuses %s', async (_what, entry, code) => {
    expect(await codeOf(rawZip([plain, entry]))).toBe(code)
  })

  it('refuses entries over one another, bytes that belong to none, a comment, and what is no zip', async () => {
    expect(await codeOf(rawZip([plain, { name: 'bag/b.txt', content: 'a', at: 0 }]))).toBe('package-zip')
    expect(await codeOf(rawZip([{ ...plain, before: Buffer.from('#!/bin/sh\n') }]))).toBe('package-zip')
    expect(await codeOf(rawZip([plain], { after: Buffer.from('between') }))).toBe('package-zip')
    expect(await codeOf(rawZip([plain], { comment: 'hello' }))).toBe('package-zip')
    expect(await codeOf(Buffer.concat([rawZip([plain]), Buffer.from('tail')]))).toBe('package-zip')
    expect(await codeOf(rawZip([]))).toBe('package-zip')
    expect(await codeOf(rawZip([plain]).subarray(0, -30))).toBe('package-zip')
    expect(await codeOf(Buffer.from('PK\u0003\u0004 and no more'))).toBe('package-zip')
  })

  it('refuses more entries than a package may have, before it reads one', async () => {
    const zip = rawZip([plain])
    const end = Buffer.from(zip.subarray(-22))
    // The end of the directory, of 64 bits: as many entries as it likes.
    const end64 = Buffer.alloc(56 + 20)
    end64.writeUInt32LE(0x06064b50, 0)
    end64.writeBigUInt64LE(44n, 4)
    end64.writeBigUInt64LE(2n ** 40n, 24)
    end64.writeBigUInt64LE(2n ** 40n, 32)
    end64.writeBigUInt64LE(BigInt(end.readUInt32LE(12)), 40)
    end64.writeBigUInt64LE(BigInt(end.readUInt32LE(16)), 48)
    end64.writeUInt32LE(0x07064b50, 56)
    end64.writeBigUInt64LE(BigInt(zip.length - 22), 64)
    end64.writeUInt32LE(1, 72)
    end.writeUInt32LE(0xffffffff, 8)
    expect(await codeOf(Buffer.concat([zip.subarray(0, -22), end64, end]))).toBe('package-too-large')
  })

  it('damaged anywhere, is refused with a code of its own, or reads as before', async () => {
    const sound = rawZip([plain, { name: 'bag/data/b.txt', content: 'some text, '.repeat(40), deflate: true }])
    const texts = await readAll(sound)
    const sorted = (read: Record<string, string>): string => JSON.stringify(Object.values(read).sort())
    const refusals = ['package-zip', 'package-path', 'package-too-large']
    const random = new Random(18)
    for (let i = 0; i < 600; i++) {
      const damaged = Buffer.from(sound)
      for (let n = random.below(3); n >= 0; n--) damaged[random.below(damaged.length)] = random.below(256)
      const bytes = random.below(10) === 0 ? damaged.subarray(0, random.below(damaged.length)) : damaged
      const read = await readAll(bytes).catch((error: unknown) => {
        if (isEvidenceError(error)) return error.code
        throw new Error(`not refused as it should be, at ${i}`, { cause: error })
      })
      // Names and dates are nobody's word; contents are.
      const isAsBefore = typeof read !== 'string' && sorted(read) === sorted(texts)
      expect([i, isAsBefore || (typeof read === 'string' && refusals.includes(read))]).toEqual([i, true])
    }
  })
})
