import { createPublicKey, verify } from 'node:crypto'
import { createRequire } from 'node:module'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { utf8 } from '../../src/core/bytes.ts'
import { installSignatureAccelerator, isAcceptablePublicKey, verifyEd25519 } from '../../src/core/ed25519.ts'
import { installSha256 } from '../../src/core/hash.ts'
import { verifierKey, verifyNote } from '../../src/core/note.ts'
import { installNativePrimitives, opensslAccelerator } from '../../src/node/native.ts'
import { signerNamed } from '../support/signers.ts'
import {
  type Crafted,
  challenge,
  craft,
  L,
  littleEndian,
  numberOf,
  P,
  type Recipe,
  torsionPoints,
} from '../core/torsion.ts'

// No accelerator is installed here: verifyEd25519 is the rule alone, and the native libraries are asked beside it.
interface Sodium {
  crypto_sign_verify_detached(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean
}
const sodium = createRequire(import.meta.url)('sodium-native') as Sodium
const openssl = opensslAccelerator()

const spki = Buffer.from('302a300506032b6570032100', 'hex')
function bareOpenssl({ publicKey, message, signature }: Crafted): boolean {
  const key = createPublicKey({ key: Buffer.concat([spki, publicKey]), format: 'der', type: 'spki' })
  return verify(null, message, key, signature)
}

interface Verdicts {
  readonly acceptableKey: boolean
  readonly rule: boolean
  readonly sodium: boolean
  readonly openssl: boolean
}
function judge(crafted: Crafted): Verdicts {
  const { publicKey, message, signature } = crafted
  return {
    acceptableKey: isAcceptablePublicKey(publicKey),
    rule: verifyEd25519(publicKey, message, signature),
    sodium: sodium.crypto_sign_verify_detached(Buffer.from(signature), Buffer.from(message), Buffer.from(publicKey)),
    openssl: openssl(publicKey, message, signature),
  }
}

/** A native yes under an admitted key must be a yes of the rule, and under any other key the rule says no. */
function looser({ acceptableKey, rule, ...native }: Verdicts): string[] {
  if (!acceptableKey) return rule ? ['rule'] : []
  return rule ? [] : (['sodium', 'openssl'] as const).filter((name) => native[name])
}

const [a, r] = [0x1234567890abcdefn, 0xfedcba0987654321n]
const message = utf8('a statement')

describe('libsodium and OpenSSL beside the rule', () => {
  it('accept what the rule accepts of an honest signer', () => {
    expect(judge(craft({ message, a, r }))).toEqual({ acceptableKey: true, rule: true, sodium: true, openssl: true })
  })

  it('are no looser for any pair of torsion points on A and R', () => {
    for (let i = 0; i < 8; i++) {
      for (let j = 0; j < 8; j++) {
        const verdicts = judge(craft({ message, a, r, nonceTorsion: i, keyTorsion: j }))
        expect(verdicts.rule).toBe(i === 0 && j === 0)
        expect(looser(verdicts)).toEqual([])
      }
    }
  })

  it('accept torsion in A where h cancels it: why a key is checked before either is asked', () => {
    for (let salt = 0; ; salt++) {
      const recipe: Recipe = { message: utf8(`message ${salt}`), a, r, keyTorsion: 1 }
      const crafted = craft(recipe)
      if (challenge(crafted.signature.subarray(0, 32), crafted.publicKey, crafted.message) % 8n !== 0n) continue
      expect(judge(crafted)).toEqual({ acceptableKey: false, rule: false, sodium: true, openssl: true })
      return
    }
  })

  it('accept torsion in R that cancels the one in A: the same', () => {
    const found: Verdicts[] = []
    for (let salt = 0; found.length < 3; salt++) {
      const recipe = { message: utf8(`message ${salt}`), a, r, keyTorsion: 1, nonceTorsion: 1 + (salt % 7) }
      const crafted = craft(recipe)
      const h = challenge(crafted.signature.subarray(0, 32), crafted.publicKey, crafted.message)
      if ((h + BigInt(recipe.nonceTorsion)) % 8n === 0n) found.push(judge(crafted))
    }
    for (const verdicts of found) {
      expect(verdicts).toEqual({ acceptableKey: false, rule: false, sodium: true, openssl: true })
    }
  })

  it.each([0, 1, 2, 3, 4, 5, 6, 7])('refuse T%d alone as R, OpenSSL by the check that is put beside it', (i) => {
    const crafted = craft({ message, a, r: 0n, nonceTorsion: i })
    expect(judge(crafted)).toEqual({ acceptableKey: true, rule: false, sodium: false, openssl: false })
    // Without that check OpenSSL before 3.5 takes the identity, and no other.
    expect(i !== 0 && bareOpenssl(crafted)).toBe(false)
  })

  it.each([
    ['the identity with the sign of x set', { encodedNonce: littleEndian(1n | (1n << 255n)), r: 0n }],
    ['the identity as p + 1', { encodedNonce: littleEndian(P + 1n), r: 0n }],
    ['the identity as p + 1 with the sign set', { encodedNonce: littleEndian((P + 1n) | (1n << 255n)), r: 0n }],
    ['a key of small order', { a: 0n, keyTorsion: 4 }],
    ['the identity as key, by p + 1', { a: 0n, encodedKey: littleEndian(P + 1n) }],
    ['the identity as key, by its sign', { a: 0n, encodedKey: littleEndian(1n | (1n << 255n)) }],
  ] as [string, Partial<Recipe>][])('are no looser for %s', (_, recipe) => {
    const verdicts = judge(craft({ message, a, r, ...recipe }))
    expect(verdicts.rule).toBe(false)
    expect(looser(verdicts)).toEqual([])
  })

  it('refuse S + L', () => {
    const { publicKey, signature } = craft({ message, a, r })
    const s = numberOf(signature.subarray(32))
    const large = Buffer.concat([signature.subarray(0, 32), littleEndian(s + L)])
    const verdicts = judge({ publicKey, message, signature: large })
    expect(verdicts).toEqual({ acceptableKey: true, rule: false, sodium: false, openssl: false })
  })

  it('are no looser for scalars, torsion and messages taken at random', () => {
    const scalar = fc.bigInt({ min: 1n, max: L - 1n })
    const point = fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, fc.nat({ max: torsionPoints.length - 1 }))
    fc.assert(
      fc.property(scalar, scalar, point, point, fc.uint8Array({ maxLength: 40 }), (key, nonce, i, j, text) => {
        const verdicts = judge(craft({ message: text, a: key, r: nonce, nonceTorsion: i, keyTorsion: j }))
        expect(verdicts.acceptableKey).toBe(j === 0)
        const honest = i === 0 && j === 0
        expect(verdicts.rule).toBe(honest)
        // Under a key with torsion a native library may say yes by chance; under another it says what the rule says.
        expect([verdicts.sodium, verdicts.openssl].every((says) => says === honest || j > 0)).toBe(true)
        expect(looser(verdicts)).toEqual([])
      }),
      { numRuns: 250 },
    )
  })

  it('are no looser for spoilt signatures', () => {
    const { publicKey, signature } = craft({ message, a, r })
    fc.assert(
      fc.property(fc.nat({ max: 511 }), fc.nat({ max: 255 }), (bit, value) => {
        const spoilt = Uint8Array.from(signature)
        spoilt[bit >> 3] = value
        expect(looser(judge({ publicKey, message, signature: spoilt }))).toEqual([])
      }),
      { numRuns: 150 },
    )
  })
})

