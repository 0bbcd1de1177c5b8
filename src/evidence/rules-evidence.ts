import { counted, equalBytes, type ErrorCode, EvidenceError, fromBase64 } from '../core/index.ts'
import type { Reference, Relation } from './members.ts'
import type { EntryUnderJudgement, Findings, History, KindRule, TargetFacts } from './rules.ts'
import type { AttestBody, DepositBody, RetractBody } from './schema.ts'

/** A reference without origin: index below the entry's own, hash equal, a deposit, and the item within it. */
function judgeReference(
  reference: Reference,
  where: string,
  entry: EntryUnderJudgement,
  findings: Findings,
  history: History,
): TargetFacts | undefined {
  const violate = (code: ErrorCode, message: string): undefined => {
    findings.violations.push(new EvidenceError(code, message, { where }))
    return undefined
  }
  const { index, leafHash, item } = reference
  const target = index < entry.index ? history.target(index) : undefined
  if (target === undefined) return violate('reference-not-found', `there is no entry ${index} before this one`)
  if (target.leafHash !== undefined && !equalBytes(target.leafHash, fromBase64(leafHash))) {
    return violate('reference-hash', `the leaf hash is not that of entry ${index}`)
  }
  if (target.kind === undefined) {
    findings.unjudged.push(
      new EvidenceError('not-judged', `what entry ${index} is cannot be read by this version`, { where }),
    )
    return undefined
  }
  if (target.kind !== 'evidence.deposit') return violate('reference-kind', `entry ${index} is no deposit`)
  if (item !== undefined && item >= target.items) {
    return violate(
      'reference-item',
      `entry ${index} has ${counted(target.items, 'item')}, numbered from 0; there is no item ${item}`,
    )
  }
  return target
}

export const judgeDeposit: KindRule<DepositBody> = (registry, entry, { relates }, findings, history) => {
  relates?.forEach((relation: Relation, i) => {
    const where = `relates[${i}]`
    if (relation.origin === undefined) judgeReference(relation, where, entry, findings, history)
    else if (relation.origin === registry.origin) {
      findings.violations.push(
        new EvidenceError('reference-origin', 'the reference names this ledger as another', { where }),
      )
    }
  })
  return registry
}

export const judgeAttest: KindRule<AttestBody> = (registry, entry, { of }, findings, history) => {
  judgeReference(of, 'of', entry, findings, history)
  return registry
}

export const judgeRetract: KindRule<RetractBody> = (registry, entry, { of }, findings, history) => {
  const target = judgeReference(of, 'of', entry, findings, history)
  if (target !== undefined && target.iss !== entry.statement.common.iss) {
    findings.violations.push(
      new EvidenceError('retract-not-own', `entry ${of.index} was deposited by ${target.iss}`, { where: 'of' }),
    )
  }
  return registry
}
