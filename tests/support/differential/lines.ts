import type { Random } from '../random.ts'

/* One change to a text of lines: notes, receipts, proofs, policies, manifests. Texts are byte strings (latin1). */

export interface Changed {
  readonly text: string
  readonly what: string
}

const numbers = [
  '0',
  '1',
  '-1',
  '00',
  '01',
  '1.0',
  '+1',
  '255',
  '256',
  '65536',
  '4294967296',
  '9007199254740991',
  '9007199254740992',
  '18446744073709551615',
  '99999999999999999999',
  '',
]
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** Base64 in another spelling, of another length, or of other bytes. */
export function changedBase64(text: string, random: Random): string {
  const bytes = Buffer.from(text, 'base64')
  const acts = [
    () => {
      const at = random.below(Math.max(1, bytes.length))
      bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8))
      return bytes.toString('base64')
    },
    () => bytes.subarray(1).toString('base64'),
    () => Buffer.concat([bytes, Buffer.of(0)]).toString('base64'),
    () => text.replace(/=+$/, ''),
    () => `${text}=`,
    () => text.replace(/\+/g, '-').replace(/\//g, '_'),
    // The bits that the last character does not use.
    () =>
      text.replace(
        /([A-Za-z0-9+/])(=+)$/,
        (_whole, last: string, pad: string) => `${alphabet[(alphabet.indexOf(last) + 1) % 64]}${pad}`,
      ),
    () => ` ${text}`,
    () => Buffer.alloc(bytes.length).toString('base64'),
  ]
  return random.pick(acts)()
}

type Act = readonly [string, (lines: string[], at: number, random: Random, others: readonly string[]) => void]

const acts: readonly Act[] = [
  ['line left out', (lines, at) => void lines.splice(at, 1)],
  ['line twice', (lines, at) => void lines.splice(at, 0, lines[at] as string)],
  [
    'line moved',
    (lines, at, random) => {
      const [line] = lines.splice(at, 1)
      lines.splice(random.below(lines.length + 1), 0, line as string)
    },
  ],
  ['empty line', (lines, at) => void lines.splice(at, 0, '')],
  ['line end', (lines, at, random) => void (lines[at] += random.pick(['\r', ' ', '\t', '\u0000', '\u000b']))],
  ['line begin', (lines, at, random) => void (lines[at] = random.pick([' ', '\ufeff', '#', '\u0000']) + lines[at])],
  [
    'line of another',
    (lines, at, random, others) => {
      const other = random.pick(others).split('\n')
      lines[at] = other[Math.min(at, other.length - 1)] as string
    },
  ],
  [
    'word',
    (lines, at, random) => {
      const words = (lines[at] as string).split(' ')
      const word = random.below(words.length)
      const how = random.below(4)
      if (how === 0) words.splice(word, 1)
      else if (how === 1) words.splice(word, 0, words[word] as string)
      else if (how === 2) words.push('x')
      else words[word] = random.pick(['none', 'any', 'all', '2', words[word]?.toUpperCase() ?? ''])
      lines[at] = words.join(' ')
    },
  ],
  [
    'number',
    (lines, at, random) => void (lines[at] = (lines[at] as string).replace(/[0-9]+/, () => random.pick(numbers))),
  ],
  [
    'base64',
    (lines, at, random) =>
      void (lines[at] = (lines[at] as string).replace(/[A-Za-z0-9+/]{20,}=*$/, (text) => changedBase64(text, random))),
  ],
  [
    'byte',
    (lines, at, random) => {
      const line = lines[at] as string
      const place = random.below(line.length + 1)
      const code = (line.charCodeAt(place) || 0) ^ (1 << random.below(8))
      lines[at] = line.slice(0, place) + String.fromCharCode(code) + line.slice(place + 1)
    },
  ],
]

/** A text of lines with one change. */
export function changedLines(text: string, random: Random, others: readonly string[]): Changed {
  for (let tries = 0; tries < 50; tries++) {
    const lines = text.split('\n')
    const [what, act] = random.pick(acts)
    act(lines, random.below(lines.length), random, others)
    const changed = lines.join('\n')
    if (changed !== text) return { text: changed, what }
  }
  return { text: `${text}x`, what: 'end' }
}

/** A text of lines with one change in what one of its runs of base64 holds; undefined where it holds none of lines. */
export function changedWithin(text: string, random: Random): Changed | undefined {
  const runs = [...text.matchAll(/(?<= )[A-Za-z0-9+/]{60,}={0,2}(?=\n)/g)].map((found) => ({
    at: found.index,
    base64: found[0],
    held: Buffer.from(found[0], 'base64').toString('latin1'),
  }))
  const ofLines = runs.filter(({ held }) => held.includes('\n'))
  if (ofLines.length === 0) return undefined
  const { at, base64: before, held } = random.pick(ofLines)
  const { text: changed, what } = changedLines(held, random, [held])
  const after = Buffer.from(changed, 'latin1').toString('base64')
  return { text: text.slice(0, at) + after + text.slice(at + before.length), what: `within, ${what}` }
}
