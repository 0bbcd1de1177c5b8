import { fromBase64url, toBase64url } from './base64.ts'
import { utf8 } from './bytes.ts'
import { requireAcceptablePublicKey } from './ed25519.ts'
import { EvidenceError } from './errors.ts'
import { sha256 } from './hash.ts'

/** An Ed25519 public key as RFC 8037 has it, with no other member. */
export interface Jwk {
  readonly crv: 'Ed25519'
  readonly kty: 'OKP'
  readonly x: string
}

/** The JWK of a 32-byte public key. */
export function jwkOf(publicKey: Uint8Array): Jwk {
  return { crv: 'Ed25519', kty: 'OKP', x: toBase64url(publicKey) }
}

/** RFC 7638 form: members in order, no space. Exactly what the thumbprint hashes and a receipt carries. */
export function canonicalJwk(jwk: Jwk): string {
  return `{"crv":"Ed25519","kty":"OKP","x":"${jwk.x}"}`
}

/** RFC 7638 SHA-256 thumbprint, 43 characters of base64url. */
export function thumbprint(jwk: Jwk): string {
  return toBase64url(sha256(utf8(canonicalJwk(jwk))))
}

/** The 32 bytes of a JWK, after the whole check of docs/spec/01-primitives.md. Throws `key-malformed`, `key-weak`. */
export function publicKeyOf(jwk: Jwk): Uint8Array {
  const publicKey = decodeX(jwk.x)
  requireAcceptablePublicKey(publicKey)
  return publicKey
}

function decodeX(x: string): Uint8Array {
  if (x.length !== 43) throw new EvidenceError('key-malformed', 'the x of the JWK is not 32 bytes of base64url')
  return fromBase64url(x, 'x of the JWK')
}

/** Reads a JWK in RFC 7638 form, byte for byte. Throws `key-malformed`, `base64-malformed`, `key-weak`. */
export function parseCanonicalJwk(line: string): Jwk {
  const match = /^\{"crv":"Ed25519","kty":"OKP","x":"([A-Za-z0-9_-]{43})"\}$/.exec(line)
  if (match === null) throw new EvidenceError('key-malformed', 'the JWK is not in RFC 7638 form')
  const jwk: Jwk = { crv: 'Ed25519', kty: 'OKP', x: match[1] as string }
  publicKeyOf(jwk)
  return jwk
}
