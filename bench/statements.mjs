// Statements for measurements, signed by libsodium: what they cost is taken from the cores of what is measured.
import { createCipheriv, createHash, createPrivateKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import sodium from 'sodium-native'
import { jwkOf, thumbprint } from '../dist/src/core/jwk.js'
import { composeStatement } from '../dist/src/statements/compose.js'

/** A signer out of a seed of 32 bytes. */
export function signerOf(seed) {
  const publicKey = Buffer.alloc(32)
  const secretKey = Buffer.alloc(64)
  sodium.crypto_sign_seed_keypair(publicKey, secretKey, seed)
  const sign = (message) => {
    const signature = Buffer.alloc(64)
    sodium.crypto_sign_detached(signature, Buffer.from(message), secretKey)
    return new Uint8Array(signature)
  }
  const jwk = jwkOf(new Uint8Array(publicKey))
  return { jwk, thumbprint: thumbprint(jwk), publicKey, sign }
}

/** The signer of a private key file without passphrase. */
export function signerOfFile(path) {
  return signerOf(Buffer.from(createPrivateKey(readFileSync(path)).export({ format: 'jwk' }).d, 'base64url'))
}

/** The signer of a name, the same in every run. */
export const signerNamed = (name) => signerOf(createHash('sha256').update(`bench key ${name}`).digest())

const pool = Buffer.alloc(2 ** 16)

/** Bytes that a seed gives again: a key stream. */
export function bytesOf(seed) {
  const key = createHash('sha256').update(`bench bytes ${seed}`).digest()
  const stream = createCipheriv('aes-256-ctr', key, Buffer.alloc(16))
  let [block, at] = [pool, pool.length]
  return (count) => {
    if (at + count > block.length) {
      block = stream.update(pool)
      at = 0
    }
    at += count
    return new Uint8Array(block.subarray(at - count, at))
  }
}

/** A UUID out of 16 random bytes. */
export function uuidOf(bytes) {
  const hex = Buffer.from(bytes)
  hex[6] = (hex[6] & 0x0f) | 0x40
  hex[8] = (hex[8] & 0x3f) | 0x80
  return hex.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

/** A statement of any kind; its id and salts come from `randomBytes`. */
export function statementOf(
  { origin, iss, signer, kind, iat, randomBytes, jti = uuidOf(randomBytes(16)) },
  members,
  sealed = {},
) {
  return composeStatement({ iss, aud: origin, jti, iat, kind }, members, sealed, signer, randomBytes).presentation
}

/** The deposit that every rate is measured with: one file, its name and its case sealed, some 950 bytes in all. `more` are further members. */
export function depositOf(by, more = {}) {
  const item = {
    size: 4096,
    digest: { sha256: Buffer.from(by.randomBytes(32)).toString('hex') },
    mediaType: 'image/jpeg',
    category: 'file',
  }
  const sealed = { names: ['photo.jpg'], case: [{ number: '(2026)沪0104刑初123号' }] }
  return statementOf({ ...by, kind: 'evidence.deposit' }, { items: [item], ...more }, sealed)
}
