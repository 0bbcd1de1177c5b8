import { rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { z } from 'zod'
import { EvidenceError } from '../core/errors.ts'
import { timeText } from '../core/time.ts'
import { fileBounds, readTextIfThere } from '../node/bounded-file.ts'
import { syncFolder, writeDurably } from '../node/durable-file.ts'
import type { DataFolder } from './data-folder.ts'

/*
 * That a folder is a copy which took the place of its original, and may be older than orders to erase (docs/design/erasure.md): until its operator says that it has
 * caught up with them, no sealed claim of it is shown. It is written before the folder is whole, and removed by that word alone.
 */
const schema = z.strictObject({
  /** What it was restored from, or followed. */
  of: z.string(),
  /** Entries that it had then: orders after them may be missing. */
  size: z.int().min(0),
  since: z.string(),
})
export type ClaimsShut = z.infer<typeof schema>

/** Reads the marker; undefined where claims are shown. Throws `config-invalid`. */
export function readClaimsShut({ claimsShut: where }: DataFolder): ClaimsShut | undefined {
  try {
    const text = readTextIfThere(where, fileBounds.small)
    return text === undefined ? undefined : schema.parse(JSON.parse(text))
  } catch (cause) {
    const message = `${where}, which says that sealed claims are not shown, cannot be read`
    throw new EvidenceError('config-invalid', message, { where }, { cause })
  }
}

/** Shuts the claims of a folder with so many entries: durable when this returns. */
export function shutClaims(folder: DataFolder, of: string, size: number): void {
  const marker: ClaimsShut = { of, size, since: timeText(Date.now()) }
  writeDurably(folder.claimsShut, `${JSON.stringify(marker, null, 2)}\n`)
}

/** Shows claims from the next start on: the operator's word, durable when this returns. Gives what the marker said; undefined where there is none. */
export function openClaims(folder: DataFolder): ClaimsShut | undefined {
  const was = readClaimsShut(folder)
  rmSync(folder.claimsShut, { force: true })
  syncFolder(dirname(folder.claimsShut))
  return was
}

/** Why no sealed claim is read of a folder. */
export function claimsAreShut({ of, size, since }: ClaimsShut): EvidenceError {
  const message = `sealed claims are not shown: the ledger is a copy of ${of} that took its place at ${since}, and orders to erase after its ${size} entries may be missing`
  return new EvidenceError('claims-shut', message)
}

/** Why no sealed claim is read of a folder that lacks terms of rules of access. */
export function termsAreMissing(lacking: readonly number[]): EvidenceError {
  const [first] = lacking
  const more = lacking.length > 1 ? ` and ${lacking.length - 1} more` : ''
  const message = `sealed claims are not shown, and none are erased: the terms of the rule of access in entry ${first}${more} are missing, and nothing erased them, so that a seal or a hold may be lost; bring them back from a copy, or say that they are gone by "evidence ledger erase ${first} --claim terms"`
  return new EvidenceError('database-thinned', message, { index: first as number })
}
