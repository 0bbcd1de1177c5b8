import { describe, expect, it } from 'vitest'
import { fromUtf8, utf8 } from '../../src/core/bytes.ts'
import { parseSignedCheckpoint } from '../../src/core/checkpoint.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import { parseFileProof } from '../../src/core/file-proof.ts'
import { encodeManifest, parseManifest } from '../../src/core/manifest.ts'
import { parsePolicy } from '../../src/core/policy.ts'
import { parseReceipt } from '../../src/core/receipt.ts'
import { ledgerKey, noteText, receiptText } from './samples.ts'

function refusalOf(parse: () => unknown): EvidenceError {
  try {
    parse()
  } catch (error) {
    return error as EvidenceError
  }
  throw new Error('it was accepted')
}

const utf16 = (text: string): Uint8Array => Buffer.from(`\ufeff${text}`, 'utf16le')
const wrapped = (text: string): string =>
  text
    .split('\n')
    .flatMap((line) => line.match(/.{1,76}/gsu) ?? [''])
    .join('\n')
const quotedPrintable = (text: string): string =>
  text
    .replaceAll('=', '=3D')
    .replaceAll('—', '=E2=80=94')
    .split('\n')
    .flatMap((line) => (line.match(/.{1,75}/gsu) ?? ['']).join('=\n'))
    .join('\n')

describe('F-B9: a receipt that was changed on its way', () => {
  it.each<[string, Uint8Array, string, string]>([
    ['has CR line ends', utf8(receiptText.replaceAll('\n', '\r\n')), 'receipt-malformed', 'has CR line ends'],
    ['has CR alone', utf8(receiptText.replaceAll('\n', '\r')), 'receipt-malformed', 'has CR line ends'],
    ['begins with a byte order mark', utf8(`\ufeff${receiptText}`), 'receipt-malformed', 'byte order mark'],
    ['is in UTF-16', utf16(receiptText), 'utf8-malformed', 'in UTF-16'],
    ['is in UTF-16 without a mark', Buffer.from(receiptText, 'utf16le'), 'receipt-malformed', 'in UTF-16'],
    ['is wrapped', utf8(wrapped(receiptText)), 'receipt-malformed', 'long lines wrapped'],
    ['is quoted-printable', utf8(quotedPrintable(receiptText)), 'receipt-malformed', 'quoted-printable'],
    ['is quoted', utf8(receiptText.replace(/^/gm, '> ')), 'receipt-malformed', 'quoted with ">"'],
    ['begins with an empty line', utf8(`\n${receiptText}`), 'receipt-malformed', 'put in'],
    ['has a space at a line’s end', utf8(receiptText.replace('\n', ' \n')), 'receipt-malformed', 'put in'],
  ])('F-B9: one that %s is refused, and says so', (_, bytes, code, says) => {
    const { message, code: found } = refusalOf(() => parseReceipt(bytes))
    expect([found, message]).toEqual([code, expect.stringContaining(says)])
    expect(message).toContain('as an attachment')
  })

  it('is as it was otherwise: what else is wrong is said as before', () => {
    expect(parseReceipt(utf8(receiptText)).proof.index).toBe(3)
    expect(refusalOf(() => parseReceipt(utf8(receiptText.replace('index 3', 'index 03')))).message).toContain(
      'index line',
    )
    expect(refusalOf(() => parseReceipt(utf8(receiptText.slice(0, 100)))).message).toContain('no empty line')
  })

  it.each<[string, (bytes: Uint8Array) => unknown, string]>([
    ['checkpoint', parseSignedCheckpoint, noteText],
    ['policy', parsePolicy, `log ${ledgerKey.text}\nquorum none\n`],
    ['manifest', parseManifest, fromUtf8(encodeManifest([{ sha256: '0'.repeat(64), path: utf8('a') }]))],
    ['file proof', parseFileProof, `evidence-ledger/file-proof/v1\n0\n0\n${'0'.repeat(64)}  a\n\n${receiptText}`],
  ])('F-B9: a %s says so too', (what, parse, text) => {
    parse(utf8(text))
    for (const changed of [utf8(`\ufeff${text}`), utf16(text), utf8(text.replaceAll('\n', '\r\n'))]) {
      expect(refusalOf(() => parse(changed)).message).toMatch(
        new RegExp(`^the ${what} (?:has CR|is in UTF-16|begins with)`),
      )
    }
  })
})
