import { attempt, onlyOne, settled } from '../core/attempt.ts'
import { type NoteSigner, signCheckpointBy } from '../core/checkpoint.ts'
import { verifyEd25519 } from '../core/ed25519.ts'
import { EvidenceError, isEvidenceError } from '../core/errors.ts'
import { rootFromTiles } from '../core/merkle/tiles.ts'
import type { VerifierKey } from '../core/note.ts'
import type { RuleContext } from '../statements/rules.ts'
import type { ChainState } from './chain-state.ts'
import type { ClockGuard, ClockReading } from './clock.ts'
import type { Confirmation } from './confirmation.ts'
import { FairQueue, queueError } from './fair-queue.ts'
import { answersOf, GroupBuilder, type Outcome, type Placed, type Waiting } from './group.ts'
import type { GatedStorage } from './gated-storage.ts'
import type { HeadFile } from './head-file.ts'
import { executeOrders, listOrders } from './orders.ts'
import { findRepeats, prefetch } from './prefetch.ts'
import { ReceiptWriter } from './receipt-writer.ts'
import type { Rights } from './rights.ts'
import type { LedgerStorage } from './storage.ts'
import type { Submission } from './submission.ts'
import type { LedgerTree } from './tree.ts'
import { deepestReason } from './write-failure.ts'

/** What readers may see: replaced in one step after each commit. */
export interface Published {
  readonly state: ChainState
  /** The signed checkpoint of `state.size`. */
  readonly note: string
}

export interface GroupReport {
  readonly entries: number
  /** Statements answered without an entry: refused, or there before. */
  readonly others: number
  /** Milliseconds of judging and sequencing, of LevelDB's synced batch, of the head file. */
  readonly prepareMs: number
  readonly storeMs: number
  readonly headMs: number
}

export interface SequencerOptions {
  readonly storage: GatedStorage
  /** The list of erasures, for copies; none where there is no folder. */
  readonly erased?: string
  /** Resolves when nothing scans the storage: an order that is to be executed waits for it. */
  readonly scansEnded?: () => Promise<void>
  /** Called before terms are erased that a file beside the database may hold. */
  readonly beforeErasing?: () => void
  readonly epoch: number
  readonly tree: LedgerTree
  readonly head: HeadFile | undefined
  readonly clock: ClockGuard
  readonly key: VerifierKey
  readonly sign: NoteSigner['sign']
  /** Signs beside it: the key that is being replaced, while it is. */
  readonly outgoing?: NoteSigner
  readonly published: Published
  /** Decides what a refusal may tell its signer of other entries. */
  readonly rights: Rights
  /** Most statements that wait, most bytes that they hold, and most statements of one group. */
  readonly maxQueue?: number
  readonly maxQueueBytes?: number
  readonly maxGroup?: number
  readonly onGroup?: (report: GroupReport) => void
  /** Where given, a group is published and answered only when a follower holds it (confirmation.ts). */
  readonly confirmation?: Confirmation
  /** Throws where the database cannot be relied on to judge statements. */
  readonly requireSound?: () => void
  /** Called when a follower has confirmed a group, and readers may see it. */
  readonly onPublished?: () => void
  /** Called once when the writer stops permanently. */
  readonly onFailure?: (error: Error) => void
}

/**
 * The one writer (docs/design/commit-point.md). While a group is being synced the next gathers; a group is whatever has
 * gathered. Each step says what is durable after it.
 */
export class Sequencer {
  private readonly options: SequencerOptions
  private readonly maxQueue: number
  private readonly maxQueueBytes: number
  private readonly signers: readonly NoteSigner[]
  private readonly context: RuleContext
  /** What waits to be sequenced. Read it for metrics; only the sequencer changes it. */
  readonly queue: FairQueue<Waiting>
  private running: Promise<void> | undefined
  private chain: ChainState
  private failure: EvidenceError | undefined
  private closing = false
  /** The last group that is durable and rollback-guarded here. */
  durable: Published
  /** What readers see: the same, or where a follower is asked for, as far as it has confirmed. */
  published: Published

  constructor(options: SequencerOptions) {
    this.options = options
    const { maxQueue = 8192, maxQueueBytes = 64 * 1024 * 1024, maxGroup = 1024 } = options
    this.maxQueue = maxQueue
    this.maxQueueBytes = maxQueueBytes
    this.queue = new FairQueue({ maxItems: maxQueue, maxBytes: maxQueueBytes, maxGroup })
    this.durable = options.published
    this.published = options.published
    this.chain = options.published.state
    const { key, sign, outgoing } = options
    this.signers = [...(outgoing === undefined ? [] : [outgoing]), { key, sign }]
    this.context = {
      origin: options.key.name,
      ledgerKeys: this.signers.map(({ key }) => key.text),
      verifies: verifyEd25519,
    }
  }

  /** The registry as the next entry will be judged by: for finding the key of a statement that arrives. */
  get registry(): ChainState['registry'] {
    return this.chain.registry
  }
  get queued(): number {
    return this.queue.size
  }

