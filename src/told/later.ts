import type { DepositReport } from '../check/steps/report.ts'
import type { PassedOn } from '../statements/kind.ts'
import { partText } from '../statements/later-events.ts'
import { count, visible } from '../core/text.ts'
import type { CheckedEvent } from '../verify/check-status.ts'
import type { Words } from '../words/index.ts'
import { whenTold } from './when.ts'

/** Who passed something on to whom, and what is to be said for ever beside it; nothing of an event that is no hand-over. */
export function passedTold(
  { giver, receiver = '', flags = [], inLieu }: Partial<PassedOn>,
  { passed, flag }: Words['check']['later'],
): string {
  const said = flags.map(
    (one) => `; ${flag[one]}${one === 'moved-by-order' && inLieu !== undefined ? ` (${inLieu})` : ''}`,
  )
  return giver === undefined ? '' : `, ${passed(giver, receiver)}${said.join('')}`
}

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
    return `${what}${partText(event)}${reason}${passedTold(event, later)}: ${later.entry} ${count(event.index)}, ${whenTold(event.time)}`
  }
  const lines = (carried?.events ?? []).map(told)
  if (online?.size === undefined) return [...lines, later.notAsked]
  const answered = online.events.map(told)
  return [...lines, later.asOf(count(online.size)), ...(answered.length === 0 ? [later.none] : answered)]
}
