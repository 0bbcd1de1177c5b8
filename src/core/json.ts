import { fromUtf8 } from './bytes.ts'
import { EvidenceError } from './errors.ts'

export type JsonValue = null | boolean | number | string | JsonValue[] | JsonObject
export interface JsonObject {
  [member: string]: JsonValue
}

/** Deepest nesting; the top array or object is 1. */
export const maxJsonDepth = 16

const tab = 9
const lineFeed = 10
const carriageReturn = 13
const space = 32
const quote = 34
const backslash = 92

/**
 * Parses JSON as docs/spec/01-primitives.md has it: UTF-8 without BOM, I-JSON (RFC 7493), integers only, depth at most
 * 16. Strict where `JSON.parse` is not: duplicate members (after unescaping), unpaired surrogates, noncharacters and
 * U+0000 in strings are refused, and so is every number token but `0|-?[1-9][0-9]*` within ±(2^53-1).
 *
 * Throws `utf8-malformed`, `json-malformed`, `json-duplicate-member`, `json-number`, `json-string`, `json-depth`; `where`
 * is the character offset.
 */
export function parseJson(bytes: Uint8Array, what = 'JSON'): JsonValue {
  return parseJsonText(fromUtf8(bytes, what), what)
}

/**
 * Parses JSON by the rules of {@link parseJson} out of a text without unpaired surrogates. Throws `json-malformed`,
 * `json-duplicate-member`, `json-number`, `json-string`, `json-depth`; `where` is the character offset.
 */
export function parseJsonText(text: string, what = 'JSON'): JsonValue {
  const isPlain = plainText.test(text)
  return (isPlain ? readCanonical(text) : undefined) ?? new Parser(text, what, isPlain).document()
}

