import { valueOr } from '../core/attempt.ts'
import { toBase64 } from '../core/base64.ts'
import { equalBytes } from '../core/bytes.ts'
import type { Disclosure } from '../core/disclosure.ts'
import { verifyEd25519 } from '../core/ed25519.ts'
import { type Entry, versionNumber, zeroHash } from '../core/entry.ts'
import { EvidenceError } from '../core/errors.ts'
import { tileWidth, tileWidthAt } from '../core/merkle/layout.ts'
import { timeText } from '../core/time.ts'
import { readBody } from '../statements/body.ts'
import { chainFaults } from '../statements/chain.ts'
import type { StatementBody } from '../statements/kinds.ts'
import { bodyOfEntry, type EntryParts, partsOfEntry, openEntry } from '../statements/open.ts'
import type { Registry } from '../statements/registry.ts'
import { judge, type Judgement } from '../statements/rulebook.ts'
import type { RuleContext } from '../statements/rules.ts'
import { referencesOf, sealedDigestsOf } from '../statements/said.ts'
import type { Statement } from '../statements/statement.ts'
import { type Appraisal, plain, readDisclosures, signed, splitDisclosed } from './appraise.ts'
import type { Appraiser } from './appraiser.ts'
import { type Chunk, readChunk } from './chunks.ts'
import { absent, unpack } from './packed.ts'
import { type FindingList, findingOf } from './report.ts'
import type { LogSource } from '../log/log.ts'
import type { WalkHistory } from './walk-history.ts'
import type { TreeFacts } from './walk-tree.ts'

/** Observes a walk: one of its methods is called once for each readable entry, in order of index. */
export interface EntryObserver {
  /** An entry that the walk judged itself. */
  entry(entry: WalkedEntry): void
  /** A plain entry, by its index and what the appraiser's tally function made of it. */
  tally(index: number, tally: number): void
}

export interface WalkedEntry {
  readonly index: number
  readonly leafHash: Uint8Array
  readonly statement: Statement
  readonly body: StatementBody | undefined
  readonly disclosures: readonly Disclosure[]
  /** True where the entry changed who may sign what. */
  readonly changedRegistry: boolean
}

export interface EntryWalkOptions {
  readonly source: LogSource
  readonly size: number
  readonly tree: TreeFacts
  readonly history: WalkHistory
  readonly context: Omit<RuleContext, 'verifies'>
  readonly registry: Registry
  readonly faults: FindingList
  readonly unjudged: FindingList
  readonly appraiser?: Appraiser
  /** Entries below it were verified before: they are hashed again, and not judged again. 0 for none. */
  readonly trustedSize: number
  /** Where an earlier walk of the same history ended; without, it begins at entry 0. */
  readonly resumed?: { readonly timeMs: number | undefined; readonly link: Uint8Array }
  readonly observer?: EntryObserver
  /** Digests of erased disclosures, by index, of a source that keeps all others. */
  readonly erased?: ReadonlyMap<number, ReadonlySet<string>>
  readonly onProgress?: (done: number, total: number) => void
}

export interface EntryWalkResult {
  readonly registry: Registry
  readonly disclosures: { present: number; withheld: number; foreign: number }
  readonly kinds: Record<string, number>
  readonly firstTime: string | undefined
  readonly lastTime: string | undefined
  /** Entries read. */
  readonly entries: number
}

/** Bundles that one chunk holds, and chunks that are under way at once. */
const bundlesPerChunk = 2
const lookahead = 6

/** A chunk on its way: read, and handed to a thread with the registry of that moment. */
interface Pending {
  readonly read: Chunk
  registry: Registry
  appraisal: Promise<Appraisal | undefined>
}

/** Walks every entry in order, and goes on past whatever does not hold. */
export class EntryWalk {
  private readonly options: EntryWalkOptions
  private registry: Registry
  private readonly result: {
    disclosures: EntryWalkResult['disclosures']
    kinds: Record<string, number>
    entries: number
  }
  private last: { readonly timeMs: number } | undefined
  private firstMs: number | undefined
  /** What the next entry's link must be. */
  private expectedLink: Uint8Array | undefined

