import { describe, expect, it } from 'vitest'
import { takes, wants } from '../../server/header-lists.ts'

describe('a header of what is taken', () => {
  it.each<[string | string[] | undefined, boolean]>([
    ['gzip', true],
    ['br, GZIP;q=0.5', true],
    ['deflate,gzip ; q=1', true],
    [['br', 'gzip'], true],
    ['gzip;q=0', false],
    ['gzip; q=0.000, br', false],
    ['x-gzip', false],
    ['not-gzip', false],
    ['', false],
    [undefined, false],
  ])('%j takes gzip: %s', (header, expected) => {
    expect(takes(header, 'gzip')).toBe(expected)
  })
})

describe('a header of what is wanted', () => {
  it.each<[string | undefined, boolean]>([
    ['return=minimal', true],
    ['respond-async, return=minimal', true],
    ['return = "minimal"; foo', true],
    ['x-return=minimal', false],
    ['return=minimal-not', false],
    ['return=representation', false],
    [undefined, false],
  ])('%j wants the minimum: %s', (header, expected) => {
    expect(wants(header, 'return=minimal')).toBe(expected)
  })
})
