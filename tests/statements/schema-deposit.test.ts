import { describe, expect, it } from 'vitest'
import type { ErrorCode } from '../../src/core/errors.ts'
import { categories, relations } from '../../src/statements/vocabulary.ts'
import { judgeMembers, leafHash, sha256 } from './bodies.ts'

const item = { size: 1, digest: { sha256 } }
const relation = { rel: 'corrects', index: 0, leafHash }

function deposit(items: unknown, more: object = {}): string {
  return judgeMembers('evidence.deposit', { items, ...more })
}
function withItem(more: object): string {
  return deposit([item, { ...item, ...more }])
}

describe('items', () => {
  it.each<[string, unknown]>([
    ['accepted', [item]],
    ['accepted', Array.from({ length: 64 }, () => item)],
    ['items-count', []],
    ['items-count', Array.from({ length: 65 }, () => item)],
    ['statement-member', item],
    ['statement-member', 'item'],
    ['statement-member', [null]],
    ['statement-member', ['item']],
    ['statement-member', [[item]]],
    ['statement-member', [{ digest: { sha256 } }]],
    ['statement-member', [{ size: 1 }]],
  ])('give %s', (code, items) => {
    expect(deposit(items)).toBe(code)
  })

  it.each<[string, unknown]>([
    ['accepted', 0],
    ['accepted', Number.MAX_SAFE_INTEGER],
    ['statement-member', -1],
    ['statement-member', '1'],
    ['statement-member', null],
  ])('give %s for a size of %j', (code, size) => {
    expect(withItem({ size })).toBe(code)
  })
})

describe('digest', () => {
  const lengths = { sha256: 64, sha384: 96, sha512: 128, 'sha3-256': 64, sm3: 64, blake3: 64, md5: 32, sha1: 40 }

  it.each(Object.entries(lengths))('%s has %d digits of lower-case hexadecimal', (name, length) => {
    const weak = name === 'md5' || name === 'sha1'
    const judge = (text: unknown): string => withItem({ digest: { sha256, [name]: text } })
    expect(withItem({ digest: { [name]: 'a'.repeat(length) } })).toBe(weak ? 'digest-weak-only' : 'accepted')
    expect(judge('0'.repeat(length))).toBe('accepted')
    for (const bad of [length - 1, length + 1, length - 2, length * 2, 0]) {
      expect(judge('a'.repeat(bad))).toBe('digest-malformed')
    }
    for (const bad of ['A', 'g', ' ', '\n', 'é']) {
      expect(judge(`${'a'.repeat(length - 1)}${bad}`)).toBe('digest-malformed')
    }
    expect(judge(null)).toBe('statement-member')
    expect(judge([])).toBe('statement-member')
  })

  it.each<[ErrorCode | 'accepted', object | string | null]>([
    ['digest-malformed', {}],
    ['digest-malformed', { sha224: 'a'.repeat(56) }],
    ['digest-malformed', { 'sha-256': sha256 }],
    ['digest-malformed', { SHA256: sha256 }],
    ['digest-malformed', { sha256, crc32: '00000000' }],
    ['digest-malformed', { sha256, constructor: sha256 }],
    ['digest-malformed', { sha256, '': '' }],
    ['digest-weak-only', { md5: 'a'.repeat(32), sha1: 'a'.repeat(40) }],
    ['accepted', { md5: 'a'.repeat(32), sha1: 'a'.repeat(40), sm3: sha256 }],
    ['statement-member', [sha256]],
    ['statement-member', sha256],
    ['statement-member', null],
  ])('gives %s for %j', (code, digest) => {
    expect(withItem({ digest })).toBe(code)
  })
})

describe('media type', () => {
  it.each([
    'a/b',
    'text/plain',
    'image/svg+xml',
    'application/vnd.oasis.opendocument.text',
    '9a!#$&-^_.+/0b!#$&-^_.+',
    `${'t'.repeat(63)}/${'s'.repeat(63)}`,
  ])('is accepted: %s', (mediaType) => {
    expect(withItem({ mediaType })).toBe('accepted')
  })

  it.each([
    '',
    'text',
    'text/',
    '/plain',
    'text/plain; charset=utf-8',
    'text/plain;charset=utf-8',
    'text/ plain',
    ' text/plain',
    'text/plain\n',
    'a/b/c',
    'text/*',
    '*/*',
    '.text/plain',
    'text/+xml',
    "text/pl'ain",
    'text/pläin',
    `${'t'.repeat(63)}/${'s'.repeat(64)}`,
    7,
  ])('is refused: %j', (mediaType) => {
    expect(withItem({ mediaType })).toBe('statement-member')
  })
})

