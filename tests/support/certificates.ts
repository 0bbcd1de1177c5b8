import { writeFileSync } from 'node:fs'
import { checkCertificate } from '../../cli/certificate/check.ts'
import { exitCodeOf } from '../../src/verify/report.ts'
import { encodeModel, type Stated, type StatedLater } from '../../src/certificate/model.ts'
import type { CertificateModel } from '../../src/certificate/model.ts'
import { type AttachmentName, type Attachments, laterName } from '../../src/certificate/attachments.ts'
import { evidenced } from '../../src/certificate/judge.ts'
import { writeHtmlCertificate } from '../../src/certificate/html/write.ts'
import { htmlWriter } from '../../src/certificate/node/html.ts'
import { writerBuild } from '../../src/certificate/node/build.ts'
import { writeCertificate } from '../../src/certificate/node/write.ts'
import { modelOf, modelText } from '../../src/certificate/shown.ts'
import { stepsOf } from '../../src/certificate/custody.ts'
import { handedFiles } from '../../src/check/node/handed-files.ts'
import { toHex } from '../../src/core/base64.ts'
import { concat, utf8 } from '../../src/core/bytes.ts'
import { signCheckpoint } from '../../src/core/checkpoint.ts'
import { encodeEntry, leafHash, zeroHash } from '../../src/core/entry.ts'
import { encodeFileProof } from '../../src/core/file-proof.ts'
import type { JsonValue } from '../../src/core/json.ts'
import { encodeKeyTransition } from '../../src/core/key-transition.ts'
import { manifestTree } from '../../src/core/manifest.ts'
import { Tile } from '../../src/core/merkle/tile.ts'
import { rootFromTiles } from '../../src/core/merkle/tiles.ts'
import { verifierKey } from '../../src/core/note.ts'
import { encodeLogPolicy } from '../../src/core/policy.ts'
import { encodeReceipt } from '../../src/core/receipt.ts'
import { bytesOfText } from '../../src/core/text.ts'
import { LogView } from '../../src/log/view.ts'
import { itemsOf } from '../../src/statements/said.ts'
import type { SealedClaim } from '../../src/statements/vocabulary.ts'
import type { SigningKey } from '../../src/node/key-file.ts'
import { defined } from '../../src/core/objects.ts'
import { administrator, depositor, ledgerKey, ledgerSigner, origin, startMs, TestChain } from './chain.ts'
import { releaseBy, transferMembers } from './custody.ts'
import { signerNamed } from './signers.ts'
import { itemFor, sha256Hex, statement } from './statements.ts'

/** The policy of {@link sampleCertificate}'s ledger, as a file. */
export const samplePolicy: string = encodeLogPolicy(ledgerKey)

/** A later entry: a retraction of the whole or a part, an attestation, the revocation of the key, what is said of custody, or a record. */
export type LaterSample =
  | { readonly retract: string; readonly item?: number; readonly line?: number }
  | { readonly attest: string }
  | { readonly revoke: string; readonly compromisedSince?: string }
  | HandOverSample
  | { readonly end: string; readonly by: string; readonly item?: number }
  | { readonly resume: string; readonly by: string; readonly item?: number }
  | { readonly event: string; readonly by: string; readonly item?: number }
  | { readonly challenge: string; readonly item?: number }
  /** `on`: which of the samples the finding is on, by its number from 1; the deposit without it. */
  | { readonly finding: string; readonly on?: number }
  | { readonly erase: 'ordered' }

/** A hand-over by a release of `from`, and what `to` makes of it. */
export interface HandOverSample {
  readonly from: string
  readonly to: string
  readonly outcome?: 'accepted' | 'rejected' | 'withdrawn'
  readonly inLieu?: string
  readonly checked?: string
  readonly item?: number
  /** The entry through which the giver says to have held it; the one before the hand-over where nothing is said. */
  readonly since?: number
}

/** What a certificate is made of here: a ledger of one entry, its receipt, and what its maker states. */
export interface Sample {
  /** What was deposited, beside a list of files; one item of a few bytes where nothing is said. */
  readonly items?: readonly object[]
  readonly sealed?: Partial<Record<SealedClaim, JsonValue>>
  /** Paths of a deposited folder; the item is its list. */
  readonly folder?: readonly string[]
  /** With a folder: the proof of one of its two files, by the number of its line. */
  readonly line?: 0 | 1
  /** The checkpoint's key was retired, and another has signed since. */
  readonly rotated?: boolean
  /** False where the receipt stands alone. */
  readonly compared?: boolean
  /** What the file is called that was compared. */
  readonly name?: string
  /** Of later entries without `steps`: as many steps of custody as are attached. */
  readonly stated?: Partial<Omit<Stated, 'later'>> & { readonly later?: SampleLater | null }
  /** What later entries of its ledger say, whose receipts are attached. */
  readonly events?: readonly LaterSample[]
}

type SampleLater = Omit<StatedLater, 'steps'> & Partial<Pick<StatedLater, 'steps'>>

