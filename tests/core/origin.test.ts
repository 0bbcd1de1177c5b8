import { describe, expect, it } from 'vitest'
import { isOrigin, requireOrigin } from '../../src/core/origin.ts'
import { codeOf } from './support.ts'

describe('origin', () => {
  it.each(['a', '!', '~', 'court.example/ledger-7f3a', 'example.com:8080/x?y=z#*,-', 'o'.repeat(255)])(
    'accepts %j',
    (text) => {
      expect(isOrigin(text)).toBe(true)
      expect(requireOrigin(text)).toBe(text)
    },
  )

  it.each([
    '',
    ' ',
    'o'.repeat(256),
    'court.example/a b',
    'court.example/a+b',
    '+',
    ' court.example',
    'court.example\n',
    'court.example\t',
    'court.example\u0000',
    'court.example\u007f',
    'gericht.example/münchen',
    '法院.example',
    'ｃourt.example',
  ])('refuses %j', (text) => {
    expect(isOrigin(text)).toBe(false)
    expect(codeOf(() => requireOrigin(text))).toBe('origin-malformed')
  })

  it('takes every printable ASCII character but space and +, and no other', () => {
    const taken = Array.from({ length: 0x300 }, (_, i) => String.fromCharCode(i)).filter(isOrigin)
    const printable = Array.from({ length: 94 }, (_, i) => String.fromCharCode(0x21 + i)).filter((c) => c !== '+')
    expect(taken).toEqual(printable)
  })
})
