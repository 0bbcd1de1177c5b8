import { describe, expect, it } from 'vitest'
import { auditHash, drawAuditKey, halfSipHash } from '../../src/ledger/audit-hash.ts'
import { Random } from '../support/random.ts'

const hex = ([low, high]: readonly [number, number]): string => {
  const out = Buffer.alloc(8)
  out.writeUInt32LE(low, 0)
  out.writeUInt32LE(high, 4)
  return out.toString('hex')
}

/** The clear twin, word by word over a copy with its padding, in BigInt. */
function plain(bytes: Uint8Array, low: number, high: number): string {
  const mask = 0xffffffffn
  const turn = (x: bigint, by: bigint): bigint => ((x << by) | (x >> (32n - by))) & mask
  const [k0, k1] = [BigInt(low), BigInt(high)]
  const v = [k0, k1, 0x6c796765n ^ k0, 0x74656462n ^ k1] as [bigint, bigint, bigint, bigint]
  v[1] ^= 0xeen
  const round = (times: number): void => {
    for (let i = 0; i < times; i++) {
      v[0] = (v[0] + v[1]) & mask
      v[1] = turn(v[1], 5n) ^ v[0]
      v[0] = turn(v[0], 16n)
      v[2] = (v[2] + v[3]) & mask
      v[3] = turn(v[3], 8n) ^ v[2]
      v[0] = (v[0] + v[3]) & mask
      v[3] = turn(v[3], 7n) ^ v[0]
      v[2] = (v[2] + v[1]) & mask
      v[1] = turn(v[1], 13n) ^ v[2]
      v[2] = turn(v[2], 16n)
    }
  }
  const padded = Buffer.alloc(4 * (Math.floor(bytes.length / 4) + 1))
  padded.set(bytes)
  padded[padded.length - 1] = bytes.length & 255
  for (let at = 0; at < padded.length; at += 4) {
    const word = BigInt(padded.readUInt32LE(at))
    v[3] ^= word
    round(2)
    v[0] ^= word
  }
  v[2] ^= 0xeen
  round(4)
  const first = v[1] ^ v[3]
  v[1] ^= 0xddn
  round(4)
  return hex([Number(first), Number(v[1] ^ v[3])])
}

describe('HalfSipHash-2-4 with 64 bits', () => {
  it('gives what its authors’ reference gives', () => {
    const key = { low: 0x03020100, high: 0x07060504 }
    const found = [0, 1, 2].map((length) =>
      hex(
        halfSipHash(
          Uint8Array.from({ length }, (_, i) => i),
          key,
        ),
      ),
    )
    expect(found).toEqual(['218d1f59b9b83cc8', 'be552412f8387315', '064f39ef7c50eb57'])
  })

  it('is that of its clear twin, of any part of any bytes, with numbers before them', () => {
    const random = new Random(3)
    const word = (): number => random.below(2 ** 32)
    for (let i = 0; i < 600; i++) {
      const bytes = Uint8Array.from({ length: random.below(90) }, () => random.below(256))
      const key = { low: word(), high: word() }
      expect(hex(halfSipHash(bytes, key))).toBe(plain(bytes, key.low, key.high))
      const from = random.below(bytes.length + 1)
      const to = from + random.below(bytes.length - from + 1)
      const ahead = [word(), word()]
      const whole = Buffer.concat([Buffer.alloc(8), bytes.subarray(from, to)])
      ahead.forEach((one, at) => whole.writeUInt32LE(one, 4 * at))
      expect(hex(halfSipHash(bytes, key, from, to, ahead))).toBe(plain(whole, key.low, key.high))
    }
  })
})

describe('the hash of an audit', () => {
  it('is below 2^52, and of each key, index and drawn key another', () => {
    const key = drawAuditKey()
    const of = (text: string, index: number, by = key): number => auditHash(Buffer.from(text), index, by)
    const found = [of('a', 1), of('b', 1), of('a', 2), of('a', 2 ** 32 + 1), of('a', 1, drawAuditKey()), of('', 1)]
    expect(new Set(found).size).toBe(found.length)
    for (const one of found) expect(one).toBeLessThan(2 ** 52)
    expect(of('a', 1)).toBe(found[0])
  })
})
