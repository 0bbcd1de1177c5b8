import { append } from '../core/arrays.ts'
import { equalBytes } from '../core/bytes.ts'
import type { FileDigests } from '../core/digester.ts'
import { EvidenceError, isEvidenceError } from '../core/errors.ts'
import { parseFileProof } from '../core/file-proof.ts'
import type { DigestAlgorithm } from '../core/hash.ts'
import { parseManifest } from '../core/manifest.ts'
import { defined } from '../core/objects.ts'
import type { StatementBody } from '../statements/kinds.ts'
import type { Item } from '../statements/members.ts'
import { itemsOf } from '../statements/said.ts'
import { algorithmsOf, checkFile, checkFileProof, checkManifest, fileDiffers } from '../verify/check-file.ts'
import type { CheckedReceipt } from '../verify/check-receipt.ts'
import { type Finding, findingAt, findingOf } from '../verify/report.ts'
import type { BagCheck } from './check-bag.ts'
import { type DepositedFile, DepositedFiles, type PresentFile, shownName } from './deposited-files.ts'
import type { DepositPlaces } from './layout.ts'
import { maxArtefactBytes, maxManifestBytes } from './limits.ts'

/** One file of a deposit, as it was found. */
export interface CheckedFile {
  readonly path: string
  /** True for one of the deposited files, with every digest of it compared, and nothing unjudged of the receipt and manifest that name it. */
  readonly ok: boolean
  /** True for one of which that is not known: a digest of it cannot be computed here, or part of its receipt or manifest is not judged. */
  readonly notJudged?: true
  /** Number of the item that it is, or whose manifest lists it. */
  readonly item?: number
  /** What the manifest or file proof calls it. */
  readonly listedAs?: string
  readonly sha256?: string
}

/** A file that was deposited and is not in the package. */
export interface MissingFile {
  readonly item: number
  /** What the deposit calls it; `item N` where its receipt withholds that. */
  readonly name: string
  readonly sha256?: string
}

export interface CheckedFiles {
  readonly files: readonly CheckedFile[]
  readonly faults: readonly Finding[]
  readonly unjudged: readonly Finding[]
  /** Digests (SHA-256) that items, manifests and proofs name; undefined where a manifest is not judged, and nothing is compared with it. */
  readonly known: ReadonlySet<string> | undefined
  /** How many files were deposited. */
  readonly deposited: number
  /** Deposited files that are not here, by name. */
  readonly missing: readonly MissingFile[]
  /** How many more are not here, whose names the package does not hold. */
  readonly unnamed: number
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

class FilesCheck {
  private readonly check: BagCheck
  private readonly checked: CheckedReceipt
  private readonly items: readonly Item[]
  private readonly algorithms: readonly DigestAlgorithm[]
  private readonly deposited: DepositedFiles
  private readonly present: (PresentFile & { readonly sha256: string })[] = []
  private readonly strangers: CheckedFile[] = []
  /** Paths of files that some digest of their item was not compared of, or that no judged manifest, proof or item names. */
  private readonly uncompared = new Set<string>()
  /** Digests of lines that a judged manifest or a file proof shows. */
  private readonly shown = new Set<string>()
  /** Whether a manifest is not judged: then no file is compared with it (docs/spec/08-manifest.md, "Checking"). */
  private isOpen = false
  private readonly faults: Finding[] = []
  private readonly unjudged: Finding[] = []

