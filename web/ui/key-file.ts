import { fromBER, Integer, ObjectIdentifier, OctetString, Sequence } from 'asn1js'
import {
  EncryptedContentInfo,
  EncryptedData,
  PBES2Params,
  PBKDF2Params,
  PKCS8ShroudedKeyBag,
  type AlgorithmIdentifier,
} from 'pkijs'
import { fromBase64, toBase64, toHex } from '../../src/core/base64.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { EvidenceError } from '../../src/core/errors.ts'

/* Key files as the command line writes and reads them, by the same rules: PKCS#8 in PEM, under PBES2 with PBKDF2-HMAC-SHA256 and AES-256-CBC. */

/** Rounds that a file is written with, and the least and most that are taken. */
const rounds = 600_000
const mostRounds = 10_000_000
const leastSalt = 8
/** What is encrypted is data, of no type of CMS. */
const dataType = '1.2.840.113549.1.7.1'

const ids = {
  ed25519: '1.3.101.112',
  mldsa44: '2.16.840.1.101.3.4.3.17',
  pbes2: '1.2.840.113549.1.5.13',
  pbkdf2: '1.2.840.113549.1.5.12',
  hmacSha256: '1.2.840.113549.2.9',
  aes256Cbc: '2.16.840.1.101.3.4.1.42',
} as const

/** PKCS#8 of version 1 with an Ed25519 key, up to its seed: the one form that every browser reads. */
const plainHead = Uint8Array.of(0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20)

/** A private key as its file has it. */
export interface OpenedKey {
  /** PKCS#8 of version 1, DER; secret. */
  readonly pkcs8: Uint8Array<ArrayBuffer>
  /** The public key that a file of version 2 states; to be compared with that of the private key. */
  readonly publicKey: Uint8Array | undefined
}

/** A private key (PKCS#8, DER) as an encrypted PEM file. */
export async function encryptedPem(pkcs8: Uint8Array, passphrase: string): Promise<string> {
  const data = new EncryptedData()
  await data.encrypt({
    password: buffer(utf8(passphrase)),
    contentEncryptionAlgorithm: { name: 'AES-CBC', length: 256 },
    hmacHashAlgorithm: 'SHA-256',
    iterationCount: rounds,
    contentToEncrypt: buffer(pkcs8),
  } as Parameters<EncryptedData['encrypt']>[0])
  const { contentEncryptionAlgorithm, encryptedContent } = data.encryptedContentInfo
  const bag = new PKCS8ShroudedKeyBag({
    encryptionAlgorithm: contentEncryptionAlgorithm as AlgorithmIdentifier,
    encryptedData: new OctetString({ valueHex: (encryptedContent as OctetString).getValue() }),
  })
  return pem('ENCRYPTED PRIVATE KEY', new Uint8Array(bag.toSchema().toBER()))
}

/** The private key in a PEM file. Throws `key-file-malformed`, `key-file-passphrase`, `key-file-weak`; no error quotes it. */
export async function openedPem(text: string, passphrase: string): Promise<OpenedKey> {
  const match = /-----BEGIN (ENCRYPTED )?PRIVATE KEY-----\s+([A-Za-z0-9+/=\s]+)-----END \1?PRIVATE KEY-----/.exec(text)
  if (match === null)
    throw malformed(
      text.includes('BEGIN OPENSSH PRIVATE KEY')
        ? 'the file holds a key in OpenSSH’s own format'
        : 'the file holds no private key in PEM',
    )
  const bytes = bytesOf(match[2] as string)
  if (match[1] === undefined) return privateKeyOf(bytes)
  const bag = bagOf(bytes)
  requireDerivation(bag)
  if (passphrase === '') throw new EvidenceError('key-file-passphrase', 'the key file is under a passphrase; type it')
  let plain: Uint8Array<ArrayBuffer>
  try {
    plain = await decrypted(bag, passphrase)
    // One wrong passphrase of 256 leaves a padding that looks right: the content then does not.
    if (!(fromBER(plain.buffer).result instanceof Sequence)) throw new Error('no sequence')
  } catch (cause) {
    throw new EvidenceError('key-file-passphrase', 'the passphrase does not open the key file', {}, { cause })
  }
  return privateKeyOf(plain)
}

