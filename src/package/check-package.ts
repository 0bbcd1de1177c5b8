import { append } from '../core/arrays.ts'
import { equalBytes } from '../core/bytes.ts'
import { isEvidenceError } from '../core/errors.ts'
import { type KeyTransition, parseKeyTransition } from '../core/key-transition.ts'
import { maxPolicyBytes, type Policy } from '../core/policy.ts'
import { checkReceipt } from '../verify/check-receipt.ts'
import { type Finding, findingOf } from '../verify/report.ts'
import { isDeposit } from '../statements/said.ts'
import { Admissions } from './admissions.ts'
import { type Bag, readBagFile } from './bag.ts'
import { hasUnknownCharacter } from './bag-path.ts'
import { labels, packageVersion, parseBagList } from './bag-tags.ts'
import { BagCheck } from './check-bag.ts'
import { type CheckedFiles, checkFiles } from './check-files.ts'
import { depositFolder, type DepositPlaces, names, type Places, placesOf, sidecarPath } from './layout.ts'
import { maxArtefactBytes, maxTagFileBytes, maxTimeProofBytes } from './limits.ts'
import { eventFaults, eventsOf } from './package-events.ts'
import { isWhole, retractionsOf, standingOf } from './package-standing.ts'
import { historyFaults, newestOf, originOf, type ReadReceipt, strangeAdmissions, treeOf } from './package-history.ts'
import {
  type JudgedTime,
  type PackageCheckOptions,
  type PackagedDeposit,
  type PackagedReceipt,
  type PackagedRelated,
  packageLimits,
  type PackageReport,
  type TimeJudge,
} from './package-report.ts'
import { guideFaults, type PackerWords, readWords, uncheckedFiles } from './package-words.ts'

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
    return {
      standing: undefined,
      words: { case: undefined, packed: undefined, asked: undefined, eventsNotShown: 0 },
      files: 0,
      bytes: 0,
      deposits: [],
      related: [],
      retractions: [],
      faults,
      faultCount: faults.length,
      unjudged: isFault ? [] : [finding],
      flagged: [],
      notShown: packageLimits,
      notChecked: [],
    }
  }
}

/** The judge of time proofs could not judge: no fault of the package. */
class JudgeFailure extends Error {}

interface ReadDeposit extends ReadReceipt {
  readonly places: DepositPlaces
  readonly latest: ReadReceipt | undefined
  readonly content: CheckedFiles
}

