import { parentPort } from 'node:worker_threads'
import { verifyEd25519 } from '../core/index.ts'
import { installNativePrimitives } from './native.ts'
import { unpackJobs } from './signature-jobs.ts'

installNativePrimitives()
parentPort?.on('message', ({ id, packed }: { id: number; packed: Uint8Array }) => {
  const verdicts = Uint8Array.from(unpackJobs(packed), ({ publicKey, message, signature }) =>
    verifyEd25519(publicKey, message, signature) ? 1 : 0,
  )
  parentPort?.postMessage({ id, verdicts })
})
