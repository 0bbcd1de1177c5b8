import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { utf8 } from '../../src/core/bytes.ts'
import { type JsonValue, maxJsonDepth, parseJson } from '../../src/core/json.ts'
import { statements } from '../core/samples.ts'
import { codeOf } from '../core/support.ts'
import { accepted, nearlyValid } from './mutations.ts'

/** Characters that I-JSON takes: no surrogates alone, no noncharacters, not U+0000. */
const text = fc.string({ unit: 'grapheme-composite', maxLength: 12 })
const { value } = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof<fc.Arbitrary<JsonValue>[]>(
    { maxDepth: maxJsonDepth - 1, withCrossShrink: true },
    fc.constant(null),
    fc.boolean(),
    fc.maxSafeInteger().map((n) => n + 0),
    text,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.oneof(text, fc.constantFrom('__proto__', 'constructor', 'a')), tie('value'), {
      maxKeys: 4,
    }) as never,
  ),
}))

/** Depth of what a text says: the top array or object is 1. */
function depthOf(parsed: JsonValue): number {
  if (parsed === null || typeof parsed !== 'object') return 0
  return 1 + Math.max(0, ...Object.values(parsed).map(depthOf))
}
function stringsOf(parsed: JsonValue): string[] {
  if (typeof parsed === 'string') return [parsed]
  if (parsed === null || typeof parsed !== 'object') return []
  const names = Array.isArray(parsed) ? [] : Object.keys(parsed)
  return [...names, ...Object.values(parsed).flatMap(stringsOf)]
}
function numbersOf(parsed: JsonValue): number[] {
  if (typeof parsed === 'number') return [parsed]
  return parsed === null || typeof parsed !== 'object' ? [] : Object.values(parsed).flatMap(numbersOf)
}
const forbidden = /[\0\p{Noncharacter_Code_Point}\p{Surrogate}]/u

describe('JSON', () => {
  it('reads what JSON.stringify writes, with any space', () => {
    fc.assert(
      fc.property(value, fc.constantFrom(undefined, 1, '\t', '\n\r '), (written, space) => {
        const spelt = JSON.stringify(written, undefined, space)
        expect(isDeepStrictEqual(parseJson(utf8(spelt)), JSON.parse(spelt))).toBe(true)
      }),
      { numRuns: 500 },
    )
  })

  it('accepts nothing that JSON.parse reads otherwise, and nothing that I-JSON forbids', () => {
    const samples = [
      ...statements.slice(0, 1).map(({ jws }) => Buffer.from(jws.split('.')[1] as string, 'base64url')),
      utf8('{"a":[0,-1,9007199254740991,{"b":null,"\\u0062\\ud83d\\ude00":"\\n\\"\\\\/"}],"说明":true,"__proto__":{}}'),
      utf8(`${'['.repeat(16)}1${']'.repeat(16)}`),
      utf8(' { "a" : [ ] , "b" : { } , "c" : false } '),
    ]
    let taken = 0
    fc.assert(
      fc.property(nearlyValid(samples), (bytes) => {
        const parsed = accepted(() => ({ value: parseJson(bytes) }))
        if (parsed === undefined) return
        taken++
        const native = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)) as JsonValue
        expect(isDeepStrictEqual(parsed.value, native)).toBe(true)
        expect(depthOf(native)).toBeLessThanOrEqual(maxJsonDepth)
        expect(stringsOf(native).filter((found) => forbidden.test(found))).toEqual([])
        expect(numbersOf(native).every((n) => Number.isSafeInteger(n) && !Object.is(n, -0))).toBe(true)
      }),
      { numRuns: 4000 },
    )
    expect(taken).toBeGreaterThan(400)
  })

  it('refuses an object that names a member twice, however the name is spelt and wherever it stands', () => {
    const name = fc.oneof(text, fc.constantFrom('__proto__', 'a', ''))
    const escaped = (member: string): string =>
      `"${Array.from({ length: member.length }, (_, i) => `\\u${member.charCodeAt(i).toString(16).padStart(4, '0')}`).join('')}"`
    fc.assert(
      fc.property(name, fc.array(name, { maxLength: 3 }), value, (member, between, written) => {
        const others = [...new Set(between)].filter((other) => other !== member)
        const members = [JSON.stringify(member), ...others.map((other) => JSON.stringify(other)), escaped(member)]
        const object = `{${members.map((spelt) => `${spelt}:${JSON.stringify(written)}`).join(',')}}`
        expect(codeOf(() => parseJson(utf8(`[${object}]`)))).toBe('json-duplicate-member')
        expect(JSON.parse(object)).toBeTypeOf('object')
      }),
    )
  })
})

describe('a text that the runtime writes back as it was', () => {
  // A space before it leads past the quick way, to the parser that judges every character.
  const slow = (json: string): unknown => outcome(` ${json}`)
  const outcome = (json: string): unknown => {
    try {
      return parseJson(utf8(json))
    } catch {
      return 'refused'
    }
  }

  it('is read as the parser reads it', () => {
    fc.assert(fc.property(value, (one) => isDeepStrictEqual(outcome(JSON.stringify(one)), slow(JSON.stringify(one)))))
  })

  it('is refused where the parser refuses it', () => {
    const anything = fc.json({ maxDepth: 20, depthSize: 'large' })
    fc.assert(
      fc.property(anything, (json) => isDeepStrictEqual(outcome(json), slow(json))),
      { numRuns: 500 },
    )
  })

  it.each([
    '{"a":1,"a":1}',
    '1.5',
    '1e21',
    '-0',
    '9007199254740992',
    '{"a":[9007199254740993]}',
    '[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]',
    '"\ud800"',
    '"\u0000"',
    '{"__proto__":{"a":1}}',
    '{"2":1,"1":2}',
    '[1,]',
    '',
  ])('%s is judged alike', (json) => {
    expect(outcome(json)).toEqual(slow(json))
  })
})