  constructor(options: EntryWalkOptions) {
    this.options = options
    this.registry = options.registry
    const { timeMs, link } = options.resumed ?? { timeMs: undefined, link: zeroHash }
    this.expectedLink = link
    this.last = timeMs === undefined ? undefined : { timeMs }
    this.result = {
      disclosures: { present: 0, withheld: 0, foreign: 0 },
      kinds: Object.create(null) as Record<string, number>,
      entries: 0,
    }
  }

  async run(): Promise<EntryWalkResult> {
    const { size, trustedSize, onProgress } = this.options
    const chunkSize = bundlesPerChunk * tileWidth
    const pending: Promise<Pending>[] = []
    let next = trustedSize
    const fill = (): void => {
      while (pending.length < lookahead && next < size) {
        const chunk = this.begin(next, Math.min(size, next - (next % chunkSize) + chunkSize))
        // Awaited in its turn; until then a failure must not count as unhandled.
        chunk.catch(() => {})
        pending.push(chunk)
        next += chunkSize - (next % chunkSize)
      }
    }
    for (fill(); pending.length > 0; fill()) {
      const chunk = await (pending.shift() as Promise<Pending>)
      fill()
      const end = this.endWithin(chunk.read)
      // What a thread judged on a registry that has changed since is judged anew, and so is what waits behind it.
      for (const one of [chunk, ...(chunk.registry === this.registry ? [] : await Promise.all(pending))]) {
        if (one.registry !== this.registry) this.handOut(one)
      }
      await this.judgeChunk(chunk.read, await chunk.appraisal, end)
      if (end !== undefined) {
        this.endEarly(end)
        break
      }
      onProgress?.(Math.min(size, chunk.read.begin + chunk.read.entries.lengths.length), size)
    }
    return {
      ...this.result,
      registry: this.registry,
      firstTime: asTime(this.firstMs),
      lastTime: asTime(this.last?.timeMs),
    }
  }

  /**
   * Judges one entry outside the order of the walk: what an entry below the trusted size did to the registry.
   * Entries must come in ascending order, and before {@link run}.
   */
  async judgeTrusted(index: number, bytes: Uint8Array | undefined): Promise<void> {
    this.expectedLink = index === 0 ? zeroHash : this.options.history.leaf(index - 1)
    const opened = bytes === undefined ? undefined : partsOfEntry(bytes)
    if (opened !== undefined) await this.recall(opened)
    this.judgeEntry(index, opened, undefined, [])
  }

  private async begin(begin: number, end: number): Promise<Pending> {
    const read = await readChunk(this.options.source, begin, end)
    const chunk: Pending = { read, registry: this.registry, appraisal: Promise.resolve(undefined) }
    this.handOut(chunk)
    return chunk
  }

  private handOut(chunk: Pending): void {
    const { appraiser, context } = this.options
    chunk.registry = this.registry
    if (appraiser === undefined) return
    chunk.appraisal = appraiser.appraise(chunk.read, this.registry, context)
    chunk.appraisal.catch(() => {})
  }

  /**
   * The first bundle of a chunk of which nothing can be had, past the leaf hashes that are known: there the walk ends, however
   * much the checkpoint claims. Undefined where there is none.
   */
  private endWithin({ begin, entries }: Chunk): number | undefined {
    const { tree } = this.options
    const { lengths } = entries
    for (let i = 0; i < lengths.length; i += tileWidth - ((begin + i) % tileWidth)) {
      const bundle = lengths.subarray(i, i + tileWidth - ((begin + i) % tileWidth))
      if (begin + i >= tree.leaves && bundle.every((length) => length === absent)) return begin + i
    }
    return undefined
  }

  /** One fault stands for all entries from here on; what they said of participants and keys is not known. */
  private endEarly(index: number): void {
    this.fault('entry-missing', index, `The entries ${index} to ${this.options.size - 1} are missing.`)
    this.lose(index, undefined)
  }

