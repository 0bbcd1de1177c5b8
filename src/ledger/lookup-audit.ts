import { append } from '../core/arrays.ts'
import { settled, valueOr } from '../core/attempt.ts'
import { toHex } from '../core/base64.ts'
import { equalBytes } from '../core/bytes.ts'
import { parseDisclosure } from '../core/disclosure.ts'
import { leafHash } from '../core/entry.ts'
import { EvidenceError } from '../core/errors.ts'
import { readBody } from '../statements/body.ts'
import { isReplayed, type StatementBody } from '../statements/kinds.ts'
import { sealedDigestsOf, searchFactsOf } from '../statements/said.ts'
import type { Statement } from '../statements/statement.ts'
import { emptyRegistryChecksum, extendChecksum, readStored } from './entry-facts.ts'
import { type AuditKey, auditHash, drawAuditKey } from './audit-hash.ts'
import { damagedLookups, isSameChecksum, pagesOf, requireLookups } from './lookup-check.ts'
import { isSealedEncoding, type LookupCodec } from './lookup-codec.ts'
import { bucketOf, bucketsOf, bucketWidth, type StoredSums } from './lookup-sums.ts'
import {
  addHash,
  changeChecksum,
  emptyLookupChecksum,
  expectedKeys,
  expectedLookups,
  keyHash,
  type TalliedEntry,
  tallyOf,
} from './lookup-tally.ts'
import type { LedgerStorage } from './storage.ts'

/** An entry as the walk shows it. */
export interface AuditedEntry extends Omit<TalliedEntry, 'facts'> {
  readonly statement: Statement
  readonly body: StatementBody | undefined
}

/** Sums as threads read them, by these keys; undefined where they cannot be told with certainty. */
export type ScanLookups = (
  size: number,
  by: { readonly seed: number; readonly key: AuditKey | undefined },
) => Promise<StoredSums | undefined>

/** Sums, with the keys that lead to no entry where the database itself was read. */
interface ReadSums extends StoredSums {
  readonly foreign?: readonly EvidenceError[]
}

/**
 * Holds the look-up keys of a database against its entries, in 16 bytes a bundle: both sides are summed by bundle under a
 * keyed hash (audit-hash.ts), and only a bundle whose sums differ is looked at key by key. Where only the entries from `from` on are
 * compared, each of their keys is asked for instead: that finds what is missing without reading every key that there is.
 */
export class LookupAudit {
  /** Both sides are encoded by it, here and wherever {@link tallyOf} runs. */
  readonly codec: LookupCodec
  /** Both sides are hashed by it. Drawn for this audit: under a key that lies beside the database, sums can be made to come out right. */
  readonly key: AuditKey
  /** Entries below it are not compared. */
  private readonly from: number
  private sums = new Float64Array(2048)
  private last: number
  private checksum = emptyRegistryChecksum
  private reading: Promise<ReadSums | undefined> | undefined
  /** Bundles with an entry that could not be read: what their keys should be is not known. */
  private readonly unreadable = new Set<number>()

  constructor(codec: LookupCodec, from = 0, key: AuditKey = drawAuditKey()) {
    this.codec = codec
    this.key = key
    this.from = from
    this.last = from - 1
  }

  /** Adds an entry that the walk judged itself. The walk calls it, or {@link tally}, once for each readable entry, in order of index. */
  entry(entry: AuditedEntry): void {
    if (isReplayed(entry.statement.common.kind)) this.checksum = extendChecksum(this.checksum, entry.leafHash)
    if (entry.index >= this.from) this.tally(entry.index, tallyOf(talliedOf(entry), this.codec, this.key))
  }

