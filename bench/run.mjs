// `npm run bench`: our rates beside the machine's own, each taken in rounds of (V, row, V). docs/performance.md says how, and what each row is.
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { createWriteStream, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { build, install } from '../scripts/setup.mjs'

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    // Entries of the ledger that the steady rows walk.
    entries: { type: 'string' },
    // Names of rows, or their beginnings, divided by commas.
    only: { type: 'string' },
    cache: { type: 'string' },
    peers: { type: 'boolean', default: false },
  },
})

install()
build()
const { cli, cpuSeconds, folderBytes, loadGenerator, peakMiB, startServer, stopServer, timed } = await import(
  './server.mjs'
)
const { histories, opening, walks } = await import('./custody.mjs')
const { machine, parallelVerifies, syncedBatches, verifyRates } = await import('./machine.mjs')
const { alternate } = await import('./measure.mjs')
const { cacheFolder, keptLedger } = await import('./kept.mjs')
const { command, sampleOf, verify } = await import('./process.mjs')
const { asked, Results } = await import('./rows.mjs')
const { statefulFlags } = await import('./stateful-kind.mjs')
const { lineOf } = await import('./stats.mjs')
const { watchedPair } = await import('./watched.mjs')
const { churnEntries } = await import('./workload.mjs')
const { digestFile } = await import('../dist/src/node/file-digest.js')
const { installNativePrimitives } = await import('../dist/src/node/native.js')

const whole = (name, text) => {
  const number = Number(text)
  if (!Number.isSafeInteger(number) || number < 1) throw new Error(`--${name} takes a whole number from 1 on`)
  return number
}
const scale = values.quick ? 0.1 : 1
const rounds = values.rounds === undefined ? (values.quick ? 2 : 5) : whole('rounds', values.rounds)
const steadyEntries = values.entries === undefined ? 1_000_000 * scale : whole('entries', values.entries)
const cache = cacheFolder(values.cache)
const folder = mkdtempSync(join(tmpdir(), 'evidence-bench-'))
const say = (line) => process.stderr.write(`${line}\n`)
const results = new Results()
const wanted = new Set(asked(values.only))

/** Takes the rows of a measurement that were asked for, and says them. */
function keep(samples) {
  for (const [name, list] of Object.entries(samples)) if (wanted.has(name)) say(`  ${lineOf(results.add(name, list))}`)
}

const measure = async (run, prepare) => keep(await alternate({ rounds, run, prepare }))
const ledger = (parameters, options) => keptLedger(cache, parameters, { say, ...options })

async function deposits() {
  const data = join(folder, 'data')
  const { server, url } = await startServer(data)
  const load = loadGenerator(url, data)
  const send = (job, sample) =>
    measure(
      async () => {
        const before = cpuSeconds(server.pid)
        const figures = await load.ask(job)
        return sample(figures, ((cpuSeconds(server.pid) - before) / job.count) * 1e6)
      },
      () => load.ask({ ...job, only: 'prepare' }),
    )
  await load.ask({ mode: 'single', count: 2000 * scale, connections: 64 })
  await send({ mode: 'single', count: 15_000 * scale, connections: 256 }, (figures, cpuPerEntry) => ({
    'deposit.single': { value: figures.rate, cpuPerEntry },
    'deposit.single.p99': { value: figures.p99 },
  }))
  await send({ mode: 'batch', count: 20_000 * scale, connections: 4, batch: 500 }, (figures, cpuPerEntry) => ({
    'deposit.batch': { value: figures.rate, cpuPerEntry },
  }))
  await send({ mode: 'single', count: 2000 * scale, connections: 1 }, (figures, cpuPerEntry) => ({
    'deposit.serial': { value: figures.median, cpuPerEntry },
    'memory.peak': { value: peakMiB(server.pid) },
  }))
  load.stop()
  await stopServer(server)
}

const plainLedger = () => ledger({ workload: 'plain', entries: 80_000 * scale })

/** Makes a checkpoint of a ledger that was found sound. */
function checkpointOf(data) {
  const path = join(folder, 'checkpoint')
  rmSync(path, { force: true })
  verify(data, undefined, { args: ['--save-checkpoint', path] })
  return path
}

async function fullWalk() {
  const data = plainLedger()
  const checkpoint = checkpointOf(data)
  await measure(() => ({ 'verify.full': verify(data).whole }))
  await measure(() => ({
    'verify.trusted': verify(data, undefined, { args: ['--trusted-checkpoint', checkpoint] }).whole,
  }))
}

