import type { Item } from '../../src/statements/members.ts'
import { toHex } from '../../src/core/base64.ts'
import { digestsOf } from '../../src/core/digest.ts'
import type { JsonValue } from '../../src/core/json.ts'
import { encodeManifest, manifestTree } from '../../src/core/manifest.ts'
import { defined } from '../../src/core/objects.ts'
import { bytesOfText } from '../../src/core/text.ts'
import { type ComposedStatement, signedStatement, unsignedStatement } from '../../src/statements/compose.ts'
import type { CaseClaim } from '../../src/statements/sealed.ts'
import type { SealedClaim } from '../../src/statements/vocabulary.ts'
import { fieldsOf } from './fields.ts'
import { type BrowserKey, signText } from '../ui/key.ts'

/** One file that was hashed. */
export interface HashedFile {
  /** Its path within what was chosen. */
  readonly path: string
  readonly size: number
  readonly sha256: string
  readonly mediaType: string
}

/** What the form says besides the files. */
export interface DepositForm {
  readonly category: string
  readonly caseNumber: string
  readonly authority: string
  readonly stage: string
  readonly note: string
  /** Members of the sealed claim `collection`, as they were typed; empty ones are left out. */
  readonly collection: Readonly<Record<string, string>>
}

/** What is deposited: the items, and, where files make a folder, its manifest. */
export interface DepositContent {
  readonly items: readonly Item[]
  readonly names: readonly string[]
  readonly manifest: Uint8Array | undefined
}

/** Single files are items of their own; files of a folder become one manifest, which is the one item. */
export function contentOf(files: readonly HashedFile[], folder: string | undefined, category: string): DepositContent {
  const common = category === '' ? {} : { category }
  if (folder === undefined) {
    const items = files.map(({ size, sha256, mediaType }) => ({
      size,
      digest: { sha256 },
      ...(mediaType === '' ? {} : { mediaType }),
      ...common,
    }))
    return { items, names: files.map(({ path }) => path), manifest: undefined }
  }
  const lines = files.map(({ path, sha256 }) => ({ sha256, path: bytesOfText(path.slice(folder.length + 1)) }))
  const manifest = encodeManifest(lines)
  const { root, size } = manifestTree(manifest)
  const digest = digestsOf(manifest, ['sha256']) as { sha256: string }
  const tree = { root: toHex(root), size }
  const item = { size: manifest.length, digest, mediaType: 'text/plain', ...common, tree }
  return { items: [item], names: [`${folder}.evidence-manifest`], manifest }
}

/** Writes and signs a deposit with the key of this browser. */
export async function signDeposit(
  key: BrowserKey,
  origin: string,
  { items, names }: DepositContent,
  form: DepositForm,
): Promise<ComposedStatement> {
  const context = {
    iss: key.id,
    aud: origin,
    jti: crypto.randomUUID(),
    iat: Math.floor(Date.now() / 1000),
    kind: 'evidence.deposit',
  }
  const sealed: Partial<Record<SealedClaim, JsonValue>> = defined({
    names: [...names],
    case: caseOf(form) as JsonValue | undefined,
    collection: collectionOf(form),
    note: form.note.trim() === '' ? undefined : form.note.trim(),
  })
  const unsigned = unsignedStatement(context, { items }, sealed, key.jwk, randomBytes)
  return signedStatement(unsigned, await signText(key, unsigned.input))
}

function caseOf({ caseNumber, authority, stage }: DepositForm): CaseClaim | undefined {
  if (caseNumber.trim() === '') return undefined
  return [{ number: caseNumber.trim(), ...filled({ authority, stage }) }]
}

/** What was typed in the fields that the category shows: what is not shown any more is not signed. */
function collectionOf({ category, collection }: DepositForm): JsonValue | undefined {
  const shown = fieldsOf(category).map((name) => [name, collection[name] ?? ''] as const)
  const { start = '', end = '', officers = '', witness = '', ...texts } = Object.fromEntries(shown)
  const time = filled({ start, end })
  const people = officers
    .split(/[,;，；、\n]/u)
    .map((name) => name.trim())
    .filter((name) => name !== '')
  const members = {
    ...filled(texts),
    ...(Object.keys(time).length === 0 ? {} : { time }),
    ...(people.length === 0 ? {} : { officers: people.map((name) => ({ name })) }),
    ...(witness.trim() === '' ? {} : { witness: { name: witness.trim() } }),
  }
  return Object.keys(members).length === 0 ? undefined : (members as JsonValue)
}

function filled(texts: Readonly<Record<string, string>>): Record<string, string> {
  const entries = Object.entries(texts).map(([name, text]) => [name, text.trim()] as const)
  return Object.fromEntries(entries.filter(([, text]) => text !== ''))
}

function randomBytes(count: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(count))
}

/** A request to be admitted, as `evidence participants admit --request` and `evidence approvals propose` read it. */
export function admissionRequest({ id, jwk }: BrowserKey, origin: string, name: string, type: string): string {
  const participant = { id, type, roles: ['depositor'], keys: [jwk], ...(name === '' ? {} : { name }) }
  return `${JSON.stringify({ aud: origin, kind: 'participant.admit', participant }, null, 2)}\n`
}
