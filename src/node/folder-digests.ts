import { statSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { setImmediate as turn } from 'node:timers/promises'
import { append, smallest } from '../core/arrays.ts'
import { toHex } from '../core/base64.ts'
import { EvidenceError } from '../core/errors.ts'
import { changedIn, type DigestColumns, digestOne, type FileFault, type Range } from './digest-range.ts'
import type { DigestCalls } from './digest-worker.ts'
import { stateNames } from './file-digest.ts'
import type { FileList } from './file-list.ts'
import { WorkerPool } from './worker-pool.ts'

/** Fewer files than this are not worth a thread, unless they are long. */
const manyFiles = 1000
/** Bytes of few files that are worth one. */
const manyBytes = 64 * 1024 * 1024
/** Most files that a thread is given at once, and that one thread does before others have a turn. */
const mostAtOnce = 512
/** Milliseconds between two looks at what threads have done. */
const lookEvery = 100

/** What is told of hashing while it goes on. */
export interface DigestProgress {
  /** Bytes that were hashed since it was told last. */
  readonly onBytes?: (count: number) => void
  /** The number of the file that is at hand: where threads hash, of one of them, now and then. */
  readonly onFile?: (index: number) => void
  /** How many files are done. */
  readonly onDone?: (files: number) => void
}

/** How files are hashed. */
export interface DigestOptions {
  /** Ends at the first file, in the order of the list, that cannot be hashed. */
  readonly isFirstEnough: boolean
  /** Keeps the state of each file, for {@link FolderDigests.firstChanged}. */
  readonly hasStates: boolean
  /** Most threads; by default as many as there are cores. With one, all is done on the caller's. */
  readonly threads?: number
  /** What the threads run; by default the module that is beside this one. */
  readonly source?: URL
}

/** The SHA-256 of each file of a list: on all cores where there is enough to do. */
export class FolderDigests {
  private readonly columns: DigestColumns
  private readonly files: FileList
  private readonly threads: number
  private readonly source: URL
  private readonly isFirstEnough: boolean
  private hasMuch: boolean | undefined
  private pool: WorkerPool<DigestCalls> | undefined

  constructor(files: FileList, { isFirstEnough, hasStates, ...options }: DigestOptions) {
    this.files = files
    this.threads = options.threads ?? availableParallelism()
    this.source = options.source ?? new URL('./digest-worker.ts', import.meta.url)
    this.isFirstEnough = isFirstEnough
    const stateBytes = hasStates ? 8 * stateNames.length * files.length : 0
    this.columns = {
      prefix: files.prefix,
      names: files.names,
      ends: files.ends,
      sha256: new Uint8Array(new SharedArrayBuffer(32 * files.length)),
      states: new BigInt64Array(new SharedArrayBuffer(stateBytes)),
      done: new BigInt64Array(new SharedArrayBuffer(24)),
    }
  }

  /** The SHA-256 of a file that was hashed, 32 bytes: a view. */
  sha256(index: number): Uint8Array {
    return this.columns.sha256.subarray(32 * index, 32 * index + 32)
  }

  /** The SHA-256 of a file that was hashed, in lower-case hex. */
  hex(index: number): string {
    return toHex(this.sha256(index))
  }

  /** Hashes the files. Gives what went wrong, by the number of the file: `file-unreadable`, `file-changed`. */
  async hash(progress: DigestProgress = {}): Promise<Map<number, EvidenceError>> {
    const faults = await this.inRanges<FileFault>(progress, {
      here: (range, told) => this.hashHere(range, told),
      there: (pool, range) => pool.call('digestRange', [this.columns, range, this.isFirstEnough]),
      isEnough: (found) => this.isFirstEnough && found.length > 0,
    })
    // Ranges are handed out in order, so that no file before the first fault was left out.
    const ordered = faults.sort((a, b) => a.index - b.index).slice(0, this.isFirstEnough ? 1 : undefined)
    return new Map(ordered.map(({ index, code, message, facts }) => [index, new EvidenceError(code, message, facts)]))
  }

  /** The number of the first file that is not as it was when it was hashed; undefined where all are. Throws what the file system throws. */
  async firstChanged(): Promise<number | undefined> {
    const found = await this.inRanges<number>(
      {},
      {
        here: (range) => Promise.resolve(changedIn(this.columns, range)),
        there: (pool, range) => pool.call('changedIn', [this.columns, range]),
        isEnough: (changed) => changed.length > 0,
      },
    )
    return found.length === 0 ? undefined : smallest(found)
  }

  private async hashHere([from, to]: Range, { onFile, onBytes, onDone }: DigestProgress): Promise<FileFault[]> {
    const faults: FileFault[] = []
    for (let i = from; i < to && !(this.isFirstEnough && faults.length > 0); i++) {
      onFile?.(i)
      const made = digestOne(this.columns, i, onBytes)
      const fault = made instanceof Promise ? await made : made
      if (fault !== undefined) faults.push(fault)
      onDone?.(i + 1)
      if (i % mostAtOnce === mostAtOnce - 1) await turn()
    }
    return faults
  }

  /** Whether there is so much to do that threads are worth their start. */
  private isMuch(): boolean {
    const { files, threads } = this
    if (threads < 2 || files.length < 2) return false
    if (files.length >= manyFiles) return true
    let bytes = 0
    for (let i = 0; i < files.length && bytes < manyBytes; i++) bytes += sizeAt(files.path(i))
    return bytes >= manyBytes
  }

  private async inRanges<T>(progress: DigestProgress, work: Work<T>): Promise<T[]> {
    this.hasMuch ??= this.isMuch()
    if (!this.hasMuch) return work.here([0, this.files.length], progress)
    this.pool ??= new WorkerPool<DigestCalls>({
      source: this.source,
      threads: this.threads,
      what: 'a thread that hashes files',
    })
    const stop = this.watch(progress)
    try {
      return await this.shared(this.pool, work)
    } finally {
      stop()
    }
  }

  /** Ends the threads, if there are any. */
  async close(): Promise<void> {
    await this.pool?.close()
  }

  private async shared<T>(pool: WorkerPool<DigestCalls>, work: Work<T>): Promise<T[]> {
    const { length } = this.files
    const step = Math.max(1, Math.min(mostAtOnce, Math.ceil(length / (8 * this.threads))))
    const found: T[] = []
    let next = 0
    let areThreads = true
    const lane = async (): Promise<void> => {
      while (next < length && !work.isEnough(found)) {
        const range: Range = [next, Math.min(length, next + step)]
        next = range[1]
        const answer = areThreads ? await work.there(pool, range).catch(() => undefined) : undefined
        // A thread that cannot be made, or died: its range is done here, whole, and so is what is left.
        if (answer === undefined) areThreads = false
        append(found, answer ?? (await work.here(range, {})))
      }
    }
    await Promise.all(Array.from({ length: this.threads }, lane))
    return found
  }

  /** Tells now and then what threads have done. Gives what ends it, which tells the rest. */
  private watch({ onFile, onBytes, onDone }: DigestProgress): () => void {
    let told = 0
    const { done } = this.columns
    const tell = (): void => {
      const [bytes, files, at] = [0, 1, 2].map((i) => Number(Atomics.load(done, i))) as [number, number, number]
      if (files < this.files.length) onFile?.(at)
      if (bytes > told) onBytes?.(bytes - told)
      onDone?.(Math.min(files, this.files.length))
      told = bytes
    }
    const timer = setInterval(tell, lookEvery)
    return () => {
      clearInterval(timer)
      tell()
    }
  }
}

interface Work<T> {
  /** Does a range on this thread. */
  readonly here: (range: Range, progress: DigestProgress) => Promise<T[]>
  readonly there: (pool: WorkerPool<DigestCalls>, range: Range) => Promise<T[]>
  /** True where what follows need not be done. */
  readonly isEnough: (found: readonly T[]) => boolean
}

function sizeAt(path: Buffer): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}