  /** Judges the entries of a chunk, up to `end` where it is given. */
  private async judgeChunk(
    { begin, entries, disclosures }: Chunk,
    appraisal: Appraisal | undefined,
    end = begin + entries.lengths.length,
  ): Promise<void> {
    const count = end - begin
    const accepts = appraisal === undefined ? undefined : this.accepts(begin, count, appraisal)
    const { registry } = this
    // Taken apart only where the walk must look for itself.
    let each: (Uint8Array | undefined)[] | undefined
    let disclosed: (Uint8Array | undefined)[] | undefined
    for (let i = 0; i < count; i++) {
      const index = begin + i
      // From an entry that changes the registry on, what was judged on the registry before it is worth nothing.
      const isAccepted = accepts !== undefined && this.registry === registry && accepts(i)
      if (isAccepted && !this.mayLack(appraisal, i)) continue
      each ??= unpack(entries)
      disclosed ??= disclosures === undefined ? [] : unpack(disclosures)
      if (isAccepted) {
        const body = bodyOfEntry(each[i] as Uint8Array)
        if (body !== undefined) this.judgeMissing(index, body, readDisclosures(body, splitDisclosed(disclosed[i])).read)
        continue
      }
      const bytes = each[i]
      const opened = bytes === undefined ? undefined : partsOfEntry(bytes)
      if (this.options.trustedSize > 0 && opened !== undefined) await this.recall(opened)
      const isSigned = appraisal !== undefined && ((appraisal.marks[i] as number) & signed) !== 0
      this.judgeEntry(index, opened, isSigned ? registry : undefined, splitDisclosed(disclosed[i]))
    }
  }

  /** Whether an entry lacks claims, of a source that keeps all but erased ones. */
  private mayLack(appraisal: Appraisal | undefined, i: number): boolean {
    return this.options.erased !== undefined && (appraisal?.withheld[i] ?? 0) > 0
  }

  /** A sealed claim that is not there, and was not erased, is lost. */
  private judgeMissing(index: number, body: StatementBody, read: readonly Disclosure[]): void {
    const { erased } = this.options
    if (erased === undefined) return
    const gone = new Set(read.map(({ digest }) => digest))
    for (const digest of erased.get(index) ?? []) gone.add(digest)
    const lost = sealedDigestsOf(body).filter((digest) => !gone.has(digest)).length
    if (lost === 0) return
    this.fault(
      'disclosures-missing',
      index,
      `${lost} claims sealed in entry ${index} are not there, and were not erased.`,
    )
  }

  /** Takes a plain entry as it was appraised, if its place in the chain is in order too; false, and nothing done, if not. */
  private accepts(begin: number, count: number, appraisal: Appraisal): ((i: number) => boolean) | undefined {
    const { history, tree, observer } = this.options
    const { leafHashes, marks, ids, timesMs, kinds, kindOf, items, lines, present, withheld, tallies, firstLink } =
      appraisal
    if (!tree.authentic || begin + count > tree.leaves) return undefined
    if (!equalBytes(leafHashes, history.leaves(begin, count))) return undefined
    const signers = appraisal.signers.map(([iss, kid]) => ({ iss, number: history.signerNumber(iss, kid) }))
    return (i) => {
      if (((marks[i] as number) & plain) === 0) return false
      const index = begin + i
      const timeMs = timesMs[i] as number
      if (this.last !== undefined && timeMs < this.last.timeMs) return false
      if (i === 0 && (this.expectedLink === undefined || !equalBytes(firstLink as Uint8Array, this.expectedLink)))
        return false
      const { iss, number } = signers[appraisal.signerOf[i] as number] as (typeof signers)[number]
      if (!history.ids.claim(iss, ids, 4 * i, index)) return false
      const kind = kinds[kindOf[i] as number] as string
      history.addFacts(index, timeMs, number, items[i] === 0 ? 'nothing' : (items[i] as number), lines.get(i))
      this.result.kinds[kind] = (this.result.kinds[kind] ?? 0) + 1
      this.result.entries++
      this.result.disclosures.present += present[i] as number
      this.result.disclosures.withheld += withheld[i] as number
      this.expectedLink = history.leaf(index)
      this.firstMs ??= timeMs
      this.last = { timeMs }
      observer?.tally(index, tallies[i] as number)
      return true
    }
  }

