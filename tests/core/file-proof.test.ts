import { describe, expect, it } from 'vitest'
import { toBase64 } from '../../src/core/base64.ts'
import { concat, latin1, utf8 } from '../../src/core/bytes.ts'
import { encodeFileProof, isFileProof, parseFileProof } from '../../src/core/file-proof.ts'
import { sha256Hex } from '../support/statements.ts'
import { fileProofBytes, fileProofParts, manifestBytes, noteText, receiptText } from './samples.ts'
import { codeOf, hashOf } from './support.ts'

const line = `${sha256Hex('a')}  a`
const hash = toBase64(hashOf(1))
const head = `evidence-ledger/file-proof/v1\n0\n2\n${line}\n`
const good = `${head}${hash}\n\n${receiptText}`

function read(text: string | Uint8Array): string {
  return codeOf(() => parseFileProof(typeof text === 'string' ? utf8(text) : text))
}

describe('file proof', () => {
  it('reads, and is written', () => {
    const proof = parseFileProof(fileProofBytes)
    expect(proof).toMatchObject(fileProofParts)
    expect(latin1(manifestBytes).split('\n')[2]).toBe(latin1(proof.line))
    expect(encodeFileProof(proof)).toEqual(fileProofBytes)
    expect(isFileProof(fileProofBytes)).toBe(true)
  })

  it('may hold a path that is no UTF-8, and keeps it', () => {
    const bytes = concat(utf8(head.slice(0, -2)), Uint8Array.of(0xff, 0x0a), utf8(`\n${receiptText}`))
    const proof = parseFileProof(bytes)
    expect(proof.file.path).toEqual(Uint8Array.of(0xff))
    expect(proof.hashes).toEqual([])
    expect(encodeFileProof(proof)).toEqual(bytes)
  })

  it.each<[string, string]>([
    ['no hash', `${head}\n${receiptText}`],
    ['63 hashes', `${head}${`${hash}\n`.repeat(63)}\n${receiptText}`],
    ['a large item and index', good.replace('\n0\n2\n', '\n63\n9007199254740991\n')],
    ['an escaped path', good.replace(line, `\\${sha256Hex('a')}  a\\nb`)],
  ])('may have %s', (_, text) => {
    expect(encodeFileProof(parseFileProof(utf8(text)))).toEqual(utf8(text))
  })

  it('keeps the receipt as it is', () => {
    expect(parseFileProof(utf8(good)).receipt).toEqual(utf8(receiptText))
    expect(parseFileProof(utf8(`${good}\n${noteText}`)).receipt).toEqual(utf8(`${receiptText}\n${noteText}`))
  })

  it.each<[string, string]>([
    ['nothing', ''],
    ['the version alone', 'evidence-ledger/file-proof/v1'],
    ['another version', good.replace('/v1', '/v2')],
    ['a space after the version', good.replace('/v1', '/v1 ')],
    ['a byte order mark', `\ufeff${good}`],
    ['a receipt in its place', receiptText],
    ['no item', good.replace('\n0\n2\n', '\n2\n')],
    ['an empty item', good.replace('\n0\n', '\n\n')],
    ['a leading zero', good.replace('\n0\n', '\n00\n')],
    ['a negative item', good.replace('\n0\n', '\n-1\n')],
    ['a space before the index', good.replace('\n2\n', '\n 2\n')],
    ['a hexadecimal index', good.replace('\n2\n', '\n0x2\n')],
    ['an index beyond 2^53-1', good.replace('\n2\n', '\n9007199254740992\n')],
    ['carriage returns', good.replaceAll('\n', '\r\n')],
    ['an end after the line', head],
    ['an end within the hashes', `${head}${hash}\n`],
    ['an end within a hash', `${head}${hash}`],
    ['no empty line', good.replace('\n\n', '\n')],
    ['a hash without padding', good.replace(hash, hash.slice(0, -1))],
    ['a hash with trailing bits', good.replace(hash, `${hash.slice(0, -2)}F=`)],
    ['a hash of 31 bytes', good.replace(hash, toBase64(new Uint8Array(31)))],
    ['a hexadecimal hash', good.replace(hash, '01'.repeat(32))],
    ['64 hashes', good.replace(hash, Array.from({ length: 64 }, () => hash).join('\n'))],
    ['an endless head', `${head}${'x'.repeat(2_000_000)}`],
  ])('with %s is malformed', (_, text) => {
    expect(text).not.toBe(good)
    expect(read(text)).toBe('file-proof-malformed')
  })

  it.each<[string, string]>([
    ['nothing', ''],
    ['a hash alone', sha256Hex('a')],
    ['a node of the tree', latin1(concat(hashOf(1), hashOf(2)))],
    ['one space', line.replace('  ', ' ')],
    ['a way up', `${sha256Hex('a')}  ../a`],
    ['a carriage return', `${line}\r`],
    ['an escape without need', `\\${line}`],
  ])('whose line is %s is refused before anybody hashes it', (_, changed) => {
    expect(read(good.replace(line, changed))).toBe('manifest-malformed')
  })
})

describe('isFileProof', () => {
  it.each<[string, boolean]>([
    [good, true],
    ['evidence-ledger/file-proof/v1\n', true],
    ['evidence-ledger/file-proof/v1\r\n', true],
    ['evidence-ledger/file-proof/v2\n', true],
    ['evidence-ledger/file-proof', false],
    ['evidence-ledger/anchor/v1\n', false],
    [receiptText, false],
    ['', false],
  ])('tells %.32j from others', (text, expected) => {
    expect(isFileProof(utf8(text))).toBe(expected)
  })
})
