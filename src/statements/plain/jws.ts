import { decodeInto, urlValues } from './base64.ts'
import { maxRemembered, type Signer, type Signers } from './signers.ts'
import { latin1 } from '../../core/bytes.ts'

const dot = 0x2e
/** Characters of a 64-byte signature. */
const signatureLength = 86

/** A compact JWS by a signer that may sign; whether its signature verifies is not known. */
export interface PlainJws {
  readonly signer: Signer
  /** Where what was signed ends; it begins where the JWS does. */
  readonly signedTo: number
  /** 64 bytes. */
  readonly signature: Uint8Array
  /** Bytes of the payload. */
  readonly length: number
}

/**
 * Reads the compact JWS that the bytes `from` to `end` (excluded) are, and its payload into `payload`, which has room. Undefined where it is
 * not plain.
 */
export function readPlainJws(
  bytes: Uint8Array,
  from: number,
  end: number,
  { signers, payload }: { readonly signers: Signers; readonly payload: Uint8Array },
): PlainJws | undefined {
  const first = bytes.indexOf(dot, from)
  const signedTo = end - signatureLength - 1
  if (first < from || first >= signedTo || first - from > maxRemembered || bytes[signedTo] !== dot) return undefined
  const signer = signers.of(latin1(bytes.subarray(from, first)))
  if (signer === undefined) return undefined
  const signature = new Uint8Array(64)
  if (decodeInto(signature, bytes, signedTo + 1, end, urlValues) !== 64) return undefined
  const length = decodeInto(payload, bytes, first + 1, signedTo, urlValues)
  return length < 0 ? undefined : { signer, signedTo, signature, length }
}