  /** What an entry refers to below the trusted size is read now. */
  private async recall({ statement }: EntryParts): Promise<void> {
    if (statement === undefined || statement instanceof EvidenceError) return
    const { history, source, size, trustedSize } = this.options
    for (const { index } of referencesOf(valueOr(() => readBody(statement), undefined))) {
      if (index >= trustedSize || history.knows(index)) continue
      const n = Math.floor(index / tileWidth)
      // Static files have the width that follows from the size, and no other.
      const bundle = await source.entries(n, tileWidthAt(0, n, size))
      const bytes = bundle[index % tileWidth]
      const target = bytes === undefined ? undefined : valueOr(() => openEntry(bytes), undefined)
      if (target === undefined || !equalBytes(target.hash, history.leaf(index))) continue
      history.addStatement(index, target.entry.timeMs, target.statement)
    }
  }

  private fault(code: EvidenceError['code'], index: number, message: string, expected?: string, found?: string): void {
    const detail = { ...(expected === undefined ? {} : { expected }), ...(found === undefined ? {} : { found }) }
    this.options.faults.add({ code, index, message, ...detail })
  }

  /** `signedUnder`: a registry under whose key for `kid` the signature is known to verify. */
  private judgeEntry(
    index: number,
    opened: EntryParts | undefined,
    signedUnder: Registry | undefined,
    texts: readonly string[],
  ): void {
    const { history, tree } = this.options
    const sealed = tree.authentic ? history.leaf(index) : undefined
    if (opened === undefined) {
      this.fault('entry-missing', index, `Entry ${index} is missing.`)
      if (index >= tree.leaves) history.addLost(index)
      this.lose(index, sealed)
      return
    }
    this.result.entries++
    const { hash, entry, statement } = opened
    const stored = index < tree.leaves ? history.leaf(index) : undefined
    const altered = stored !== undefined && !equalBytes(hash, stored)
    if (altered) {
      const message = tree.authentic
        ? `The stored bytes of entry ${index} are not those that were sequenced.`
        : `The stored bytes of entry ${index} are not those that the stored tree holds.`
      this.fault('entry-altered', index, message, toBase64(stored), toBase64(hash))
    }
    if (stored === undefined || !tree.authentic) history.addLeaf(index, hash)
    // Bytes that were sequenced and cannot be read break a rule and so change nothing; others may have said anything.
    const isAsSealed = tree.authentic && !altered
    if (entry instanceof EvidenceError) {
      this.options.faults.add(findingOf(entry, index))
      this.expectedLink = sealed ?? hash
      if (!isAsSealed) this.loseAuthority(index)
      return
    }
    this.judgeChain(index, entry, altered)
    this.expectedLink = sealed ?? hash
    if (!entry.known) return this.laterVersion(index, versionNumber(entry.version) as number, isAsSealed)
    if (statement instanceof EvidenceError) {
      this.options.faults.add(findingOf(statement, index))
      if (!isAsSealed) this.loseAuthority(index)
    } else if (statement !== undefined) this.judgeStatement(index, entry, statement, altered, signedUnder, texts)
  }

  /** Index, time and link: judged in every entry version. */
  private judgeChain(
    index: number,
    entry: Pick<Entry, 'index' | 'time' | 'previous'> & { readonly timeMs: number },
    altered: boolean,
  ): void {
    for (const fault of chainFaults({ index, link: this.expectedLink, timeMs: this.last?.timeMs }, entry)) {
      this.options.faults.add({ ...findingOf(fault, index), message: `E${fault.message.slice(1)}.` })
    }
    this.firstMs ??= entry.timeMs
    // A time that went back is judged once: the next entry is held to the later one. An altered one binds nobody.
    if (altered) return
    if (this.last === undefined || entry.timeMs >= this.last.timeMs) this.last = { timeMs: entry.timeMs }
  }