  constructor(check: BagCheck, checked: CheckedReceipt) {
    const { body, disclosures } = checked
    this.check = check
    this.checked = checked
    this.items = itemsOf(body)
    this.algorithms = body === undefined ? [] : algorithmsOf(body).filter(check.digester.canDigest)
    this.deposited = new DepositedFiles(this.items, disclosures.find(({ claim }) => claim === 'names')?.value)
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
    const verdict = checkFile(body, this.check.digester.digestBytes(bytes, this.algorithms), item)
    const own = verdict.faults.length > 0 ? verdict.faults : checkManifest(body, item, bytes)
    const faults = own.map((fault) => findingAt(path, fault))
    append(this.faults, faults)
    append(
      this.unjudged,
      verdict.unjudged.map((finding) => findingAt(path, finding)),
    )
    if (faults.length > 0) return
    const isJudged = verdict.unjudged.length === 0
    if (!isJudged || this.checked.unjudged.length > 0) this.isOpen = true
    for (const { sha256, path: name } of parseManifest(bytes)) {
      this.deposited.addLine(item, name, sha256)
      if (isJudged) this.shown.add(sha256)
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
      append(
        this.faults,
        faults.map((fault) => findingAt(path, fault)),
      )
      if (faults.length > 0) return
      this.deposited.addLine(proof.item, proof.file.path, proof.file.sha256)
      this.shown.add(proof.file.sha256)
    } catch (error) {
      if (!isEvidenceError(error)) throw error
      this.faults.push(findingAt(path, findingOf(error)))
    }
  }

  async file(path: string, folder: string): Promise<void> {
    const { body } = this.checked
    const measured = await this.check.measure(path, [...new Set([...this.algorithms, 'sha256' as const])])
    if (measured === undefined || body === undefined) return
    const sha256 = measured.digest.sha256 as string
    const lines = this.deposited.lines(sha256)
    const items = this.shown.has(sha256) ? [] : this.itemsLike(path, body, measured, lines.length > 0)
    const candidates = lines.length > 0 ? lines : items
    if (candidates.length > 0) {
      this.present.push({ path, name: path.slice(`${folder}/files/`.length), candidates, sha256 })
      return
    }
    if (this.isOpen) {
      this.strangers.push({ path, ok: false, notJudged: true, sha256 })
      return
    }
    this.strangers.push({ path, ok: false, sha256 })
    const message = `${path}: ${fileDiffers} It was compared with all that ${folder} shows of its deposit.`
    this.faults.push({ code: 'file-not-in-deposit', message, where: path, found: sha256 })
  }

  /**
   * Items that a file equals, manifests among them: every digest counts, and the size. Of one that is a line besides, whose manifest is
   * not judged, nothing more is said where no item is wholly equal.
   */
  private itemsLike(path: string, body: StatementBody, measured: FileDigests, isLine: boolean): DepositedFile[] {
    const verdicts = this.items.map((_, i) => checkFile(body, measured, i)).filter(({ faults }) => faults.length === 0)
    const best = verdicts.filter(({ unjudged }) => unjudged.length === 0)
    if (best.length === 0) this.uncompared.add(path)
    if (best.length === 0 && !isLine && verdicts[0] !== undefined) {
      append(
        this.unjudged,
        verdicts[0].unjudged.map((finding) => findingAt(path, finding)),
      )
    }
    return (best.length > 0 ? best : verdicts).flatMap(({ item }) =>
      item === undefined ? [] : (this.deposited.plainItem(item) ?? { item, name: undefined, sha256: undefined }),
    )
  }

  result(): CheckedFiles {
    const { count, missing, unnamed, taken } = this.deposited.account(this.present)
    const files = this.present.map(({ path, sha256 }): CheckedFile => {
      const file = taken.get(path)
      const isUnjudged = this.uncompared.has(path) || this.checked.unjudged.length > 0
      const verdict = isUnjudged ? ({ ok: false, notJudged: true } as const) : { ok: true }
      if (file === undefined) return { path, ...verdict, sha256 }
      const listedAs = file.name === undefined ? {} : { listedAs: shownName(file) }
      return { path, ...verdict, item: file.item, ...listedAs, sha256 }
    })
    return {
      files: [...files, ...this.strangers].sort((a, b) => (a.path < b.path ? -1 : 1)),
      faults: this.faults,
      unjudged: this.unjudged,
      known: this.isOpen ? undefined : this.deposited.digests,
      deposited: count,
      missing: missing.map((file) => ({ item: file.item, name: shownName(file), ...defined({ sha256: file.sha256 }) })),
      unnamed,
    }
  }
}
