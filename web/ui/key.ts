import { fromBase64url, toBase64url } from '../../src/core/base64.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import { type Jwk, jwkOf } from '../../src/core/jwk.ts'
import { joinJws } from '../../src/core/jws.ts'
import { accessTokenInput } from '../../src/client/access-token.ts'
import type { TokenSource } from '../../src/client/ledger-client.ts'
import { Store } from './store.ts'

/** A depositor's key in this browser: it signs here and cannot be taken out. */
export interface BrowserKey {
  /** The id under which it is, or is to be, admitted. */
  readonly id: string
  readonly jwk: Jwk
  readonly privateKey: CryptoKey
}

const store = new Store<BrowserKey>('keys')
/** One key for one browser profile: who needs two uses two profiles. */
const place = 'own'

export function ownKey(): Promise<BrowserKey | undefined> {
  return store.get(place)
}

/** Keeps a key where there is none; gives the one that is kept, which another window may have made meanwhile. */
export function keepKey(key: BrowserKey): Promise<BrowserKey> {
  return store.add(place, key)
}

export function forgetKey(): Promise<void> {
  return store.delete(place)
}

/** True where this browser makes Ed25519 keys. */
export async function canMakeKeys(): Promise<boolean> {
  try {
    await crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify'])
    return true
  } catch {
    return false
  }
}

/**
 * Makes a key. With a passphrase the file of it is given too, PKCS#8 in PEM under PBES2, which the command line reads; there is no second chance
 * to have one, because the key that is kept cannot be exported.
 */
export async function makeKey(id: string, passphrase: string): Promise<{ key: BrowserKey; file: string | undefined }> {
  const pair = (await crypto.subtle.generateKey('Ed25519', true, ['sign', 'verify'])) as CryptoKeyPair
  const { x = '' } = await crypto.subtle.exportKey('jwk', pair.publicKey)
  const pkcs8 = new Uint8Array(await crypto.subtle.exportKey('pkcs8', pair.privateKey))
  const file = passphrase === '' ? undefined : await (await import('./key-file.ts')).encryptedPem(pkcs8, passphrase)
  const privateKey = await crypto.subtle.importKey('pkcs8', pkcs8, 'Ed25519', false, ['sign'])
  pkcs8.fill(0)
  return { key: { id, jwk: jwkOf(fromBase64url(x, 'public key')), privateKey }, file }
}

/** Takes a key out of its file. Throws `key-file-malformed`, `key-file-passphrase`, `key-file-weak`. */
export async function importKey(id: string, pem: string, passphrase: string): Promise<BrowserKey> {
  const { pkcs8, publicKey } = await (await import('./key-file.ts')).openedPem(pem, passphrase)
  try {
    const extractable = await crypto.subtle.importKey('pkcs8', pkcs8, 'Ed25519', true, ['sign'])
    const { x = '' } = await crypto.subtle.exportKey('jwk', extractable)
    const privateKey = await crypto.subtle.importKey('pkcs8', pkcs8, 'Ed25519', false, ['sign'])
    const jwk = jwkOf(fromBase64url(x, 'public key'))
    if (publicKey === undefined || toBase64url(publicKey) === x) return { id, jwk, privateKey }
  } catch (cause) {
    throw new EvidenceError(
      'key-file-malformed',
      'the file holds no Ed25519 key that this browser reads',
      {},
      { cause },
    )
  } finally {
    pkcs8.fill(0)
  }
  throw new EvidenceError('key-file-malformed', 'the public key in the file is not that of its private key')
}

/** Ed25519 signature over a text, 64 bytes. */
export async function signText({ privateKey }: BrowserKey, text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.sign('Ed25519', privateKey, utf8(text)))
}

/** Signs access tokens as the owner of this key; nothing of it is kept at the server. */
export function tokensOf(key: BrowserKey): TokenSource {
  return {
    token: async (audience) => {
      const input = accessTokenInput(key.id, key.jwk, audience, Date.now())
      return joinJws(input, await signText(key, input))
    },
  }
}
