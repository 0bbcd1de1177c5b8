import type { AsnType } from 'asn1js'
import { latin1 } from '../core/bytes.ts'
import { tryTime } from '../core/time.ts'
import { bytesOf, malformed } from './der.ts'

/*
 * The one reader of times in DER. What other forms of them mean (another zone, no zone, no seconds), readers differ, and the library that reads
 * BER takes a day or a month that no calendar has.
 */

const utcTime = 0x17
const generalizedTime = 0x18

/**
 * Milliseconds since 1970 of a time in a certificate or a CRL (RFC 5280, sections 4.1.2.5 and 5.1.2.4): `YYMMDDHHMMSSZ`, of the years 1950 to 2049, or
 * `YYYYMMDDHHMMSSZ`. `what` names what holds it. Throws `time-stamp-malformed`.
 */
export function readTime(element: AsnType | undefined, what: string): number {
  const { tag, text } = partsOf(element)
  const year = Number(text.slice(0, 2)) < 50 ? `20${text}` : `19${text}`
  const ms = tag === utcTime ? msOf(year) : tag === generalizedTime ? msOf(text) : undefined
  if (ms === undefined) throw malformed(what, 'has a time that is none of RFC 5280')
  return ms
}

/** Whether an element is a time by its tag. */
export function isTime(element: AsnType | undefined): boolean {
  const { tag } = partsOf(element)
  return tag === utcTime || tag === generalizedTime
}

/**
 * Milliseconds since 1970 of a GeneralizedTime that may have a fraction (X.690, section 11.7; RFC 3161, section 2.4.2): `YYYYMMDDHHMMSS[.f]Z`, the
 * fraction without a zero at its end. A part of a millisecond counts as one: a time that something existed by must not be early. `what` names what
 * holds it. Throws `time-stamp-malformed`.
 */
export function readExactTime(element: AsnType | undefined, what: string): number {
  const { tag, text } = partsOf(element)
  const [, seconds, fraction = ''] = /^([0-9]{14})(?:\.([0-9]*[1-9]))?Z$/.exec(text) ?? []
  const whole = seconds === undefined ? undefined : msOf(`${seconds}Z`)
  if (tag !== generalizedTime || whole === undefined) throw malformed(what, 'has a time that is none of X.690, 11.7')
  return whole + Number(fraction.slice(0, 3).padEnd(3, '0')) + (fraction.length > 3 ? 1 : 0)
}

/** Tag and text of an element of at most 127 bytes; no text of another. */
function partsOf(element: AsnType | undefined): { readonly tag: number | undefined; readonly text: string } {
  const [tag, length, ...content] = element === undefined ? [] : bytesOf(element)
  return { tag, text: length === content.length ? latin1(Uint8Array.from(content)) : '' }
}

/** Milliseconds since 1970 of `YYYYMMDDHHMMSSZ`; undefined of a text of another form, and where no calendar has the day or no clock the time. */
function msOf(text: string): number | undefined {
  const [, year, month, day, hours, minutes, seconds] =
    /^([0-9]{4})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})Z$/.exec(text) ?? []
  return tryTime(`${year}-${month}-${day}T${hours}:${minutes}:${seconds}.000Z`)
}
