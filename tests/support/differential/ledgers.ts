import { createHash, createPrivateKey, sign } from 'node:crypto'
import { leafHash } from '../../../src/core/entry.ts'
import { jwkOf, publicKeyOf, thumbprint } from '../../../src/core/jwk.ts'
import { readVectors } from '../../vectors/vector-files.ts'
import { mth, path } from '../../reference/rfc6962.ts'

/* The ledgers of the vectors, whose keys everybody has: entries can be changed, signed again and sealed again. */

const prefix = Buffer.from('302e020100300506032b657004220420', 'hex')
const signerNames = [
  'administrator',
  'second',
  'third',
  'depositor',
  'depositor 2',
  'attestor',
  'auditor',
  'lawyer',
  'court',
  'notary',
  'other',
  'one',

  'two',
  'three',
  'spare',
  'impostor',
  'usurper',
  'forger',
  'weak',
  'witness',
  'ledger',
  'ledger 2',
  'ledger 3',
  'other ledger',
  'a',
  'b',
  'x',
  'x2',
  'y',
]

export interface VectorSigner {
  readonly kid: string
  readonly jwkLine: string
  readonly publicKey: string
  readonly sign: (message: Uint8Array) => Buffer
}

function signerOf(name: string): VectorSigner {
  const seed = createHash('sha256').update(`evidence-ledger vector key ${name}`).digest()
  const key = createPrivateKey({ key: Buffer.concat([prefix, seed]), format: 'der', type: 'pkcs8' })
  const x = key.export({ format: 'jwk' }).x as string
  const jwk = jwkOf(new Uint8Array(Buffer.from(x, 'base64url')))
  return {
    kid: thumbprint(jwk),
    jwkLine: `{"crv":"Ed25519","kty":"OKP","x":"${x}"}`,
    publicKey: Buffer.from(publicKeyOf(jwk)).toString('base64'),
    sign: (message) => sign(null, message, key),
  }
}

const signers = signerNames.map(signerOf)
const byKid = new Map(signers.map((one) => [one.kid, one]))
const byPublicKey = new Map(signers.map((one) => [one.publicKey, one]))

/** The signer that a JWS names, if its key is one of everybody's. */
export function signerOfHeader(header: string): VectorSigner | undefined {
  const kid = /"kid":"([^"]+)"/.exec(header)?.[1]
  return kid === undefined ? undefined : byKid.get(kid)
}

/** A ledger of a vector. */
export interface BaseLedger {
  readonly name: string
  readonly policy: string
  readonly checkpoint: string
  readonly entries: readonly Buffer[]
  readonly disclosures: Readonly<Record<string, readonly string[]>>
  readonly earlier: readonly string[]
}

interface WalkInput {
  readonly policy?: string
  readonly checkpoint?: string
  readonly entriesBase64: readonly (string | null)[]
  readonly disclosures?: BaseLedger['disclosures']
  readonly earlier?: readonly string[]
}

/** The ledgers whose parts are all there, as text. */
export function baseLedgers(): BaseLedger[] {
  const walks = readVectors().filter(({ vector }) => vector.format === 'walk')
  return walks.flatMap(({ name, text }) => {
    const { input } = JSON.parse(text) as { input: WalkInput }
    const { policy, checkpoint, entriesBase64, disclosures = {}, earlier = [] } = input
    const entries = entriesBase64.flatMap((one) => (one === null ? [] : [Buffer.from(one, 'base64')]))
    if (policy === undefined || checkpoint === undefined || entries.length < 2) return []
    return entries.length === entriesBase64.length ? [{ name, policy, checkpoint, entries, disclosures, earlier }] : []
  })
}

/** The parts of an entry: its four lines, and the header, payload and signature of its statement. */
export interface EntryParts {
  lines: [string, string, string, string]
  header: string
  payload: string
  signature: string
}

export function partsOf(entry: Buffer): EntryParts | undefined {
  const lines = entry.toString('latin1').split('\n')
  const [header, payload, signature] = (lines[4] ?? '').split('.')
  if (lines.length !== 6 || header === undefined || payload === undefined || signature === undefined) return undefined
  return {
    lines: lines.slice(0, 4) as EntryParts['lines'],
    header: Buffer.from(header, 'base64url').toString(),
    payload: Buffer.from(payload, 'base64url').toString(),
    signature,
  }
}

/** The entry of its parts; `signer` signs it anew. */
export function entryOf({ lines, header, payload, signature }: EntryParts, signer?: VectorSigner): Buffer {
  const signed = [header, payload].map((text) => Buffer.from(text).toString('base64url')).join('.')
  const by = signer === undefined ? signature : signer.sign(Buffer.from(signed)).toString('base64url')
  return Buffer.from(`${[...lines, `${signed}.${by}`].join('\n')}\n`, 'latin1')
}

/** Entries with their links as they must be, from `first` on. */
export function relinked(entries: readonly Buffer[], first: number): Buffer[] {
  const linked = [...entries]
  for (let i = Math.max(1, first); i < linked.length; i++) {
    const lines = (linked[i] as Buffer).toString('latin1').split('\n')
    lines[3] = Buffer.from(leafHash(linked[i - 1] as Buffer)).toString('base64')
    linked[i] = Buffer.from(lines.join('\n'), 'latin1')
  }
  return linked
}

/** A note over a text, signed by every ledger's key that the policy names and everybody has. */
export function signedNote(text: string, policy: string): string {
  const lines = [...policy.matchAll(/^log (\S+)\+([0-9a-f]{8})\+(\S+)$/gm)].flatMap(([, name, id, key]) => {
    const signer = byPublicKey.get(
      Buffer.from(key as string, 'base64')
        .subarray(1)
        .toString('base64'),
    )
    if (signer === undefined) return []
    const signature = Buffer.concat([Buffer.from(id as string, 'hex'), signer.sign(Buffer.from(text))])
    return [`— ${name} ${signature.toString('base64')}\n`]
  })
  return `${text}\n${lines.join('')}`
}

/** The checkpoint of these entries, signed as the policy asks. */
export function sealedCheckpoint(ledger: BaseLedger, entries: readonly Buffer[]): string {
  const [origin] = ledger.checkpoint.split('\n')
  const root = Buffer.from(mth(entries)).toString('base64')
  return signedNote(`${origin}\n${entries.length}\n${root}\n`, ledger.policy)
}

/** The receipt of an entry under a checkpoint of these entries. */
export function receiptOf(ledger: BaseLedger, entries: readonly Buffer[], index: number, checkpoint: string): string {
  const entry = entries[index] as Buffer
  const signer = signerOfHeader(partsOf(entry)?.header ?? '') ?? (signers[0] as VectorSigner)
  const disclosures = ledger.disclosures[String(index)] ?? []
  const extra = Buffer.concat([
    entry,
    Buffer.from([signer.jwkLine, ...disclosures].map((line) => `${line}\n`).join('')),
  ])
  const hashes = path(index, entries).map((hash) => `${Buffer.from(hash).toString('base64')}\n`)
  return `c2sp.org/tlog-proof@v1\nextra ${extra.toString('base64')}\nindex ${index}\n${hashes.join('')}\n${checkpoint}`
}
