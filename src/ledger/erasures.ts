import { z } from 'zod'
import { disclosureDigest } from '../core/disclosure.ts'
import { EvidenceError } from '../core/errors.ts'
import { fileBounds, readTextIfThere } from '../node/bounded-file.ts'
import type { Erasing } from '../statements/kind.ts'
import { writeDurably } from '../node/durable-file.ts'

/*
 * The list of erasures: what copies must remove too. Index and digests say nothing that the entry does not; the claims are
 * not in it. Order is the order of erasing; a line repeated does no harm.
 */
export const erasureSchema = z.strictObject({
  index: z.int().min(0),
  /** Digests of the erased disclosures, base64url, 43 characters each. */
  digests: z.array(z.string().length(43)).max(64),
  /** Index of the order; a copy erases by the order itself, and learns by this line only why a claim is missing. */
  by: z.int().min(0).optional(),
  /** In a copy's list: its source's operator erased this without an order, and the copy does not follow that. */
  kept: z.literal(true).optional(),
})
export type Erasure = z.infer<typeof erasureSchema>

/** What goes of an entry: by a line of the list, or by an order. */
export type ErasedDigests = Pick<Erasing, 'index' | 'digests'>

/** Reads a list; an absent file is an empty one. Throws `config-invalid`, and as readTextIfThere. */
export function readErasures(path: string): Erasure[] {
  const lines = (readTextIfThere(path, fileBounds.large) ?? '').split('\n')
  return lines
    .filter((line) => line !== '')
    .map((line, i) => {
      try {
        return erasureSchema.parse(JSON.parse(line))
      } catch (cause) {
        const where = `${path}, line ${i + 1}`
        throw new EvidenceError('config-invalid', `${where} is not an erasure`, { where }, { cause })
      }
    })
}

/** The lines that erase by themselves: an operator's, without an order, where they are followed. */
export function byOperator(erasures: readonly Erasure[]): Erasure[] {
  return erasures.filter(({ by, kept }) => by === undefined && kept === undefined)
}

/** The lines of a copy's list that it does not follow. */
export function keptIn(erasures: readonly Erasure[]): Erasure[] {
  return erasures.filter(({ kept }) => kept === true)
}

/**
 * A source's lines as a copy lists them. Without an order in the ledger nothing vouches for an erasure: somebody who has the source's machine could empty
 * every copy of it. So a copy follows an operator's only where its own operator says so, and else keeps what it has.
 */
export function listedIn(erasures: readonly Erasure[], follows: boolean): Erasure[] {
  return erasures.map(({ kept: _kept, ...line }) => (follows || line.by !== undefined ? line : { ...line, kept: true }))
}

/** Follows what a copy kept until now: its list holds no kept line when this returns. Call it when their claims are gone. */
export function noLongerKept(path: string): void {
  writeErasures(path, listedIn(readErasures(path), true))
}

/** Replaces a list by other lines for its erasures, if they differ; durable when this returns. */
export function relistErasures(path: string, erasures: readonly Erasure[]): void {
  if (JSON.stringify(readErasures(path)) !== JSON.stringify(erasures)) writeErasures(path, erasures)
}

/** Adds to a list: written anew as a whole, durable when this returns. Erasures are rare, and the list is short. */
export function addErasures(path: string, added: readonly Erasure[]): void {
  if (added.length > 0) writeErasures(path, [...readErasures(path), ...added])
}

function writeErasures(path: string, erasures: readonly Erasure[]): void {
  writeDurably(path, erasures.map((erasure) => `${JSON.stringify(erasure)}\n`).join(''))
}

/** Digests of erased disclosures, by index. */
export function erasedByIndex(erasures: readonly ErasedDigests[]): Map<number, Set<string>> {
  const erased = new Map<number, Set<string>>()
  for (const { index, digests } of erasures) {
    const all = erased.get(index) ?? new Set()
    erased.set(index, all)
    for (const digest of digests) all.add(digest)
  }
  return erased
}

/** The disclosures that remain after an erasure. */
export function keptBy(erasure: ErasedDigests, disclosures: readonly string[]): string[] {
  return disclosures.filter((text) => !erasure.digests.includes(disclosureDigest(text)))
}
