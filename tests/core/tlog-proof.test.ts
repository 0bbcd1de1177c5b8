import { describe, expect, it } from 'vitest'
import { toBase64 } from '../../src/core/base64.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { encodeTlogProof, maxProofBytes, parseTlogProof } from '../../src/core/tlog-proof.ts'
import { checkpoint, noteText } from './samples.ts'
import { codeOf, hashOf } from './support.ts'

const hashes = [hashOf(1), hashOf(2)]
const lines = hashes.map(toBase64) as [string, string]
const text = `c2sp.org/tlog-proof@v1\nextra YWJj\nindex 3\n${lines.join('\n')}\n\n${noteText}`

function read(changed: string): string {
  return codeOf(() => parseTlogProof(utf8(changed)))
}

describe('tlog-proof', () => {
  it('reads, and is written', () => {
    const proof = parseTlogProof(utf8(text))
    expect(proof).toMatchObject({ extra: utf8('abc'), index: 3, hashes, noteText, checkpoint })
    expect(encodeTlogProof(3, lines, noteText, utf8('abc'))).toBe(text)
  })

  it.each<[string, string]>([
    ['no extra data', text.replace('extra YWJj\n', '')],
    ['index 0', text.replace('index 3', 'index 0')],
    ['the largest index', text.replace('index 3', 'index 9007199254740991')],
    ['no hash', text.replace(`${lines.join('\n')}\n`, '')],
    ['63 hashes', text.replace(lines[0], Array.from({ length: 62 }, () => lines[0]).join('\n'))],
    ['an index that is not below the size: others judge it', text.replace('index 3', 'index 5')],
  ])('may have %s', (_, changed) => {
    const { extra, index, hashes: read, noteText: note } = parseTlogProof(utf8(changed))
    expect(encodeTlogProof(index, read.map(toBase64), note, extra)).toBe(changed)
  })

  it.each<[string, string]>([
    ['nothing', ''],
    ['no version', text.replace('c2sp.org/tlog-proof@v1\n', '')],
    ['another version', text.replace('@v1', '@v2')],
    ['a byte order mark', `\ufeff${text}`],
    ['a space after the version', text.replace('@v1', '@v1 ')],
    ['empty extra data', text.replace('YWJj', '')],
    ['an extra line without a space', text.replace('extra YWJj', 'extra')],
    ['extra data without padding', text.replace('YWJj', 'YWI')],
    ['extra data with trailing bits', text.replace('YWJj', 'YWJ=')],
    ['extra data of base64url', text.replace('YWJj', '____')],
    ['extra data twice', text.replace('extra YWJj\n', 'extra YWJj\nextra YWJj\n')],
    ['extra data after the index', text.replace('extra YWJj\nindex 3', 'index 3\nextra YWJj')],
    ['Extra', text.replace('extra', 'Extra')],
    ['no index', text.replace('index 3\n', '')],
    ['an index twice', text.replace('index 3\n', 'index 3\nindex 3\n')],
    ['an index without a number', text.replace('index 3', 'index ')],
    ['an index with a leading zero', text.replace('index 3', 'index 03')],
    ['a negative index', text.replace('index 3', 'index -3')],
    ['two spaces before the index', text.replace('index 3', 'index  3')],
    ['a space after the index', text.replace('index 3', 'index 3 ')],
    ['an index beyond 2^53-1', text.replace('index 3', 'index 9007199254740992')],
    ['a hash of 31 bytes', text.replace(lines[0], toBase64(hashOf(1).slice(1)))],
    ['a hash of 33 bytes', text.replace(lines[0], toBase64(new Uint8Array(33)))],
    ['a hash without padding', text.replace(lines[0], lines[0].slice(0, -1))],
    ['a hash with trailing bits', text.replace(lines[0], `${lines[0].slice(0, -2)}F=`)],
    ['a space before a hash', text.replace(lines[0], ` ${lines[0]}`)],
    ['64 hashes', text.replace(lines[0], Array.from({ length: 63 }, () => lines[0]).join('\n'))],
    ['no empty line', text.replace('\n\n', '\n')],
    ['carriage returns', text.replaceAll('\n', '\r\n')],
  ])('with %s is malformed', (_, changed) => {
    expect(changed).not.toBe(text)
    expect(read(changed)).toBe('receipt-malformed')
  })

  it.each<[string, string, string]>([
    ['note-malformed', 'two empty lines', text.replace('\n\n', '\n\n\n\n').slice(0, -1)],
    ['note-malformed', 'no checkpoint', text.slice(0, text.indexOf(noteText))],
    ['note-malformed', 'a text after the checkpoint', `${text}more\n`],
    ['checkpoint-malformed', 'an extension line', text.replace('\n\n—', '\nmore\n\n—')],
    ['checkpoint-malformed', 'an empty line before the checkpoint', text.replace('\n\n', '\n\n\n')],
  ])('gives %s for %s', (code, _, changed) => {
    expect(read(changed)).toBe(code)
  })

  it('that is not UTF-8, or very long, is refused', () => {
    expect(codeOf(() => parseTlogProof(Uint8Array.of(0xff)))).toBe('utf8-malformed')
    const long = text.replace('YWJj', 'A'.repeat(maxProofBytes))
    expect(read(long)).toBe('receipt-malformed')
  })

  it('keeps the checkpoint verbatim', () => {
    const twice = `${noteText}${noteText.slice(noteText.indexOf('—'))}`
    expect(parseTlogProof(utf8(text.replace(noteText, twice))).noteText).toBe(twice)
  })
})
