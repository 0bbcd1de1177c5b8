import { fromBase64url, toBase64url, tryBase64url } from './base64.ts'
import { utf8 } from './bytes.ts'
import { EvidenceError } from './errors.ts'
import { type JsonObject, parseJson, requireObject } from './json.ts'
import { Recent } from './recent.ts'

/** RFC 7515 compact serialisation, split and decoded; nothing is judged yet but the spelling. */
export interface CompactJws {
  /** The whole JWS, as received. */
  readonly text: string
  /** ASCII of `header.payload`: what is signed. */
  readonly signingInput: Uint8Array
  readonly header: Uint8Array
  readonly payload: Uint8Array
  /** 64 bytes where the algorithm is one of ours ({@link requireSignatureLength}). */
  readonly signature: Uint8Array
}

/** Longest protected header, in bytes, and in characters of base64url. Three members take some 110 bytes. */
export const maxHeaderBytes = 1024
const maxHeaderLength = Math.ceil((maxHeaderBytes * 4) / 3)

/** Splits a compact JWS. Throws `jws-malformed`, `jws-header` for a header that is too long, `base64-malformed`. */
export function splitJws(text: string, what = 'statement'): CompactJws {
  const first = text.indexOf('.')
  const second = text.indexOf('.', first + 1)
  if (first <= 0 || second < 0 || second + 1 === text.length || text.includes('.', second + 1)) {
    throw new EvidenceError('jws-malformed', `the ${what} is not a compact JWS of three parts`)
  }
  // Before anything is decoded: a header is read before the signature is verified, so anybody could make it costly.
  if (first > maxHeaderLength) throw headerTooLong(what)
  const signature = fromBase64url(text.slice(second + 1), `signature of the ${what}`)
  return {
    text,
    signingInput: utf8(text.slice(0, second)),
    header: decodeHeader(text.slice(0, first), what),
    payload: fromBase64url(text.slice(first + 1, second), `payload of the ${what}`),
    signature,
  }
}

function headerTooLong(what: string): EvidenceError {
  return new EvidenceError('jws-header', `the header of the ${what} has more than ${maxHeaderBytes} bytes`, {
    where: 'header',
  })
}

/** A signer's header never changes: each spelling is decoded once. Bounded, since it comes from others. */
const decodedHeaders = new Recent<Uint8Array>(1024)
const parsedHeaders = new WeakMap<Uint8Array, ProtectedHeader>()

function decodeHeader(encoded: string, what: string): Uint8Array {
  const held = decodedHeaders.get(encoded)
  if (held !== undefined) return held
  const bytes = fromBase64url(encoded, `header of the ${what}`)
  if (encoded.length <= 400) decodedHeaders.set(encoded, bytes)
  return bytes
}

/** An Ed25519 signature has 64 bytes; a later algorithm's may have any number. Throws `jws-malformed`. */
export function requireSignatureLength({ signature }: CompactJws, what = 'statement'): void {
  if (signature.length !== 64) {
    throw new EvidenceError('jws-malformed', `the signature of the ${what} has ${signature.length} bytes, not 64`)
  }
}

/** The protected header of everything that a participant signs. */
export interface ProtectedHeader {
  readonly alg: string
  readonly typ: string
  /** RFC 7638 thumbprint, 43 characters. */
  readonly kid: string
}

/** Algorithms of version 1: two names of one thing (RFC 8037 and RFC 9864). */
export function isKnownAlgorithm(alg: string): boolean {
  return alg === 'Ed25519' || alg === 'EdDSA'
}

/**
 * Reads a protected header: exactly `alg`, `typ` and `kid`. An `alg` that this version does not know is left to the
 * caller ({@link isKnownAlgorithm}), for a newer verifier may know it.
 * Throws `jws-header` (before it is parsed, where it is longer than {@link maxHeaderBytes}), the codes of {@link parseJson}, `jws-typ`,
 * `jws-kid`.
 */
export function parseHeader(bytes: Uint8Array, typ: string, what = 'statement'): ProtectedHeader {
  const held = parsedHeaders.get(bytes)
  if (held !== undefined && held.typ === typ) return held
  if (bytes.length > maxHeaderBytes) throw headerTooLong(what)
  const object = requireObject(parseJson(bytes, `header of the ${what}`), `header of the ${what}`)
  const header = readHeader(object, typ, what)
  parsedHeaders.set(bytes, header)
  return header
}

function readHeader(header: JsonObject, typ: string, what: string): ProtectedHeader {
  for (const member of Object.keys(header)) {
    if (member !== 'alg' && member !== 'typ' && member !== 'kid') {
      throw new EvidenceError(
        'jws-header',
        `the header of the ${what} has the member ${JSON.stringify(member.slice(0, 40))}`,
        {
          where: `header.${member.slice(0, 40)}`,
        },
      )
    }
  }
  const { alg, typ: foundTyp, kid } = header as { alg?: unknown; typ?: unknown; kid?: unknown }
  if (typeof alg !== 'string') throw new EvidenceError('jws-alg', `the header of the ${what} has no alg`)
  if (foundTyp !== typ) {
    throw new EvidenceError('jws-typ', `the typ of the ${what} is not "${typ}"`, {
      expected: typ,
      found: String(foundTyp).slice(0, 80),
    })
  }
  if (typeof kid !== 'string' || tryBase64url(kid)?.length !== 32) {
    throw new EvidenceError('jws-kid', `the kid of the ${what} is not an RFC 7638 SHA-256 thumbprint`)
  }
  return { alg, typ, kid }
}

/** ASCII of `header.payload`, ready to be signed with the key that `kid` names. */
export function encodeSigningInput(typ: string, kid: string, payload: object): string {
  const header = JSON.stringify({ alg: 'EdDSA', typ, kid })
  return `${toBase64url(utf8(header))}.${toBase64url(utf8(JSON.stringify(payload)))}`
}

/** Joins a signing input with its 64-byte signature. */
export function joinJws(signingInput: string, signature: Uint8Array): string {
  return `${signingInput}.${toBase64url(signature)}`
}