export interface MadeCertificate {
  readonly bytes: Uint8Array
  readonly model: CertificateModel
  readonly attachments: Attachments
  readonly policy: Uint8Array
}

/** The file that was deposited, where nothing is said of items. */
export const sampleContent = 'an exhibit'

/** Receipts of later entries about the sample's deposit, by the names of attachments. */
async function laterReceipts(
  jws: string,
  leaf: Uint8Array,
  events: readonly LaterSample[],
): Promise<Map<AttachmentName, Uint8Array>> {
  const chain = new TestChain()
  chain.add(jws, { timeMs: startMs })
  const leaves = [Buffer.from(leaf).toString('base64')]
  const keys: SigningKey['jwk'][] = []
  for (const event of events) {
    const { by, kind, members } = saidBy(event, leaves)
    const signer = signerCalled(by)
    const index = chain.add(statement(signer, origin, kind, members, { iss: by, iat: startMs / 1000 }).jws)
    leaves.push(Buffer.from(leafHash(chain.bytes[index] as Uint8Array)).toString('base64'))
    keys.push(signer.jwk)
  }
  const view = await LogView.open(chain.seal())
  const receipts = await Promise.all(
    keys.map((jwk, i) => view.receipt({ index: i + 1, bytes: chain.bytes[i + 1] as Uint8Array }, jwk, [])),
  )
  return new Map(receipts.map((bytes, i) => [laterName(i + 1), bytes]))
}

function signerCalled(id: string): SigningKey {
  if (id === 'depositor') return depositor
  return id === 'administrator' ? administrator : signerNamed(id)
}

const digestOfClaim = 'A'.repeat(43)
const seals = { _sd: [digestOfClaim], _sd_alg: 'sha-256' }

/** What a sample says, and who signs it; `leaves` are leaf hashes of the entries before it. */
function saidBy(event: LaterSample, leaves: readonly string[]): { by: string; kind: string; members: object } {
  const to = (index: number): { index: number; leafHash: string } => ({ index, leafHash: leaves[index] as string })
  if ('retract' in event) {
    const { retract: reason, ...part } = event
    return { by: 'depositor', kind: 'evidence.retract', members: { of: { ...to(0), ...part }, reason } }
  }
  if ('attest' in event)
    return { by: 'administrator', kind: 'evidence.attest', members: { of: to(0), as: event.attest } }
  if ('revoke' in event) {
    const { revoke: reason, ...more } = event
    return { by: 'administrator', kind: 'participant.revoke', members: { key: depositor.thumbprint, reason, ...more } }
  }
  if ('finding' in event)
    return { by: 'court', kind: 'evidence.finding', members: { of: to(event.on ?? 0), finding: event.finding } }
  if ('erase' in event)
    return { by: 'court', kind: 'erasure.order', members: { of: [{ ...to(0), digests: [digestOfClaim] }], ...seals } }
  const of = { ...to(0), ...defined({ item: event.item }) }
  if ('challenge' in event) return { by: event.challenge, kind: 'evidence.challenge', members: { of, ...seals } }
  if ('event' in event) return { by: event.by, kind: 'evidence.event', members: { of, event: event.event } }
  if ('end' in event) return { by: event.by, kind: 'custody.end', members: { of: [of], how: event.end } }
  if ('resume' in event) return { by: event.by, kind: 'custody.resume', members: { of: [of], reason: event.resume } }
  const { from, outcome = 'accepted', inLieu, checked } = event
  const told = {
    aud: origin,
    iss: from,
    to: event.to,
    exhibits: [of],
    since: event.since ?? leaves.length - 1,
    iat: startMs / 1000,
  }
  const release = releaseBy(signerCalled(from), { ...told, ...defined({ inLieu }) })
  const members = transferMembers(release, outcome, 1, checked === undefined ? {} : { checked: [checked] })
  return { by: outcome === 'withdrawn' ? from : event.to, kind: 'custody.transfer', members }
}

function listOf(paths: readonly string[]): { bytes: Uint8Array; lines: Uint8Array[] } {
  const lines = paths
    .map(bytesOfText)
    .sort((a, b) => Buffer.compare(a, b))
    .map((path, i) => concat(utf8(`${sha256Hex(String(i))}  `), path))
  return { bytes: concat(...lines.map((line) => concat(line, utf8('\n')))), lines }
}

