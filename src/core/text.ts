import { concatAll, fromUtf8, utf8 } from './bytes.ts'

/*
 * Text from outside, made safe to show on one line. Names of files, claims and messages of servers come from people who may be
 * hostile: a line feed in a name can paint a verdict, a bidirectional control can turn a line around, and an invisible character
 * makes two names look alike.
 */

/** Controls, separators, format and other invisible characters, and spaces that look like U+0020 and are not it. */
const hidden =
  /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u00a0\u1680\u2000-\u200a\u202f\u205f]|\\(?=[ux]\{)/gu

/** A byte that is not UTF-8 within a text made by {@link textOfBytes}: alone, not the end of a surrogate pair. */
const byteUnit = /[\udc80-\udcff]/gu

/**
 * Makes a text safe to show within one line. Each control, separator, bidirectional, invisible or unassigned character is written
 * as `\u{hex}`, each byte that is not UTF-8 (see {@link textOfBytes}) as `\x{hex}`, and a backslash that already stands before `u{`
 * or `x{` as `\u{5c}`, so that no two texts become one. U+3000, the space of Chinese text, stays.
 */
export function visible(text: string): string {
  return text.replace(hidden, (character) => {
    const code = character.codePointAt(0) as number
    return code >= 0xdc80 && code <= 0xdcff ? byteText(code) : `\\u{${code.toString(16)}}`
  })
}

/** A text with each byte that is not UTF-8 (see {@link textOfBytes}) written as `\x{hex}`, and nothing else changed. */
export function withVisibleBytes(text: string): string {
  return text.replace(byteUnit, (unit) => byteText(unit.charCodeAt(0)))
}

function byteText(unit: number): string {
  return `\\x{${(unit - 0xdc00).toString(16)}}`
}

/** A file's name, as raw bytes, made safe to show within one line as {@link visible} shows it. */
export function visibleBytes(name: Uint8Array): string {
  return visible(textOfBytes(name))
}

/**
 * The text of a file's name, which need not be UTF-8: each byte that is not becomes a lone surrogate from U+DC80 to U+DCFF, which no
 * UTF-8 decodes to (Python calls this surrogateescape). {@link bytesOfText} gives the bytes back.
 */
export function textOfBytes(name: Uint8Array): string {
  let text = ''
  for (let at = 0; at < name.length; ) {
    const length = sequenceLength(name, at)
    text +=
      length === 0
        ? String.fromCharCode(0xdc00 + (name[at] as number))
        : fromUtf8(name.subarray(at, at + length), 'name')
    at += Math.max(1, length)
  }
  return text
}

/** The bytes of a text: UTF-8, and for what {@link textOfBytes} made of a byte that is not, that byte. */
export function bytesOfText(text: string): Uint8Array {
  const parts = text.split(byteUnit)
  if (parts.length === 1) return utf8(text)
  const units = [...text.matchAll(byteUnit)].map(([unit]) => Uint8Array.of(unit.charCodeAt(0) - 0xdc00))
  return concatAll(parts.flatMap((part, i) => (i === 0 ? [utf8(part)] : [units[i - 1] as Uint8Array, utf8(part)])))
}

/** Length in bytes of the UTF-8 text that begins at `at`, up to the first byte that is not UTF-8; 0 where that is the first. */
function sequenceLength(bytes: Uint8Array, at: number): number {
  let end = at
  while (end < bytes.length) {
    const length = characterLength(bytes, end)
    if (length === 0) break
    end += length
  }
  return end - at
}

/** Length of one character in well-formed UTF-8 (Unicode 15, table 3-7), or 0. */
function characterLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at] as number
  if (first < 0x80) return 1
  const length =
    first >= 0xc2 && first < 0xe0 ? 2 : first >= 0xe0 && first < 0xf0 ? 3 : first >= 0xf0 && first < 0xf5 ? 4 : 0
  if (length === 0 || at + length > bytes.length) return 0
  const second = bytes[at + 1] as number
  const low = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80
  const high = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf
  if (second < low || second > high) return 0
  for (let i = 2; i < length; i++) if (((bytes[at + i] as number) & 0xc0) !== 0x80) return 0
  return length
}

/** `1234567` as `1,234,567`. */
export function count(n: number): string {
  return n.toLocaleString('en-US')
}

/** A number of things: `1 file`, `1,234 files`. The plural is the word with an s, or the one that is given. */
export function counted(n: number, one: string, many = `${one}s`): string {
  return `${count(n)} ${n === 1 ? one : many}`
}
