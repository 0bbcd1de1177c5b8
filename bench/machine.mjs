// The machine's own rates, measured in the same run as ours: everything else is said as a ratio to these.
import { fork } from 'node:child_process'
import { generateKeyPairSync, randomBytes, sign, verify } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Level } from 'level'
import { rateOf, verifications } from './measure.mjs'

const seconds = (from) => Number(process.hrtime.bigint() - from) / 1e9

/** Ed25519 verifications a second on one core, libsodium and OpenSSL, over a message of a deposit's size. */
export function verifyRates() {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const message = randomBytes(700)
  const signature = sign(null, message, privateKey)
  return { sodium: verifications(1), openssl: rateOf(() => verify(null, message, publicKey, signature), 1) }
}

/** Native verifications a second of two processes at once: what a work split over two cores can reach at most. */
export async function parallelVerifies() {
  const rates = await Promise.all(
    [0, 1].map(
      () =>
        new Promise((resolve, reject) => {
          const child = fork(fileURLToPath(import.meta.url), ['rate'])
          child.once('message', resolve)
          child.once('error', reject)
        }),
    ),
  )
  return rates[0] + rates[1]
}

if (process.send !== undefined && process.argv[2] === 'rate') {
  const { sodium, openssl } = verifyRates()
  process.send(Math.max(sodium, openssl))
}

/** Synced LevelDB batches a second, one put of a deposit's size each. */
export async function syncedBatches() {
  const folder = mkdtempSync(join(tmpdir(), 'evidence-bench-'))
  const db = new Level(folder, { keyEncoding: 'buffer', valueEncoding: 'buffer' })
  const value = randomBytes(1000)
  const start = process.hrtime.bigint()
  let count = 0
  for (; seconds(start) < 1; count++)
    await db.batch([{ type: 'put', key: Buffer.from(`k${count}`), value }], { sync: true })
  const result = count / seconds(start)
  await db.close()
  rmSync(folder, { recursive: true })
  return result
}

export function machine() {
  const [cpu] = cpus()
  return {
    cpu: cpu?.model ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.versions.node,
    platform: `${process.platform} ${process.arch}`,
  }
}
