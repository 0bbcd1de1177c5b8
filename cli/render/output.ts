import { type ErrorCode, EvidenceError, isEvidenceError } from '../../src/core/errors.ts'
import { visible, withVisibleBytes } from '../../src/core/text.ts'
import { writeErr, writeOut } from './standard-output.ts'
import { coloured, showsColour, type Toned } from './tone.ts'

/**
 * One line of a result: a text, with or without a tone, or cells of a table, which are joined by tabs. Whatever it holds, it is printed
 * as one line: line feeds, controls and invisible characters within it are shown as `visible` shows them.
 */
export type Line = string | Toned | readonly string[]

function lineText(line: Line): string {
  if (typeof line === 'string') return `${visible(line)}\n`
  if (!('tone' in line)) return `${line.map(visible).join('\t')}\n`
  return `${showsColour() ? coloured(line.tone, visible(line.text)) : visible(line.text)}\n`
}

/** What stands before an @ in the address of a server is for that server alone, whatever message repeats the address. */
function withoutPasswords(text: string): string {
  return text.replace(/(https?:\/\/)[^\s/?#"]*@/gi, (_, scheme: string) => `${scheme}…@`)
}

/**
 * A document as JSON. Characters that could disturb a terminal or hide are escaped, which JSON reads as the same text; a byte of a
 * name that is not UTF-8, which JSON has no text for, is written as `\\x{hex}`.
 */
function jsonText(document: unknown, indent?: number): string {
  return JSON.stringify(document, bytesShown, indent).replace(
    /[\p{Cf}\u007f-\u00a0\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu,
    (character) => character.split('').map(escapeUnit).join(''),
  )
}

function bytesShown(_name: string, value: unknown): unknown {
  return typeof value === 'string' ? withVisibleBytes(value) : value
}

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
}

/** Where a command writes: text for people, or one JSON document for programs. */
export class Output {
  readonly isJson: boolean
  constructor(isJson: boolean) {
    this.isJson = isJson
  }

  /** The result: `lines` as text, or `document` as JSON. */
  result(document: unknown, lines: readonly Line[]): void {
    writeOut(this.isJson ? `${jsonText(document, 2)}\n` : lines.map(lineText).join(''))
  }

  /** One of many results, as they come: a line of text, or a document on a line of JSON. */
  line(document: unknown, line: Line): void {
    writeOut(this.isJson ? `${jsonText(document)}\n` : lineText(line))
  }

  /** A line for people beside the result, on standard error; none with --json. */
  note(line: Line): void {
    if (!this.isJson) writeErr(withoutPasswords(lineText(line)))
  }

  /** A refusal: one line, or a document; never a stack trace. `action` says what to do where more is known than its code tells. */
  error(error: EvidenceError, action: string = error.kind.action): void {
    const { where, expected, found, index } = error.facts
    if (this.isJson) {
      const facts = { where, expected, found, index }
      const { code, message } = error
      const help = `docs/errors.md#${code}`
      writeOut(withoutPasswords(`${jsonText({ error: { code, message, action, help, ...facts } }, 2)}\n`))
      return
    }
    const detail =
      expected === undefined && found === undefined ? '' : ` (expected ${expected ?? '-'}, found ${found ?? '-'})`
    const text = `evidence: ${error.code}: ${error.message}${detail}. ${action} (docs/errors.md#${error.code})`
    writeErr(withoutPasswords(lineText(text)))
  }
}

/** Any error as one of ours; a fault of our own keeps its cause for EVIDENCE_DEBUG alone. */
export function asEvidenceError(error: unknown): EvidenceError {
  if (isEvidenceError(error)) return error
  const { code, path, message } = error as NodeJS.ErrnoException
  const caused = (as: ErrorCode, text: string): EvidenceError => new EvidenceError(as, text, {}, { cause: error })
  if (code === 'ENOSPC') return caused('disk-full', 'there is no space left on the disk')
  if (typeof code === 'string' && /^E[A-Z]+$/.test(code))
    return caused('file-unreadable', path === undefined ? message : `${path}: ${message}`)
  return caused('internal-error', `a fault of this program: ${message ?? String(error)}`)
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
