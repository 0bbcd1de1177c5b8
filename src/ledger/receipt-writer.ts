import { encodeReceiptHead, rangeHash, splitPoint, subtreeHashFrom, toBase64 } from '../core/index.ts'
import type { Placed } from './group.ts'
import type { LedgerTree } from './tree.ts'

/**
 * A receipt's text in two parts: its own, ASCII throughout, and the checkpoint that it shares with its group. A checkpoint
 * has a dash outside Latin-1, and a text that holds one takes two bytes a character for all of it.
 */
export interface ReceiptText {
  readonly own: string
  readonly checkpoint: string
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
        lines = `${toBase64(rangeHash(sibling, subtreeHashFrom(this.tree.read)))}\n${lines}`
        known.set(child, lines)
      } else lines = found
      if (isLeft) end = middle
      else begin = middle
    }
    return lines
  }

  write(index: number, sealed: NonNullable<Placed['sealed']>): ReceiptText {
    const { bytes, signer, disclosures } = sealed
    const own = encodeReceiptHead({ entryBytes: bytes, signer, disclosures }, index, this.proofLines(index))
    return { own, checkpoint: this.note }
  }
}
