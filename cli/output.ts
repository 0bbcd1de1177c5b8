import { EvidenceError, isEvidenceError } from '../src/core/index.ts'

/** Where a command writes: text for people, or one JSON document for programs. */
export class Output {
  readonly isJson: boolean
  constructor(isJson: boolean) {
    this.isJson = isJson
  }

  /** The result: `lines` as text, or `document` as JSON. */
  result(document: unknown, lines: readonly string[]): void {
    process.stdout.write(
      this.isJson ? `${JSON.stringify(document, null, 2)}\n` : lines.map((line) => `${line}\n`).join(''),
    )
  }

  /** A word beside the result, for people alone; never in a pipe's data. */
  note(line: string): void {
    if (!this.isJson) process.stderr.write(`${line}\n`)
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
    process.stderr.write(`evidence: ${error.code}: ${error.message}${detail}. ${error.kind.action}\n`)
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
