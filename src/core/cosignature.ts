import { concat, utf8 } from './bytes.ts'
import { parseTreeHead } from './checkpoint-text.ts'
import { verifyEd25519 } from './ed25519.ts'
import { mlDsa44SignatureBytes, verifyMlDsa44 } from './mldsa.ts'
import { maxSeconds } from './time.ts'
import { valueOr } from './attempt.ts'

/*
 * C2SP tlog-cosignature, as docs/spec/05-checkpoint.md has it: `timestamp (8 bytes, big-endian seconds) || signature`, over
 * a message of each type's own.
 */

/** Signature types of signed-note and tlog-cosignature that this version verifies. */
export const signatureTypes = { ed25519: 0x01, cosignature: 0x04, mlDsa44: 0x06 } as const

/** A type of cosignature that counts towards a quorum. */
export type CosignatureType = typeof signatureTypes.cosignature | typeof signatureTypes.mlDsa44

/** True for a type that a witness may cosign with, and this version verifies. */
export function isCosignatureType(type: number): type is CosignatureType {
  return type === signatureTypes.cosignature || type === signatureTypes.mlDsa44
}

function bigEndian64(value: number): Uint8Array {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value))
  return bytes
}

/** Bytes after one that counts them: `opaque x<1..2^8-1>`; undefined where they do not fit. */
function counted(bytes: Uint8Array): Uint8Array | undefined {
  return bytes.length === 0 || bytes.length > 255 ? undefined : concat(Uint8Array.of(bytes.length), bytes)
}

/** What an ML-DSA-44 cosigner signs: the tree of `end` leaves, or the subtree from `start` on, whose root is `hash`. */
export interface SubtreeStatement {
  readonly cosigner: string
  /** Seconds since 1970; 0 where nothing is said of the time. */
  readonly timestamp: number
  readonly origin: string
  readonly start: number
  readonly end: number
  /** 32 bytes. */
  readonly hash: Uint8Array
}

/** The `cosigned_message` of tlog-cosignature; undefined where a name does not fit one. */
export function subtreeMessage(statement: SubtreeStatement): Uint8Array | undefined {
  const { cosigner, timestamp, origin, start, end, hash } = statement
  const name = counted(utf8(cosigner))
  const log = counted(utf8(origin))
  if (name === undefined || log === undefined) return undefined
  const [time, from, to] = [timestamp, start, end].map(bigEndian64) as [Uint8Array, Uint8Array, Uint8Array]
  return concat(utf8('subtree/v1\n\0'), name, time, log, from, to, hash)
}

/**
 * The message that a cosigner of a type signs at a time over a checkpoint's text; undefined where ML-DSA-44 has none for it
 * (no checkpoint, or a name of more than 255 bytes).
 */
export function cosignatureMessage(
  type: CosignatureType,
  cosigner: string,
  timestamp: number,
  text: string,
): Uint8Array | undefined {
  if (type === signatureTypes.cosignature) return utf8(`cosignature/v1\ntime ${timestamp}\n${text}`)
  return valueOr(() => {
    const { origin, size, root } = parseTreeHead(text)
    return subtreeMessage({ cosigner, timestamp, origin, start: 0, end: size, hash: root })
  }, undefined)
}

/** Bytes of a signature line, after the key id. */
export function encodeCosignature(timestamp: number, signature: Uint8Array): Uint8Array {
  return concat(bigEndian64(timestamp), signature)
}

const signatureBytes = { [signatureTypes.cosignature]: 64, [signatureTypes.mlDsa44]: mlDsa44SignatureBytes } as const

/** The time that a cosignature states, in seconds; undefined where it does not verify, or states one after the year 9999. */
export function verifyCosignature(
  key: { readonly type: CosignatureType; readonly name: string; readonly publicKey: Uint8Array },
  text: string,
  cosignature: Uint8Array,
): number | undefined {
  if (cosignature.length !== 8 + signatureBytes[key.type]) return undefined
  const stated = new DataView(cosignature.buffer, cosignature.byteOffset, 8).getBigUint64(0)
  if (stated > BigInt(maxSeconds)) return undefined
  const timestamp = Number(stated)
  const message = cosignatureMessage(key.type, key.name, timestamp, text)
  if (message === undefined) return undefined
  const verify = key.type === signatureTypes.cosignature ? verifyEd25519 : verifyMlDsa44
  return verify(key.publicKey, message, cosignature.subarray(8)) ? timestamp : undefined
}
