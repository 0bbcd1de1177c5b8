import { randomBytes } from 'node:crypto'
import { parentPort, workerData } from 'node:worker_threads'
import { signMlDsa44 } from '../core/index.ts'

const seed = workerData as Uint8Array
parentPort?.on('message', ({ id, message }: { id: number; message: Uint8Array }) => {
  parentPort?.postMessage({ id, signature: signMlDsa44(seed, message, randomBytes(32)) })
})
