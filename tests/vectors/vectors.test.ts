import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { installSignatureAccelerator } from '../../src/core/ed25519.ts'
import { installNativePrimitives, opensslAccelerator } from '../../src/node/native.ts'
import type { Facts } from './check-formats.ts'
import { readVectors, type VectorFile } from './vector-files.ts'
import { comparable, verdictOf } from './verdict.ts'

const files = readVectors()

/** Only what a vector states is compared. */
function stated(facts: Facts, names: readonly string[]): Facts {
  return Object.fromEntries(names.filter((name) => name in facts).map((name) => [name, facts[name]]))
}

/** What is stated of a vector, and what was found of it. */
async function compared({ vector }: VectorFile): Promise<{ found: Facts; expected: Facts }> {
  const found = await verdictOf(vector)
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
