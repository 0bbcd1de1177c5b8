import { describe, expect, it } from 'vitest'
import { toHex } from '../../src/core/base64.ts'
import { concat, utf8 } from '../../src/core/bytes.ts'
import {
  encodeManifest,
  encodeManifestLine,
  manifestLeaves,
  manifestTree,
  ManifestWriter,
  parseManifest,
  parseManifestLine,
} from '../../src/core/manifest.ts'
import { mth } from '../reference/rfc6962.ts'
import { sha256Hex } from '../support/statements.ts'
import { manifestBytes, manifestLines } from './samples.ts'
import { codeOf } from './support.ts'

const digest = sha256Hex('0')
const other = sha256Hex('1')
const good = `${digest}  a\n${other}  b/c\n`

function read(text: string | Uint8Array): string {
  return codeOf(() => parseManifest(typeof text === 'string' ? utf8(text) : text))
}

describe('manifest line', () => {
  it.each<[string, Uint8Array, Uint8Array]>([
    ['a plain path', utf8('mail/notice.eml'), utf8(`${digest}  mail/notice.eml`)],
    ['spaces at both ends', utf8(' a '), utf8(`${digest}   a `)],
    ['a binary marker as its name', utf8('*a'), utf8(`${digest}  *a`)],
    ['a backslash', utf8('a\\b'), utf8(`\\${digest}  a\\\\b`)],
    ['a line feed', utf8('a\nb'), utf8(`\\${digest}  a\\nb`)],
    ['a carriage return', utf8('a\rb'), utf8(`\\${digest}  a\\rb`)],
    ['each of them, and what looks like an escape', utf8('\\n\n\r\\'), utf8(`\\${digest}  \\\\n\\n\\r\\\\`)],
    ['a tab and other control characters', utf8('\u0001\t\u007f'), utf8(`${digest}  \u0001\t\u007f`)],
    ['bytes that are no UTF-8', Uint8Array.of(0xff, 0xe8), concat(utf8(`${digest}  `), Uint8Array.of(0xff, 0xe8))],
    ['three dots', utf8('...'), utf8(`${digest}  ...`)],
    ['dots within components', utf8('.a/b./..c'), utf8(`${digest}  .a/b./..c`)],
    ['unnormalised Unicode', utf8('e\u0301'), utf8(`${digest}  e\u0301`)],
  ])('holds %s', (_, path, line) => {
    expect(encodeManifestLine({ sha256: digest, path })).toEqual(line)
    expect(parseManifestLine(line)).toEqual({ sha256: digest, path })
  })

  it.each<[string, string]>([
    ['nothing', ''],
    ['no path', `${digest}  `],
    ['one space', `${digest} a`],
    ['a binary marker', `${digest} *a`],
    ['a tab', `${digest}\t a`],
    ['no digest', '  a'],
    ['a digest in capitals', `${digest.toUpperCase()}  a`],
    ['a digest of 63 digits', `${digest.slice(1)}  a`],
    ['a digest of 65 digits', `0${digest}  a`],
    ['the BSD form', `SHA256 (a) = ${digest}`],
    ['a space before', ` ${digest}  a`],
    ['a leading backslash without need', `\\${digest}  a`],
    ['a backslash without the leading one', `${digest}  a\\b`],
    ['an escape without the leading backslash', `${digest}  a\\nb`],
    ['a raw carriage return', `${digest}  a\r`],
    ['a raw line feed', `${digest}  a\nb`],
    ['a raw carriage return beside an escape', `\\${digest}  a\\n\r`],
    ['an unknown escape', `\\${digest}  a\\tb`],
    ['an octal escape', `\\${digest}  a\\012`],
    ['an escape in capitals', `\\${digest}  a\\N`],
    ['an escape cut off', `\\${digest}  a\\`],
    ['a second leading backslash', `\\\\${digest}  a\\n`],
    ['NUL', `${digest}  a\u0000b`],
    ['an absolute path', `${digest}  /a`],
    ['a trailing slash', `${digest}  a/`],
    ['a slash alone', `${digest}  /`],
    ['an empty component', `${digest}  a//b`],
    ['.', `${digest}  .`],
    ['./', `${digest}  ./a`],
    ['/.', `${digest}  a/.`],
    ['/./', `${digest}  a/./b`],
    ['..', `${digest}  ..`],
    ['../', `${digest}  ../a`],
    ['/..', `${digest}  a/..`],
    ['/../', `${digest}  a/../b`],
  ])('with %s is malformed', (_, line) => {
    expect(codeOf(() => parseManifestLine(utf8(line)))).toBe('manifest-malformed')
  })
})

