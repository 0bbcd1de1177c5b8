import { fromBER, OctetString } from 'asn1js'
import {
  AlgorithmIdentifier,
  EncryptedData,
  PBES2Params,
  PBKDF2Params,
  PKCS8ShroudedKeyBag,
  type PrivateKeyInfo,
} from 'pkijs'
import { fromBase64, toBase64 } from '../../src/core/base64.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { EvidenceError } from '../../src/core/errors.ts'

/* Key files as the command line writes and reads them: PKCS#8 in PEM, under PBES2 with PBKDF2-HMAC-SHA256 and AES-256-CBC. */

/** Rounds that a file is written with, and the least and most that are taken. */
const rounds = 600_000
const mostRounds = 10_000_000

/** An encrypted private key that can be opened: the library keeps that to its own bags. */
class EncryptedKey extends PKCS8ShroudedKeyBag {
  /** The private key, PKCS#8 in DER. Throws what the library throws where the passphrase does not open it. */
  async open(passphrase: string): Promise<Uint8Array<ArrayBuffer>> {
    await this.parseInternalValues({ password: buffer(utf8(passphrase)) })
    return new Uint8Array((this.parsedValue as PrivateKeyInfo).toSchema().toBER())
  }
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

/** The private key (PKCS#8, DER) in a PEM file. Throws `key-file-malformed`, `key-file-passphrase`, `key-file-weak`; no error quotes it. */
export async function openedPem(text: string, passphrase: string): Promise<Uint8Array<ArrayBuffer>> {
  const match = /-----BEGIN (ENCRYPTED )?PRIVATE KEY-----\s+([A-Za-z0-9+/=\s]+)-----END \1?PRIVATE KEY-----/.exec(text)
  if (match === null) throw malformed('the file holds no private key in PEM')
  const bytes = Uint8Array.from(fromBase64((match[2] as string).replace(/\s/g, ''), 'key file'))
  if (match[1] === undefined) return bytes
  const bag = bagOf(bytes)
  requireDerivation(bag)
  if (passphrase === '') throw new EvidenceError('key-file-passphrase', 'the key file is under a passphrase; type it')
  try {
    return await bag.open(passphrase)
  } catch (cause) {
    throw new EvidenceError('key-file-passphrase', 'the passphrase does not open the key file', {}, { cause })
  }
}

function bagOf(bytes: Uint8Array<ArrayBuffer>): EncryptedKey {
  try {
    const { result } = fromBER(bytes.buffer)
    return new EncryptedKey({ schema: result })
  } catch {
    throw malformed('the key file is not encrypted as RFC 5958 has it')
  }
}

/** A file of others must neither ask for hours nor give the passphrase away. */
function requireDerivation({ encryptionAlgorithm }: PKCS8ShroudedKeyBag): void {
  let count: number
  try {
    const scheme = new PBES2Params({ schema: encryptionAlgorithm.algorithmParams as never })
    const derivation = new PBKDF2Params({ schema: scheme.keyDerivationFunc.algorithmParams as never })
    count = derivation.iterationCount
  } catch {
    throw weak()
  }
  if (count > mostRounds) throw malformed('the key file asks for more rounds than are made')
  if (count < rounds) throw weak()
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
