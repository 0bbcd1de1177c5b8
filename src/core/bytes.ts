import { EvidenceError } from './errors.ts'

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const lossyDecoder = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true })

type EncodeUtf8 = (text: string) => Uint8Array<ArrayBuffer>
let encode: EncodeUtf8 = (text) => encoder.encode(text)

/** UTF-8 bytes of a text; of half a surrogate pair, those of U+FFFD. */
export function utf8(text: string): Uint8Array<ArrayBuffer> {
  return encode(text)
}

/** Lets a native encoder do it. It is tried against the standard's first; one that differs is refused with `false`. */
export function installUtf8(native: EncodeUtf8): boolean {
  for (const text of ['', 'ASCII', '证据 — \u{1f4f7} \u0000é', '\ud800', 'a\udc00b', '\ufeff', 'x'.repeat(9000)]) {
    if (!equalBytes(native(text), encoder.encode(text))) return false
  }
  encode = native
  return true
}

/** Gives the text of bytes that are all ASCII, undefined for others. */
export type DecodeAscii = (bytes: Uint8Array) => string | undefined
let decodeAscii: DecodeAscii = () => undefined

/** The text of strict UTF-8 bytes. A byte order mark is kept, so that the caller can refuse it. Throws `utf8-malformed`. */
export function fromUtf8(bytes: Uint8Array, what = 'text'): string {
  const ascii = decodeAscii(bytes)
  if (ascii !== undefined) return ascii
  try {
    return decoder.decode(bytes)
  } catch (cause) {
    throw new EvidenceError('utf8-malformed', `the ${what} is not valid UTF-8`, {}, { cause })
  }
}

/** The text of bytes that should be UTF-8, with U+FFFD for what is not: to compare and to show, never to write out again. */
export function lossyUtf8(bytes: Uint8Array): string {
  return lossyDecoder.decode(bytes)
}

/** Lets a native decoder read what is ASCII. It is tried against ours first, on every byte; one that differs is refused with `false`. */
export function installAscii(native: DecodeAscii): boolean {
  for (let byte = 0; byte < 256; byte++) {
    for (const bytes of [Uint8Array.of(byte), new Uint8Array(70).fill(0x41).fill(byte, 33, 34)]) {
      const expected = byte < 0x80 ? plainLatin1(bytes) : undefined
      if (native(bytes) !== expected || native(bytes.subarray(0, 0)) !== '') return false
    }
  }
  decodeAscii = native
  return true
}

type DecodeLatin1 = (bytes: Uint8Array) => string
let decodeLatin1: DecodeLatin1 = plainLatin1

/** One byte a character, for formats that are opaque octets. */
export function latin1(bytes: Uint8Array): string {
  return decodeLatin1(bytes)
}

/** Lets a native decoder do it. It is tried against ours on every byte first; one that differs is refused with `false`. */
export function installLatin1(native: DecodeLatin1): boolean {
  const every = Uint8Array.from({ length: 9000 }, (_, i) => i & 255)
  for (const bytes of [every, every.subarray(1, 257), every.subarray(0, 0)]) {
    if (native(bytes) !== plainLatin1(bytes)) return false
  }
  decodeLatin1 = native
  return true
}

function plainLatin1(bytes: Uint8Array): string {
  let text = ''
  for (let i = 0; i < bytes.length; i += 8192)
    text += String.fromCharCode.apply(null, bytes.subarray(i, i + 8192) as unknown as number[])
  return text
}

/** Length of a text in UTF-8 bytes, without encoding it. */
export function utf8Length(text: string): number {
  let bytes = 0
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit < 0x80) bytes += 1
    else if (unit < 0x800) bytes += 2
    else if (unit >= 0xd800 && unit < 0xdc00) {
      bytes += 4
      i++
    } else bytes += 3
  }
  return bytes
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return concatAll(parts)
}

/** Joins any number of byte arrays: as arguments, more than some 100,000 of them would overflow the stack. */
export function concatAll(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  let length = 0
  for (const part of parts) length += part.length
  const out = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}

/** A stream of bytes as every runtime has it: walked by its reader, for not every browser walks one by `for await`. */
export interface ByteStream {
  getReader(): {
    read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>
    cancel(): Promise<void>
  }
}

/** All bytes of a stream, none where there is none. Throws what `tooLong` gives where they are more than `most`; the rest is not read then. */
export async function readBounded(
  stream: ByteStream | null,
  most: number,
  tooLong: () => Error,
): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = []
  let length = 0
  const reader = stream?.getReader()
  for (let read = await reader?.read(); read?.value !== undefined && !read.done; read = await reader?.read()) {
    length += read.value.length
    if (length > most) {
      await reader?.cancel()
      throw tooLong()
    }
    chunks.push(read.value)
  }
  return concatAll(chunks)
}

/** Equality of public bytes; not for secrets. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

type HoldsBytes = (bytes: Uint8Array, part: Uint8Array) => boolean
let holds: HoldsBytes = plainHolds

/** True where `part`, which is not empty, stands somewhere in `bytes`. */
export function holdsBytes(bytes: Uint8Array, part: Uint8Array): boolean {
  return holds(bytes, part)
}

/** Lets a native search do it. It is tried against ours first; one that differs is refused with `false`. */
export function installHoldsBytes(native: HoldsBytes): boolean {
  const bytes = utf8('abracadabra, abracadabra: the same, and once more with an end')
  for (let length = 1; length <= 24; length++) {
    for (let at = 0; at + length <= bytes.length; at++) {
      const part = bytes.slice(at, at + length)
      if (!native(bytes, part) || !native(part, part)) return false
      part[length - 1] = 0xff
      if (native(bytes, part)) return false
    }
  }
  holds = native
  return true
}

function plainHolds(bytes: Uint8Array, part: Uint8Array): boolean {
  const first = part[0] as number
  for (let at = bytes.indexOf(first); at >= 0; at = bytes.indexOf(first, at + 1)) {
    if (equalBytes(bytes.subarray(at, at + part.length), part)) return true
  }
  return false
}

/** Lexicographic order of unsigned bytes, as `memcmp` has it. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const difference = (a[i] as number) - (b[i] as number)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

/** A non-negative integer in decimal without leading zeros and within 2^53-1, or undefined. */
export function parseDecimal(text: string): number | undefined {
  if (!/^(?:0|[1-9][0-9]{0,15})$/.test(text)) return undefined
  const value = Number(text)
  return Number.isSafeInteger(value) ? value : undefined
}

/** A text without the slashes that it ends in. A regular expression would try again from each slash before them. */
export function withoutFinalSlashes(text: string): string {
  let end = text.length
  while (end > 0 && text[end - 1] === '/') end--
  return text.slice(0, end)
}
