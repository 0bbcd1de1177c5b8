import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Digester } from '../../src/core/digester.ts'
import { installSignatureAccelerator } from '../../src/core/ed25519.ts'
import { nativeDigester } from '../../src/node/file-digest.ts'
import { installNativePrimitives, opensslAccelerator } from '../../src/node/native.ts'
import type { Facts } from './check-formats.ts'
import { readVectors, type VectorFile } from './vector-files.ts'
import { comparable, stated, verdictOf } from './verdict.ts'

const files = readVectors()

/** What is stated of a vector, and what was found of it. */
async function compared({ vector }: VectorFile, digester?: Digester): Promise<{ found: Facts; expected: Facts }> {
  const found = await verdictOf(vector, digester)
  const { expect: expected } = vector
  return { found: comparable(stated(found, Object.keys(expected))), expected: comparable(expected) }
}

function rows(list: readonly VectorFile[]): (readonly [string, VectorFile])[] {
  return list.map((file) => [file.name, file] as const)
}

describe('conformance vectors', () => {
  it.each(rows(files))('%s', async (_name, file) => {
    const { found, expected } = await compared(file)
    expect(found).toEqual(expected)
  })
})

describe('vectors of files under the digests of OpenSSL', () => {
  const hashed = files.filter(({ vector }) => ['file', 'file-proof'].includes(vector.format))
  it.each(rows(hashed))('%s', async (_name, file) => {
    const { found, expected } = await compared(file, nativeDigester)
    expect(found).toEqual(expected)
  })
})

describe('signature vectors under each implementation', () => {
  const signed = rows(files.filter(({ vector }) => vector.format === 'ed25519'))
  afterAll(() => installSignatureAccelerator(undefined))
  describe('OpenSSL', () => {
    beforeAll(() => installSignatureAccelerator(opensslAccelerator()))
    it.each(signed)('%s', async (_name, file) => {
      const { found, expected } = await compared(file)
      expect(found).toEqual(expected)
    })
  })
  describe('the fastest at hand', () => {
    beforeAll(() => {
      installNativePrimitives()
    })
    it.each(signed)('%s', async (_name, file) => {
      const { found, expected } = await compared(file)
      expect(found).toEqual(expected)
    })
  })
})
