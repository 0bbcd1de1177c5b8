import { crc32, deflateRawSync } from 'node:zlib'

/** An entry as a hostile packer may write it: each header says what it likes. */
export interface RawEntry {
  readonly name: string | Buffer
  readonly content?: string | Buffer
  readonly deflate?: boolean
  /** Deflated data, instead of what `content` deflates to. */
  readonly data?: Buffer
  readonly flags?: number
  readonly mode?: number
  readonly crc?: number
  readonly size?: number
  readonly extra?: Buffer
  /** Size of the data in the directory, instead of their own. */
  readonly packed?: number
  /** Offset in the directory, instead of its own. */
  readonly offset?: number
  /** External attributes, instead of those of `mode`. */
  readonly attributes?: number
  readonly comment?: string
  /** What the local header says instead; `size` stands for both sizes. */
  readonly local?: {
    readonly name?: string
    readonly size?: number
    readonly crc?: number
    readonly method?: number
    readonly flags?: number
    readonly extra?: Buffer
  }
  /** Bytes after the data: a data descriptor, or anything else. */
  readonly after?: Buffer
  /** Bytes before the local header. */
  readonly before?: Buffer
  /** The directory points at the entry with this number instead. */
  readonly at?: number
}

/** Writes a zip, byte by byte. */
export function rawZip(
  entries: readonly RawEntry[],
  { comment = '', after = Buffer.alloc(0) }: { comment?: string; after?: Buffer } = {},
): Buffer {
  const parts: Buffer[] = []
  const central: Buffer[] = []
  const offsets: number[] = []
  let at = 0
  const push = (bytes: Buffer): void => {
    parts.push(bytes)
    at += bytes.length
  }
  for (const entry of entries) {
    const {
      content = '',
      deflate = false,
      flags = 0x0800,
      mode = 0o100644,
      extra = Buffer.alloc(0),
      local = {},
      before,
    } = entry
    const name = Buffer.from(entry.name as string)
    const plain = Buffer.from(content as string)
    const data = entry.data ?? (deflate ? deflateRawSync(plain, { level: 9 }) : plain)
    const crc = entry.crc ?? crc32(plain)
    const size = entry.size ?? plain.length
    const packed = entry.packed ?? (deflate ? data.length : size)
    const localExtra = local.extra ?? Buffer.alloc(0)
    const entryComment = Buffer.from(entry.comment ?? '')
    if (before !== undefined) push(before)
    offsets.push(at)
    const localName = local.name === undefined ? name : Buffer.from(local.name)
    const head = Buffer.alloc(30)
    head.writeUInt32LE(0x04034b50, 0)
    head.writeUInt16LE(20, 4)
    head.writeUInt16LE(local.flags ?? flags, 6)
    head.writeUInt16LE(local.method ?? (deflate ? 8 : 0), 8)
    head.writeUInt16LE(0x21, 12)
    head.writeUInt32LE(local.crc ?? crc, 14)
    head.writeUInt32LE(local.size ?? packed, 18)
    head.writeUInt32LE(local.size ?? size, 22)
    head.writeUInt16LE(localName.length, 26)
    head.writeUInt16LE(localExtra.length, 28)
    push(Buffer.concat([head, localName, localExtra, data, entry.after ?? Buffer.alloc(0)]))
    const record = Buffer.alloc(46)
    record.writeUInt32LE(0x02014b50, 0)
    record.writeUInt16LE((3 << 8) | 20, 4)
    record.writeUInt16LE(20, 6)
    record.writeUInt16LE(flags, 8)
    record.writeUInt16LE(deflate ? 8 : 0, 10)
    record.writeUInt16LE(0x21, 14)
    record.writeUInt32LE(crc, 16)
    record.writeUInt32LE(packed, 20)
    record.writeUInt32LE(size, 24)
    record.writeUInt16LE(name.length, 28)
    record.writeUInt16LE(extra.length, 30)
    record.writeUInt16LE(entryComment.length, 32)
    record.writeUInt32LE(entry.attributes ?? (mode << 16) >>> 0, 38)
    const own = entry.at === undefined ? (offsets.at(-1) as number) : (offsets[entry.at] as number)
    record.writeUInt32LE(entry.offset ?? own, 42)
    central.push(Buffer.concat([record, name, extra, entryComment]))
  }
  push(after)
  const directory = Buffer.concat(central)
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt16LE(entries.length, 8)
  end.writeUInt16LE(entries.length, 10)
  end.writeUInt32LE(directory.length, 12)
  end.writeUInt32LE(at, 16)
  end.writeUInt16LE(Buffer.byteLength(comment), 20)
  return Buffer.concat([...parts, directory, end, Buffer.from(comment)])
}
