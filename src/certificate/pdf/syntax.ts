import { latin1 } from '../../core/bytes.ts'
import { EvidenceError } from '../../core/errors.ts'

/*
 * The objects of a PDF file, as far as our writer writes them: every object stands after the other, each stream has its length beside it,
 * one cross-reference table names them all, and no byte lies between. A file that is otherwise is none of ours.
 */

export interface Ref {
  readonly ref: number
}
export interface Name {
  readonly name: string
}
export type Value = null | boolean | number | string | Name | Ref | readonly Value[] | Dict
export type Dict = ReadonlyMap<string, Value>

export interface PdfObject {
  readonly id: number
  readonly offset: number
  readonly value: Value
  /** Where the value's text begins and ends. */
  readonly from: number
  readonly to: number
  readonly stream: Uint8Array | undefined
}

/** Most objects, nesting and bytes of a certificate. */
const maxObjects = 500_000
const maxDepth = 32
export const maxCertificateBytes: number = 64 * 1024 * 1024

export const isDict = (value: Value | undefined): value is Dict => value instanceof Map
export const isRef = (value: Value | undefined): value is Ref =>
  typeof value === 'object' && value !== null && 'ref' in value
export const nameOf = (value: Value | undefined): string | undefined =>
  typeof value === 'object' && value !== null && 'name' in value ? value.name : undefined

function malformed(why: string, at: number): EvidenceError {
  return new EvidenceError('certificate-malformed', `the document ${why}`, { where: `byte ${at}` })
}

/** Reads values from a place of a file on. Throws `certificate-malformed`. */
export class Scanner {
  at: number
  readonly bytes: Uint8Array
  constructor(bytes: Uint8Array, at: number) {
    this.bytes = bytes
    this.at = at
  }

  fail(why: string): EvidenceError {
    return malformed(why, this.at)
  }

  /** Takes exactly this text. */
  take(text: string): void {
    if (!this.starts(text)) throw this.fail(`is not as ours are: ${JSON.stringify(text)} is missing`)
    this.at += text.length
  }

  starts(text: string): boolean {
    for (let i = 0; i < text.length; i++) if (this.bytes[this.at + i] !== text.charCodeAt(i)) return false
    return true
  }

  /** An integer without sign and leading zeros. */
  integer(): number {
    const begin = this.at
    while (isDigit(this.bytes[this.at]) && this.at - begin < 10) this.at++
    const text = latin1(this.bytes.subarray(begin, this.at))
    if (!/^(?:0|[1-9]\d*)$/.test(text)) throw this.fail('has no number where one must be')
    return Number(text)
  }

  value(depth = 0): Value {
    if (depth > maxDepth) throw this.fail('is nested too deep')
    this.#space()
    const byte = this.bytes[this.at]
    if (this.starts('<<')) return this.#dict(depth)
    if (byte === 0x3c) return this.#hex()
    if (byte === 0x5b) return this.#array(depth)
    if (byte === 0x28) return this.#string()
    if (byte === 0x2f) return { name: this.#name() }
    for (const [word, value] of [
      ['true', true],
      ['false', false],
      ['null', null],
    ] as const) {
      if (!this.starts(word)) continue
      this.at += word.length
      return value
    }
    return this.#number()
  }

  #space(): void {
    while (isSpace(this.bytes[this.at])) this.at++
  }

  #dict(depth: number): Dict {
    this.at += 2
    const dict = new Map<string, Value>()
    for (this.#space(); !this.starts('>>'); this.#space()) {
      if (this.bytes[this.at] !== 0x2f) throw this.fail('has a dictionary without a name')
      const key = this.#name()
      if (dict.has(key)) throw this.fail(`names ${key} twice in one dictionary`)
      dict.set(key, this.value(depth + 1))
    }
    this.at += 2
    return dict
  }

  #array(depth: number): Value[] {
    this.at += 1
    const values: Value[] = []
    for (this.#space(); this.bytes[this.at] !== 0x5d; this.#space()) values.push(this.value(depth + 1))
    this.at += 1
    return values
  }

  #name(): string {
    const begin = ++this.at
    while (isRegular(this.bytes[this.at])) this.at++
    return latin1(this.bytes.subarray(begin, this.at)).replace(/#([0-9A-Fa-f]{2})/g, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    )
  }

  #number(): Value {
    const begin = this.at
    while (isRegular(this.bytes[this.at])) this.at++
    const text = latin1(this.bytes.subarray(begin, this.at))
    if (!/^-?[\d.]+$/.test(text) || !Number.isFinite(Number(text))) throw malformed('has what is no value', begin)
    const after = /^\s0\sR/.exec(latin1(this.bytes.subarray(this.at, this.at + 4)))
    if (after === null || !/^\d+$/.test(text)) return Number(text)
    this.at += 4
    return { ref: Number(text) }
  }

  #hex(): string {
    const end = this.bytes.indexOf(0x3e, this.at)
    const text = latin1(this.bytes.subarray(this.at + 1, end < 0 ? this.at + 1 : end))
    if (end < 0 || !/^(?:[0-9A-Fa-f]{2})*$/.test(text)) throw this.fail('has a string that is not hexadecimal')
    this.at = end + 1
    return (text.match(/../g) ?? []).map((pair) => String.fromCharCode(Number.parseInt(pair, 16))).join('')
  }

  /** Bytes of a string, as latin1. */
  #string(): string {
    let text = ''
    for (this.at += 1; ; this.at++) {
      const byte = this.bytes[this.at]
      if (byte === undefined || byte === 0x28) throw this.fail('has a string that does not end')
      if (byte === 0x29) break
      if (byte !== 0x5c) text += String.fromCharCode(byte)
      else text += this.#escaped()
    }
    this.at += 1
    return text
  }

  #escaped(): string {
    const byte = this.bytes[++this.at]
    const known = escapes.get(byte ?? 0)
    if (known === undefined) throw this.fail('has an escape that ours have not')
    return known
  }
}

