import { describe, expect, it } from 'vitest'
import { utf8 } from '../../src/core/bytes.ts'
import { parseJson, parseJsonText } from '../../src/core/json.ts'
import { codeOf } from './support.ts'

describe('JSON numbers and strings that are refused', () => {
  it.each([
    '-0',
    '00',
    '01',
    '-01',
    '+1',
    '1.0',
    '1.',
    '.5',
    '-.5',
    '1e2',
    '1E2',
    '1e-2',
    '0e0',
    '-',
    '--1',
    '9007199254740992',
    '-9007199254740992',
    '9007199254740993',
    '99999999999999999999',
    '1e400',
    '[1.5]',
    '{"a":-0}',
    // As long as their values written plainly: a reader that goes by length must look for exponents.
    '[1e2]',
    '[1e5,   1]',
    '[ 1e3]',
    '{"a":1e2}',
    '{"a": 1E3}',
    '{"a":1e2,"a":1}',
    '{"aa":10e1,"b":[2e1]}',
  ])('%s: a number', (text) => {
    expect(codeOf(() => parseJson(utf8(text)))).toBe('json-number')
  })

  it.each([
    '"\\u0000"',
    '"\\ud800"',
    '"\\udc00"',
    '"\\ud800a"',
    '"\\ud800\\ud800"',
    '"\\ud800\\u0061"',
    '"\\ude00\\ud83d"',
    '"\\ufffe"',
    '"\\uffff"',
    '"\\ufdd0"',
    '"\\uFDEF"',
    '"\\ud83f\\udfff"',
    '"\\udbff\\udffe"',
    '"\uffff"',
    '"\ufffe"',
    '"\ufdd0"',
    '"\ufdef"',
    '"\u{1ffff}"',
    '"\u{10fffe}"',
    '{"\\uffff":1}',
    '{"\u{2fffe}":1}',
  ])('%j: a string', (text) => {
    expect(codeOf(() => parseJson(utf8(text)))).toBe('json-string')
  })

  it('an unpaired surrogate before another escape, like any other', () => {
    expect(codeOf(() => parseJson(utf8('"\\ud800\\n"')))).toBe('json-string')
  })

  it('every noncharacter, raw and escaped', () => {
    const planes = Array.from({ length: 17 }, (_, plane) => [plane * 0x10000 + 0xfffe, plane * 0x10000 + 0xffff])
    const points = [...planes.flat(), ...Array.from({ length: 32 }, (_, i) => 0xfdd0 + i)]
    const codes = points.flatMap((point) => {
      const text = String.fromCodePoint(point)
      const escaped = Array.from({ length: text.length }, (_, i) => `\\u${text.charCodeAt(i).toString(16)}`).join('')
      return [codeOf(() => parseJson(utf8(`"${text}"`))), codeOf(() => parseJson(utf8(`["${escaped}"]`)))]
    })
    expect(points.length).toBe(66)
    expect(new Set(codes)).toEqual(new Set(['json-string']))
  })

  it('a lone surrogate in a text that was no UTF-8', () => {
    expect(codeOf(() => parseJsonText('"\ud800"'))).toBe('json-string')
    expect(codeOf(() => parseJsonText('"\udc00\ud800"'))).toBe('json-string')
  })
})
