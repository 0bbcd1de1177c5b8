/** Gives memory of a length, whose contents are of no meaning. */
export type Allocate = (length: number) => Uint8Array<ArrayBuffer>

/** Memory that is not kept for the next. */
export const allocate: Allocate = (length) => new Uint8Array(length)

/**
 * Memory that is given out piece by piece and used anew after {@link reset}: a range of entries has some hundred blocks, and as many buffers
 * would cost more than reading them.
 */
export class Arena {
  private bytes = new Uint8Array(0)
  private used = 0
  private wanted = 0

  /** What was given out before is overwritten from now on. */
  reset(): void {
    if (this.wanted > this.bytes.length) this.bytes = new Uint8Array(Math.ceil(1.25 * this.wanted))
    this.used = 0
    this.wanted = 0
  }

  /** A piece that stays as it is until the next {@link reset}; of its own where there is not enough left. */
  readonly allocate: Allocate = (length) => {
    this.wanted += length
    if (length > this.bytes.length - this.used) return allocate(length)
    this.used += length
    return this.bytes.subarray(this.used - length, this.used)
  }
}
