import { type Allocate, allocate } from './arena.ts'

/** Bytes past the end of what is decompressed, and before the end of what is read, that a step of four may touch. */
const spare = 4
/** Literals of more bytes are copied by the runtime. */
const longLiteral = 128

/**
 * Decompresses one block of Snappy (its format_description.txt): a length, then literals and copies of what came before.
 * Undefined for anything that is not such a block, or that would have more than `limit` bytes. What it gives lies in memory that `take` gives.
 */
export function snappyDecompress(bytes: Uint8Array, limit: number, take: Allocate = allocate): Uint8Array | undefined {
  let at = 0
  let length = 0
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++]
    if (byte === undefined || shift > 28) return undefined
    length += (byte & 0x7f) * 2 ** shift
    if (byte < 0x80) break
  }
  if (length > limit) return undefined
  // Four bytes at a time, up to three of them past the end of a part: the next part is written over them.
  const out = take(length + spare)
  const from = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const words = new DataView(out.buffer, out.byteOffset, out.length)
  const fastEnd = bytes.length - spare
  let to = 0
  while (at < bytes.length) {
    const tag = bytes[at++] as number
    if ((tag & 3) === 0) {
      let count = tag >> 2
      if (count >= 60) {
        const more = count - 59
        if (at + more > bytes.length) return undefined
        count = littleEndian(bytes, at, more)
        at += more
      }
      count++
      if (count > bytes.length - at || count > length - to) return undefined
      const end = at + count
      if (count > longLiteral || end > fastEnd) out.set(bytes.subarray(at, end), to)
      else for (let i = 0; i < count; i += 4) words.setInt32(to + i, from.getInt32(at + i, true), true)
      at = end
      to += count
      continue
    }
    const isShort = (tag & 3) === 1
    const more = isShort ? 1 : (tag & 3) === 2 ? 2 : 4
    if (at + more > bytes.length) return undefined
    const count = isShort ? ((tag >> 2) & 7) + 4 : (tag >> 2) + 1
    const first = bytes[at] as number
    const offset = isShort
      ? ((tag >> 5) << 8) | first
      : more === 2
        ? first | ((bytes[at + 1] as number) << 8)
        : littleEndian(bytes, at, more)
    at += more
    if (offset === 0 || offset > to || count > length - to) return undefined
    const end = to + count
    // A copy may overlap what it writes: then byte by byte.
    if (offset < 4) for (; to < end; to++) out[to] = out[to - offset] as number
    else for (; to < end; to += 4) words.setInt32(to, words.getInt32(to - offset, true), true)
    to = end
  }
  return to === length ? out.subarray(0, length) : undefined
}

function littleEndian(bytes: Uint8Array, at: number, count: number): number {
  let value = 0
  for (let i = count - 1; i >= 0; i--) value = value * 256 + (bytes[at + i] as number)
  return value
}
