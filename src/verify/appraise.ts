import { attempt } from '../core/attempt.ts'
import { equalBytes, latin1 } from '../core/bytes.ts'
import { type Disclosure, parseDisclosure } from '../core/disclosure.ts'
import { type SignatureBatch, type SignatureJob, verifyEd25519 } from '../core/ed25519.ts'
import { type Entry, leafHash } from '../core/entry.ts'
import { EvidenceError } from '../core/errors.ts'
import { isReplayed, type StatementBody } from '../statements/kinds.ts'
import { partsOfEntry } from '../statements/open.ts'
import type { PlainReferences } from '../statements/plain/members.ts'
import { type Recognised, Recogniser } from '../statements/plain/recognise.ts'
import type { Registry } from '../statements/registry.ts'
import { judge } from '../statements/rulebook.ts'
import type { RuleContext } from '../statements/rules.ts'
import { itemsOf, manifestLines, sealedDigestsOf, searchFactsOf, type SearchFacts } from '../statements/said.ts'
import type { Statement } from '../statements/statement.ts'
import type { Chunk } from './chunks.ts'
import { absent, unpack } from './packed.ts'
import { splitUuid } from './statement-ids.ts'

/*
 * What of the re-walk needs no entry but the one in hand, so that any thread may do it: leaf hash, spelling, signature, and
 * the rulebook on the registry of the moment. The rulebook is the same function as everywhere; whatever it does not pass
 * without a word is left to the walk, which judges that entry again, in its turn and in full.
 */

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
  readonly present: Uint8Array
  readonly withheld: Uint8Array
  /** What the caller's own observer made of each plain entry. */
  readonly tallies: Float64Array
}

/** A plain entry, as an observer's tally function gets it. */
export interface PlainEntry {
  readonly index: number
  readonly leafHash: Uint8Array
  readonly facts: SearchFacts
  readonly disclosures: readonly Disclosure[]
}

