import { fileBounds } from '../node/bounded-file.ts'
import { writeDurably } from '../node/durable-file.ts'
import { readKept } from './kept-file.ts'

/**
 * Up to which size of a copy the events of its entries were handed over, as a file beside the copy: written after they were printed and kept for
 * delivery, so that a monitor which ends in between tells them again (docs/design/monitoring-others.md).
 */
export class ToldSize {
  private readonly file: string
  private told: number | undefined

  /** Throws `file-unreadable` where the file is not what was written. */
  constructor(file: string) {
    this.file = file
    const what = 'up to which entry was told what is watched for'
    const without = 'what the copy holds counts as told from then on'
    this.told = readKept({ path: file, what, without, maxBytes: fileBounds.small, read: sizeIn })
  }

  /** Undefined where nothing was written yet. */
  get size(): number | undefined {
    return this.told
  }

  /**
   * Begins with a copy as it was opened. Of one that was made before there was such a file everything counts as told, and of one that is new nothing; a
   * copy that was put back begins again from what it holds. Throws what writing throws.
   */
  begin(size: number): void {
    if (this.told === undefined || this.told > size) this.save(size)
  }

  /** Durable when this returns. Throws what writing throws. */
  save(size: number): void {
    if (this.told === size) return
    writeDurably(this.file, `${size}\n`)
    this.told = size
  }
}

function sizeIn(text: string): number | undefined {
  return /^(?:0|[1-9][0-9]{0,14})\n$/.test(text) ? Number(text) : undefined
}
