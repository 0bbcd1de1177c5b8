import { workerData } from 'node:worker_threads'
import { EvidenceError, isEvidenceError } from '../../core/errors.ts'
import { fullTileRoots } from '../../core/merkle/tile.ts'
import { type Registry, takeRegistry } from '../../statements/registry.ts'
import type { RuleContext } from '../../statements/rules.ts'
import { type LoggedKeys, loggedKeysOf } from '../../ledger/leveldb/logged-keys.ts'
import { type ScanInto, scannedLetters, type ScanStep } from '../../ledger/leveldb/lookup-scan.ts'
import type { Bounds } from '../../ledger/leveldb/table-reader.ts'
import { checkTable, type TableFile } from '../../ledger/leveldb/database-check.ts'
import type { AuditKey } from '../../ledger/audit-hash.ts'
import { LookupCodec } from '../../ledger/lookup-codec.ts'
import { type TalliedEntry, tallyOf } from '../../ledger/lookup-tally.ts'
import { installNativePrimitives } from '../../node/native.ts'
import { answerCalls } from '../../node/worker-pool.ts'
import type { Appraisal } from '../../verify/appraisal.ts'
import { appraise } from '../../verify/appraise.ts'
import type { Chunk } from '../../verify/chunks.ts'
import { type Rehashed, rehash } from '../../verify/rehash.ts'
import type { EntryRange } from '../../verify/appraiser.ts'
import type { DatabaseSnapshot } from '../../ledger/leveldb/table-snapshot.ts'
import { RangeReader } from './range-reader.ts'
import { loadSignatureTables, type SignatureMeans } from '../../node/signature-means.ts'

/** An error loses its class on the way to another thread; these make it anew. */
export type ErrorParts = Pick<EvidenceError, 'code' | 'message' | 'facts'>
/** What a thread is started with. */
export interface AppraisalWorkerData {
  /** What a look-up tally is made by, where there is one. */
  readonly tally: { readonly secret: Uint8Array; readonly key: AuditKey } | undefined
  readonly signatures: SignatureMeans
}

const { tally: tallied, signatures } = workerData as AppraisalWorkerData
const tally = tallied && tallyBy(new LookupCodec(tallied.secret), tallied.key)
let registry: Registry | undefined
let reader: RangeReader | undefined

function tallyBy(codec: LookupCodec, key: AuditKey): (entry: TalliedEntry) => number {
  return (entry) => tallyOf(entry, codec, key)
}

/** The reader of a snapshot; undefined stands for the one of the call before. */
function readerOf(changed: DatabaseSnapshot | undefined): RangeReader {
  if (changed !== undefined) reader = new RangeReader(changed)
  return reader as RangeReader
}

function take(changed: Registry | undefined): Registry {
  return (registry = changed === undefined ? (registry as Registry) : takeRegistry(changed))
}

installNativePrimitives()
const batch = signatures === 'tables' ? await loadSignatureTables() : undefined

function partsOf({ code, message, facts }: EvidenceError): ErrorParts {
  return { code, message, facts }
}

/** An appraisal, or why there is none: that the means of verifying signatures disagree. */
export type Appraised = Appraisal | { readonly refused: ErrorParts }

function appraised(chunk: Chunk, held: Registry, context: Pick<RuleContext, 'origin' | 'ledgerKeys'>): Appraised {
  try {
    return appraise(chunk, held, context, tally, batch)
  } catch (error) {
    if (isEvidenceError(error, 'signatures-disagree')) return { refused: partsOf(error) }
    throw error
  }
}

const calls = {
  /** @param changed the registry; undefined where it is the one of the call before. */
  appraise: (
    chunk: Chunk,
    context: Pick<RuleContext, 'origin' | 'ledgerKeys'>,
    changed: Registry | undefined,
  ): Appraised => appraised(chunk, take(changed), context),
  /** @param snapshot undefined where it is the one of the call before. */
  appraiseRange: (
    range: EntryRange,
    context: Pick<RuleContext, 'origin' | 'ledgerKeys'>,
    changed: Registry | undefined,
    snapshot: DatabaseSnapshot | undefined,
  ): Appraised | undefined => {
    const held = take(changed)
    const chunk = readerOf(snapshot).chunk(range)
    return chunk && appraised(chunk, held, context)
  },
  rehashRange: (
    range: EntryRange,
    newIds: ReadonlySet<string>,
    snapshot: DatabaseSnapshot | undefined,
  ): Rehashed | undefined => {
    const entries = readerOf(snapshot).entries(range)
    return entries && rehash(entries, newIds)
  },
  loggedLookups: (logs: readonly Uint8Array[]): LoggedKeys | undefined => loggedKeysOf(logs, scannedLetters),
  scanLookups: (
    bounds: Bounds,
    logged: LoggedKeys,
    into: ScanInto,
    snapshot: DatabaseSnapshot | undefined,
  ): ScanStep | undefined => readerOf(snapshot).lookups(bounds, logged, into),
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
