import { EvidenceError } from '../../src/core/errors.ts'

/**
 * Refuses the ids `.` and `..`, which the rulebook takes: in the path of a URL they name a folder, however they are written, so that no client
 * could ask for such a participant. Throws `usage`.
 */
export function requireAddressable(id: string): void {
  if (id === '.' || id === '..')
    throw new EvidenceError('usage', `${JSON.stringify(id)} cannot be asked for by any client; choose another id`, {
      where: 'participant.id',
    })
}
