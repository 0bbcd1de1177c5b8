import { describe, expect, it } from 'vitest'
import { valueOr } from '../../src/core/attempt.ts'
import { type Crl, readCrl } from '../../src/timestamp/crl.ts'
import { derInteger, derOf } from '../support/time-authority.ts'

const oid = (hex: string): Uint8Array => derOf(0x06, Buffer.from(hex, 'hex'))
const extension = (hex: string, value: Uint8Array): Uint8Array => derOf(0x30, oid(hex), derOf(0x04, value))
const reason = (value: Uint8Array): Uint8Array => extension('551d15', value)
const invalidSince = (value: Uint8Array): Uint8Array => extension('551d18', value)
const day = (text: string, tag = 0x17): Uint8Array => derOf(tag, text)

interface Parts {
  readonly times?: readonly Uint8Array[]
  readonly revokedAt?: Uint8Array
  readonly extensions?: readonly Uint8Array[]
}

/** A list of one revoked certificate, signed by nobody. */
function listOf({ times = [day('261101000000Z'), day('261201000000Z')], revokedAt, extensions = [] }: Parts): Crl {
  const algorithm = derOf(0x30, oid('2a8648ce3d040302'))
  const more = extensions.length === 0 ? [] : [derOf(0x30, ...extensions)]
  const entry = derOf(0x30, derInteger(5), revokedAt ?? day('261110000000Z'), ...more)
  const tbs = derOf(0x30, derInteger(1), algorithm, derOf(0x30), ...times, derOf(0x30, entry))
  return readCrl(derOf(0x30, tbs, algorithm, derOf(0x03, Uint8Array.of(0, 1))))
}

const readOf = (parts: Parts): object | 'refused' =>
  valueOr<object, 'refused'>(
    () => {
      const { thisUpdateMs, nextUpdateMs, revoked } = listOf(parts)
      const { sinceMs = 0, reason: why } = revoked.get('05') ?? {}
      const dayOf = (ms: number | undefined): string | undefined =>
        ms === undefined ? undefined : new Date(ms).toISOString().slice(0, 10)
      return { this: dayOf(thisUpdateMs), next: dayOf(nextUpdateMs), since: dayOf(sinceMs), why }
    },
    'refused',
    'time-stamp-malformed',
  )

describe('a revocation list', () => {
  it('says its times, and since when and why a certificate is revoked', () => {
    const told = { this: '2026-11-01', next: '2026-12-01', since: '2026-11-10', why: undefined }
    expect(readOf({})).toEqual(told)
    expect(readOf({ times: [day('261101000000Z')] })).toEqual({ ...told, next: undefined })
    expect(readOf({ times: [day('20261101000000Z', 0x18)] })).toEqual({ ...told, next: undefined })
    const extensions = [reason(derOf(0x0a, Uint8Array.of(4))), invalidSince(day('20261105000000Z', 0x18))]
    expect(readOf({ extensions })).toEqual({ ...told, since: '2026-11-05', why: 4 })
  })

  it.each<readonly [string, Uint8Array]>([
    ['another zone', day('261101000000+0800')],
    ['no seconds', day('2611010000Z')],
    ['30 February', day('260230000000Z')],
    ['a fraction', day('20261101000000.5Z', 0x18)],
    ['no zone', day('20261101000000', 0x18)],
  ])('BR-M2: is none where one of its times has %s', (_what, time) => {
    expect(readOf({ times: [time] })).toBe('refused')
    expect(readOf({ times: [day('261101000000Z'), time] })).toBe('refused')
    expect(readOf({ revokedAt: time })).toBe('refused')
    expect(readOf({ extensions: [invalidSince(time)] })).toBe('refused')
  })

  // Unspecified, the reason 0, lets a token stand that was made before: no other reason may be read as it.
  it.each<readonly [string, Uint8Array]>([
    ['of 4 bytes', derOf(0x0a, Uint8Array.of(1, 0, 0, 0))],
    ['of 9 bytes', derOf(0x0a, new Uint8Array(9).fill(1))],
    ['of no bytes', derOf(0x0a)],
    ['that is none', derOf(0x0a, Uint8Array.of(11))],
    ['below zero', derOf(0x0a, Uint8Array.of(0xff))],
    ['that is an INTEGER', derInteger(0)],
    ['that is a text', derOf(0x0c, 'x')],
  ])('BR-M3: is none where it has a reason %s', (_what, value) => {
    expect(readOf({ extensions: [reason(value)] })).toBe('refused')
  })
})
