import type { EntryRun } from '../core/bundle.ts'
import { concatAll } from '../core/bytes.ts'

/*
 * What a walk reads of consecutive entries, end to end in one buffer: handed to another thread it is one copy, where a
 * thousand buffers would be a thousand.
 */

/** Byte strings of consecutive positions. */
export interface Packed {
  /** Bytes of each; {@link absent} where there is none. */
  readonly lengths: Uint32Array<ArrayBuffer>
  readonly bytes: Uint8Array<ArrayBuffer>
  /** Bytes before each that is there, which are not its own. */
  readonly gap: number
}

/** The length of what is not there. */
export const absent = 0xffff_ffff

/** Bytes before an entry in a run: its length, big-endian. */
const lengthBytes = 2

/** Joins byte strings, in memory of its own choice. */
export type Join = (parts: readonly Uint8Array[]) => Uint8Array<ArrayBuffer>

/** Packs byte strings one by one. */
export function pack(parts: readonly (Uint8Array | undefined)[], join: Join = concatAll): Packed {
  const lengths = Uint32Array.from(parts, (part) => part?.length ?? absent)
  return { lengths, bytes: join(parts.filter((part) => part !== undefined)), gap: 0 }
}

/** Packs the entries `begin` to `end` as they lie; undefined where the runs are not exactly these, whole and in order. */
export function packRuns(
  begin: number,
  end: number,
  runs: readonly EntryRun[],
  join: Join = concatAll,
): Packed | undefined {
  const lengths = new Uint32Array(end - begin)
  let next = begin
  for (const run of runs) {
    if (run.begin !== next) return undefined
    const { bytes } = run
    for (let at = 0; at < bytes.length; next++) {
      const length = ((bytes[at] as number) << 8) | (bytes[at + 1] ?? 0)
      at += lengthBytes + length
      if (at > bytes.length || next >= end) return undefined
      lengths[next - begin] = length
    }
  }
  if (next !== end) return undefined
  return { lengths, bytes: join(runs.map(({ bytes }) => bytes)), gap: lengthBytes }
}

/** The byte strings at the positions `from` to `end` (excluded), copied: a view would take the whole buffer to another thread. */
export function packedFrom({ lengths, bytes, gap }: Packed, from: number, end: number): Packed {
  const bytesOf = (some: Uint32Array): number =>
    some.reduce((sum, length) => (length === absent ? sum : sum + gap + length), 0)
  const begin = bytesOf(lengths.subarray(0, from))
  const cut = lengths.slice(from, end)
  return { lengths: cut, bytes: bytes.slice(begin, begin + bytesOf(cut)), gap }
}

/** Each byte string in turn, as a view; undefined where there is none. */
export function unpack({ lengths, bytes, gap }: Packed): (Uint8Array | undefined)[] {
  let at = 0
  return Array.from(lengths, (length) => {
    if (length === absent) return undefined
    const begin = at + gap
    at = begin + length
    return bytes.subarray(begin, at)
  })
}
