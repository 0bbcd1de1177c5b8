import { describe, expect, it } from 'vitest'
import { atomsOf, codePointText, linesOf, type Metrics, widthOfLine } from '../../src/certificate/node/layout.ts'

const metrics: Metrics = {
  size: 10,
  has: (code) => code < 0x3000 || (code >= 0x4e00 && code < 0x9000),
  widthOf: (character) => (character.charCodeAt(0) < 0x2000 ? 5 : 10),
}
const shown = (text: string): string =>
  atomsOf(text, metrics)
    .map((atom) => (atom.isBox ? '□' : atom.text))
    .join('')

describe('text on the page', () => {
  it('loses no character: a box and a code point stand for what the font lacks', () => {
    expect(shown('龚䶮㸆𠮷㐂﨑')).toBe('□U+9F9A□U+4DAE□U+3E06□U+20BB7□U+3402□U+FA11')
    expect(codePointText(0x41)).toBe('U+0041')
  })

  it('shows controls and what turns a line around by their numbers, on one line', () => {
    expect(shown('a\nb\u202ec\u200bd')).toBe('a\\u{a}b\\u{202e}c\\u{200b}d')
    expect(shown('a\uffff')).toBe('a□U+FFFF')
    expect(shown('x\udcffy')).toBe('x\\x{ff}y')
  })

  it('is broken into lines that fit, with no character lost', () => {
    for (const text of [
      'a'.repeat(200),
      '名'.repeat(200),
      'one two three four '.repeat(20),
      '（名），名。'.repeat(40),
      '䶮'.repeat(30),
    ]) {
      const atoms = atomsOf(text, metrics)
      const lines = linesOf(atoms, 120)
      expect(lines.flat()).toEqual(atoms)
      // A space at the end of a line may hang over.
      for (const line of lines) expect(widthOfLine(line)).toBeLessThanOrEqual(125)
    }
    expect(linesOf([], 120)).toEqual([[]])
    expect(linesOf(atomsOf('宽', metrics), 1)).toHaveLength(1)
  })
})
