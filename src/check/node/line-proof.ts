import { utf8 } from '../../core/bytes.ts'
import { leafHash } from '../../core/entry.ts'
import type { FileProof } from '../../core/file-proof.ts'
import { manifestLeaves } from '../../core/manifest.ts'
import { nodeHash } from '../../core/merkle/hashing.ts'
import type { LeafRange, Subtree } from '../../core/merkle/layout.ts'
import { inclusionRanges, rangeHash } from '../../core/merkle/prove.ts'
import { encodeReceipt, parseReceipt } from '../../core/receipt.ts'
import { readArtefact, manifestAt } from './artefact.ts'
import type { Evidence } from '../steps/handed.ts'
import { requireLine } from './evidence-files.ts'

/** The proof of one file out of a manifest, and how many lines that has. Throws `file-not-in-deposit`. */
export function lineProof(
  evidence: Extract<Evidence, { kind: 'manifest' }>,
  file: string,
  item: number,
  withClaims: boolean,
): { readonly proof: FileProof; readonly of: number } {
  const line = requireLine(evidence, file)
  const { index } = line
  const leaves = manifestLeaves(manifestAt(evidence.manifest).bytes)
  const proof = {
    item,
    lineIndex: index,
    line: leaves[index] as Uint8Array,
    file: line,
    hashes: pathOf(leaves, index),
    receipt: withClaims ? readArtefact(evidence.receipt) : withoutClaims(readArtefact(evidence.receipt)),
  }
  return { proof, of: leaves.length }
}

/** A receipt without its disclosures: the proof of one file must not show the names, case and note of the whole folder. */
function withoutClaims(bytes: Uint8Array): Uint8Array {
  const { proof, entryBytes, signer } = parseReceipt(bytes)
  return utf8(encodeReceipt({ entryBytes, signer, disclosures: [] }, proof.index, proof.hashes, proof.noteText))
}

/** Inclusion proof of a line among the lines of a manifest. */
function pathOf(leaves: readonly Uint8Array[], index: number): Uint8Array[] {
  const rows: Uint8Array[][] = [leaves.map(leafHash)]
  for (let row = rows[0] as Uint8Array[]; row.length > 1; ) {
    const above: Uint8Array[] = []
    for (let i = 0; i + 1 < row.length; i += 2) above.push(nodeHash(row[i] as Uint8Array, row[i + 1] as Uint8Array))
    rows.push(above)
    row = above
  }
  const hash = ({ height, index: at }: Subtree): Uint8Array => rows[height]?.[at] as Uint8Array
  return inclusionRanges(index, leaves.length).map((range: LeafRange) => rangeHash(range, hash))
}