const escapes: ReadonlyMap<number, string> = new Map([
  [0x6e, '\n'],
  [0x72, '\r'],
  [0x74, '\t'],
  [0x62, '\b'],
  [0x66, '\f'],
  [0x28, '('],
  [0x29, ')'],
  [0x5c, '\\'],
])

const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= 0x30 && byte <= 0x39
const isSpace = (byte: number | undefined): boolean => byte === 0x20 || byte === 0x0a
/** Neither space nor delimiter. */
const isRegular = (byte: number | undefined): boolean =>
  byte !== undefined && byte > 0x20 && byte < 0x7f && !'()<>[]{}/%'.includes(String.fromCharCode(byte))

/** One object, from `N 0 obj` to `endobj`. Throws `certificate-malformed`. */
function readObject(scanner: Scanner): PdfObject {
  const offset = scanner.at
  const id = scanner.integer()
  scanner.take(' 0 obj\n')
  const from = scanner.at
  const value = scanner.value()
  const to = scanner.at
  scanner.take('\n')
  let stream: Uint8Array | undefined
  if (scanner.starts('stream\n')) {
    scanner.take('stream\n')
    const length = isDict(value) ? value.get('Length') : undefined
    if (typeof length !== 'number' || scanner.at + length > scanner.bytes.length)
      throw scanner.fail('has a stream without its length')
    stream = scanner.bytes.subarray(scanner.at, scanner.at + length)
    scanner.at += length
    scanner.take('\nendstream\n')
  }
  scanner.take('endobj\n')
  return { id, offset, value, from, to, stream }
}

/** A file of ours, up to its first end. */
export interface PdfFile {
  readonly objects: ReadonlyMap<number, PdfObject>
  readonly trailer: Dict
  /** Where the cross-reference table begins. */
  readonly xref: number
  /** Length of all that was written at first: up to the end of its `%%EOF` line. */
  readonly length: number
}

/** Reads a file that begins with `head`. Throws `certificate-malformed`. */
export function readPdf(bytes: Uint8Array, head: string): PdfFile {
  if (bytes.length > maxCertificateBytes) throw malformed(`is longer than ${maxCertificateBytes} bytes`, 0)
  const scanner = new Scanner(bytes, 0)
  scanner.take(head)
  const objects = new Map<number, PdfObject>()
  while (!scanner.starts('xref\n')) {
    const object = readObject(scanner)
    if (objects.has(object.id) || objects.size >= maxObjects) throw scanner.fail(`has object ${object.id} twice`)
    objects.set(object.id, object)
  }
  const xref = scanner.at
  requireTable(scanner, objects)
  scanner.take('trailer\n')
  const trailer = scanner.value()
  scanner.take(`\nstartxref\n${xref}\n%%EOF\n`)
  if (!isDict(trailer) || trailer.get('Size') !== objects.size + 1) throw scanner.fail('has a trailer of another size')
  return { objects, trailer, xref, length: scanner.at }
}

/** The table names every object where it is, and nothing else. */
function requireTable(scanner: Scanner, objects: ReadonlyMap<number, PdfObject>): void {
  scanner.take(`xref\n0 ${objects.size + 1}\n0000000000 65535 f \n`)
  for (let id = 1; id <= objects.size; id++) {
    const offset = objects.get(id)?.offset
    if (offset === undefined) throw scanner.fail(`has no object ${id}`)
    scanner.take(`${String(offset).padStart(10, '0')} 00000 n \n`)
  }
}
