import { isFileAt } from './artefact.ts'
import type { Evidence } from './evidence-files.ts'

/** Where the time proof of a receipt, or of a file proof, lies: beside it. */
export function timeProofPath(receipt: string): string {
  return `${receipt.replace(/\.(?:tlog-proof|file-proof)$/, '')}.time-proof`
}

/** The time proof that was named, or the one beside the evidence; undefined where there is none. */
export function findTimeProof(evidence: Evidence, named: string | undefined): string | undefined {
  if (named !== undefined) return named
  const beside = timeProofPath(evidence.kind === 'file-proof' ? evidence.proof : evidence.receipt)
  return isFileAt(beside) ? beside : undefined
}
