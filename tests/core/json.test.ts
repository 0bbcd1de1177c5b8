import { describe, expect, it } from 'vitest'
import { utf8 } from '../../src/core/bytes.ts'
import { type JsonValue, parseJson, requireObject } from '../../src/core/json.ts'
import { codeOf } from './support.ts'

const nested = (depth: number, open: string, close: string, inner = ''): string =>
  open.repeat(depth) + inner + close.repeat(depth)

describe('JSON that is accepted', () => {
  it.each<[string, JsonValue]>([
    ['null', null],
    ['true', true],
    ['false', false],
    ['0', 0],
    ['-1', -1],
    ['10', 10],
    ['9007199254740991', Number.MAX_SAFE_INTEGER],
    ['-9007199254740991', Number.MIN_SAFE_INTEGER],
    ['""', ''],
    ['"a"', 'a'],
    [' \t\r\n{ \t\r\n} \t\r\n', {}],
    ['[ ]', []],
    [' [ 1 , 2 ] ', [1, 2]],
    ['{"a":{"b":[{}]},"":[null]}', { a: { b: [{}] }, '': [null] }],
    ['"\\"\\\\\\/\\b\\f\\n\\r\\t"', '"\\/\b\f\n\r\t'],
    ['"\\u0061\\u00e9\\u8bf4\\ud83d\\ude00\\uD83D\\uDE00"', 'aé说😀😀'],
    ['"\u007f\u0080\u2028\u2029\ufeff\ufdcf\ufdf0\ufffd"', '\u007f\u0080\u2028\u2029\ufeff\ufdcf\ufdf0\ufffd'],
    ['"\\u0001\\u001f\\ufffd\\ufdcf"', '\u0001\u001f\ufffd\ufdcf'],
    ['"e\u0301 é"', 'e\u0301 é'],
    ['{"e\u0301":1,"é":2}', { 'e\u0301': 1, é: 2 }],
    ['{"a":1,"A":2,"a ":3}', { a: 1, A: 2, 'a ': 3 }],
    ['{"constructor":1,"toString":2,"hasOwnProperty":3}', { constructor: 1, toString: 2, hasOwnProperty: 3 } as never],
    [nested(16, '[', ']'), JSON.parse(nested(16, '[', ']')) as JsonValue],
    [nested(16, '{"a":', '}', '1'), JSON.parse(nested(16, '{"a":', '}', '1')) as JsonValue],
  ])('%j', (text, value) => {
    expect(parseJson(utf8(text))).toEqual(value)
    expect(JSON.parse(text)).toEqual(value)
  })

  it('keeps a member named __proto__ as a member', () => {
    const value = requireObject(parseJson(utf8('{"__proto__":{"admin":true},"a":1}')), 'test')
    expect(Object.keys(value)).toEqual(['__proto__', 'a'])
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype)
    expect(value['admin']).toBeUndefined()
    expect(codeOf(() => parseJson(utf8('{"__proto__":1,"__proto__":1}')))).toBe('json-duplicate-member')
  })
})

describe('JSON that is refused', () => {
  it.each([
    '{"a":1,"a":1}',
    '{"a":1,"b":2,"a":3}',
    '{"a":1,"\\u0061":2}',
    '{"\\u0041":1,"A":2}',
    '{"":1,"":2}',
    '{"x":{"a":1,"a":1}}',
    '[{"a":1,"a":null}]',
    '{"/":1,"\\/":2}',
    '{"😀":1,"\\ud83d\\ude00":2}',
  ])('%s: a member twice', (text) => {
    expect(codeOf(() => parseJson(utf8(text)))).toBe('json-duplicate-member')
  })

  it.each([
    nested(17, '[', ']'),
    nested(17, '{"a":', '}', '1'),
    `{"a":${nested(16, '[', ']')}}`,
    nested(100_000, '[', ''),
    nested(100_000, '{"a":', ''),
  ])('%.40s: nested too deep', (text) => {
    expect(codeOf(() => parseJson(utf8(text)))).toBe('json-depth')
  })

  it.each([
    '',
    ' ',
    'nul',
    'nulll',
    'True',
    'NaN',
    'Infinity',
    'undefined',
    "'a'",
    'a',
    '"a',
    '"a\\',
    '"\\u12',
    '"\\x41"',
    '"\\u12g4"',
    '"\\u 123"',
    '"\\U0041"',
    '"\\0"',
    '"\\\n"',
    '"a\nb"',
    '"\t"',
    '"\u0000"',
    '"\u001f"',
    '[',
    ']',
    '[1',
    '[1,',
    '[1,]',
    '[,1]',
    '[1 2]',
    '[1,,2]',
    '{',
    '}',
    '{"a"',
    '{"a":',
    '{"a":}',
    '{"a":1',
    '{"a":1,',
    '{"a":1,}',
    '{,}',
    '{a:1}',
    "{'a':1}",
    '{1:1}',
    '{null:1}',
    '{"a" 1}',
    '{"a":1 "b":2}',
    '{"a"::1}',
    '[1}',
    '{"a":1]',
    '1 2',
    '{}{}',
    '{}]',
    'null,',
    '/* */1',
    '1//',
    '\u00a01',
    '\u20281',
    '\u000b1',
    '\u000c1',
    '1\u0000',
    ' \ufeff1',
  ])('%j: no JSON text', (text) => {
    expect(codeOf(() => parseJson(utf8(text)))).toBe('json-malformed')
  })

  it('a byte order mark, and bytes that are not UTF-8', () => {
    expect(codeOf(() => parseJson(utf8('\ufeff{}')))).toBe('utf8-malformed')
    expect(codeOf(() => parseJson(Uint8Array.of(0x22, 0xff, 0x22)))).toBe('utf8-malformed')
    expect(codeOf(() => parseJson(Uint8Array.of(0x22, 0xed, 0xa0, 0x80, 0x22)))).toBe('utf8-malformed')
    expect(codeOf(() => parseJson(Uint8Array.of(0xff, 0xfe, 0x7b, 0, 0x7d, 0)))).toBe('utf8-malformed')
  })

  it.each<[string, JsonValue]>([
    ['an array', []],
    ['a string', 'a'],
    ['null', null],
    ['a number', 1],
  ])('%s where an object is asked', (_, value) => {
    expect(codeOf(() => requireObject(value, 'test'))).toBe('json-malformed')
  })
})
