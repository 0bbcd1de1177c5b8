import { valueOr } from '../core/attempt.ts'
import { equalBytes } from '../core/bytes.ts'
import { tileWidth, tileWidthAt } from '../core/merkle/layout.ts'
import { readBody } from '../statements/body.ts'
import { isSameGround } from '../statements/plain/recognise.ts'
import { type EntryParts, type OpenedEntry, openEntry, partsOfEntry } from '../statements/open.ts'
import type { Registry } from '../statements/registry.ts'
import { referencesOf } from '../statements/said.ts'
import { leafHash } from '../core/entry.ts'
import { type Appraisal, plain, signed, signedInside, splitDisclosed } from './appraisal.ts'
import type { Appraiser, EntryRange } from './appraiser.ts'
import { type Chunk, chunkBetween, readChunk } from './chunks.ts'
import { EntryJudge, type EntryJudgeOptions, type SignedUnder } from './judge-entry.ts'
import { absent, unpack } from './packed.ts'
import type { LogSource } from '../log/log.ts'

export interface EntryWalkOptions extends EntryJudgeOptions {
  readonly source: LogSource
  readonly appraiser?: Appraiser
  readonly onProgress?: (done: number, total: number) => void
}

/** Bundles that one chunk holds, and chunks that are under way at once. */
const chunkSize = 2 * tileWidth
const lookahead = 6
/** Entries that are worth handing out anew within a chunk, and how often a chunk may be: a ledger that changes the registry often gains nothing. */
const worthHanding = 32
const handedAnew = 2

/** A chunk on its way: handed to a thread with the registry of that moment, which reads it too where it can. */
interface Pending extends EntryRange {
  /** Whether a thread may read it: then it is read here only where the walk must look for itself. */
  readonly mayReadThere: boolean
  /** Reads it through the source, once. */
  readonly read: () => Promise<Chunk>
  registry: Registry
  appraisal: Promise<Appraisal | undefined>
}

/** Reads every entry, ahead and on other threads where there are any, and gives each in its turn to an {@link EntryJudge}. */
export class EntryWalk {
  readonly judge: EntryJudge
  private readonly options: EntryWalkOptions

  constructor(options: EntryWalkOptions) {
    this.options = options
    this.judge = new EntryJudge(options)
  }

  async run(): Promise<void> {
    const { size, trustedSize, onProgress } = this.options
    const pending: Promise<Pending>[] = []
    let next = trustedSize
    const fill = (): void => {
      while (pending.length < lookahead && next < size) {
        const end = next - (next % chunkSize) + chunkSize
        const chunk = this.begin(next, Math.min(size, end))
        // Awaited in its turn; until then a failure must not count as unhandled.
        chunk.catch(() => {})
        pending.push(chunk)
        next = end
      }
    }
    for (fill(); pending.length > 0; fill()) {
      const chunk = await (pending.shift() as Promise<Pending>)
      fill()
      const end = chunk.mayReadThere ? undefined : this.endWithin(await chunk.read())
      await this.renew(chunk, pending)
      await this.judgeChunk(chunk, end, pending)
      if (end !== undefined) return this.judge.endEarly(end)
      onProgress?.(chunk.end, size)
    }
  }

  /**
   * Hands out what was handed out on another registry than that of now, in order, where that spares more than it costs: most entries stand on
   * their signer alone, whatever has changed since. What cannot be read fails in its own turn.
   */
  private async renew(chunk: Pending, waiting: readonly Promise<Pending>[]): Promise<void> {
    if (await this.isWorthAnew(chunk, 0)) this.handOutAnew(chunk, waiting)
  }

  private handOutAnew(chunk: Pending, waiting: readonly Promise<Pending>[]): void {
    const renewOne = (one: Pending): void => {
      if (one.registry !== this.judge.registry) this.handOut(one)
    }
    renewOne(chunk)
    for (const read of waiting) read.then(renewOne, () => {})
  }

  /** Whether the entries of a part from a place on had better be judged by a thread on the registry of now. */
  private async isWorthAnew(part: Pending, from: number): Promise<boolean> {
    const { judge, options } = this
    if (options.appraiser === undefined || part.registry === judge.registry) return false
    const appraisal = await part.appraisal
    if (appraisal === undefined || !isSameGround(part.registry, judge.registry)) return true
    // What nobody has verified a signature of: most often its key was not admitted yet.
    let unsigned = 0
    for (let i = from; i < part.end - part.begin; i++) if (((appraisal.marks[i] as number) & signed) === 0) unsigned++
    return unsigned >= worthHanding
  }

