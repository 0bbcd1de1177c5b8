import { equalBytes, fromUtf8 } from './bytes.ts'
import { EvidenceError } from './errors.ts'

/*
 * RFC 4648 base64 (section 4, padded), base64url (section 5, unpadded) and lower-case hex. Canonical only: each decoder
 * accepts exactly the strings that its encoder writes, so that one value has one spelling.
 */

const standardAlphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const urlAlphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

function valuesOf(alphabet: string): Int8Array {
  const values = new Int8Array(128).fill(-1)
  for (let i = 0; i < 64; i++) values[alphabet.charCodeAt(i)] = i
  return values
}
const standardValues = valuesOf(standardAlphabet)
const urlValues = valuesOf(urlAlphabet)

const ascii = (alphabet: string): Uint8Array => Uint8Array.from(alphabet, (character) => character.charCodeAt(0))
const standardCodes = ascii(standardAlphabet)
const urlCodes = ascii(urlAlphabet)
const equals = 0x3d

/** Encodes through bytes: a text grown character by character leaves a hundred times its size as garbage. */
function encode(bytes: Uint8Array, codes: Uint8Array, padding: boolean): string {
  const whole = Math.floor(bytes.length / 3)
  const rest = bytes.length - whole * 3
  const out = new Uint8Array(whole * 4 + (rest === 0 ? 0 : padding ? 4 : rest + 1))
  let at = 0
  let i = 0
  for (; at < whole * 4; i += 3) {
    const word = ((bytes[i] as number) << 16) | ((bytes[i + 1] as number) << 8) | (bytes[i + 2] as number)
    out[at++] = codes[word >> 18] as number
    out[at++] = codes[(word >> 12) & 63] as number
    out[at++] = codes[(word >> 6) & 63] as number
    out[at++] = codes[word & 63] as number
  }
  if (rest > 0) {
    const word = ((bytes[i] as number) << 16) | (rest === 2 ? (bytes[i + 1] as number) << 8 : 0)
    out[at++] = codes[word >> 18] as number
    out[at++] = codes[(word >> 12) & 63] as number
    if (rest === 2) out[at++] = codes[(word >> 6) & 63] as number
    if (padding) out.fill(equals, at)
  }
  // apply takes the bytes as they are; a spread would walk them by an iterator, which costs more than all the rest.
  return out.length <= 128 ? String.fromCharCode.apply(null, out as unknown as number[]) : fromUtf8(out)
}

/** Decodes `count` characters of an alphabet; undefined where a character or the trailing bits are wrong. */
function decode(text: string, count: number, values: Int8Array): Uint8Array<ArrayBuffer> | undefined {
  const rest = count & 3
  if (rest === 1) return undefined
  const out = new Uint8Array((count * 3) >> 2)
  // A character outside ASCII indexes past the table: -1 as well.
  let bad = 0
  let at = 0
  let i = 0
  for (; i + 3 < count; i += 4) {
    const a = values[text.charCodeAt(i)] ?? -1
    const b = values[text.charCodeAt(i + 1)] ?? -1
    const c = values[text.charCodeAt(i + 2)] ?? -1
    const d = values[text.charCodeAt(i + 3)] ?? -1
    bad |= a | b | c | d
    out[at++] = (a << 2) | (b >> 4)
    out[at++] = (b << 4) | (c >> 2)
    out[at++] = (c << 6) | d
  }
  if (rest >= 2) {
    const a = values[text.charCodeAt(i)] ?? -1
    const b = values[text.charCodeAt(i + 1)] ?? -1
    const c = rest === 3 ? (values[text.charCodeAt(i + 2)] ?? -1) : 0
    bad |= a | b | c
    out[at++] = (a << 2) | (b >> 4)
    if (rest === 3) out[at++] = (b << 4) | (c >> 2)
    // Trailing bits are zero, or one value would have several spellings.
    if ((rest === 3 ? c & 3 : b & 15) !== 0) return undefined
  }
  return bad < 0 ? undefined : out
}

/** A runtime's own base64. What it decodes is held to the canonical spelling here, so it may be a lenient one. */
export interface Base64Codec {
  /** Padded base64, or unpadded base64url. */
  readonly encode: (bytes: Uint8Array, url: boolean) => string
  /** Leaves out whatever it does not know, and so gives fewer bytes than the text has room for. */
  readonly decode: (text: string, url: boolean) => Uint8Array<ArrayBuffer>
}

let codec: Base64Codec | undefined
const urlText = /^[A-Za-z0-9_-]*$/
const standardText = /^[A-Za-z0-9+/]*={0,2}$/
/** Characters, and bytes, from which on a call into the runtime is cheaper than the loops above. */
const nativeFrom = 64
const nativeFromBytes = 24

/**
 * Lets a native codec do the longer texts. It is tried against ours first, both ways; one that differs is refused with
 * `false`, and ours goes on.
 */