describe('category, acquired and tree', () => {
  it('are codes and exact objects', () => {
    for (const category of [...categories, 'photo', 'x', `x${'-'.repeat(63)}`])
      expect(withItem({ category })).toBe('accepted')
    for (const category of [
      'File',
      '1-file',
      '-file',
      'a_file',
      'file ',
      'file\n',
      'détail',
      `x${'-'.repeat(64)}`,
      '',
      1,
      null,
    ])
      expect(withItem({ category })).toBe('statement-member')
  })

  const acquired = { size: 0, digest: { md5: 'a'.repeat(32) }, source: 'device' }
  it.each<[string, unknown]>([
    ['accepted', acquired],
    ['accepted', { ...acquired, digest: { sha1: 'a'.repeat(40) }, source: 'tool-report' }],
    ['accepted', { ...acquired, digest: { sha256 }, source: 'provider' }],
    ['accepted', { ...acquired, source: 'other' }],
    ['digest-malformed', { ...acquired, digest: {} }],
    ['digest-malformed', { ...acquired, digest: { crc32: '00000000' } }],
    ['digest-malformed', { ...acquired, digest: { md5: 'a' } }],
    ['accepted', { ...acquired, source: 'rumour' }],
    ['statement-member', { ...acquired, source: 'a rumour' }],
    ['statement-member', { ...acquired, size: -1 }],
    ['statement-member', { digest: acquired.digest, source: 'device' }],
    ['statement-member', { size: 0, source: 'device' }],
    ['statement-member', { size: 0, digest: acquired.digest }],
    ['statement-member', []],
  ])('acquired gives %s for %j', (code, value) => {
    expect(withItem({ acquired: value })).toBe(code)
  })

  it.each<[string, unknown]>([
    ['accepted', { root: sha256, size: 1 }],
    ['accepted', { root: sha256, size: Number.MAX_SAFE_INTEGER }],
    ['statement-member', { root: sha256, size: 0 }],
    ['statement-member', { root: sha256, size: '1' }],
    ['statement-member', { root: sha256.toUpperCase(), size: 1 }],
    ['statement-member', { root: sha256.slice(2), size: 1 }],
    ['statement-member', { root: `${sha256}\n`, size: 1 }],
    ['statement-member', { root: leafHash, size: 1 }],
    ['statement-member', { root: sha256 }],
    ['statement-member', { size: 1 }],
    ['statement-member', null],
  ])('tree gives %s for %j', (code, tree) => {
    expect(withItem({ tree })).toBe(code)
  })
})

describe('relates', () => {
  const relate = (value: unknown): string => deposit([item], { relates: value })

  it('has 1 to 64 relations, each with a code', () => {
    for (const rel of [...relations, 'replaces']) expect(relate([{ ...relation, rel }])).toBe('accepted')
    expect(relate(Array.from({ length: 64 }, () => relation))).toBe('accepted')
    expect(relate(Array.from({ length: 65 }, () => relation))).toBe('statement-member')
    expect(relate([])).toBe('statement-member')
    expect(relate(relation)).toBe('statement-member')
    for (const rel of ['re places', 'Corrects', '', null])
      expect(relate([{ ...relation, rel }])).toBe('statement-member')
  })

  it.each<[string, object]>([
    ['accepted', { item: 0 }],
    ['accepted', { origin: 'other.example/a' }],
    ['accepted', { index: Number.MAX_SAFE_INTEGER }],
    ['statement-member', { item: -1 }],
    ['statement-member', { item: '0' }],
    ['statement-member', { index: -1 }],
    ['statement-member', { index: undefined }],
    ['statement-member', { leafHash: undefined }],
    ['statement-member', { leafHash: leafHash.slice(0, -1) }],
    ['statement-member', { leafHash: Buffer.alloc(32, 1).toString('base64url') }],
    ['statement-member', { leafHash: sha256 }],
    ['statement-member', { leafHash: Buffer.alloc(31).toString('base64') }],
    ['statement-member', { leafHash: Buffer.alloc(33).toString('base64') }],
    ['statement-member', { leafHash: `${leafHash.slice(0, -2)}F=` }],
    ['statement-member', { origin: '' }],
    ['statement-member', { origin: 'a b' }],
    ['statement-member', { origin: 'o'.repeat(256) }],
    ['statement-member-unknown', { why: 'x' }],
  ])('gives %s for %j', (code, more) => {
    expect(relate([relation, { ...relation, ...more }])).toBe(code)
  })
})
