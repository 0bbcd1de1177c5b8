import { attempt } from '../core/attempt.ts'
import { equalBytes, latin1 } from '../core/bytes.ts'
import { type Disclosure, parseDisclosure } from '../core/disclosure.ts'
import { type SignatureBatch, type SignatureJob, verifyEd25519 } from '../core/ed25519.ts'
import type { Entry } from '../core/entry.ts'
import { EvidenceError } from '../core/errors.ts'
import type { StatementBody } from '../statements/kinds.ts'
import { type EntryParts, partsOfEntry } from '../statements/open.ts'
import type { Registry } from '../statements/registry.ts'
import { judge } from '../statements/rulebook.ts'
import type { RuleContext } from '../statements/rules.ts'
import { itemsOf, manifestLines, sealedDigestsOf } from '../statements/said.ts'
import type { Statement } from '../statements/statement.ts'
import type { Chunk } from './chunks.ts'
import { unpack } from './packed.ts'
import { splitUuid } from './statement-ids.ts'

/*
 * What of the re-walk needs no entry but the one in hand, so that any thread may do it: leaf hash, spelling, signature, and
 * the rulebook on the registry of the moment. The rulebook is the same function as everywhere; whatever it does not pass
 * without a word is left to the walk, which judges that entry again, in its turn and in full.
 */

/** An entry that has nothing about it that the walk must see. */
export const plain = 1
/** The signature verifies under the key that the registry has for `kid`. */
export const signed = 2

/** What a thread found, a column a fact; positions count from the chunk's begin. */
export interface Appraisal {
  /** 32 bytes an entry. */
  readonly leafHashes: Uint8Array
  /** {@link plain}, {@link signed}; 0 where nothing may be taken from here. */
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
  readonly present: Uint8Array
  readonly withheld: Uint8Array
  /** What the caller's own observer made of each plain entry. */
  readonly tallies: Float64Array
}

/** A plain entry, as an observer's tally function gets it. */
export interface PlainEntry {
  readonly index: number
  readonly leafHash: Uint8Array
  readonly statement: Statement
  readonly body: StatementBody
  readonly disclosures: readonly Disclosure[]
}

/** Each stored disclosure that the entry seals, once; `foreign` counts the others. */
export function readDisclosures(
  body: StatementBody,
  texts: readonly string[],
): { readonly read: Disclosure[]; readonly foreign: number; readonly withheld: number } {
  const digests = sealedDigestsOf(body)
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
 * The signatures of statements that a batch accepts, each at its entry's place, under the key that the registry has for `kid`: whether that
 * key may sign is the rulebook's to say.
 */
function verifiedOf(
  opened: readonly (EntryParts | undefined)[],
  registry: Registry,
  batch: SignatureBatch,
): (SignatureJob | undefined)[] {
  const places: number[] = []
  const jobs: SignatureJob[] = []
  opened.forEach((parts, i) => {
    const statement = parts?.statement
    if (statement === undefined || statement instanceof EvidenceError) return
    const publicKey = registry.keys.get(statement.header.kid)?.publicKey
    if (publicKey === undefined) return
    places.push(i)
    jobs.push({ publicKey, message: statement.jws.signingInput, signature: statement.jws.signature })
  })
  const verified: (SignatureJob | undefined)[] = []
  batch(jobs).forEach((verdict, n) => {
    if (verdict === 1) verified[places[n] as number] = jobs[n]
  })
  return verified
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
  const opened = unpack(entries).map((bytes) => bytes && partsOfEntry(bytes))
  const verified = batch === undefined ? [] : verifiedOf(opened, registry, batch)
  const count = opened.length
  const disclosed = disclosures === undefined ? undefined : unpack(disclosures)
  const signers = new Names<readonly [string, string]>()
  const kinds = new Names<string>()
  const out = {
    leafHashes: new Uint8Array(32 * count),
    marks: new Uint8Array(count),
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
  let firstLink: Uint8Array | undefined
  let before: Uint8Array | undefined
  for (let i = 0; i < count; i++) {
    const previous = before
    before = undefined
    const parts = opened[i]
    if (parts === undefined) continue
    const index = begin + i
    const { hash, entry, statement } = parts
    out.leafHashes.set(hash, 32 * i)
    before = hash
    if (entry instanceof EvidenceError || !entry.known || entry.index !== index) continue
    if (i === 0) firstLink = entry.previous
    else if (previous === undefined || !equalBytes(entry.previous, previous)) continue
    if (statement === undefined || statement instanceof EvidenceError) continue
    const verdict = judgeAlone(index, entry, statement, registry, context, verified[i])
    out.marks[i] = verdict.signed
    if (verdict.body === undefined) continue
    const { read, foreign, withheld } = readDisclosures(verdict.body, splitDisclosed(disclosed?.[i]))
    if (foreign > 0) continue
    const { iss, kind, jti } = statement.common
    const { kid } = statement.header
    out.marks[i] = verdict.signed | plain
    out.timesMs[i] = entry.timeMs
    splitUuid(jti, out.ids, 4 * i)
    out.signerOf[i] = signers.number(`${iss} ${kid}`, () => [iss, kid])
    out.kindOf[i] = kinds.number(kind, () => kind)
    const deposited = itemsOf(verdict.body)
    out.items[i] = deposited.length
    const ofManifests = manifestLines(deposited)
    if (ofManifests !== undefined) lines.set(i, ofManifests)
    out.present[i] = read.length
    out.withheld[i] = withheld
    if (tally !== undefined)
      out.tallies[i] = tally({ index, leafHash: hash, statement, body: verdict.body, disclosures: read })
  }
  return { ...out, lines, firstLink, signers: signers.list, kinds: kinds.list }
}

/** The rulebook without a history; a body only where it has nothing to say and the registry stays as it is. */
function judgeAlone(
  index: number,
  entry: Entry & { readonly timeMs: number },
  statement: Statement,
  registry: Registry,
  context: Pick<RuleContext, 'origin' | 'ledgerKeys'>,
  verified: SignatureJob | undefined,
): { readonly signed: 0 | 2; readonly body: StatementBody | undefined } {
  let isSigned = false
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
        verifies: (key, message, signature) => {
          const isVerified =
            verified?.publicKey === key && verified.message === message && verified.signature === signature
          const valid = isVerified || verifyEd25519(key, message, signature)
          isSigned ||= valid && message === statement.jws.signingInput
          return valid
        },
      },
    )
    const { violations, unjudged, next, body } = judgement
    const isPlain = violations.length === 0 && unjudged.length === 0 && next === registry
    return { signed: isSigned ? signed : 0, body: isPlain ? body : undefined }
  } catch (error) {
    if (error !== asksHistory) throw error
    return { signed: isSigned ? signed : 0, body: undefined }
  }
}