/** No escape, control character, surrogate or noncharacter anywhere: then a string ends at the next quotation mark. */
const plainText = /^[ !#-[\]-\ud7ff\ue000-\ufdcf\ufdf0-\ufffd"]*$/

/** What may stand before a number; one with an exponent is the only number that can be shorter than its plain spelling. */
const maybeExponent = /(?:^|[:,[ ])-?[0-9][0-9.]*[eE]/

/**
 * Reads a plain text that is as long as its value written plainly, which nothing ambiguous is: a repeated member, a space, a
 * fraction, a minus before zero only make it longer. Undefined for anything else, null among it: then the parser judges.
 */
function readCanonical(text: string): JsonValue | undefined {
  if (maybeExponent.test(text)) return undefined
  try {
    const value = JSON.parse(text) as JsonValue
    return plainLength(value, maxJsonDepth) === text.length ? value : undefined
  } catch {
    return undefined
  }
}

/**
 * Characters of a value written without white space and escapes; NaN where it has more than `depth` arrays and objects within
 * each other, or a number that is no safe integer.
 */
function plainLength(value: JsonValue, depth: number): number {
  if (typeof value === 'string') return value.length + 2
  if (typeof value === 'number') return Number.isSafeInteger(value) ? String(value).length : Number.NaN
  if (typeof value !== 'object' || value === null) return value === false ? 5 : 4
  if (depth === 0) return Number.NaN
  // Two brackets, and a comma before each but the first.
  let length = 1
  if (Array.isArray(value)) {
    for (const inner of value) length += 1 + plainLength(inner, depth - 1)
    return Math.max(2, length)
  }
  for (const name in value) length += name.length + 4 + plainLength(value[name] as JsonValue, depth - 1)
  return Math.max(2, length)
}

class Parser {
  private at = 0
  private readonly text: string
  private readonly what: string
  private readonly isPlain: boolean
  constructor(text: string, what: string, isPlain: boolean) {
    this.text = text
    this.what = what
    this.isPlain = isPlain
  }

  document(): JsonValue {
    if (this.text.charCodeAt(0) === 0xfeff) this.fail('utf8-malformed', 'starts with a byte order mark')
    this.skipSpace()
    const value = this.value(0)
    this.skipSpace()
    if (this.at < this.text.length) this.fail('json-malformed', 'goes on after its end')
    return value
  }

  private fail(
    code: 'utf8-malformed' | 'json-malformed' | 'json-duplicate-member' | 'json-number' | 'json-string' | 'json-depth',
    why: string,
  ): never {
    throw new EvidenceError(code, `the ${this.what} ${why}`, { where: `character ${this.at}` })
  }

  private skipSpace(): void {
    for (;;) {
      const unit = this.text.charCodeAt(this.at)
      if (unit !== space && unit !== lineFeed && unit !== carriageReturn && unit !== tab) return
      this.at++
    }
  }

  private value(depth: number): JsonValue {
    const first = this.text[this.at]
    switch (first) {
      case '"':
        return this.string()
      case '{':
        return this.object(depth + 1)
      case '[':
        return this.array(depth + 1)
      case 't':
        return this.word('true', true)
      case 'f':
        return this.word('false', false)
      case 'n':
        return this.word('null', null)
      case undefined:
        return this.fail('json-malformed', 'ends too early')
      default:
        return this.number()
    }
  }

  private word<T extends JsonValue>(word: string, value: T): T {
    if (!this.text.startsWith(word, this.at)) this.fail('json-malformed', 'has an unknown word')
    this.at += word.length
    return value
  }

  private number(): number {
    const token = /[-+.0-9eE]*/y
    token.lastIndex = this.at
    const spelled = (token.exec(this.text) as RegExpExecArray)[0]
    if (spelled === '') this.fail('json-malformed', 'has an unexpected character')
    if (!/^(?:0|-?[1-9][0-9]{0,15})$/.test(spelled)) {
      this.fail('json-number', `has the number ${spelled.slice(0, 24)}, which is not a plain integer within ±(2^53-1)`)
    }
    const value = Number(spelled)
    if (!Number.isSafeInteger(value)) this.fail('json-number', `has the number ${spelled}, beyond ±(2^53-1)`)
    this.at += spelled.length
    return value
  }

  private string(): string {
    const { text } = this
    if (this.isPlain) {
      const end = text.indexOf('"', this.at + 1)
      if (end > 0) {
        const plain = text.slice(this.at + 1, end)
        this.at = end + 1
        return plain
      }
    }
    let out = ''
    let from = ++this.at
    for (;;) {
      const unit = text.charCodeAt(this.at)
      if (unit === quote) {
        out += text.slice(from, this.at++)
        return out
      }
      if (unit === backslash) {
        out += text.slice(from, this.at) + this.escape()
        from = this.at
      } else if (unit < space || Number.isNaN(unit)) {
        this.fail('json-malformed', Number.isNaN(unit) ? 'ends within a string' : 'has a raw control character')
      } else if (unit >= 0xd800 && isHighUnit(unit)) {
        this.at += this.checkWide(text.codePointAt(this.at) as number)
      } else this.at++
    }
  }

  /** Judges a code point of U+D800 upward; gives its length in code units. */
  private checkWide(point: number): number {
    if (point <= 0xdfff) this.fail('json-string', 'has an unpaired surrogate')
    if ((point & 0xfffe) === 0xfffe || (point >= 0xfdd0 && point <= 0xfdef)) {
      this.fail('json-string', `has the noncharacter U+${point.toString(16).toUpperCase()}`)
    }
    return point > 0xffff ? 2 : 1
  }

  private escape(): string {
    const simple = escapes[this.text[this.at + 1] as string]
    if (simple !== undefined) {
      this.at += 2
      return simple
    }
    let point = this.hexUnit()
    if (point === 0) this.fail('json-string', 'has U+0000')
    if (point >= 0xd800 && point <= 0xdbff) {
      const low = this.text.startsWith('\\u', this.at) ? this.hexUnit() : 0
      if (low < 0xdc00 || low > 0xdfff) this.fail('json-string', 'has an unpaired surrogate')
      point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00)
    }
    if (point >= 0xd800) this.checkWide(point)
    return String.fromCodePoint(point)
  }

  private hexUnit(): number {
    const digits = this.text.slice(this.at + 2, this.at + 6)
    if (this.text[this.at + 1] !== 'u' || !/^[0-9a-fA-F]{4}$/.test(digits)) {
      this.fail('json-malformed', 'has an unknown escape')
    }
    this.at += 6
    return Number.parseInt(digits, 16)
  }

  private enter(depth: number): void {
    if (depth > maxJsonDepth) this.fail('json-depth', `nests deeper than ${maxJsonDepth}`)
    this.at++
    this.skipSpace()
  }

  /** After an element: true to go on after a comma, false at the closing character. */
  private another(close: string): boolean {
    this.skipSpace()
    const unit = this.text[this.at]
    if (unit !== ',' && unit !== close) this.fail('json-malformed', `lacks a comma or ${close}`)
    this.at++
    if (unit === close) return false
    this.skipSpace()
    return true
  }

  private array(depth: number): JsonValue[] {
    this.enter(depth)
    const out: JsonValue[] = []
    if (this.text[this.at] === ']') {
      this.at++
      return out
    }
    do out.push(this.value(depth))
    while (this.another(']'))
    return out
  }

  private object(depth: number): JsonObject {
    this.enter(depth)
    const out: JsonObject = {}
    if (this.text[this.at] === '}') {
      this.at++
      return out
    }
    do {
      if (this.text[this.at] !== '"') this.fail('json-malformed', 'lacks a member name')
      const name = this.string()
      if (Object.hasOwn(out, name)) this.fail('json-duplicate-member', `names the member ${JSON.stringify(name)} twice`)
      this.skipSpace()
      if (this.text[this.at] !== ':') this.fail('json-malformed', 'lacks a colon')
      this.at++
      this.skipSpace()
      const value = this.value(depth)
      // Plain assignment to __proto__ would set the prototype, and hide the member.
      if (name === '__proto__')
        Object.defineProperty(out, name, { value, enumerable: true, writable: true, configurable: true })
      else out[name] = value
    } while (this.another('}'))
    return out
  }
}

/** Surrogates, the noncharacters U+FDD0 to U+FDEF, and U+FFFE, U+FFFF. */
function isHighUnit(unit: number): boolean {
  return unit <= 0xdfff || (unit >= 0xfdd0 && unit <= 0xfdef) || unit >= 0xfffe
}

const escapes: Record<string, string> = {
  __proto__: null as never,
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
}

/** The value as an object. Throws `json-malformed`. */
export function requireObject(value: JsonValue, what: string): JsonObject {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw new EvidenceError('json-malformed', `the ${what} is not a JSON object`)
  }
  return value
}