/** Where the steady part of a walk begins: a fifth of it. */
const fifth = (entries) => Math.ceil(entries / 5)

async function steadyWalk() {
  const data = ledger({ workload: 'plain', entries: steadyEntries })
  const from = fifth(steadyEntries)
  const checkpoint = checkpointOf(data)
  await measure(() => {
    const walk = verify(data, from)
    return { 'verify.steady': walk.steady, 'verify.whole': walk.whole }
  })
  await measure(() => {
    const walk = verify(data, from, { args: ['--trusted-checkpoint', checkpoint] })
    return { 'verify.trusted.steady': walk.steady, 'verify.trusted.whole': walk.whole }
  })
}

async function mixedWalk() {
  const [entries, keys] = [200_000 * scale, 2000]
  const data = ledger({ workload: 'mixed', entries, keys })
  await measure(() => {
    const walk = verify(data, fifth(entries))
    return { 'verify.mixed': walk.steady, 'verify.mixed.whole': walk.whole }
  })
}

async function churnWalk() {
  const keys = 20_000 * scale
  const data = ledger({ workload: 'churn', keys, entries: churnEntries(keys) })
  await measure(() => {
    // From where the admissions are over.
    const walk = verify(data, 2 + keys)
    return { 'verify.churn': walk.steady, 'verify.churn.whole': walk.whole }
  })
}

/** The program with a kind that keeps state: over a ledger that has such entries, and over one that has none. */
async function statefulWalk() {
  const entries = Math.max(20_000 * scale, 8000)
  const { flags, path } = await statefulFlags(cache)
  try {
    const data = ledger({ workload: 'stateful', entries }, { flags })
    const none = ledger({ workload: 'plain', entries })
    const from = Math.max(fifth(entries), 4096)
    await measure(() => {
      const [withState, without] = [verify(data, from, { flags }).steady, verify(none, from, { flags }).steady]
      return {
        'verify.stateful': withState,
        'verify.stateful.none': without,
        'verify.stateful.against': { value: withState.value / without.value },
      }
    })
  } finally {
    rmSync(path)
  }
}

/** What custody costs: one entry in five of a ledger hands something over. */
async function custodyRows() {
  const [data, none] = [
    ledger({ workload: 'custody', entries: steadyEntries }),
    ledger({ workload: 'plain', entries: steadyEntries }),
  ]
  if (wanted.has('verify.custody')) await measure(() => walks(data, none, fifth(steadyEntries)))
  if (wanted.has('custody.open')) await measure(() => opening(data))
  if (wanted.has('custody.history')) await histories(data, measure)
}

/** Opening and proofs, in a process of their own that finds in memory what a start finds there. */
async function probes() {
  const data = plainLedger()
  const program = fileURLToPath(new URL('./probe.mjs', import.meta.url))
  await measure(() => {
    const { open, proofs, proofCpu, entryBytes, size } = JSON.parse(
      execFileSync(process.execPath, [program, data, String(20_000 * scale)], { encoding: 'utf8' }),
    )
    return {
      open: { value: open },
      'proof.inclusion': { value: proofs, cpuPerEntry: proofCpu },
      'disk.ratio': { value: folderBytes(join(data, 'ledger')) / (entryBytes * size) },
    }
  })
}

async function hashing() {
  const path = join(folder, 'large')
  const block = randomBytes(4 * 2 ** 20)
  const file = createWriteStream(path)
  for (let i = 0; i < 128 * scale; i++)
    if (!file.write(block)) await new Promise((resolve) => file.once('drain', resolve))
  await new Promise((resolve) => file.end(resolve))
  const mebibytes = statSync(path).size / 2 ** 20
  await digestFile(path, ['sha256'])
  await measure(async () => {
    const from = performance.now()
    await digestFile(path, ['sha256'])
    const value = mebibytes / ((performance.now() - from) / 1000)
    const against = mebibytes / (timed('openssl', ['dgst', '-sha256', path]).ms / 1000)
    return { 'hash.file': { value, against } }
  })
}

async function coldCheck() {
  const [path, data] = [join(folder, 'small.txt'), join(folder, 'cold')]
  writeFileSync(path, 'a small file')
  const { server, url } = await startServer(data)
  timed(process.execPath, [cli, 'deposit', path, '--data', data, '--url', url, '--json'])
  await stopServer(server)
  await measure(() => {
    const { seconds, cpu } = command(['check', path, '--data', data, '--json'])
    return { 'check.cold': { value: seconds * 1000, cpuPerEntry: cpu * 1e6 } }
  })
}

