import { ml_dsa44 } from '@noble/post-quantum/ml-dsa.js'

/*
 * The one file that knows @noble/post-quantum. ML-DSA-44 (FIPS 204), pure, with an empty context: what tlog-cosignature's
 * type 0x06 signs with. Every string of 1,312 bytes is a public key; of a signature FIPS 204 has one spelling, and the
 * library refuses the others.
 */

export const mlDsa44PublicKeyBytes = 1312
export const mlDsa44SignatureBytes = 2420

/**
 * A faster implementation. It may only say yes: after `false` the library decides. So one may be installed only if every
 * signature that it accepts is one that FIPS 204 accepts.
 */
export type MlDsaAccelerator = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean

let accelerator: MlDsaAccelerator | undefined

/** Installs (or, with undefined, removes) the process-wide accelerator. */
export function installMlDsaAccelerator(accepts: MlDsaAccelerator | undefined): void {
  accelerator = accepts
}

function nobleAccepts(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  try {
    return ml_dsa44.verify(signature, message, publicKey)
  } catch {
    return false
  }
}

/**
 * Verifies a pure ML-DSA-44 signature with an empty context.
 * @param publicKey 1,312 bytes @param signature 2,420 bytes
 * @returns false for anything malformed; never throws.
 */
export function verifyMlDsa44(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (!(publicKey instanceof Uint8Array && message instanceof Uint8Array && signature instanceof Uint8Array))
    return false
  if (publicKey.length !== mlDsa44PublicKeyBytes || signature.length !== mlDsa44SignatureBytes) return false
  return accelerator?.(publicKey, message, signature) === true || nobleAccepts(publicKey, message, signature)
}

/**
 * Signs with a 32-byte seed (FIPS 204, ξ). With 32 random bytes it is the hedged variant, which FIPS 204 prefers; without,
 * the deterministic one. Some milliseconds, and now and then many.
 */
export function signMlDsa44(seed: Uint8Array, message: Uint8Array, random?: Uint8Array): Uint8Array {
  const { secretKey } = ml_dsa44.keygen(seed)
  try {
    return ml_dsa44.sign(message, secretKey, { extraEntropy: random ?? false })
  } finally {
    secretKey.fill(0)
  }
}

/** The public key of a 32-byte seed. */
export function mlDsa44PublicKey(seed: Uint8Array): Uint8Array {
  const { publicKey, secretKey } = ml_dsa44.keygen(seed)
  secretKey.fill(0)
  return publicKey
}