  /** Why a statement would be refused just now. Throws `writer-stopped`, `disk-full`, `shutting-down`, `lookups-damaged`, `follower-unconfirmed`, `clock-unsafe`. */
  requireReady(): void {
    if (this.failure !== undefined) throw this.failure
    if (this.closing) throw new EvidenceError('shutting-down', 'the server is stopping', { retryAfterSeconds: 5 })
    this.options.requireSound?.()
    this.options.confirmation?.requireReady()
    this.options.clock.next(this.chain.timeMs)
  }

  /**
   * The outcome of each statement that is a published entry's, byte for byte, in order; undefined for those that are to be queued, and for
   * all while the writer takes nothing or the database cannot be read: it says why. Few statements are not looked up before a queue that
   * is nearly empty: there a repeat takes nothing that anybody lacks.
   */
  async findRepeats(submissions: readonly Submission[]): Promise<(Outcome | EvidenceError | undefined)[]> {
    if (submissions.length <= fewStatements && this.isNearlyEmpty) return submissions.map(() => undefined)
    const readied = attempt(() => this.requireReady())
    const found = readied ?? (await settled(findRepeats(submissions, this.published.state, this.options)))
    return isEvidenceError(found) ? submissions.map(() => undefined) : found
  }

  /**
   * Queues a statement; resolves when it is durable, with its place. Rejects with the rulebook's codes, `jti-reused`,
   * `queue-full`, `queue-share-full`, `clock-unsafe`, `writer-stopped`, `disk-full`, `shutting-down`.
   */
  async submit(submission: Submission, wantReceipt = true): Promise<Outcome> {
    return onlyOne(await this.submitMany([submission], wantReceipt))
  }

  /** Queues many, in order; gives each one's outcome or refusal. One promise for all: one each is a cost of its own. */
  submitMany(submissions: readonly Submission[], wantReceipt = true): Promise<(Outcome | Error)[]> {
    if (submissions.length === 0) return Promise.resolve([])
    return new Promise((all) => {
      const results = new Array<Outcome | Error>(submissions.length)
      let left = submissions.length
      submissions.forEach((submission, i) => {
        const settle = (result: Outcome | Error): void => {
          results[i] = result
          if (--left === 0) all(results)
        }
        this.offer({ submission, wantReceipt, resolve: settle, reject: settle })
      })
    })
  }

  private get isNearlyEmpty(): boolean {
    return this.queue.size * 16 < this.maxQueue && this.queue.bytes * 16 < this.maxQueueBytes
  }

  private offer(waiting: Waiting): void {
    const { participant = '', weight, cost } = waiting.submission
    try {
      this.requireReady()
      this.requireRoomBesideUnanswered(weight)
    } catch (error) {
      return waiting.reject(error as Error)
    }
    // Twice the window at most, so that what is accepted is confirmed, or refused, in time.
    const share = (this.options.confirmation?.window ?? Number.POSITIVE_INFINITY) * 2
    const refused = this.queue.offer(waiting, participant, weight, share, cost)
    if (refused !== undefined) return waiting.reject(queueError(refused))
    // Started in a later turn, so that statements which arrive together share the first sync too.
    this.running ??= new Promise((next) => setImmediate(next)).then(() => this.run())
  }

  /** What is sequenced and waits for a follower holds memory as what waits to be sequenced does. Throws `queue-full`. */
  private requireRoomBesideUnanswered(weight: number): void {
    const { unanswered = 0, unansweredBytes = 0 } = this.options.confirmation ?? {}
    if (unanswered === 0) return
    const isFull = this.queue.size + unanswered >= this.maxQueue
    if (isFull || this.queue.bytes + unansweredBytes + weight > this.maxQueueBytes) throw queueError('full')
  }

  private async run(): Promise<void> {
    try {
      while (this.queue.size > 0) await this.next()
    } finally {
      this.running = undefined
    }
  }

  /** Takes a group and sequences it: where a follower is required, as much as that will confirm soon. */
  private async next(): Promise<void> {
    const { confirmation } = this.options
    if (confirmation === undefined) return this.commit(this.queue.take())
    try {
      const room = await confirmation.room()
      await this.commit(this.queue.take(room))
    } catch (error) {
      for (const { reject } of this.queue.clear()) reject(error as Error)
    }
  }

  private async commit(group: readonly Waiting[]): Promise<void> {
    try {
      const started = performance.now()
      const submissions = group.map(({ submission }) => submission)
      const prefetched = await prefetch(submissions, this.chain, this.options)
      const reading = this.options.clock.next(this.chain.timeMs)
      // 1. In memory.
      const builder = new GroupBuilder(
        this.chain,
        this.options.tree,
        prefetched,
        this.context,
        this.options.rights,
        reading.wall,
      )
      const placed = await placeAll(builder, submissions)
      if (builder.entries.length > 0) await this.makeDurable(builder, reading, placed.length, started)
      // 4. Only now does anybody learn of it.
      this.answer(group, placed)
      this.options.tree.releaseCompleted()
    } catch (error) {
      this.refuse(group, error)
    }
  }

