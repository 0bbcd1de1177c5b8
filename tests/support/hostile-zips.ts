import { crc32 } from 'node:zlib'
import { type RawEntry, rawZip } from './raw-zip.ts'

/*
 * Zips at the edge of what a package may be (docs/spec/18-package.md, "As a zip"), generated: every rule of the grammar, kept and
 * broken, in the first, a middle and the last entry, stored and deflated. Each with what both verifiers have to say of it.
 */
export interface EdgeZip {
  readonly name: string
  readonly bytes: Buffer
  readonly verdict: 'accepted' | 'package-zip' | 'package-path'
}

const content = 'some text, '.repeat(40)
const ones = 0xffffffff
const deferred = 0x0808

function extra(id: number, data: Buffer): Buffer {
  const head = Buffer.alloc(4)
  head.writeUInt16LE(id, 0)
  head.writeUInt16LE(data.length, 2)
  return Buffer.concat([head, data])
}

const numbers64 = (...values: readonly number[]): Buffer => {
  const bytes = Buffer.alloc(8 * values.length)
  values.forEach((value, i) => bytes.writeBigUInt64LE(BigInt(value), 8 * i))
  return bytes
}
const numbers32 = (...values: readonly number[]): Buffer => {
  const bytes = Buffer.alloc(4 * values.length)
  values.forEach((value, i) => bytes.writeUInt32LE(value, 4 * i))
  return bytes
}
const mark = Buffer.from('PK\x07\x08', 'latin1')
const size = Buffer.byteLength(content)
const crc = crc32(content)
const wrongCrc = (crc32(content) ^ 1) >>> 0
const zip64 = (...values: readonly number[]): Buffer => extra(0x0001, numbers64(...values))

function unicodePath(name: string, named = name, version = 1): Buffer {
  const head = Buffer.alloc(5)
  head[0] = version
  head.writeUInt32LE(crc32(Buffer.from(named)), 1)
  return extra(0x7075, Buffer.concat([head, Buffer.from(name)]))
}

const times = extra(0x5455, Buffer.from('0300000000', 'hex'))
const own = 'bag/z.txt'

