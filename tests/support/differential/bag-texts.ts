import type { Random } from '../random.ts'
import { sha256Hex } from '../statements.ts'

/* Spellings of a bag's texts, of the names of its files and of a file proof's receipt that BagIt tools, or one language's text functions, take. */

export type Files = Readonly<Record<string, Buffer>>

type Change = (text: string, random: Random) => string

const line =
  (change: (line: string, random: Random) => string): Change =>
  (text, random) => {
    const lines = text.split('\n')
    const at = random.below(Math.max(1, lines.length - 1))
    return lines.with(at, change(lines[at] as string, random)).join('\n')
  }

/** Characters that some take for the end of a line, for white space, or for nothing. */
const odd = ['\r', '\u000b', '\u000c', '\u001c', '\u0085', '\u2028', '\u2029', '\ufeff', '\u00a0', '\u3000', '\u0000']

/** Of every text of lines. */
const anyText: readonly (readonly [string, Change])[] = [
  ['CRLF', (text) => text.replaceAll('\n', '\r\n')],
  ['bare CR', (text) => text.replaceAll('\n', '\r')],
  ['one other end', (text, random) => text.replace('\n', random.pick(odd))],
  ['BOM', (text) => `\ufeff${text}`],
  ['empty', () => ''],
  ['one LF', () => '\n'],
  ['no LF at its end', (text) => text.replace(/\n$/, '')],
  ['two LF at its end', (text) => `${text}\n`],
  ['empty line', (text, random) => line((one) => random.pick([`${one}\n`, `${one}\n \t`]))(text, random)],
  ['indented', (text, random) => line((one) => `${random.pick([' ', '\t', ...odd])}${one}`)(text, random)],
  ['space at its end', (text, random) => line((one) => `${one}${random.pick([' ', '\t', ...odd])}`)(text, random)],
  ['line twice', line((one) => `${one}\n${one}`)],
  ['line first', (text) => text.replace(/^(.*\n)(.*\n)/, '$2$1')],
]

const listLine: readonly (readonly [string, Change])[] = [
  ['upper case', line((one) => one.slice(0, 64).toUpperCase() + one.slice(64))],
  [
    'separator',
    (text, random) =>
      line((one) => one.replace('  ', random.pick([' *', '\t', ' ', '   ', ' \t', '\u00a0 '])))(text, random),
  ],
  ['escape', line((one) => `\\${one.replace('/', '\\\\')}`)],
  ['dot slash', line((one) => one.replace('  ', '  ./'))],
  ['percent', line((one) => one.replace('/', '%2F'))],
  [
    'digest',
    (text, random) => line((one) => random.pick([one.slice(1), `0${one}`, one.replace(/^./, 'g')]))(text, random),
  ],
]

const infoLine: readonly (readonly [string, Change])[] = [
  ['continued', (text, random) => text.replace(/: /, random.pick([':\n ', ':\n\t', ': \n  ']))],
  [
    'label',
    (text, random) =>
      `${random.pick(['a b', 'A'.repeat(64), 'A'.repeat(65), 'A'.repeat(300), '1', 'É', 'x_y', ''])}: z\n${text}`,
  ],
  [
    'value',
    (text, random) =>
      `Note: ${random.pick([...odd.map((one) => `a${one}b`), '', ' a', 'a ', 'é', '\u{1f4f7}'])}\n${text}`,
  ],
  ['no space', line((one) => one.replace(': ', ':'))],
  ['space before', line((one) => one.replace(': ', ' : '))],
  ['case', line((one) => one.toLowerCase())],
  ['injected', (text, random) => text.replace(/^(Evidence-|Payload-)/m, `Note: x${random.pick(odd)}$1`)],
  [
    'date',
    (text, random) =>
      text.replace(
        /(Bagging-Date: ).*/,
        `$1${random.pick(['2026-02-31', '2024-02-29', '2023-02-29', '2026-13-01', '0000-01-01', '1969-12-31', '10000-01-01', '2026-1-1', '٢٠٢٦-01-01'])}`,
      ),
  ],
  [
    'oxum',
    (text, random) =>
      text.replace(
        /(Payload-Oxum: )(.*)\.(.*)/,
        (_all, head: string, bytes: string, count: string) =>
          head +
          random.pick([
            `0${bytes}.${count}`,
            `${bytes}.0${count}`,
            bytes,
            `${bytes}.${count}.0`,
            `1.1`,
            `+${bytes}.${count}`,
          ]),
      ),
  ],
  [
    'version',
    (text, random) =>
      text.replace(/(Package-Version: ).*/, `$1${random.pick(['2', '01', '1.0', '9999', '10000', 'x', '0', '１'])}`),
  ],
  ['no version', (text) => text.replace(/Evidence-Package-Version.*\n/, '')],
  [
    'asked',
    (text, random) =>
      `${text}Evidence-Later-Events: ${random.pick([`${'\u{1f600}'.repeat(130)} 4`, `${'x'.repeat(255)} 4`, `${'x'.repeat(256)} 4`, 'a+b 4', 'x 04', 'x 4 ', 'x  4', 'x 1000000000000000', 'é 4', 'x', 'x 0'])}\n`,
  ],
  [
    'not shown',
    (text, random) =>
      `${text}Evidence-Events-Not-Shown: ${random.pick(['0', '1', '01', '999999999', '1000000000', '-1'])}\n`,
  ],
  [
    'case number',
    (text, random) =>
      `${text}External-Identifier: ${random.pick(['(2026)沪0104刑初123号', '\u001b[31m', 'a\tb', ' ', '\u202e'])}\n`,
  ],
]

