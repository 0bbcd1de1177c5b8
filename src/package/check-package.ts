import { append } from '../core/arrays.ts'
import { attempt, settled } from '../core/attempt.ts'
import { equalBytes } from '../core/bytes.ts'
import { plainDigester } from '../core/digest.ts'
import { EvidenceError, isEvidenceError } from '../core/errors.ts'
import { type KeyTransition, parseKeyTransition } from '../core/key-transition.ts'
import { maxPolicyBytes, type Policy } from '../core/policy.ts'
import { checkReceipt } from '../verify/check-receipt.ts'
import { type Finding, findingAt, findingOf, joining } from '../verify/report.ts'
import { isDeposit } from '../statements/said.ts'
import { type Bag, readBagFile } from './bag.ts'
import { hasUnknownCharacter } from './bag-path.ts'
import { labels, packageVersion, parseBagList } from './bag-tags.ts'
import { BagCheck } from './check-bag.ts'
import { checkFiles } from './check-files.ts'
import { depositFolder, type DepositPlaces, names, type Places, placesOf, sidecarPath } from './layout.ts'
import { maxArtefactBytes, maxTagFileBytes, maxTimeProofBytes } from './limits.ts'
import type { ReadReceipt } from './package-history.ts'
import { guideFaults, noWords, type PackerWords, readWords } from './package-words.ts'
import {
  type JudgedTime,
  type PackageCheckOptions,
  packageLimits,
  type PackageReport,
  type TimeJudge,
} from './package-report.ts'
import { judgePackage, type ReadDeposit } from './judge-package.ts'

/**
 * Checks a package against a policy (docs/spec/18-package.md, "Checking a package"), offline. What it holds never makes it throw:
 * a bag that cannot be read at all gives one fault. Throws what the judge of time proofs throws; where the package has a fault, that is a finding beside it.
 */
export async function checkPackage(
  bag: Bag,
  policy: Policy,
  options: PackageCheckOptions = {},
): Promise<PackageReport> {
  try {
    const check = await BagCheck.open(bag, options.digester ?? plainDigester, options.onBytes)
    return await new PackageCheck(check, policy, options.judgeTime).run()
  } catch (error) {
    if (error instanceof JudgeFailure) throw error.cause
    if (!isEvidenceError(error)) throw error
    const finding = findingOf(error)
    const isFault = error.kind.exit !== 4
    const faults = isFault ? [finding] : []
    return {
      standing: undefined,
      words: noWords,
      files: 0,
      bytes: 0,
      deposits: [],
      related: [],
      retractions: [],
      retractionsNotJudged: [],
      faults,
      faultCount: faults.length,
      unjudged: isFault ? [] : [finding],
      flagged: [],
      flaggedNotJudged: [],
      notShown: packageLimits,
      notChecked: [],
    }
  }
}

/** The judge of time proofs could not judge: no fault of the package. */
class JudgeFailure extends Error {}

class PackageCheck {
  private readonly check: BagCheck
  private readonly policy: Policy
  private readonly unjudged: Finding[] = []
  /** By folder of a deposit: the digests that it names; undefined where it is not known what its entry says. */
  private readonly known = new Map<string, ReadonlySet<string> | undefined>()
  private readonly judgeTime: TimeJudge | undefined
  /** By path. */
  private readonly read = new Map<string, ReadReceipt>()
  /** By path of the receipt. */
  private readonly times = new Map<string, JudgedTime>()
  /** Why time proofs could not be judged. */
  private readonly failures: EvidenceError[] = []

  constructor(check: BagCheck, policy: Policy, judgeTime: TimeJudge | undefined) {
    this.check = check
    this.policy = policy
    this.judgeTime = judgeTime
  }

  private fault(finding: Finding): void {
    this.check.faults.add(finding)
  }

  /** Takes over what was found of the file at a path. */
  private take(path: string, faults: readonly Finding[], unjudged: readonly Finding[] = []): void {
    for (const finding of faults) this.fault(findingAt(path, finding))
    append(
      this.unjudged,
      unjudged.map((finding) => findingAt(path, finding)),
    )
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
      return { ...this.judged(noWords, [], [], []), standing: undefined }
    }
    const { words, faults } = readWords(info)
    const guide = bag.files.has(names.guide) ? await this.check.read(names.guide, maxTagFileBytes) : undefined
    for (const finding of [...faults, ...guideFaults(guide)]) this.fault(finding)
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
    return this.withFailures(this.judged(words, deposits, related, admissions))
  }

  /** That a time proof could not be judged is said beside the faults; without any it is thrown. */
  private withFailures(report: PackageReport): PackageReport {
    const findings = this.failures.map((failure) => {
      const joined = attempt(() => joining(failure, report.faults))
      if (joined instanceof EvidenceError) throw new JudgeFailure('a time proof cannot be judged', { cause: failure })
      return joined
    })
    return { ...report, faults: [...report.faults, ...findings], faultCount: report.faultCount + findings.length }
  }

  private judged(
    words: PackerWords,
    deposits: readonly ReadDeposit[],
    related: readonly ReadReceipt[],
    brought: readonly ReadReceipt[],
  ): PackageReport {
    const { times, unjudged } = this
    return judgePackage(this.check, { words, deposits, related, brought, times, unjudged })
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
    this.take(path, checked.faults, checked.unjudged)
    if (checked.receipt === undefined) return undefined
    const found = { path, bytes, checked, transition }
    this.read.set(path, found)
    return found
  }

  /** The key transition at a path, where one lies there and can be read. */
  private async transition(path: string): Promise<KeyTransition | undefined> {
    if (!this.check.bag.files.has(path)) return undefined
    const bytes = await this.check.read(path, maxArtefactBytes)
    const transition = bytes === undefined ? undefined : attempt(() => parseKeyTransition(bytes))
    if (!(transition instanceof EvidenceError)) return transition
    this.take(path, [findingOf(transition)])
    return undefined
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
    for (const finding of content.faults) this.fault(finding)
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
    const judged = await settled(this.judgeTime(path, bytes, checked.receipt, policy))
    if (judged instanceof EvidenceError) return void this.failures.push(judged)
    this.take(path, judged.faults, judged.unjudged)
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
}

/** The package's own policy, for those who say that they take its word; undefined where there is none. Throws `package-too-large`. */
export function ownPolicy(bag: Bag): Promise<Uint8Array | undefined> {
  return bag.files.has(names.policy) ? readBagFile(bag, names.policy, maxPolicyBytes) : Promise.resolve(undefined)
}