/** What one entry may be, stored, with the verdict. Stored sizes are known: {@link size} both. */
const entries: readonly [string, Partial<RawEntry>, EdgeZip['verdict']][] = [
  ['plain', {}, 'accepted'],
  ['times in both headers', { extra: times, local: { extra: times } }, 'accepted'],
  ['times in the local header', { local: { extra: times } }, 'accepted'],
  ['its own name again in both', { extra: unicodePath(own), local: { extra: unicodePath(own) } }, 'accepted'],
  ['another name in the directory', { extra: unicodePath('bag/y.txt', own) }, 'package-zip'],
  ['another name in the local extra alone', { local: { extra: unicodePath('bag/y.txt', own) } }, 'package-zip'],
  ['a second name of another version', { local: { extra: unicodePath(own, own, 2) } }, 'package-zip'],
  ['a second name too short', { local: { extra: extra(0x7075, Buffer.from([1, 0])) } }, 'package-zip'],
  ['an unknown extra', { extra: extra(0xcafe, Buffer.alloc(2)) }, 'package-zip'],
  ['an unknown extra in the local header', { local: { extra: extra(0x6375, Buffer.alloc(6)) } }, 'package-zip'],
  ['an extra twice', { extra: Buffer.concat([times, times]) }, 'package-zip'],
  ['an extra that is not whole', { extra: times.subarray(0, -1) }, 'package-zip'],
  ['bytes after its extras', { local: { extra: Buffer.concat([times, Buffer.alloc(3)]) } }, 'package-zip'],
  ['local sizes in 64 bits', { local: { size: ones, extra: zip64(size, size) } }, 'accepted'],
  ['local sizes in 64 bits that lie', { local: { size: ones, extra: zip64(size, size + 1) } }, 'package-zip'],
  ['local sizes in 64 bits too many', { local: { size: ones, extra: zip64(size, size, 0) } }, 'package-zip'],
  ['one local size in 64 bits', { local: { size: ones, extra: zip64(size) } }, 'package-zip'],
  ['local sizes of all ones', { local: { size: ones } }, 'package-zip'],
  ['local sizes in 64 bits besides', { local: { extra: zip64(size, size) } }, 'package-zip'],
  ['its size in 64 bits', { size: ones, packed: size, local: { size }, extra: zip64(size) }, 'accepted'],
  ['its sizes in 64 bits', { size: ones, packed: ones, local: { size }, extra: zip64(size, size) }, 'accepted'],
  [
    'its sizes in 64 bits that lie',
    { size: ones, packed: ones, local: { size }, extra: zip64(size, size - 1) },
    'package-zip',
  ],
  ['its sizes in 64 bits missing', { size: ones, packed: ones, local: { size } }, 'package-zip'],
  ['its sizes in 64 bits besides', { extra: zip64(size, size) }, 'package-zip'],
  ['its place beyond the zip', { offset: ones, extra: zip64(2 ** 52) }, 'package-zip'],
  ['another local size', { local: { size: size - 1 } }, 'package-zip'],
  ['no local size', { local: { size: 0 } }, 'package-zip'],
  [
    'one of the sizes after it wrong before',
    { flags: deferred, local: { size: 1, crc: 0 }, after: numbers32(crc, size, size) },
    'package-zip',
  ],
  ['another local CRC', { local: { crc: wrongCrc } }, 'package-zip'],
  ['another CRC', { crc: wrongCrc, local: { crc: wrongCrc } }, 'package-zip'],
  ['another local name', { local: { name: 'bag/y.txt' } }, 'package-zip'],
  ['another local method', { local: { method: 8 } }, 'package-zip'],
  ['other local flags', { local: { flags: deferred } }, 'package-zip'],
  [
    'sizes after it',
    { flags: deferred, local: { size: 0, crc: 0 }, after: Buffer.concat([mark, numbers32(crc, size, size)]) },
    'accepted',
  ],
  [
    'sizes after it, without a mark',
    { flags: deferred, local: { size: 0, crc: 0 }, after: numbers32(crc, size, size) },
    'accepted',
  ],
  ['sizes after it, and before', { flags: deferred, after: numbers32(crc, size, size) }, 'accepted'],
  [
    'sizes of 64 bits after it',
    {
      flags: deferred,
      local: { size: ones, crc: 0, extra: zip64(0, 0) },
      after: Buffer.concat([mark, numbers32(crc), numbers64(size, size)]),
    },
    'accepted',
  ],
  [
    'sizes of 64 bits after one of 32',
    { flags: deferred, local: { size: 0, crc: 0 }, after: Buffer.concat([numbers32(crc), numbers64(size, size)]) },
    'package-zip',
  ],
  [
    'sizes of 32 bits after one of 64',
    { flags: deferred, local: { size: ones, crc: 0, extra: zip64(0, 0) }, after: numbers32(crc, size, size) },
    'package-zip',
  ],
  ['no sizes after it, though it says so', { flags: deferred, local: { size: 0, crc: 0 } }, 'package-zip'],
  [
    'a wrong CRC after it',
    { flags: deferred, local: { size: 0, crc: 0 }, after: numbers32(wrongCrc, size, size) },
    'package-zip',
  ],
  [
    'a wrong size after it',
    { flags: deferred, local: { size: 0, crc: 0 }, after: numbers32(crc, size, size + 1) },
    'package-zip',
  ],
  [
    '12 bytes that are no sizes',
    { flags: deferred, local: { size: 0, crc: 0 }, after: Buffer.alloc(12) },
    'package-zip',
  ],
  [
    '24 bytes that are no sizes',
    { flags: deferred, local: { size: 0, crc: 0 }, after: Buffer.alloc(24, 'x') },
    'package-zip',
  ],
  [
    '16 bytes with another mark',
    {
      flags: deferred,
      local: { size: 0, crc: 0 },
      after: Buffer.concat([Buffer.from('PK\x07\x09'), numbers32(crc, size, size)]),
    },
    'package-zip',
  ],
  ['sizes after it that it does not announce', { after: numbers32(crc, size, size) }, 'package-zip'],
  ['a byte after it', { after: Buffer.alloc(1) }, 'package-zip'],
  ['a byte before it', { before: Buffer.alloc(1) }, 'package-zip'],
  ['a comment', { comment: 'x' }, 'package-zip'],
  ['encryption', { flags: 0x0801 }, 'package-zip'],
  ['a masked header', { flags: 0x2800 }, 'package-zip'],
  ['a patch', { flags: 0x0820 }, 'package-zip'],
  ['a symbolic link', { mode: 0o120777 }, 'package-path'],
  ['a device', { mode: 0o020666 }, 'package-path'],
  ['a folder’s mode', { mode: 0o040755 }, 'package-path'],
  ['a folder’s attribute', { attributes: 0x10 }, 'package-path'],
  ['a volume’s attribute', { attributes: 0x08 }, 'package-path'],
  ['an archive’s attribute', { attributes: 0x20 }, 'accepted'],
  ['a name twice', { name: 'bag/a.txt' }, 'package-zip'],
  ['a name in another case', { name: 'bag/A.TXT' }, 'package-path'],
  ['a name below a file', { name: 'bag/a.txt/b' }, 'package-path'],
  ['a name with a NUL', { name: 'bag/z\0.txt' }, 'package-zip'],
  ['a name that is not UTF-8', { name: Buffer.from([...Buffer.from('bag/'), 0xff]) }, 'package-path'],
  ['a name in UTF-8 that is not said to be', { name: 'bag/说明é.txt', flags: 0 }, 'accepted'],
  ['a name in UTF-8', { name: 'bag/说明é.txt' }, 'accepted'],
  ['no name', { name: '' }, 'package-zip'],
  ['a name at the top', { name: 'z.txt' }, 'package-zip'],
  ['a name in another folder', { name: 'other/z.txt' }, 'package-zip'],
  ['a name that leaves', { name: 'bag/../z.txt' }, 'package-path'],
  ['a name with a backslash', { name: 'bag\\z.txt' }, 'package-zip'],
  ['a device’s name', { name: 'bag/com¹.txt' }, 'package-path'],
  ['a device’s name and spaces', { name: 'bag/nul .txt' }, 'package-path'],
  ['a line separator in its name', { name: 'bag/z\u2028.txt' }, 'package-path'],
  ['a macOS companion', { name: '__MACOSX/bag/._z.txt' }, 'package-zip'],
]

