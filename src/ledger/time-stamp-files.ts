import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { parseDecimal } from '../core/index.ts'
import { fileBounds, readBounded } from '../node/index.ts'
import { writeDurably } from './durable-file.ts'

const ending = '.time-stamps'

/**
 * Time-stamp records beside the database, one file for each stamped checkpoint, named by its size. What is in them is not the
 * ledger's to know; each is there as a whole or not at all.
 */
export class TimeStampFiles {
  private readonly folder: string

  constructor(folder: string) {
    this.folder = folder
  }

  /** Sizes of the checkpoints that have a record, ascending. */
  sizes(): number[] {
    if (!existsSync(this.folder)) return []
    const names = readdirSync(this.folder).filter((name) => name.endsWith(ending))
    const sizes = names.map((name) => parseDecimal(name.slice(0, -ending.length)))
    return sizes.filter((size) => size !== undefined).toSorted((a, b) => a - b)
  }

  /** Bytes of a record, or undefined where there is none. */
  read(size: number): Uint8Array | undefined {
    const path = this.path(size)
    return existsSync(path) ? new Uint8Array(readBounded(path, fileBounds.large)) : undefined
  }

  /** When a record was written last, milliseconds since 1970; undefined where there is none. */
  writtenMs(size: number): number | undefined {
    return statSync(this.path(size), { throwIfNoEntry: false })?.mtimeMs
  }

  /** Writes a record, in the place of an earlier state of it. */
  write(size: number, bytes: Uint8Array): void {
    writeDurably(this.path(size), bytes)
  }

  private path(size: number): string {
    return join(this.folder, `${size}${ending}`)
  }
}
