import { utf8 } from '../../core/bytes.ts'
import { leafHash } from '../../core/entry.ts'
import type { FileProof } from '../../core/file-proof.ts'
import { type ManifestLine, manifestLeaves } from '../../core/manifest.ts'
import { nodeHash } from '../../core/merkle/hashing.ts'
import type { LeafRange, Subtree } from '../../core/merkle/layout.ts'
import { inclusionRanges, rangeHash } from '../../core/merkle/prove.ts'
import { encodeReceipt, parseReceipt } from '../../core/receipt.ts'

/** What the proof of one line of a manifest is made of. */
export interface LineSources {
  readonly line: ManifestLine & { readonly index: number }
  /** The manifest's bytes. */
  readonly manifest: Uint8Array
  readonly receipt: Uint8Array
  /** Number of the deposit's item that lists the file. */
  readonly item: number
  /** True to show the sealed claims of the whole folder's receipt too. */
  readonly withClaims: boolean
}

/** The proof of one file out of a manifest, and how many lines that has. Throws the codes of a receipt and of a manifest. */
export function proofOfLine({ line, manifest, receipt, item, withClaims }: LineSources): {
  readonly proof: FileProof
  readonly of: number
} {
  const { index } = line
  const leaves = manifestLeaves(manifest)
  const proof = {
    item,
    lineIndex: index,
    line: leaves[index] as Uint8Array,
    file: line,
    hashes: pathOf(leaves, index),
    receipt: withClaims ? receipt : withoutClaims(receipt),
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
