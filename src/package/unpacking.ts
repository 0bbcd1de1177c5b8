/** What unpacks the entries of a zip: Node's zlib (`node/zlib.ts`), or the one that runs anywhere (`plain-unpacking.ts`). */
export interface Unpacking {
  /** CRC-32 (ISO 3309) of further bytes; `before` is that of the bytes before them, 0 at the beginning. */
  readonly crc32: (bytes: Uint8Array, before: number) => number
  /**
   * Inflates raw deflate (RFC 1951), in pieces, none larger than 1 MiB, and gives at its end how many bytes of `packed` the deflated data took: what
   * stands after them is not looked at. Throws {@link InflateFault} for what is no deflate, or ends within, and what `packed` throws.
   */
  readonly inflate: (packed: AsyncIterable<Uint8Array>) => AsyncGenerator<Uint8Array, number>
}

/** Data that are not deflate. */
export class InflateFault extends Error {}
