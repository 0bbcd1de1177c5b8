import { equalBytes, EvidenceError, isEvidenceError, leafHash, type Policy, toBase64 } from '../core/index.ts'
import { type CheckedReceipt, checkReceipt, type Finding, findingOf } from '../verify/index.ts'
import { Admissions, type AdmissionVerdict } from './admissions.ts'
import { type Bag, readBagFile } from './bag.ts'
import { bagInfoValue, packageVersion, parseBagManifest } from './bag-tags.ts'
import { BagCheck } from './check-bag.ts'
import { type CheckedFile, type CheckedFiles, checkFiles } from './check-files.ts'
import { type DepositPlaces, names, type Places, placesOf } from './layout.ts'
import { maxArtefactBytes, maxPolicyBytes, maxReceiptBytes, maxTagFileBytes } from './limits.ts'

/** What one receipt of a package shows. */
export interface PackagedReceipt {
  readonly path: string
  readonly checked: CheckedReceipt
  readonly admission: AdmissionVerdict
  /** Size of the newest checkpoint under which the package shows the entry. */
  readonly size: number
}

export interface PackagedDeposit extends PackagedReceipt {
  readonly folder: string
  readonly files: readonly CheckedFile[]
  /** Files that were deposited and are not in the package, as far as the package says how many. */
  readonly withheld: number | undefined
}

export interface PackageReport {
  readonly case: string | undefined
  readonly files: number
  readonly bytes: number
  readonly deposits: readonly PackagedDeposit[]
  readonly related: readonly PackagedReceipt[]
  readonly faults: readonly Finding[]
  readonly faultCount: number
  readonly unjudged: readonly Finding[]
  readonly flagged: readonly string[]
  /** What this package does not show. */
  readonly notShown: readonly string[]
}

/** What no package shows. */
const limits: readonly string[] = [
  'That no revocation, retraction or attestation followed, or preceded, beyond what the package holds: ask the ledger, or "evidence verify".',
  'Who stands behind a key: the administrators of the ledger admitted it under the name that they vouch for.',
  'That what was deposited is true, or was untouched before it was deposited.',
]

/**
 * Checks a package against a policy (docs/spec/18-package.md, "Checking a package"), offline. What it holds never makes it throw:
 * a bag that cannot be read at all gives one fault.
 */
export async function checkPackage(
  bag: Bag,
  policy: Policy,
  onBytes?: (count: number) => void,
): Promise<PackageReport> {
  try {
    const check = await BagCheck.open(bag, onBytes)
    return await new PackageCheck(check, policy).run()
  } catch (error) {
    if (!isEvidenceError(error)) throw error
    const finding = findingOf(error)
    const isFault = error.kind.exit !== 4
    const faults = isFault ? [finding] : []
    const empty = { case: undefined, files: 0, bytes: 0, deposits: [], related: [], flagged: [], notShown: limits }
    return { ...empty, faults, faultCount: faults.length, unjudged: isFault ? [] : [finding] }
  }
}

interface ReadReceipt {
  readonly path: string
  readonly bytes: Uint8Array
  readonly checked: CheckedReceipt
}

interface ReadDeposit extends ReadReceipt {
  readonly places: DepositPlaces
  readonly latest: CheckedReceipt | undefined
  readonly content: CheckedFiles
}

class PackageCheck {
  private readonly check: BagCheck
  private readonly policy: Policy
  private readonly unjudged: Finding[] = []
  private readonly known = new Set<string>()
  private readonly notShown = new Set<string>()

  constructor(check: BagCheck, policy: Policy) {
    this.check = check
    this.policy = policy
  }

  private fault(...findings: readonly Finding[]): void {
    for (const finding of findings) this.check.faults.add(finding)
  }

