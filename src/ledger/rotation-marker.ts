import { rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { z } from 'zod'
import type { NoteSigner } from '../core/checkpoint.ts'
import { EvidenceError } from '../core/errors.ts'
import type { VerifierKey } from '../core/note.ts'
import { fileBounds, readTextIfThere } from '../node/bounded-file.ts'
import type { DataFolder } from './data-folder.ts'
import { syncFolder, writeDurably } from '../node/durable-file.ts'

/** Two keys of one ledger while the first hands over to the second. */
export interface Handover {
  /** The key that is being replaced. */
  readonly from: VerifierKey
  /** The key that is being replaced, where the ledger still has it: it signs the checkpoint of its rotation, its last. */
  readonly outgoing?: NoteSigner
}

/** What a rotation that was cut off needs to go on: written before anything is sequenced, removed when all is done. */
const markerSchema = z.strictObject({
  /** vkeys. */
  from: z.string(),
  to: z.string(),
  /** The signed statement, as it was sent. */
  statement: z.string(),
  /** vkey of the second key after the rotation; none where the ledger has none. */
  second: z.string().optional(),
})
export type RotationMarker = z.infer<typeof markerSchema>

/** The rotation that is under way, if any. Throws `config-invalid`. */
export function readRotation({ rotation }: Pick<DataFolder, 'rotation'>): RotationMarker | undefined {
  try {
    const text = readTextIfThere(rotation, fileBounds.small)
    return text === undefined ? undefined : markerSchema.parse(JSON.parse(text))
  } catch (cause) {
    throw new EvidenceError('config-invalid', `${rotation} cannot be read`, { where: rotation }, { cause })
  }
}

export function writeRotation({ rotation }: DataFolder, marker: RotationMarker): void {
  writeDurably(rotation, `${JSON.stringify(marker, null, 2)}\n`)
}

export function clearRotation({ rotation }: DataFolder): void {
  rmSync(rotation, { force: true })
  syncFolder(dirname(rotation))
}

/** Throws `rotation-unfinished` where a rotation was cut off: which key signs next is not settled in this folder. */
export function requireNotRotating(folder: DataFolder): void {
  if (readRotation(folder) === undefined) return
  throw new EvidenceError('rotation-unfinished', `a rotation of the ledger’s key in ${folder.root} was cut off`, {
    where: folder.rotation,
  })
}
