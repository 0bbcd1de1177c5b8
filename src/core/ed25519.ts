import * as ed from '@noble/ed25519'
import { sha512 } from '@noble/hashes/sha2.js'
import { EvidenceError } from './errors.ts'
import { Recent } from './recent.ts'

/*
 * The one file that knows @noble/ed25519. The rule (docs/spec/01-primitives.md): A and R canonical and not of small
 * order, A torsion-free, S < L, and the cofactorless equation SB = R + hA. noble's strict verification is cofactored; with
 * R torsion-free too, both sides lie in the group of prime order, and the two equations say the same.
 */
ed.hashes.sha512 = (message) => sha512(message)

/**
 * A faster implementation. It may only say yes: `true` is final for an acceptable key, after `false` noble decides. So an
 * implementation may be installed only if every signature that it accepts is one that the rule accepts.
 */
export type SignatureAccelerator = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean

let accelerator: SignatureAccelerator | undefined

/** One signature to verify. */
export interface SignatureJob {
  /** 32 bytes. */
  readonly publicKey: Uint8Array
  readonly message: Uint8Array
  /** 64 bytes. */
  readonly signature: Uint8Array
}

/**
 * An implementation that is faster for many signatures at once: a byte for each, 1 where {@link verifyEd25519} would say yes, 0 where
 * nothing is known and verifyEd25519 is to be asked.
 */
export type SignatureBatch = (jobs: readonly SignatureJob[]) => Uint8Array

/** Installs (or, with undefined, removes) the process-wide accelerator. */
export function installSignatureAccelerator(accepts: SignatureAccelerator | undefined): void {
  accelerator = accepts
}

function isPrimeOrderPoint(encoded: Uint8Array): boolean {
  try {
    const point = ed.Point.fromBytes(encoded, false)
    return !point.isSmallOrder() && point.isTorsionFree()
  } catch {
    return false
  }
}

/** Keys that passed, by their bytes as characters; bounded, because keys come from others. Checking one takes longer than a verification. */
const acceptable = new Recent<true>(4096)
/** Arrays of keys that passed, which their holders never change: those of a registry. They cost nothing once nobody holds them. */
const acceptableArrays = new WeakSet<Uint8Array>()

/** True where 32 bytes are a canonical, torsion-free point that is not of small order. */
export function isAcceptablePublicKey(publicKey: Uint8Array): boolean {
  if (publicKey.length !== 32) return false
  if (acceptableArrays.has(publicKey)) return true
  const name = String.fromCharCode.apply(null, publicKey as unknown as number[])
  if (acceptable.get(name) === true) return true
  if (!isPrimeOrderPoint(publicKey)) return false
  acceptable.set(name, true)
  return true
}

/**
 * Notes that the key in this very array passed {@link isAcceptablePublicKey}, here or in another thread of this process: it is not checked
 * again, however many other keys come. Only for an array that is never changed afterwards.
 */
export function noteAcceptablePublicKey(publicKey: Uint8Array): void {
  acceptableArrays.add(publicKey)
}

/** Checks a key that somebody wants admitted. Throws `key-weak`. */
export function requireAcceptablePublicKey(publicKey: Uint8Array): void {
  if (!isAcceptablePublicKey(publicKey)) {
    throw new EvidenceError('key-weak', 'the public key is not a canonical Ed25519 point of prime order')
  }
}

/** The rule for R, S and the equation, for a key that is acceptable already; the judge of what a native library rejects. */
function nobleAccepts(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  try {
    if (!isPrimeOrderPoint(signature.subarray(0, 32))) return false
    return ed.verify(signature, message, publicKey, { zip215: false })
  } catch {
    return false
  }
}

/**
 * Verifies a signature over the whole rule of docs/spec/01-primitives.md.
 * @param publicKey 32 bytes @param signature 64 bytes
 * @returns false for anything malformed; never throws.
 */
export function verifyEd25519(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (!(publicKey instanceof Uint8Array && message instanceof Uint8Array && signature instanceof Uint8Array))
    return false
  if (publicKey.length !== 32 || signature.length !== 64) return false
  if (!isAcceptablePublicKey(publicKey)) return false
  return accelerator?.(publicKey, message, signature) === true || nobleAccepts(publicKey, message, signature)
}

/** The affine coordinates of a point, below p. Throws for what is no canonical encoding of a point. */
export function affineOf(encoded: Uint8Array): { readonly x: bigint; readonly y: bigint } {
  return ed.Point.fromBytes(encoded, false).toAffine()
}

/**
 * The encoding of S·B - h·A: what other arithmetic is tested by.
 * @param s from 1 to L - 1 @param h likewise. Throws for a key that is no canonical encoding of a point.
 */
export function combinationOf(publicKey: Uint8Array, s: bigint, h: bigint): Uint8Array {
  const point = ed.Point.fromBytes(publicKey, false)
  return ed.Point.BASE.multiply(s).subtract(point.multiply(h, false)).toBytes()
}

/** Signs with a 32-byte seed (RFC 8032). For tools without a native signer; servers sign with their runtime's. */
export function signEd25519(seed: Uint8Array, message: Uint8Array): Uint8Array {
  return ed.sign(message, seed)
}

/** The public key of a 32-byte seed. */
export function publicKeyOfSeed(seed: Uint8Array): Uint8Array {
  return ed.getPublicKey(seed)
}
