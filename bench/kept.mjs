// Ledgers that measurements read, made once and kept outside the repository, by their parameters.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Raised when plans or statements change: ledgers that were made before are made again. */
const recipe = 1

/** Where things are kept: `$EVIDENCE_BENCH_CACHE`, or a folder of the user's cache. */
export function cacheFolder(given = process.env.EVIDENCE_BENCH_CACHE) {
  return given ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'evidence-bench')
}

/** The name of a ledger's folder, out of all that decides what it holds. */
export function ledgerName({ workload, ...parameters }) {
  const given = Object.entries(parameters).sort(([a], [b]) => (a < b ? -1 : 1))
  return [`r${recipe}`, workload, ...given.map(([name, value]) => `${name}-${value}`)].join('-')
}

/** The data folder of a ledger of these parameters (bench/workload.mjs); made where there is none yet. `flags` are Node's, for the process that makes it. */
export function keptLedger(cache, parameters, { flags = [], say = () => {} } = {}) {
  const path = join(cache, 'ledgers', ledgerName(parameters))
  if (existsSync(path)) return path
  say(`  making the ledger ${path}`)
  const making = `${path}.making-${process.pid}`
  mkdirSync(join(cache, 'ledgers'), { recursive: true })
  const program = fileURLToPath(new URL('./make.mjs', import.meta.url))
  const args = [...flags, program, JSON.stringify({ ...parameters, path: making })]
  const { status } = spawnSync(process.execPath, args, { stdio: ['ignore', 2, 2] })
  if (status !== 0) {
    rmSync(making, { recursive: true, force: true })
    throw new Error(`the ledger ${ledgerName(parameters)} could not be made`)
  }
  renameSync(making, path)
  return path
}
