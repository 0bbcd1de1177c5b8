import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { Appraisal, Appraiser, Chunk, Packed, Rehashed } from '../../src/verify/index.ts'
import { copyableRegistry, type Registry, type RuleContext } from '../../src/evidence/index.ts'
import type { LookupCodec } from '../../src/ledger/index.ts'
import { EvidenceError } from '../../src/core/index.ts'
import type { TableFile } from '../../src/ledger/leveldb/database-check.ts'
import type { AppraisalRequest } from './appraisal-worker.ts'

/** A thread runs the built worker; a test that runs this file as source finds it where the build put it. */
const workerUrl: URL = import.meta.url.endsWith('.ts')
  ? new URL('../../dist/cli/threads/appraisal-worker.js', import.meta.url)
  : new URL('./appraisal-worker.js', import.meta.url)

type TableFault = Pick<EvidenceError, 'code' | 'message' | 'facts'>

interface Lane {
  readonly worker: Worker
  /** Why the thread ended, if it has. */
  ended?: Error
  readonly waiting: Map<number, { resolve: (answer: never) => void; reject: (error: Error) => void }>
  /** The registry that the thread has. */
  registry: Registry | undefined
}

/** `Omit` over each member of a union. */
type Without<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never

/**
 * Threads for the re-walk: each is handed whole chunks, and the registry only when it has changed. A thread that dies fails
 * what it was given; nothing is taken for verified then.
 */
export class AppraisalPool implements Appraiser {
  private readonly lanes: Lane[] = []
  private nextId = 0

  /** @param codec of a look-up tally over the walk, where there is one. */
  constructor(codec?: LookupCodec, threads: number = availableParallelism()) {
    for (let i = 0; i < Math.max(1, threads); i++) {
      const worker = new Worker(workerUrl, { workerData: { secret: codec?.secret } })
      const lane: Lane = { worker, waiting: new Map(), registry: undefined }
      worker.on('message', ({ id, answer }: { id: number; answer: never }) => {
        lane.waiting.get(id)?.resolve(answer)
        lane.waiting.delete(id)
      })
      const fail = (error: Error): void => {
        lane.ended ??= error
        for (const { reject } of lane.waiting.values()) reject(error)
        lane.waiting.clear()
      }
      worker.on('error', (error) => fail(error instanceof Error ? error : new Error(String(error))))
      worker.on('exit', () => fail(new Error('a thread of the re-walk ended')))
      this.lanes.push(lane)
    }
  }

  /** The thread with least to do. */
  private lane(): Lane {
    return this.lanes.reduce((least, lane) => (lane.waiting.size < least.waiting.size ? lane : least))
  }

  private ask<T>(lane: Lane, request: Without<AppraisalRequest, 'id'>, buffers: ArrayBuffer[]): Promise<T> {
    // An ended thread answers nothing: what it is asked must not wait for ever.
    if (lane.ended !== undefined) return Promise.reject(lane.ended)
    const id = this.nextId++
    return new Promise((resolve, reject) => {
      lane.waiting.set(id, { resolve: resolve as (answer: never) => void, reject })
      lane.worker.postMessage({ ...request, id }, buffers)
    })
  }

  appraise(
    chunk: Chunk,
    registry: Registry,
    { origin, ledgerKeys }: Pick<RuleContext, 'origin' | 'ledgerKeys'>,
  ): Promise<Appraisal> {
    const lane = this.lane()
    const news = lane.registry === registry ? {} : { registry: copyableRegistry(registry) }
    lane.registry = registry
    // Copied and not handed over: the walk may have to look for itself.
    return this.ask(lane, { chunk, context: { origin, ledgerKeys }, ...news }, [])
  }

  rehash(entries: Packed, newIds: Set<string>): Promise<Rehashed> {
    return this.ask(this.lane(), { entries, newIds }, [])
  }

  tileRoots(tiles: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
    return this.ask(this.lane(), { tiles }, [tiles.buffer])
  }

  /** The faults of tables, each read by a thread, two at a time to a thread. */
  async checkTables(tables: readonly TableFile[]): Promise<EvidenceError[]> {
    const faults: EvidenceError[] = []
    const left = [...tables]
    const one = async (): Promise<void> => {
      for (let table = left.shift(); table !== undefined; table = left.shift()) {
        const fault = await this.ask<TableFault | undefined>(this.lane(), { table }, [])
        if (fault !== undefined) faults.push(new EvidenceError(fault.code, fault.message, fault.facts))
      }
    }
    await Promise.all(Array.from({ length: 2 * this.lanes.length }, one))
    return faults
  }

  async close(): Promise<void> {
    await Promise.all(this.lanes.map(({ worker }) => worker.terminate()))
  }
}
