import { createHash, createPrivateKey, createPublicKey, sign } from 'node:crypto'
import { jwkOf, thumbprint } from '../../src/core/jwk.ts'
import type { SigningKey } from '../../src/node/key-file.ts'

const pkcs8Prefix = Buffer.from('302e020100300506032b657004220420', 'hex')

/** Making a key takes longer than a signature by it, and tests ask for few names, again and again. */
const known = new Map<string, SigningKey>()

/** A key that is the same in every run: its seed is the hash of its name. */
export function signerNamed(name: string): SigningKey {
  const before = known.get(name)
  if (before !== undefined) return before
  const made = makeSigner(name)
  known.set(name, made)
  return made
}

function makeSigner(name: string): SigningKey {
  const seed = createHash('sha256').update(`test key ${name}`).digest()
  const key = createPrivateKey({ key: Buffer.concat([pkcs8Prefix, seed]), format: 'der', type: 'pkcs8' })
  const { x } = createPublicKey(key).export({ format: 'jwk' })
  const publicKey = new Uint8Array(Buffer.from(x as string, 'base64url'))
  const jwk = jwkOf(publicKey)
  return { jwk, thumbprint: thumbprint(jwk), publicKey, sign: (message) => sign(null, message, key) }
}
