/* CRC-32C (Castagnoli), the checksum of LevelDB's log records, four bytes a step. */

const tables: Uint32Array[] = Array.from({ length: 4 }, () => new Uint32Array(256))
for (let i = 0; i < 256; i++) {
  let crc = i
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
  ;(tables[0] as Uint32Array)[i] = crc >>> 0
}
for (let t = 1; t < 4; t++) {
  for (let i = 0; i < 256; i++) {
    const before = tables[t - 1]?.[i] as number
    ;(tables[t] as Uint32Array)[i] = ((before >>> 8) ^ (tables[0]?.[before & 255] as number)) >>> 0
  }
}
const [t0, t1, t2, t3] = tables as [Uint32Array, Uint32Array, Uint32Array, Uint32Array]

/** CRC-32C of bytes `begin` to `end`. */
export function crc32c(bytes: Uint8Array, begin: number, end: number): number {
  let crc = 0xffffffff
  let at = begin
  for (; at + 3 < end; at += 4) {
    crc ^=
      (bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24)
    crc =
      (t3[crc & 255] as number) ^
      (t2[(crc >>> 8) & 255] as number) ^
      (t1[(crc >>> 16) & 255] as number) ^
      (t0[crc >>> 24] as number)
  }
  for (; at < end; at++) crc = (t0[(crc ^ (bytes[at] as number)) & 255] as number) ^ (crc >>> 8)
  return (crc ^ 0xffffffff) >>> 0
}

/** LevelDB stores checksums masked, since a checksum of bytes that hold checksums is weak. */
export function maskedCrc32c(bytes: Uint8Array, begin: number, end: number): number {
  const crc = crc32c(bytes, begin, end)
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0
}
