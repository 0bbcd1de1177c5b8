import {
  type DigestAlgorithm,
  equalBytes,
  EvidenceError,
  isEvidenceError,
  parseFileProof,
  parseManifest,
} from '../core/index.ts'
import type { Item } from '../evidence/index.ts'
import { canDigest, digestBytes } from '../node/index.ts'
import {
  algorithmsOf,
  type CheckedReceipt,
  checkFile,
  checkFileProof,
  checkManifest,
  type Finding,
  fileDiffers,
  findingOf,
} from '../verify/index.ts'
import type { BagCheck } from './check-bag.ts'
import type { DepositPlaces } from './layout.ts'
import { maxArtefactBytes, maxManifestBytes } from './limits.ts'

/** One file of a deposit, as it was found. */
export interface CheckedFile {
  readonly path: string
  readonly ok: boolean
  /** Number of the item that it is, or whose manifest lists it. */
  readonly item?: number
  /** What the manifest or file proof calls it. */
  readonly listedAs?: string
  readonly sha256?: string
}

export interface CheckedFiles {
  readonly files: readonly CheckedFile[]
  readonly faults: readonly Finding[]
  readonly unjudged: readonly Finding[]
  /** Digests (SHA-256) that items, manifests and proofs name. */
  readonly known: ReadonlySet<string>
  /** Files that they name and that are not in the package; undefined where a manifest is not in the package. */
  readonly withheld: number | undefined
}

/** Everything of one deposit but its receipts: manifests, file proofs, files. */
export async function checkFiles(
  check: BagCheck,
  places: DepositPlaces,
  checked: CheckedReceipt,
  receipt: Uint8Array,
): Promise<CheckedFiles> {
  const run = new FilesCheck(check, checked)
  for (const [item, path] of places.manifests) await run.manifest(item, path)
  for (const path of places.proofs) await run.proof(path, receipt)
  for (const path of places.files) await run.file(path, places.folder)
  return run.result()
}

interface Line {
  readonly item: number
  readonly name: string
}

class FilesCheck {
  private readonly check: BagCheck
  private readonly checked: CheckedReceipt
  private readonly items: readonly Item[]
  private readonly algorithms: readonly DigestAlgorithm[]
  /** By SHA-256. */
  private readonly lines = new Map<string, Line>()
  private readonly whole = new Set<number>()
  private readonly present = new Set<string>()
  private readonly presentItems = new Set<number>()
  private readonly files: CheckedFile[] = []
  private readonly faults: Finding[] = []
  private readonly unjudged: Finding[] = []

  constructor(check: BagCheck, checked: CheckedReceipt) {
    const { body } = checked
    this.check = check
    this.checked = checked
    this.items = body?.kind === 'evidence.deposit' ? body.members.items : []
    this.algorithms = body === undefined ? [] : algorithmsOf(body).filter(canDigest)
  }

  async manifest(item: number, path: string): Promise<void> {
    const { body } = this.checked
    const bytes = await this.check.read(path, maxManifestBytes)
    if (bytes === undefined || body === undefined) return
    if (this.items[item]?.tree === undefined) {
      const message = `${path}: the deposit has no manifest as its item ${item}.`
      this.faults.push({ code: 'file-not-in-deposit', message, where: path })
      return
    }
    const verdict = checkFile(body, digestBytes(bytes, this.algorithms), item)
    const faults = [...verdict.faults, ...checkManifest(body, item, bytes)].map((fault) => at(path, fault))
    this.faults.push(...faults)
    this.unjudged.push(...verdict.unjudged)
    if (faults.length > 0) return
    this.whole.add(item)
    for (const { sha256, path: name } of parseManifest(bytes)) {
      if (!this.lines.has(sha256)) this.lines.set(sha256, { item, name: Buffer.from(name).toString() })
    }
  }

  async proof(path: string, receipt: Uint8Array): Promise<void> {
    const { body } = this.checked
    const bytes = await this.check.read(path, maxArtefactBytes)
    if (bytes === undefined || body === undefined) return
    try {
      const proof = parseFileProof(bytes)
      if (!equalBytes(proof.receipt, receipt))
        throw new EvidenceError('package-malformed', `${path} holds another receipt than its deposit`, { where: path })
      const { faults } = checkFileProof(proof, body, undefined)
      this.faults.push(...faults.map((fault) => at(path, fault)))
      if (faults.length > 0) return
      const name = Buffer.from(proof.file.path).toString()
      if (!this.lines.has(proof.file.sha256)) this.lines.set(proof.file.sha256, { item: proof.item, name })
    } catch (error) {
      if (!isEvidenceError(error)) throw error
      this.faults.push(at(path, findingOf(error)))
    }
  }

  async file(path: string, folder: string): Promise<void> {
    const { body } = this.checked
    const measured = await this.check.measure(path, [...new Set([...this.algorithms, 'sha256' as const])])
    if (measured === undefined || body === undefined) return
    const sha256 = measured.digest.sha256 as string
    const line = this.lines.get(sha256)
    if (line !== undefined) {
      this.present.add(sha256)
      this.files.push({ path, ok: true, item: line.item, listedAs: line.name, sha256 })
      return
    }
    const verdict = checkFile(body, measured)
    if (verdict.faults.length === 0 && verdict.item !== undefined) {
      this.presentItems.add(verdict.item)
      this.unjudged.push(...verdict.unjudged.map((finding) => at(path, finding)))
      this.files.push({ path, ok: true, item: verdict.item, sha256 })
      return
    }
    this.files.push({ path, ok: false, sha256 })
    const message = `${path}: ${fileDiffers} It was compared with all that ${folder} shows of its deposit.`
    this.faults.push({ code: 'file-not-in-deposit', message, where: path, found: sha256 })
  }

  result(): CheckedFiles {
    const plain = this.items.flatMap(({ tree }, i) => (tree === undefined && !this.presentItems.has(i) ? [i] : []))
    const sameBytes = new Set([...this.presentItems].flatMap((i) => this.items[i]?.digest['sha256'] ?? []))
    const missing = plain.filter((i) => !sameBytes.has(this.items[i]?.digest['sha256'] ?? ''))
    const lines = [...this.lines.keys()].filter((sha256) => !this.present.has(sha256)).length
    const isWhole = this.items.every(({ tree }, i) => tree === undefined || this.whole.has(i))
    const known = new Set([...this.lines.keys(), ...this.items.flatMap(({ digest }) => digest['sha256'] ?? [])])
    return {
      files: this.files,
      faults: this.faults,
      unjudged: this.unjudged,
      known,
      withheld: isWhole ? missing.length + lines : undefined,
    }
  }
}

function at(path: string, finding: Finding): Finding {
  return { ...finding, message: `${path}: ${finding.message}` }
}
