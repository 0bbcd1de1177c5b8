import { encodeLogPolicy } from '../../src/core/policy.ts'
import type { Input } from '../vectors/input.ts'
import { readVectors, type VectorFile } from '../vectors/vector-files.ts'
import { depositor, ledgerKey, origin, startMs, TestChain } from './chain.ts'
import type { HandedOver } from './faces.ts'
import { receiptOf } from './small-package.ts'
import { sha256Hex, statement } from './statements.ts'

/** A file that none of the receipts is for: the command line checks no receipt alone. */
const other = Buffer.from('another file')

/** Bytes of a member, where it is there as text or in base64. */
const bytesOf = (input: Input, name: string): Uint8Array | undefined =>
  input.has(name) || input.has(`${name}Base64`) ? input.bytes(name) : undefined

const part = 'a part of a receipt, proof, manifest, policy or ledger, which stands in no file of its own'

/** Formats that people hand over in no file of their own, or with too little, each with the reason. tests/web/vectors.test.ts judges them all. */
export const inNoFile: Readonly<Record<string, string>> = {
  base64: part,
  base64url: part,
  hex: part,
  json: part,
  time: part,
  origin: part,
  ed25519: part,
  jwk: part,
  jws: part,
  'jws-header': part,
  disclosure: part,
  presentation: part,
  sealed: 'sealed claims as a server judges them when a statement is handed in',
  statement: part,
  entry: part,
  'leaf-hash': part,
  'entry-hash': part,
  bundle: part,
  tile: part,
  'tile-path': part,
  inclusion: part,
  consistency: part,
  vkey: part,
  note: part,
  checkpoint: 'a checkpoint alone is handed to no check; receipts hold one',
  'policy-apply': 'a policy with a checkpoint alone, which is handed to no check',
  walk: 'the page re-walks no ledger; tests/interop/walks-as-folders.test.ts has the command line and the Python verifier',
}

/** How a vector of a format is handed over. */
const handed: Readonly<Record<string, (input: Input, sound: Input) => Omit<HandedOver, 'name'>>> = {
  receipt: (input) => ({
    ...receiptIn(input),
    file: other,
    transition: bytesOf(input, 'transition'),
    rotations: input.has('rotations') ? input.value<string[]>('rotations').map((text) => Buffer.from(text)) : undefined,
  }),
  file: (input) => ({ ...receiptIn(input), file: input.bytes('file') }),
  anchor: (input) => ({ ...receiptIn(input), file: other, anchors: input.list('anchors') }),
  'file-proof': (input) => ({
    ending: 'file-proof',
    proof: input.bytes('fileProof'),
    policy: input.bytes('policy'),
    file: bytesOf(input, 'file') ?? other,
  }),
  misbehaviour: (input) => ({
    ending: 'misbehaviour',
    proof: input.bytes('proof'),
    policy: input.bytes('policy'),
  }),
  // Any tlog-proof is a receipt to who hands it over, and any policy may be handed over with a receipt.
  'tlog-proof': (input, sound) => ({ ...receiptIn(sound), proof: input.bytes('proof'), file: other }),
  policy: (input, sound) => ({ ...receiptIn(sound), policy: input.bytes('policy'), file: other }),
}

function receiptIn(input: Input): Pick<HandedOver, 'ending' | 'proof' | 'policy'> {
  return { ending: 'tlog-proof', proof: input.bytes('receipt'), policy: input.bytes('policy') }
}

/** Manifests, each as the file of a receipt whose deposit states the tree that the vector does. */
async function manifestsOf(files: readonly VectorFile[]): Promise<readonly HandedOver[]> {
  const chain = new TestChain().start()
  const indices = files.map(({ vector: { input, expect } }) => {
    const bytes = input.bytes('manifest')
    const tree = input.has('tree') ? input.value<object>('tree') : (expect['tree'] ?? { root: '0'.repeat(64), size: 1 })
    const item = { size: bytes.length, digest: { sha256: sha256Hex(bytes) }, tree }
    return chain.add(statement(depositor, origin, 'evidence.deposit', { items: [item] }, { iat: startMs / 1000 }).jws)
  })
  chain.seal()
  const policy = Buffer.from(encodeLogPolicy(ledgerKey))
  return Promise.all(
    files.map(async ({ name, vector }, n) => ({
      name,
      ending: 'tlog-proof' as const,
      proof: await receiptOf(chain, indices[n] as number),
      policy,
      file: vector.input.bytes('manifest'),
    })),
  )
}

/** Every vector that people hand over as files, and the formats of those that they do not. */
export async function vectorsAsFiles(): Promise<{
  readonly cases: readonly HandedOver[]
  readonly others: readonly string[]
}> {
  const files = readVectors()
  const sound = (files.find(({ name }) => name === 'receipt/disclosed') as VectorFile).vector.input
  const [manifests, rest] = [true, false].map((is) =>
    files.filter(({ vector }) => (vector.format === 'manifest') === is),
  ) as [VectorFile[], VectorFile[]]
  const cases = rest.flatMap(({ name, vector }): HandedOver[] => {
    const how = handed[vector.format]
    return how === undefined ? [] : [{ name, ...how(vector.input, sound) }]
  })
  const others = new Set(rest.map(({ vector }) => vector.format).filter((format) => !(format in handed)))
  return { cases: [...cases, ...(await manifestsOf(manifests))], others: [...others].sort() }
}
