/*
 * Keys of the database (docs/design/storage.md). Numbers are big-endian, so that order of keys is order of entries.
 *
 *     b <index, 8 bytes>             entries from this index on, laid out as in a bundle (entry-runs.ts)
 *     s <index, 8 bytes>             disclosures, joined by "~"
 *     t <level, 1> <n, 8 bytes>      full tile, 8,192 bytes
 *     j <iss> 00 <jti, 16 bytes>     index, 8 bytes, and leaf hash, 32 bytes
 *     l <key> <list> 00 <index, 8>   nothing; a look-up key and one of its lists (lookup-codec.ts)
 *     x <digest, 16 bytes>           index, 8 bytes, of an entry that seals the claim with this digest
 *     m <name>                       format, checkpoint, epoch, the last order that was executed; checksums over the registry and the look-ups
 */

/** Number of this layout of keys and values, kept under `m format`: a database of another one is refused. */
export const databaseFormat = '1'

export function number8(value: number): Buffer {
  return writeNumber8(Buffer.allocUnsafe(8), 0, value)
}

/** Writes a number as 8 bytes, big-endian, into bytes, which it gives. */
export function writeNumber8(out: Buffer, at: number, value: number): Buffer {
  out.writeUInt32BE(Math.floor(value / 0x1_0000_0000), at)
  out.writeUInt32BE(value % 0x1_0000_0000, at + 4)
  return out
}

/** Reads 8 bytes of a key as a big-endian number. One past 2^53-1 is inexact: the caller must compare the key with that of the number. */
export function readNumber8(bytes: Uint8Array, at: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return view.getUint32(at) * 0x1_0000_0000 + view.getUint32(at + 4)
}

/** A key that is a letter and a number. */
export function numberedKey(letter: string, value: number): Buffer {
  const out = Buffer.allocUnsafe(9)
  out[0] = letter.charCodeAt(0)
  return writeNumber8(out, 1, value)
}

/** Database key of the run of entries that begins at an index. */
export function runKey(index: number): Buffer {
  return numberedKey('b', index)
}
export function disclosuresKey(index: number): Buffer {
  return numberedKey('s', index)
}
export function tileKey(level: number, n: number): Buffer {
  return Buffer.concat([Buffer.from([0x74, level]), number8(n)])
}
/** Database key by which a sealed claim is found; the first half of a SHA-256 tells one from another. */
export function sealedKey(digest: string): Buffer {
  return Buffer.concat([Buffer.from('x'), Buffer.from(digest, 'base64url').subarray(0, 16)])
}
export function statementKey(iss: string, jti: string): Buffer {
  return Buffer.concat([Buffer.from(`j${iss}\0`, 'latin1'), Buffer.from(jti.replaceAll('-', ''), 'hex')])
}
/** Database key of an entry in a list of a look-up key; `list` is the list as encoded. */
export function lookupKey(list: Uint8Array, index: number): Buffer {
  const out = Buffer.allocUnsafe(9 + list.length)
  out[0] = 0x6c
  out.set(list, 1)
  return writeNumber8(out, 1 + list.length, index)
}
/** What the keys of a look-up key's lists, or of one list's entries, begin with. */
export function lookupStart(encoded: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from('l'), encoded])
}
export function metaKey(name: 'format' | 'checkpoint' | 'epoch' | 'registry' | 'lookups' | 'orders'): Buffer {
  return Buffer.from(`m${name}`)
}

/** A checksum as it is stored; undefined where there is none that can be read: the caller compares. */
export function checksumIn<T>(value: Uint8Array | undefined): T | undefined {
  if (value === undefined) return undefined
  try {
    return JSON.parse(Buffer.from(value).toString('utf8')) as T
  } catch {
    return undefined
  }
}
