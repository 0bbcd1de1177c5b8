import { disclosureDigest } from '../../core/disclosure.ts'
import { leafHash, parseEntry, zeroHash } from '../../core/entry.ts'
import { EvidenceError } from '../../core/errors.ts'
import { chainFaults } from '../../statements/chain.ts'
import { misfitOf } from '../../statements/disclosures.ts'
import { bodyOfEntry } from '../../statements/open.ts'
import { sealedDigestsOf } from '../../statements/said.ts'

/** Where a chain stands. */
export interface ChainEnd {
  readonly size: number
  /** Leaf hash of the last entry, 32 bytes. */
  readonly link: Uint8Array
  readonly timeMs: number
}

export const chainStart: ChainEnd = { size: 0, link: zeroHash, timeMs: 0 }

/** The chain's end after an entry. Throws `entry-malformed`. */
export function chainEndOf(bytes: Uint8Array): ChainEnd {
  const { index, timeMs } = parseEntry(bytes)
  return { size: index + 1, link: leafHash(bytes), timeMs }
}

/**
 * Judges the next entry by all that needs no registry: its shape, index, link and time. Throws `entry-malformed`, `index-wrong`,
 * `link-broken`, `time-reversed`.
 */
export function checkNext(end: ChainEnd, bytes: Uint8Array): ChainEnd {
  const index = end.size
  const entry = parseEntry(bytes)
  const [fault] = chainFaults({ index, link: end.link, timeMs: end.timeMs }, entry)
  if (fault !== undefined) throw fault
  return { size: index + 1, link: leafHash(bytes), timeMs: entry.timeMs }
}

/** Digests of the claims that an entry seals; none where it cannot be read by this version. */
export function sealedIn(bytes: Uint8Array): readonly string[] {
  const body = bodyOfEntry(bytes)
  return body === undefined ? [] : sealedDigestsOf(body)
}

/** Throws `stored-disclosure-altered` where a disclosure is none that the entry seals, or comes twice. */
export function requireKept(index: number, disclosures: readonly string[], sealed: readonly string[]): void {
  const digests = disclosures.map((text) => ({ digest: disclosureDigest(text) }))
  if (misfitOf(sealed, digests) === undefined) return
  const message = `a disclosure kept for entry ${index} is not one that was sealed with it`
  throw new EvidenceError('stored-disclosure-altered', message, { index })
}
