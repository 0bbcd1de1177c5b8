import { chmodSync, cpSync, existsSync, renameSync, rmSync, statSync } from 'node:fs'
import { EvidenceError } from '../core/index.ts'
import { dataFolder, readConfig } from './data-folder.ts'
import { syncTree } from './durable-file.ts'
import { syncFolder } from './head-file.ts'
import { checkDatabase } from './leveldb/database-check.ts'
import { packEntries } from './leveldb/format-2.ts'
import { indexLaterEvents } from './leveldb/format-3.ts'
import { databaseFormat, formatOf } from './leveldb/level-storage.ts'
import { makeShadow } from './leveldb/shadow.ts'
import { takeLock } from './lock-file.ts'

/**
 * One step of the database's format. Run on a stopped database, in place. It must be idempotent, and safe to cut off at any
 * point and run again; it writes the new format last, synced, so that the format says what is whole.
 */
export interface MigrationStep {
  readonly from: string
  readonly to: string
  /** What it does, for the operator: one line. */
  readonly what: string
  readonly run: (database: string, onProgress: (done: number, total: number) => void) => Promise<void>
}

/** The steps to the current format, oldest first. */
export const migrationSteps: readonly MigrationStep[] = [
  { from: '1', to: '2', what: 'entries packed by 32, as bundles are served', run: packEntries },
  { from: '2', to: '3', what: 'look-up keys from an entry to what happened to it later', run: indexLaterEvents },
]

export interface MigrateOptions {
  readonly steps?: readonly MigrationStep[]
  /** The format to reach: the one that this software reads and writes. */
  readonly target?: string
  /** False where the operator has a backup, and no room for the copy. */
  readonly backup?: boolean
  readonly onStep?: (step: MigrationStep) => void
  readonly onProgress?: (done: number, total: number) => void
}

export interface MigrationReport {
  readonly from: string
  readonly to: string
  readonly steps: readonly string[]
  /** The copy of the database as it was, where there is one: it is the operator's to remove. */
  readonly copy: string | undefined
}

/**
 * Brings a stopped ledger's database to the current format, after a synced copy of it. Cut off, it is run again: the copy made
 * first is kept. Throws `ledger-in-use`, the codes of checkDatabase, `format-version` where no steps lead to the target.
 */
export async function migrate(root: string, options: MigrateOptions = {}): Promise<MigrationReport> {
  const { steps = migrationSteps, target = databaseFormat, backup = true, onStep, onProgress } = options
  const folder = dataFolder(root)
  readConfig(folder)
  const release = takeLock(folder.lock, root)
  try {
    const [fault] = checkDatabase(folder.database).faults
    if (fault !== undefined) throw fault
    const from = await readFormat(folder.database)
    const path = pathOf(steps, from, target, root)
    if (path.length === 0) return { from, to: target, steps: [], copy: undefined }
    const copy = backup ? copyDatabase(folder.database, from, root) : undefined
    for (const step of path) {
      onStep?.(step)
      await step.run(folder.database, onProgress ?? (() => {}))
      const now = await readFormat(folder.database)
      if (now !== step.to)
        throw new EvidenceError('format-version', `the step to the format ${step.to} left the format ${now}`, {
          where: root,
        })
    }
    return { from, to: target, steps: path.map(({ what }) => what), copy }
  } finally {
    release()
  }
}

/** Reads the format through a stand-in: what is refused is left as it was. */
async function readFormat(database: string): Promise<string> {
  const shadow = makeShadow(database)
  try {
    return await formatOf(shadow.folder)
  } finally {
    shadow.dispose()
  }
}

function pathOf(steps: readonly MigrationStep[], from: string, target: string, where: string): MigrationStep[] {
  const path: MigrationStep[] = []
  for (let at = from; at !== target; ) {
    const step = steps.find((one) => one.from === at)
    if (step === undefined || path.includes(step)) {
      throw new EvidenceError('format-version', `no way leads from the database’s format ${from} to ${target}`, {
        where,
      })
    }
    path.push(step)
    at = step.to
  }
  return path
}

/** A copy that is there was made before the first step of an earlier run: it is the original, and stays. */
function copyDatabase(database: string, format: string, root: string): string {
  const copy = `${database}.format-${format}`
  if (existsSync(copy)) return copy
  const part = `${copy}.part`
  rmSync(part, { recursive: true, force: true })
  cpSync(database, part, { recursive: true, preserveTimestamps: true })
  // Some versions of Node.js copy a folder without its mode.
  chmodSync(part, statSync(database).mode)
  syncTree(part)
  renameSync(part, copy)
  syncFolder(root)
  return copy
}
