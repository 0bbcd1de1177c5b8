import { disclosureDigest } from '../../core/disclosure.ts'
import { EvidenceError } from '../../core/errors.ts'
import { tileWidth } from '../../core/merkle/layout.ts'
import { type ErasedDigests, type Erasure, erasedByIndex } from '../erasures.ts'
import type { LedgerStorage } from '../storage.ts'
import { sealedIn } from './chain-check.ts'
import { copiedEntries } from './folder-pieces.ts'

/** Indices that a message names. */
const maxNamed = 10

/** What a caller does with a fault that its operator accepted beforehand; where there is none, the fault is thrown. */
export type AcceptFault = (fault: EvidenceError) => void

/**
 * Claims that entries seal and a copy lacks. Every sealed claim was there when its entry was sealed, so one that is not there
 * was erased or lost; the list of erasures says which.
 */
export class MissingClaims {
  private readonly missing = new Map<number, string[]>()

  /** Notes which of an entry's sealed digests have no disclosure. */
  note(index: number, sealed: readonly string[], disclosures: readonly string[]): void {
    if (sealed.length === 0) return
    const kept = new Set(disclosures.map(disclosureDigest))
    const missing = sealed.filter((digest) => !kept.has(digest))
    if (missing.length > 0) this.missing.set(index, missing)
  }

  /** Takes off what was erased. */
  excuse(erasures: readonly ErasedDigests[]): void {
    if (this.missing.size === 0) return
    const erased = erasedByIndex(erasures)
    for (const [index, digests] of this.missing) {
      const left = digests.filter((digest) => erased.get(index)?.has(digest) !== true)
      if (left.length > 0) this.missing.set(index, left)
      else this.missing.delete(index)
    }
  }

  /** `disclosures-missing` where claims are lost; names the first entries. */
  fault(): EvidenceError | undefined {
    const indices = [...this.missing.keys()].sort((a, b) => a - b)
    const [first] = indices
    if (first === undefined) return undefined
    const claims = [...this.missing.values()].reduce((sum, digests) => sum + digests.length, 0)
    const named = indices.slice(0, maxNamed).join(', ')
    const more = indices.length > maxNamed ? ` and ${indices.length - maxNamed} more` : ''
    const why = `${claims} sealed claims are not there and were not erased, of the entries ${named}${more}`
    return new EvidenceError('disclosures-missing', why, { index: first })
  }

  /** Hands the fault to `accept`, or throws it (`disclosures-missing`), and begins anew. */
  settle(accept: AcceptFault | undefined): void {
    const fault = this.fault()
    this.missing.clear()
    if (fault === undefined) return
    if (accept === undefined) throw fault
    accept(fault)
  }
}

/** The fault of a database that has lost claims (`disclosures-missing`), if so: every entry is read. Throws `entry-missing`. */
export async function lostClaims(
  storage: LedgerStorage,
  size: number,
  erasures: readonly Erasure[],
): Promise<EvidenceError | undefined> {
  const missing = new MissingClaims()
  for (let at = 0; at < size; at += tileWidth) {
    const entries = await copiedEntries(storage, at, Math.min(size, at + tileWidth))
    entries.forEach(({ bytes, disclosures }, i) => missing.note(at + i, sealedIn(bytes), disclosures))
  }
  missing.excuse(erasures)
  return missing.fault()
}
