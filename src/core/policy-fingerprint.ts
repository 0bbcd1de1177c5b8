import { fromBase64url, toHex } from './base64.ts'
import { sha256 } from './hash.ts'
import { type Jwk, thumbprint } from './jwk.ts'

/** Hexadecimal digits of a fingerprint: 96 bits. */
const digits = 24

/**
 * The fingerprint of a policy file, to be read aloud and compared: the first 24 hexadecimal digits of the SHA-256 of its bytes, in six
 * groups of four (docs/spec/07-policy.md, "Fingerprint").
 */
export function policyFingerprint(policy: Uint8Array): string {
  return inFours(toHex(sha256(policy)).slice(0, digits))
}

/** The fingerprint of a key, to be read aloud and compared: the first 24 hexadecimal digits of its RFC 7638 thumbprint, in six groups of four. */
export function keyFingerprint(jwk: Jwk): string {
  return inFours(toHex(fromBase64url(thumbprint(jwk), 'thumbprint')).slice(0, digits))
}

/** A fingerprint as somebody typed it: in any case, with or without spaces and hyphens; undefined where it is none. */
export function parseFingerprint(text: string): string | undefined {
  const hex = text.replace(/[\s-]/g, '').toLowerCase()
  return hex.length === digits && /^[0-9a-f]*$/.test(hex) ? inFours(hex) : undefined
}

function inFours(hex: string): string {
  return (hex.match(/.{4}/g) as string[]).join(' ')
}