  async run(): Promise<PackageReport> {
    const { bag, info } = this.check
    const version = bagInfoValue(info, 'Evidence-Package-Version')
    if (version !== packageVersion) {
      await this.check.finish()
      if (version === undefined)
        throw new EvidenceError('package-malformed', 'the bag is no evidence package: bag-info.txt gives no version')
      const message = `The package has the version ${version.slice(0, 20)}: only its bag was checked; the rest needs a newer verifier.`
      this.unjudged.push({ code: 'not-judged', message })
      return this.report([], [], [])
    }
    const places = placesOf(bag.files.keys())
    this.requirePlaces(places)
    requireFewReceipts(bag)
    const deposits: ReadDeposit[] = []
    for (const place of places.deposits) deposits.push(...(await this.deposit(place)))
    const admissions = await this.receipts(places.admissions)
    const related = await this.receipts(places.related)
    for (const { path } of places.sidecars) this.sidecar(path)
    await this.withheldList()
    await this.check.finish()
    return this.report(deposits, related, admissions)
  }

  private requirePlaces({ deposits, strange }: Places): void {
    const bad = (message: string, where: string): void => this.fault({ code: 'package-malformed', message, where })
    for (const path of strange) bad(`${path} has no place in an evidence package.`, path)
    if (deposits.length === 0) bad('The package holds no deposit.', 'data/deposits')
    for (const { folder, receipt } of deposits) if (receipt === undefined) bad(`${folder} has no receipt.`, folder)
  }

  private async receipt(path: string): Promise<ReadReceipt | undefined> {
    const bytes = await this.check.read(path, maxArtefactBytes)
    if (bytes === undefined) return undefined
    const checked = checkReceipt(bytes, this.policy)
    const at = (finding: Finding): Finding => ({ ...finding, message: `${path}: ${finding.message}` })
    this.fault(...checked.faults.map(at))
    this.unjudged.push(...checked.unjudged.map(at))
    return checked.receipt === undefined ? undefined : { path, bytes, checked }
  }

  private async receipts(paths: readonly string[]): Promise<ReadReceipt[]> {
    const found: ReadReceipt[] = []
    for (const path of paths) {
      const read = await this.receipt(path)
      if (read !== undefined) found.push(read)
    }
    return found
  }

  private async deposit(places: DepositPlaces): Promise<ReadDeposit[]> {
    const { receipt: path, latest: latestPath } = places
    const read = path === undefined ? undefined : await this.receipt(path)
    const latest = latestPath === undefined ? undefined : (await this.receipt(latestPath))?.checked
    if (path === undefined || read === undefined) return []
    const { checked, bytes } = read
    if (latest !== undefined && !equalBytes(latest.receipt.entryBytes, checked.receipt.entryBytes)) {
      const message = `${latestPath ?? ''} is for another entry than the receipt beside it.`
      this.fault({ code: 'package-malformed', message, where: latestPath ?? '' })
    }
    if (checked.body !== undefined && checked.body.kind !== 'evidence.deposit') {
      const message = `${path} is for ${checked.body.kind}, which deposits no file.`
      this.fault({ code: 'reference-kind', message, where: path })
    }
    const content = await checkFiles(this.check, places, checked, bytes)
    this.fault(...content.faults)
    this.unjudged.push(...content.unjudged)
    for (const sha256 of content.known) this.known.add(sha256)
    return [{ path, bytes, checked, places, latest, content }]
  }

  private sidecar(path: string): void {
    const message = `${path} is a time-stamp, which this version does not check.`
    this.unjudged.push({ code: 'not-judged', message, where: path })
  }

  private async withheldList(): Promise<void> {
    if (!this.check.bag.files.has(names.withheld)) return
    const bytes = await this.check.read(names.withheld, maxTagFileBytes)
    if (bytes === undefined) return
    for (const [path, sha256] of parseBagManifest(bytes, names.withheld, 64)) {
      if (this.known.has(sha256)) continue
      const message = `${names.withheld} lists ${path}, which no deposit of the package has.`
      this.fault({ code: 'file-not-in-deposit', message, where: path, found: sha256 })
    }
  }

