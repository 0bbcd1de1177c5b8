import { append } from '../core/arrays.ts'
import { ledgerOf } from '../verify/check-receipt.ts'
import type { Finding } from '../verify/report.ts'
import { Admissions } from './admissions.ts'
import type { BagCheck } from './check-bag.ts'
import type { CheckedFiles } from './check-files.ts'
import { type DepositPlaces, names } from './layout.ts'
import { eventFaults, eventsOf } from './package-events.ts'
import { historyFaults, newestOf, type ReadReceipt, strangeAdmissions, treeOf } from './package-history.ts'
import {
  type JudgedTime,
  type PackagedDeposit,
  type PackagedReceipt,
  type PackagedRelated,
  packageLimits,
  type PackageReport,
  type Retraction,
} from './package-report.ts'
import { isJudged, isWhole, retractionsOf, standingOf } from './package-standing.ts'
import { type PackerWords, uncheckedFiles } from './package-words.ts'

/** A deposit of a package: its receipts, and the files that lie beside them. */
export interface ReadDeposit extends ReadReceipt {
  readonly places: DepositPlaces
  readonly latest: ReadReceipt | undefined
  readonly content: CheckedFiles
}

/** What a package holds, each part checked by itself. */
export interface ReadPackage {
  readonly words: PackerWords
  readonly deposits: readonly ReadDeposit[]
  readonly related: readonly ReadReceipt[]
  /** Receipts that lie among the admissions. */
  readonly brought: readonly ReadReceipt[]
  /** What the time proofs show, by path of the receipt that each lies beside. */
  readonly times: ReadonlyMap<string, JudgedTime>
  readonly unjudged: readonly Finding[]
}

/** Judges the receipts of a package by each other: one history, who was entitled to sign, what was said of the deposits later. */
export function judgePackage({ bag, faults }: BagCheck, read: ReadPackage): PackageReport {
  const { words, deposits, related, brought, times } = read
  const fault = (findings: readonly Finding[]): void => findings.forEach((finding) => faults.add(finding))
  const all = deposits.flatMap(({ latest, ...own }) => (latest === undefined ? [own] : [own, latest]))
  fault(historyFaults([...all, ...related, ...brought]))
  fault(strangeAdmissions(brought, new Set([...all, ...related].map(({ checked }) => ledgerOf(checked)))))
  const admissions = new Admissions([...all, ...related, ...brought].map(({ checked }) => checked))
  fault(admissions.faults)
  const notShown = new Set([...times.values()].flatMap(({ limits }) => limits))
  const trees = new Set(brought.map(treeOf))
  const judge = ({ path, checked }: ReadReceipt, newest: ReadReceipt): PackagedReceipt => {
    const admission = admissions.verdict(checked)
    if (admission.state === 'fault') fault(admission.faults)
    if (admission.state === 'not-shown' || admission.state === 'not-judged')
      notShown.add('That every signer’s key was admitted: see each receipt above.')
    else if (!trees.has(treeOf(newest)) || trees.size > 1)
      notShown.add('That the checkpoints of receipts and admissions are of one history: they are not the same.')
    const shown = [...new Set([path, newest.path])].flatMap((at) => times.get(at) ?? [])
    return { path, checked, admission, size: newestOf(newest).size, times: shown, ...admissions.flags(checked) }
  }
  const packagedDeposits = deposits.map(({ latest, content, places: { folder }, ...deposit }): PackagedDeposit => {
    const { files, deposited, missing, unnamed } = content
    const newest = latest ?? deposit
    const judged = judge(deposit, newest)
    const { askedAt, faults: unasked } = askedOf(words, newest)
    fault(unasked)
    return { ...judged, folder, files, deposited, missing, unnamed, askedAt }
  })
  const said = eventsOf(
    related.map(({ checked }) => checked),
    packagedDeposits,
  )
  const packagedRelated = related.map((receipt, i): PackagedRelated => {
    const events = said[i] ?? []
    fault(eventFaults(receipt.path, receipt.checked, events, packagedDeposits))
    return { ...judge(receipt, receipt), events }
  })
  const takenBack = packagedRelated.flatMap((one) => retractionsOf(one, packagedDeposits))
  const whichAre = (judged: boolean): Retraction[] =>
    takenBack.flatMap(({ isJudged: is, ...one }) => (is === judged ? [one] : []))
  const [retractions, retractionsNotJudged] = [whichAre(true), whichAre(false)]
  const whole = retractions.filter(isWhole)
  const signed = [...packagedDeposits, ...packagedRelated]
  const flagged = signed.flatMap((one) => one.flagged)
  const flaggedNotJudged = signed.flatMap((one) => one.flaggedNotJudged)
  // Whom an unjudged related entry is about is not judged either.
  const isOpen = !packagedRelated.every(isJudged)
  const openDeposits = new Set(
    deposits.flatMap(({ latest, checked, places: { folder } }, i) =>
      isOpen ||
      !isJudged({ checked }) ||
      (latest !== undefined && !isJudged(latest)) ||
      (packagedDeposits[i]?.flaggedNotJudged.length ?? 0) > 0
        ? [folder]
        : [],
    ),
  )
  const isKnown = packagedDeposits.length > 0 && packagedDeposits.every(({ askedAt }) => askedAt !== undefined)
  return {
    standing: standingOf(faults.total, whole.length, flagged.length, isKnown, openDeposits.size > 0),
    words,
    files: bag.files.size,
    bytes: [...bag.files.values()].reduce((sum, { size }) => sum + size, 0),
    deposits: packagedDeposits.map((deposit) => {
      const retracted = whole.filter(({ folder }) => folder === deposit.folder).length
      const isOwnKnown = deposit.askedAt !== undefined
      const isDepositOpen = openDeposits.has(deposit.folder)
      const standing = standingOf(faults.total, retracted, deposit.flagged.length, isOwnKnown, isDepositOpen)
      return { ...deposit, standing }
    }),
    related: packagedRelated,
    retractions,
    retractionsNotJudged,
    faults: faults.kept,
    faultCount: faults.total,
    unjudged: append([...read.unjudged], admissions.unjudged),
    flagged,
    flaggedNotJudged,
    notShown: [...notShown, ...packageLimits],
    notChecked: uncheckedFiles(bag.files.keys()),
  }
}

/** The size as of which the packer says to have asked: one under which the package shows the entry, or it is a fault. */
function askedOf(
  { asked }: PackerWords,
  newest: ReadReceipt,
): { readonly askedAt: number | undefined; readonly faults: readonly Finding[] } {
  const { origin, size } = newestOf(newest)
  if (asked === undefined || asked.origin !== origin) return { askedAt: undefined, faults: [] }
  if (asked.size === size) return { askedAt: size, faults: [] }
  const message = `The packer says to have asked as of size ${asked.size}; ${newest.path} is under the size ${size}.`
  return { askedAt: undefined, faults: [{ code: 'package-malformed', message, where: names.info }] }
}
