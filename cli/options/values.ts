import { EvidenceError } from '../../src/core/errors.ts'
import { type DigestAlgorithm, parseDigestName } from '../../src/core/hash.ts'
import type { Output } from '../render/output.ts'
import { codePattern } from '../../src/statements/vocabulary.ts'
import { parseDecimal } from '../../src/core/bytes.ts'

/** Reads `<algorithm>:<lower-case hex>`, the value of an option. Throws `query-invalid`, and `usage` where the next option was taken for it. */
export function digestArgument(text: string, option: string): [algorithm: DigestAlgorithm, hex: string] {
  if (text.startsWith('-')) throw new EvidenceError('usage', `the option ${option} <algorithm:hex> has no value`)
  const digest = parseDigestName(text)
  if (digest === undefined) {
    throw new EvidenceError(
      'query-invalid',
      `${JSON.stringify(text)} is not <algorithm>:<lower-case hex> of that algorithm’s length`,
    )
  }
  return [digest.algorithm, digest.hex]
}

/** A non-negative integer given as an argument. Throws `usage`. */
export function indexArgument(text: string): number {
  const value = parseDecimal(text)
  if (value === undefined) throw new EvidenceError('usage', `${JSON.stringify(text)} is not the index of an entry`)
  return value
}

/**
 * A code of an open list: one that is not among the known ones is taken as it is, with a note. Throws `usage` where it is no code.
 */
export function openCodeArgument(value: string, known: readonly string[], what: string, output: Output): string {
  if (!codePattern.test(value)) {
    const form = 'a letter a to z, then at most 63 of a-z 0-9 -'
    throw new EvidenceError('usage', `${JSON.stringify(value)} is no ${what}: a code is ${form}`)
  }
  if (!known.includes(value))
    output.note(`"${value}" is no ${what} that this version knows, and is taken as it is; known: ${known.join(', ')}`)
  return value
}

/** One of a list of codes. Throws `usage`. */
export function codeArgument<T extends string>(value: string, codes: readonly T[], what: string): T {
  const code = codes.find((one) => one === value)
  if (code === undefined)
    throw new EvidenceError('usage', `${JSON.stringify(value)} is no ${what}; use one of ${codes.join(', ')}`)
  return code
}

/** A number of seconds given as an argument, 0.1 to a day. Throws `usage`. */
export function seconds(text: string, name: string): number {
  const value = /^[0-9]+(?:\.[0-9]+)?$/.test(text) ? Number(text) : Number.NaN
  if (value >= 0.1 && value <= 86_400) return value
  throw new EvidenceError('usage', `${name} ${JSON.stringify(text)} is not 0.1 to 86400 seconds`)
}
