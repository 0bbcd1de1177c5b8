import { plainDigester } from '../../src/core/digest.ts'
import type { Digester } from '../../src/core/digester.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import { type Facts, formatChecks, Refusal } from './check-formats.ts'
import { reportChecks } from './check-reports.ts'
import type { Vector } from './input.ts'

/** Lists that come in any order. */
const unordered = new Set(['faults', 'unjudged', 'flagged'])

/** The same facts, lists that come in any order sorted. */
export function comparable(facts: Facts): Facts {
  const sorted = (list: unknown): unknown =>
    Array.isArray(list) ? list.map((element) => JSON.stringify(element)).sort() : list
  return Object.fromEntries(
    Object.entries(facts).map(([name, value]) => [name, unordered.has(name) ? sorted(value) : value]),
  )
}

/** Facts by the names that are given, as far as they are there. */
export function stated(facts: Facts, names: readonly string[]): Facts {
  return Object.fromEntries(names.filter((name) => name in facts).map((name) => [name, facts[name]]))
}

/** What this project says of a vector; files are hashed by `digester`. */
export function verdictOf(
  vector: Pick<Vector, 'format' | 'input' | 'expect'>,
  digester: Digester = plainDigester,
): Facts | Promise<Facts> {
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
  return Promise.resolve(report(vector.input, digester)).then((found) => {
    const valid = found.faults.length + found.unjudged.length === 0
    return { ...found, valid, ...(valid ? {} : { code: vector.expect.code }) }
  })
}
