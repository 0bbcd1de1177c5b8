import * as zlib from 'node:zlib'
import { beforeAll, describe, expect, it } from 'vitest'
import { loadUnpacking } from '../../src/package/node/zlib.ts'
import { plainUnpacking } from '../../src/package/plain-unpacking.ts'
import { InflateFault, type Unpacking } from '../../src/package/unpacking.ts'
import { Random } from '../support/random.ts'

let native: Unpacking
beforeAll(async () => {
  native = await loadUnpacking()
})

function randomBytes(seed: number, length: number): Uint8Array {
  const random = new Random(seed)
  return Uint8Array.from({ length }, () => random.below(256))
}

async function* cut(bytes: Uint8Array, length: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length)
}

interface Unpacked {
  /** Undefined where it is no deflate. */
  readonly taken: number | undefined
  readonly text: string
  readonly largest: number
}

async function unpack({ inflate }: Unpacking, packed: Uint8Array, length = 1000): Promise<Unpacked> {
  const pieces: Uint8Array[] = []
  const unpacking = inflate(cut(packed, length))
  let taken: number | undefined
  try {
    for (;;) {
      const { done, value } = await unpacking.next()
      if (done === true) {
        taken = value
        break
      }
      pieces.push(value)
    }
  } catch (error) {
    if (!(error instanceof InflateFault)) throw error
  }
  const largest = pieces.reduce((most, piece) => Math.max(most, piece.length), 0)
  return { taken, text: Buffer.concat(pieces).toString('latin1'), largest }
}

describe('unpacking without a zlib of the runtime', () => {
  const texts = ['', 'a', 'b'.repeat(3_000_000), Buffer.from(randomBytes(1, 300_000)).toString('latin1')]

  it('gives what was packed, and how much of it that took, whatever pieces it comes in', async () => {
    for (const text of texts) {
      for (const level of [0, 1, 9]) {
        const packed = zlib.deflateRawSync(Buffer.from(text, 'latin1'), { level })
        for (const length of [7, 4096, 10_000_000]) {
          const {
            taken,
            text: found,
            largest,
          } = await unpack(plainUnpacking, packed, Math.max(length, packed.length >> 8))
          expect([taken, found === text]).toEqual([packed.length, true])
          expect(largest).toBeLessThanOrEqual(1024 * 1024)
        }
      }
    }
  })

  it('gives a large piece of output before it takes more: a bomb is stopped by whoever counts', async () => {
    const packed = zlib.deflateRawSync(Buffer.alloc(100_000_000))
    const unpacking = plainUnpacking.inflate(cut(packed, packed.length))
    const { value } = await unpacking.next()
    expect((value as Uint8Array).length).toBeLessThanOrEqual(1024 * 1024)
    await unpacking.return(0)
  })

  it('does not look at what stands after the end, and says where that was, as Node’s does', async () => {
    const packed = zlib.deflateRawSync('what was packed')
    const more = Buffer.concat([packed, Buffer.from('more')])
    for (const length of [1, 5, 1000]) {
      expect((await unpack(plainUnpacking, more, length)).taken).toBe(packed.length)
      expect((await unpack(native, more, length)).taken).toBe(packed.length)
    }
  })

  it('refuses what Node’s refuses: 1,500 damaged streams, cut, and with bytes changed', async () => {
    const random = new Random(20)
    let refused = 0
    for (let n = 0; n < 1500; n++) {
      const text = Array.from({ length: random.below(60) }, () => `line ${random.below(20)}\n`).join('')
      const packed = Buffer.from(zlib.deflateRawSync(text, { level: random.below(10) }))
      if (random.below(3) === 0) packed.set([random.below(256)], random.below(packed.length))
      const damaged = random.below(3) === 0 ? packed.subarray(0, random.below(packed.length + 1)) : packed
      const [ours, theirs] = [await unpack(plainUnpacking, damaged), await unpack(native, damaged)]
      expect(ours.taken, `of case ${n}`).toBe(theirs.taken)
      if (ours.taken === undefined) refused++
      // What came before a refusal is nobody's.
      expect(ours.taken === undefined || ours.text === theirs.text).toBe(true)
    }
    expect(refused).toBeGreaterThan(100)
  })

  it('sums as Node does, at every length and going on from any sum', () => {
    const bytes = randomBytes(3, 100)
    for (let length = 0; length <= 100; length++) {
      const part = bytes.subarray(0, length)
      expect(plainUnpacking.crc32(part, 0)).toBe(zlib.crc32(part))
      expect(plainUnpacking.crc32(part, 0xdeadbeef)).toBe(zlib.crc32(part, 0xdeadbeef))
    }
  })
})