describe('a native SHA-256', () => {
  it('is refused where it differs for any length around a block', () => {
    expect(installSha256(() => new Uint8Array(32))).toBe(false)
    expect(installSha256(() => new Uint8Array(0))).toBe(false)
  })
})

describe('what is installed', () => {
  it('for few is exchanged when it is asked for many, and then stays', () => {
    expect(installNativePrimitives('few').signatures).toBe('openssl')
    expect(installNativePrimitives('few').signatures).toBe('openssl')
    expect(installNativePrimitives().signatures).toBe('libsodium')
    expect(installNativePrimitives('few').signatures).toBe('libsodium')
  })

  it('is asked once about a note that stands in the receipts of many entries', () => {
    const signer = signerNamed('ledger')
    const key = verifierKey('ledger.example/one', signer.publicKey)
    const [text, long] = ['ledger.example/one\n1\nroot\n', `${'x'.repeat(2001)}\n`]
    const noteOf = (said: string): Parameters<typeof verifyNote>[0] => ({
      text: said,
      signatures: [{ name: key.name, id: key.id, signature: signer.sign(utf8(said)) }],
    })
    let asked = 0
    installSignatureAccelerator((publicKey, message, signature) => {
      asked++
      return opensslAccelerator()(publicKey, message, signature)
    })
    const notes = [noteOf(text), noteOf(text), noteOf(text), noteOf(long), noteOf(long)]
    expect(notes.map((note) => verifyNote(note, [key]).length)).toEqual([1, 1, 1, 1, 1])
    // A long text is not remembered.
    expect(asked).toBe(3)
  })
})
