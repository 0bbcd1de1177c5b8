import fc from 'fast-check'
import { concat } from '../../src/core/bytes.ts'
import { EvidenceError } from '../../src/core/errors.ts'

/** Bytes that mean something in one format or another. */
const telling = Array.from('\n\r \t\\/"=+-_.~0129aAfFxvL—{}[],:#', (character) => character.charCodeAt(0) & 255).concat(
  [0x00, 0x1f, 0x7f, 0x80, 0xc0, 0xed, 0xef, 0xff],
)

interface Mutation {
  readonly kind: 'flip' | 'set' | 'insert' | 'delete' | 'repeat' | 'truncate' | 'move-line' | 'copy-line' | 'splice'
  readonly at: number
  readonly length: number
  readonly byte: number
  readonly other: Uint8Array
}

function linesOf(bytes: Uint8Array): Uint8Array[] {
  const lines: Uint8Array[] = []
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf(0x0a, start)
    const next = end < 0 ? bytes.length : end + 1
    lines.push(bytes.subarray(start, next))
    start = next
  }
  return lines
}

function mutate(bytes: Uint8Array, { kind, at, length, byte, other }: Mutation): Uint8Array {
  const start = bytes.length === 0 ? 0 : at % bytes.length
  const [before, hit, after] = [bytes.slice(0, start), bytes.slice(start, start + length), bytes.slice(start + length)]
  const lines = linesOf(bytes)
  const line = lines.length === 0 ? 0 : at % lines.length
  switch (kind) {
    case 'flip':
      return Uint8Array.from(bytes, (value, i) => (i === start ? value ^ (1 << (byte & 7)) : value))
    case 'set':
      return Uint8Array.from(bytes, (value, i) => (i === start ? byte : value))
    case 'insert':
      return concat(before, Uint8Array.of(byte), hit, after)
    case 'delete':
      return concat(before, after)
    case 'repeat':
      return concat(before, hit, hit, after)
    case 'truncate':
      return before
    case 'move-line':
      return concat(...lines.toSpliced(line, 1), lines[line] ?? new Uint8Array(0))
    case 'copy-line':
      return concat(...lines.toSpliced(length % (lines.length + 1), 0, lines[line] ?? new Uint8Array(0)))
    case 'splice':
      return concat(before, other.slice(at % (other.length + 1)))
  }
}

/** Valid samples with none to four changes, and now and then bytes that never were a sample. */
export function nearlyValid(samples: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const sample = fc.constantFrom(...samples)
  const mutation: fc.Arbitrary<Mutation> = fc.record({
    kind: fc.constantFrom('flip', 'set', 'insert', 'delete', 'repeat', 'truncate', 'move-line', 'copy-line', 'splice'),
    at: fc.nat(),
    length: fc.integer({ min: 1, max: 40 }),
    byte: fc.oneof(fc.constantFrom(...telling), fc.nat({ max: 255 })),
    other: sample,
  })
  const mutated = fc
    .tuple(sample, fc.array(mutation, { maxLength: 4 }))
    .map(([bytes, mutations]) => mutations.reduce(mutate, bytes))
  return fc.oneof({ weight: 20, arbitrary: mutated }, { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }) })
}

/** The same as texts, one character a byte. */
export function nearlyValidText(samples: readonly string[]): fc.Arbitrary<string> {
  const ascii = nearlyValid(samples.map((text) => Uint8Array.from(Buffer.from(text, 'latin1'))))
  return ascii.map((bytes) => Buffer.from(bytes).toString('latin1'))
}

/** What a parser gives, or undefined where it refuses with an error of ours; any other error goes through. */
export function accepted<T>(parse: () => T): T | undefined {
  try {
    return parse()
  } catch (error) {
    if (error instanceof EvidenceError) return undefined
    throw error
  }
}

/** What a parser accepts, written again; the input itself where it refuses. Equal to the input if the format is strict. */
export function rewritten<I, T>(input: I, parse: (input: I) => T, encode: (parsed: T) => I): I {
  const parsed = accepted(() => parse(input))
  return parsed === undefined ? input : encode(parsed)
}
