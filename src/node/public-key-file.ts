import { createPublicKey } from 'node:crypto'
import { fromBase64 } from '../core/base64.ts'
import { EvidenceError, isEvidenceError } from '../core/errors.ts'
import { parseJson } from '../core/json.ts'
import { type Jwk, jwkOf, publicKeyOf } from '../core/jwk.ts'
import { readNamed } from './bounded-file.ts'

/** Longest file of a public key, in bytes. */
const maxBytes = 65_536

/**
 * Reads an Ed25519 public key: a JWK (RFC 8037) with whatever other members, a PEM public key (SPKI), or a line of OpenSSH as in
 * `id_ed25519.pub`. Throws `file-unreadable`, `public-key-malformed`, `key-weak`.
 */
export function readPublicKey(path: string): Jwk {
  return parsePublicKey(
    readNamed(path, maxBytes, { pipes: true, tooLong: 'public-key-malformed' }).toString('utf8'),
    path,
  )
}

/** Reads a public key of any of those forms out of text; `where` names it in errors. Throws `public-key-malformed`, `key-weak`. */
export function parsePublicKey(text: string, where: string): Jwk {
  const trimmed = text.replace(/^\ufeff/, '').trim()
  // Checked first: a private key given by mistake must be named as such, and go no further.
  if (/BEGIN [A-Z ]*PRIVATE KEY/.test(trimmed)) throw malformed(where, 'holds a private key: name the public one')
  const jwk = trimmed.startsWith('{')
    ? fromJwk(trimmed, where)
    : trimmed.includes('-----BEGIN')
      ? fromPem(trimmed, where)
      : fromOpenSsh(trimmed, where)
  try {
    publicKeyOf(jwk)
  } catch (error) {
    if (isEvidenceError(error, 'key-weak') || !isEvidenceError(error)) throw error
    throw malformed(where, `is no Ed25519 key: ${error.message}`)
  }
  return jwk
}

function malformed(where: string, why: string): EvidenceError {
  return new EvidenceError('public-key-malformed', `${where} ${why}`, { where })
}

function fromJwk(text: string, where: string): Jwk {
  let json: unknown
  try {
    json = parseJson(new TextEncoder().encode(text), where)
  } catch (error) {
    if (!isEvidenceError(error)) throw error
    throw malformed(where, `is no JWK: ${error.message}`)
  }
  const { kty, crv, x, d, use, keys } = json as Record<string, unknown>
  if (d !== undefined) throw malformed(where, 'holds a private key: name the public one')
  if (keys !== undefined) throw malformed(where, 'holds a set of keys: give one of them alone')
  if (kty !== 'OKP' || crv !== 'Ed25519' || typeof x !== 'string')
    throw malformed(where, `is no Ed25519 key: its kty is ${String(kty)}, its crv ${String(crv)}`)
  if (use !== undefined && use !== 'sig') throw malformed(where, 'is a key that is not for signatures (its use)')
  return { crv, kty, x }
}

function fromPem(text: string, where: string): Jwk {
  try {
    const key = createPublicKey(text)
    if (key.asymmetricKeyType === 'ed25519' && text.includes('BEGIN PUBLIC KEY'))
      return jwkOf(new Uint8Array(Buffer.from(key.export({ format: 'jwk' }).x as string, 'base64url')))
  } catch {
    // What is wrong with it is not worth more than that it is none.
  }
  throw malformed(where, 'holds no Ed25519 public key in PEM')
}

/** `ssh-ed25519 AAAA… comment`, as in an id_ed25519.pub; RFC 8709 gives the bytes: the name, then the key, each after its length. */
function fromOpenSsh(text: string, where: string): Jwk {
  const [line = '', ...more] = text.split(/\r?\n/).filter((one) => one.trim() !== '' && !one.startsWith('#'))
  const match = /^ssh-ed25519 +([A-Za-z0-9+/]+=*)(?: |$)/.exec(line)
  if (match === null || more.length > 0)
    throw malformed(where, 'holds no Ed25519 public key: give a JWK, a PEM public key, or one line of OpenSSH')
  let bytes: Uint8Array
  try {
    bytes = fromBase64(match[1] as string)
  } catch {
    throw malformed(where, 'holds a line of OpenSSH whose base64 is malformed')
  }
  const head = Buffer.concat([Buffer.from([0, 0, 0, 11]), Buffer.from('ssh-ed25519'), Buffer.from([0, 0, 0, 32])])
  if (bytes.length !== head.length + 32 || !head.equals(bytes.subarray(0, head.length)))
    throw malformed(where, 'holds a line of OpenSSH that is no Ed25519 key')
  return jwkOf(bytes.subarray(head.length))
}
