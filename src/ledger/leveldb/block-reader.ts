import type { Allocate } from './arena.ts'
import { maskedCrc32c } from './crc32c.ts'
import { snappyDecompress } from './snappy.ts'
import { trailerBytes } from './table-file.ts'

/** Thrown where something is not exactly as LevelDB writes it. */
export const unexpected: unique symbol = Symbol('not as LevelDB writes it')

export function expectThat(holds: boolean): asserts holds {
  if (!holds) throw unexpected
}

/** Type and sequence number behind a user's key. */
export const suffixBytes = 8
/** Longest key that is read. */
const maxKeyBytes = 65_536
/** Largest block that is decompressed. */
const maxBlockBytes = 64 * 1024 * 1024

/**
 * The contents of a block with its trailer, whose checksum is compared. Throws {@link unexpected}. What it gives may be a view of `bytes`,
 * or lies in memory that `take` gives.
 */
export function openBlock(bytes: Uint8Array, take: Allocate): Uint8Array {
  const size = bytes.length - trailerBytes
  expectThat(size >= 0)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  expectThat(maskedCrc32c(bytes, 0, size + 1) === view.getUint32(size + 1, true))
  const stored = bytes.subarray(0, size)
  const contents =
    bytes[size] === 0 ? stored : bytes[size] === 1 ? snappyDecompress(stored, maxBlockBytes, take) : undefined
  expectThat(contents !== undefined)
  return contents
}

/**
 * Goes through the records of a block in order: prefix-compressed keys, each of which ends in type and sequence number, in ascending
 * order; places where a key stands whole (restarts), listed at the end of the block. All of it is checked; throws {@link unexpected}.
 */
export class BlockReader {
  /** The key of the record at hand, in its first {@link keyLength} bytes: overwritten by the next. */
  key: Uint8Array = new Uint8Array(64)
  keyLength = 0
  /** Where the value of the record at hand lies in {@link contents}. */
  valueBegin = 0
  valueEnd = 0
  contents: Uint8Array = new Uint8Array(0)
  private at = 0
  private end = 0
  private view = new DataView(this.contents.buffer)
  private restart = 0
  private restarts = 0
  private nextRestart = 0
  /** Whether there is a key before, of this block or the one before. */
  private hasKey = false

  /** Begins with another block, whose keys must follow on those of the block before. */
  begin(contents: Uint8Array): void {
    expectThat(contents.length >= 8)
    this.contents = contents
    this.view = new DataView(contents.buffer, contents.byteOffset, contents.length)
    this.restarts = this.view.getUint32(contents.length - 4, true)
    expectThat(this.restarts >= 1 && this.restarts <= (contents.length - 4) / 4)
    this.end = contents.length - 4 - 4 * this.restarts
    this.at = 0
    this.restart = 0
    this.nextRestart = this.restartAt(0)
    // LevelDB writes no empty block.
    expectThat(this.nextRestart === 0 && this.end > 0)
  }

  private restartAt(n: number): number {
    return n < this.restarts ? this.view.getUint32(this.end + 4 * n, true) : -1
  }

  /** A length of at most four bytes: LevelDB writes the shortest, and no block is longer. */
  private length(): number {
    const { contents, end } = this
    let value = 0
    for (let shift = 0; shift <= 21; shift += 7) {
      expectThat(this.at < end)
      const byte = contents[this.at++] as number
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
    throw unexpected
  }

  /** Goes on to the next record; false at the end of the block. */
  advance(): boolean {
    if (this.at === this.end) {
      expectThat(this.restart === this.restarts)
      return false
    }
    const isRestart = this.at === this.nextRestart
    if (isRestart) this.nextRestart = this.restartAt(++this.restart)
    const shared = this.length()
    const own = this.length()
    const size = this.length()
    const length = shared + own
    expectThat(shared <= this.keyLength && own <= this.end - this.at && size <= this.end - this.at - own)
    expectThat(length >= suffixBytes && length <= maxKeyBytes && (!isRestart || shared === 0))
    this.takeKey(shared, length)
    this.valueBegin = this.at
    this.valueEnd = this.at += size
    return true
  }

  private takeKey(shared: number, length: number): void {
    const { key, keyLength, contents } = this
    const from = this.at
    const isFirst = !this.hasKey
    this.hasKey = true
    if (!isFirst) this.requireAscending(shared, length, from)
    if (length > key.length) {
      this.key = new Uint8Array(Math.max(length, 2 * keyLength))
      this.key.set(key.subarray(0, shared))
    }
    const target = this.key
    for (let i = shared, j = from; i < length; i++, j++) target[i] = contents[j] as number
    this.keyLength = length
    this.at = from + length - shared
  }

  /** The next key, of which `shared` bytes are those of the key at hand and the rest lies at `from`, must come after it. */
  private requireAscending(shared: number, length: number, from: number): void {
    const { key, keyLength, contents } = this
    const next = (i: number): number => (i < shared ? key[i] : contents[from + i - shared]) as number
    const [before, after] = [keyLength - suffixBytes, length - suffixBytes]
    const common = Math.min(before, after)
    for (let i = Math.min(shared, common); i < common; i++) {
      const difference = next(i) - (key[i] as number)
      if (difference !== 0) return expectThat(difference > 0)
    }
    if (before !== after) return expectThat(before < after)
    // Of one user key the newest comes first: its last bytes, little-endian, fall.
    for (let i = length - 1; i >= after; i--) {
      const difference = (key[i] as number) - next(i)
      if (difference !== 0) return expectThat(difference > 0)
    }
    throw unexpected
  }

  /** Sequence number of the record at hand. */
  get sequence(): number {
    const { key, keyLength } = this
    const at = keyLength - suffixBytes
    const low = (key[at + 1] as number) | ((key[at + 2] as number) << 8) | ((key[at + 3] as number) << 16)
    const middle = (key[at + 4] as number) | ((key[at + 5] as number) << 8) | ((key[at + 6] as number) << 16)
    // 2^53 and above is not exact, and no database has so many.
    expectThat((key[at + 7] as number) === 0)
    return low + middle * 0x100_0000
  }

  /** Whether the record at hand hides those below it, and says that there is no value. */
  get isDeletion(): boolean {
    const type = this.key[this.keyLength - suffixBytes] as number
    expectThat(type <= 1)
    return type === 0
  }

  get userLength(): number {
    return this.keyLength - suffixBytes
  }
}