/** Attachments of a sample, without its fields, and what was compared. */
function evidenceOf(sample: Sample): {
  attachments: Map<AttachmentName, Uint8Array>
  compared: Stated['compared']
  jws: string
  leaf: Uint8Array
} {
  const list = sample.folder === undefined ? undefined : listOf(sample.folder)
  const tree = list === undefined ? undefined : manifestTree(list.bytes)
  const listItem =
    list === undefined || tree === undefined
      ? undefined
      : {
          size: list.bytes.length,
          digest: { sha256: sha256Hex(list.bytes) },
          tree: { root: toHex(tree.root), size: tree.size },
        }
  const items = sample.items ?? (listItem === undefined ? [itemFor(sampleContent)] : [listItem])
  const options = { iat: startMs / 1000, sealed: sample.sealed ?? {} }
  const { jws, disclosures } = statement(depositor, origin, 'evidence.deposit', { items }, options)
  const entryBytes = encodeEntry({ index: 0, time: '2026-11-01T08:00:00.000Z', previous: zeroHash, statement: jws })
  const tile = new Tile()
  tile.append(leafHash(entryBytes))
  const checkpoint = { origin, size: 1, root: rootFromTiles(1, () => tile) }
  const retired = signerNamed('retired ledger')
  const note =
    sample.rotated === true
      ? signCheckpoint(checkpoint, verifierKey(origin, retired.publicKey), retired.sign)
      : signCheckpoint(checkpoint, ledgerKey, ledgerSigner.sign)
  const receipt = utf8(
    encodeReceipt({ entryBytes, signer: depositor.jwk, disclosures: disclosures.map(({ text }) => text) }, 0, [], note),
  )
  const attachments = new Map<AttachmentName, Uint8Array>([['evidence.tlog-proof', receipt]])
  if (sample.rotated === true) {
    const later = signCheckpoint(checkpoint, ledgerKey, ledgerSigner.sign)
    attachments.set('evidence.key-transition', utf8(encodeKeyTransition(1, [], later)))
  }
  attachments.set('policy', utf8(samplePolicy))
  const own = { attachments, jws, leaf: leafHash(entryBytes) }
  const name = modelText(sample.name ?? 'exhibit.txt')
  if (list === undefined) {
    const first = items[0] as { size: number; digest: Record<string, string> }
    const compared = { what: 'file' as const, name, size: first.size, digests: Object.entries(first.digest) }
    return { ...own, compared }
  }
  if (sample.line === undefined) {
    attachments.set('evidence.evidence-manifest', list.bytes)
    return { ...own, compared: { what: 'folder', name, files: list.lines.length } }
  }
  const [mine, other] = [list.lines[sample.line], list.lines[1 - sample.line]] as [Uint8Array, Uint8Array]
  const proof = { item: 0, lineIndex: sample.line, line: mine, hashes: [leafHash(other)], receipt }
  attachments.set('evidence.file-proof', encodeFileProof(proof))
  const digests = [['sha256', sha256Hex(String(sample.line))]] as [string, string][]
  return { ...own, compared: { what: 'file', name, size: 1, digests } }
}

/** Writes the certificate of a sample as HTML. */
export async function sampleHtmlCertificate(sample: Sample = {}): Promise<MadeCertificate> {
  const checker = htmlWriter()
  const program = { version: '0.1.0', build: checker.build }
  const made = await sampleFields({ ...sample, stated: { program, ...sample.stated } })
  return { ...made, bytes: writeHtmlCertificate(made.model, made.attachments, checker) }
}

/** Writes the certificate of a sample. */
export async function sampleCertificate(sample: Sample = {}): Promise<MadeCertificate> {
  const made = await sampleFields(sample)
  return { ...made, bytes: await writeCertificate(made.model, made.attachments) }
}

async function sampleFields(sample: Sample): Promise<Omit<MadeCertificate, 'bytes'>> {
  const { attachments, compared, jws, leaf } = evidenceOf(sample)
  for (const [name, bytes] of await laterReceipts(jws, leaf, sample.events ?? [])) attachments.set(name, bytes)
  const found = await evidenced(attachments, handedFiles)
  const items = itemsOf(found.result.checked?.body).map((_, item) => stepsOf(found.later, item).length)
  const { later = null, ...said } = sample.stated ?? {}
  const stated: Stated = {
    madeAt: '2026-11-27T04:00:00.000Z',
    program: { version: '0.1.0', build: writerBuild() },
    language: 'both',
    applicant: null,
    onRequestOf: null,
    case: null,
    platform: null,
    compared: sample.compared === false ? null : compared,
    timeStamp: null,
    seal: null,
    ...said,
    later: later === null ? null : { steps: items, ...later },
  }
  const model = modelOf(found, stated)
  attachments.set('certificate.json', encodeModel(model))
  return { model, attachments, policy: utf8(samplePolicy) }
}

/** Writes a certificate to a path and checks it there by the sample's policy: the exit code, and the codes and places of all that was found. */
export async function checkedCertificate(
  path: string,
  bytes: Uint8Array | string,
): Promise<{ exit: number; codes: string[]; where: (string | undefined)[] }> {
  writeFileSync(path, bytes)
  const { faults, unjudged } = await checkCertificate(path, {
    policy: { path: 'policy', bytes: utf8(samplePolicy) },
    rotation: [],
    timestampAnchors: undefined,
    ledger: undefined,
  })
  const all = [...faults, ...unjudged]
  return {
    exit: exitCodeOf(faults, unjudged),
    codes: all.map(({ code }) => code),
    where: all.map((one) => one.where),
  }
}
