import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { timeText } from '../../src/core/time.ts'
import { version } from '../version.ts'
import { when } from './when.ts'

/** What checked, and when: a report is worth as much as the program that made it. */
export interface Checker {
  readonly version: string
  /** The one file that the checker is, with its SHA-256; undefined where it runs out of many. */
  readonly program?: { readonly name: string; readonly sha256: string }
  /** When it ran, by this machine's clock. */
  readonly at: string
}

export function thisChecker(nowMs: number = Date.now()): Checker {
  const path = fileURLToPath(import.meta.url)
  const program = { name: basename(path), sha256: createHash('sha256').update(readFileSync(path)).digest('hex') }
  return { version, ...(path.endsWith('.mjs') ? { program } : {}), at: timeText(nowMs) }
}

/** What checked, and when, on one line. */
export function checkerLine({ version: number, program, at }: Checker): string {
  const digest = program === undefined ? '' : ` (${program.name}, SHA-256 ${program.sha256})`
  return `checked by evidence ${number}${digest} at ${when(at)} by this machine’s clock`
}
