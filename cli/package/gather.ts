import { existsSync, lstatSync, readdirSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { settledOr, valueOr } from '../../src/core/attempt.ts'
import { toHex } from '../../src/core/base64.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { leafHash } from '../../src/core/entry.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import { encodeFileProof, isFileProof, parseFileProof } from '../../src/core/file-proof.ts'
import { parseManifest } from '../../src/core/manifest.ts'
import type { Policy } from '../../src/core/policy.ts'
import { parseReceipt } from '../../src/core/receipt.ts'
import { caseNumbersOf, lookupForm } from '../../src/statements/disclosures.ts'
import { itemsOf, referencesOf } from '../../src/statements/said.ts'
import { digestFile } from '../../src/node/file-digest.ts'
import { type Sidecar, sidecars } from '../../src/package/layout.ts'
import { relatedEvents } from '../../src/package/package-events.ts'
import type { DepositInput, FileInput } from '../../src/package/make-package.ts'
import { type ReceiptInput, soundInput, type SoundReceipt } from '../../src/package/sound-receipt.ts'
import type { CheckedReceipt } from '../../src/verify/check-receipt.ts'
import { LogView } from '../../src/log/view.ts'
import { timeProofPath, transitionPath } from '../../src/core/artefact-names.ts'
import { manifestPath } from '../../src/node/artefact-names.ts'
import { findEvidence, findManifest } from '../../src/check/node/evidence-files.ts'
import type { Evidence } from '../../src/check/steps/handed.ts'
import { manifestAt, readArtefact } from '../../src/check/node/artefact.ts'
import { lineProof } from '../../src/check/node/line-proof.ts'
import { readTimeProof } from '../../src/check/node/time.ts'

interface Gathering {
  readonly receipt: Uint8Array
  readonly sidecars: ReadonlyMap<Sidecar, Uint8Array>
  readonly manifests: Map<number, Uint8Array>
  readonly proofs: Map<string, DepositInput['proofs'][number]>
  readonly files: Map<string, FileInput>
}

/** Deposits with what lies beside their receipts, each once, whatever names it. */
export class PackageGathering {
  private readonly policy: Policy
  /** Gives key transitions to receipts that a retired key of the ledger signed. */
  private readonly tree: LogView | undefined
  private readonly deposits = new Map<string, Gathering>()
  private readonly events = new Map<string, ReceiptInput>()

  constructor(policy: Policy, tree: LogView | undefined) {
    this.policy = policy
    this.tree = tree
  }

  /** A receipt that holds, with what lies beside it. Throws what is wrong with it first. */
  private sound(receipt: Uint8Array, path: string | undefined): Promise<SoundReceipt> {
    return soundInput({ receipt, sidecars: sidecarsOf(path) }, this.policy, this.tree)
  }

  get inputs(): DepositInput[] {
    return [...this.deposits.values()].map((one) => ({
      ...one,
      proofs: [...one.proofs.values()],
      files: [...one.files.values()],
    }))
  }

  /** Receipts of attestations and retractions of these deposits. */
  get related(): ReceiptInput[] {
    return [...this.events.values()]
  }

  private async of(
    bytes: Uint8Array,
    path: string | undefined,
  ): Promise<{ deposit: Gathering; checked: CheckedReceipt }> {
    const { checked, sidecars: beside } = await this.sound(bytes, path)
    const key = keyOf(checked)
    let deposit = this.deposits.get(key)
    if (deposit === undefined) {
      deposit = { receipt: bytes, sidecars: beside, manifests: new Map(), proofs: new Map(), files: new Map() }
      this.deposits.set(key, deposit)
    }
    return { deposit, checked }
  }

  /** A file or folder, or a receipt, as somebody names it. Throws `receipt-not-found` and what is wrong with its evidence. */
  async add(path: string): Promise<void> {
    if (path.endsWith('.tlog-proof')) return this.addReceipt(path)
    if (lstatSync(path).isDirectory()) {
      const receipt = manifestPath(path).replace(/\.evidence-manifest$/, '.tlog-proof')
      if (!existsSync(manifestPath(path)) || !existsSync(receipt)) {
        throw new EvidenceError('receipt-not-found', `there is no manifest with a receipt beside the folder ${path}`, {
          where: path,
        })
      }
      return this.addReceipt(receipt)
    }
    const beside = findEvidence(path)
    // The manifest would show the names and digests of all the other files.
    const evidence = beside.kind === 'manifest' ? (findManifest(path) ?? beside) : beside
    if (evidence.kind === 'receipt') return this.addReceipt(evidence.receipt)
    return this.addProven(path, evidence)
  }

  private async addProven(path: string, evidence: Exclude<Evidence, { kind: 'receipt' }>): Promise<void> {
    const receiptFile = evidence.kind === 'manifest' ? evidence.receipt : evidence.proof
    const proof =
      evidence.kind === 'file-proof'
        ? parseFileProof(readArtefact(evidence.proof))
        : lineProof(evidence, path, itemOf((await this.sound(readArtefact(receiptFile), receiptFile)).checked), true)
            .proof
    const { deposit } = await this.of(proof.receipt, receiptFile)
    // Of two holders' receipts of one entry the first is kept, and a proof holds its own: they are made to agree.
    const bytes = encodeFileProof({ ...proof, receipt: deposit.receipt })
    deposit.proofs.set(Buffer.from(proof.line).toString('latin1'), { bytes, item: proof.item, line: proof.file })
    await addFile(deposit, path, proof.file.path, proof.file.sha256)
  }

  /** A receipt with the manifest, folder or file that lies beside it. */
  async addReceipt(path: string): Promise<void> {
    const { deposit, checked } = await this.of(readArtefact(path), path)
    const beside = path.replace(/\.tlog-proof$/, '')
    const manifest = `${beside}.evidence-manifest`
    if (existsSync(manifest)) {
      const bytes = manifestAt(manifest).bytes
      const item = itemOf(checked)
      deposit.manifests.set(item, bytes)
      const folder = isFolder(beside) ? beside : dirname(manifest)
      for (const line of parseManifest(bytes)) {
        const file = Buffer.concat([Buffer.from(`${folder}/`), line.path])
        const stat = lstatSync(file, { throwIfNoEntry: false })
        if (stat?.isFile() === true)
          deposit.files.set(`line ${Buffer.from(line.path).toString('latin1')}`, {
            name: line.path,
            path: file,
            size: stat.size,
          })
      }
    } else if (existsSync(beside) && !isFolder(beside)) await addFile(deposit, beside, utf8(basename(beside)))
  }

  /** A receipt that a server gave, without files. */
  async addBytes(bytes: Uint8Array): Promise<void> {
    if (!this.deposits.has(keyOf((await this.sound(bytes, undefined)).checked))) await this.of(bytes, undefined)
  }

  /** Every receipt below a folder that discloses the case number; how many. */
  async addCase(number: string, receipts: readonly string[]): Promise<number> {
    let found = 0
    for (const path of receipts) {
      const bytes = receiptOf(path)
      if (bytes === undefined || !caseNumbersOf(parseReceipt(bytes).disclosures).includes(lookupForm(number))) continue
      found++
      if (path.endsWith('.file-proof')) {
        const file = path.replace(/\.file-proof$/, '')
        if (existsSync(file)) await this.addProven(file, { kind: 'file-proof', proof: path })
        else await this.addBytes(bytes)
      } else await this.addReceipt(path)
    }
    return found
  }

  /**
   * Adds those receipts that say something later of the gathered deposits, or decide of a challenge of one; `receipts` are paths of files. A
   * deposit that refers to one is not added: it is gathered by its own name.
   */
  async addRelated(receipts: readonly string[]): Promise<void> {
    const found: SoundReceipt[] = []
    for (const path of receipts) {
      const bytes = path.endsWith('.tlog-proof') ? receiptOf(path) : undefined
      if (bytes === undefined) continue
      const { entry } = parseReceipt(bytes)
      if (!entry.known) continue
      const sound = await settledOr(this.sound(bytes, path), undefined)
      if (sound !== undefined) found.push(sound)
    }
    // By index: a challenge comes before what is found on it.
    for (const sound of found.sort((a, b) => a.checked.receipt.entry.index - b.checked.receipt.entry.index)) {
      const { origin } = sound.checked.receipt.proof.checkpoint
      const isHere = (leafHash: string): boolean => {
        const key = `${origin} ${Buffer.from(leafHash, 'base64').toString('hex')}`
        return this.deposits.has(key) || this.events.has(key)
      }
      if (aboutIn(sound.checked).some(isHere)) this.events.set(keyOf(sound.checked), sound)
    }
  }

  /** Deposits of one ledger, as their receipts show them. */
  async depositsOf(origin: string): Promise<CheckedReceipt[]> {
    const found: CheckedReceipt[] = []
    for (const deposit of this.deposits.values()) {
      const { checked } = await soundInput(deposit, this.policy, this.tree)
      if (checked.receipt.proof.checkpoint.origin === origin) found.push(checked)
    }
    return found
  }

  /** A receipt of a later entry about what was gathered; one that lay beside the evidence is kept, for what it discloses. */
  async addLater(receipt: Uint8Array): Promise<void> {
    const sound = await this.sound(receipt, undefined)
    const key = keyOf(sound.checked)
    if (!this.events.has(key) && !this.deposits.has(key)) this.events.set(key, sound)
  }
}

/** What lies beside a receipt or file proof, by ending. */
function sidecarsOf(path: string | undefined): Map<Sidecar, Uint8Array> {
  const found = new Map<Sidecar, Uint8Array>()
  for (const ending of path === undefined ? [] : sidecars) {
    const beside = ending === '.time-proof' ? timeProofPath(path as string) : transitionPath(path as string)
    if (existsSync(beside)) found.set(ending, ending === '.time-proof' ? readTimeProof(beside) : readArtefact(beside))
  }
  return found
}

/** Leaf hashes (base64) of what a statement says something later of, as a statement of its own and not as a deposit. */
function aboutIn({ body }: CheckedReceipt): string[] {
  return referencesOf(body).flatMap(({ event, leafHash }) =>
    event === undefined || !relatedEvents.has(event.what) || event.what === 'related' ? [] : [leafHash],
  )
}

function keyOf({ receipt }: CheckedReceipt): string {
  return `${receipt.proof.checkpoint.origin} ${toHex(leafHash(receipt.entryBytes))}`
}

/** Number of the item that is a manifest. */
function itemOf({ body }: CheckedReceipt): number {
  return Math.max(
    0,
    itemsOf(body).findIndex(({ tree }) => tree !== undefined),
  )
}

async function addFile(deposit: Gathering, path: string, name: Uint8Array, sha256?: string): Promise<void> {
  const { size, digest } = await digestFile(path, ['sha256'])
  const found = digest.sha256 as string
  if (sha256 !== undefined && found !== sha256) {
    throw new EvidenceError('file-differs', `${path} is not byte-identical to the file that was deposited`, {
      where: path,
      expected: sha256,
      found,
    })
  }
  deposit.files.set(`file ${resolve(path)}`, { name, path, size, sha256: found })
}

function isFolder(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}

/** Receipts and file proofs below a folder, by path; links are not followed. */
export function receiptsBelow(folder: string): string[] {
  const found: string[] = []
  const visit = (at: string): void => {
    for (const entry of readdirSync(at, { withFileTypes: true })) {
      const path = join(at, entry.name)
      // Another package's receipts are not this one's evidence.
      if (entry.isDirectory() && entry.name !== 'node_modules' && !existsSync(join(path, 'bagit.txt'))) visit(path)
      else if (entry.isFile() && /\.(?:tlog-proof|file-proof)$/.test(entry.name)) found.push(path)
    }
  }
  visit(folder)
  return found.sort()
}

/** The receipt in a file, or undefined where it cannot be read as one. */
function receiptOf(path: string): Uint8Array | undefined {
  return valueOr(() => {
    const bytes = readArtefact(path)
    const receipt = isFileProof(bytes) ? parseFileProof(bytes).receipt : bytes
    parseReceipt(receipt)
    return receipt
  }, undefined)
}
