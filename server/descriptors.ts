import { readFileSync } from 'node:fs'
import { EvidenceError } from '../src/core/errors.ts'
import { surplusOf } from './connections.ts'

/** Fewest file descriptors that a server starts with: 64 for itself, a fifth for the database, and some connections. */
export const minDescriptors = 128

/** Most files that this process may have open; undefined where the system does not tell. */
function descriptorLimit(): number | undefined {
  try {
    const found = /^Max open files\s+([0-9]+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))
    return found === null ? undefined : Number(found[1])
  } catch {
    return undefined
  }
}

/**
 * How many connections leave descriptors enough for the database: one that cannot open its files would look damaged, and
 * could not write. Throws `descriptors-few`.
 */
export function affordableConnections(wanted: number, limit: number | undefined = descriptorLimit()): number {
  if (limit === undefined) return wanted
  if (limit < minDescriptors) {
    throw new EvidenceError(
      'descriptors-few',
      `this process may open ${limit} files; a server needs at least ${minDescriptors}`,
      { expected: `at least ${minDescriptors}`, found: String(limit) },
    )
  }
  // LevelDB keeps at most a fifth of the limit in tables that it could not map.
  const left = limit - 64 - Math.ceil(limit / 5)
  let affordable = Math.min(wanted, left)
  while (affordable + surplusOf(affordable) > left) affordable--
  return affordable
}
