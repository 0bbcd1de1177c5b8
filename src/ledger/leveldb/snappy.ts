/**
 * Decompresses one block of Snappy (its format_description.txt): a length, then literals and copies of what came before.
 * Undefined for anything that is not such a block, or that would have more than `limit` bytes.
 */
export function snappyDecompress(bytes: Uint8Array, limit: number): Uint8Array | undefined {
  let at = 0
  let length = 0
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++]
    if (byte === undefined || shift > 28) return undefined
    length += (byte & 0x7f) * 2 ** shift
    if (byte < 0x80) break
  }
  if (length > limit) return undefined
  const out = new Uint8Array(length)
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
      out.set(bytes.subarray(at, at + count), to)
      at += count
      to += count
      continue
    }
    const isShort = (tag & 3) === 1
    const more = isShort ? 1 : (tag & 3) === 2 ? 2 : 4
    if (at + more > bytes.length) return undefined
    const count = isShort ? ((tag >> 2) & 7) + 4 : (tag >> 2) + 1
    const offset = isShort ? ((tag >> 5) << 8) | (bytes[at] as number) : littleEndian(bytes, at, more)
    at += more
    if (offset === 0 || offset > to || count > length - to) return undefined
    // Byte by byte: a copy may overlap what it writes.
    for (let i = 0; i < count; i++, to++) out[to] = out[to - offset] as number
  }
  return to === length ? out : undefined
}

function littleEndian(bytes: Uint8Array, at: number, count: number): number {
  let value = 0
  for (let i = count - 1; i >= 0; i--) value = value * 256 + (bytes[at + i] as number)
  return value
}