  /**
   * Judges one entry outside the order of the walk: what an entry below the trusted size did to the registry.
   * Entries must come in ascending order, and before {@link run}.
   */
  async judgeTrusted(index: number, bytes: Uint8Array | undefined): Promise<void> {
    this.judge.passOver(index - 1)
    await this.judgeEntry(index, bytes, undefined, [])
  }

  private async judgeEntry(
    index: number,
    bytes: Uint8Array | undefined,
    signedUnder: SignedUnder | undefined,
    texts: readonly string[],
  ): Promise<void> {
    const opened = bytes === undefined ? undefined : partsOfEntry(bytes)
    if (opened !== undefined) await this.recall(index, opened)
    this.judge.judge(index, opened, signedUnder, texts)
  }

  private async begin(begin: number, end: number): Promise<Pending> {
    const { source, tree, appraiser } = this.options
    // What a thread reads is worth something only where the tree vouches for it.
    const mayReadThere =
      source.snapshot !== undefined && appraiser?.appraiseRange !== undefined && tree.authentic && end <= tree.leaves
    const read = once(() => readChunk(source, begin, end))
    if (!mayReadThere) await read()
    const { registry } = this.judge
    const chunk: Pending = { begin, end, mayReadThere, read, registry, appraisal: Promise.resolve(undefined) }
    this.handOut(chunk)
    return chunk
  }

  private handOut(chunk: Pending): void {
    const { appraiser } = this.options
    chunk.registry = this.judge.registry
    chunk.appraisal = Promise.resolve(undefined)
    // Without any key nothing but a genesis can pass, and that is the walk's.
    if (appraiser === undefined || chunk.registry.keys.size === 0) return
    chunk.appraisal = this.appraise(appraiser, chunk, chunk.registry)
    chunk.appraisal.catch(() => {})
  }

  private async appraise(appraiser: Appraiser, chunk: Pending, registry: Registry): Promise<Appraisal | undefined> {
    const { context, source } = this.options
    const { begin, end, mayReadThere } = chunk
    const { snapshot } = source
    const found =
      mayReadThere && snapshot !== undefined
        ? await appraiser.appraiseRange?.(snapshot, { begin, end }, registry, context)
        : undefined
    return found ?? appraiser.appraise(await chunk.read(), registry, context)
  }

  /**
   * The first bundle of a chunk of which nothing can be had, past the leaf hashes that are known: there the walk ends, however
   * much the checkpoint claims. Undefined where there is none.
   */
  private endWithin({ begin, entries: { lengths } }: Chunk): number | undefined {
    for (let i = 0; i < lengths.length; i += tileWidth - ((begin + i) % tileWidth)) {
      const bundle = lengths.subarray(i, i + tileWidth - ((begin + i) % tileWidth))
      if (begin + i >= this.options.tree.leaves && bundle.every((length) => length === absent)) return begin + i
    }
    return undefined
  }

  /** Judges the entries of a chunk, up to `end` where it is given; from where the registry has settled anew, the rest is handed out again. */
  private async judgeChunk(chunk: Pending, end = chunk.end, waiting: readonly Promise<Pending>[] = []): Promise<void> {
    let part = chunk
    let next = await this.judgePart(part, end, handedAnew > 0)
    for (let left = handedAnew - 1; next < end; left--) {
      const [whole, begin] = [part, next]
      part = { ...whole, begin, end, read: once(async () => chunkBetween(await whole.read(), begin, end)) }
      this.handOutAnew(part, waiting)
      next = await this.judgePart(part, end, left > 0)
    }
  }

