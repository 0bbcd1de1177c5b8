import { workerData } from 'node:worker_threads'
import { EvidenceError, isEvidenceError } from '../../core/errors.ts'
import { fullTileRoots } from '../../core/merkle/tile.ts'
import { type Registry, takeRegistry } from '../../statements/registry.ts'
import type { RuleContext } from '../../statements/rules.ts'
import { checkTable, type TableFile } from '../../ledger/leveldb/database-check.ts'
import { LookupCodec } from '../../ledger/lookup-codec.ts'
import { tallyOf } from '../../ledger/lookup-tally.ts'
import { installNativePrimitives } from '../../node/native.ts'
import { answerCalls } from '../../node/worker-pool.ts'
import { type Appraisal, appraise } from '../../verify/appraise.ts'
import type { Chunk } from '../../verify/chunks.ts'
import { rehash } from '../../verify/rehash.ts'
import { loadSignatureTables, type SignatureMeans } from './signature-means.ts'

/** An error loses its class on the way to another thread; these make it anew. */
export type ErrorParts = Pick<EvidenceError, 'code' | 'message' | 'facts'>
/** What a thread is started with. */
export interface AppraisalWorkerData {
  readonly secret: Uint8Array | undefined
  readonly signatures: SignatureMeans
}

const { secret, signatures } = workerData as AppraisalWorkerData
const codec = secret === undefined ? undefined : new LookupCodec(secret)
const tally = codec === undefined ? undefined : (entry: Parameters<typeof tallyOf>[0]) => tallyOf(entry, codec)
let registry: Registry | undefined

installNativePrimitives()
const batch = signatures === 'tables' ? await loadSignatureTables() : undefined

function partsOf({ code, message, facts }: EvidenceError): ErrorParts {
  return { code, message, facts }
}

const calls = {
  /** @param changed the registry; undefined where it is the one of the call before. */
  appraise: (
    chunk: Chunk,
    context: Pick<RuleContext, 'origin' | 'ledgerKeys'>,
    changed: Registry | undefined,
  ): Appraisal | { readonly refused: ErrorParts } => {
    registry = changed === undefined ? (registry as Registry) : takeRegistry(changed)
    try {
      return appraise(chunk, registry, context, tally, batch)
    } catch (error) {
      if (isEvidenceError(error, 'signatures-disagree')) return { refused: partsOf(error) }
      throw error
    }
  },
  rehash,
  tileRoots: fullTileRoots,
  checkTable: (table: TableFile): ErrorParts | undefined => {
    const fault = checkTable(table)
    return fault && partsOf(fault)
  },
}
/** What the pool asks of a thread. */
export type AppraisalCalls = typeof calls

answerCalls(calls)
