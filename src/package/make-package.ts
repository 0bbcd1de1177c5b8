import { latin1, lossyUtf8, utf8 } from '../core/bytes.ts'
import { EvidenceError } from '../core/errors.ts'
import { type ManifestLine, parseManifest } from '../core/manifest.ts'
import type { Policy } from '../core/policy.ts'
import { parseReceipt } from '../core/receipt.ts'
import type { Item } from '../statements/members.ts'
import { cosignersOf, isDeposit, itemsOf } from '../statements/said.ts'
import { fileDiffers } from '../verify/check-file.ts'
import type { CheckedReceipt } from '../verify/check-receipt.ts'
import { LogView } from '../log/view.ts'
import { Admissions } from './admissions.ts'
import { admissionReceipts, type KeyLocator } from './admission-receipts.ts'
import { type BagContent, contentSize } from './bag-content.ts'
import { bagitText, encodeBagList, labels, oxum, packageVersion } from './bag-tags.ts'
import { type CustodyFile, custodyText } from './custody.ts'
import { FilePaths } from './file-paths.ts'
import { depositFolder, names, sidecarPath } from './layout.ts'
import { type ReceiptInput, type SoundReceipt, soundInput, soundReceipt } from './sound-receipt.ts'
import { verifyGuide } from './verify-guide.ts'

/** A file that lies on a disk; its name is what the deposit calls it, raw bytes. */
export interface FileInput {
  readonly name: Uint8Array
  readonly path: string | Uint8Array
  readonly size: number
  /** Lower-case hex; where it is not known, the name alone says which file of the deposit this is. */
  readonly sha256?: string
}

/** One deposit, as it was gathered. */
export interface DepositInput extends ReceiptInput {
  /** By number of the item. */
  readonly manifests: ReadonlyMap<number, Uint8Array>
  readonly proofs: readonly { readonly bytes: Uint8Array; readonly item: number; readonly line: ManifestLine }[]
  readonly files: readonly FileInput[]
}

export interface PackageInput {
  readonly case?: string
  readonly deposits: readonly DepositInput[]
  /** Receipts of attestations and retractions. */
  readonly related: readonly ReceiptInput[]
  readonly policy: Policy
  readonly policyBytes: Uint8Array
  /** Where admissions come from. */
  readonly ledger?: { readonly tree: LogView; readonly locate: KeyLocator }
  readonly digestsOnly: boolean
  /** Day of packing, `YYYY-MM-DD`. */
  readonly packed: string
  /** Where the ledger was asked for later events, as of its tree's size: how many it told of that may not be read. */
  readonly eventsNotShown?: number
}

interface ReadDeposit extends DepositInput {
  readonly checked: CheckedReceipt
  readonly origin: string
  readonly index: number
}

/**
 * The files of a package (docs/spec/18-package.md), all but the manifests of the bag. The same input makes the same files.
 * Throws the first fault of a receipt, `key-unknown`, and what the ledger's tiles throw.
 */