/** A folder of small files: as processes, start, sync and receipt included, beside `sha256sum` of the same files. */
async function smallFiles() {
  const count = 50_000 * scale
  const [path, data] = [join(folder, 'small'), join(folder, 'small-data')]
  for (let i = 0; i < count; i++) {
    const within = join(path, `of-${Math.floor(i / 1000)}`)
    if (i % 1000 === 0) mkdirSync(within, { recursive: true })
    writeFileSync(join(within, `file-${i}`), `${i} `.repeat(70))
  }
  const { server, url } = await startServer(data)
  await measure(() => {
    const against = count / (timed('sh', ['-c', 'find "$0" -type f -print0 | xargs -0 sha256sum', path]).ms / 1000)
    for (const ending of ['tlog-proof', 'evidence-manifest']) rmSync(`${path}.${ending}`, { force: true })
    const deposit = sampleOf(count, command(['deposit', path, '--data', data, '--url', url, '--json']))
    const check = sampleOf(count, command(['check', path, '--data', data, '--json']))
    return { 'folder.small': { ...deposit, against }, 'folder.small.check': { ...check, against } }
  })
  await stopServer(server)
}

/** What witnesses, time stamps and a monitor cost: 1 where they cost nothing. */
async function watched() {
  const pair = await watchedPair(folder, 20_000 * scale)
  try {
    await measure(
      async () => {
        const { throughput, serverTime, cpuPerEntry } = await pair.compare()
        return { 'deposit.cosigned': { value: throughput, cpuPerEntry }, 'deposit.cosigned.cpu': { value: serverTime } }
      },
      () => pair.prepare(),
    )
    pair.startMonitor()
    await measure(
      async () => {
        const { serverTime, cpuPerEntry } = await pair.compare()
        return { 'deposit.monitored.cpu': { value: serverTime, cpuPerEntry } }
      },
      () => pair.prepare(),
    )
  } finally {
    await pair.close()
  }
}

/** Each measurement, with what its rows are named by. */
const measurements = [
  [deposits, /^(?:deposit\.(?:single|batch|serial)|memory)/],
  [fullWalk, /^verify\.(?:full|trusted)$/],
  [steadyWalk, /^verify\.(?:steady|whole|trusted\..*)$/],
  [mixedWalk, /^verify\.mixed/],
  [churnWalk, /^verify\.churn/],
  [statefulWalk, /^verify\.stateful/],
  [custodyRows, /^(?:verify\.custody|custody)/],
  [probes, /^(?:open|proof|disk)/],
  [hashing, /^hash/],
  [coldCheck, /^check/],
  [smallFiles, /^folder/],
  [watched, /^deposit\.(?:cosigned|monitored)/],
]

async function machineFacts() {
  const rates = verifyRates()
  return {
    ...machine(),
    nativeVerifies: Math.round(Math.max(rates.sodium, rates.openssl)),
    opensslVerifies: Math.round(rates.openssl),
    parallelVerifies: Math.round(await parallelVerifies()),
    syncedBatches: Math.round(await syncedBatches()),
  }
}

installNativePrimitives()
try {
  if (values.peers) {
    const { peers } = await import('./peers.mjs')
    const report = await peers({ cache, folder, rounds, count: 20_000 * scale, say })
    process.stdout.write(values.json ? `${JSON.stringify(report.document, null, 2)}\n` : report.text)
  } else {
    const facts = await machineFacts()
    say(`machine: ${JSON.stringify(facts)}`)
    for (const [run, names] of measurements) if ([...wanted].some((name) => names.test(name))) await run()
    const document = results.document(facts, [...wanted])
    process.stdout.write(
      values.json
        ? `${JSON.stringify(document, null, 2)}\n`
        : [
            `\n${facts.cpu}, ${facts.cores} cores, Node ${facts.node}; ${rounds} rounds: median (least to greatest)`,
            `native verifies ${facts.nativeVerifies}/s on one core, ${facts.parallelVerifies}/s of two processes; synced LevelDB batches ${facts.syncedBatches}/s`,
            ...document.results.map(lineOf),
            '',
          ].join('\n'),
    )
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
process.exit(0)
