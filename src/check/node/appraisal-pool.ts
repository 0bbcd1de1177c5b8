import { availableParallelism } from 'node:os'
import type { Appraisal } from '../../verify/appraisal.ts'
import type { Appraiser, EntryRange } from '../../verify/appraiser.ts'
import type { LogSnapshot } from '../../log/log.ts'
import { type DatabaseSnapshot, isDatabaseSnapshot } from '../../ledger/leveldb/table-snapshot.ts'
import type { Chunk } from '../../verify/chunks.ts'
import type { Packed } from '../../verify/packed.ts'
import type { Rehashed } from '../../verify/rehash.ts'
import { copyableRegistry, isCopiedAlike, type Registry } from '../../statements/registry.ts'
import type { RuleContext } from '../../statements/rules.ts'
import type { ScanInto } from '../../ledger/leveldb/lookup-scan.ts'
import type { LookupAudit } from '../../ledger/lookup-audit.ts'
import type { StoredSums } from '../../ledger/lookup-sums.ts'
import { EvidenceError } from '../../core/errors.ts'
import { checkTable, type TableFile } from '../../ledger/leveldb/database-check.ts'
import { WorkerPool, type WorkerThread } from '../../node/worker-pool.ts'
import type { AppraisalCalls, Appraised, AppraisalWorkerData, ErrorParts } from './appraisal-worker.ts'
import { type LookupThreads, scanLookups } from './lookup-lanes.ts'
import type { SignatureMeans } from '../../node/signature-means.ts'

/** Entries from which on threads spare more than their start costs: a start takes as long as judging some 500 entries. */
const worthEntries = 2048
/** Bytes of tables below which the same holds. */
const worthBytes = 16 * 2 ** 20

/** The appraisal of an answer. Throws `signatures-disagree`. */
function taken(answer: Appraised): Appraisal {
  if ('refused' in answer) throw errorOf(answer.refused)
  return answer
}

function errorOf({ code, message, facts }: ErrorParts): EvidenceError {
  return new EvidenceError(code, message, facts)
}

/**
 * Threads for the re-walk: each is handed whole chunks, and the registry only when it has changed. A thread that dies fails
 * what it was given; nothing is taken for verified then.
 */
export class AppraisalPool implements Appraiser {
  private readonly pool: WorkerPool<AppraisalCalls>
  private readonly threads: number
  private readonly worthEntries: number
  /** The registry that each thread has. */
  private readonly registries = new WeakMap<WorkerThread<AppraisalCalls>, Registry>()
  /** The snapshot that each thread has. */
  private readonly snapshots = new WeakMap<WorkerThread<AppraisalCalls>, DatabaseSnapshot>()

  /**
   * Starts no thread yet.
   * @param tally what a look-up tally over the walk is made by, where there is one.
   * @param signatures how the threads verify signatures.
   * @param threads most of them.
   * @param least entries from which on a walk is worth threads.
   */
  constructor(
    tally?: Pick<LookupAudit, 'codec' | 'key'>,
    signatures: SignatureMeans = 'tables',
    threads: number = availableParallelism(),
    least: number = worthEntries,
  ) {
    this.threads = threads
    this.worthEntries = least
    this.pool = new WorkerPool({
      source: new URL('./appraisal-worker.ts', import.meta.url),
      threads,
      what: 'a thread of the re-walk',
      workerData: {
        tally: tally && { secret: tally.codec.secret, key: tally.key },
        signatures,
      } satisfies AppraisalWorkerData,
    })
  }

  /** Starts the threads where they are worth it. */
  isWorth(entries: number): boolean {
    if (entries < this.worthEntries) return false
    this.pool.start()
    return true
  }

  async appraise(
    chunk: Chunk,
    registry: Registry,
    { origin, ledgerKeys }: Pick<RuleContext, 'origin' | 'ledgerKeys'>,
  ): Promise<Appraisal> {
    const thread = this.pool.thread()
    // Copied and not handed over: the walk may have to look for itself.
    return taken(await thread.call('appraise', [chunk, { origin, ledgerKeys }, this.changedRegistry(thread, registry)]))
  }

  private changedRegistry(thread: WorkerThread<AppraisalCalls>, registry: Registry): Registry | undefined {
    const before = this.registries.get(thread)
    this.registries.set(thread, registry)
    return before !== undefined && isCopiedAlike(before, registry) ? undefined : copyableRegistry(registry)
  }

  private changedSnapshot(
    thread: WorkerThread<AppraisalCalls>,
    snapshot: DatabaseSnapshot,
  ): DatabaseSnapshot | undefined {
    const changed = this.snapshots.get(thread) === snapshot ? undefined : snapshot
    this.snapshots.set(thread, snapshot)
    return changed
  }

  async appraiseRange(
    snapshot: LogSnapshot,
    range: EntryRange,
    registry: Registry,
    { origin, ledgerKeys }: Pick<RuleContext, 'origin' | 'ledgerKeys'>,
  ): Promise<Appraisal | undefined> {
    if (!isDatabaseSnapshot(snapshot)) return undefined
    const thread = this.pool.thread()
    const changed = this.changedRegistry(thread, registry)
    const context = { origin, ledgerKeys }
    const answer = await thread.call('appraiseRange', [range, context, changed, this.changedSnapshot(thread, snapshot)])
    return answer && taken(answer)
  }

  async rehashRange(
    snapshot: LogSnapshot,
    range: EntryRange,
    newIds: ReadonlySet<string>,
  ): Promise<Rehashed | undefined> {
    if (!isDatabaseSnapshot(snapshot)) return undefined
    const thread = this.pool.thread()
    return thread.call('rehashRange', [range, newIds, this.changedSnapshot(thread, snapshot)])
  }

  /** Sums of the look-up keys and statement ids of a snapshot: see {@link scanLookups}. */
  async scanLookups(
    snapshot: LogSnapshot,
    size: number,
    by: Pick<ScanInto, 'seed' | 'key'>,
  ): Promise<StoredSums | undefined> {
    if (!isDatabaseSnapshot(snapshot)) return undefined
    const lanes: LookupThreads = {
      threads: this.threads,
      logged: (logs) => this.pool.call('loggedLookups', [logs]),
      step: async (bounds, logged, into) => {
        const thread = this.pool.thread()
        return thread.call('scanLookups', [bounds, logged, into, this.changedSnapshot(thread, snapshot)])
      },
    }
    return scanLookups(lanes, snapshot, size, by)
  }

  rehash(entries: Packed, newIds: ReadonlySet<string>): Promise<Rehashed> {
    return this.pool.call('rehash', [entries, newIds])
  }

  tileRoots(tiles: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
    return this.pool.call('tileRoots', [tiles], [tiles.buffer])
  }

  /** The faults of tables, each read by a thread, two at a time to a thread; small ones are read here. */
  async checkTables(tables: readonly TableFile[]): Promise<EvidenceError[]> {
    if (tables.reduce((sum, { size }) => sum + size, 0) < worthBytes)
      return tables.flatMap((table) => checkTable(table) ?? [])
    const faults: EvidenceError[] = []
    const left = [...tables]
    const one = async (): Promise<void> => {
      for (let table = left.shift(); table !== undefined; table = left.shift()) {
        const fault = await this.pool.call('checkTable', [table])
        if (fault !== undefined) faults.push(errorOf(fault))
      }
    }
    await Promise.all(Array.from({ length: 2 * this.threads }, one))
    return faults
  }

  close(): Promise<void> {
    return this.pool.close()
  }
}
