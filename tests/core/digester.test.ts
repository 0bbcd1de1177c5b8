import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { plainDigester } from '../../src/core/digest.ts'
import { digesterOf } from '../../src/core/digester.ts'
import { type DigestAlgorithm, digestLengths } from '../../src/core/hash.ts'
import { nativeDigester } from '../../src/node/file-digest.ts'

const all = Object.keys(digestLengths) as DigestAlgorithm[]

async function* pieces(data: Uint8Array, length: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < data.length; at += length) yield data.subarray(at, at + length)
}

describe('a digester', () => {
  it('that runs anywhere gives what OpenSSL gives, however the bytes come in pieces', async () => {
    const data = Uint8Array.from({ length: 1000 }, (_, i) => i * 7)
    for (const length of [1, 3, 55, 63, 64, 65, 127, 128, 200, 1000]) {
      const told: number[] = []
      const plain = await plainDigester.digestStream(pieces(data, length), all, (count) => told.push(count))
      expect(plain).toEqual(await nativeDigester.digestStream(pieces(data, length), all))
      expect(plain.digest.sha256).toBe(createHash('sha256').update(data).digest('hex'))
      expect(told.reduce((sum, count) => sum + count, 0)).toBe(1000)
    }
  })

  it('refuses an algorithm that it does not compute, and says so before', () => {
    const none = digesterOf(() => undefined)
    expect(none.canDigest('sm3')).toBe(false)
    expect(() => none.digestBytes(new Uint8Array(), ['sm3'])).toThrow(
      expect.objectContaining({ code: 'digest-not-computable' }) as Error,
    )
  })
})
