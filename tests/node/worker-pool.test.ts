import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { utf8 } from '../../src/core/bytes.ts'
import { packJobs, type SignatureJob } from '../../src/node/signature-jobs.ts'
import { WorkerPool } from '../../src/node/worker-pool.ts'
import type { SignatureCalls } from '../../src/node/signature-worker.ts'
import { temporaryFolder } from '../support/folder.ts'
import { signerNamed } from '../support/signers.ts'

const signer = signerNamed('pool')
const jobOf = (text: string, signed = text): SignatureJob => {
  return { publicKey: signer.publicKey, message: utf8(text), signature: signer.sign(utf8(signed)) }
}
/** Says that a message is longer than what was packed: the thread that unpacks it throws. */
const deadly = (): Uint8Array<ArrayBuffer> => new Uint8Array(3).fill(255)

const built = new URL('../../dist/src/node/', import.meta.url).href

let pool: WorkerPool<SignatureCalls>
function open(threads: number): WorkerPool<SignatureCalls> {
  const source = new URL('../../src/node/signature-worker.ts', import.meta.url)
  pool = new WorkerPool({ source, threads, what: 'a thread of the test', workerData: { signatures: 'libsodium' } })
  return pool
}
afterEach(() => pool.close())

describe('a pool of threads', () => {
  it('gives each call its own answer, whichever thread it went to', async () => {
    open(2)
    const texts = Array.from({ length: 40 }, (_, i) => `message ${i}`)
    const answers = texts.map((text, i) => pool.call('verify', [packJobs([jobOf(text, i % 3 === 0 ? 'other' : text)])]))
    const expected = texts.map((_, i) => [i % 3 === 0 ? 0 : 1])
    expect((await Promise.all(answers)).map(({ valid }) => [...valid])).toEqual(expected)
  })

  it('starts a thread rather than give a busy one more, up to its limit, and then uses the least busy', async () => {
    open(2)
    const first = pool.thread()
    expect(pool.thread()).toBe(first)
    const one = first.call('verify', [packJobs([jobOf('one')])])
    const second = pool.thread()
    expect(second).not.toBe(first)
    const more = [second, second].map((thread) => thread.call('verify', [packJobs([jobOf('two')])]))
    expect([first.load, second.load]).toEqual([1, 2])
    expect(pool.thread()).toBe(first)
    await Promise.all([one, ...more])
    expect([first.load, second.load]).toEqual([0, 0])
  })

  it('moves what is to be transferred, and copies what is not', async () => {
    open(1)
    const [moved, copied] = [packJobs([jobOf('moved')]), packJobs([jobOf('copied')])]
    expect([...(await pool.call('verify', [moved], [moved.buffer])).valid]).toEqual([1])
    expect([...(await pool.call('verify', [copied])).valid]).toEqual([1])
    expect(moved.length).toBe(0)
    expect(copied.length).toBeGreaterThan(100)
  })

  it('rejects what cannot be copied, and goes on', async () => {
    open(1)
    await expect(pool.call('verify', [(() => 0) as never])).rejects.toThrow(/could not be cloned/)
    expect(pool.thread().load).toBe(0)
    expect([...(await pool.call('verify', [packJobs([jobOf('next')])])).valid]).toEqual([1])
  })

  it('fails all that a dying thread held, and gives the next call a new thread', async () => {
    open(1)
    const thread = pool.thread()
    const held = [deadly(), packJobs([jobOf('behind')])].map((packed) => thread.call('verify', [packed]))
    for (const { status } of await Promise.allSettled(held)) expect(status).toBe('rejected')
    await expect(thread.call('verify', [packJobs([jobOf('late')])])).rejects.toThrow(RangeError)
    expect(pool.thread()).not.toBe(thread)
    expect([...(await pool.call('verify', [packJobs([jobOf('next')])])).valid]).toEqual([1])
  })

  it('rejects at its end what is not answered, and all that comes later', async () => {
    open(2).start()
    const held = [1, 2, 3].map(() => pool.call('verify', [packJobs([jobOf('held')])]))
    const ended = Promise.allSettled(held)
    await pool.close()
    for (const outcome of await ended) expect(outcome).toMatchObject({ reason: { message: /has ended$/ } })
    await expect(pool.call('verify', [packJobs([jobOf('late')])])).rejects.toThrow(/has ended$/)
    expect(() => pool.thread()).toThrow(/has ended$/)
  })

  /** Runs a program that has the built pool at hand as `WorkerPool`. */
  const runProgram = (program: string, modules: Record<string, string> = {}) => {
    const folder = temporaryFolder()
    try {
      for (const [name, text] of Object.entries(modules)) writeFileSync(join(folder.path, name), text)
      const path = join(folder.path, 'program.mjs')
      writeFileSync(path, `import { WorkerPool } from '${built}worker-pool.js'\n${program}`)
      const { status, stdout } = spawnSync(process.execPath, [path], { encoding: 'utf8' })
      return { status, stdout }
    } finally {
      folder.remove()
    }
  }

  it('keeps the process alive while a call is not answered, and not when all are', () => {
    const program = `
      const pool = new WorkerPool({ source: new URL('${built}signature-worker.ts'), threads: 2, what: 'a thread', workerData: { signatures: 'tables' } })
      pool.start()
      pool.call('verify', [new Uint8Array(0)]).then(({ valid }) => console.log('answered', valid.length))`
    expect(runProgram(program)).toEqual({ status: 0, stdout: 'answered 0\n' })
  })

  it('R5 keeps the process alive until a thread has ended, though its last answer comes after it was told to end', () => {
    // The answer lies in the queue before the pool is closed, and is read after.
    const worker = `
      import { parentPort, workerData } from 'node:worker_threads'
      import { answerCalls } from '${built}worker-pool.js'
      answerCalls({ ready: () => 0, echo: (text) => text })
      parentPort.on('message', ({ name }) => {
        if (name !== 'echo') return
        Atomics.store(workerData, 0, 1)
        Atomics.notify(workerData, 0)
      })`
    const program = `
      const flag = new Int32Array(new SharedArrayBuffer(4))
      const pool = new WorkerPool({ source: new URL('worker.mjs', import.meta.url), threads: 1, what: 'a thread', workerData: flag })
      await pool.call('ready', [])
      const answered = pool.call('echo', ['an answer']).then(console.log, ({ message }) => console.log(message))
      Atomics.wait(flag, 0, 0)
      await pool.close()
      await answered
      console.log('closed')`
    expect(runProgram(program, { 'worker.mjs': worker })).toEqual({ status: 0, stdout: 'an answer\nclosed\n' })
  })

  it('R5 takes no call for a thread that was told to end', async () => {
    open(1).start()
    const thread = pool.thread()
    const ended = pool.close()
    await expect(thread.call('verify', [packJobs([jobOf('late')])])).rejects.toThrow(/has ended$/)
    await ended
  })
})
