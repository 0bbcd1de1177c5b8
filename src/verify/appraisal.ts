import { attempt } from '../core/attempt.ts'
import { latin1 } from '../core/bytes.ts'
import { type Disclosure, parseDisclosure } from '../core/disclosure.ts'
import { EvidenceError } from '../core/errors.ts'
import type { PlainRelease } from '../statements/kind.ts'
import type { PlainReferences } from '../statements/plain/members.ts'
import type { SearchFacts } from '../statements/said.ts'
import type { Chunk } from './chunks.ts'
import { unpack } from './packed.ts'
import { splitUuid } from './statement-ids.ts'

/* What an appraisal (appraise.ts) hands to the walk: columns, so that it is copied from thread to thread in little time. */

/** An entry that has nothing about it that the walk must see, but for what it refers to. */
export const plain = 1
/** The signature verifies under the key that the registry has for `kid`. */
export const signed = 2
/** Every signature within it that was asked for verifies too, under the keys that the registry has for them. */
export const signedInside = 8
/** It was recognised: it rests on nothing of the registry but its signer and whether the ledger is open to it. */
export const recognised = 4

/** What a thread found, a column a fact; positions count from the chunk's begin. */
export interface Appraisal {
  /** 32 bytes an entry. */
  readonly leafHashes: Uint8Array
  /** {@link plain}, {@link signed}, {@link signedInside}, {@link recognised}; 0 where nothing may be taken from here. */
  readonly marks: Uint8Array
  /** The link of the first entry; those after it were compared here. */
  readonly firstLink: Uint8Array | undefined
  readonly timesMs: Float64Array
  /** Four words of each statement's UUID. */
  readonly ids: Uint32Array
  readonly signers: readonly (readonly [iss: string, kid: string])[]
  readonly signerOf: Uint16Array
  readonly kinds: readonly string[]
  readonly kindOf: Uint16Array
  /** Items of a deposit. */
  readonly items: Uint16Array
  /** Lines of manifests by item, by place in the run of the entry that deposits them. */
  readonly lines: ReadonlyMap<number, ReadonlyMap<number, number>>
  /** Entries that plain ones refer to, by place in the run: whether those are what is said of them is the walk's to ask. */
  readonly references: ReadonlyMap<number, PlainReferences>
  /** Releases that plain entries carry, by place in the run: whether they may be used is the walk's to ask. */
  readonly releases: ReadonlyMap<number, AppraisedRelease>
  readonly present: Uint8Array
  readonly withheld: Uint8Array
  /** What the caller's own observer made of each plain entry. */
  readonly tallies: Float64Array
}

/** A release that a plain entry carries, and the number of its signer among the signers. */
export interface AppraisedRelease {
  readonly release: PlainRelease
  readonly signer: number
}

/** A plain entry, as an observer's tally function gets it. */
export interface PlainEntry {
  readonly index: number
  readonly leafHash: Uint8Array
  readonly facts: SearchFacts
  readonly disclosures: readonly Disclosure[]
}

/** What an entry that may be plain says. */
export interface Said {
  readonly iss: string
  readonly kid: string
  readonly kind: string
  readonly jti: string
  readonly timeMs: number
  readonly items: number
  readonly lines: ReadonlyMap<number, number> | undefined
  readonly sealed: readonly string[]
  readonly references: PlainReferences | undefined
  /** The release that it carries, and the key that signed it. */
  readonly carried: { readonly release: PlainRelease; readonly kid: string } | undefined
  /** Asked only where somebody tallies. */
  readonly searched: () => SearchFacts
}

/** Each stored disclosure that the entry seals, once; `foreign` counts the others. */
export function readDisclosures(
  digests: readonly string[],
  texts: readonly string[],
): { readonly read: Disclosure[]; readonly foreign: number; readonly withheld: number } {
  const present = new Set<string>()
  const read: Disclosure[] = []
  for (const text of texts) {
    const disclosure = attempt(() => parseDisclosure(text))
    if (disclosure instanceof EvidenceError || !digests.includes(disclosure.digest) || present.has(disclosure.digest))
      continue
    present.add(disclosure.digest)
    read.push(disclosure)
  }
  return { read, foreign: texts.length - read.length, withheld: digests.length - read.length }
}

/** Disclosures as a source keeps them, apart. */
export function splitDisclosed(bytes: Uint8Array | undefined): string[] {
  return bytes === undefined ? [] : latin1(bytes).split('~')
}

class Names<T> {
  readonly list: T[] = []
  private readonly numbers = new Map<string, number>()
  number(key: string, make: () => T): number {
    let number = this.numbers.get(key)
    if (number === undefined) {
      number = this.list.push(make()) - 1
      this.numbers.set(key, number)
    }
    return number
  }
}

/** Facts of the entries that may be plain, a column each; marks as plain those whose disclosures are sealed in them. */
export function columnsOf(
  begin: number,
  found: readonly (Said | undefined)[],
  {
    leafHashes,
    marks,
    disclosures,
    tally,
  }: Pick<Appraisal, 'leafHashes' | 'marks'> &
    Pick<Chunk, 'disclosures'> & { readonly tally: ((entry: PlainEntry) => number) | undefined },
): Omit<Appraisal, 'leafHashes' | 'marks' | 'firstLink'> {
  const count = marks.length
  const disclosed = disclosures === undefined ? undefined : unpack(disclosures)
  const signers = new Names<readonly [string, string]>()
  const kinds = new Names<string>()
  const out = {
    timesMs: new Float64Array(count),
    ids: new Uint32Array(4 * count),
    signerOf: new Uint16Array(count),
    kindOf: new Uint16Array(count),
    items: new Uint16Array(count),
    present: new Uint8Array(count),
    withheld: new Uint8Array(count),
    tallies: new Float64Array(count),
  }
  const lines = new Map<number, ReadonlyMap<number, number>>()
  const references = new Map<number, PlainReferences>()
  const releases = new Map<number, AppraisedRelease>()
  const signerNumber = (iss: string, kid: string): number => signers.number(`${iss} ${kid}`, () => [iss, kid])
  found.forEach((said, i) => {
    if (said === undefined) return
    const { read, foreign, withheld } = readDisclosures(said.sealed, splitDisclosed(disclosed?.[i]))
    if (foreign > 0) return
    const { iss, kid, kind } = said
    marks[i] = (marks[i] as number) | plain
    out.timesMs[i] = said.timeMs
    splitUuid(said.jti, out.ids, 4 * i)
    out.signerOf[i] = signerNumber(iss, kid)
    out.kindOf[i] = kinds.number(kind, () => kind)
    out.items[i] = said.items
    if (said.lines !== undefined) lines.set(i, said.lines)
    if (said.references !== undefined) references.set(i, said.references)
    if (said.carried !== undefined) {
      const { release, kid: by } = said.carried
      releases.set(i, { release, signer: signerNumber(release.iss, by) })
    }
    out.present[i] = read.length
    out.withheld[i] = withheld
    if (tally !== undefined) {
      const own = leafHashes.subarray(32 * i, 32 * i + 32)
      out.tallies[i] = tally({ index: begin + i, leafHash: own, facts: said.searched(), disclosures: read })
    }
  })
  return { ...out, lines, references, releases, signers: signers.list, kinds: kinds.list }
}
