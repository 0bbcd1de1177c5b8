// Runs one of our commands as a process, and tells what it took: time from start to exit, and what the process says of itself (bench/watch-process.mjs).
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { steadyOf } from './steady.mjs'
import { cli } from './server.mjs'

const watcher = new URL('./watch-process.mjs', import.meta.url).href

/** Runs `evidence` with arguments; `flags` are Node's. Throws where it fails. Gives seconds from start to exit, processor seconds, progress points, and its output. */
export function command(args, flags = []) {
  const folder = mkdtempSync(join(tmpdir(), 'evidence-bench-'))
  try {
    const report = join(folder, 'report')
    const from = process.hrtime.bigint()
    const output = execFileSync(process.execPath, ['--import', watcher, ...flags, cli, ...args], {
      encoding: 'utf8',
      maxBuffer: 2 ** 28,
      env: { ...process.env, EVIDENCE_BENCH_REPORT: report },
    })
    const seconds = Number(process.hrtime.bigint() - from) / 1e9
    return { seconds, output, ...JSON.parse(readFileSync(report, 'utf8')) }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** What a command did with so many things, start and exit included, as a sample of a row. */
export const sampleOf = (count, { seconds, cpu }) => ({ value: count / seconds, cpuPerEntry: (cpu / count) * 1e6 })

/** Re-walks a ledger, which must be without fault: the whole process as a sample, and its steady part from entry `from` on. */
export function verify(data, from, { args = [], flags = [] } = {}) {
  const measured = command(['verify', '--data', data, '--json', ...args], flags)
  const { ok, size } = JSON.parse(measured.output)
  if (!ok) throw new Error(`the re-walk of ${data} found a fault`)
  return { whole: sampleOf(size, measured), steady: from === undefined ? undefined : steadyOf(measured.points, from) }
}
