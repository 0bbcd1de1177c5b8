import { availableParallelism } from 'node:os'
import type { Appraisal } from '../../verify/appraise.ts'
import type { Appraiser } from '../../verify/appraiser.ts'
import type { Chunk } from '../../verify/chunks.ts'
import type { Packed } from '../../verify/packed.ts'
import type { Rehashed } from '../../verify/rehash.ts'
import { copyableRegistry, type Registry } from '../../statements/registry.ts'
import type { RuleContext } from '../../statements/rules.ts'
import type { LookupCodec } from '../../ledger/lookup-codec.ts'
import { EvidenceError } from '../../core/errors.ts'
import type { TableFile } from '../../ledger/leveldb/database-check.ts'
import { WorkerPool, type WorkerThread } from '../../node/worker-pool.ts'
import type { AppraisalCalls } from './appraisal-worker.ts'

/**
 * Threads for the re-walk: each is handed whole chunks, and the registry only when it has changed. A thread that dies fails
 * what it was given; nothing is taken for verified then.
 */
export class AppraisalPool implements Appraiser {
  private readonly pool: WorkerPool<AppraisalCalls>
  private readonly threads: number
  /** The registry that each thread has. */
  private readonly registries = new WeakMap<WorkerThread<AppraisalCalls>, Registry>()

  /** @param codec of a look-up tally over the walk, where there is one. */
  constructor(codec?: LookupCodec, threads: number = availableParallelism()) {
    this.threads = threads
    this.pool = new WorkerPool({
      source: new URL('./appraisal-worker.ts', import.meta.url),
      threads,
      what: 'a thread of the re-walk',
      workerData: { secret: codec?.secret },
    })
    this.pool.start()
  }

  async appraise(
    chunk: Chunk,
    registry: Registry,
    { origin, ledgerKeys }: Pick<RuleContext, 'origin' | 'ledgerKeys'>,
  ): Promise<Appraisal> {
    const thread = this.pool.thread()
    const changed = this.registries.get(thread) === registry ? undefined : copyableRegistry(registry)
    this.registries.set(thread, registry)
    // Copied and not handed over: the walk may have to look for itself.
    return thread.call('appraise', [chunk, { origin, ledgerKeys }, changed])
  }

  rehash(entries: Packed, newIds: ReadonlySet<string>): Promise<Rehashed> {
    return this.pool.call('rehash', [entries, newIds])
  }

  tileRoots(tiles: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
    return this.pool.call('tileRoots', [tiles], [tiles.buffer])
  }

  /** The faults of tables, each read by a thread, two at a time to a thread. */
  async checkTables(tables: readonly TableFile[]): Promise<EvidenceError[]> {
    const faults: EvidenceError[] = []
    const left = [...tables]
    const one = async (): Promise<void> => {
      for (let table = left.shift(); table !== undefined; table = left.shift()) {
        const fault = await this.pool.call('checkTable', [table])
        if (fault !== undefined) faults.push(new EvidenceError(fault.code, fault.message, fault.facts))
      }
    }
    await Promise.all(Array.from({ length: 2 * this.threads }, one))
    return faults
  }

  close(): Promise<void> {
    return this.pool.close()
  }
}
