/*
 * Canonical base64 out of bytes, as src/core/base64.ts decodes it out of a text. Here because a text would first have to be made; a test
 * holds both equal.
 */

function valuesOf(last: string): Int8Array {
  const alphabet = `ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789${last}`
  const values = new Int8Array(256).fill(-1)
  for (let i = 0; i < 64; i++) values[alphabet.charCodeAt(i)] = i
  return values
}

/** Values of the characters of base64url (RFC 4648, section 5) by their bytes, -1 of others. */
export const urlValues: Int8Array = valuesOf('-_')
/** Values of the characters of base64 (section 4) by their bytes, without padding; -1 of others. */
export const standardValues: Int8Array = valuesOf('+/')

/**
 * Decodes the characters `from` to `to` (excluded) into `out` at its begin, which has room; gives how many bytes, or -1 where they are not
 * canonical. Four characters a step, of which one without a value makes all negative.
 */
export function decodeInto(out: Uint8Array, bytes: Uint8Array, from: number, to: number, values: Int8Array): number {
  const rest = (to - from) & 3
  if (rest === 1) return -1
  const whole = to - rest
  let bad = 0
  let at = 0
  let i = from
  for (; i < whole; i += 4) {
    const a = values[bytes[i] as number] as number
    const b = values[bytes[i + 1] as number] as number
    const c = values[bytes[i + 2] as number] as number
    const d = values[bytes[i + 3] as number] as number
    bad |= a | b | c | d
    out[at] = (a << 2) | (b >> 4)
    out[at + 1] = (b << 4) | (c >> 2)
    out[at + 2] = (c << 6) | d
    at += 3
  }
  if (rest !== 0) {
    const a = values[bytes[i] as number] as number
    const b = values[bytes[i + 1] as number] as number
    const c = rest === 3 ? (values[bytes[i + 2] as number] as number) : 0
    bad |= a | b | c
    // Bits that no byte takes are zero, or one value would have several spellings.
    if ((rest === 3 ? c & 3 : b & 15) !== 0) return -1
    out[at++] = (a << 2) | (b >> 4)
    if (rest === 3) out[at++] = (b << 4) | (c >> 2)
  }
  return bad < 0 ? -1 : at
}