describe('manifest', () => {
  it('is sorted when written, and reads back', () => {
    const parsed = parseManifest(manifestBytes)
    expect(parsed.length).toBe(manifestLines.length)
    expect(encodeManifest(parsed)).toEqual(manifestBytes)
    expect(encodeManifest([...parsed].reverse())).toEqual(manifestBytes)
    const paths = parsed.map(({ path }) => Buffer.from(path))
    expect(paths).toEqual([...paths].sort((a, b) => Buffer.compare(a, b)))
  })

  it.each<[string, string]>([
    ['one line', `${digest}  a\n`],
    ['the same digest twice', `${digest}  a\n${digest}  b\n`],
    ['a path that begins another', `${digest}  a\n${digest}  a b\n${digest}  a/b\n`],
    ['paths by byte, capitals first', `${digest}  B\n${digest}  a\n`],
    ['unescaped bytes in order, though the lines are not', `\\${digest}  a\\nz\n${digest}  aAz\n`],
  ])('may have %s', (_, text) => {
    expect(read(text)).toBe('accepted')
  })

  it.each<[string, string]>([
    ['nothing', ''],
    ['no final line feed', good.slice(0, -1)],
    ['a line feed alone', '\n'],
    ['an empty line', good.replace('\n', '\n\n')],
    ['an empty line at the end', `${good}\n`],
    ['a comment', `# files\n${good}`],
    ['carriage returns', good.replaceAll('\n', '\r\n')],
    ['a byte order mark', `\ufeff${good}`],
    ['a path twice', `${digest}  a\n${other}  a\n`],
    ['a line twice', `${digest}  a\n${digest}  a\n`],
    ['paths out of order', `${digest}  b\n${digest}  a\n`],
    ['lines in order, though the paths are not', `${digest}  aAz\n\\${digest}  a\\nz\n`],
    ['directories first', `${digest}  a/b\n${digest}  a b\n`],
    ['one bad line among good ones', `${digest}  a\n${digest} *b\n${digest}  c\n`],
  ])('with %s is malformed', (_, text) => {
    expect(read(text)).toBe('manifest-malformed')
  })

  it('compares unsigned bytes', () => {
    const [low, high] = [utf8(`${digest}  \u007f\n`), concat(utf8(`${digest}  `), Uint8Array.of(0x80, 0x0a))]
    expect(read(concat(low, high))).toBe('accepted')
    expect(read(concat(high, low))).toBe('manifest-malformed')
  })

  it.each<[string, string[]]>([
    ['no line', []],
    ['a path twice', ['a', 'a']],
    ['an empty path', ['']],
    ['an absolute path', ['/etc/passwd']],
    ['a way up', ['../a']],
    ['NUL', ['a\u0000']],
  ])('is not written with %s', (_, paths) => {
    const lines = paths.map((path) => ({ sha256: digest, path: utf8(path) }))
    expect(codeOf(() => encodeManifest(lines))).toBe('manifest-malformed')
  })

  it('has the tree of RFC 6962 over its lines without line feeds', () => {
    const lines = Buffer.from(manifestBytes).toString('latin1').split('\n').slice(0, -1)
    const leaves = lines.map((line) => new Uint8Array(Buffer.from(line, 'latin1')))
    expect(manifestLeaves(manifestBytes)).toEqual(leaves)
    expect(manifestTree(manifestBytes)).toEqual({ root: mth(leaves), size: leaves.length })
    expect(codeOf(() => manifestTree(utf8('')))).toBe('manifest-malformed')
  })

  it('F-B3: takes a folder of 150,000 files', () => {
    const lines = Array.from({ length: 150_000 }, (_, i) => ({ sha256: '0'.repeat(64), path: utf8(`f/${i}`) }))
    expect(parseManifest(encodeManifest(lines))).toHaveLength(150_000)
  })
})

describe('R8: a manifest that is written line by line', () => {
  const sha256 = new Uint8Array(32).map((_, i) => 8 * i)
  const names = ['\n', 'a', 'a\rb', 'a\\', 'b/c', 'é']

  it('has the bytes of one that is written at once, though escapes make it longer than was said', () => {
    const writer = new ManifestWriter(names.length, names.join('').length)
    for (const name of names) writer.add(sha256, utf8(name))
    const lines = names.map((name) => ({ sha256: toHex(sha256), path: utf8(name) }))
    expect(writer.finish()).toEqual(encodeManifest(lines))
  })

  it.each([
    ['b', 'a'],
    ['a', 'a'],
    ['a', 'b//c'],
    ['a', '..'],
  ])('refuses %j and then %j', (first, second) => {
    const writer = new ManifestWriter(2, 10)
    writer.add(sha256, utf8(first))
    expect(() => writer.add(sha256, utf8(second))).toThrow(/^line 2 of the manifest /)
  })

  it('is refused without a line', () => {
    expect(() => new ManifestWriter(0, 0).finish()).toThrow(/empty/)
  })
})
