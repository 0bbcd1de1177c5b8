import { knownLater, type ProvenLater, retractionIn } from '../check/steps/later.ts'
import type { AnyReport } from '../check/steps/report.ts'
import { count, visible } from '../core/text.ts'
import type { PackageReport, Retraction } from '../package/package-report.ts'
import { partText } from '../statements/later-events.ts'
import type { ProvenEvent } from '../verify/check-status.ts'
import type { Words } from '../words/index.ts'
import { moreThan } from './more.ts'
import { whenTold } from './when.ts'

/** Most notices of one sort; what was taken back beyond them stands among the later events. */
const mostNotices = 100

/** The first of some notices of one sort, and how many are left. */
function firstOf(notices: readonly string[], words: Words): string[] {
  return [...notices.slice(0, mostNotices), ...moreThan(mostNotices, notices.length, words)]
}

/**
 * What must be read before anything else, whatever else was found: that something was taken back, that a key is reported compromised, then the
 * parts that were taken back, then what of this is not judged (docs/spec/15-status.md, docs/spec/18-package.md). None hides another.
 */
export function noticesOf(report: AnyReport, words: Words): readonly string[] {
  if (report.what === 'misbehaviour') return []
  if (report.what === 'package') return report.report === undefined ? [] : packageNotices(report.report, words)
  const { later, carried, result } = report
  const known = knownLater(later, carried)
  const retraction = retractionIn(known, report.what === 'folder' ? { item: result.item } : result)
  return [...ofEntry(known, retraction, words), ...firstOf([...new Set(ofParts(known, retraction, words))], words)]
}

function ofEntry({ flagged }: ProvenLater, retraction: ProvenEvent | undefined, { check }: Words): string[] {
  const { notice } = check
  const compromised = flagged ? [notice.compromised] : []
  if (retraction === undefined) return compromised
  const { what, index, time, code = '' } = retraction
  const taken = notice[what === 'retracted' ? 'retracted' : 'fileRetracted']
  return [taken(count(index), whenTold(time), visible(code)), ...compromised]
}

/** Parts of a deposit that were taken back, but for the one that the file is, which was told. */
function ofParts({ events }: ProvenLater, told: ProvenEvent | undefined, { check }: Words): string[] {
  const isTold = ({ index, item, line }: ProvenEvent): boolean =>
    index === told?.index && item === told.item && line === told.line
  return events.flatMap((event) => {
    if (!event.proven || event.what !== 'part-retracted' || isTold(event)) return []
    const { index, time, code = '' } = event
    return [check.notice.part(partText(event).replace(/^, /, ''), count(index), whenTold(time), visible(code))]
  })
}

function packageNotices({ retractions, deposits, related, ...open }: PackageReport, words: Words): string[] {
  const { check } = words
  const { notice } = check
  const isPart = ({ item }: Retraction): boolean => item !== undefined
  const told = (one: Retraction): string => {
    const { of, by, time, reason } = one
    const what = `${check.later.entry} ${count(of)}${partText(one)}`
    return notice.ofPackage(isPart(one) ? 'part' : 'whole', what, count(by), whenTold(time), visible(reason))
  }
  const flagged = [...deposits, ...related].filter((one) => one.flagged.length > 0)
  const sorts = [
    retractions.filter((one) => !isPart(one)).map(told),
    flagged.map(({ checked }) => notice.compromisedEntry(count(checked.receipt.entry.index))),
    retractions.filter(isPart).map(told),
    open.retractionsNotJudged.map((one) => `${check.step.open}: ${told(one)}`),
    open.flaggedNotJudged.map((message) => `${check.step.open}: ${visible(message)}`),
  ]
  return sorts.flatMap((notices) => firstOf(notices, words))
}
