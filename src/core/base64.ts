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

/** Three bytes become two table look-ups: every pair of characters is made once. */
function pairsOf(alphabet: string): string[] {
  const pairs: string[] = []
  for (let i = 0; i < 4096; i++) pairs.push((alphabet[i >> 6] as string) + (alphabet[i & 63] as string))
  return pairs
}
const standardPairs = pairsOf(standardAlphabet)
const urlPairs = pairsOf(urlAlphabet)

function encode(bytes: Uint8Array, pairs: string[], alphabet: string, padding: boolean): string {
  let out = ''
  let i = 0
  for (; i + 2 < bytes.length; i += 3) {
    const word = ((bytes[i] as number) << 16) | ((bytes[i + 1] as number) << 8) | (bytes[i + 2] as number)
    out += (pairs[word >> 12] as string) + (pairs[word & 4095] as string)
  }
  const rest = bytes.length - i
  if (rest === 1) {
    out += pairs[(bytes[i] as number) << 4] as string
    if (padding) out += '=='
  } else if (rest === 2) {
    const word = ((bytes[i] as number) << 10) | ((bytes[i + 1] as number) << 2)
    out += (pairs[word >> 6] as string) + (alphabet[word & 63] as string)
    if (padding) out += '='
  }
  return out
}

/** Decodes `count` characters of an alphabet; undefined where a character or the trailing bits are wrong. */
function decode(text: string, count: number, values: Int8Array): Uint8Array<ArrayBuffer> | undefined {
  const rest = count & 3
  if (rest === 1) return undefined
  const out = new Uint8Array((count * 3) >> 2)
  let bad = 0
  let at = 0
  let i = 0
  const value = (j: number): number => {
    const unit = text.charCodeAt(j)
    return unit < 128 ? (values[unit] as number) : -1
  }
  for (; i + 3 < count; i += 4) {
    const a = value(i)
    const b = value(i + 1)
    const c = value(i + 2)
    const d = value(i + 3)
    bad |= a | b | c | d
    out[at++] = (a << 2) | (b >> 4)
    out[at++] = (b << 4) | (c >> 2)
    out[at++] = (c << 6) | d
  }
  if (rest >= 2) {
    const a = value(i)
    const b = value(i + 1)
    const c = rest === 3 ? value(i + 2) : 0
    bad |= a | b | c
    out[at++] = (a << 2) | (b >> 4)
    if (rest === 3) {
      out[at++] = (b << 4) | (c >> 2)
      if ((c & 3) !== 0) return undefined
    } else if ((b & 15) !== 0) return undefined
  }
  return bad < 0 ? undefined : out
}

/** Padded base64. */
export function toBase64(bytes: Uint8Array): string {
  return encode(bytes, standardPairs, standardAlphabet, true)
}

/** Unpadded base64url. */
export function toBase64url(bytes: Uint8Array): string {
  return encode(bytes, urlPairs, urlAlphabet, false)
}

/** Bytes of canonical padded base64, or undefined. */
export function tryBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (text.length % 4 !== 0) return undefined
  let count = text.length
  if (text.endsWith('==')) count -= 2
  else if (text.endsWith('=')) count -= 1
  return decode(text, count, standardValues)
}

/** Bytes of canonical padded base64. Throws `base64-malformed`. */
export function fromBase64(text: string, what = 'value'): Uint8Array<ArrayBuffer> {
  const bytes = tryBase64(text)
  if (bytes === undefined) throw new EvidenceError('base64-malformed', `the ${what} is not canonical padded base64`)
  return bytes
}

/** Bytes of canonical unpadded base64url, or undefined. */
export function tryBase64url(text: string): Uint8Array<ArrayBuffer> | undefined {
  return decode(text, text.length, urlValues)
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

/** Bytes of lower-case hexadecimal. Throws `hex-malformed`. */
export function fromHex(text: string, what = 'value'): Uint8Array<ArrayBuffer> {
  if (text.length % 2 !== 0 || !/^[0-9a-f]*$/.test(text)) {
    throw new EvidenceError('hex-malformed', `the ${what} is not lower-case hexadecimal`)
  }
  const out = new Uint8Array(text.length / 2)
  for (let i = 0; i < out.length; i++) out[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16)
  return out
}
