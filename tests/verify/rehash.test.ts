import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toBase64url } from '../../src/core/base64.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { encodedSpellings } from '../../src/verify/rehash.ts'

describe('a text in base64url', () => {
  it('stands in one of its three spellings, whatever is around it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (before, after) => {
        const text = '"kind":"participant.'
        const encoded = toBase64url(utf8(before + text + after))
        expect(encodedSpellings(text).some((spelling) => encoded.includes(spelling))).toBe(true)
      }),
    )
  })

  it('is spelt by characters that nothing else stands behind: a decoder gives the text back', () => {
    for (const [before, spelling] of encodedSpellings('"kind":"ledger.').entries()) {
      expect(spelling.length).toBeGreaterThanOrEqual(17)
      // With any bits in place of those that are not its own, it is inside the text.
      const padded = 'A'.repeat(Math.ceil((8 * before) / 6)) + spelling
      expect('"kind":"ledger.').toContain(
        Buffer.from(padded, 'base64url')
          .toString('latin1')
          .slice(before + 1),
      )
    }
  })
})
