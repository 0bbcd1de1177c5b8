import { readFileSync, writeFileSync } from 'node:fs'
import { expect } from 'vitest'
import { python } from './python.ts'

/** What the Python verifier prints with --json. */
export interface PythonDocument {
  readonly ok: boolean
  readonly exit: number
  readonly faults: readonly { readonly code: string; readonly index?: number }[]
  readonly notJudged: readonly { readonly code: string }[]
}

/** Runs the Python verifier, and holds its exit code to its document. */
export function verifier(args: readonly string[]): PythonDocument {
  const result = python('evidence_verify.py', [...args, '--json'])
  const document = result.json<PythonDocument>()
  expect({ code: result.code, stderr: result.stderr }).toEqual({ code: document.exit, stderr: '' })
  return document
}

/** Exit code and codes of all faults, each once. */
export function verdict(args: readonly string[]): readonly [number, ...string[]] {
  const { exit, faults } = verifier(args)
  return [exit, ...new Set(faults.map(({ code }) => code))]
}

/** Changes one byte of a file where some text stands, runs something, and puts the file back. */
export function withByteChanged<T>(file: string, text: string | Uint8Array, offset: number, run: () => T): T {
  const bytes = readFileSync(file)
  const at = bytes.indexOf(text)
  if (at < 0) throw new Error(`${file} does not hold what is to be changed`)
  const changed = Buffer.from(bytes)
  changed[at + offset] = (changed[at + offset] as number) ^ 1
  writeFileSync(file, changed)
  try {
    return run()
  } finally {
    writeFileSync(file, bytes)
  }
}