/** What an entry that may be plain says. */
interface Said {
  readonly iss: string
  readonly kid: string
  readonly kind: string
  readonly jti: string
  readonly timeMs: number
  readonly items: number
  readonly lines: ReadonlyMap<number, number> | undefined
  readonly sealed: readonly string[]
  readonly references: PlainReferences | undefined
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

/** Raised where the rulebook asks of an entry before: that is the walk's to answer. */
const asksHistory: unique symbol = Symbol('asks history')

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

/** Disclosures as a source keeps them, apart. */
export function splitDisclosed(bytes: Uint8Array | undefined): string[] {
  return bytes === undefined ? [] : latin1(bytes).split('~')
}

/**
 * Appraises a chunk; at most 65,535 entries. Never throws for what the entries hold.
 * @param batch verifies signatures of many entries at once; what it does not accept is verified one by one. What it throws is thrown.
 */
export function appraise(
  { begin, entries, disclosures }: Chunk,
  registry: Registry,
  context: Pick<RuleContext, 'origin' | 'ledgerKeys'>,
  tally?: (entry: PlainEntry) => number,
  batch?: SignatureBatch,
): Appraisal {
  const { lengths, bytes, gap } = entries
  const count = lengths.length
  const recogniser = recogniserOf(registry, context.origin)
  const leafHashes = new Uint8Array(32 * count)
  const found: (Said | undefined)[] = []
  const marks = new Uint8Array(count)
  const jobs: SignatureJob[] = []
  /** Where the jobs of each entry begin and end, and what it is once they are done. */
  const jobsFrom = new Int32Array(count)
  const jobsTo = new Int32Array(count)
  const markOf = new Uint8Array(count)
  let firstLink: Uint8Array | undefined
  let before: Uint8Array | undefined
  for (let i = 0, at = 0; i < count; i++) {
    const length = lengths[i] as number
    const previous = before
    before = undefined
    if (length === absent) continue
    const start = at + gap
    at = start + length
    const own = bytes.subarray(start, at)
    const known = recogniser.recognise(own, begin + i)
    if (known !== undefined) {
      before = leafHash(own)
      leafHashes.set(before, 32 * i)
      if (i === 0) firstLink = known.link.slice()
      else if (previous === undefined || !equalBytes(known.link, previous)) continue
      found[i] = saidBy(known)
      jobsTo[i] = jobs.push(known)
      jobsFrom[i] = jobs.length - 1
      markOf[i] = signed | recognised
      continue
    }
    const { hash, entry, statement } = partsOfEntry(own)
    leafHashes.set(hash, 32 * i)
    before = hash
    if (entry instanceof EvidenceError || !entry.known || entry.index !== begin + i) continue
    if (i === 0) firstLink = entry.previous
    else if (previous === undefined || !equalBytes(entry.previous, previous)) continue
    if (statement === undefined || statement instanceof EvidenceError) continue
    jobsFrom[i] = jobs.length
    const body = judgeAlone(begin + i, entry, statement, { registry, context, jobs })
    jobsTo[i] = jobs.length
    markOf[i] = markFor(statement, jobs, jobsFrom[i] as number)
    if (body !== undefined) found[i] = saidIn(entry, statement, body)
  }
  const accepted = batch?.(jobs)
  // Of one that does not verify nothing is taken: the walk judges it anew, and names what is wrong.
  for (let i = 0; i < count; i++) {
    let isValid = true
    for (let job = jobsFrom[i] as number; isValid && job < (jobsTo[i] as number); job++) {
      const { publicKey, message, signature } = jobs[job] as SignatureJob
      isValid = accepted?.[job] === 1 || verifyEd25519(publicKey, message, signature)
    }
    if (isValid) marks[i] = markOf[i] as number
    else found[i] = undefined
  }
  return { leafHashes, marks, firstLink, ...columnsOf(begin, found, { leafHashes, marks, disclosures, tally }) }
}

/** Facts of the entries that may be plain, a column each; marks as plain those whose disclosures are sealed in them. */
function columnsOf(
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
  found.forEach((said, i) => {
    if (said === undefined) return
    const { read, foreign, withheld } = readDisclosures(said.sealed, splitDisclosed(disclosed?.[i]))
    if (foreign > 0) return
    const { iss, kid, kind } = said
    marks[i] = (marks[i] as number) | plain
    out.timesMs[i] = said.timeMs
    splitUuid(said.jti, out.ids, 4 * i)
    out.signerOf[i] = signers.number(`${iss} ${kid}`, () => [iss, kid])
    out.kindOf[i] = kinds.number(kind, () => kind)
    out.items[i] = said.items
    if (said.lines !== undefined) lines.set(i, said.lines)
    if (said.references !== undefined) references.set(i, said.references)
    out.present[i] = read.length
    out.withheld[i] = withheld
    if (tally !== undefined) {
      const own = leafHashes.subarray(32 * i, 32 * i + 32)
      out.tallies[i] = tally({ index: begin + i, leafHash: own, facts: said.searched(), disclosures: read })
    }
  })
  return { ...out, lines, references, signers: signers.list, kinds: kinds.list }
}

/** One recogniser for each registry: threads are asked about many chunks on one. */
const recognisers = new WeakMap<Registry, Recogniser>()

function recogniserOf(registry: Registry, origin: string): Recogniser {
  const held = recognisers.get(registry)
  if (held?.origin === origin) return held
  const made = new Recogniser(registry, origin)
  recognisers.set(registry, made)
  return made
}

function saidBy(recognised: Recognised): Said {
  const { iss, kind, jti, digests, references } = recognised
  const searched = (): SearchFacts => ({
    iss,
    kind,
    jti,
    digests,
    subjects: [],
    targets: references?.list.map(({ index }) => index) ?? [],
    recordsOf: [],
    endings: [],
  })
  return { ...recognised, searched }
}

/** What the rulebook passed without asking for an entry before: so it refers to none. */
function saidIn({ timeMs }: { readonly timeMs: number }, statement: Statement, body: StatementBody): Said {
  const { iss, kind, jti } = statement.common
  const items = itemsOf(body)
  return {
    iss,
    kid: statement.header.kid,
    kind,
    jti,
    timeMs,
    items: items.length,
    lines: manifestLines(items),
    sealed: sealedDigestsOf(body),
    references: undefined,
    searched: () => searchFactsOf(statement, body),
  }
}

/** What an entry is once its signatures, the jobs from `from` on, are found to verify. */
function markFor({ jws }: Statement, jobs: readonly SignatureJob[], from: number): number {
  let mark = 0
  for (let job = from; job < jobs.length; job++)
    mark |= (jobs[job] as SignatureJob).message === jws.signingInput ? signed : signedInside
  return mark
}

/**
 * The rulebook without a history; a body only where it has nothing to say and the registry stays as it is. Adds to `jobs` the signatures that it asked for, and
 * takes each of them for valid: where one is not, nothing of this may be taken.
 */
function judgeAlone(
  index: number,
  entry: Entry & { readonly timeMs: number },
  statement: Statement,
  {
    registry,
    context,
    jobs,
  }: {
    readonly registry: Registry
    readonly context: Pick<RuleContext, 'origin' | 'ledgerKeys'>
    readonly jobs: SignatureJob[]
  },
): StatementBody | undefined {
  const ask = (): never => {
    throw asksHistory
  }
  try {
    const judgement = judge(
      registry,
      { index, time: entry.time, timeMs: entry.timeMs, statement },
      // Whether an id was used before is asked of every entry, and answered by the walk.
      { findStatement: () => undefined, target: ask },
      {
        ...context,
        verifies: (publicKey, message, signature) => {
          if (publicKey.length !== 32 || signature.length !== 64) return false
          jobs.push({ publicKey, message, signature })
          return true
        },
      },
    )
    const { violations, unjudged, next, body } = judgement
    // What a kind with state keeps is not at hand here; and who observes the walk counts what is judged again at start.
    const isPlain =
      !isReplayed(statement.common.kind) && violations.length === 0 && unjudged.length === 0 && next === registry
    return isPlain ? body : undefined
  } catch (error) {
    if (error !== asksHistory) throw error
    return undefined
  }
}
