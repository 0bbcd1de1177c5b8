// What is asked of a ledger's folder while no server has it: how long it takes to open, and proofs in process (a second, and microseconds of processor each). A process of its
// own, so that what it finds in memory is what a start finds there. Prints one line of JSON.
import { performance } from 'node:perf_hooks'
import { parseSignedCheckpoint } from '../dist/src/core/checkpoint.js'
import { emptyRegistry } from '../dist/src/statements/registry.js'
import { readLedgerKey } from '../dist/src/ledger/create.js'
import { dataFolder, readOwnKey } from '../dist/src/ledger/data-folder.js'
import { FolderSource } from '../dist/src/ledger/folder-source.js'
import { Ledger } from '../dist/src/ledger/ledger.js'
import { LedgerReads } from '../dist/src/ledger/reads.js'
import { LedgerTree } from '../dist/src/ledger/tree.js'
import { installNativePrimitives } from '../dist/src/node/native.js'

const [data, count] = [process.argv[2], Number(process.argv[3])]
installNativePrimitives()

const opening = performance.now()
const ledger = await Ledger.open(data, readLedgerKey(data))
const open = performance.now() - opening
await ledger.close()

const source = await FolderSource.open(data, readOwnKey(dataFolder(data)))
const note = Buffer.from(await source.checkpoint()).toString()
const { size } = parseSignedCheckpoint(Buffer.from(note)).checkpoint
const tree = await LedgerTree.rebuild(source.storage, size)
const state = { size, registry: emptyRegistry('x') }
const reads = new LedgerReads(source.storage, tree, () => ({ state, note }))

const cpuBefore = process.cpuUsage()
const from = performance.now()
let left = count
const ask = async () => {
  while (left-- > 0) await reads.inclusion(Math.floor(Math.random() * size), size)
}
// As a server asks: several at once.
await Promise.all(Array.from({ length: 16 }, ask))
const proofs = count / ((performance.now() - from) / 1000)
const { user, system } = process.cpuUsage(cpuBefore)
const proofCpu = (user + system) / count

// Bytes of an entry, from bundles spread evenly over the whole.
let [bytes, entries] = [0, 0]
const bundles = Math.ceil(size / 256)
for (let i = 0; i < Math.min(bundles, 200); i++) {
  const n = Math.floor((i * bundles) / Math.min(bundles, 200))
  for (const entry of await source.entries(n, Math.min(256, size - n * 256))) {
    bytes += entry?.length ?? 0
    entries++
  }
}
await source.close()
process.stdout.write(`${JSON.stringify({ size, open, proofs, proofCpu, entryBytes: bytes / entries })}\n`)
process.exit(0)
