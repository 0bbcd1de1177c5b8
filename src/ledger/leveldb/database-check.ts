import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { append } from '../../core/arrays.ts'
import { EvidenceError } from '../../core/errors.ts'
import { fileBounds, readBounded, readBoundedText } from '../../node/bounded-file.ts'
import { levelFault, type Manifest, readManifest } from './manifest.ts'
import { checkRecordFile, readDamagedRecords, readPlacedRecords } from './record-file.ts'
import { checkTableFile } from './table-file.ts'
import { firstSequence, readBatch } from './write-batch.ts'

export interface DatabaseReport {
  /** Files that end within a record. Harmless after a crash; the head says whether anything acknowledged is missing. */
  readonly torn: readonly string[]
  /** Every fault found, none of which a crash explains. */
  readonly faults: readonly EvidenceError[]
  /** True where LevelDB, asked to open it, may end the process by an assertion of its own. */
  readonly isFatal: boolean
  /** The tables that the database consists of, whose bytes have not been read; none where a fault hides which they are. */
  readonly tables: readonly TableFile[]
}

/**
 * Reads a closed database's CURRENT, MANIFEST and logs, and changes nothing; of tables only that they are there. LevelDB, asked to open with CURRENT missing,
 * makes an empty database in the place of the old one, and drops the rest of a damaged log; so this comes first.
 */
export function checkDatabase(folder: string): DatabaseReport {
  const missing = (what: string): DatabaseReport => ({
    torn: [],
    tables: [],
    isFatal: true,
    faults: [new EvidenceError('database-missing', `${what} is missing`, { where: folder })],
  })
  if (!existsSync(folder)) return missing('the database folder')
  const current = join(folder, 'CURRENT')
  if (!existsSync(current)) return missing('the database’s file CURRENT')
  const name = readBoundedText(current, fileBounds.small, 'latin1')
  if (!/^MANIFEST-[0-9]{6,}\n$/.test(name)) return damaged(current, 0, 'it names no manifest')
  const manifest = name.slice(0, -1)
  if (!existsSync(join(folder, manifest))) return missing(`the database’s file ${manifest}`)
  const logs = readdirSync(folder).filter((file) => /^[0-9]{6,}\.log$/.test(file))
  const torn: string[] = []
  const faults: EvidenceError[] = []
  const harmed = new Set<string>()
  for (const file of [manifest, ...logs]) {
    const path = join(folder, file)
    const report = checkRecordFile(readBounded(path, fileBounds.large))
    if (report.torn) torn.push(file)
    if (report.damage === undefined) continue
    harmed.add(path)
    append(faults, damaged(path, report.damage.offset, report.damage.why).faults)
  }
  const bytes = readBounded(join(folder, manifest), fileBounds.large)
  if (bytes.length === 0) append(faults, damaged(join(folder, manifest), 0, 'it is empty').faults)
  // LevelDB opens none whose MANIFEST it cannot read.
  if (harmed.has(join(folder, manifest)) || bytes.length === 0) return { torn, faults, isFatal: false, tables: [] }
  const said = readManifest(bytes)
  if (said === undefined) return damaged(join(folder, manifest), 0, 'an edit that cannot be read')
  const order = orderFault(
    liveLogs(logs, said).map((file) => join(folder, file)),
    harmed,
  )
  if (order !== undefined) return { torn, faults: [...faults, ...order.faults], isFatal: true, tables: [] }
  if (faults.length > 0) return { torn, faults, isFatal: false, tables: [] }
  const live = said.tables
  const overlap = levelFault(live)
  if (overlap !== undefined) return { ...damaged(join(folder, manifest), 0, overlap), torn, isFatal: true }
  const tables = live.map(({ number, size }) => ({ path: tablePath(folder, number), size }))
  for (const { path, size } of tables) {
    const found = statSync(path, { throwIfNoEntry: false })?.size
    if (found === size) continue
    const why = found === undefined ? 'it is missing' : `it has ${found} bytes, not ${size}`
    faults.push(tableFault(path, Math.min(found ?? 0, size), why))
  }
  return { torn, faults, isFatal: false, tables }
}

/** The logs that LevelDB replays, in the order of their numbers. */
function liveLogs(logs: readonly string[], { logNumber = 0, previousLog }: Manifest): readonly string[] {
  const numberOf = (file: string): number => Number(file.slice(0, -'.log'.length))
  const isLive = (number: number): boolean => number >= logNumber || number === previousLog
  return logs.filter((file) => isLive(numberOf(file))).sort((a, b) => numberOf(a) - numberOf(b))
}

/**
 * The first place in logs whose sequence numbers do not ascend, or whose batch cannot be read. LevelDB numbers every record once, and ends the
 * process where it replays a number twice: a log that was copied, or joined of two. Of a harmed log is asked what LevelDB reads of it all the same.
 */
function orderFault(paths: readonly string[], harmed: ReadonlySet<string>): DatabaseReport | undefined {
  let last = -1
  for (const path of paths) {
    const read = harmed.has(path) ? readDamagedRecords : readPlacedRecords
    for (const { at, payload } of read(readBounded(path, fileBounds.large))) {
      const end = readBatch(payload, () => true)
      if (end === undefined) return damaged(path, at, 'a batch that cannot be read')
      const first = firstSequence(payload)
      if (first <= last) return damaged(path, at, `the sequence number ${first} comes after ${last}`)
      last = Math.max(last, end)
    }
  }
  return undefined
}

/** A table that the database consists of. */
export interface TableFile {
  readonly path: string
  /** Bytes that it must have. */
  readonly size: number
}

/** Path of a table. Older versions of LevelDB ended the names of tables in .sst. */
export function tablePath(folder: string, number: number): string {
  const path = join(folder, String(number).padStart(6, '0'))
  return existsSync(`${path}.ldb`) || !existsSync(`${path}.sst`) ? `${path}.ldb` : `${path}.sst`
}

function tableFault(path: string, offset: number, why: string): EvidenceError {
  const message = `the database file ${path} is damaged at byte ${offset}: ${why}`
  return new EvidenceError('database-table-damaged', message, { where: `${path}, byte ${offset}` })
}

/** Reads every byte of a table: its first damage, or undefined. One of another size was reported before. */
export function checkTable({ path, size }: TableFile): EvidenceError | undefined {
  let bytes: Uint8Array
  try {
    bytes = readBounded(path, fileBounds.large)
  } catch (error) {
    return tableFault(path, 0, `it cannot be read (${(error as NodeJS.ErrnoException).code})`)
  }
  if (bytes.length !== size) return undefined
  const damage = checkTableFile(bytes)
  return damage === undefined ? undefined : tableFault(path, damage.offset, damage.why)
}

function damaged(path: string, offset: number, why: string): DatabaseReport {
  const message = `the database file ${path} is damaged at byte ${offset}: ${why}`
  const fault = new EvidenceError('database-log-damaged', message, { where: `${path}, byte ${offset}` })
  return { torn: [], faults: [fault], isFatal: false, tables: [] }
}
