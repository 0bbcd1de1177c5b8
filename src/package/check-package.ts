import {
  equalBytes,
  EvidenceError,
  isEvidenceError,
  type KeyTransition,
  leafHash,
  parseKeyTransition,
  type Policy,
  type Receipt,
  toBase64,
} from '../core/index.ts'
import { type CheckedReceipt, checkReceipt, type Finding, findingOf } from '../verify/index.ts'
import { Admissions, type AdmissionVerdict } from './admissions.ts'
import { type Bag, readBagFile } from './bag.ts'
import { bagInfoValue, packageVersion, parseBagManifest } from './bag-tags.ts'
import { BagCheck } from './check-bag.ts'
import { type CheckedFile, type CheckedFiles, checkFiles } from './check-files.ts'
import { type DepositPlaces, names, type Places, placesOf, sidecarPath } from './layout.ts'
import { maxArtefactBytes, maxPolicyBytes, maxReceiptBytes, maxTagFileBytes, maxTimeProofBytes } from './limits.ts'

/** What a time proof beside a receipt shows (docs/spec/13-time-stamps.md), as who can read certificates judged it. */
export interface JudgedTime {
  readonly faults: readonly Finding[]
  readonly unjudged: readonly Finding[]
  /** What it says, for people. */
  readonly lines: readonly string[]
  /** What it does not show. */
  readonly limits: readonly string[]
  /** The same for programs. */
  readonly document: object
}

/**
 * Judges the time proof at a path of the package. `policy` is undefined for a receipt that a key transition stands in for: a
 * retired key may then have signed the stamped checkpoint, and no signature of it counts.
 */
export type TimeJudge = (
  path: string,
  bytes: Uint8Array,
  receipt: Receipt,
  policy: Policy | undefined,
) => Promise<JudgedTime>

export interface PackageCheckOptions {
  readonly onBytes?: (count: number) => void
  /** Without one, time proofs are not judged. */
  readonly judgeTime?: TimeJudge
}

/** What one receipt of a package shows. */
export interface PackagedReceipt {
  readonly path: string
  readonly checked: CheckedReceipt
  readonly admission: AdmissionVerdict
  /** Size of the newest checkpoint under which the package shows the entry. */
  readonly size: number
  /** What the time proofs beside it show. */
  readonly times: readonly JudgedTime[]
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
 * a bag that cannot be read at all gives one fault. Throws what the judge of time proofs throws.
 */
export async function checkPackage(
  bag: Bag,
  policy: Policy,
  options: PackageCheckOptions = {},
): Promise<PackageReport> {
  try {
    const check = await BagCheck.open(bag, options.onBytes)
    return await new PackageCheck(check, policy, options.judgeTime).run()
  } catch (error) {
    if (error instanceof JudgeFailure) throw error.cause
    if (!isEvidenceError(error)) throw error
    const finding = findingOf(error)
    const isFault = error.kind.exit !== 4
    const faults = isFault ? [finding] : []
    const empty = { case: undefined, files: 0, bytes: 0, deposits: [], related: [], flagged: [], notShown: limits }
    return { ...empty, faults, faultCount: faults.length, unjudged: isFault ? [] : [finding] }
  }
}

/** The judge of time proofs could not judge: no fault of the package. */
class JudgeFailure extends Error {}

interface ReadReceipt {
  readonly path: string
  readonly bytes: Uint8Array
  readonly checked: CheckedReceipt
  readonly transition: KeyTransition | undefined
}

interface ReadDeposit extends ReadReceipt {
  readonly places: DepositPlaces
  readonly latest: ReadReceipt | undefined
  readonly content: CheckedFiles
}

class PackageCheck {
  private readonly check: BagCheck
  private readonly policy: Policy
  private readonly unjudged: Finding[] = []
  private readonly known = new Set<string>()
  private readonly notShown = new Set<string>()
  private readonly judgeTime: TimeJudge | undefined
  /** By path. */
  private readonly read = new Map<string, ReadReceipt>()
  /** By path of the receipt. */
  private readonly times = new Map<string, JudgedTime>()

  constructor(check: BagCheck, policy: Policy, judgeTime: TimeJudge | undefined) {
    this.check = check
    this.policy = policy
    this.judgeTime = judgeTime
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
    for (const { path, receipt, ending } of places.sidecars)
      if (ending === '.time-proof') await this.timeProof(path, this.read.get(receipt))
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
    const transition = await this.transition(sidecarPath(path, '.key-transition'))
    const checked = checkReceipt(bytes, this.policy, transition)
    this.fault(...checked.faults.map((finding) => findingAt(path, finding)))
    this.unjudged.push(...checked.unjudged.map((finding) => findingAt(path, finding)))
    if (checked.receipt === undefined) return undefined
    const found = { path, bytes, checked, transition }
    this.read.set(path, found)
    return found
  }

