import { describe, expect, it } from 'vitest'
import { verifyEd25519 } from '../../src/core/ed25519.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { publicKeyOf } from '../../src/core/jwk.ts'
import { SignatureGate } from '../../src/node/signature-gate.ts'
import type { SignatureJob } from '../../src/node/signature-jobs.ts'
import { signerNamed } from '../support/signers.ts'

const signer = signerNamed('depositor')
const publicKey = publicKeyOf(signer.jwk)

function job(n: number, isValid = true): SignatureJob {
  const message = utf8(`message ${n}`)
  return { publicKey, message, signature: signer.sign(isValid ? message : utf8('another')) }
}

describe('SignatureGate', () => {
  it.each([{ threads: 0 }, { threads: 1 }, { threads: 1, means: 'libsodium' }] as const)(
    'gives each verdict in the order of its jobs: %o',
    async (options) => {
      const gate = new SignatureGate(options)
      const batches = [30, 200, 1].map((length) => Array.from({ length }, (_, n) => job(n, n % 3 > 0)))
      const expected = batches.map((jobs) =>
        jobs.map((one) => verifyEd25519(one.publicKey, one.message, one.signature)),
      )
      expect(await Promise.all(batches.map((jobs) => gate.verifyMany(jobs)))).toEqual(expected)
      expect(await gate.verifyMany([])).toEqual([])
      await gate.close()
    },
  )

  it('R5 verifies some of each request in turn: a single one stands behind no batch', async () => {
    const gate = new SignatureGate({ threads: 0 })
    const order: string[] = []
    const batch = Array.from({ length: 100 }, (_, n) => job(n))
    const all = [
      gate.verifyMany(batch).then(() => order.push('first batch')),
      gate.verifyMany(batch).then(() => order.push('second batch')),
      gate.verifyMany([job(1)]).then(() => order.push('one')),
    ]
    await Promise.all(all)
    expect(order).toEqual(['one', 'first batch', 'second batch'])
    await gate.close()
  })
})
