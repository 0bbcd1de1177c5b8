// The machine's own rate beside every row: V, taken before and after each round of it.
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import sodium from 'sodium-native'

const { privateKey, publicKey } = generateKeyPairSync('ed25519')
const message = randomBytes(700)
const signature = sign(null, message, privateKey)
const raw = Buffer.from(publicKey.export({ format: 'jwk' }).x, 'base64url')

/** How often a second some work can be done, tried for so long. */
export function rateOf(work, seconds) {
  const start = process.hrtime.bigint()
  const end = start + BigInt(Math.round(seconds * 1e9))
  let [count, now] = [0, start]
  for (; now < end; now = process.hrtime.bigint()) {
    for (let i = 0; i < 100; i++) work()
    count += 100
  }
  return count / (Number(now - start) / 1e9)
}

/** V: Ed25519 verifications a second on one core, by libsodium, over a message of a deposit's size. */
export function verifications(seconds = 0.25) {
  return rateOf(() => sodium.crypto_sign_verify_detached(signature, message, raw), seconds)
}

/**
 * Runs rounds of (V, rows, V). `run` measures one round: it gives, by name of the row, `value`, and where there is such, `cpuPerEntry` in microseconds and
 * `against`, the rate that it is compared with. `prepare` is what no clock counts, before each round. Gives the samples of each row, for `rowOf`.
 */
export async function alternate({ rounds, prepare, run }) {
  const samples = {}
  for (let round = 0; round < rounds; round++) {
    await prepare?.(round)
    const before = verifications()
    const measured = await run(round)
    const v = (before + verifications()) / 2
    for (const [name, sample] of Object.entries(measured)) (samples[name] ??= []).push({ ...sample, v })
  }
  return samples
}