  /**
   * Adds a plain entry by the tally of its look-up keys. The walk calls it, or {@link entry}, once for each readable entry, in order of index.
   * @param replayed its leaf hash, where it is of a kind that is judged again at start.
   */
  tally(index: number, tally: number, replayed?: Uint8Array): void {
    if (replayed !== undefined) this.checksum = extendChecksum(this.checksum, replayed)
    for (let skipped = this.last + 1; skipped < index; skipped++) this.unreadable.add(bucketOf(skipped))
    this.last = index
    const bucket = bucketOf(index)
    if (bucket >= this.sums.length) {
      const grown = new Float64Array(Math.max(bucket + 1, this.sums.length * 2))
      grown.set(this.sums)
      this.sums = grown
    }
    this.sums[bucket] = addHash(this.sums[bucket] as number, tally, 1)
  }

  /**
   * Begins to read what the database holds, while the walk goes on: sums come out the same in any order, and the walk leaves the
   * database idle most of the time. `size` is that of the database's checkpoint.
   * @param scan reads them on other threads, where it can: undefined from it, or anything that differs, is left to the database.
   */
  begin(storage: LedgerStorage, size: number, scan?: ScanLookups): void {
    if (scan !== undefined)
      this.reading = scan(size, { seed: this.codec.seed, key: this.from > 0 ? undefined : this.key })
    else if (this.from === 0) this.reading = sumsOf(storage, size, this)
    // Awaited in the end; until then a failure must not count as unhandled.
    this.reading?.catch(() => {})
  }

  /** Compares with what the database holds; faults `lookup-missing`, `lookup-foreign`. */
  async finish(storage: LedgerStorage, size: number): Promise<EvidenceError[]> {
    const faults: EvidenceError[] = []
    const read = await this.reading
    const checksum = await storage.lookupChecksum()
    const isWhole = read !== undefined && checksum !== undefined && isSameChecksum(checksum, read.checksum)
    if (this.from > 0) {
      // Counted, which is quick, and not compared with the entries.
      const damaged = isWhole ? undefined : await settled(requireLookups(storage))
      if (damaged instanceof EvidenceError) faults.push(damaged)
      if (this.last + 1 >= size) await this.compareChecksum(storage, faults)
      for (let begin = this.from; begin < size; begin += bucketWidth) {
        append(faults, await missingKeys(storage, begin, Math.min(size, begin + bucketWidth)))
      }
      return faults
    }
    // What was not walked to the end is not compared.
    if (this.last + 1 < size) this.unreadable.add(bucketOf(this.last + 1))
    const isSound = isWhole && this.differing(read.buckets).size === 0
    const stored = read?.foreign !== undefined || isSound ? read : await sumsOf(storage, size, this)
    append(faults, stored.foreign ?? [])
    // The checksum is what an open ledger relies on: it must be that of the keys.
    if (checksum === undefined || !isSameChecksum(checksum, stored.checksum)) faults.push(damagedLookups())
    if (this.last + 1 >= size) await this.compareChecksum(storage, faults)
    const differing = this.differing(stored.buckets)
    if (differing.size > 0) append(faults, await nameDifferences(storage, differing, size))
    return faults
  }

  /** Buckets of which the keys are not those that follow from their entries. */
  private differing(stored: Float64Array): Set<number> {
    const out = new Set<number>()
    for (let bucket = 0; bucket * bucketWidth <= this.last; bucket++) {
      if (this.sums[bucket] !== (stored[bucket] ?? 0) && !this.unreadable.has(bucket)) out.add(bucket)
    }
    return out
  }

  /** The registry checksum is what opening relies on: it must be that of the entries. */
  private async compareChecksum(storage: LedgerStorage, faults: EvidenceError[]): Promise<void> {
    const stored = await storage.registryChecksum()
    if (stored?.count === this.checksum.count && stored.hash === this.checksum.hash) return
    const message = 'The registry checksum of the database is not that of the entries.'
    const facts = {
      expected: `${this.checksum.count} ${this.checksum.hash}`,
      found: `${stored?.count} ${stored?.hash}`,
    }
    faults.push(new EvidenceError('database-thinned', message, facts))
  }
}

