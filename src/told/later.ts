import type { DepositReport } from '../check/steps/report.ts'
import { partText } from '../statements/later-events.ts'
import { count, visible } from '../core/text.ts'
import type { CheckedEvent } from '../verify/check-status.ts'
import type { Words } from '../words/index.ts'
import { whenTold } from './when.ts'

/** What is known of later events, a line each: by receipts that came with the deposit, then by the ledger's answer, or that it was not asked. */
export function laterLines(
  { later: online, carried }: Pick<DepositReport, 'later' | 'carried'>,
  { check }: Words,
): readonly string[] {
  const { later } = check
  const told = (event: CheckedEvent): string => {
    const what = later[event.what] ?? later.other
    if (!event.proven) return `${what}: ${later.entry} ${count(event.index)} (${later.unproven})`
    const reason = event.code === undefined ? '' : `, ${later.reason}: ${visible(event.code)}`
    return `${what}${partText(event)}${reason}: ${later.entry} ${count(event.index)}, ${whenTold(event.time)}`
  }
  const lines = (carried?.events ?? []).map(told)
  if (online?.size === undefined) return [...lines, later.notAsked]
  const answered = online.events.map(told)
  return [...lines, later.asOf(count(online.size)), ...(answered.length === 0 ? [later.none] : answered)]
}
