import { existsSync, lstatSync, readdirSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import {
  encodeFileProof,
  EvidenceError,
  isEvidenceError,
  isFileProof,
  leafHash,
  parseFileProof,
  parseManifest,
  parseReceipt,
  type Policy,
  toHex,
  utf8,
} from '../src/core/index.ts'
import { caseNumbersOf, lookupForm } from '../src/evidence/index.ts'
import { digestFile } from '../src/node/index.ts'
import { type DepositInput, type FileInput, sidecars, soundReceipt } from '../src/package/index.ts'
import type { CheckedReceipt } from '../src/verify/index.ts'
import { type Evidence, findEvidence, findManifest, readArtefact, readManifest } from './check-run.ts'
import { manifestPath } from './folder-manifest.ts'
import { lineProof } from './line-proof.ts'

interface Gathering {
  readonly receipt: Uint8Array
  readonly sidecars: Map<string, Uint8Array>
  readonly manifests: Map<number, Uint8Array>
  readonly proofs: Map<string, DepositInput['proofs'][number]>
  readonly files: Map<string, FileInput>
}

/** Deposits with what lies beside their receipts, each once, whatever names it. */
export class PackageGathering {
  private readonly policy: Policy
  private readonly deposits = new Map<string, Gathering>()
  private readonly events = new Map<string, Uint8Array>()

  constructor(policy: Policy) {
    this.policy = policy
  }

  get inputs(): DepositInput[] {
    return [...this.deposits.values()].map((one) => ({
      ...one,
      proofs: [...one.proofs.values()],
      files: [...one.files.values()],
    }))
  }

  /** Receipts of attestations and retractions of these deposits. */
  get related(): Uint8Array[] {
    return [...this.events.values()]
  }

  private async of(
    bytes: Uint8Array,
    path: string | undefined,
  ): Promise<{ deposit: Gathering; checked: CheckedReceipt }> {
    const checked = soundReceipt(bytes, this.policy)
    const key = keyOf(checked)
    let deposit = this.deposits.get(key)
    if (deposit === undefined) {
      deposit = { receipt: bytes, sidecars: new Map(), manifests: new Map(), proofs: new Map(), files: new Map() }
      this.deposits.set(key, deposit)
      for (const ending of path === undefined ? [] : sidecars) {
        if (existsSync(`${path}${ending}`)) deposit.sidecars.set(ending, readArtefact(`${path}${ending}`))
      }
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
    const proof =
      evidence.kind === 'file-proof'
        ? parseFileProof(readArtefact(evidence.proof))
        : lineProof(evidence, path, itemOf(soundReceipt(readArtefact(evidence.receipt), this.policy))).proof
    const receiptFile = evidence.kind === 'manifest' ? evidence.receipt : undefined
    const { deposit } = await this.of(proof.receipt, receiptFile)
    const name = `${basename(path)}.file-proof`
    // Of two holders' receipts of one entry the first is kept, and a proof holds its own: they are made to agree.
    const bytes = encodeFileProof({ ...proof, receipt: deposit.receipt })
    deposit.proofs.set(Buffer.from(proof.line).toString('latin1'), { name, bytes, line: proof.file })
    await addFile(deposit, path, proof.file.path, proof.file.sha256)
  }

  /** A receipt with the manifest, folder or file that lies beside it. */
  async addReceipt(path: string): Promise<void> {
    const { deposit, checked } = await this.of(readArtefact(path), path)
    const beside = path.replace(/\.tlog-proof$/, '')
    const manifest = `${beside}.evidence-manifest`
    if (existsSync(manifest)) {
      const bytes = readManifest(manifest)
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
    if (!this.deposits.has(keyOf(soundReceipt(bytes, this.policy)))) await this.of(bytes, undefined)
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

  /** Of the receipts below a folder, those of attestations and retractions of what was gathered. */
  addRelated(receipts: readonly string[]): void {
    for (const path of receipts) {
      const bytes = path.endsWith('.tlog-proof') ? receiptOf(path) : undefined
      if (bytes === undefined) continue
      const { entry } = parseReceipt(bytes)
      if (!entry.known) continue
      const checked = asEvent(bytes, this.policy)
      if (checked === undefined) continue
      const { origin } = checked.receipt.proof.checkpoint
      if (this.deposits.has(`${origin} ${Buffer.from(checked.of, 'base64').toString('hex')}`))
        this.events.set(keyOf(checked), bytes)
    }
  }
}

/** An attestation or retraction that is in order, and the leaf hash (base64) of what it is about. */
function asEvent(bytes: Uint8Array, policy: Policy): (CheckedReceipt & { readonly of: string }) | undefined {
  try {
    const checked = soundReceipt(bytes, policy)
    const { body } = checked
    if (body?.kind !== 'evidence.attest' && body?.kind !== 'evidence.retract') return undefined
    return { ...checked, of: body.members.of.leafHash }
  } catch (error) {
    if (isEvidenceError(error)) return undefined
    throw error
  }
}

function keyOf({ receipt }: CheckedReceipt): string {
  return `${receipt.proof.checkpoint.origin} ${toHex(leafHash(receipt.entryBytes))}`
}

/** Number of the item that is a manifest. */
function itemOf({ body }: CheckedReceipt): number {
  const items = body?.kind === 'evidence.deposit' ? body.members.items : []
  return Math.max(
    0,
    items.findIndex(({ tree }) => tree !== undefined),
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
  try {
    const bytes = readArtefact(path)
    const receipt = isFileProof(bytes) ? parseFileProof(bytes).receipt : bytes
    parseReceipt(receipt)
    return receipt
  } catch (error) {
    if (isEvidenceError(error)) return undefined
    throw error
  }
}
