import { toBase64 } from '../core/base64.ts'
import { splitPoint } from '../core/merkle/layout.ts'
import { rangeHash } from '../core/merkle/prove.ts'
import { subtreeHashFrom } from '../core/merkle/tiles.ts'
import { encodeReceiptExtra, type ReceiptParts } from '../core/receipt.ts'
import { tlogProofHead } from '../core/tlog-proof.ts'
import type { LedgerTree } from './tree.ts'

/** A line's end inside a JSON string: most receipts are answered as one, and nothing else of them needs an escape. */
const lineEnd = '\\n'

/**
 * A receipt, in parts that a group shares or that need no copying: joined, it is a text of two bytes a character, for
 * a checkpoint has a dash outside Latin-1, and copying such texts was a third of what a deposit allocated.
 */
export class ReceiptText {
  private readonly extra: Uint8Array
  private readonly index: number
  private readonly proofLines: string
  /** Ends the receipt; shared by all of a group. */
  readonly checkpoint: string

  constructor(extra: Uint8Array, index: number, proofLines: string, checkpoint: string) {
    this.extra = extra
    this.index = index
    this.proofLines = proofLines
    this.checkpoint = checkpoint
  }

  /** About how many bytes it has as text. */
  get length(): number {
    return Math.ceil((this.extra.length * 4) / 3) + this.proofLines.length + this.checkpoint.length
  }

  /** The receipt as it is kept in a file. */
  get text(): string {
    const lines = this.proofLines.replaceAll(lineEnd, '\n')
    return tlogProofHead(this.index, lines, this.extra).join('') + this.checkpoint
  }

  /** The receipt as far as its checkpoint, as a JSON string has it inside its quotation marks, in parts to be joined; ASCII. */
  get jsonHead(): string[] {
    return tlogProofHead(this.index, this.proofLines, this.extra, lineEnd)
  }
}

/** The receipt of an entry by the hashes of its inclusion proof, leaf to root. */
export function receiptText(
  parts: ReceiptParts,
  index: number,
  hashes: readonly Uint8Array[],
  note: string,
): ReceiptText {
  const lines = hashes.map((hash) => `${toBase64(hash)}${lineEnd}`).join('')
  return new ReceiptText(encodeReceiptExtra(parts), index, lines, note)
}

/**
 * Writes the receipts of one group: they share a checkpoint and most of their proofs, so the part of a proof above each
 * node of the tree is hashed and encoded once.
 */
export class ReceiptWriter {
  /** By depth, then by first leaf: the proof lines that all below the node share. */
  private readonly above: Map<number, string>[] = []
  private readonly tree: LedgerTree
  private readonly size: number
  private readonly note: string

  constructor(tree: LedgerTree, size: number, note: string) {
    this.tree = tree
    this.size = size
    this.note = note
  }

  /** Lines of the inclusion proof (RFC 6962, section 2.1.1), leaf to root. Goes down from the root, where it is the other way round. */
  private proofLines(index: number): string {
    let lines = ''
    let begin = 0
    let end = this.size
    for (let depth = 0; end - begin > 1; depth++) {
      const middle = begin + splitPoint(end - begin)
      const isLeft = index < middle
      const known = (this.above[depth] ??= new Map<number, string>())
      const child = isLeft ? begin : middle
      const found = known.get(child)
      if (found === undefined) {
        const sibling = isLeft ? { begin: middle, end } : { begin, end: middle }
        lines = `${toBase64(rangeHash(sibling, subtreeHashFrom(this.tree.read)))}${lineEnd}${lines}`
        known.set(child, lines)
      } else lines = found
      if (isLeft) end = middle
      else begin = middle
    }
    return lines
  }

  /** The receipt of an entry of the group. */
  write(index: number, parts: ReceiptParts): ReceiptText {
    return new ReceiptText(encodeReceiptExtra(parts), index, this.proofLines(index), this.note)
  }
}
