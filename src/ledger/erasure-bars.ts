import { EvidenceError } from '../core/errors.ts'
import type { Standing } from './access/reading.ts'
import { standingOn } from './access/standing.ts'
import { ruledBy, type Subjects } from './access/subjects.ts'

/**
 * Asks whether claims of entries may be erased (docs/spec/21-access-rules.md): nothing of a deposit under a hold may, nor of what is about one, nor the terms of
 * a seal or hold that stands, nor those that ended a rule, or took the place of a deposit's own seal, which would stand again without them.
 * `subjectsOf`: what an entry is about, whose holds keep it too. Throws `under-hold`.
 */
export function requireErasable(
  standing: Standing,
  targets: readonly { readonly index: number }[],
  subjectsOf: (index: number) => Subjects,
): void {
  const { rules, about } = standing.access
  if (rules.size === 0 && about.size === 0) return
  targets.forEach(({ index }, i) => {
    const why = barOn(standing, index, subjectsOf(index))
    if (why === undefined) return
    const message = `claims of entry ${index} are not erased: ${why}`
    throw new EvidenceError('under-hold', message, { where: `of[${i}]`, index })
  })
}

function barOn(standing: Standing, index: number, subjects: Subjects): string | undefined {
  const { access, nowMs } = standing
  const { lacking = [] } = access
  if (lacking.length > 0) return `the terms of entry ${lacking[0]} are missing, and may be those of a hold`
  const { rule, deposits, ownUntilMs = 0 } = access.about.get(index) ?? { rule: undefined, deposits: [index] }
  const isStanding = deposits
    .flatMap((deposit) => standingOn(access, deposit, nowMs))
    .some((one) => one.entry === index && one.rule !== 'grant')
  if (isStanding) return 'they are what a seal or hold rests on that stands'
  if (nowMs < ownUntilMs)
    return 'they took the place of the seal that a deposit set itself, which would stand again without them'
  if (rule !== undefined) {
    // Other terms are nothing that a hold keeps: without them the rule stands no more.
    const isEnding = rule === 'end' || rule === 'unseal' || rule === 'unhold'
    return isEnding ? 'they ended a rule, which would stand again without them' : undefined
  }
  const { of, isWhole } = ruledBy(access, index, subjects)
  const hold = of.flatMap((deposit) => standingOn(access, deposit, nowMs)).find((one) => one.rule === 'hold')
  if (hold !== undefined) return `it is under the hold of entry ${hold.entry}`
  if (isWhole || !isAnyHeld(standing)) return undefined
  return 'it cannot be told that it is about no deposit under a hold'
}

/** Whether any deposit is under a hold. */
function isAnyHeld({ access, nowMs }: Standing): boolean {
  for (const index of access.rules.keys())
    if (standingOn(access, index, nowMs).some(({ rule }) => rule === 'hold')) return true
  return false
}
