// `npm run bench:scale [-- --millions N] [-- --data DIR]`: grows a ledger to N million entries through a real server and records
// the curve of throughput, latency, memory, disk, opening and proofs. A folder given by --data is kept, and grown on from the
// size that it has, when the command is run again.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { build, install, root } from '../scripts/setup.mjs'

install()
build()
const { folderBytes, loadGenerator, peakMiB, residentMiB, startServer, stopServer, timed } = await import(
  './server.mjs'
)
const { machine } = await import('./machine.mjs')
const { verifications } = await import('./measure.mjs')
const { scaleChart } = await import('./chart.mjs')

const { values } = parseArgs({
  options: {
    millions: { type: 'string', default: '10' },
    data: { type: 'string' },
    record: { type: 'string', default: join(root, 'docs', 'performance', 'scale.json') },
  },
})
const target = Math.round(Number(values.millions) * 1e6)
if (!(target >= 1000)) throw new Error('--millions takes a number of at least 0.001')
const points = [0.1, 0.2, 0.5, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 15, 20, 30, 50, 75, 100]
  .map((millions) => millions * 1e6)
  .filter((size) => size < target)
points.push(target)

const folder = values.data ?? mkdtempSync(join(tmpdir(), 'evidence-scale-'))
const data = join(folder, 'data')
const kept = join(folder, 'curve.json')
const curve = existsSync(kept) ? JSON.parse(readFileSync(kept, 'utf8')) : []
const say = (line) => process.stderr.write(`${line}\n`)
const step = 50_000

async function sizeOf(url) {
  const response = await fetch(`${url}/v1/ledger`)
  return (await response.json()).size
}

/** Grows to a size in batches; two generators take turns, so that one signs while the other sends. */
async function grow(url, from, to) {
  const loads = [loadGenerator(url, data), loadGenerator(url, data)]
  const jobs = []
  for (let at = from; at < to; at += step)
    jobs.push({ mode: 'batch', count: Math.min(step, to - at), connections: 4, batch: 500 })
  let ready = jobs.length === 0 ? undefined : loads[0].ask({ ...jobs[0], only: 'prepare' })
  let at = from
  for (const [i, job] of jobs.entries()) {
    await ready
    const sent = loads[i % 2].ask(job)
    ready = i + 1 < jobs.length ? loads[(i + 1) % 2].ask({ ...jobs[i + 1], only: 'prepare' }) : undefined
    const { rate } = await sent
    at += job.count
    say(`  ${at.toLocaleString('en')} entries, ${Math.round(rate)}/s while the next are signed`)
  }
  for (const load of loads) load.stop()
}

/** The figures of the server that has just grown the ledger: nothing else runs meanwhile. */
async function underLoad(server, url, size) {
  const load = loadGenerator(url, data)
  const ask = async (job) => {
    await load.ask({ ...job, only: 'prepare' })
    const before = verifications()
    const figures = await load.ask(job)
    return { ...figures, v: (before + verifications()) / 2 }
  }
  const proof = await ask({ mode: 'proof', count: 20_000, connections: 4, size })
  const batch = await ask({ mode: 'batch', count: 60_000, connections: 4, batch: 500 })
  const single = await ask({ mode: 'single', count: 20_000, connections: 256 })
  const serial = await ask({ mode: 'single', count: 1000, connections: 1 })
  load.stop()
  return {
    // V beside each of the two, taken before and after it.
    batchVerifies: batch.v,
    singleVerifies: single.v,
    batch: batch.rate,
    single: single.rate,
    singleP99: single.p99,
    serial: serial.median,
    proofHttp: proof.rate,
    proofHttpP99: proof.p99,
    peakMiB: peakMiB(server.pid),
    residentMiB: residentMiB(server.pid),
  }
}

async function point(size) {
  const { server, url } = await startServer(data)
  await grow(url, await sizeOf(url), size)
  const loaded = await underLoad(server, url, size)
  await stopServer(server)
  const probe = timed(process.execPath, [join(root, 'bench', 'probe.mjs'), data, '20000'])
  const { open, proofs, entryBytes, size: entries } = JSON.parse(probe.output)
  const disk = folderBytes(join(data, 'ledger'))
  return {
    size,
    verifies: (loaded.batchVerifies + loaded.singleVerifies) / 2,
    ...loaded,
    open,
    proofs,
    diskRatio: disk / (entryBytes * entries),
    diskBytes: disk,
  }
}

const columns = [
  ['entries', (p) => p.size.toLocaleString('en')],
  ['batch/s', (p) => p.batch.toFixed(0)],
  ['of V', (p) => (p.batch / (p.batchVerifies ?? p.verifies)).toFixed(2)],
  ['single/s', (p) => p.single.toFixed(0)],
  ['of V', (p) => (p.single / (p.singleVerifies ?? p.verifies)).toFixed(2)],
  ['p99 ms', (p) => p.singleP99.toFixed(0)],
  ['series ms', (p) => p.serial.toFixed(2)],
  ['peak MiB', (p) => p.peakMiB.toFixed(0)],
  ['open ms', (p) => p.open.toFixed(0)],
  ['proofs/s', (p) => p.proofs.toFixed(0)],
  ['HTTP p99 ms', (p) => p.proofHttpP99.toFixed(2)],
  ['disk ratio', (p) => p.diskRatio.toFixed(2)],
]
const row = (cells) => `| ${cells.join(' | ')} |`
const table = () =>
  [
    row(columns.map(([name]) => name)),
    row(columns.map(() => '---:')),
    ...curve.map((p) => row(columns.map(([, of]) => of(p)))),
  ].join('\n')

try {
  for (const size of points) {
    if (curve.some((p) => p.size === size)) continue
    curve.push(await point(size))
    writeFileSync(kept, JSON.stringify(curve))
    say(table())
  }
  mkdirSync(dirname(values.record), { recursive: true })
  writeFileSync(values.record, `${JSON.stringify({ machine: machine(), curve }, null, 2)}\n`)
  writeFileSync(values.record.replace(/\.json$/, '.svg'), scaleChart(curve))
  process.stdout.write(`${table()}\n`)
} finally {
  if (values.data === undefined) rmSync(folder, { recursive: true, force: true })
}
process.exit(0)
