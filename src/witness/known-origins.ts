import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { EvidenceError } from '../core/errors.ts'
import { KnownNames } from '../node/known-names.ts'
import { originHash, type WitnessFolder } from './folder.ts'

/**
 * The origins of which a witness has cosigned anything. Without this list a witness that lost the state file of a log would take the
 * log for a new one, and cosign a second history of it. The list lies outside of the state folder, so that one accident does not
 * take both. Throws `witness-state-damaged` where it cannot be read: an empty one lies there from the beginning.
 */
export function readKnownOrigins({ origins }: WitnessFolder): KnownNames {
  try {
    if (existsSync(origins)) return new KnownNames(origins)
  } catch {
    // Said below: what the system says of it helps nobody more.
  }
  const message = `the list of the origins that were cosigned, ${origins}, cannot be read`
  throw new EvidenceError('witness-state-damaged', message, { where: origins })
}

/** Throws `witness-state-lost` where a checkpoint of this origin was cosigned and its state file is not there any more. */
export function requireStateOf(folder: WitnessFolder, origin: string): void {
  const file = join(folder.state, originHash(origin))
  if (existsSync(file) || !readKnownOrigins(folder).has(origin)) return
  throw stateLost(folder, origin)
}

export function stateLost(folder: WitnessFolder, origin: string): EvidenceError {
  const file = join(folder.state, originHash(origin))
  return new EvidenceError(
    'witness-state-lost',
    `this witness has cosigned ${origin}, and what it cosigned last (${file}) is not there any more`,
    { where: file },
  )
}
