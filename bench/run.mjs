// `npm run bench [-- --json] [-- --entries N]`: our rates beside the machine's own, in one run, as ratios.
import { createWriteStream, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { randomBytes } from 'node:crypto'
import { parseArgs } from 'node:util'
import { build, install } from '../scripts/setup.mjs'

install()
build()
const { cli, folderBytes, loadGenerator, median, peakMiB, startServer, stopServer, timed } = await import(
  './server.mjs'
)
const { watchedRates } = await import('./watched.mjs')
const { machine, parallelVerifies, syncedBatches, verifyRates } = await import('./machine.mjs')
const { readLedgerKey } = await import('../dist/src/ledger/create.js')
const { dataFolder, readOwnKey } = await import('../dist/src/ledger/data-folder.js')
const { FolderSource } = await import('../dist/src/ledger/folder-source.js')
const { Ledger } = await import('../dist/src/ledger/ledger.js')
const { LedgerReads } = await import('../dist/src/ledger/reads.js')
const { LedgerTree } = await import('../dist/src/ledger/tree.js')
const { digestFile } = await import('../dist/src/node/file-digest.js')
const { installNativePrimitives } = await import('../dist/src/node/native.js')
const { emptyRegistry } = await import('../dist/src/statements/registry.js')
const { parseSignedCheckpoint } = await import('../dist/src/core/checkpoint.js')

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    // Grow the ledger to this size first.
    entries: { type: 'string', default: '0' },
  },
})
const scale = values.quick ? 0.1 : 1
const folder = mkdtempSync(join(tmpdir(), 'evidence-bench-'))
const data = join(folder, 'data')
const results = []
const say = (line) => process.stderr.write(`${line}\n`)
const record = (name, value, unit, ratio) => {
  results.push({ name, value, unit, ratio: ratio ?? null })
  say(`  ${name} ${value.toFixed(2)} ${unit}${ratio === undefined ? '' : `, ratio ${ratio.toFixed(2)}`}`)
}

async function depositRates(nativeRate) {
  const { server, url } = await startServer(data)
  const load = loadGenerator(url, data)
  for (let left = Number(values.entries); left > 0; left -= 50_000) {
    await load.ask({ mode: 'batch', count: Math.min(50_000, left), connections: 4, batch: 500 })
    say(`  grown, ${Math.max(0, left - 50_000)} to go`)
  }
  await load.ask({ mode: 'single', count: 2000 * scale, connections: 64 })
  const single = await load.ask({ mode: 'single', count: 30_000 * scale, connections: 256 })
  record('deposit.single', single.rate, 'statements/s', single.rate / nativeRate)
  record('deposit.single.p99', single.p99, 'ms')
  const batch = await load.ask({ mode: 'batch', count: 40_000 * scale, connections: 4, batch: 500 })
  record('deposit.batch', batch.rate, 'statements/s', batch.rate / nativeRate)
  const serial = await load.ask({ mode: 'single', count: 2000 * scale, connections: 1 })
  record('deposit.serial', serial.median, 'ms (median)')
  record('memory.peak', peakMiB(server.pid), 'MiB')
  load.stop()
  await stopServer(server)
}

/** What witnesses, time stamps and a monitor cost: 1 where they cost nothing. */
async function watchedRate() {
  const { throughput, serverTime, monitoredServerTime } = await watchedRates(folder, 20_000 * scale)
  record('deposit.cosigned', throughput, 'of the throughput without witnesses and time stamps')
  record('deposit.cosigned.cpu', serverTime, 'of the server’s time a deposit')
  record('deposit.monitored.cpu', monitoredServerTime, 'the same, a monitor reading along')
}

async function verifyRate(nativeRate) {
  const walk = (...flags) => {
    const { ms, output } = timed(process.execPath, [cli, 'verify', '--data', data, '--json', ...flags])
    const report = JSON.parse(output)
    if (!report.ok) throw new Error('the re-walk found a fault')
    return { ms, report }
  }
  const kept = join(folder, 'checkpoint')
  const { ms, report } = walk('--save-checkpoint', kept)
  record('verify.full', report.size / (ms / 1000), 'entries/s', report.size / (ms / 1000) / nativeRate)
  const trusted = walk('--trusted-checkpoint', kept)
  record('verify.trusted', trusted.report.size / (trusted.ms / 1000), 'entries/s')
  return report.size
}

async function proofRate() {
  const paths = dataFolder(data)
  const source = await FolderSource.open(data, readOwnKey(paths))
  const note = Buffer.from(await source.checkpoint()).toString()
  const { size } = parseSignedCheckpoint(Buffer.from(note)).checkpoint
  const tree = await LedgerTree.rebuild(source.storage, size)
  const state = { size, registry: emptyRegistry('x') }
  const reads = new LedgerReads(source.storage, tree, () => ({ state, note }))
  const from = process.hrtime.bigint()
  const count = 20_000 * scale
  let left = count
  const ask = async () => {
    while (left-- > 0) await reads.inclusion(Math.floor(Math.random() * size), size)
  }
  // As a server asks: several at once.
  await Promise.all(Array.from({ length: 16 }, ask))
  record('proof.inclusion', count / (Number(process.hrtime.bigint() - from) / 1e9), 'proofs/s')
  await source.close()
}

