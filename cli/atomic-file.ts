import { existsSync, rmSync } from 'node:fs'

export { writeDurably } from '../src/ledger/durable-file.ts'

/** Removes a file that has served. */
export function removeFile(path: string): void {
  if (existsSync(path)) rmSync(path)
}
