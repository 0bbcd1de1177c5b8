import { parentPort, workerData } from 'node:worker_threads'
import { fullTileRoots } from '../../src/core/index.ts'
import type { Registry, RuleContext } from '../../src/evidence/index.ts'
import { checkTable, type TableFile } from '../../src/ledger/leveldb/database-check.ts'
import { LookupCodec } from '../../src/ledger/lookup-codec.ts'
import { tallyOf } from '../../src/ledger/lookup-tally.ts'
import { installNativePrimitives } from '../../src/node/index.ts'
import { appraise, type Chunk, type Packed, rehash } from '../../src/verify/index.ts'

/** What the pool asks of a thread. */
export type AppraisalRequest =
  | {
      readonly id: number
      readonly chunk: Chunk
      /** Left out where it is the one of the request before. */
      readonly registry?: Registry
      readonly context: Pick<RuleContext, 'origin' | 'ledgerKeys'>
    }
  | { readonly id: number; readonly entries: Packed; readonly newIds: Set<string> }
  | { readonly id: number; readonly tiles: Uint8Array }
  | { readonly id: number; readonly table: TableFile }

const { secret } = workerData as { readonly secret: Uint8Array | undefined }
const codec = secret === undefined ? undefined : new LookupCodec(secret)
let registry: Registry | undefined

installNativePrimitives()
parentPort?.on('message', (request: AppraisalRequest) => {
  if ('table' in request) {
    const fault = checkTable(request.table)
    // An error loses its class on the way; its code and facts make it anew.
    const answer = fault && { code: fault.code, message: fault.message, facts: fault.facts }
    parentPort?.postMessage({ id: request.id, answer })
    return
  }
  if ('tiles' in request) {
    parentPort?.postMessage({ id: request.id, answer: fullTileRoots(request.tiles) })
    return
  }
  if (!('chunk' in request)) {
    const answer = rehash(request.entries, request.newIds)
    parentPort?.postMessage({ id: request.id, answer })
    return
  }
  registry = request.registry ?? (registry as Registry)
  const tally = codec === undefined ? undefined : (entry: Parameters<typeof tallyOf>[0]) => tallyOf(entry, codec)
  const answer = appraise(request.chunk, registry, request.context, tally)
  parentPort?.postMessage({ id: request.id, answer })
})
