/* CRC-32C (Castagnoli), the checksum of LevelDB's log records and of the blocks of its tables, eight bytes a step. */

/** Eight tables of 256, end to end: table `t` is the effect of a byte that `t` bytes follow. */
const tables = new Int32Array(8 * 256)
for (let i = 0; i < 256; i++) {
  let crc = i
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
  tables[i] = crc
}
for (let i = 256; i < tables.length; i++) {
  const before = tables[i - 256] as number
  tables[i] = (before >>> 8) ^ at(before & 255)
}

function at(index: number): number {
  return tables[index] as number
}

/** Words are read as the machine has them: on one that has the last byte first, byte for byte. */
const isLittleEndian = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1

function step(crc: number, byte: number): number {
  return at((crc ^ byte) & 255) ^ (crc >>> 8)
}

/** CRC-32C of bytes `begin` to `end`. */
export function crc32c(bytes: Uint8Array, begin: number, end: number): number {
  let crc = -1
  let next = begin
  if (isLittleEndian) {
    while (next < end && ((bytes.byteOffset + next) & 3) !== 0) crc = step(crc, bytes[next++] as number)
    const pairs = (end - next) >>> 3
    const words = new Int32Array(bytes.buffer, pairs === 0 ? 0 : bytes.byteOffset + next, 2 * pairs)
    for (let i = 0; i < words.length; i += 2) {
      const a = (words[i] as number) ^ crc
      const b = words[i + 1] as number
      crc =
        at(1792 + (a & 255)) ^
        at(1536 + ((a >>> 8) & 255)) ^
        at(1280 + ((a >>> 16) & 255)) ^
        at(1024 + (a >>> 24)) ^
        at(768 + (b & 255)) ^
        at(512 + ((b >>> 8) & 255)) ^
        at(256 + ((b >>> 16) & 255)) ^
        at(b >>> 24)
    }
    next += 8 * pairs
  }
  for (; next < end; next++) crc = step(crc, bytes[next] as number)
  return (crc ^ -1) >>> 0
}

/** LevelDB stores checksums masked, since a checksum of bytes that hold checksums is weak. */
export function maskedCrc32c(bytes: Uint8Array, begin: number, end: number): number {
  const crc = crc32c(bytes, begin, end)
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0
}