export async function packageFiles(input: PackageInput): Promise<Map<string, BagContent>> {
  const { ledger, policy } = input
  const deposits: ReadDeposit[] = []
  for (const deposit of input.deposits) {
    const sound = await soundInput(deposit, policy, ledger?.tree)
    const { proof, entry } = sound.checked.receipt
    deposits.push({ ...deposit, ...sound, origin: proof.checkpoint.origin, index: entry.index })
  }
  deposits.sort((a, b) => (a.origin === b.origin ? a.index - b.index : a.origin < b.origin ? -1 : 1))
  const related: SoundReceipt[] = []
  for (const receipt of input.related) related.push(await soundInput(receipt, policy, ledger?.tree))
  related.sort((a, b) => a.checked.receipt.entry.index - b.checked.receipt.entry.index)
  const signers = [...deposits, ...related]
    .filter(({ checked }) => checked.receipt.proof.checkpoint.origin === ledger?.tree.origin)
    // Who signed within an entry too, such as who released what it hands over.
    .flatMap(({ checked }) => [
      ...(checked.statement === undefined ? [] : [checked.statement.header.kid]),
      ...cosignersOf(checked.body),
    ])
  const brought = ledger === undefined ? new Map() : await admissionReceipts(ledger.tree, ledger.locate, signers)
  const admissions = new Admissions([
    ...[...brought.values()].map((bytes) => soundReceipt(bytes, policy)),
    ...[...deposits, ...related].map(({ checked }) => checked),
  ])

  const files = new Map<string, BagContent>()
  const put = (path: string, bytes: Uint8Array | string): unknown =>
    files.set(path, { bytes: typeof bytes === 'string' ? utf8(bytes) : bytes })
  const putReceipt = (path: string, { receipt, sidecars }: ReceiptInput): void => {
    put(path, receipt)
    for (const [ending, bytes] of sidecars) put(sidecarPath(path, ending), bytes)
  }
  const withheld = new Map<string, string>()
  const custody = []
  for (const [i, deposit] of deposits.entries()) {
    const folder = depositFolder(i + 1, deposits.length)
    putReceipt(`${folder}/${names.receipt}`, deposit)
    const latest = await latestReceipt(deposit, ledger?.tree)
    if (latest !== undefined) put(`${folder}/${names.latest}`, latest)
    for (const [item, bytes] of deposit.manifests) put(`${folder}/manifests/${item}.evidence-manifest`, bytes)
    for (const [n, { bytes }] of deposit.proofs.entries()) put(`${folder}/proofs/${n + 1}.file-proof`, bytes)
    const placed = placeFiles(deposit, `${folder}/files`, input.digestsOnly)
    for (const { path, input: file } of placed.packed) files.set(path, { file: file.path, size: file.size })
    for (const { path, sha256 } of placed.custody.filter(({ isWithheld }) => isWithheld)) {
      if (sha256 !== undefined) withheld.set(path, sha256)
    }
    const { checked } = deposit
    custody.push({ folder, checked, admission: admissions.verdict(checked), files: placed.custody })
  }
  for (const [index, bytes] of brought) put(`data/admissions/${index}.tlog-proof`, bytes)
  for (const [n, receipt] of related.entries()) putReceipt(`data/related/${n + 1}.tlog-proof`, receipt)
  const payload = [...files]
    .filter(([path]) => path.startsWith('data/'))
    .map(([, content]) => ({ size: contentSize(content) }))
  put(names.bagit, bagitText)
  put(names.info, infoText(input, oxum(payload)))
  put(names.policy, input.policyBytes)
  put(names.guide, verifyGuide)
  const events = related.map(({ checked }) => ({ checked, admission: admissions.verdict(checked) }))
  put(names.custody, custodyText(input.case, custody, events))
  if (withheld.size > 0) put(names.withheld, encodeBagList(withheld))
  return files
}

function infoText({ case: number, packed, ledger, eventsNotShown }: PackageInput, payloadOxum: string): string {
  const one = number?.replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, ' ').trim()
  const isAsked = ledger !== undefined && eventsNotShown !== undefined
  return [
    'Bag-Software-Agent: evidence-ledger',
    `${labels.packed}: ${packed}`,
    ...(isAsked ? [`${labels.asked}: ${ledger.tree.origin} ${ledger.tree.size}`] : []),
    ...(isAsked && eventsNotShown > 0 ? [`${labels.notShown}: ${eventsNotShown}`] : []),
    `${labels.version}: ${packageVersion}`,
    ...(one === undefined || one === '' ? [] : [`${labels.case}: ${one}`]),
    `${labels.oxum}: ${payloadOxum}`,
    '',
  ].join('\n')
}

/**
 * A receipt of the deposit's entry under the tree's checkpoint. Undefined where there is no tree, it is of another ledger or does not hold the
 * entry, or the given receipt is of that size already. Throws what reading the tree throws.
 */
async function latestReceipt(
  { receipt, index, origin }: ReadDeposit,
  tree: LogView | undefined,
): Promise<Uint8Array | undefined> {
  if (tree === undefined || tree.origin !== origin || tree.size <= index) return undefined
  const { entryBytes, signer, disclosures, proof } = parseReceipt(receipt)
  if (proof.checkpoint.size === tree.size) return undefined
  const shown = disclosures.map(({ text }) => text)
  return tree.receipt({ index, bytes: entryBytes }, signer, shown)
}

