import { Z_BUF_ERROR, Z_NO_FLUSH, Z_OK, Z_STREAM_END, zlibInflate, zlibInflateInit2, ZStream } from 'pako'
import { InflateFault, type Unpacking } from './unpacking.ts'

/* zlib itself, in JavaScript: what it refuses, and how much it takes, is what Node's does, so that no zip has two verdicts. */

const outBytes = 256 * 1024

/** Deflate without the header of zlib, with the largest window. */
const rawWindow = -15

async function* inflate(packed: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, number> {
  const stream = new ZStream()
  if (zlibInflateInit2(stream, rawWindow) !== Z_OK) throw new InflateFault('zlib does not start')
  let taken = 0
  for await (const piece of packed) {
    stream.input = piece
    stream.next_in = 0
    stream.avail_in = piece.length
    for (let isFull = true; isFull; ) {
      stream.output = new Uint8Array(outBytes)
      stream.next_out = 0
      stream.avail_out = outBytes
      const state = zlibInflate(stream, Z_NO_FLUSH)
      // No progress: all of the piece was taken, and nothing more comes of it.
      if (state !== Z_OK && state !== Z_STREAM_END && state !== Z_BUF_ERROR) throw new InflateFault(stream.msg)
      if (stream.next_out > 0) yield stream.output.subarray(0, stream.next_out)
      if (state === Z_STREAM_END) return taken + stream.next_in
      isFull = stream.avail_out === 0
    }
    taken += piece.length
  }
  throw new InflateFault('unexpected end of file')
}

/** For the eight bytes of two words at once: what a byte at each distance from the end adds to the sum. */
const tables = ((): readonly Int32Array[] => {
  const first = Int32Array.from({ length: 256 }, (_, byte) => {
    let sum = byte
    for (let bit = 0; bit < 8; bit++) sum = (sum & 1) === 0 ? sum >>> 1 : (sum >>> 1) ^ 0xedb88320
    return sum
  })
  const all = [first]
  for (let n = 1; n < 8; n++) {
    const before = all[n - 1] as Int32Array
    all.push(before.map((sum) => (sum >>> 8) ^ (first[sum & 255] as number)))
  }
  return all
})()

function crc32(bytes: Uint8Array, before: number): number {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = tables as [
    Int32Array,
    Int32Array,
    Int32Array,
    Int32Array,
    Int32Array,
    Int32Array,
    Int32Array,
    Int32Array,
  ]
  const at = (table: Int32Array, i: number): number => table[i & 255] as number
  const byte = (i: number): number => bytes[i] as number
  let sum = ~before
  let i = 0
  for (; i + 8 <= bytes.length; i += 8) {
    sum ^= byte(i) | (byte(i + 1) << 8) | (byte(i + 2) << 16) | (byte(i + 3) << 24)
    sum =
      at(t7, sum) ^
      at(t6, sum >>> 8) ^
      at(t5, sum >>> 16) ^
      at(t4, sum >>> 24) ^
      at(t3, byte(i + 4)) ^
      at(t2, byte(i + 5)) ^
      at(t1, byte(i + 6)) ^
      at(t0, byte(i + 7))
  }
  for (; i < bytes.length; i++) sum = at(t0, sum ^ byte(i)) ^ (sum >>> 8)
  return ~sum >>> 0
}

/** For a runtime without a zlib of its own, a browser. */
export const plainUnpacking: Unpacking = { crc32, inflate }
