import { defined } from '../src/core/objects.ts'
import { closeSync, readSync } from 'node:fs'
import type { Policy } from '../src/core/policy.ts'
import { openUnread } from '../src/node/bounded-file.ts'
import { isMisbehaviour } from '../src/core/misbehaviour.ts'
import { checkMisbehaviour, misbehaviourLimits } from '../src/verify/check-misbehaviour.ts'
import { readArtefact } from './artefact.ts'
import type { Output } from './render/output.ts'
import { policyDocument, type PolicyFile, policyLine } from './options/policy.ts'
import { exitOfVerdict, isSound } from './render/verdict.ts'

/** True for a file that begins as a proof of misbehaviour does. */
export function isMisbehaviourFile(path: string): boolean {
  const begin = new Uint8Array(64)
  const fd = openUnread(path)
  try {
    return isMisbehaviour(begin.subarray(0, readSync(fd, begin)))
  } finally {
    closeSync(fd)
  }
}

/** Says exactly what a proof of misbehaviour proves, and what not; 0 where it proves it. */
export function checkMisbehaviourFile(path: string, policy: Policy, file: PolicyFile, output: Output): number {
  const { faults, kind, origin, says, code } = checkMisbehaviour(readArtefact(path), policy)
  const document = {
    path,
    ok: isSound({ faults, unjudged: [] }),
    kind,
    origin,
    ...defined({ code }),
    proves: says,
  }
  output.result({ ...document, policy: policyDocument(file), faults, notShown: misbehaviourLimits }, [
    path,
    ...(faults.length === 0 ? ['this file proves:', ...says.map((line) => `  ${line}`)] : []),
    ...faults.map((fault) => `FAULT ${fault.code}: ${fault.message}`),
    ...(faults.length === 0 ? ['it does not show:', ...misbehaviourLimits.map((line) => `  ${line}`)] : []),
    policyLine(file),
    faults.length === 0 ? 'the proof holds' : 'the file proves nothing',
  ])
  return exitOfVerdict({ faults, unjudged: [] })
}
