import {
  type Disclosure,
  type Entry,
  equalBytes,
  EvidenceError,
  isEvidenceError,
  leafHash,
  parseDisclosure,
  parseEntry,
  tileWidth,
  toBase64,
  verifyEd25519,
  zeroHash,
} from '../core/index.ts'
import {
  type Judgement,
  judge,
  readEnvelope,
  readStatement,
  type Registry,
  type RuleContext,
  sealedDigestsOf,
  type Statement,
  type StatementBody,
} from '../evidence/index.ts'
import { type FindingList, findingOf } from './report.ts'
import type { LogSource } from './source.ts'
import type { WalkHistory } from './walk-history.ts'
import type { TreeFacts } from './walk-tree.ts'

/** Verdicts on many signatures at once, in order: another thread's, if the caller has one. */
export type VerifyBatch = (
  jobs: readonly { readonly publicKey: Uint8Array; readonly message: Uint8Array; readonly signature: Uint8Array }[],
) => Promise<boolean[]>

/** Told of each entry that could be read, in order. */
export type EntryObserver = (entry: WalkedEntry) => void

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
  readonly verifyBatch?: VerifyBatch
  readonly onEntry?: EntryObserver
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

/** An entry taken apart, before its place in the chain is judged. */
interface Opened {
  readonly hash: Uint8Array
  readonly entry: ReturnType<typeof parseEntry> | EvidenceError
  readonly statement: Statement | EvidenceError | undefined
}

interface Chunk {
  readonly begin: number
  readonly opened: readonly (Opened | undefined)[]
  readonly disclosures: Map<number, string[]> | undefined
  /** Verdict by position, for signatures handed out beforehand, and the key that each was verified under. */
  readonly verdicts: Promise<Map<number, { readonly key: Uint8Array; readonly valid: boolean }>>
}

/** Bundles that one chunk holds, and chunks that are under way at once. */
const bundlesPerChunk = 2
const lookahead = 4

function open(bytes: Uint8Array): Opened {
  const hash = leafHash(bytes)
  const entry = attempt(() => parseEntry(bytes))
  if (entry instanceof EvidenceError || !entry.known) return { hash, entry, statement: undefined }
  return { hash, entry, statement: attempt(() => readStatement(readEnvelope(entry.statement))) }
}

