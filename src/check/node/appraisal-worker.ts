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
import { type Rehashed, rehash } from '../../verify/rehash.ts'
import type { EntryRange } from '../../verify/appraiser.ts'
import type { DatabaseSnapshot } from '../../ledger/leveldb/table-snapshot.ts'
import { RangeReader } from './range-reader.ts'

const { secret } = workerData as { readonly secret: Uint8Array | undefined }
const codec = secret === undefined ? undefined : new LookupCodec(secret)
const tally = codec === undefined ? undefined : (entry: Parameters<typeof tallyOf>[0]) => tallyOf(entry, codec)
let registry: Registry | undefined
let reader: RangeReader | undefined

/** The reader of a snapshot; undefined stands for the one of the call before. */
function readerOf(changed: DatabaseSnapshot | undefined): RangeReader {
  if (changed !== undefined) reader = new RangeReader(changed)
  return reader as RangeReader
}

function take(changed: Registry | undefined): Registry {
  return (registry = changed === undefined ? (registry as Registry) : takeRegistry(changed))
}

const calls = {
  /** @param changed the registry; undefined where it is the one of the call before. */
  appraise: (
    chunk: Chunk,
    context: Pick<RuleContext, 'origin' | 'ledgerKeys'>,
    changed: Registry | undefined,
  ): Appraisal => appraise(chunk, take(changed), context, tally),
  /** @param snapshot undefined where it is the one of the call before. */
  appraiseRange: (
    range: EntryRange,
    context: Pick<RuleContext, 'origin' | 'ledgerKeys'>,
    changed: Registry | undefined,
    snapshot: DatabaseSnapshot | undefined,
  ): Appraisal | undefined => {
    const held = take(changed)
    const chunk = readerOf(snapshot).chunk(range)
    return chunk && appraise(chunk, held, context, tally)
  },
  rehashRange: (
    range: EntryRange,
    newIds: ReadonlySet<string>,
    snapshot: DatabaseSnapshot | undefined,
  ): Rehashed | undefined => {
    const entries = readerOf(snapshot).entries(range)
    return entries && rehash(entries, newIds)
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
