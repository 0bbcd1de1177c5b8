import { createRequire } from 'node:module'
import { describe, expect, it } from 'vitest'
import { openSignatureTables, untabled } from '../../src/accelerator/signature-tables.ts'
import { verifyEd25519 } from '../../src/core/ed25519.ts'
import { installNativePrimitives } from '../../src/node/native.ts'
import { SignedJobs } from '../accelerator/signing.ts'
import { figures, option } from '../support/fault-server.ts'
import { sizeOf } from '../support/long.ts'

/*
 * Signatures of twelve keys, good and changed, verified by tables and by libsodium, and by the whole rule where those two differ.
 * `npm run faults -- signatures --cases 10000000 --seed 1` is the long form.
 */
const cases = option('cases', sizeOf('tests/faults/signatures.test.ts', 'cases'))
const seed = option('seed', 1)
const keys = 12
const batch = 500
const sodium = createRequire(import.meta.url)('sodium-native') as {
  crypto_sign_verify_detached(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean
}

describe('tables', () => {
  it(`say of ${cases} signatures what libsodium says`, () => {
    installNativePrimitives()
    const tables = openSignatureTables()
    if (tables === undefined) throw new Error('this test needs WebAssembly with vectors')
    const signed = new SignedJobs(seed, keys)
    const counts: Record<string, number> = {}
    let unknown = 0
    for (let from = 0; from < cases; from += batch) {
      const made = Array.from({ length: Math.min(batch, cases - from) }, () => signed.next())
      const verdicts = tables.accepts(made.map(({ job }) => job))
      made.forEach(({ job, isGood, change }, i) => {
        const { publicKey, message, signature } = job
        counts[change] = (counts[change] ?? 0) + 1
        const isValid = sodium.crypto_sign_verify_detached(signature, message, publicKey)
        if (isValid !== isGood) throw new Error(`case ${from + i}, ${change}: libsodium says ${isValid}`)
        if (verdicts[i] === 1 && !isValid && !verifyEd25519(publicKey, message, signature))
          throw new Error(`case ${from + i}, ${change}: the tables accept what libsodium refuses`)
        if (verdicts[i] === 0 && isValid) unknown++
      })
    }
    figures('signatures', { cases, seed, ...counts, 'verified again': tables.figures.again, unknown })
    expect(unknown).toBeLessThanOrEqual(keys * untabled)
  })
})
