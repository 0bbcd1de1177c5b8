import { type AsnType, Boolean as AsnBoolean, Integer } from 'asn1js'
import { TSTInfo } from 'pkijs'
import { toHex } from '../core/base64.ts'
import { readExactTime } from './der-time.ts'
import { bytesOf, fields, malformed, parseDer } from './der.ts'
import { type HashAlgorithm, requireHash } from './signature.ts'

/** What a token says of a time (TSTInfo of RFC 3161, section 2.4.2). */
export interface TimeInfo {
  readonly genTimeMs: number
  /** What the authority says its time may be off by; undefined where it says nothing. */
  readonly accuracyMs: number | undefined
  readonly imprint: { readonly algorithm: HashAlgorithm; readonly hash: Uint8Array }
  /** Hex, as the integer's bytes. */
  readonly nonce: string | undefined
  readonly policy: string
  readonly serial: string
}

const what = 'time-stamp information'

/** Reads a TSTInfo, of at most `maxBytes`. Throws `time-stamp-malformed`. */
export function readTimeInfo(content: Uint8Array, maxBytes: number): TimeInfo {
  const schema = parseDer(content, what, maxBytes)
  const info = new TSTInfo({ schema })
  if (info.version !== 1) throw malformed(what, 'is of another version than 1')
  if ((info.extensions ?? []).some(({ critical }) => critical)) throw malformed(what, 'has a critical extension')
  const { genTime, accuracy } = requireForm(schema)
  return {
    genTimeMs: readExactTime(genTime, what),
    accuracyMs: accuracy === undefined ? undefined : accuracyOf(accuracy),
    imprint: {
      algorithm: requireHash(info.messageImprint.hashAlgorithm.algorithmId),
      hash: new Uint8Array(info.messageImprint.hashedMessage.valueBlock.valueHexView),
    },
    nonce: info.nonce === undefined ? undefined : toHex(info.nonce.valueBlock.valueHexView),
    policy: info.policy,
    serial: toHex(info.serialNumber.valueBlock.valueHexView),
  }
}

const tagOf = (element: AsnType | undefined): number | undefined =>
  element === undefined ? undefined : bytesOf(element)[0]

/** The time and the accuracy of a TSTInfo whose optional parts stand in their order, with nothing besides: the library passes over what its schema does not name. */
function requireForm(schema: AsnType): {
  readonly genTime: AsnType | undefined
  readonly accuracy: AsnType | undefined
} {
  const [, , , , genTime, ...optional] = fields(schema)
  const accuracy = tagOf(optional[0]) === 0x30 ? optional.shift() : undefined
  if (optional[0] instanceof AsnBoolean) optional.shift()
  if (optional[0] instanceof Integer) optional.shift()
  for (const tag of [0xa0, 0xa1]) if (tagOf(optional[0]) === tag) optional.shift()
  if (optional.length > 0) throw malformed(what, 'has parts that do not belong there')
  return { genTime, accuracy }
}

/** Most seconds that an authority may say its time is off by: some 31 years, so that no time leaves the calendar. */
const maxSeconds = 1_000_000_000

/** Seconds, then thousandths, then millionths, each once or not at all; rounded up to a millisecond. */
function accuracyOf(accuracy: AsnType): number {
  const parts = fields(accuracy)
  const take = (tag: number, most: number): number =>
    tagOf(parts[0]) === tag ? smallNumber(parts.shift() as AsnType, most) : 0
  const [seconds, millis, micros] = [take(0x02, maxSeconds), take(0x80, 999), take(0x81, 999)]
  if (parts.length > 0) throw malformed(what, 'has an accuracy that is none')
  return seconds * 1000 + millis + Math.ceil(micros / 1000)
}

/** The value of an INTEGER, whatever its tag: of DER, not negative, and at most `most`, which is below 2^31. */
function smallNumber(element: AsnType, most: number): number {
  const [, length = 0, ...bytes] = bytesOf(element)
  const [first = 0x80, second = 0x80] = bytes
  const isShort = length === bytes.length && bytes.length <= 4 && first < 0x80
  const value = bytes.reduce((sum, byte) => sum * 256 + byte, 0)
  if (!isShort || (first === 0 && bytes.length > 1 && second < 0x80) || value > most)
    throw malformed(what, 'has an accuracy that is none')
  return value
}