class PackageCheck {
  private readonly check: BagCheck
  private readonly policy: Policy
  private readonly unjudged: Finding[] = []
  /** By folder of a deposit: the digests that it names; undefined where it is not known what its entry says. */
  private readonly known = new Map<string, ReadonlySet<string> | undefined>()
  private words: PackerWords = { case: undefined, packed: undefined, asked: undefined, eventsNotShown: 0 }
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
    const strange = [...bag.files.keys()].find(hasUnknownCharacter)
    if (strange !== undefined) {
      const message = `${strange} holds a character that this version of Unicode does not have: whether it and another path would be one file on some disk is not judged.`
      this.unjudged.push({ code: 'not-judged', message, where: strange })
    }
    const version = info.get(labels.version)
    if (version !== packageVersion) {
      await this.check.finish()
      if (version === undefined || !/^[1-9][0-9]{0,3}$/.test(version)) {
        const message = 'The bag is no evidence package: bag-info.txt gives no version.'
        this.fault({ code: 'package-malformed', message, where: names.info })
      } else {
        const message = `The package has the version ${version}: only its bag was checked; the rest needs a newer verifier.`
        this.unjudged.push({ code: 'not-judged', message })
      }
      return { ...this.report([], [], []), standing: undefined }
    }
    const { words, faults } = readWords(info)
    this.words = words
    this.fault(...faults)
    this.fault(
      ...guideFaults(bag.files.has(names.guide) ? await this.check.read(names.guide, maxTagFileBytes) : undefined),
    )
    const places = placesOf(bag.files.keys())
    this.requirePlaces(places)
    const deposits: ReadDeposit[] = []
    for (const place of places.deposits) append(deposits, await this.deposit(place))
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
    const misnumbered = deposits.find(({ folder }, i) => folder !== depositFolder(i + 1, deposits.length))
    if (misnumbered !== undefined)
      bad('The deposits are not numbered from 1 without a gap, in one width.', misnumbered.folder)
  }

  private async receipt(path: string): Promise<ReadReceipt | undefined> {
    const bytes = await this.check.read(path, maxArtefactBytes)
    if (bytes === undefined) return undefined
    const transition = await this.transition(sidecarPath(path, '.key-transition'))
    const checked = checkReceipt(bytes, this.policy, transition)
    this.fault(...checked.faults.map((finding) => findingAt(path, finding)))
    append(
      this.unjudged,
      checked.unjudged.map((finding) => findingAt(path, finding)),
    )
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
    if (checked.body !== undefined && !isDeposit(checked.body)) {
      const message = `${path} is for ${checked.body.kind}, which deposits no file.`
      this.fault({ code: 'reference-kind', message, where: path })
    }
    const content = await checkFiles(this.check, places, checked, bytes)
    this.fault(...content.faults)
    append(this.unjudged, content.unjudged)
    this.known.set(places.folder, checked.body === undefined ? undefined : content.known)
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
    append(
      this.unjudged,
      judged.unjudged.map((finding) => findingAt(path, finding)),
    )
    for (const limit of judged.limits) this.notShown.add(limit)
    this.times.set(beside.path, judged)
  }

  private async withheldList(): Promise<void> {
    if (!this.check.bag.files.has(names.withheld)) return
    const bytes = await this.check.read(names.withheld, maxTagFileBytes)
    if (bytes === undefined) return
    try {
      for (const [path, sha256] of parseBagList(bytes, names.withheld, 64)) this.withheldFile(path, sha256)
    } catch (error) {
      if (!isEvidenceError(error)) throw error
      this.fault(findingOf(error))
    }
  }

  private withheldFile(path: string, sha256: string): void {
    const [, folder] = /^(data\/deposits\/[0-9]{3,6})\/files\/./.exec(path) ?? []
    const known = folder === undefined ? undefined : this.known.get(folder)
    if (known?.has(sha256) === true || (folder !== undefined && this.known.has(folder) && known === undefined)) return
    const message = `${names.withheld} lists ${path}, which no deposit of the package has there.`
    this.fault({ code: 'file-not-in-deposit', message, where: path, found: sha256 })
  }

  private report(
    deposits: readonly ReadDeposit[],
    related: readonly ReadReceipt[],
    brought: readonly ReadReceipt[],
  ): PackageReport {
    const all = deposits.flatMap(({ latest, ...own }) => (latest === undefined ? [own] : [own, latest]))
    this.fault(...historyFaults([...all, ...related, ...brought]))
    this.fault(...strangeAdmissions(brought, new Set([...all, ...related].map(originOf))))
    const admissions = new Admissions([...all, ...related, ...brought].map(({ checked }) => checked))
    this.fault(...admissions.faults)
    append(this.unjudged, admissions.unjudged)
    const trees = new Set(brought.map(treeOf))
    const judge = ({ path, checked }: ReadReceipt, newest: ReadReceipt): PackagedReceipt => {
      const admission = admissions.verdict(checked)
      if (admission.state === 'fault') this.fault(...admission.faults)
      if (admission.state === 'not-shown')
        this.notShown.add('That every signer’s key was admitted: see each receipt above.')
      else if (!trees.has(treeOf(newest)) || trees.size > 1)
        this.notShown.add('That the checkpoints of receipts and admissions are of one history: they are not the same.')
      const times = [...new Set([path, newest.path])].flatMap((at) => this.times.get(at) ?? [])
      return { path, checked, admission, size: newestOf(newest).size, times, flagged: admissions.flags(checked) }
    }
    const packagedDeposits = deposits.map(({ latest, content, places, ...deposit }): PackagedDeposit => {
      const { folder } = places
      const { files, deposited, missing, unnamed } = content
      const judged = judge(deposit, latest ?? deposit)
      return { ...judged, folder, files, deposited, missing, unnamed, askedAt: this.askedAt(latest ?? deposit) }
    })
    const packagedRelated = related.map((receipt): PackagedRelated => {
      const events = eventsOf(receipt.checked, packagedDeposits)
      this.fault(...eventFaults(receipt.path, receipt.checked, events, packagedDeposits))
      return { ...judge(receipt, receipt), events }
    })
    const retractions = packagedRelated.flatMap((one) => retractionsOf(one, packagedDeposits))
    const flagged = [...packagedDeposits, ...packagedRelated].flatMap((one) => one.flagged)
    const isAsked = packagedDeposits.length > 0 && packagedDeposits.every(({ askedAt }) => askedAt !== undefined)
    const { faults, bag } = this.check
    return {
      standing: standingOf(faults.total, retractions.filter(isWhole).length, flagged.length, isAsked),
      words: this.words,
      files: bag.files.size,
      bytes: [...bag.files.values()].reduce((sum, { size }) => sum + size, 0),
      deposits: packagedDeposits.map((deposit) => {
        const retracted = retractions.filter(({ folder }) => folder === deposit.folder).length
        const isKnown = deposit.askedAt !== undefined
        return { ...deposit, standing: standingOf(faults.total, retracted, deposit.flagged.length, isKnown) }
      }),
      related: packagedRelated,
      retractions,
      faults: faults.kept,
      faultCount: faults.total,
      unjudged: this.unjudged,
      flagged,
      notShown: [...this.notShown, ...packageLimits],
      notChecked: uncheckedFiles(bag.files.keys()),
    }
  }

  /** The size as of which the packer says to have asked: one under which the package shows the entry, or it is a fault. */
  private askedAt(newest: ReadReceipt): number | undefined {
    const { asked } = this.words
    const { origin, size } = newestOf(newest)
    if (asked === undefined || asked.origin !== origin) return undefined
    if (asked.size === size) return size
    const message = `The packer says to have asked as of size ${asked.size}; ${newest.path} is under the size ${size}.`
    this.fault({ code: 'package-malformed', message, where: names.info })
    return undefined
  }
}

function findingAt(path: string, finding: Finding): Finding {
  return { ...finding, message: `${path}: ${finding.message}` }
}

/** The package's own policy, for those who say that they take its word; undefined where there is none. Throws `package-too-large`. */
export function ownPolicy(bag: Bag): Promise<Uint8Array | undefined> {
  return bag.files.has(names.policy) ? readBagFile(bag, names.policy, maxPolicyBytes) : Promise.resolve(undefined)
}
