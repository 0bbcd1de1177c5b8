import type { OnlineStatus } from '../check/steps/later.ts'
import { count, visible } from '../core/text.ts'
import type { Words } from '../words/index.ts'
import { whenTold } from './when.ts'

/** What the ledger answered of later events, a line each; that it was not asked where it was not. */
export function laterLines(online: OnlineStatus | undefined, { check }: Words): readonly string[] {
  const { later } = check
  if (online?.size === undefined) return [later.notAsked]
  const lines = online.events.map((event) => {
    const what = later[event.what] ?? later.other
    if (!event.proven) return `${what}: ${later.entry} ${count(event.index)} (${later.unproven})`
    const reason = event.code === undefined ? '' : `, ${later.reason}: ${visible(event.code)}`
    return `${what}${reason}: ${later.entry} ${count(event.index)}, ${whenTold(event.time)}`
  })
  return [later.asOf(count(online.size)), ...(lines.length === 0 ? [later.none] : lines)]
}
