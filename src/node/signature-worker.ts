import { workerData } from 'node:worker_threads'
import { type SignatureBatch, verifyEd25519 } from '../core/ed25519.ts'
import { isEvidenceError } from '../core/errors.ts'
import { installNativePrimitives } from './native.ts'
import { unpackJobs } from './signature-jobs.ts'
import { loadSignatureTables, type SignatureMeans } from './signature-means.ts'
import { answerCalls } from './worker-pool.ts'

/** What a thread is started with. */
export interface SignatureWorkerData {
  readonly signatures: SignatureMeans
}

/** Verdicts on packed jobs, in order. */
export interface Verdicts {
  /** A byte each: 1 where the signature is valid. */
  readonly valid: Uint8Array
  /** Why the tables serve no longer, where they have just been found wrong. */
  readonly disagreement?: string
}

let tables: SignatureBatch | undefined

function verify(packed: Uint8Array): Verdicts {
  const jobs = unpackJobs(packed)
  let known: Uint8Array | undefined
  let disagreement: string | undefined
  try {
    known = tables?.(jobs)
  } catch (error) {
    if (!isEvidenceError(error, 'signatures-disagree')) throw error
    tables = undefined
    disagreement = error.message
  }
  const valid = Uint8Array.from(jobs, ({ publicKey, message, signature }, i) =>
    known?.[i] === 1 || verifyEd25519(publicKey, message, signature) ? 1 : 0,
  )
  return disagreement === undefined ? { valid } : { valid, disagreement }
}

const calls = { verify }
export type SignatureCalls = typeof calls

installNativePrimitives()
const { signatures } = workerData as SignatureWorkerData
if (signatures === 'tables') tables = await loadSignatureTables()
answerCalls(calls)
