import { rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { z } from 'zod'
import { EvidenceError } from '../core/errors.ts'
import { defined } from '../core/objects.ts'
import { timeText } from '../core/time.ts'
import { fileBounds, readTextIfThere } from '../node/bounded-file.ts'
import type { DataFolder } from './data-folder.ts'
import { syncFolder, writeDurably } from '../node/durable-file.ts'

/*
 * Why a data folder may not sign (docs/design/backup-and-follow.md). An ordinary ledger has no such file. It is written and
 * synced before the fact that it guards is declared, and removed by an operator's explicit word alone.
 */
const schema = z.strictObject({
  standing: z.enum(['moved', 'restored', 'follows']),
  /** Where it went, what it was restored from, whom it follows. */
  of: z.string(),
  /** The id of the move, which its final backup has as well; of a moved folder alone. */
  move: z.string().optional(),
  /** When the file was written, ISO 8601. */
  since: z.string(),
})
export type SigningState = z.infer<typeof schema>

/** Reads the marker; undefined where the folder may sign. Anything else that has its name forbids. Throws `config-invalid`. */
export function readSigningState({ signingState: where }: DataFolder): SigningState | undefined {
  try {
    const text = readTextIfThere(where, fileBounds.small)
    return text === undefined ? undefined : schema.parse(JSON.parse(text))
  } catch (cause) {
    const message = `${where}, which says why this folder may not sign, cannot be read`
    throw new EvidenceError('config-invalid', message, { where }, { cause })
  }
}

/** Makes the folder one that does not sign: durable when this returns. */
export function writeSigningState(
  folder: DataFolder,
  standing: SigningState['standing'],
  of: string,
  move?: string,
): void {
  const marker: SigningState = { standing, of, ...defined({ move }), since: timeText(Date.now()) }
  writeDurably(folder.signingState, `${JSON.stringify(marker, null, 2)}\n`)
}

/** Lets the folder sign from now on: the operator's word, durable when this returns. */
export function clearSigningState(folder: DataFolder): void {
  rmSync(folder.signingState, { force: true })
  syncFolder(dirname(folder.signingState))
}

/** Throws `ledger-moved`, `ledger-standby`, `config-invalid` where the folder may not sign. */
export function requireMaySign(folder: DataFolder): void {
  const marker = readSigningState(folder)
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
