import { describe, expect, it } from 'vitest'
import { toBase64url } from '../../src/core/base64.ts'
import { concat, fromUtf8, utf8 } from '../../src/core/bytes.ts'
import { canonicalJwk, jwkOf } from '../../src/core/jwk.ts'
import { encodeReceipt, parseReceipt } from '../../src/core/receipt.ts'
import { encodeTlogProof } from '../../src/core/tlog-proof.ts'
import { path } from '../reference/rfc6962.ts'
import { entries, noteText, receiptParts, receiptText, signer, statements } from './samples.ts'
import { codeOf } from './support.ts'
import { littleEndian } from './torsion.ts'

const entryText = fromUtf8(receiptParts.entryBytes)
const jwkLine = canonicalJwk(signer.jwk)
const [first, second] = receiptParts.disclosures as [string, string]
const extra = `${entryText}${jwkLine}\n${first}\n${second}\n`

function withExtra(bytes: Uint8Array | undefined): Uint8Array {
  return utf8(encodeTlogProof(3, [], noteText, bytes))
}
function read(text: string): string {
  return codeOf(() => parseReceipt(withExtra(utf8(text))))
}

describe('receipt', () => {
  it('holds the entry, the signer and the disclosures', () => {
    const receipt = parseReceipt(utf8(receiptText))
    expect(receipt.entryBytes).toEqual(entries[3])
    expect(receipt.entry).toMatchObject({ index: 3, statement: statements[3]?.jws })
    expect(receipt.signer).toEqual(signer.jwk)
    expect(receipt.disclosures).toEqual(statements[3]?.disclosures)
    expect(receipt.proof.hashes).toEqual(path(3, entries))
    expect(receipt.proof.extra).toEqual(utf8(extra))
    expect(encodeReceipt(receiptParts, receipt.proof.index, receipt.proof.hashes, noteText)).toBe(receiptText)
  })

  it.each<[string, string]>([
    ['no disclosure', `${entryText}${jwkLine}\n`],
    ['one disclosure', `${entryText}${jwkLine}\n${second}\n`],
    ['disclosures in another order', `${entryText}${jwkLine}\n${second}\n${first}\n`],
    [
      'a disclosure that is not of this statement: others judge it',
      `${entryText}${jwkLine}\n${statements[0]?.disclosures[0]?.text}\n`,
    ],
  ])('may have %s', (_, text) => {
    expect(read(text)).toBe('accepted')
  })

  it('must have extra data', () => {
    expect(codeOf(() => parseReceipt(withExtra(undefined)))).toBe('receipt-malformed')
  })

  it.each<[string, string, string]>([
    ['receipt-malformed', 'four lines', entryText.slice(0, entryText.lastIndexOf('\n', entryText.length - 2) + 1)],
    ['receipt-malformed', 'an entry without its last line feed', entryText.slice(0, -1)],
    ['receipt-malformed', 'no key', entryText],
    ['receipt-malformed', 'a key without a line feed', `${entryText}${jwkLine}`],
    ['receipt-malformed', 'a disclosure without a line feed', extra.slice(0, -1)],
    ['receipt-malformed', 'six disclosures', `${entryText}${jwkLine}\n${`${first}\n`.repeat(6)}`],
    ['entry-malformed', 'an entry of another format', extra.replace('evidence-ledger', 'other-ledger')],
    ['entry-malformed', 'an index with a leading zero', extra.replace('\n3\n', '\n03\n')],
    ['entry-malformed', 'carriage returns', extra.replaceAll('\n', '\r\n')],
    ['key-malformed', 'an empty key line', `${entryText}\n`],
    ['key-malformed', 'the key after a disclosure', `${entryText}${first}\n${jwkLine}\n`],
    [
      'key-malformed',
      'a key with members in another order',
      extra.replace('"crv":"Ed25519","kty":"OKP"', '"kty":"OKP","crv":"Ed25519"'),
    ],
    ['key-malformed', 'a key with a space', extra.replace('"kty":', '"kty": ')],
    ['key-malformed', 'a key with a kid', extra.replace('{"crv"', '{"kid":"a","crv"')],
    ['base64-malformed', 'a key with trailing bits', extra.replace(signer.jwk.x, spoilLast(signer.jwk.x))],
    ['key-weak', 'a key of small order', extra.replace(jwkLine, canonicalJwk(jwkOf(littleEndian(1n))))],
    ['key-weak', 'a key that is no point', extra.replace(signer.jwk.x, toBase64url(littleEndian(2n)))],
    ['disclosure-malformed', 'an empty disclosure', `${entryText}${jwkLine}\n\n`],
    ['disclosure-malformed', 'an empty line between', `${entryText}${jwkLine}\n\n${first}\n`],
    ['disclosure-malformed', 'a disclosure with a space', `${entryText}${jwkLine}\n${first} \n`],
    [
      'disclosure-malformed',
      'a disclosure of two members',
      `${entryText}${jwkLine}\n${toBase64url(utf8('["a","b"]'))}\n`,
    ],
    ['json-malformed', 'a disclosure that is no JSON', `${entryText}${jwkLine}\n${toBase64url(utf8('["a'))}\n`],
  ])('gives %s for %s', (code, _, text) => {
    expect(text).not.toBe(extra)
    expect(read(text)).toBe(code)
  })

  it('whose extra data is not UTF-8 after the entry is refused', () => {
    const bytes = concat(receiptParts.entryBytes, utf8(`${jwkLine}\n`), Uint8Array.of(0xff, 0x0a))
    expect(codeOf(() => parseReceipt(withExtra(bytes)))).toBe('utf8-malformed')
  })
})

describe('receipt of an entry of a later version', () => {
  const later = entryText.replace('entry/v1', 'entry/v2')

  it.each<[string, string]>([
    ['five lines', later],
    ['more lines', `${later}more\n\n{"other":1}\n`],
    ['a key line within its first five', later.replace(/\n[^\n]*\n$/, `\n${jwkLine}\n`)],
  ])('with %s ends before the signer’s key', (_, entry) => {
    const receipt = parseReceipt(withExtra(utf8(`${entry}${jwkLine}\n${first}\n`)))
    expect(receipt.entryBytes).toEqual(utf8(entry))
    expect(receipt.entry).toMatchObject({ known: false, index: 3 })
    expect([receipt.signer, receipt.disclosures.length]).toEqual([signer.jwk, 1])
  })

  it.each<[string, string, string]>([
    ['receipt-malformed', 'four lines', `${later.slice(0, later.lastIndexOf('\n', later.length - 2) + 1)}${jwkLine}\n`],
    ['receipt-malformed', 'no key', `${later}more\n`],
    ['receipt-malformed', 'a key with a space before it', `${later} ${jwkLine}\n`],
    ['key-malformed', 'a key of another form', `${later}{"crv":"Ed25519"}\n`],
    ['entry-malformed', 'an index with a leading zero', `${later.replace('\n3\n', '\n03\n')}${jwkLine}\n`],
    ['entry-malformed', 'a time of another form', `${later.replace('.000Z', 'Z')}${jwkLine}\n`],
  ])('gives %s for %s', (code, _, text) => {
    expect(read(text)).toBe(code)
  })
})

/** The same 32 bytes with a trailing bit set. */
function spoilLast(x: string): string {
  return x.slice(0, -1) + String.fromCharCode(x.charCodeAt(x.length - 1) + 1)
}
