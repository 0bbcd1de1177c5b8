import { describe, expect, it } from 'vitest'
import { toBase64url } from '../../src/core/base64.ts'
import { utf8 } from '../../src/core/bytes.ts'
import {
  disclosureDigest,
  joinPresentation,
  makeDisclosure,
  maxDisclosureLength,
  parseDisclosure,
  splitPresentation,
} from '../../src/core/disclosure.ts'
import { codeOf } from './support.ts'

const salt = '_26bc4LT-ac6q2KI6cBW5es'
const encode = (json: string): string => toBase64url(utf8(json))
const read = (json: string): string => codeOf(() => parseDisclosure(encode(json)))
const array = (...members: unknown[]): string => JSON.stringify(members)

describe('disclosure', () => {
  it('of RFC 9901 reads as that says, and has its digest', () => {
    const text = 'WyJfMjZiYzRMVC1hYzZxMktJNmNCVzVlcyIsICJmYW1pbHlfbmFtZSIsICJNw7ZiaXVzIl0'
    expect(parseDisclosure(text)).toEqual({
      text,
      digest: 'X9yH0Ajrdm1Oij4tWso9UzzKJvPoDxwmuEcO3XAdRC0',
      claim: 'family_name',
      value: 'Möbius',
    })
  })

  it('has a digest of its text, not of what the text means', () => {
    const texts = ['["S","note","ö"]', '[ "S", "note", "ö" ]', '["S","note","\\u00f6"]\n'].map((json) =>
      encode(json.replace('S', salt)),
    )
    const read = texts.map(parseDisclosure)
    expect(read.map(({ value }) => value)).toEqual(['ö', 'ö', 'ö'])
    expect(new Set(read.map(({ digest }) => digest)).size).toBe(3)
    expect(read.map(({ digest }) => digest)).toEqual(texts.map(disclosureDigest))
  })

  it.each([22, 23, 24, 26, 43, 100])('takes a salt of %d characters', (length) => {
    expect(read(array('A'.repeat(length), 'note', null))).toBe('accepted')
  })

  it.each<[string, string]>([
    ['an empty array', '[]'],
    ['two members, as an array element has', array(salt, 'value')],
    ['four members', array(salt, 'note', 1, 1)],
    ['an object', '{"salt":1}'],
    ['a string', '"a"'],
    ['null', 'null'],
    ['a salt of 21 characters', array('A'.repeat(21), 'note', 1)],
    ['an empty salt', array('', 'note', 1)],
    ['a salt that is no string', array(1, 'note', 1)],
    ['a salt that is not base64url', array(`${'A'.repeat(22)}+/`, 'note', 1)],
    ['a padded salt', array(`${'A'.repeat(22)}==`, 'note', 1)],
    ['a salt with trailing bits', array(`${'A'.repeat(21)}B`, 'note', 1)],
    ['a salt of an impossible length', array('A'.repeat(25), 'note', 1)],
    ['a claim that is no string', array(salt, 1, 1)],
    ['a claim of null', array(salt, null, 1)],
    ['_sd in its value', array(salt, 'ext', { _sd: [] })],
    ['... in its value', array(salt, 'ext', { '...': 'x' })],
    ['_sd deep in its value', array(salt, 'ext', [[{ a: { b: [1, { _sd: 1 }] } }]])],
    ['... by an escape', `["${salt}","ext",{"\\u002e..":1}]`],
    ['_sd by an escape', `["${salt}","ext",[{"\\u005fsd":1}]]`],
  ])('with %s is malformed', (_, json) => {
    expect(read(json)).toBe('disclosure-malformed')
  })

  it('may have those words as text, or as part of a name', () => {
    expect(read(array(salt, 'ext', { _sd_alg: '_sd', a: '...', '....': [] }))).toBe('accepted')
  })

  it('counts its own array as depth 1', () => {
    const value = (depth: number): string => `["${salt}","ext",${'['.repeat(depth)}${']'.repeat(depth)}]`
    expect(read(value(15))).toBe('accepted')
    expect(read(value(16))).toBe('json-depth')
  })

  it.each<[string, string]>([
    ['json-number', `["${salt}","ext",1.5]`],
    ['json-duplicate-member', `["${salt}","ext",{"a":1,"a":1}]`],
    ['json-string', `["${salt}","ext","\\ud800"]`],
    ['json-malformed', `["${salt}","ext",1]]`],
    ['json-malformed', ' '],
    ['utf8-malformed', `\ufeff["${salt}","ext",1]`],
  ])('is JSON of the same rules: %s', (code, json) => {
    expect(read(json)).toBe(code)
  })

  it.each(['', 'W', 'WyJh\n', 'WyJh=', 'WyJ+', 'WyJ~', ' WyJh'])('that is not base64url is malformed: %j', (text) => {
    expect(codeOf(() => parseDisclosure(text))).toBe('disclosure-malformed')
  })

  it('is at most 16 KiB long', () => {
    const frame = array(salt, 'note', '').length
    const longest = (maxDisclosureLength / 4) * 3
    expect(maxDisclosureLength).toBe(16_384)
    expect(encode(array(salt, 'note', 'x'.repeat(longest - frame))).length).toBe(16_384)
    expect(read(array(salt, 'note', 'x'.repeat(longest - frame)))).toBe('accepted')
    expect(read(array(salt, 'note', 'x'.repeat(longest - frame + 1)))).toBe('disclosure-malformed')
  })

  it('is made from a salt of 16 bytes or more, and reads back', () => {
    const made = makeDisclosure(new Uint8Array(16).fill(7), 'names', ['说明.txt'])
    expect(parseDisclosure(made.text)).toEqual(made)
    expect([made.claim, made.value]).toEqual(['names', ['说明.txt']])
    expect(codeOf(() => makeDisclosure(new Uint8Array(15), 'names', []))).toBe('disclosure-malformed')
  })
})

describe('presentation', () => {
  it.each<[string, string, string[]]>([
    ['a.b.c', 'a.b.c', []],
    ['a.b.c~', 'a.b.c', []],
    ['a.b.c~x~', 'a.b.c', ['x']],
    ['a.b.c~x~y~z~v~w~', 'a.b.c', ['x', 'y', 'z', 'v', 'w']],
  ])('%s splits', (text, jws, disclosures) => {
    expect(splitPresentation(text)).toEqual({ jws, disclosures })
  })

  it.each([
    ['a.b.c~x', 'key-binding-refused'],
    ['a.b.c~x~d.e.f', 'key-binding-refused'],
    ['a.b.c~d.e.f', 'key-binding-refused'],
    ['a.b.c~\n', 'key-binding-refused'],
    ['a.b.c~~', 'disclosure-malformed'],
    ['a.b.c~~x~', 'disclosure-malformed'],
    ['a.b.c~x~~', 'disclosure-malformed'],
    ['a.b.c~1~2~3~4~5~6~', 'disclosure-malformed'],
    [`a.b.c${'~x'.repeat(100_000)}~`, 'disclosure-malformed'],
  ])('%.30s is refused: %s', (text, code) => {
    expect(codeOf(() => splitPresentation(text))).toBe(code)
  })

  it('is joined with a final tilde, and splits into the same', () => {
    expect(joinPresentation('a.b.c', [])).toBe('a.b.c~')
    expect(joinPresentation('a.b.c', ['x', 'y'])).toBe('a.b.c~x~y~')
    expect(splitPresentation(joinPresentation('j', ['x']))).toEqual({ jws: 'j', disclosures: ['x'] })
  })
})
