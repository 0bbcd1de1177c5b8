import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { EvidenceError, installSignatureAccelerator } from '../../src/core/index.ts'
import { installNativePrimitives, opensslAccelerator } from '../../src/node/index.ts'
import { type Facts, formatChecks, Refusal } from './check-formats.ts'
import { reportChecks } from './check-reports.ts'
import { readVectors, type Vector, type VectorFile } from './vector-files.ts'

const files = readVectors()

/** Lists that come in any order. */
const unordered = new Set(['faults', 'unjudged', 'flagged'])

function comparable(facts: Facts): Facts {
  const sorted = (list: unknown): unknown =>
    Array.isArray(list) ? list.map((element) => JSON.stringify(element)).sort() : list
  return Object.fromEntries(
    Object.entries(facts).map(([name, value]) => [name, unordered.has(name) ? sorted(value) : value]),
  )
}

/** Only what a vector states is compared. */
function stated(facts: Facts, names: readonly string[]): Facts {
  return Object.fromEntries(names.filter((name) => name in facts).map((name) => [name, facts[name]]))
}

function verdictOf(vector: Vector): Facts | Promise<Facts> {
  const check = formatChecks[vector.format]
  if (check !== undefined) {
    try {
      return { valid: true, ...check(vector.input) }
    } catch (error) {
      if (error instanceof Refusal) return { valid: false, code: error.code, ...error.known }
      if (error instanceof EvidenceError) return { valid: false, code: error.code }
      throw error
    }
  }
  const report = reportChecks[vector.format]
  if (report === undefined) throw new Error(`no check for the format ${vector.format}`)
  // The code of such a vector is that of its first fault: the lists say all.
  return Promise.resolve(report(vector.input)).then((found) => {
    const valid = found.faults.length + found.unjudged.length === 0
    return { ...found, valid, ...(valid ? {} : { code: vector.expect.code }) }
  })
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
