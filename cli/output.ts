import { EvidenceError, isEvidenceError } from '../src/core/index.ts'

/**
 * Text from outside, safe on a terminal and on one line: control characters, line separators and characters that turn the
 * direction of writing are spelled out, or a sealed note could paint "no fault found".
 */
export function plain(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, (character) => {
    return `\\u{${(character.codePointAt(0) as number).toString(16)}}`
  })
}

/** The same for what a command laid out itself, in lines and columns. */
function plainLines(text: string): string {
  return text.replace(/[^\n\t]+/g, plain)
}

/** Where a command writes: text for people, or one JSON document for programs. */
export class Output {
  readonly isJson: boolean
  constructor(isJson: boolean) {
    this.isJson = isJson
  }

  /** The result: `lines` as text, or `document` as JSON. */
  result(document: unknown, lines: readonly string[]): void {
    process.stdout.write(
      this.isJson ? `${JSON.stringify(document, null, 2)}\n` : lines.map((line) => `${plainLines(line)}\n`).join(''),
    )
  }

  /** One of many results, as they come: a line of text, or of JSON. */
  line(document: unknown, line: string): void {
    process.stdout.write(this.isJson ? `${JSON.stringify(document)}\n` : `${plain(line)}\n`)
  }

  /** A word beside the result, for people alone; never in a pipe's data. */
  note(line: string): void {
    if (!this.isJson) process.stderr.write(`${plainLines(line)}\n`)
  }

  /** A refusal: one line, or a document; never a stack trace. */
  error(error: EvidenceError): void {
    const { where, expected, found, index } = error.facts
    if (this.isJson) {
      const facts = { where, expected, found, index }
      process.stdout.write(
        `${JSON.stringify({ error: { code: error.code, message: error.message, action: error.kind.action, ...facts } }, null, 2)}\n`,
      )
      return
    }
    const detail =
      expected === undefined && found === undefined ? '' : ` (expected ${expected ?? '-'}, found ${found ?? '-'})`
    process.stderr.write(`${plain(`evidence: ${error.code}: ${error.message}${detail}. ${error.kind.action}`)}\n`)
  }
}

/** Any error as one of ours; a fault of our own keeps its cause for EVIDENCE_DEBUG alone. */
export function asEvidenceError(error: unknown): EvidenceError {
  if (isEvidenceError(error)) return error
  const { code, path, message } = error as NodeJS.ErrnoException
  if (code === 'ENOSPC')
    return new EvidenceError('disk-full', 'there is no space left on the disk', {}, { cause: error })
  if (typeof code === 'string' && /^E[A-Z]+$/.test(code)) {
    return new EvidenceError(
      'file-unreadable',
      path === undefined ? message : `${path}: ${message}`,
      {},
      { cause: error },
    )
  }
  return new EvidenceError(
    'internal-error',
    `a fault of this program: ${message ?? String(error)}`,
    {},
    { cause: error },
  )
}

/** `1234567` as `1,234,567`. */
export function count(n: number): string {
  return n.toLocaleString('en-US')
}

/** Bytes for people. */
export function bytesText(n: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB']
  let value = n
  let unit = 0
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit++
  }
  return unit === 0 ? `${n} bytes` : `${value.toFixed(1)} ${units[unit]}`
}
