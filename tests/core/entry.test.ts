import { describe, expect, it } from 'vitest'
import { utf8 } from '../../src/core/bytes.ts'
import { encodeEntry, entryVersion, maxEntryBytes, parseEntry, zeroHash } from '../../src/core/entry.ts'
import { codeOf, hashOf } from './support.ts'

const time = '2026-11-21T09:30:00.000Z'
const link = 'AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE='
const entry = { index: 1041, time, previous: hashOf(1), statement: 'a.b.c' }
const text = `evidence-ledger/entry/v1\n1041\n${time}\n${link}\na.b.c\n`

function read(changed: string): string {
  return codeOf(() => parseEntry(utf8(changed)))
}

describe('entry', () => {
  it('is five lines, each ended by a line feed', () => {
    expect(encodeEntry(entry)).toEqual(utf8(text))
    expect(parseEntry(utf8(text))).toEqual({ ...entry, known: true, timeMs: Date.parse(time) })
  })

  it('has 32 zero bytes as the link of entry 0', () => {
    const first = new TextDecoder().decode(encodeEntry({ ...entry, index: 0, previous: zeroHash }))
    expect(first.split('\n')[3]).toBe(`${'A'.repeat(43)}=`)
  })

  it.each<[string, string]>([
    ['nothing', ''],
    ['a line feed alone', '\n'],
    ['no final line feed', text.slice(0, -1)],
    ['four lines', text.replace('\na.b.c', '')],
    ['six lines', `${text}more\n`],
    ['an empty sixth line', `${text}\n`],
    ['many empty lines after', `${text}\n\n\n`],
    ['a text after the last line feed', `${text}more`],
    ['a line feed within the statement', text.replace('a.b', 'a\n.b')],
    ['an empty statement', text.replace('a.b.c', '')],
    ['an empty line before', `\n${text}`],
    ['carriage returns', text.replaceAll('\n', '\r\n')],
    ['a byte order mark', `\ufeff${text}`],
    ['a space after the version', text.replace('v1', 'v1 ')],
    ['version 0', text.replace('v1', 'v0')],
    ['version 01', text.replace('v1', 'v01')],
    ['no version', text.replace('/v1', '')],
    ['another format', text.replace('entry', 'block')],
    ['another case', text.replace('evidence', 'Evidence')],
    ['no index', text.replace('1041', '')],
    ['a leading zero', text.replace('1041', '01041')],
    ['a negative index', text.replace('1041', '-1')],
    ['a hexadecimal index', text.replace('1041', '0x411')],
    ['an exponent', text.replace('1041', '1e3')],
    ['an index beyond 2^53-1', text.replace('1041', '9007199254740992')],
    ['a space before the index', text.replace('1041', ' 1041')],
    ['a time without milliseconds', text.replace('.000Z', 'Z')],
    ['31 February', text.replace('11-21', '02-31')],
    ['a leap second', text.replace('09:30:00', '23:59:60')],
    ['year 0', text.replace('2026', '0000')],
    ['an offset', text.replace('Z', '+00:00')],
    ['a link without padding', text.replace(link, link.slice(0, -1))],
    ['a link of base64url', text.replace(link, `${'_'.repeat(42)}8=`)],
    ['a link with trailing bits', text.replace(link, `${link.slice(0, -2)}F=`)],
    ['a link of 31 bytes', text.replace(link, `${'A'.repeat(42)}==`.slice(0, 44))],
    ['a link of 33 bytes', text.replace(link, 'A'.repeat(44))],
    ['no link', text.replace(link, '')],
    ['a hexadecimal link', text.replace(link, '01'.repeat(32))],
  ])('with %s is malformed', (_, changed) => {
    expect(changed).not.toBe(text)
    expect(read(changed)).toBe('entry-malformed')
  })

  it('that is not UTF-8 is refused', () => {
    const bytes = utf8(text)
    bytes[bytes.length - 3] = 0xff
    expect(codeOf(() => parseEntry(bytes))).toBe('utf8-malformed')
  })

  it('has at most 65,535 bytes, read or written', () => {
    const room = maxEntryBytes - (text.length - 'a.b.c'.length)
    expect(maxEntryBytes).toBe(65_535)
    const largest = encodeEntry({ ...entry, statement: 'x'.repeat(room) })
    expect(largest.length).toBe(65_535)
    expect(codeOf(() => parseEntry(largest))).toBe('accepted')
    expect(codeOf(() => encodeEntry({ ...entry, statement: 'x'.repeat(room + 1) }))).toBe('entry-too-large')
    expect(codeOf(() => encodeEntry({ ...entry, statement: 'é'.repeat(room / 2 + 1) }))).toBe('entry-too-large')
    expect(read(text.replace('a.b.c', 'x'.repeat(room + 1)))).toBe('entry-too-large')
  })
})

describe('entry of a later version', () => {
  const later = { known: false, index: 1041, time, timeMs: Date.parse(time), previous: hashOf(1) }

  it.each<[string, string]>([
    ['no more than the four lines', text.replace('a.b.c\n', '')],
    ['one more line', text],
    ['many more lines', `${text}\n\nmore\n`],
  ])('with %s keeps lines 1 to 4', (_, body) => {
    for (const version of ['v2', 'v10', 'v999999999']) {
      const bytes = utf8(body.replace('v1', version))
      expect(parseEntry(bytes)).toEqual({ ...later, version: entryVersion.replace('v1', version) })
    }
  })

  it.each<[string, string]>([
    ['three lines', text.replace(`${link}\na.b.c\n`, '')],
    ['a malformed index', text.replace('1041', '01')],
    ['a malformed time', text.replace('T', ' ')],
    ['a malformed link', text.replace(link, 'AAAA')],
  ])('with %s is malformed', (_, body) => {
    expect(read(body.replace('v1', 'v2'))).toBe('entry-malformed')
  })

  it('is text that ends in a line feed, like every version', () => {
    const head = text.replace('v1', 'v2').replace('a.b.c\n', '')
    expect(codeOf(() => parseEntry(Uint8Array.of(...utf8(head), 0xff, 0x0a)))).toBe('utf8-malformed')
    expect(read(`${head}x`)).toBe('entry-malformed')
    expect(read(`${head}${'x'.repeat(65_535)}\n`)).toBe('entry-too-large')
  })
})