  private async makeDurable(
    builder: GroupBuilder,
    reading: ClockReading,
    statements: number,
    started: number,
  ): Promise<void> {
    const { storage, epoch, tree, head, clock, key } = this.options
    const before = this.chain
    const { state, entries } = builder
    this.chain = state
    try {
      const checkpoint = { origin: key.name, size: state.size, root: rootOf(tree) }
      const note = await signCheckpointBy(checkpoint, this.signers)
      const tiles = tree.tilesToStore()
      const checksum = state.checksum === before.checksum ? {} : { registryChecksum: state.checksum }
      const prepared = performance.now()
      const store = async (into: LedgerStorage): Promise<number> => {
        // 2. Durable from here.
        await into.append({ expectedSize: before.size, epoch, entries, tiles, checkpoint: note, ...checksum })
        const at = performance.now()
        // 3. Rollback guarded from here.
        await head?.write(note)
        return at
      }
      const stored = builder.orders.length === 0 ? await store(storage) : await this.storeAndErase(builder, store)
      const guarded = performance.now()
      clock.stamped(reading)
      this.durable = { state, note }
      if (this.options.confirmation === undefined) this.published = this.durable
      this.options.onGroup?.({
        entries: entries.length,
        others: statements - entries.length,
        prepareMs: prepared - started,
        storeMs: stored - prepared,
        headMs: guarded - stored,
      })
    } catch (error) {
      // After a failed sync nobody knows what the disk holds: no retry, ever. Reading goes on.
      this.fail(error)
      throw this.failure
    }
  }

  /**
   * Stores a group with orders and executes them, while nobody reads: reading of what they name ends with the commit, and they are answered when
   * no file holds it (docs/design/erasure.md). Where that fails the writer stops, and no claim is read until the next start has done it.
   */
  private async storeAndErase(
    { orders, orderedTargets: targets }: GroupBuilder,
    store: (into: LedgerStorage) => Promise<number>,
  ): Promise<number> {
    const { storage, erased, scansEnded, beforeErasing } = this.options
    await scansEnded?.()
    return storage.exclusively(async (alone) => {
      try {
        const stored = await store(alone)
        if (erased !== undefined) listOrders(erased, orders)
        beforeErasing?.()
        await executeOrders({ storage: alone, orders, targets })
        return stored
      } catch (error) {
        this.fail(error)
        storage.refuseClaims(this.failure as EvidenceError)
        throw error
      }
    })
  }

  private answer(group: readonly Waiting[], placed: readonly (Placed | EvidenceError)[]): void {
    const { tree, confirmation } = this.options
    const { durable } = this
    const answers = answersOf(group, placed, new ReceiptWriter(tree, durable.state.size, durable.note))
    const answer = (): void => answers.forEach((tell) => tell())
    if (confirmation === undefined) return answer()
    const publish = (): void => {
      this.published = durable
      this.options.onPublished?.()
    }
    confirmation.hold({
      size: durable.state.size,
      statements: group.length,
      bytes: group.reduce((sum, { submission }) => sum + submission.weight, 0),
      publish,
      answer,
      refuse: (error) => group.forEach(({ reject }) => reject(error)),
    })
  }

  private refuse(group: readonly Waiting[], error: unknown): void {
    if (!isEvidenceError(error)) this.fail(error)
    const told = isEvidenceError(error) ? error : (this.failure as EvidenceError)
    for (const { reject } of group) reject(told)
    if (this.failure === undefined) return
    for (const { reject } of this.queue.clear()) reject(this.failure)
  }

  private fail(error: unknown): void {
    if (this.failure !== undefined) return
    const { why, isFull } = deepestReason(error)
    this.failure = new EvidenceError(
      isFull ? 'disk-full' : 'writer-stopped',
      `the writer has stopped until a restart: ${why}`,
      { retryAfterSeconds: 60 },
      { cause: error },
    )
    this.options.onFailure?.(this.failure)
  }

  /** Refuses new statements, finishes what was accepted. */
  async drain(): Promise<void> {
    this.closing = true
    await this.running
  }
}

/** Statements that are queued without looking for repeats, where the queue has room. */
const fewStatements = 4

/** Cost that is judged in one turn of the event loop. */
const turnCost = 512 * 1024

/** Places a group's submissions in order, and lets others have the event loop meanwhile: what the builder holds is seen by nobody. */
async function placeAll(
  builder: GroupBuilder,
  submissions: readonly Submission[],
): Promise<(Placed | EvidenceError)[]> {
  const placed: (Placed | EvidenceError)[] = []
  let spent = 0
  for (const submission of submissions) {
    if (spent >= turnCost) {
      spent = 0
      await new Promise((next) => setImmediate(next))
    }
    placed.push(builder.place(submission))
    spent += submission.cost
  }
  return placed
}

function rootOf(tree: LedgerTree): Uint8Array {
  return rootFromTiles(tree.size, tree.read)
}
