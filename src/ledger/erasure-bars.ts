import { EvidenceError } from '../core/errors.ts'
import type { Erasing } from '../statements/kind.ts'
import type { Standing } from './access/reading.ts'
import { standingOn } from './access/standing.ts'

/**
 * Asks whether the targets of a new order may be erased (docs/spec/21-access-rules.md): nothing of a deposit under a hold may, nor the terms of
 * a seal or hold that stands, nor those that ended a rule, which would stand again without them. Throws `under-hold`.
 */
export function requireErasable(standing: Standing, targets: readonly Erasing[]): void {
  targets.forEach(({ index }, i) => {
    const why = barOn(standing, index)
    if (why === undefined) return
    const message = `claims of entry ${index} are not erased: ${why}`
    throw new EvidenceError('under-hold', message, { where: `of[${i}]`, index })
  })
}

function barOn({ access, nowMs }: Standing, index: number): string | undefined {
  const hold = standingOn(access, index, nowMs).find(({ rule }) => rule === 'hold')
  if (hold !== undefined) return `it is under the hold of entry ${hold.entry}`
  const { rule, deposits } = access.about.get(index) ?? { rule: undefined, deposits: [index] }
  const isStanding = deposits
    .flatMap((deposit) => standingOn(access, deposit, nowMs))
    .some((one) => one.entry === index && one.rule !== 'grant')
  if (isStanding) return 'they are what a seal or hold rests on that stands'
  const isEnding = rule === 'end' || rule === 'unseal' || rule === 'unhold'
  return isEnding ? 'they ended a rule, which would stand again without them' : undefined
}
