import { randomBytes } from 'node:crypto'
import { workerData } from 'node:worker_threads'
import { signMlDsa44 } from '../core/mldsa.ts'
import { answerCalls } from './worker-pool.ts'

const seed = workerData as Uint8Array
const calls = { sign: (message: Uint8Array): Uint8Array => signMlDsa44(seed, message, randomBytes(32)) }
export type MlDsaCalls = typeof calls

answerCalls(calls)