async function openTime() {
  const from = performance.now()
  const ledger = await Ledger.open(data, readLedgerKey(data))
  record('open', performance.now() - from, 'ms')
  await ledger.close()
}

async function hashRate() {
  const path = join(folder, 'large')
  const block = randomBytes(4 * 2 ** 20)
  const file = createWriteStream(path)
  for (let i = 0; i < 128 * scale; i++)
    if (!file.write(block)) await new Promise((resolve) => file.once('drain', resolve))
  await new Promise((resolve) => file.end(resolve))
  const { size } = statSync(path)
  await digestFile(path, ['sha256'])
  const ours = []
  const theirs = []
  for (let i = 0; i < 3; i++) {
    const from = performance.now()
    await digestFile(path, ['sha256'])
    ours.push(performance.now() - from)
    theirs.push(timed('openssl', ['dgst', '-sha256', path]).ms)
  }
  record('hash.file', size / 2 ** 20 / (median(ours) / 1000), 'MiB/s', median(theirs) / median(ours))
}

async function coldCheck() {
  const path = join(folder, 'small.txt')
  writeFileSync(path, 'a small file')
  const { server, url } = await startServer(data)
  timed(process.execPath, [cli, 'deposit', path, '--data', data, '--url', url, '--json'])
  await stopServer(server)
  const times = Array.from(
    { length: 7 },
    () => timed(process.execPath, [cli, 'check', path, '--data', data, '--json']).ms,
  )
  record('check.cold', median(times), 'ms (median)')
}

/** A folder of small files: as processes, start, sync and receipt included, beside `sha256sum` of the same files. */
async function smallFiles() {
  const count = 50_000 * scale
  const path = join(folder, 'small')
  for (let i = 0; i < count; i++) {
    const within = join(path, `of-${Math.floor(i / 1000)}`)
    if (i % 1000 === 0) mkdirSync(within, { recursive: true })
    writeFileSync(join(within, `file-${i}`), `${i} `.repeat(70))
  }
  const { server, url } = await startServer(data)
  const sums = []
  const deposits = []
  const checks = []
  for (let i = 0; i < 3; i++) {
    sums.push(timed('sh', ['-c', 'find "$0" -type f -print0 | xargs -0 sha256sum', path]).ms)
    for (const ending of ['tlog-proof', 'evidence-manifest']) rmSync(`${path}.${ending}`, { force: true })
    deposits.push(timed(process.execPath, [cli, 'deposit', path, '--data', data, '--url', url, '--json']).ms)
    checks.push(timed(process.execPath, [cli, 'check', path, '--data', data, '--json']).ms)
  }
  await stopServer(server)
  record('folder.small', count / (median(deposits) / 1000), 'files/s', median(sums) / median(deposits))
  record('folder.small.check', count / (median(checks) / 1000), 'files/s', median(sums) / median(checks))
}

async function diskRatio(entries) {
  const source = await FolderSource.open(data, readOwnKey(dataFolder(data)))
  let bytes = 0
  for (let n = 0; n * 256 < entries; n++) {
    for (const entry of await source.entries(n, Math.min(256, entries - n * 256))) bytes += entry?.length ?? 0
  }
  await source.close()
  record('disk.ratio', folderBytes(join(data, 'ledger')) / bytes, 'bytes on disk a byte of entry')
}

installNativePrimitives()
const rates = verifyRates()
const native = Math.max(rates.sodium, rates.openssl)
const machineFacts = {
  ...machine(),
  nativeVerifies: Math.round(native),
  opensslVerifies: Math.round(rates.openssl),
  parallelVerifies: Math.round(await parallelVerifies()),
  syncedBatches: Math.round(await syncedBatches()),
}
say(`machine: ${JSON.stringify(machineFacts)}`)
try {
  await depositRates(native)
  const entries = await verifyRate(native)
  await openTime()
  await proofRate()
  await hashRate()
  await coldCheck()
  await smallFiles()
  await diskRatio(entries)
  await watchedRate()
} finally {
  rmSync(folder, { recursive: true, force: true })
}
if (values.json) process.stdout.write(`${JSON.stringify({ machine: machineFacts, results }, null, 2)}\n`)
else {
  process.stdout.write(`\n${machineFacts.cpu}, ${machineFacts.cores} cores, Node ${machineFacts.node}\n`)
  process.stdout.write(
    `native verifies ${machineFacts.nativeVerifies}/s on one core, ${machineFacts.parallelVerifies}/s on two; synced LevelDB batches ${machineFacts.syncedBatches}/s\n\n`,
  )
  for (const { name, value, unit, ratio } of results) {
    process.stdout.write(
      `${name.padEnd(20)}${value.toFixed(2).padStart(12)} ${unit.padEnd(32)}${ratio === null ? '' : ratio.toFixed(2)}\n`,
    )
  }
}
process.exit(0)
