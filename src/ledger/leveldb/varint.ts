/** Reads LevelDB's base-128 numbers out of bytes; every read past the end, or past 2^53, ends in `undefined`. */
export class VarintReader {
  private readonly bytes: Uint8Array
  at: number
  private readonly end: number

  constructor(bytes: Uint8Array, at = 0, end: number = bytes.length) {
    this.bytes = bytes
    this.at = at
    this.end = end
  }

  get isAtEnd(): boolean {
    return this.at >= this.end
  }

  number(): number | undefined {
    let value = 0
    for (let factor = 1; this.at < this.end && factor <= 2 ** 49; factor *= 128) {
      const byte = this.bytes[this.at++] as number
      value += (byte & 0x7f) * factor
      if (byte < 0x80) return Number.isSafeInteger(value) ? value : undefined
    }
    return undefined
  }

  /** A length, and as many bytes. */
  slice(): Uint8Array | undefined {
    const length = this.number()
    return length === undefined ? undefined : this.take(length)
  }

  take(length: number): Uint8Array | undefined {
    if (length > this.end - this.at) return undefined
    this.at += length
    return this.bytes.subarray(this.at - length, this.at)
  }
}
