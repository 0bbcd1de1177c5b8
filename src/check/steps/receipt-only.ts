import { attempt } from '../../core/attempt.ts'
import { EvidenceError } from '../../core/errors.ts'
import { parseFileProof } from '../../core/file-proof.ts'
import type { Policy } from '../../core/policy.ts'
import { checkFileProof } from '../../verify/check-file.ts'
import { findingOf } from '../../verify/report.ts'
import type { Evidence, Handed } from './handed.ts'
import { type CheckResult, inFile, readChecked } from './receipt.ts'

/** A receipt, or a file proof, whose file was not handed over. */
export type LoneEvidence = Exclude<Evidence, { kind: 'manifest' }>

/**
 * Checks a receipt or file proof whose file is not here: all but the comparison of the file. Gives the result as {@link CheckResult}: of a
 * file proof `line` is the line that it proves. Throws what reading the artefact throws: `file-unreadable`, `receipt-malformed`.
 */
export function checkReceiptOnly(handed: Handed, evidence: LoneEvidence, policy: Policy): CheckResult {
  const base = { evidence, item: undefined, line: undefined }
  if (evidence.kind === 'receipt') {
    const read = readChecked(handed, handed.artefact(evidence.receipt), policy, evidence, undefined)
    return { ...base, ...read }
  }
  const proof = attempt(() => parseFileProof(handed.artefact(evidence.proof)))
  if (proof instanceof EvidenceError) {
    const faults = inFile(evidence.proof, [findingOf(proof)])
    return { ...base, checked: undefined, byTransition: false, faults, unjudged: [] }
  }
  const read = readChecked(handed, proof.receipt, policy, evidence, undefined)
  const body = read.checked?.body
  if (body === undefined) return { ...base, ...read }
  const verdict = checkFileProof(proof, body, undefined)
  const isListed = verdict.item !== undefined && verdict.faults.length === 0 && read.faults.length === 0
  return {
    ...base,
    ...read,
    item: verdict.item,
    line: isListed ? { ...proof.file, index: proof.lineIndex } : undefined,
    faults: [...read.faults, ...inFile(evidence.proof, verdict.faults)],
  }
}
