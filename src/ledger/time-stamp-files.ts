import { createHash } from 'node:crypto'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { parseDecimal } from '../core/bytes.ts'
import { EvidenceError } from '../core/errors.ts'
import { fileBounds, isNameFree, readIfThere } from '../node/bounded-file.ts'
import { writeDurably } from '../node/durable-file.ts'

const ending = '.time-stamps'
const digestEnding = '.sha256'

/**
 * Time-stamp records beside the database, one file for each stamped checkpoint, named by its size. What is in them is not the
 * ledger's to know; each is there as a whole or not at all. Beside each lies the SHA-256 of what was written, in hexadecimal: while it is
 * written two lines, of the state before and of the new one.
 */
export class TimeStampFiles {
  private readonly folder: string

  constructor(folder: string) {
    this.folder = folder
  }

  /** Sizes of the checkpoints that have a record, ascending. */
  sizes(): number[] {
    if (isNameFree(this.folder)) return []
    const names = readdirSync(this.folder).filter((name) => name.endsWith(ending))
    const sizes = names.map((name) => parseDecimal(name.slice(0, -ending.length)))
    return sizes.filter((size) => size !== undefined).toSorted((a, b) => a - b)
  }

  /** Bytes of a record, or undefined where there is none. Throws `storage-damaged` where they are not those that were written. */
  read(size: number): Uint8Array | undefined {
    const path = this.path(size)
    const bytes = readIfThere(path, fileBounds.large)
    if (bytes === undefined) return undefined
    if (this.digests(size).includes(digestOf(bytes))) return new Uint8Array(bytes)
    const why = `the stored time-stamp record of size ${size} is damaged: put a sound copy of ${path} and of its ${digestEnding} in its place`
    throw new EvidenceError('storage-damaged', why, { where: path })
  }

  /** When a record was written last, milliseconds since 1970; undefined where there is none. */
  writtenMs(size: number): number | undefined {
    return statSync(this.path(size), { throwIfNoEntry: false })?.mtimeMs
  }

  /** Writes a record, in the place of an earlier state of it. */
  write(size: number, bytes: Uint8Array): void {
    const digest = digestOf(bytes)
    const before = this.digests(size)
    writeDurably(this.digestPath(size), [...before, digest].map((one) => `${one}\n`).join(''))
    writeDurably(this.path(size), bytes)
    if (before.length > 0) writeDurably(this.digestPath(size), `${digest}\n`)
  }

  private digests(size: number): string[] {
    const text = readIfThere(this.digestPath(size), fileBounds.small)?.toString('latin1') ?? ''
    return text.split('\n').filter((line) => line !== '')
  }

  private digestPath(size: number): string {
    return join(this.folder, `${size}${digestEnding}`)
  }

  private path(size: number): string {
    return join(this.folder, `${size}${ending}`)
  }
}

function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
