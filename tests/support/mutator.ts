import type { Random } from './random.ts'

/** Bytes and texts that mean something in one format or another. */
const telling = Buffer.from('\n\r \t\\/"=+-_.~0129aAfFxvL{}[],:#\u0000\u001f\u007f', 'latin1')
const wide = [0x80, 0xbf, 0xc0, 0xc2, 0xed, 0xef, 0xf0, 0xf4, 0xff]
const words = [
  '"__proto__":',
  '\\u0000',
  '\\ud800',
  '9007199254740993',
  '-0',
  '1e9',
  'null',
  '[[[[[[[[[[[[[[[[[[',
  '{"a":',
  '…',
  // Characters whose low byte is a letter: cut to eight bits they would be another spelling of it.
  '\u0141',
  '\u4e41',
  '\ufeff',
  '🜛',
  '\n\n',
  '— ',
  '18446744073709551616',
  '..',
  'constructor',
  '"_sd":[]',
  '~~',
  '==',
].map((word) => Buffer.from(word))

type Act = (bytes: Buffer, random: Random, samples: readonly Uint8Array[]) => Buffer

function cut(bytes: Buffer, random: Random): [Buffer, Buffer, Buffer] {
  const at = random.below(bytes.length + 1)
  const length = random.below(random.pick([2, 8, 40, 400]))
  return [bytes.subarray(0, at), bytes.subarray(at, at + length), bytes.subarray(at + length)]
}

const acts: readonly Act[] = [
  (bytes, random) => {
    if (bytes.length === 0) return bytes
    const out = Buffer.from(bytes)
    const at = random.below(out.length)
    out[at] = (out[at] as number) ^ (1 << random.below(8))
    return out
  },
  (bytes, random) => {
    if (bytes.length === 0) return bytes
    const out = Buffer.from(bytes)
    out[random.below(out.length)] =
      random.below(3) === 0 ? random.pick(wide) : (telling[random.below(telling.length)] as number)
    return out
  },
  (bytes, random) => {
    const [before, , after] = cut(bytes, random)
    return Buffer.concat([before, after])
  },
  (bytes, random) => {
    const [before, hit, after] = cut(bytes, random)
    return Buffer.concat([before, hit, hit, after])
  },
  (bytes, random) => {
    const [before, hit, after] = cut(bytes, random)
    return Buffer.concat([before, random.pick(words), hit, after])
  },
  (bytes, random) => bytes.subarray(0, random.below(bytes.length + 1)),
  (bytes, random, samples) => {
    const other = Buffer.from(random.pick(samples))
    return Buffer.concat([
      bytes.subarray(0, random.below(bytes.length + 1)),
      other.subarray(random.below(other.length + 1)),
    ])
  },
  (bytes, random) => {
    // A line moved or doubled: order and repetition are what formats of lines are strict about.
    const lines = bytes.toString('latin1').split('\n')
    const line = lines[random.below(lines.length)] as string
    lines.splice(random.below(lines.length + 1), random.below(2), line)
    return Buffer.from(lines.join('\n'), 'latin1')
  },
  (bytes, random) => {
    // A number made another: lengths, sizes, indices.
    const given = bytes.toString('latin1')
    const numbers = [...given.matchAll(/[0-9]+/g)]
    if (numbers.length === 0) return bytes
    const one = random.pick(numbers)
    const value = random.pick([
      '0',
      '1',
      '-1',
      '00',
      '255',
      '256',
      '65536',
      '4294967296',
      '9007199254740992',
      '99999999999999999999',
    ])
    return Buffer.from(given.slice(0, one.index) + value + given.slice(one.index + one[0].length), 'latin1')
  },
  (_bytes, random) => {
    const out = Buffer.alloc(random.below(300))
    for (let i = 0; i < out.length; i++) out[i] = random.below(256)
    return out
  },
]

/** A sample with none to five changes; one in ten as it is. A `Uint8Array` of its own, as parsers are handed. */
export function mutated(samples: readonly Uint8Array[], random: Random): Uint8Array {
  let bytes = Buffer.from(random.pick(samples))
  const changes = random.below(10) === 0 ? 0 : 1 + random.below(5)
  for (let i = 0; i < changes; i++)
    bytes = Buffer.from(acts[random.below(i === 0 ? acts.length : acts.length - 1)]?.(bytes, random, samples) ?? bytes)
  return new Uint8Array(bytes)
}