  private report(
    deposits: readonly ReadDeposit[],
    related: readonly ReadReceipt[],
    brought: readonly ReadReceipt[],
  ): PackageReport {
    const all = [
      ...deposits.flatMap(({ checked, latest }) => (latest === undefined ? [checked] : [checked, latest])),
      ...[...related, ...brought].map(({ checked }) => checked),
    ]
    this.fault(...historyFaults(all))
    const admissions = new Admissions(brought.map(({ checked }) => checked))
    this.fault(...admissions.faults)
    this.unjudged.push(...admissions.unjudged)
    const trees = new Set(brought.map(({ checked }) => treeOf(checked)))
    const judge = ({ path, checked }: ReadReceipt, newest: CheckedReceipt): PackagedReceipt => {
      const admission = admissions.verdict(checked)
      if (admission.state === 'fault') this.fault(admission.fault)
      if (admission.state === 'not-shown')
        this.notShown.add('That every signer’s key was admitted: see each receipt above.')
      else if (!trees.has(treeOf(newest)) || trees.size > 1)
        this.notShown.add('That the checkpoints of receipts and admissions are of one history: they are not the same.')
      return { path, checked, admission, size: newest.receipt.proof.checkpoint.size }
    }
    const packagedDeposits = deposits.map(({ latest, content, places, ...deposit }) => {
      const { folder } = places
      const { files, withheld } = content
      return { ...judge(deposit, latest ?? deposit.checked), folder, files, withheld }
    })
    const packagedRelated = related.map((receipt) => judge(receipt, receipt.checked))
    const { faults, bag, info } = this.check
    return {
      case: bagInfoValue(info, 'External-Identifier'),
      files: bag.files.size,
      bytes: [...bag.files.values()].reduce((sum, { size }) => sum + size, 0),
      deposits: packagedDeposits,
      related: packagedRelated,
      faults: faults.kept,
      faultCount: faults.total,
      unjudged: this.unjudged,
      flagged: [...deposits, ...related].flatMap(({ checked }) => admissions.flags(checked)),
      notShown: [...this.notShown, ...limits],
    }
  }
}

/** Throws `package-too-large`. */
function requireFewReceipts(bag: Bag): void {
  let total = 0
  for (const { path, size } of bag.files.values())
    if (/\.(?:tlog|file)-proof$/.test(path) && !path.includes('/files/')) total += size
  if (total > maxReceiptBytes) {
    throw new EvidenceError(
      'package-too-large',
      `the receipts and proofs of the package have ${total} bytes together`,
      {
        expected: `at most ${maxReceiptBytes}`,
        found: String(total),
      },
    )
  }
}

function treeOf({ receipt }: CheckedReceipt): string {
  const { origin, size, root } = receipt.proof.checkpoint
  return `${origin} ${size} ${toBase64(root)}`
}

/** Two trees of one size, or two entries at one index, of one ledger: proof that it showed two histories. */
function historyFaults(receipts: readonly CheckedReceipt[]): Finding[] {
  const seen = new Map<string, string>()
  const faults: Finding[] = []
  const hold = (name: string, hash: string, message: string): void => {
    const before = seen.get(name) ?? hash
    seen.set(name, before)
    if (before !== hash) faults.push({ code: 'consistency-invalid', message, expected: before, found: hash })
  }
  for (const { receipt, faults: own } of receipts) {
    if (own.length > 0) continue
    const { origin, size, root } = receipt.proof.checkpoint
    const { index } = receipt.entry
    hold(`${origin} size ${size}`, toBase64(root), `Two receipts of ${origin} give two roots for the size ${size}.`)
    const leaf = toBase64(leafHash(receipt.entryBytes))
    hold(`${origin} index ${index}`, leaf, `Two receipts of ${origin} give two entries at the index ${index}.`)
  }
  return faults
}

/** The package's own policy, for those who say that they take its word; undefined where there is none. Throws `package-too-large`. */
export function ownPolicy(bag: Bag): Promise<Uint8Array | undefined> {
  return bag.files.has(names.policy) ? readBagFile(bag, names.policy, maxPolicyBytes) : Promise.resolve(undefined)
}
