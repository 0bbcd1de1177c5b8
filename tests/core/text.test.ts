import { describe, expect, it } from 'vitest'
import { visible, visibleBytes } from '../../src/core/text.ts'

describe('text from outside', () => {
  it.each([
    ['note: ok\n  cosigned by witness', 'note: ok\\u{a}  cosigned by witness'],
    ['a\r\tb\u0085', 'a\\u{d}\\u{9}b\\u{85}'],
    ['\u001b[31mred', '\\u{1b}[31mred'],
    ['exe.\u202egpj', 'exe.\\u{202e}gpj'],
    ['a\u200bb\ufeffc\u00add', 'a\\u{200b}b\\u{feff}c\\u{ad}d'],
    ['a\u00a0b', 'a\\u{a0}b'],
    ['\u2028\u2029', '\\u{2028}\\u{2029}'],
    ['\u3164\u115f', '\\u{3164}\\u{115f}'],
    ['\ud800x', '\\u{d800}x'],
    ['证据 第1份　é́', '证据 第1份　é́'],
    ['C:\\users', 'C:\\users'],
    // What looks like an escape already must not be taken for one.
    ['\\u{a}', '\\\\u{5c}u{a}'.slice(1)],
  ])('F-M5: shows %j as one line', (text, shown) => {
    expect(visible(text)).toBe(shown)
    expect(visible(text)).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
  })

  it('F-M5: tells texts apart that differ in what cannot be seen', () => {
    const texts = ['a', 'a\u200b', 'a\u00a0', 'a ', '\\u{a}', '\n', '\\u{5c}u{a}', '\\x{41}']
    expect(new Set(texts.map(visible)).size).toBe(texts.length)
  })

  it('F-B8: shows bytes that are not UTF-8', () => {
    expect(visibleBytes(Buffer.from([0xd6, 0xa4, 0xbe, 0xdd, 0x2e, 0x74]))).toBe('\u05a4\\x{be}\\x{dd}.t')
    expect(visibleBytes(Buffer.from('证据\n', 'utf8'))).toBe('证据\\u{a}')
    for (const bad of [
      [0xc0, 0x80],
      [0xed, 0xa0, 0x80],
      [0xf5, 0x80, 0x80, 0x80],
      [0xe0, 0x80, 0x80],
      [0xf4, 0x90, 0x80, 0x80],
      [0xe4, 0xb8],
    ])
      expect(visibleBytes(Uint8Array.from(bad))).toMatch(/^(?:\\x\{[0-9a-f]{2}\})+$/)
  })
})