export function installBase64(native: Base64Codec): boolean {
  for (let length = 0; length <= 260; length++) {
    const bytes = Uint8Array.from({ length }, (_, i) => (i * 151 + length) & 255)
    if (native.encode(bytes, false) !== encode(bytes, standardCodes, true)) return false
    const text = encode(bytes, urlCodes, false)
    if (native.encode(bytes, true) !== text || !equalBytes(native.decode(text, true), bytes)) return false
    if (!equalBytes(native.decode(encode(bytes, standardCodes, true), false), bytes)) return false
  }
  codec = native
  return true
}

/** `count` characters without padding. A lenient decoder takes the other alphabet as well, wide characters, and any trailing bits. */
function decodeNative(
  { decode: lenient }: Base64Codec,
  text: string,
  count: number,
  url: boolean,
): Uint8Array<ArrayBuffer> | undefined {
  const rest = count & 3
  if (rest === 1) return undefined
  // Looked at character by character: a lenient decoder takes the low byte of a wide one for a letter.
  if (!(url ? urlText : standardText).test(text)) return undefined
  const last = (url ? urlValues : standardValues)[text.charCodeAt(count - 1)] ?? -1
  if (last < 0 || (rest === 2 && (last & 15) !== 0) || (rest === 3 && (last & 3) !== 0)) return undefined
  const bytes = lenient(text, url)
  // Whatever was passed over shows in the length.
  return bytes.length === (count * 3) >> 2 ? bytes : undefined
}

/** Padded base64. */
export function toBase64(bytes: Uint8Array): string {
  return codec !== undefined && bytes.length >= nativeFromBytes
    ? codec.encode(bytes, false)
    : encode(bytes, standardCodes, true)
}

/** Unpadded base64url. */
export function toBase64url(bytes: Uint8Array): string {
  return codec !== undefined && bytes.length >= nativeFromBytes
    ? codec.encode(bytes, true)
    : encode(bytes, urlCodes, false)
}

/** Bytes of canonical padded base64, or undefined. */
export function tryBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (text.length % 4 !== 0) return undefined
  let count = text.length
  if (text.endsWith('==')) count -= 2
  else if (text.endsWith('=')) count -= 1
  return codec !== undefined && count >= nativeFrom
    ? decodeNative(codec, text, count, false)
    : decode(text, count, standardValues)
}

/** The 32 bytes of a hash in canonical base64; undefined for anything else. */
export function tryHash(text: string): Uint8Array<ArrayBuffer> | undefined {
  // Nothing longer is decoded.
  const bytes = text.length === 44 ? tryBase64(text) : undefined
  return bytes?.length === 32 ? bytes : undefined
}

/** Hashes in base64, a line each, every line ended. */
export function hashLines(hashes: readonly Uint8Array[]): string {
  return hashes.map((hash) => `${toBase64(hash)}\n`).join('')
}

/** Bytes of canonical padded base64. Throws `base64-malformed`. */
export function fromBase64(text: string, what = 'value'): Uint8Array<ArrayBuffer> {
  const bytes = tryBase64(text)
  if (bytes === undefined) throw new EvidenceError('base64-malformed', `the ${what} is not canonical padded base64`)
  return bytes
}

/** Bytes of canonical unpadded base64url, or undefined. */
export function tryBase64url(text: string): Uint8Array<ArrayBuffer> | undefined {
  return codec !== undefined && text.length >= nativeFrom
    ? decodeNative(codec, text, text.length, true)
    : decode(text, text.length, urlValues)
}

/** Bytes of canonical unpadded base64url. Throws `base64-malformed`. */
export function fromBase64url(text: string, what = 'value'): Uint8Array<ArrayBuffer> {
  const bytes = tryBase64url(text)
  if (bytes === undefined)
    throw new EvidenceError('base64-malformed', `the ${what} is not canonical unpadded base64url`)
  return bytes
}

const hexPairs = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, '0'))

/** Lower-case hexadecimal. */
export function toHex(bytes: Uint8Array): string {
  let out = ''
  for (const byte of bytes) out += hexPairs[byte] as string
  return out
}

function hexValue(unit: number): number {
  if (unit >= 0x30 && unit <= 0x39) return unit - 0x30
  return unit >= 0x61 && unit <= 0x66 ? unit - 0x57 : -1
}

/** Bytes of lower-case hexadecimal. Throws `hex-malformed`. */
export function fromHex(text: string, what = 'value'): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(text.length >> 1)
  let bad = text.length & 1 ? -1 : 0
  for (let i = 0; i < out.length; i++) {
    const high = hexValue(text.charCodeAt(2 * i))
    const low = hexValue(text.charCodeAt(2 * i + 1))
    bad |= high | low
    out[i] = (high << 4) | low
  }
  if (bad < 0) throw new EvidenceError('hex-malformed', `the ${what} is not lower-case hexadecimal`)
  return out
}
