import type { Reading } from './reading-log.ts'

interface Count {
  /** Readings of the day. */
  readonly read: number
  /** Readings of these that lines stand for. */
  readonly told: number
}

/** Readings of a day that are remembered: about 15 MB. Of one that is forgotten a line more is written. */
const maxRemembered = 65_536

/**
 * What of a day's readings stands in the log. The first reading of an entry by a reader in one way under the same seals is written, then the second,
 * the fourth, the eighth …, each with how many readings it stands for: so the lines say who, what and when first, and how often up to a factor of two,
 * and however often something is read again, it makes few lines. Kept in memory: after a start a day's counts begin anew.
 */
export class ReadingRepeats {
  private readonly most: number
  private day = ''
  private counts = new Map<string, Count>()

  constructor(most: number = maxRemembered) {
    this.most = most
  }

  /** Counts of a day with more readings: kept once {@link StagedRepeats.keep} is called, when what is due is written. */
  on(day: string): StagedRepeats {
    const known: ReadonlyMap<string, Count> = day === this.day ? this.counts : new Map()
    const staged = new Map<string, Count>()
    return {
      add: (reading) => {
        const name = nameOf(reading)
        const { read, told } = staged.get(name) ?? known.get(name) ?? { read: 0, told: 0 }
        const isDue = isPowerOfTwo(read + 1)
        staged.set(name, { read: read + 1, told: isDue ? read + 1 : told })
        return isDue ? read + 1 - told : 0
      },
      keep: () => this.keep(day, staged),
    }
  }

  private keep(day: string, staged: ReadonlyMap<string, Count>): void {
    if (day !== this.day) this.counts = new Map()
    this.day = day
    for (const [name, count] of staged) {
      // What was read last is forgotten last.
      this.counts.delete(name)
      this.counts.set(name, count)
    }
    for (const name of this.counts.keys()) {
      if (this.counts.size <= this.most) return
      this.counts.delete(name)
    }
  }
}

export interface StagedRepeats {
  /** Counts a reading; how many readings a line that is due now stands for, 0 where none is. */
  readonly add: (reading: Reading) => number
  readonly keep: () => void
}

function nameOf({ reader, index, to, shown, seals }: Reading): string {
  return `${shown} ${index} ${to ?? ''} ${reader} ${seals.map(({ entry }) => entry).join(' ')}`
}

function isPowerOfTwo(n: number): boolean {
  return Number.isInteger(Math.log2(n))
}