function decrypted(
  { encryptionAlgorithm, encryptedData }: PKCS8ShroudedKeyBag,
  passphrase: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const encryptedContentInfo = new EncryptedContentInfo({
    contentType: dataType,
    contentEncryptionAlgorithm: encryptionAlgorithm,
    encryptedContent: encryptedData,
  })
  const content = new EncryptedData({ encryptedContentInfo })
  return content.decrypt({ password: buffer(utf8(passphrase)) }).then((plain) => new Uint8Array(plain))
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  try {
    return Uint8Array.from(fromBase64(base64.replace(/\s/g, ''), 'key file'))
  } catch {
    throw malformed('the file holds no private key in PEM')
  }
}

/** Reads PKCS#8 of version 1, or of version 2 with its public key. Throws `key-file-malformed`. */
function privateKeyOf(der: Uint8Array<ArrayBuffer>): OpenedKey {
  const { result, offset } = fromBER(der.buffer)
  const parts = result instanceof Sequence && offset === der.length ? result.valueBlock.value : []
  const [version, algorithm, key, ...rest] = parts
  const [id, ...parameters] = algorithm instanceof Sequence ? algorithm.valueBlock.value : []
  const oid = id instanceof ObjectIdentifier ? id.getValue() : ''
  if (oid === ids.mldsa44) throw malformed('the file holds an ML-DSA-44 key, not Ed25519')
  if (oid !== ids.ed25519 || parameters.length > 0) throw malformed('the file holds no Ed25519 key in PKCS#8')
  const inner = key instanceof OctetString ? new Uint8Array(key.getValue()) : new Uint8Array()
  const number = version instanceof Integer ? version.valueBlock.valueDec : -1
  const tagged = rest.map(({ idBlock }) => (idBlock.tagClass === 3 ? idBlock.tagNumber : -1))
  const bits = rest[tagged.indexOf(1)]
  const isOurs =
    inner.length === 34 && toHex(inner.subarray(0, 2)) === '0420' && tagged.every((tag) => tag === 0 || tag === 1)
  if (!isOurs || (number !== 0 && number !== 1) || (number === 0 && bits !== undefined))
    throw malformed('the file holds no Ed25519 key in PKCS#8')
  const pkcs8 = new Uint8Array(plainHead.length + 32)
  pkcs8.set(plainHead)
  pkcs8.set(inner.subarray(2), plainHead.length)
  return { pkcs8, publicKey: bits === undefined ? undefined : publicBits(bits.valueBeforeDecodeView) }
}

/** The bits under the tag [1]: their head, the number of unused bits, and 32 bytes. */
function publicBits(whole: Uint8Array): Uint8Array {
  const bits = whole.subarray(whole.length - 33)
  if (bits[0] !== 0) throw malformed('the public key in the file is none of Ed25519')
  return bits.slice(1)
}

function bagOf(bytes: Uint8Array<ArrayBuffer>): PKCS8ShroudedKeyBag {
  try {
    const { result } = fromBER(bytes.buffer)
    return new PKCS8ShroudedKeyBag({ schema: result })
  } catch {
    throw malformed('the key file is not encrypted as RFC 5958 has it')
  }
}

/** A file of others must neither ask for hours nor give the passphrase away. */
function requireDerivation({ encryptionAlgorithm }: PKCS8ShroudedKeyBag): void {
  let derivation: PBKDF2Params
  try {
    if (encryptionAlgorithm.algorithmId !== ids.pbes2) throw weak()
    const { keyDerivationFunc, encryptionScheme } = new PBES2Params({
      schema: encryptionAlgorithm.algorithmParams as never,
    })
    if (keyDerivationFunc.algorithmId !== ids.pbkdf2 || encryptionScheme.algorithmId !== ids.aes256Cbc) throw weak()
    derivation = new PBKDF2Params({ schema: keyDerivationFunc.algorithmParams as never })
  } catch {
    throw weak()
  }
  const { iterationCount, prf, salt } = derivation
  const isSaltShort = salt instanceof OctetString ? salt.getValue().byteLength < leastSalt : true
  // Without the function that is named, it is HMAC-SHA1.
  if (prf?.algorithmId !== ids.hmacSha256 || isSaltShort || iterationCount < rounds) throw weak()
  if (iterationCount > mostRounds) throw malformed('the key file asks for more rounds than are made')
}

function weak(): EvidenceError {
  return new EvidenceError('key-file-weak', 'the key file gives its passphrase away too cheaply; encrypt it anew')
}

function malformed(why: string): EvidenceError {
  return new EvidenceError('key-file-malformed', why)
}

function buffer(bytes: Uint8Array): ArrayBuffer {
  return Uint8Array.from(bytes).buffer
}

function pem(label: string, bytes: Uint8Array): string {
  const lines = toBase64(bytes).match(/.{1,64}/g) ?? []
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n')
}
