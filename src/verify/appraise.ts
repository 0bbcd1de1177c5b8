import { equalBytes } from '../core/bytes.ts'
import { type SignatureBatch, type SignatureJob, verifyEd25519 } from '../core/ed25519.ts'
import { type Entry, leafHash } from '../core/entry.ts'
import { EvidenceError } from '../core/errors.ts'
import { isReplayed, type StatementBody } from '../statements/kinds.ts'
import { partsOfEntry } from '../statements/open.ts'
import { type Recognised, Recogniser } from '../statements/plain/recognise.ts'
import type { Registry } from '../statements/registry.ts'
import { judge } from '../statements/rulebook.ts'
import type { RuleContext } from '../statements/rules.ts'
import { itemsOf, manifestLines, sealedDigestsOf, searchFactsOf, type SearchFacts } from '../statements/said.ts'
import type { Statement } from '../statements/statement.ts'
import { type Appraisal, columnsOf, type PlainEntry, recognised, type Said, signed, signedInside } from './appraisal.ts'
import type { Chunk } from './chunks.ts'
import { absent } from './packed.ts'

/*
 * What of the re-walk needs no entry but the one in hand, so that any thread may do it: leaf hash, spelling, signature, and
 * the rulebook on the registry of the moment. The rulebook is the same function as everywhere; whatever it does not pass
 * without a word is left to the walk, which judges that entry again, in its turn and in full.
 */

/** Raised where the rulebook asks of an entry before: that is the walk's to answer. */
const asksHistory: unique symbol = Symbol('asks history')

/**
 * Appraises a chunk; at most 32,767 entries. Never throws for what the entries hold.
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
      const { carried } = known
      found[i] = saidBy(known)
      jobsFrom[i] = jobs.length
      jobs.push(known)
      if (carried !== undefined) jobs.push(carried.job)
      jobsTo[i] = jobs.length
      markOf[i] = signed | recognised | (carried === undefined ? 0 : signedInside)
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
  const { iss, kind, jti, digests, references, toReaders } = recognised
  const indices = references?.list.map(({ index }) => index) ?? []
  const searched = (): SearchFacts => ({
    iss,
    kind,
    jti,
    digests,
    subjects: [],
    targets: toReaders ? [] : indices,
    recordsOf: toReaders ? indices : [],
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
    carried: undefined,
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
