import { equalBytes } from '../../core/bytes.ts'
import { EvidenceError } from '../../core/errors.ts'
import type { TimeStampFiles } from '../time-stamp-files.ts'

/**
 * Copies the time-stamp records of checkpoints up to a size, those that are new or have grown; gives how many. What is in them is not
 * looked at, but a record only ever grows (docs/spec/13-time-stamps.md): one that does not begin with the bytes that the copy holds was
 * damaged or replaced, and the copy keeps its own. Throws `consistency-invalid`.
 */
export function copyTimeStamps(from: TimeStampFiles, to: TimeStampFiles, size: number): number {
  let copied = 0
  for (const one of from.sizes().filter((stamped) => stamped <= size)) {
    const bytes = from.read(one)
    const held = to.read(one)
    if (bytes === undefined || (held !== undefined && equalBytes(held, bytes))) continue
    if (held !== undefined && !equalBytes(held, bytes.subarray(0, held.length))) {
      const message = `the time-stamp record of size ${one} is not a continuation of the one that was copied before`
      throw new EvidenceError('consistency-invalid', message, { where: `${one}.time-stamps` })
    }
    to.write(one, bytes)
    copied++
  }
  return copied
}
