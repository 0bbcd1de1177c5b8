import { parentPort, Worker } from 'node:worker_threads'
import { builtModule } from './built-module.ts'

/** Functions that a thread answers, by name. Arguments and results are copied by structured clone. */
export type WorkerCalls = Readonly<Record<string, (...args: never[]) => unknown>>

interface CallMessage {
  readonly id: number
  readonly name: string
  readonly args: readonly unknown[]
}

interface AnswerMessage {
  readonly id: number
  readonly answer: unknown
}

/** Answers the calls of the pool that started this thread. What a function throws ends the thread. */
export function answerCalls(calls: WorkerCalls): void {
  parentPort?.on('message', ({ id, name, args }: CallMessage) => {
    const call = calls[name] as (...args: readonly unknown[]) => unknown
    parentPort?.postMessage({ id, answer: call(...args) } satisfies AnswerMessage)
  })
}

export interface WorkerPoolOptions {
  /** The source of the module that calls {@link answerCalls}; the thread runs what was built of it. */
  readonly source: URL
  /** Most threads; at least one is used. */
  readonly threads: number
  /** What one thread is, for the error of its end: `the thread that ...`. */
  readonly what: string
  /** Copied to each thread as its `workerData`. */
  readonly workerData?: unknown
}

interface Waiting {
  readonly resolve: (answer: never) => void
  readonly reject: (error: Error) => void
}

/** One running thread of a {@link WorkerPool}. It is never started again, so state may be kept by this object. */
export class WorkerThread<Calls extends WorkerCalls> {
  private readonly worker: Worker
  private readonly waiting = new Map<number, Waiting>()
  private nextId = 0
  private readonly what: string
  private isEnding = false
  private ended: Error | undefined

  /** @param onEnd is called once, before the calls that wait are rejected. */
  constructor(module: URL, { what, workerData }: WorkerPoolOptions, onEnd: (thread: WorkerThread<Calls>) => void) {
    this.what = what
    this.worker = new Worker(module, { workerData })
    this.worker.on('message', ({ id, answer }: AnswerMessage) => {
      this.waiting.get(id)?.resolve(answer as never)
      this.waiting.delete(id)
      this.holdProcess()
    })
    const end = (error: Error): void => {
      if (this.ended !== undefined) return
      this.ended = error
      onEnd(this)
      for (const { reject } of this.waiting.values()) reject(error)
      this.waiting.clear()
    }
    this.worker.on('error', (error) => end(error instanceof Error ? error : new Error(String(error))))
    // Which call it answered cannot be known: all that it holds fail, as where it dies.
    this.worker.on('messageerror', (error) => {
      end(error)
      void this.terminate()
    })
    this.worker.on('exit', () => end(this.endError()))
    this.holdProcess()
  }

  /**
   * An idle thread does not keep the process alive. One that holds calls must, and one that was told to end until it has ended:
   * answers may still arrive after that, and a process in which nothing else is open would end while somebody waits for the end.
   */
  private holdProcess(): void {
    if (this.isEnding || this.waiting.size > 0) this.worker.ref()
    else this.worker.unref()
  }

  private endError(): Error {
    return new Error(`${this.what} has ended`)
  }

  /** Calls that are not answered yet. */
  get load(): number {
    return this.waiting.size
  }

  /**
   * Calls a function of the thread. Buffers in `transfer` are moved and unusable here afterwards; everything else is copied.
   * Rejects where the thread has ended or was told to, or ends before it answers.
   */
  call<Name extends keyof Calls & string>(
    name: Name,
    args: Parameters<Calls[Name]>,
    transfer: readonly ArrayBuffer[] = [],
  ): Promise<ReturnType<Calls[Name]>> {
    if (this.ended !== undefined) return Promise.reject(this.ended)
    if (this.isEnding) return Promise.reject(this.endError())
    const id = this.nextId++
    return new Promise((resolve, reject) => {
      this.worker.postMessage({ id, name, args } satisfies CallMessage, transfer)
      this.waiting.set(id, { resolve, reject })
      this.holdProcess()
    })
  }

  /** Ends the thread. Calls that it has not answered are rejected, and so are later ones. */
  async terminate(): Promise<void> {
    this.isEnding = true
    await this.worker.terminate()
  }
}

/**
 * Threads that run the functions of one module. A thread starts when it is needed. One that dies, for one of its functions
 * threw or it ran out of memory, fails every call that it held, and the next call has a new one.
 */
export class WorkerPool<Calls extends WorkerCalls> {
  private readonly running = new Set<WorkerThread<Calls>>()
  private readonly options: WorkerPoolOptions
  private readonly module: URL
  private closed = false

  constructor(options: WorkerPoolOptions) {
    this.options = options
    this.module = builtModule(options.source)
  }

  /** Starts all threads now, so that they load their modules while something else is done. */
  start(): void {
    while (this.running.size < this.options.threads) this.add()
  }

  /** The thread with the fewest calls to answer; a new one rather than a busy one. Throws once the pool is closed. */
  thread(): WorkerThread<Calls> {
    if (this.closed) throw new Error(`${this.options.what} has ended`)
    let least: WorkerThread<Calls> | undefined
    for (const thread of this.running) if (least === undefined || thread.load < least.load) least = thread
    if (least === undefined) return this.add()
    return least.load === 0 || this.running.size >= this.options.threads ? least : this.add()
  }

  /** Calls a function on the thread with the fewest calls: see {@link WorkerThread.call}. Rejects once the pool is closed. */
  async call<Name extends keyof Calls & string>(
    name: Name,
    args: Parameters<Calls[Name]>,
    transfer?: readonly ArrayBuffer[],
  ): Promise<ReturnType<Calls[Name]>> {
    return this.thread().call(name, args, transfer)
  }

  /** Ends all threads. Calls that are not answered are rejected, and so are later ones. */
  async close(): Promise<void> {
    this.closed = true
    await Promise.all(Array.from(this.running, (thread) => thread.terminate()))
  }

  private add(): WorkerThread<Calls> {
    const thread = new WorkerThread<Calls>(this.module, this.options, (ended) => this.running.delete(ended))
    this.running.add(thread)
    return thread
  }
}