/** Takes every stored key from the database itself, those that lead to no entry apart. */
async function sumsOf(storage: LedgerStorage, size: number, { codec, key: by }: LookupAudit): Promise<ReadSums> {
  const foreignKeys: EvidenceError[] = []
  const buckets = new Float64Array(bucketsOf(size))
  let checksum = emptyLookupChecksum
  for await (const page of pagesOf(storage)) {
    for (const { key, index } of page) {
      checksum = changeChecksum(checksum, keyHash(key, index, codec.seed), 1)
      const bucket = bucketOf(index)
      if (index >= 0 && index < size) buckets[bucket] = addHash(buckets[bucket] as number, auditHash(key, index, by), 1)
      else foreignKeys.push(foreign(index))
    }
  }
  return { checksum, buckets, foreign: foreignKeys }
}

function talliedOf({ index, leafHash, statement, body, disclosures }: AuditedEntry): TalliedEntry {
  return { index, leafHash, facts: searchFactsOf(statement, body), disclosures }
}

function foreign(index: number): EvidenceError {
  return new EvidenceError(
    'lookup-foreign',
    `A look-up key leads to entry ${index}, which does not have what it names.`,
    { index },
  )
}

async function nameDifferences(
  storage: LedgerStorage,
  buckets: ReadonlySet<number>,
  size: number,
): Promise<EvidenceError[]> {
  const expected = new Map<string, number>()
  /** Entries with a claim withheld: what only it named may still be looked up by. */
  const withheld = new Set<number>()
  for (const bucket of buckets) {
    const begin = bucket * bucketWidth
    for (const entry of await readEntries(storage, begin, Math.min(size, begin + bucketWidth))) {
      if (entry.body !== undefined && sealedDigestsOf(entry.body).length > entry.disclosures.length)
        withheld.add(entry.index)
      for (const key of expectedKeys(talliedOf(entry), storage.codec))
        expected.set(`${toHex(key)} ${entry.index}`, entry.index)
    }
  }
  const faults: EvidenceError[] = []
  for await (const page of pagesOf(storage)) {
    for (const { key, index } of page) {
      if (index < 0 || index >= size || !buckets.has(Math.floor(index / bucketWidth))) continue
      if (expected.delete(`${toHex(key)} ${index}`)) continue
      if (!(isSealedEncoding(key) && withheld.has(index))) faults.push(foreign(index))
    }
  }
  append(faults, Array.from(expected.values(), missing))
  return faults
}

/** Look-up keys and statement ids of the entries `begin` to `end` (excluded) that the database does not have. */
async function missingKeys(storage: LedgerStorage, begin: number, end: number): Promise<EvidenceError[]> {
  const entries = await readEntries(storage, begin, end)
  const keys = entries.flatMap((entry) =>
    expectedLookups(talliedOf(entry), storage.codec).map((key) => ({ key, index: entry.index })),
  )
  const held = await storage.hasLookups(keys)
  const ids = await storage.findStatements(entries.map(({ statement }) => statement.common))
  const lost = keys.filter((_, i) => held[i] !== true).map(({ index }) => index)
  entries.forEach(({ index, leafHash }, i) => {
    const id = ids[i]
    if (id?.index !== index || !equalBytes(id.leafHash, leafHash)) lost.push(index)
  })
  return lost.map(missing)
}

function missing(index: number): EvidenceError {
  return new EvidenceError(
    'lookup-missing',
    `A look-up key of entry ${index} is missing: a search would not find it.`,
    {
      index,
    },
  )
}

/** Entries of a bundle as the walk showed them; those that cannot be read have no keys to compare. */
async function readEntries(storage: LedgerStorage, begin: number, end: number): Promise<AuditedEntry[]> {
  const [entries, disclosed] = await Promise.all([storage.entries(begin, end), storage.disclosuresIn(begin, end)])
  return entries.flatMap((bytes, i) => {
    if (bytes === undefined) return []
    const index = begin + i
    return valueOr(() => {
      const { statement } = readStored(bytes, index)
      const disclosures = (disclosed.get(index) ?? []).map(parseDisclosure)
      return [{ index, leafHash: leafHash(bytes), statement, body: readBody(statement), disclosures }]
    }, [])
  })
}