function attempt<T>(read: () => T): T | EvidenceError {
  try {
    return read()
  } catch (error) {
    if (isEvidenceError(error)) return error
    throw error
  }
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
  private firstTime: string | undefined
  private last: { readonly time: string; readonly timeMs: number } | undefined
  /** What the next entry's link must be. */
  private expectedLink: Uint8Array | undefined = zeroHash

  constructor(options: EntryWalkOptions) {
    this.options = options
    this.registry = options.registry
    this.result = {
      disclosures: { present: 0, withheld: 0, foreign: 0 },
      kinds: Object.create(null) as Record<string, number>,
      entries: 0,
    }
  }

  async run(): Promise<EntryWalkResult> {
    const { size, onProgress } = this.options
    const chunkSize = bundlesPerChunk * tileWidth
    const pending: Promise<Chunk>[] = []
    let next = 0
    const fill = (): void => {
      while (pending.length < lookahead && next < size) {
        const chunk = this.readChunk(next, Math.min(size, next + chunkSize))
        // Awaited in its turn; until then a failure must not count as unhandled.
        chunk.catch(() => {})
        pending.push(chunk)
        next += chunkSize
      }
    }
    for (fill(); pending.length > 0; fill()) {
      const chunk = await (pending.shift() as Promise<Chunk>)
      fill()
      if (this.isPastTheEnd(chunk)) break
      const verdicts = await chunk.verdicts
      chunk.opened.forEach((opened, i) => this.judgeEntry(chunk, chunk.begin + i, opened, verdicts.get(i)))
      onProgress?.(Math.min(size, chunk.begin + chunk.opened.length), size)
    }
    return { ...this.result, registry: this.registry, firstTime: this.firstTime, lastTime: this.last?.time }
  }

  /** Nothing of a chunk can be had, and no tile told of it: the checkpoint claims what is not there, however much. */
  private isPastTheEnd({ begin, opened }: Chunk): boolean {
    const { size, tree } = this.options
    if (begin < tree.leaves || opened.some((one) => one !== undefined)) return false
    this.fault('entry-missing', begin, `The entries ${begin} to ${size - 1} are missing.`)
    return true
  }

  private async readChunk(begin: number, end: number): Promise<Chunk> {
    const { source } = this.options
    const bundles: Promise<(Uint8Array | undefined)[]>[] = []
    for (let at = begin; at < end; at += tileWidth) {
      bundles.push(source.entries(at / tileWidth, Math.min(tileWidth, end - at)))
    }
    const [entries, disclosures] = await Promise.all([Promise.all(bundles), source.disclosuresIn?.(begin, end)])
    const opened = entries.flat().map((bytes) => (bytes === undefined ? undefined : open(bytes)))
    const verdicts = this.verifyAhead(opened)
    verdicts.catch(() => {})
    return { begin, opened, disclosures, verdicts }
  }

  /** Hands out the signatures of keys that are known already; the rest are verified when their turn comes. */
  private async verifyAhead(
    opened: readonly (Opened | undefined)[],
  ): Promise<Map<number, { key: Uint8Array; valid: boolean }>> {
    const verdicts = new Map<number, { key: Uint8Array; valid: boolean }>()
    const { verifyBatch } = this.options
    if (verifyBatch === undefined) return verdicts
    const at: number[] = []
    const jobs: { publicKey: Uint8Array; message: Uint8Array; signature: Uint8Array }[] = []
    opened.forEach((one, i) => {
      const statement = one?.statement
      if (statement === undefined || statement instanceof EvidenceError || !statement.knownAlgorithm) return
      const key = this.registry.keys.get(statement.header.kid)
      if (key === undefined) return
      at.push(i)
      jobs.push({ publicKey: key.publicKey, message: statement.jws.signingInput, signature: statement.jws.signature })
    })
    const valid = await verifyBatch(jobs)
    at.forEach((position, j) => {
      verdicts.set(position, { key: (jobs[j] as (typeof jobs)[number]).publicKey, valid: valid[j] === true })
    })
    return verdicts
  }

  private fault(code: EvidenceError['code'], index: number, message: string, expected?: string, found?: string): void {
    const detail = { ...(expected === undefined ? {} : { expected }), ...(found === undefined ? {} : { found }) }
    this.options.faults.add({ code, index, message, ...detail })
  }

  private judgeEntry(
    chunk: Chunk,
    index: number,
    opened: Opened | undefined,
    verdict: { readonly key: Uint8Array; readonly valid: boolean } | undefined,
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
        ? `The stored bytes of entry ${index} are not those that were sealed.`
        : `The stored bytes of entry ${index} are not those that the stored tree holds.`
      this.fault('entry-altered', index, message, toBase64(stored), toBase64(hash))
    }
    if (stored === undefined || !tree.authentic) history.addLeaf(index, hash)
    // Bytes that were sealed and cannot be read break a rule and so change nothing; others may have said anything.
    const isAsSealed = tree.authentic && !altered
    if (entry instanceof EvidenceError) {
      this.options.faults.add(findingOf(entry, index))
      this.expectedLink = sealed ?? hash
      if (!isAsSealed) this.loseAuthority(index)
      return
    }
    this.judgeChain(index, entry, altered)
    this.expectedLink = sealed ?? hash
    if (!entry.known) return this.unknownVersion(index, entry.version)
    if (statement instanceof EvidenceError) {
      this.options.faults.add(findingOf(statement, index))
      if (!isAsSealed) this.loseAuthority(index)
    } else if (statement !== undefined) this.judgeStatement(chunk, index, entry, statement, altered, verdict)
  }

  /** Index, time and link: judged in every entry version. */
  private judgeChain(
    index: number,
    entry: Pick<Entry, 'index' | 'time' | 'previous'> & { readonly timeMs: number },
    altered: boolean,
  ): void {
    if (entry.index !== index) {
      this.fault(
        'index-wrong',
        index,
        `Entry ${index} says that it is entry ${entry.index}.`,
        String(index),
        String(entry.index),
      )
    }
    if (this.last !== undefined && entry.timeMs < this.last.timeMs) {
      this.fault(
        'time-reversed',
        index,
        `Entry ${index} has an earlier time than the entry before it.`,
        `at least ${this.last.time}`,
        entry.time,
      )
    }
    if (this.expectedLink !== undefined && !equalBytes(entry.previous, this.expectedLink)) {
      const message = `The link of entry ${index} is not the leaf hash of the entry before it.`
      this.fault('link-broken', index, message, toBase64(this.expectedLink), toBase64(entry.previous))
    }
    this.firstTime ??= entry.time
    // A time that went back is judged once: the next entry is held to the later one. An altered one binds nobody.
    if (altered) return
    if (this.last === undefined || entry.timeMs >= this.last.timeMs)
      this.last = { time: entry.time, timeMs: entry.timeMs }
  }

  /** After an entry that cannot be read: what it said of participants is not known. */
  private lose(index: number, link: Uint8Array | undefined): void {
    this.expectedLink = link
    this.loseAuthority(index)
  }

  private loseAuthority(index: number): void {
    this.registry = { ...this.registry, uncertainSince: this.registry.uncertainSince ?? index }
  }

  private unknownVersion(index: number, version: string): void {
    this.options.unjudged.add({
      code: 'not-judged',
      index,
      message: `Entry ${index} has the version ${version}: not judged, needs a newer verifier.`,
    })
    this.loseAuthority(index)
  }

  private judgeStatement(
    chunk: Chunk,
    index: number,
    entry: Entry & { readonly timeMs: number },
    statement: Statement,
    altered: boolean,
    verdict: { readonly key: Uint8Array; readonly valid: boolean } | undefined,
  ): void {
    const { history, faults, unjudged, onEntry } = this.options
    const { signingInput } = statement.jws
    const context: RuleContext = {
      ...this.options.context,
      verifies: (key, message, signature) =>
        message === signingInput && verdict !== undefined && equalBytes(key, verdict.key)
          ? verdict.valid
          : verifyEd25519(key, message, signature),
    }
    const judgement: Judgement = judge(
      this.registry,
      { index, time: entry.time, timeMs: entry.timeMs, statement },
      history,
      context,
    )
    for (const violation of judgement.violations) faults.add(findingOf(violation, index))
    for (const open of judgement.unjudged) unjudged.add(findingOf(open, index))
    // What an altered entry said when it was sealed is not known: it changes nothing, and nobody after it is blamed for that.
    if (altered) return this.loseAuthority(index)
    const changedRegistry = judgement.next !== this.registry
    this.registry = judgement.next
    const { common } = statement
    if (judgement.usesStatementId) history.ids.add(common.iss, common.jti, index)
    history.addStatement(index, entry.timeMs, statement)
    this.result.kinds[common.kind] = (this.result.kinds[common.kind] ?? 0) + 1
    const disclosures = this.judgeDisclosures(index, judgement.body, chunk.disclosures?.get(index))
    onEntry?.({ index, leafHash: history.leaf(index), statement, body: judgement.body, disclosures, changedRegistry })
  }

  /** Each stored disclosure must be one that the entry seals; one that is gone is withheld, not a fault. */
  private judgeDisclosures(
    index: number,
    body: StatementBody | undefined,
    texts: readonly string[] | undefined,
  ): Disclosure[] {
    const { disclosures } = this.result
    // What a kind of a later version seals, and whether it does, is not known.
    if (body === undefined) return []
    const digests = sealedDigestsOf(body)
    const present = new Set<string>()
    const read: Disclosure[] = []
    for (const text of texts ?? []) {
      const disclosure = attempt(() => parseDisclosure(text))
      if (
        disclosure instanceof EvidenceError ||
        !digests.includes(disclosure.digest) ||
        present.has(disclosure.digest)
      ) {
        disclosures.foreign++
        this.fault(
          'stored-disclosure-altered',
          index,
          `A disclosure stored for entry ${index} is not one that was sealed with it.`,
        )
      } else {
        present.add(disclosure.digest)
        read.push(disclosure)
      }
    }
    disclosures.present += present.size
    disclosures.withheld += digests.length - present.size
    return read
  }
}