  /** The key transition at a path, where one lies there and can be read. */
  private async transition(path: string): Promise<KeyTransition | undefined> {
    if (!this.check.bag.files.has(path)) return undefined
    const bytes = await this.check.read(path, maxArtefactBytes)
    try {
      return bytes === undefined ? undefined : parseKeyTransition(bytes)
    } catch (error) {
      if (!isEvidenceError(error)) throw error
      this.fault(findingAt(path, findingOf(error)))
      return undefined
    }
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
    const latest = latestPath === undefined ? undefined : await this.receipt(latestPath)
    if (path === undefined || read === undefined) return []
    const { checked, bytes } = read
    if (latest !== undefined && !equalBytes(latest.checked.receipt.entryBytes, checked.receipt.entryBytes)) {
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
    return [{ ...read, places, latest, content }]
  }

  private async timeProof(path: string, beside: ReadReceipt | undefined): Promise<void> {
    const bytes = await this.check.read(path, maxTimeProofBytes)
    if (bytes === undefined || beside === undefined) return
    if (this.judgeTime === undefined) {
      const message = `${path} is a time-stamp, which is not judged here.`
      this.unjudged.push({ code: 'not-judged', message, where: path })
      return
    }
    const { checked, transition } = beside
    const policy = transition === undefined ? this.policy : undefined
    const judged = await this.judgeTime(path, bytes, checked.receipt, policy).catch((cause: unknown) => {
      throw new JudgeFailure('a time proof cannot be judged', { cause })
    })
    this.fault(...judged.faults.map((finding) => findingAt(path, finding)))
    this.unjudged.push(...judged.unjudged.map((finding) => findingAt(path, finding)))
    for (const limit of judged.limits) this.notShown.add(limit)
    this.times.set(beside.path, judged)
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
    const all = deposits.flatMap(({ latest, ...own }) => (latest === undefined ? [own] : [own, latest]))
    this.fault(...historyFaults([...all, ...related, ...brought]))
    const admissions = new Admissions(brought.map(({ checked }) => checked))
    this.fault(...admissions.faults)
    this.unjudged.push(...admissions.unjudged)
    const trees = new Set(brought.map(treeOf))
    const judge = ({ path, checked }: ReadReceipt, newest: ReadReceipt): PackagedReceipt => {
      const admission = admissions.verdict(checked)
      if (admission.state === 'fault') this.fault(admission.fault)
      if (admission.state === 'not-shown')
        this.notShown.add('That every signer’s key was admitted: see each receipt above.')
      else if (!trees.has(treeOf(newest)) || trees.size > 1)
        this.notShown.add('That the checkpoints of receipts and admissions are of one history: they are not the same.')
      const times = [...new Set([path, newest.path])].flatMap((at) => this.times.get(at) ?? [])
      return { path, checked, admission, size: newestOf(newest).size, times }
    }
    const packagedDeposits = deposits.map(({ latest, content, places, ...deposit }) => {
      const { folder } = places
      const { files, withheld } = content
      return { ...judge(deposit, latest ?? deposit), folder, files, withheld }
    })
    const packagedRelated = related.map((receipt) => judge(receipt, receipt))
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
    if (/\.(?:tlog-proof|file-proof|time-proof|key-transition)$/.test(path) && !path.includes('/files/')) total += size
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

/** The newest checkpoint of whose tree a receipt shows its entry to be: a key transition leads to a later one. */
function newestOf({ checked, transition }: ReadReceipt): Receipt['proof']['checkpoint'] {
  return (transition ?? checked.receipt.proof).checkpoint
}

function treeOf(receipt: ReadReceipt): string {
  const { origin, size, root } = newestOf(receipt)
  return `${origin} ${size} ${toBase64(root)}`
}

function findingAt(path: string, finding: Finding): Finding {
  return { ...finding, message: `${path}: ${finding.message}` }
}

/** Two trees of one size, or two entries at one index, of one ledger: proof that it showed two histories. */
function historyFaults(receipts: readonly ReadReceipt[]): Finding[] {
  const seen = new Map<string, string>()
  const faults: Finding[] = []
  const hold = (name: string, hash: string, message: string): void => {
    const before = seen.get(name) ?? hash
    seen.set(name, before)
    if (before !== hash) faults.push({ code: 'consistency-invalid', message, expected: before, found: hash })
  }
  for (const { checked, transition } of receipts) {
    const { receipt, faults: own } = checked
    if (own.length > 0) continue
    const { origin } = receipt.proof.checkpoint
    for (const { size, root } of [
      receipt.proof.checkpoint,
      ...(transition === undefined ? [] : [transition.checkpoint]),
    ])
      hold(`${origin} size ${size}`, toBase64(root), `Two receipts of ${origin} give two roots for the size ${size}.`)
    const { index } = receipt.entry
    const leaf = toBase64(leafHash(receipt.entryBytes))
    hold(`${origin} index ${index}`, leaf, `Two receipts of ${origin} give two entries at the index ${index}.`)
  }
  return faults
}

/** The package's own policy, for those who say that they take its word; undefined where there is none. Throws `package-too-large`. */
export function ownPolicy(bag: Bag): Promise<Uint8Array | undefined> {
  return bag.files.has(names.policy) ? readBagFile(bag, names.policy, maxPolicyBytes) : Promise.resolve(undefined)
}
