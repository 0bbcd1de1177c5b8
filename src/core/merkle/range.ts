import { append } from '../arrays.ts'
import { emptyRoot, nodeHash } from './hashing.ts'

/** The right edge of a growing tree: the root of any number of leaves in log2(size) hashes of memory. */
export class CompactRange {
  /** Perfect subtrees, largest first: those of the binary digits of `size`. */
  private readonly peaks: Uint8Array[] = []
  private count = 0

  get size(): number {
    return this.count
  }

  /** An independent copy: appending to one does not change the other. */
  copy(): CompactRange {
    const copy = new CompactRange()
    append(copy.peaks, this.peaks)
    copy.count = this.count
    return copy
  }

  append(leafHash: Uint8Array): void {
    let node = leafHash
    for (let rest = this.count; rest % 2 === 1; rest = (rest - 1) / 2)
      node = nodeHash(this.peaks.pop() as Uint8Array, node)
    this.peaks.push(node)
    this.count++
  }

  /** Root of these leaves, with those of `edge` after them; these must be a multiple of a power of two above edge's size. */
  rootWith(edge: CompactRange): Uint8Array {
    if (edge.size === 0) return this.root()
    let hash = edge.root()
    for (let i = this.peaks.length - 1; i >= 0; i--) hash = nodeHash(this.peaks[i] as Uint8Array, hash)
    return hash
  }

  root(): Uint8Array {
    if (this.count === 0) return emptyRoot()
    let hash = this.peaks[this.peaks.length - 1] as Uint8Array
    for (let i = this.peaks.length - 2; i >= 0; i--) hash = nodeHash(this.peaks[i] as Uint8Array, hash)
    return hash
  }
}
