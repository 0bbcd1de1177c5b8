import { EvidenceError } from './errors.ts'
import { tileWidth } from './merkle/layout.ts'

/** Largest bundle: as many entries as a tile is wide, each of the length that two bytes can say. */
export const maxBundleBytes: number = tileWidth * (2 + 0xffff)

/** Consecutive entries as a bundle of C2SP tlog-tiles lays them out, each behind its length, under the index of the first. */
export interface EntryRun {
  readonly begin: number
  readonly bytes: Uint8Array
}

/** Entry bundle of C2SP tlog-tiles: each entry behind its length, a big-endian uint16. */
export function encodeBundle(entries: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  let length = 0
  for (const entry of entries) length += 2 + entry.length
  const out = new Uint8Array(length)
  let at = 0
  for (const entry of entries) {
    if (entry.length > 0xffff) throw new EvidenceError('entry-too-large', 'an entry is too long for a bundle')
    out[at] = entry.length >> 8
    out[at + 1] = entry.length & 0xff
    out.set(entry, at + 2)
    at += 2 + entry.length
  }
  return out
}

/** The `width` (1 to 256) entries of a bundle. Throws `bundle-malformed`. */
export function parseBundle(bytes: Uint8Array, width: number): Uint8Array[] {
  const entries = parseRun(bytes, width)
  if (entries.length !== width) {
    throw new EvidenceError('bundle-malformed', `the entry bundle has ${entries.length} entries, not ${width}`)
  }
  return entries
}

/** Entries laid out as in a bundle, however many up to `most`: views of `bytes`. Throws `bundle-malformed`. */
export function parseRun(bytes: Uint8Array, most = tileWidth): Uint8Array[] {
  const entries: Uint8Array[] = []
  let at = 0
  while (at < bytes.length) {
    if (at + 2 > bytes.length) throw new EvidenceError('bundle-malformed', 'the entry bundle ends within a length')
    const length = ((bytes[at] as number) << 8) | (bytes[at + 1] as number)
    at += 2
    if (at + length > bytes.length) throw new EvidenceError('bundle-malformed', 'the entry bundle ends within an entry')
    if (entries.length === most)
      throw new EvidenceError('bundle-malformed', `the entry bundle has more than ${most} entries`)
    entries.push(bytes.subarray(at, at + length))
    at += length
  }
  return entries
}