/** The corpus. */
export function edgeZips(): EdgeZip[] {
  const plain: readonly RawEntry[] = [
    { name: 'bag/', mode: 0o040755 },
    { name: 'bag/a.txt', content: 'a' },
    { name: 'bag/data/b.txt', content: 'b'.repeat(500), deflate: true },
  ]
  const zips: EdgeZip[] = []
  for (const [what, more, verdict] of entries) {
    for (const at of [0, 1, plain.length]) {
      const entry: RawEntry = { name: own, content, ...more }
      const bytes = rawZip([...plain.slice(0, at), entry, ...plain.slice(at)])
      zips.push({ name: `${what}, as entry ${at}`, bytes, verdict })
    }
  }
  const sound = rawZip([...plain, { name: own, content, deflate: true }])
  const whole: readonly [string, Buffer, EdgeZip['verdict']][] = [
    ['sound', sound, 'accepted'],
    ['a prefix', Buffer.concat([Buffer.from('#!/bin/sh\n'), sound]), 'package-zip'],
    ['a tail', Buffer.concat([sound, Buffer.alloc(1)]), 'package-zip'],
    ['a comment', rawZip(plain, { comment: 'hello' }), 'package-zip'],
    ['bytes before the directory', rawZip(plain, { after: Buffer.from('between') }), 'package-zip'],
    ['nothing', rawZip([]), 'package-zip'],
    ['a folder alone', rawZip([{ name: 'bag/', mode: 0o040755 }]), 'package-zip'],
    ['its end cut off', sound.subarray(0, -30), 'package-zip'],
    ['an entry over another', rawZip([...plain, { name: 'bag/c.txt', content: 'a', at: 1 }]), 'package-zip'],
    ['bytes after deflated data', trailing(plain), 'package-zip'],
    ['two ends of its directory', large(sound), 'accepted'],
    ['two ends that differ', large(sound, 1), 'package-zip'],
    ['an end in another part', changedEnd(sound, 4, 1), 'package-zip'],
    ['an end that counts more', changedEnd(sound, 10, 9), 'package-zip'],
    ['an end that counts fewer', changedEnd(changedEnd(sound, 10, 3), 8, 3), 'package-zip'],
  ]
  return [...zips, ...whole.map(([name, bytes, verdict]) => ({ name: `the zip: ${name}`, bytes, verdict }))]
}

/** An entry whose deflated data end before its own. */
function trailing(plain: readonly RawEntry[]): Buffer {
  // An empty stored block, final: nothing follows it but what nobody unpacks.
  const data = Buffer.concat([Buffer.from([1, 0, 0, 0xff, 0xff]), Buffer.from('hidden')])
  const head = { name: own, content: data, size: 0, crc: 0, packed: data.length }
  const zip = rawZip([...plain, { ...head, local: { size: 0, crc: 0, method: 8 } }])
  // Both headers: deflated, of the data's length.
  const local = zip.indexOf(own) - 30
  const central = zip.lastIndexOf(own) - 46
  zip.writeUInt32LE(data.length, local + 18)
  zip.writeUInt16LE(8, central + 10)
  return zip
}

/** The same zip with a directory's end of 64 bits before its end. */
function large(zip: Buffer, more = 0): Buffer {
  const end = zip.subarray(-22)
  const end64 = Buffer.alloc(76)
  end64.writeUInt32LE(0x06064b50, 0)
  end64.writeBigUInt64LE(44n, 4)
  end64.writeBigUInt64LE(BigInt(end.readUInt16LE(8)), 24)
  end64.writeBigUInt64LE(BigInt(end.readUInt16LE(10)), 32)
  end64.writeBigUInt64LE(BigInt(end.readUInt32LE(12)), 40)
  end64.writeBigUInt64LE(BigInt(end.readUInt32LE(16) + more), 48)
  end64.writeUInt32LE(0x07064b50, 56)
  end64.writeBigUInt64LE(BigInt(zip.length - 22), 64)
  end64.writeUInt32LE(1, 72)
  return Buffer.concat([zip.subarray(0, -22), end64, end])
}

function changedEnd(zip: Buffer, at: number, value: number): Buffer {
  const changed = Buffer.from(zip)
  changed.writeUInt16LE(value, zip.length - 22 + at)
  return changed
}
