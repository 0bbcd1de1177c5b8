import { rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { z } from 'zod'
import { EvidenceError } from '../core/errors.ts'
import { defined } from '../core/objects.ts'
import { timeText } from '../core/time.ts'
import { fileBounds, readBoundedText } from '../node/bounded-file.ts'
import type { DataFolder } from './data-folder.ts'
import { syncFolder, writeDurably } from '../node/durable-file.ts'

/*
 * Why a data folder may not sign (docs/design/backup-and-follow.md). An ordinary ledger has no such file. It is written and
 * synced before the fact that it guards is declared, and removed by an operator's explicit word alone.
 */
const standingSchema = z.strictObject({
  standing: z.enum(['moved', 'restored', 'follows']),
  /** Where it went, what it was restored from, whom it follows. */
  of: z.string(),
  /** The id of the move, which its final backup has as well; of a moved folder alone. */
  move: z.string().optional(),
  /** When the file was written, ISO 8601. */
  since: z.string(),
})
export type Standing = z.infer<typeof standingSchema>

/** Reads the marker; undefined where the folder may sign. An unreadable one forbids. Throws `config-invalid`. */
export function readStanding(folder: DataFolder): Standing | undefined {
  let text: string
  try {
    text = readBoundedText(folder.standing, fileBounds.small)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw unreadable(folder, cause)
  }
  try {
    return standingSchema.parse(JSON.parse(text))
  } catch (cause) {
    throw unreadable(folder, cause)
  }
}

function unreadable({ standing }: DataFolder, cause: unknown): EvidenceError {
  const message = `${standing}, which says why this folder may not sign, cannot be read`
  return new EvidenceError('config-invalid', message, { where: standing }, { cause })
}

/** Makes the folder one that does not sign: durable when this returns. */
export function writeStanding(folder: DataFolder, standing: Standing['standing'], of: string, move?: string): void {
  const marker: Standing = { standing, of, ...defined({ move }), since: timeText(Date.now()) }
  writeDurably(folder.standing, `${JSON.stringify(marker, null, 2)}\n`)
}

/** Lets the folder sign from now on: the operator's word, durable when this returns. */
export function clearStanding(folder: DataFolder): void {
  rmSync(folder.standing, { force: true })
  syncFolder(dirname(folder.standing))
}

/** Throws `ledger-moved`, `ledger-standby`, `config-invalid` where the folder may not sign. */
export function requireMaySign(folder: DataFolder): void {
  const marker = readStanding(folder)
  if (marker === undefined) return
  const { standing, of, since } = marker
  const where = folder.root
  if (standing === 'moved') {
    throw new EvidenceError(
      'ledger-moved',
      `this ledger was moved to ${of} at ${since}; the copy in ${where} stays shut`,
      {
        where,
      },
    )
  }
  const why = standing === 'follows' ? `follows ${of}` : `was restored from ${of}, whose original may be alive`
  throw new EvidenceError('ledger-standby', `the ledger in ${where} ${why}, and does not sign`, { where })
}
