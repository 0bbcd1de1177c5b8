import { maskedCrc32c } from './crc32c.ts'
import { snappyDecompress } from './snappy.ts'
import { VarintReader } from './varint.ts'

/*
 * LevelDB's tables (its doc/table_format.md): data blocks end to end, further blocks (the filter), a block that names those, the index
 * block, and a footer of 48 bytes that says where the last two are. A block is followed by its compression (1 byte) and a masked CRC-32C over both.
 */
/** Bytes of a table's footer. */
export const footerBytes = 48
/** Behind every block: its compression, and a checksum. */
export const trailerBytes = 5
const magic = Uint8Array.of(0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb)
/** Largest index that is decompressed: a table of 16 MiB has one of some 50 KiB. */
const maxIndexBytes = 64 * 1024 * 1024

export interface TableDamage {
  readonly offset: number
  readonly why: string
}

/** Where a block lies in a table. */
export interface Block {
  readonly offset: number
  readonly size: number
}

/** The first damage of a table file, or undefined where every byte is as LevelDB wrote it. */
export function checkTableFile(bytes: Uint8Array): TableDamage | undefined {
  const footerAt = bytes.length - footerBytes
  if (footerAt < 0) return { offset: 0, why: 'it is shorter than a footer' }
  const footer = readFooter(bytes.subarray(footerAt))
  if (typeof footer === 'string') return { offset: footerAt, why: footer }
  const { meta, index, padding } = footer
  for (let at = footerAt + padding; at < bytes.length - magic.length; at++) {
    if (bytes[at] !== 0) return { offset: at, why: 'bytes in the padding of its footer' }
  }
  const data = checkBlock(bytes, index, footerAt) ?? indexEntries(bytes, index)
  if (!Array.isArray(data)) return data
  const further = checkBlock(bytes, meta, footerAt) ?? indexEntries(bytes, meta)
  if (!Array.isArray(further)) return further
  // Every byte lies in one block, and in one only.
  let at = 0
  for (const block of [...data, ...further, meta, index]) {
    if (block.offset !== at) return { offset: at, why: 'blocks that do not lie end to end' }
    const damage = checkBlock(bytes, block, footerAt)
    if (damage !== undefined) return damage
    at = block.offset + block.size + trailerBytes
  }
  return at === footerAt ? undefined : { offset: at, why: 'bytes outside every block' }
}

/** Reads a footer of 48 bytes: the two blocks that it names, and where in it the padding begins; or why that cannot be. */
export function readFooter(
  footer: Uint8Array,
): { readonly meta: Block; readonly index: Block; readonly padding: number } | string {
  const end = footerBytes - magic.length
  for (let i = 0; i < magic.length; i++) if (footer[end + i] !== magic[i]) return 'it has no footer'
  const reader = new VarintReader(footer, 0, end)
  const [meta, index] = [readBlock(reader), readBlock(reader)]
  return meta === undefined || index === undefined ? 'its footer cannot be read' : { meta, index, padding: reader.at }
}

/** Reads where a block lies. */
export function readBlock(reader: VarintReader): Block | undefined {
  const [offset, size] = [reader.number(), reader.number()]
  return offset === undefined || size === undefined ? undefined : { offset, size }
}

function checkBlock(bytes: Uint8Array, { offset, size }: Block, end: number): TableDamage | undefined {
  const trailer = offset + size
  if (trailer + trailerBytes > end) return { offset: Math.min(offset, end), why: 'a block past its end' }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const isSound = maskedCrc32c(bytes, offset, trailer + 1) === view.getUint32(trailer + 1, true)
  return isSound ? undefined : { offset, why: 'a block with a wrong checksum' }
}

/** The blocks that an index names: entries of shared, own and value length, keys' ends and a block's place as the value. */
function indexEntries(bytes: Uint8Array, { offset, size }: Block): Block[] | TableDamage {
  const unreadable = { offset, why: 'an index that cannot be read' }
  const stored = bytes.subarray(offset, offset + size)
  const kind = bytes[offset + size]
  const index = kind === 0 ? stored : kind === 1 ? snappyDecompress(stored, maxIndexBytes) : undefined
  if (index === undefined || index.length < 4) return unreadable
  const restarts = new DataView(index.buffer, index.byteOffset, index.byteLength).getUint32(index.length - 4, true)
  const end = index.length - 4 - 4 * restarts
  if (end < 0) return unreadable
  const reader = new VarintReader(index, 0, end)
  const blocks: Block[] = []
  while (!reader.isAtEnd) {
    const [shared, own, length] = [reader.number(), reader.number(), reader.number()]
    if (shared === undefined || own === undefined || length === undefined) return unreadable
    if (reader.take(own) === undefined) return unreadable
    const value = reader.take(length)
    const block = value === undefined ? undefined : readBlock(new VarintReader(value))
    if (block === undefined) return unreadable
    blocks.push(block)
  }
  return blocks
}
