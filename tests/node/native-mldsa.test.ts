import { describe, expect, it } from 'vitest'
import { utf8 } from '../../src/core/bytes.ts'
import { mlDsa44PublicKey, signMlDsa44, verifyMlDsa44 } from '../../src/core/mldsa.ts'
import { installNativePrimitives, opensslMlDsa } from '../../src/node/native.ts'
import { flipBit } from '../core/support.ts'

/** Signatures, good and spoiled, the same in every run. Core has no accelerator yet: verifyMlDsa44 is the library alone. */
function cases(): { publicKey: Uint8Array; message: Uint8Array; signature: Uint8Array }[] {
  const made = []
  for (let i = 0; i < 8; i++) {
    const seed = new Uint8Array(32).fill(i)
    const publicKey = mlDsa44PublicKey(seed)
    const message = utf8('m'.repeat(i * 37))
    const signature = signMlDsa44(seed, message, i % 2 === 0 ? undefined : new Uint8Array(32).fill(i))
    made.push({ publicKey, message, signature })
    // c~ has 32 bytes, z 2,304, and the hints 84, whose padding must be zero and whose counts ascend.
    for (const at of [0, 31, 32, 1000, 2335, 2336, 2400, 2415, 2416, 2419]) {
      made.push({ publicKey, message, signature: flipBit(signature, at * 8 + i) })
    }
    made.push({ publicKey: flipBit(publicKey, i * 1000), message, signature })
    made.push({ publicKey, message: utf8(`other ${i}`), signature })
  }
  return made
}

describe('ML-DSA-44 of the runtime', () => {
  it('is installed where the runtime has it, and says yes to nothing that the library refuses', () => {
    const judged = cases().map((one) => ({ ...one, rule: verifyMlDsa44(one.publicKey, one.message, one.signature) }))
    expect(judged.filter(({ rule }) => rule).length).toBe(8)
    const native = opensslMlDsa()
    expect(installNativePrimitives().mlDsa).toBe(native === undefined ? 'noble' : 'openssl')
    // A runtime without it has nothing to differ; there the verdicts of the library stand alone, before and after.
    const accepts = native ?? verifyMlDsa44
    for (const { publicKey, message, signature, rule } of judged) {
      expect(accepts(publicKey, message, signature)).toBe(rule)
      expect(verifyMlDsa44(publicKey, message, signature)).toBe(rule)
    }
  })
})
