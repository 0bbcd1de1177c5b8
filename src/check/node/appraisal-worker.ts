import { workerData } from 'node:worker_threads'
import type { EvidenceError } from '../../core/errors.ts'
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

const { secret } = workerData as { readonly secret: Uint8Array | undefined }
const codec = secret === undefined ? undefined : new LookupCodec(secret)
const tally = codec === undefined ? undefined : (entry: Parameters<typeof tallyOf>[0]) => tallyOf(entry, codec)
let registry: Registry | undefined

const calls = {
  /** @param changed the registry; undefined where it is the one of the call before. */
  appraise: (
    chunk: Chunk,
    context: Pick<RuleContext, 'origin' | 'ledgerKeys'>,
    changed: Registry | undefined,
  ): Appraisal => {
    registry = changed === undefined ? (registry as Registry) : takeRegistry(changed)
    return appraise(chunk, registry, context, tally)
  },
  rehash,
  tileRoots: fullTileRoots,
  /** An error loses its class on the way to another thread; its code, message and facts make it anew. */
  checkTable: (table: TableFile): Pick<EvidenceError, 'code' | 'message' | 'facts'> | undefined => {
    const fault = checkTable(table)
    return fault && { code: fault.code, message: fault.message, facts: fault.facts }
  },
}
/** What the pool asks of a thread. */
export type AppraisalCalls = typeof calls

installNativePrimitives()
answerCalls(calls)
