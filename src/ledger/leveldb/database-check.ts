import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { EvidenceError } from '../../core/index.ts'
import { checkRecordFile } from './record-file.ts'

export interface DatabaseReport {
  /** Files that end within a record. Harmless after a crash; the head says whether anything acknowledged is missing. */
  readonly torn: readonly string[]
  /** Every fault found, none of which a crash explains. */
  readonly faults: readonly EvidenceError[]
}

/**
 * Reads a closed database's CURRENT, MANIFEST and logs, and changes nothing. LevelDB, asked to open with CURRENT missing,
 * makes an empty database in the place of the old one, and drops the rest of a damaged log; so this comes first.
 */
export function checkDatabase(folder: string): DatabaseReport {
  const missing = (what: string): DatabaseReport => ({
    torn: [],
    faults: [new EvidenceError('database-missing', `${what} is missing`, { where: folder })],
  })
  if (!existsSync(folder)) return missing('the database folder')
  const current = join(folder, 'CURRENT')
  if (!existsSync(current)) return missing('the database’s file CURRENT')
  const name = readFileSync(current, 'latin1')
  if (!/^MANIFEST-[0-9]{6,}\n$/.test(name)) return damaged(current, 0, 'it names no manifest')
  const manifest = name.slice(0, -1)
  if (!existsSync(join(folder, manifest))) return missing(`the database’s file ${manifest}`)
  const logs = readdirSync(folder).filter((file) => /^[0-9]{6,}\.log$/.test(file))
  const torn: string[] = []
  const faults: EvidenceError[] = []
  for (const file of [manifest, ...logs]) {
    const path = join(folder, file)
    const report = checkRecordFile(readFileSync(path))
    if (report.torn) torn.push(file)
    if (report.damage !== undefined) faults.push(...damaged(path, report.damage.offset, report.damage.why).faults)
  }
  if (readFileSync(join(folder, manifest)).length === 0)
    faults.push(...damaged(join(folder, manifest), 0, 'it is empty').faults)
  return { torn, faults }
}

function damaged(path: string, offset: number, why: string): DatabaseReport {
  const fault = new EvidenceError(
    'database-log-damaged',
    `the database file ${path} is damaged at byte ${offset}: ${why}`,
    {
      where: `${path}, byte ${offset}`,
    },
  )
  return { torn: [], faults: [fault] }
}