  /** After an entry that cannot be read: what it said of participants is not known. */
  private lose(index: number, link: Uint8Array | undefined): void {
    this.expectedLink = link
    this.loseAuthority(index)
  }

  private loseAuthority(index: number): void {
    this.registry = { ...this.registry, uncertainSince: this.registry.uncertainSince ?? index }
  }

  /** An announced version needs a newer verifier; one that nobody announced is the ledger's fault, and says nothing. */
  private laterVersion(index: number, version: number, isAsSealed: boolean): void {
    const isAnnounced = this.registry.formats?.has(version) === true
    if (isAnnounced || this.registry.uncertainSince !== undefined) {
      const message = `Entry ${index} has the version ${version}: not judged, needs a newer verifier.`
      this.options.unjudged.add({ code: 'not-judged', index, message })
      return this.loseAuthority(index)
    }
    this.fault(
      'version-unannounced',
      index,
      `Entry ${index} has the version ${version}, which no entry before announced.`,
    )
    if (!isAsSealed) this.loseAuthority(index)
  }

  private judgeStatement(
    index: number,
    entry: Entry & { readonly timeMs: number },
    statement: Statement,
    altered: boolean,
    signedUnder: Registry | undefined,
    texts: readonly string[],
  ): void {
    const { history, faults, unjudged, observer } = this.options
    const { signingInput } = statement.jws
    const verifiedKey = signedUnder?.keys.get(statement.header.kid)?.publicKey
    const context: RuleContext = {
      ...this.options.context,
      verifies: (key, message, signature) =>
        (message === signingInput && verifiedKey !== undefined && equalBytes(key, verifiedKey)) ||
        verifyEd25519(key, message, signature),
    }
    const judgement: Judgement = judge(
      this.registry,
      { index, time: entry.time, timeMs: entry.timeMs, statement },
      history,
      context,
    )
    for (const violation of judgement.violations) faults.add(findingOf(violation, index))
    for (const open of judgement.unjudged) unjudged.add(findingOf(open, index))
    // What an altered entry said when it was sequenced is not known: it changes nothing, and nobody after it is blamed for that.
    if (altered) return this.loseAuthority(index)
    const changedRegistry = judgement.next !== this.registry
    this.registry = judgement.next
    // Without an authentic tree nothing says that these bytes were sequenced: others may have been in order.
    if (!this.options.tree.authentic && judgement.violations.length > 0) this.loseAuthority(index)
    const { common } = statement
    if (judgement.usesStatementId) history.ids.add(common.iss, common.jti, index)
    history.addStatement(index, entry.timeMs, statement)
    this.result.kinds[common.kind] = (this.result.kinds[common.kind] ?? 0) + 1
    const disclosures = this.judgeDisclosures(index, judgement.body, texts)
    observer?.entry({
      index,
      leafHash: history.leaf(index),
      statement,
      body: judgement.body,
      disclosures,
      changedRegistry,
    })
  }

  /** Each stored disclosure must be one that the entry seals; one that is gone is withheld, which is a fault where the source keeps all but erased ones. */
  private judgeDisclosures(index: number, body: StatementBody | undefined, texts: readonly string[]): Disclosure[] {
    const { disclosures } = this.result
    // What a kind of a later version seals, and whether it does, is not known. Below the trusted size none were read.
    if (body === undefined || index < this.options.trustedSize) return []
    const { read, foreign, withheld } = readDisclosures(body, texts)
    for (let i = 0; i < foreign; i++) {
      const message = `A disclosure stored for entry ${index} is not one that was sealed with it.`
      this.fault('stored-disclosure-altered', index, message)
    }
    disclosures.foreign += foreign
    disclosures.present += read.length
    disclosures.withheld += withheld
    this.judgeMissing(index, body, read)
    return read
  }
}

function asTime(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : timeText(ms)
}
