/*
 * Keys of the database (docs/design/storage.md). Numbers are big-endian, so that order of keys is order of entries.
 *
 *     b <index, 8 bytes>             entries from this index on, laid out as in a bundle (entry-runs.ts)
 *     s <index, 8 bytes>             disclosures, joined by "~"
 *     t <level, 1> <n, 8 bytes>      full tile, 8,192 bytes
 *     j <iss> 00 <jti, 16 bytes>     index, 8 bytes, and leaf hash, 32 bytes
 *     l <look-up key> <index, 8>     nothing
 *     m <name>                       format, checkpoint, epoch, registry
 */

/** Number of this layout of keys and values, kept under `m format`: a database of another one is refused. */
export const databaseFormat = '1'

export function number8(value: number): Buffer {
  const out = Buffer.allocUnsafe(8)
  out.writeUInt32BE(Math.floor(value / 0x1_0000_0000), 0)
  out.writeUInt32BE(value % 0x1_0000_0000, 4)
  return out
}

/** Reads 8 bytes of a key; a number past 2^53-1 comes out unsafe, and is found foreign by whoever compares it. */
export function readNumber8(bytes: Uint8Array, at: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return view.getUint32(at) * 0x1_0000_0000 + view.getUint32(at + 4)
}

function numbered(letter: string, value: number): Buffer {
  const out = Buffer.allocUnsafe(9)
  out[0] = letter.charCodeAt(0)
  out.writeUInt32BE(Math.floor(value / 0x1_0000_0000), 1)
  out.writeUInt32BE(value % 0x1_0000_0000, 5)
  return out
}

/** Of the run of entries that begins at an index. */
export function runKey(index: number): Buffer {
  return numbered('b', index)
}
export function disclosuresKey(index: number): Buffer {
  return numbered('s', index)
}
export function tileKey(level: number, n: number): Buffer {
  return Buffer.concat([Buffer.from([0x74, level]), number8(n)])
}
export function statementKey(iss: string, jti: string): Buffer {
  return Buffer.concat([Buffer.from(`j${iss}\0`, 'latin1'), Buffer.from(jti.replaceAll('-', ''), 'hex')])
}
export function lookupKey(lookup: Uint8Array, index: number): Buffer {
  const out = Buffer.allocUnsafe(9 + lookup.length)
  out[0] = 0x6c
  out.set(lookup, 1)
  out.writeUInt32BE(Math.floor(index / 0x1_0000_0000), 1 + lookup.length)
  out.writeUInt32BE(index % 0x1_0000_0000, 5 + lookup.length)
  return out
}
export function metaKey(name: 'format' | 'checkpoint' | 'epoch' | 'registry'): Buffer {
  return Buffer.from(`m${name}`)
}