const bagit: readonly (readonly [string, Change])[] = [
  [
    'version',
    (text, random) =>
      text.replace('1.0', random.pick(['0.97', '2.0', '12345.0', '1.00', '01.0', '1', '1.0 ', '9999.9999'])),
  ],
  ['encoding', (text, random) => text.replace('UTF-8', random.pick(['utf-8', 'UTF-16', 'UTF8']))],
]

const withheld = 'withheld-sha256.txt'
const withheldPaths = [
  'so:lo.txt',
  'con.txt',
  '../../x',
  './x',
  'a//b',
  'x.',
  'a\u2028b',
  '\ufeff',
  '\ufffd',
  'a%b',
  '说明.txt',
  'x\u0085',
  '',
]

/** Lists of files, whose changes the lists of the bag that stand above them are made to fit. */
const isList = (name: string): boolean => /^manifest-|^tagmanifest-|^withheld-/.test(name)

/** The package with one text of its bag spelled otherwise. `mend` makes its lists anew; `mendTags` the tag manifest alone. */
export function withText(
  files: Files,
  random: Random,
  mend: (files: Files) => Files,
  mendTags: (files: Files) => Files,
): { files: Files; what: string } {
  const path = `data/deposits/001/files/${random.pick(['left.txt', 'left.txt', ...withheldPaths])}`
  const listed = `${sha256Hex('an exhibit\n')}  ${path}\n${sha256Hex('an exhibit\n')}  data/deposits/001/files/other.txt\n`
  const all = random.below(3) === 0 ? { ...files, [withheld]: Buffer.from(listed) } : files
  const name = random.pick([
    'bagit.txt',
    'bag-info.txt',
    'bag-info.txt',
    'manifest-sha256.txt',
    'tagmanifest-sha256.txt',
    withheld,
  ])
  const own = name === withheld ? { ...all, [withheld]: Buffer.from(listed) } : all
  const special = isList(name) ? listLine : name === 'bagit.txt' ? bagit : infoLine
  const [what, change] = random.pick([...special, ...anyText])
  const put = (into: Files): Files => ({ ...into, [name]: Buffer.from(change(String(into[name]), random)) })
  const made = /^(?:tag)?manifest-/.test(name) ? put(mend(own)) : mend(put(own))
  return { files: name === 'manifest-sha256.txt' ? mendTags(made) : made, what: `${name}, ${what}` }
}

const names = [
  'con\ufeff.txt',
  'con\u00a0.txt',
  'aux\u3000',
  'con .txt',
  'COM\u00b9.x',
  'nul\u2003.a',
  'prn\u180e',
  'con\u200b',
  'x\u00ad',
  'a\u0085b',
  'a\u007fb',
  'a\u2028b',
  'x.',
  'x ',
  'x\u00a0',
  '-rf',
  '\u202egpj.exe',
  'so\ufffdlo',
  '\ufeff',
  'ﬁ',
  'a%b',
  'a\\b',
  'x'.repeat(255),
  'x'.repeat(256),
  '说'.repeat(86),
  'receipt.time-proof',
  'fetch.txt',
  'a\nb',
  '.',
  'ı',
  'lpt0',
  'COM10',
  'conin$',
] // prettier-ignore

/** The package with a file of another name, or with two that some disks take for one. */
export function withName(files: Files, random: Random, mend: (files: Files) => Files): { files: Files; what: string } {
  const path = 'data/deposits/001/files/exhibit-0.txt'
  const content = files[path] as Buffer
  const name = random.pick(names)
  const { [path]: _gone, ...rest } = files
  const how = random.below(4)
  if (how === 0) {
    const two = random.pick([
      ['ß', 'ss'],
      ['ς', 'σ'],
      ['K', 'k'],
      ['İ', 'i\u0307'],
      ['ﬃ', 'FFI'],
      ['ͅ', 'ι'],
      ['ı', 'i'],
      ['a', 'a/b'],
      ['A', 'a/b'],
      ['é', 'e\u0301'],
    ] as const) // prettier-ignore
    const put = Object.fromEntries(two.map((one) => [`data/deposits/001/files/${one}`, content]))
    return { files: mend({ ...rest, ...put }), what: 'two names' }
  }
  if (how === 1) return { files: mend({ ...files, [name]: content }), what: 'name at the top' }
  const folder = how === 2 ? '' : `${random.pick(names)}/`
  return { files: mend({ ...rest, [`data/deposits/001/files/${folder}${name}`]: content }), what: 'name' }
}

/** The package with a file proof that holds another receipt than its deposit has. */
export function withProof(
  files: Files,
  random: Random,
  mend: (files: Files) => Files,
  changed: (text: string) => string,
): { files: Files; what: string } {
  const path = Object.keys(files).find((one) => one.endsWith('.file-proof')) as string
  const proof = (files[path] as Buffer).toString('latin1')
  const at = proof.indexOf('\n\n') + 2
  const other = random.pick(Object.keys(files).filter((one) => one.endsWith('.tlog-proof')))
  const receipt = random.below(2) === 0 ? (files[other] as Buffer).toString('latin1') : changed(proof.slice(at))
  const head = random.below(4) === 0 ? changed(proof.slice(0, at)) : proof.slice(0, at)
  return { files: mend({ ...files, [path]: Buffer.from(head + receipt, 'latin1') }), what: 'another receipt' }
}
