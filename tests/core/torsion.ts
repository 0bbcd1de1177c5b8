import { createHash } from 'node:crypto'
import * as ed from '@noble/ed25519'

/*
 * Signatures that an honest signer never makes: keys and R moved by a point of small order. Each is exact, so that a
 * verifier's verdict tells which equation it checks.
 */

export const { L, P } = { L: ed.Point.CURVE().n, P: ed.Point.CURVE().p }
const base = ed.Point.BASE
const identity = ed.Point.ZERO

/** The eight points of small order: multiples of one of order 8. */
export const torsionPoints: readonly ed.Point[] = (() => {
  const eighth = ed.Point.fromHex('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a')
  const out = [identity]
  while (out.length < 8) out.push((out.at(-1) as ed.Point).add(eighth))
  return out
})()

export function littleEndian(value: bigint): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, i) => Number((value >> BigInt(8 * i)) & 255n))
}

export function numberOf(bytes: Uint8Array): bigint {
  return bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n)
}

/** h of RFC 8032: SHA-512(R || A || M) mod L. */
export function challenge(encodedR: Uint8Array, encodedA: Uint8Array, message: Uint8Array): bigint {
  return numberOf(createHash('sha512').update(encodedR).update(encodedA).update(message).digest()) % L
}

function times(scalar: bigint): ed.Point {
  return scalar % L === 0n ? identity : base.multiply(scalar % L)
}

export interface Crafted {
  readonly publicKey: Uint8Array
  readonly message: Uint8Array
  readonly signature: Uint8Array
}

export interface Recipe {
  readonly message: Uint8Array
  /** Secret scalars of A and R; 0 leaves the torsion point alone. */
  readonly a: bigint
  readonly r: bigint
  /** Which torsion point is added to each. */
  readonly keyTorsion?: number
  readonly nonceTorsion?: number
  /** Other bytes for the same points. */
  readonly encodedKey?: Uint8Array
  readonly encodedNonce?: Uint8Array
}

/** A = aB + T_j, R = rB + T_i and S = r + ha: the cofactored equation always holds, the cofactorless one where T_i = -hT_j. */
export function craft({ message, a, r, keyTorsion = 0, nonceTorsion = 0, ...bytes }: Recipe): Crafted {
  const publicKey =
    bytes.encodedKey ??
    times(a)
      .add(torsionPoints[keyTorsion] as ed.Point)
      .toBytes()
  const encodedR =
    bytes.encodedNonce ??
    times(r)
      .add(torsionPoints[nonceTorsion] as ed.Point)
      .toBytes()
  const s = (r + challenge(encodedR, publicKey, message) * a) % L
  return { publicKey, message, signature: Buffer.concat([encodedR, littleEndian(s)]) }
}

/** What noble says with its strict setting, without the checks of ours around it. */
export function nobleStrict({ publicKey, message, signature }: Crafted): boolean {
  return ed.verify(Uint8Array.from(signature), message, publicKey, { zip215: false })
}
