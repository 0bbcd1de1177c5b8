// `npm run bench:signatures`: verifications a second on one core by tables of the keys (docs/design/accelerator.md) beside libsodium, both in
// this run, in turn. Each figure is the best of many short stretches: on a machine that is shared, the others measure its neighbours.
// Options: --message BYTES (700), --seconds N for each row (3).
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { performance } from 'node:perf_hooks'
import { parseArgs } from 'node:util'
import sodium from 'sodium-native'
import { Arithmetic, defaultWindows, readModule, startModule } from '../dist/src/accelerator/arithmetic.js'
import { openSignatureTables } from '../dist/src/accelerator/signature-tables.js'
import { combinationOf } from '../dist/src/core/ed25519.js'
import { installNativePrimitives } from '../dist/src/node/native.js'
import { machine } from './machine.mjs'

const { values } = parseArgs({ options: { message: { type: 'string' }, seconds: { type: 'string' } } })
const length = Number(values.message ?? 700)
const seconds = Number(values.seconds ?? 3)
/** Signatures of one stretch: some three milliseconds by libsodium. */
const stretch = 64
installNativePrimitives()

function signer() {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  return { privateKey, publicKey: new Uint8Array(Buffer.from(publicKey.export({ format: 'jwk' }).x, 'base64url')) }
}

function stretchesOf(signers, count) {
  let next = 0
  return Array.from({ length: count }, () =>
    Array.from({ length: stretch }, () => {
      const { privateKey, publicKey } = signers[next++ % signers.length]
      const message = randomBytes(length)
      return { publicKey, message, signature: sign(null, message, privateKey) }
    }),
  )
}

/** Microseconds each of two ways takes for a signature, at best, in turn. */
function inTurn(stretches, one, other) {
  const best = [Infinity, Infinity]
  const end = performance.now() + 1000 * seconds
  for (let i = 0; performance.now() < end; i++) {
    const jobs = stretches[i % stretches.length]
    ;[one, other].forEach((way, which) => {
      const from = performance.now()
      way(jobs)
      best[which] = Math.min(best[which], ((performance.now() - from) / stretch) * 1000)
    })
  }
  return best
}

function bySodium(jobs) {
  for (const { publicKey, message, signature } of jobs)
    if (!sodium.crypto_sign_verify_detached(signature, message, publicKey)) throw new Error('libsodium refuses')
}

/** The best of some trials, in milliseconds. */
function bestOf(trials, work) {
  let best = Infinity
  for (let i = 0; i < trials; i++) {
    const from = performance.now()
    work()
    best = Math.min(best, performance.now() - from)
  }
  return best
}

const { cpu, node } = machine()
console.log(`${cpu}, Node ${node}; messages of ${length} bytes; microseconds a signature on one core`)
console.log('keys  base  key   tables  libsodium  ratio   a table: kB   ms to build   ms with its test')
const settings = [
  { base: 8, key: 5 },
  { base: 8, key: 6 },
  { base: 9, key: 7 },
  { base: 8, key: 8 },
]
for (const keys of [1, 16, 64]) {
  const signers = Array.from({ length: keys }, signer)
  const stretches = stretchesOf(signers, 64)
  for (const windows of settings) {
    const tables = openSignatureTables({ windows })
    if (tables === undefined) throw new Error('this runtime has no WebAssembly with vectors')
    // Until every key has its table, and the runtime has compiled the module for good.
    const byTables = (jobs) => tables.accepts(jobs).every((verdict) => verdict === 1)
    for (let i = 0; tables.figures.built < keys || tables.figures.accepted < 4000; i++) byTables(stretches[i % 64])
    const [fast, slow] = inTurn(
      stretches,
      (jobs) => {
        if (!byTables(jobs)) throw new Error('the tables do not know')
      },
      bySodium,
    )
    const arithmetic = new Arithmetic(startModule(readModule()), windows)
    const at = arithmetic.allocate(arithmetic.tableBytes)
    const [{ publicKey }] = signers
    const build = bestOf(20, () => arithmetic.buildKey(at, publicKey))
    const [s, h] = [2n ** 251n + 12345n, 2n ** 250n + 54321n]
    const test = bestOf(20, () => {
      for (let i = 0; i < 2; i++) arithmetic.combination(at, s, h)
      for (let i = 0; i < 2; i++) combinationOf(publicKey, s, h)
    })
    const isDefault = windows.base === defaultWindows.base && windows.key === defaultWindows.key
    const cells = [
      String(keys).padStart(4),
      String(windows.base).padStart(5),
      String(windows.key).padStart(4),
      fast.toFixed(1).padStart(8),
      slow.toFixed(1).padStart(10),
      (slow / fast).toFixed(2).padStart(6),
      (arithmetic.tableBytes / 1000).toFixed(0).padStart(13),
      build.toFixed(1).padStart(13),
      (build + test).toFixed(1).padStart(18),
    ]
    console.log(`${cells.join(' ')}${isDefault ? '   (the default)' : ''}`)
  }
}