/** Files that were gathered and not placed yet: found by digest where that is known, else by the name that the deposit gives. */
class FilesAtHand {
  private readonly byDigest = new Map<string, FileInput[]>()
  private readonly byName = new Map<string, FileInput[]>()
  private readonly left: Set<FileInput>

  constructor(files: readonly FileInput[]) {
    this.left = new Set(files)
    for (const file of files) {
      if (file.sha256 !== undefined) push(this.byDigest, file.sha256, file)
      push(this.byName, latin1(file.name), file)
    }
  }

  take(name: Uint8Array | undefined, sha256: string | undefined): FileInput | undefined {
    const named = name === undefined ? [] : (this.byName.get(latin1(name)) ?? [])
    const same =
      sha256 === undefined
        ? named
        : [...(this.byDigest.get(sha256) ?? []), ...named.filter((file) => file.sha256 === undefined)]
    const found = same.find((file) => this.left.has(file))
    if (found !== undefined) this.left.delete(found)
    return found
  }

  /** A file that no deposit names; undefined where there is none left. */
  next(): FileInput | undefined {
    return this.left.values().next().value
  }
}

function push<T>(lists: Map<string, T[]>, key: string, value: T): void {
  const list = lists.get(key)
  if (list === undefined) lists.set(key, [value])
  else list.push(value)
}

interface PlacedFiles {
  readonly packed: readonly { readonly path: string; readonly input: FileInput }[]
  readonly custody: readonly CustodyFile[]
}

/** What the deposit lists, with a path for each, and the files that are at hand for it. */
function placeFiles(deposit: ReadDeposit, folder: string, digestsOnly: boolean): PlacedFiles {
  const paths = new FilePaths(folder)
  const left = new FilesAtHand(deposit.files)
  const packed: { path: string; input: FileInput }[] = []
  const custody: CustodyFile[] = []
  for (const { item, name, sha256, size } of listed(deposit)) {
    const found = left.take(name, sha256)
    const file = digestsOnly ? undefined : found
    const path = paths.allot(name ?? found?.name ?? utf8('unnamed'))
    if (file !== undefined) packed.push({ path, input: file })
    const shown = name === undefined ? undefined : lossyUtf8(name)
    custody.push({ path, item, sha256, size: size ?? found?.size, isWithheld: file === undefined, name: shown })
  }
  const stranger = left.next()
  if (stranger !== undefined) {
    const where = typeof stranger.path === 'string' ? stranger.path : lossyUtf8(stranger.path)
    throw new EvidenceError('file-not-in-deposit', `${where}: ${fileDiffers}`, { where })
  }
  return { packed, custody }
}

interface Listed {
  /** Number of the item that it is, or whose manifest lists it. */
  readonly item: number
  /** Undefined where the receipt withholds names. */
  readonly name: Uint8Array | undefined
  readonly sha256: string | undefined
  readonly size: number | undefined
}

/** Everything that a deposit names: its items, and the lines of its manifests and file proofs. */
function listed({ checked, manifests, proofs }: ReadDeposit): Listed[] {
  const { body, disclosures } = checked
  if (!isDeposit(body))
    throw new EvidenceError('reference-kind', `the receipt is for ${body?.kind ?? 'nothing'}, which deposits no file`)
  const names = disclosures.find(({ claim }) => claim === 'names')?.value
  const nameOf = (item: number): unknown => (Array.isArray(names) ? names[item] : undefined)
  const line = (item: number, { sha256, path }: ManifestLine): Listed => ({ item, name: path, sha256, size: undefined })
  const items = itemsOf(body).flatMap(({ tree, digest, size }: Item, i): Listed[] => {
    const manifest = manifests.get(i)
    if (tree !== undefined) return manifest === undefined ? [] : parseManifest(manifest).map((one) => line(i, one))
    const name = nameOf(i)
    const bytes = typeof name === 'string' && name !== '' ? utf8(name) : undefined
    return [{ item: i, name: bytes, sha256: digest['sha256'], size }]
  })
  return [...items, ...proofs.map((proof) => line(proof.item, proof.line))]
}
