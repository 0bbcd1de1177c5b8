import { verifyEd25519 } from '../core/ed25519.ts'
import { installNativePrimitives } from './native.ts'
import { unpackJobs } from './signature-jobs.ts'
import { answerCalls } from './worker-pool.ts'

/** One byte for each packed job, in order: 1 where the signature is valid. */
function verify(packed: Uint8Array): Uint8Array {
  return Uint8Array.from(unpackJobs(packed), ({ publicKey, message, signature }) =>
    verifyEd25519(publicKey, message, signature) ? 1 : 0,
  )
}

const calls = { verify }
export type SignatureCalls = typeof calls

installNativePrimitives()
answerCalls(calls)
