import type { MisbehaviourReport } from '../../src/check/steps/report.ts'
import { defined } from '../../src/core/objects.ts'
import { misbehaviourLimits } from '../../src/verify/check-misbehaviour.ts'
import { policyDocument, type PolicyFile, policyLine } from '../options/policy.ts'
import { isSound } from './verdict.ts'

/** What a proof of misbehaviour proves, for programs. */
export function misbehaviourDocument(report: MisbehaviourReport, policy: PolicyFile): object {
  const { path, faults, proof } = report
  const { kind, origin, says, code } = proof
  return {
    path,
    ok: isSound(report),
    kind,
    origin,
    ...defined({ code }),
    proves: says,
    policy: policyDocument(policy),
    faults,
    notShown: misbehaviourLimits,
  }
}

/** What a proof of misbehaviour proves, and what not, for people. */
export function misbehaviourLines({ path, faults, proof }: MisbehaviourReport, policy: PolicyFile): string[] {
  const holds = faults.length === 0
  return [
    path,
    ...(holds ? ['this file proves:', ...proof.says.map((line) => `  ${line}`)] : []),
    ...faults.map((fault) => `FAULT ${fault.code}: ${fault.message}`),
    ...(holds ? ['it does not show:', ...misbehaviourLimits.map((line) => `  ${line}`)] : []),
    policyLine(policy),
    holds ? 'the proof holds' : 'the file proves nothing',
  ]
}
