import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { utf8 } from '../../src/core/bytes.ts'
import { digestsOf } from '../../src/core/digest.ts'
import { type DigestAlgorithm, digestLengths } from '../../src/core/hash.ts'

const all = Object.keys(digestLengths) as DigestAlgorithm[]

describe('digests of bytes in memory', () => {
  it('are those of OpenSSL, at lengths around a block', () => {
    for (const length of [0, 1, 55, 56, 63, 64, 65, 111, 112, 119, 127, 128, 129, 1000]) {
      const data = Uint8Array.from({ length }, (_, i) => i * 7)
      for (const name of all.filter((one) => one !== 'blake3'))
        expect(digestsOf(data, [name])[name], `${name} of ${length}`).toBe(createHash(name).update(data).digest('hex'))
    }
  })

  it('of BLAKE3 and SM3 are those of their documents', () => {
    expect(digestsOf(utf8(''), ['blake3']).blake3).toBe(
      'af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262',
    )
    expect(digestsOf(utf8('abc'), ['blake3', 'sm3'])).toEqual({
      blake3: '6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85',
      sm3: '66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0',
    })
  })
})
