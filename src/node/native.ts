import { createPublicKey, type KeyObject, verify } from 'node:crypto'
import { isAscii } from 'node:buffer'
import { createRequire } from 'node:module'
import { installBase64, toHex } from '../core/base64.ts'
import { installAscii, installHoldsBytes, installLatin1, installUtf8 } from '../core/bytes.ts'
import { installSignatureAccelerator, type SignatureAccelerator } from '../core/ed25519.ts'
import { installSha256 } from '../core/hash.ts'
import { Recent } from '../core/recent.ts'
import { installMlDsaAccelerator, mlDsa44PublicKeyBytes, type MlDsaAccelerator } from '../core/mldsa.ts'
import { nodeSha256 } from './node-sha256.ts'

/*
 * The runtime's faster primitives behind core's interfaces. Each may only say yes faster (docs/spec/01-primitives.md): what
 * it rejects, core judges itself.
 */

/** What was installed, for `--version`, `doctor` and the benchmark to say. */
export interface NativePrimitives {
  readonly signatures: 'libsodium' | 'openssl'
  readonly sha256: 'native' | 'noble'
  /** ML-DSA-44: OpenSSL 3.5 through Node 24, where the runtime has it. */
  readonly mlDsa: 'openssl' | 'noble'
}

type Sodium = typeof import('sodium-native').default

function loadSodium(): Sodium | undefined {
  try {
    return createRequire(import.meta.url)('sodium-native') as Sodium
  } catch {
    return undefined // no binary for this platform: OpenSSL is always there
  }
}

/**
 * libsodium refuses a small-order R or A, a non-canonical key, S >= L, and compares R with SB - hA as encoded, so an accept
 * is an accept of the rule for a torsion-free key. tests/node/native.test.ts holds it to that on crafted cases.
 */
function sodiumAccelerator(sodium: Sodium): SignatureAccelerator {
  return (publicKey, message, signature) => sodium.crypto_sign_verify_detached(signature, message, publicKey)
}

/** Canonical encodings of the small-order points. OpenSSL does not refuse them as R. */
const smallOrderPoints = new Set([
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0000000000000000000000000000000000000000000000000000000000000080',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
])
const spkiPrefix = Buffer.from('302a300506032b6570032100', 'hex')

/** OpenSSL through Node: cofactorless and R compared as encoded; only a small-order R needs a look of our own. */
export function opensslAccelerator(): SignatureAccelerator {
  const keys = new Recent<KeyObject>(4096)
  return (publicKey, message, signature) => {
    const name = toHex(publicKey)
    let key = keys.get(name)
    if (key === undefined) {
      key = createPublicKey({ key: Buffer.concat([spkiPrefix, publicKey]), format: 'der', type: 'spki' })
      keys.set(name, key)
    }
    return verify(null, message, key, signature) && !smallOrderPoints.has(toHex(signature.subarray(0, 32)))
  }
}

const mlDsaSpkiPrefix = Buffer.from('30820532300b06096086480165030403110382052100', 'hex')

/** OpenSSL's pure ML-DSA-44 with an empty context; undefined where the runtime (before Node 24 and OpenSSL 3.5) has none. */
export function opensslMlDsa(): MlDsaAccelerator | undefined {
  const load = (publicKey: Uint8Array): KeyObject =>
    createPublicKey({ key: Buffer.concat([mlDsaSpkiPrefix, publicKey]), format: 'der', type: 'spki' })
  try {
    load(new Uint8Array(mlDsa44PublicKeyBytes))
  } catch {
    return undefined
  }
  return (publicKey, message, signature) => {
    try {
      return verify(null, message, load(publicKey), signature)
    } catch {
      return false // core decides
    }
  }
}

/** A Uint8Array over a Buffer's memory, without a copy: core promises Uint8Array, and a Buffer's slice() would share memory. */
function viewOf(bytes: Buffer): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.length)
}

/** A Buffer over the memory of a Uint8Array, without a copy. */
function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function latin1Text(bytes: Uint8Array): string {
  return bufferOf(bytes).toString('latin1')
}

/** Encodings by the runtime: each is tried against ours first, which takes longer than a handful of receipts needs them. */
function installNativeText(): void {
  installUtf8((text) => viewOf(Buffer.from(text, 'utf8')))
  installLatin1(latin1Text)
  installHoldsBytes((bytes, part) => bufferOf(bytes).includes(bufferOf(part)))
  installAscii((bytes) => (isAscii(bytes) ? latin1Text(bytes) : undefined))
  installBase64({
    encode: (bytes, url) => bufferOf(bytes).toString(url ? 'base64url' : 'base64'),
    decode: (text, url) => viewOf(Buffer.from(text, url ? 'base64url' : 'base64')),
  })
}

let installed: (NativePrimitives & { readonly isForMany: boolean }) | undefined

/**
 * Installs the fastest primitives at hand in this process. For a handful of signatures OpenSSL, which is in the
 * runtime, is through before libsodium has been loaded, and our own encodings before the runtime's have been tried. What was installed
 * for few is exchanged when it is asked for many; what was installed for many stays.
 */
export function installNativePrimitives(signatures: 'few' | 'many' = 'many'): NativePrimitives {
  const isForMany = signatures === 'many'
  if (installed !== undefined && (installed.isForMany || !isForMany)) return installed
  const sodium = isForMany ? loadSodium() : undefined
  installSignatureAccelerator(sodium === undefined ? opensslAccelerator() : sodiumAccelerator(sodium))
  if (isForMany) installNativeText()
  const name = sodium === undefined ? 'openssl' : 'libsodium'
  installed = { ...(installed ?? installHashes()), signatures: name, isForMany }
  return installed
}

function installHashes(): Pick<NativePrimitives, 'sha256' | 'mlDsa'> {
  const isNative = installSha256(nodeSha256)
  const mlDsa = opensslMlDsa()
  installMlDsaAccelerator(mlDsa)
  return { sha256: isNative ? 'native' : 'noble', mlDsa: mlDsa === undefined ? 'noble' : 'openssl' }
}
