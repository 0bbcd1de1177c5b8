/*
 * Enough DER for private keys. asn1js, which reads time-stamps, would add some 20 ms of processor time to every command that reads a
 * key, does not hold its input to DER, and would keep copies of secrets.
 */

/** Tags of the few DER elements that PKCS#8 is made of. */
export const tags = {
  integer: 0x02,
  octets: 0x04,
  null: 0x05,
  oid: 0x06,
  sequence: 0x30,
  attributes: 0xa0,
  publicKey: 0x81,
} as const

/** Encodes one element of at most 65,535 bytes. */
export function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts)
  const { length } = body
  const head =
    length < 128 ? [tag, length] : length < 256 ? [tag, 0x81, length] : [tag, 0x82, length >> 8, length & 255]
  return Buffer.concat([Buffer.from(head), body])
}

/** Encodes a non-negative integer below 2^32. */
export function derInteger(value: number): Buffer {
  const bytes = [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255]
  while (bytes.length > 1 && bytes[0] === 0 && (bytes[1] as number) < 128) bytes.shift()
  if ((bytes[0] as number) > 127) bytes.unshift(0)
  return der(tags.integer, Buffer.from(bytes))
}

/** Reads DER elements one after another. Every method throws a RangeError where the bytes are something else. */
export class DerReader {
  private at = 0
  private readonly bytes: Buffer
  constructor(bytes: Uint8Array) {
    this.bytes = Buffer.from(bytes)
  }
  /** The content of the next element, which has this tag. */
  take(tag: number): Buffer {
    const long = this.bytes[this.at + 1] ?? 0x80
    const count = long < 128 ? 0 : long - 128
    if (this.bytes[this.at] !== tag || long === 128 || count > 2)
      throw new RangeError('another DER element is expected')
    const begin = this.at + 2 + count
    const length = count === 0 ? long : this.bytes.readUIntBE(this.at + 2, count)
    if (begin + length > this.bytes.length) throw new RangeError('a DER element is longer than its bytes')
    this.at = begin + length
    return this.bytes.subarray(begin, this.at)
  }
  /** The content of the next element where it has this tag; undefined, and nothing is read, where it has another. */
  takeIf(tag: number): Buffer | undefined {
    return this.bytes[this.at] === tag ? this.take(tag) : undefined
  }
  enter(tag: number): DerReader {
    return new DerReader(this.take(tag))
  }
  /** A non-negative integer of at most four bytes. */
  integer(): number {
    const bytes = this.take(tags.integer)
    if (bytes.length === 0 || bytes.length > 4 || (bytes[0] as number) > 127) throw new RangeError('no small integer')
    return bytes.readUIntBE(0, bytes.length)
  }
  end(): void {
    if (this.at !== this.bytes.length) throw new RangeError('nothing more is expected')
  }
}
