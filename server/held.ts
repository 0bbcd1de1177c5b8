/**
 * What a request holds until two things are so: its answer was handed over or its connection closed, and its handler, where that has
 * begun, has ended. A handler works on after its connection is gone, and uses what it holds.
 */
export class Held {
  private readonly give: () => void
  private isAtWork = false
  private isOver = false

  /** @param give gives it back; called once. */
  constructor(give: () => void) {
    this.give = give
  }

  /** The handler begins. */
  begins(): void {
    this.isAtWork = true
  }

  /** The handler has ended. */
  ended(): void {
    this.isAtWork = false
    if (this.isOver) this.give()
  }

  /** The answer was handed over, or its connection closed. */
  over(): void {
    this.isOver = true
    if (!this.isAtWork) this.give()
  }
}
