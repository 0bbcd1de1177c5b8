import type { FileProof } from '../../core/file-proof.ts'
import type { Evidence } from '../steps/handed.ts'
import { proofOfLine } from '../steps/line-proof.ts'
import { manifestAt, readArtefact } from './artefact.ts'
import { requireLine } from './evidence-files.ts'

/** The proof of one file out of a manifest, and how many lines that has. Throws `file-not-in-deposit`. */
export function lineProof(
  evidence: Extract<Evidence, { kind: 'manifest' }>,
  file: string,
  item: number,
  withClaims: boolean,
): { readonly proof: FileProof; readonly of: number } {
  const line = requireLine(evidence, file)
  const manifest = manifestAt(evidence.manifest).bytes
  return proofOfLine({ line, manifest, receipt: readArtefact(evidence.receipt), item, withClaims })
}
