/**
 * Turns, so many at once, of which so many begin in one turn of the event loop: between them others go on. Those who wait have them by
 * group, one group after another, and within a group in order of arrival: a group with many waiting keeps no other from its turn.
 */
export class PacedTurns {
  private readonly perTurn: number
  private readonly atOnce: number
  private begun = 0
  private underWay = 0
  /** By group, the next in turn first. */
  private readonly waiting = new Map<string, (() => void)[]>()

  constructor(atOnce: number, perTurn: number) {
    this.atOnce = atOnce
    this.perTurn = perTurn
  }

  /** Calls back when its turn has come: at once, where there is room. Without a group, those who wait are one. */
  whenTurn(begin: () => void, group = ''): void {
    if (!this.hasRoom || this.waiting.size > 0) this.wait(begin, group)
    else this.begin(begin)
  }

  give(): void {
    this.underWay--
    if (this.begun === 0) this.nextTurn()
  }

  private get hasRoom(): boolean {
    return this.underWay < this.atOnce && this.begun < this.perTurn
  }

  private wait(begin: () => void, group: string): void {
    const own = this.waiting.get(group)
    if (own === undefined) this.waiting.set(group, [begin])
    else own.push(begin)
  }

  private begin(callback: () => void): void {
    this.underWay++
    if (this.begun++ === 0) setImmediate(() => this.nextTurn())
    callback()
  }

  private nextTurn(): void {
    this.begun = 0
    for (const [group, own] of this.waiting) {
      if (!this.hasRoom) return
      // What is set anew stands behind all others, and is met again.
      this.waiting.delete(group)
      const next = own.shift() as () => void
      if (own.length > 0) this.waiting.set(group, own)
      this.begin(next)
    }
  }
}

/** Does what waits for its turn, and gives the turn back. Throws as the work. */
export async function inTurn<T>(turns: PacedTurns, group: string, work: () => Promise<T>): Promise<T> {
  await new Promise<void>((begin) => turns.whenTurn(begin, group))
  try {
    return await work()
  } finally {
    turns.give()
  }
}