  /** Judges entries up to `end`, or to where the rest had better be handed out anew, if it may be; gives where it ended. */
  private async judgePart(part: Pending, end: number, mayHandOut: boolean): Promise<number> {
    const { judge } = this
    const { registry, begin } = part
    const appraisal = await part.appraisal
    const canHandOut = mayHandOut && this.options.appraiser !== undefined
    const accepts = appraisal === undefined ? undefined : judge.accepting(begin, end - begin, appraisal, registry)
    // Read and taken apart only where the walk must look for itself.
    let each: (Uint8Array | undefined)[] | undefined
    let disclosed: (Uint8Array | undefined)[] = []
    const look = async (): Promise<(Uint8Array | undefined)[]> => {
      if (each !== undefined) return each
      const { entries, disclosures } = await part.read()
      disclosed = disclosures === undefined ? [] : unpack(disclosures)
      return (each = unpack(entries))
    }
    for (let i = 0; i < end - begin; i++) {
      const lacks = this.mayLack(appraisal, i)
      // What was appraised there must be what is looked at here.
      const isSame = !lacks || wasAppraised(appraisal, i, (await look())[i])
      const isAccepted = isSame && accepts?.(i) === true
      if (isAccepted && !lacks) continue
      const bytes = (each ?? (await look()))[i]
      const texts = splitDisclosed(disclosed[i])
      if (isAccepted) judge.judgeWithheld(begin + i, bytes as Uint8Array, texts)
      else {
        const mark = appraisal?.marks[i] ?? 0
        const before = judge.registry
        const isSigned = (mark & signed) !== 0 && wasAppraised(appraisal, i, bytes)
        const signedUnder = isSigned ? { registry, isInside: (mark & signedInside) !== 0 } : undefined
        await this.judgeEntry(begin + i, bytes, signedUnder, texts)
        const next = begin + i + 1
        const hasSettled = judge.registry === before && before !== registry && before.keys.size > 0
        const isRest = canHandOut && hasSettled && end - next >= worthHanding
        if (isRest && (await this.isWorthAnew(part, i + 1))) return next
      }
    }
    return end
  }

  /** Whether a plain entry lacks claims, of a source that keeps all but erased ones. */
  private mayLack(appraisal: Appraisal | undefined, i: number): boolean {
    return (
      this.options.erased !== undefined &&
      ((appraisal?.marks[i] ?? 0) & plain) !== 0 &&
      (appraisal?.withheld[i] ?? 0) > 0
    )
  }

  /** Reads what the entry `from` refers to and the walk keeps nothing of: what lies below the trusted size, and what entries say where that is asked. */
  private async recall(from: number, { statement }: EntryParts): Promise<void> {
    const { history, trustedSize } = this.options
    if (statement === undefined || statement instanceof Error) return
    for (const { index, asksWhat } of referencesOf(valueOr(() => readBody(statement), undefined))) {
      if (index >= from) continue
      const isForgotten = index < trustedSize && !history.knows(index)
      if (!isForgotten && (asksWhat !== true || history.knowsSaid(index))) continue
      const target = await this.reread(index)
      if (target === undefined) continue
      if (isForgotten) {
        const soundness = target.statement.knownAlgorithm ? undefined : 'open'
        history.addStatement(index, target.entry.timeMs, target.statement, soundness)
      }
      if (asksWhat === true) history.noteSaid(index, target.statement)
    }
  }

  /** An entry that was walked before, read again; undefined where its bytes are not those of its leaf, or cannot be read. */
  private async reread(index: number): Promise<OpenedEntry | undefined> {
    const { history, source, size } = this.options
    const n = Math.floor(index / tileWidth)
    // Static files have the width that follows from the size, and no other.
    const bundle = await source.entries(n, tileWidthAt(0, n, size))
    const bytes = bundle[index % tileWidth]
    const target = bytes === undefined ? undefined : valueOr(() => openEntry(bytes), undefined)
    return target !== undefined && equalBytes(target.hash, history.leaf(index)) ? target : undefined
  }

  /** Compares what the source keeps with what was ordered to be erased, after the last entry. Throws what reading throws. */
  async compareErasures(): Promise<void> {
    const { judge, options } = this
    const { source } = options
    if (source.disclosuresIn === undefined) return
    for (const index of judge.erasures.targets) {
      const kept = await source.disclosuresIn(index, index + 1)
      judge.erasures.compare(index, kept.get(index) ?? [])
    }
  }
}

/** Whether these bytes are those of which an appraisal speaks: a thread may have read others. */
function wasAppraised(appraisal: Appraisal | undefined, i: number, bytes: Uint8Array | undefined): boolean {
  if (appraisal === undefined || bytes === undefined) return false
  return equalBytes(leafHash(bytes), appraisal.leafHashes.subarray(32 * i, 32 * i + 32))
}

/** What is begun when it is first asked for, and not again. A failure of it is each asker's own. */
function once<T>(begin: () => Promise<T>): () => Promise<T> {
  let begun: Promise<T> | undefined
  return () => {
    begun ??= begin()
    begun.catch(() => {})
    return begun
  }
}
