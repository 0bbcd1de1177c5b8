/*
 * JSON as JSON.stringify writes it, read byte by byte: no white space, no escape, strings of ASCII, whole numbers. Anything else is left to
 * the parser of src/core/json.ts, which judges it; nothing here says that a text is wrong.
 */

/** Classes of bytes, as bits: a string is taken where each of its bytes is in the class that is asked for. */
export const classes = {
  /** Printable ASCII but the quotation mark and the backslash. */
  printable: 1,
  /** Lower-case hexadecimal digits. */
  hex: 2,
  /** a-z 0-9 -, as in codes. */
  code: 4,
  /** Letters, digits and ! # $ & ^ _ . + -, as in the names of media types (RFC 6838). */
  media: 8,
  /** Letters and digits. */
  alphanumeric: 16,
  /** a-z. */
  letter: 32,
  /** a-z 0-9 . _ -, as in ids of participants. */
  id: 64,
} as const

const classOf = Uint8Array.from({ length: 256 }, (_, byte) => {
  const text = String.fromCharCode(byte)
  const isIn = (pattern: RegExp, bit: number): number => (pattern.test(text) ? bit : 0)
  return (
    isIn(/^[ !#-[\]-~]$/, classes.printable) |
    isIn(/^[0-9a-f]$/, classes.hex) |
    isIn(/^[a-z0-9-]$/, classes.code) |
    isIn(/^[A-Za-z0-9!#$&^_.+-]$/, classes.media) |
    isIn(/^[A-Za-z0-9]$/, classes.alphanumeric) |
    isIn(/^[a-z]$/, classes.letter) |
    isIn(/^[a-z0-9._-]$/, classes.id)
  )
})

/** Whether a byte is in a class of {@link classes}. */
export function isInClass(byte: number | undefined, mask: number): boolean {
  return ((classOf[byte ?? 0] as number) & mask) !== 0
}

/** A few names, found in bytes without making a text. */
export class Names {
  private readonly byLength: { readonly bytes: Uint8Array; readonly number: number }[][] = []

  /** @param names ASCII; the number of each is its place. */
  constructor(names: readonly string[]) {
    names.forEach((name, number) => {
      const bytes = Uint8Array.from(name, (character) => character.charCodeAt(0))
      ;(this.byLength[bytes.length] ??= []).push({ bytes, number })
    })
  }

  /** The number of the name that the bytes `from` to `to` (excluded) are; -1 where they are none. */
  find(bytes: Uint8Array, from: number, to: number): number {
    const alike = this.byLength[to - from]
    if (alike === undefined) return -1
    for (const one of alike) if (isAt(one.bytes, bytes, from)) return one.number
    return -1
  }
}

/** Whether some bytes stand at a place of others. */
export function isAt(part: Uint8Array, bytes: Uint8Array, from: number): boolean {
  for (let i = 0; i < part.length; i++) if (bytes[from + i] !== part[i]) return false
  return true
}

const quote = 0x22
const comma = 0x2c
const colon = 0x3a
const zero = 0x30
/** Digits of a number that is surely below 2^53. */
const mostDigits = 15

/**
 * A place in bytes that moves on by what is read. What is not plain makes it fail: it then stays failed until it begins anew, and what it
 * gives means nothing.
 */
export class Scanner {
  bytes: Uint8Array = new Uint8Array(0)
  at = 0
  failed = false
  /** Where the last string that was read begins and ends, without its quotation marks. */
  from = 0
  to = 0

  /** Begins at the first of some bytes. */
  begin(bytes: Uint8Array): void {
    this.bytes = bytes
    this.at = 0
    this.failed = false
  }

  /** True where all bytes were read and each was plain. */
  isDone(): boolean {
    return !this.failed && this.at === this.bytes.length
  }

  fail(): void {
    this.failed = true
  }

  take(byte: number): void {
    if (this.bytes[this.at++] !== byte) this.failed = true
  }

  /** Reads a string of so many bytes of a class; see {@link from}. */
  text(mask: number, least: number, most: number): void {
    const { bytes } = this
    let at = this.at
    if (bytes[at] !== quote) this.failed = true
    this.from = ++at
    while (((classOf[bytes[at] as number] as number) & mask) !== 0) at++
    this.to = at
    if (bytes[at] !== quote || at - this.from < least || at - this.from > most) this.failed = true
    this.at = at + 1
  }

  /** Reads the one string of such a content. */
  exactly(content: Uint8Array): void {
    this.text(classes.printable, content.length, content.length)
    if (!this.failed && !isAt(content, this.bytes, this.from)) this.failed = true
  }

  /** Reads a number of at most fifteen digits. */
  integer(): number {
    const { bytes } = this
    const from = this.at
    let value = 0
    let digit = (bytes[from] ?? 0) - zero
    while (digit >= 0 && digit <= 9) {
      value = value * 10 + digit
      digit = (bytes[++this.at] ?? 0) - zero
    }
    const digits = this.at - from
    if (digits === 0 || digits > mostDigits || (digits > 1 && bytes[from] === zero)) this.failed = true
    return value
  }

  /** Reads an object: each member's name, and its value by `read`; gives the members that it has, as bits by number. None may come twice. */
  object(names: Names, read: (member: number) => void): number {
    let seen = 0
    this.take(0x7b)
    do {
      this.text(classes.printable, 1, 16)
      const member = this.failed ? -1 : names.find(this.bytes, this.from, this.to)
      this.take(colon)
      if (member < 0 || (seen & (1 << member)) !== 0) this.failed = true
      if (this.failed) return 0
      seen |= 1 << member
      read(member)
    } while (!this.failed && this.bytes[this.at] === comma && this.at++ > 0)
    this.take(0x7d)
    return seen
  }

  /** Reads a list of so many values, each by `read`, which is given its place; gives how many there are. */
  list(least: number, most: number, read: (place: number) => void): number {
    let count = 0
    this.take(0x5b)
    do {
      if (this.failed || count === most) {
        this.failed = true
        return 0
      }
      read(count++)
    } while (!this.failed && this.bytes[this.at] === comma && this.at++ > 0)
    this.take(0x5d)
    if (count < least) this.failed = true
    return count
  }
}
