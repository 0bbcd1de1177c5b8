import { EvidenceError } from '../core/errors.ts'
import { timeText } from '../core/time.ts'

/** Where time comes from; a test brings its own. */
export interface Clock {
  /** Milliseconds since 1970. */
  wall(): number
  /** Milliseconds since some moment, never set back. */
  monotonic(): number
}

export const systemClock: Clock = {
  wall: () => Date.now(),
  monotonic: () => performance.now(),
}

/** How far wall clock and elapsed time may part before sequencing stops, in milliseconds. */
export const maxDepartureMs = 60_000
/** How far the clock may be ahead of the last entry at start, unless the operator says that it is right. */
export const defaultMaxGapMs: number = 31 * 24 * 3600 * 1000

export interface ClockGuardOptions {
  readonly maxGapMs?: number
  /** The operator's word that a larger gap is real. */
  readonly acceptGap?: boolean
}

/** A time to stamp a group with, and when it was read. */
export interface ClockReading {
  readonly wall: number
  readonly monotonic: number
}

/**
 * Watches the clock for the sequencer. A stamp is never clamped: a clock that cannot be trusted stops sequencing, for one
 * wrong stamp in 2036 would hold for every later entry.
 */
export class ClockGuard {
  private readonly clock: Clock
  private reference: { wall: number; monotonic: number }

  /** @param lastMs time of the last entry. Throws `clock-unsafe` for a gap that the operator has not accepted. */
  constructor(
    clock: Clock,
    lastMs: number | undefined,
    { maxGapMs = defaultMaxGapMs, acceptGap = false }: ClockGuardOptions = {},
  ) {
    this.clock = clock
    this.reference = { wall: clock.wall(), monotonic: clock.monotonic() }
    const gap = lastMs === undefined ? 0 : this.reference.wall - lastMs
    if (gap > maxGapMs && !acceptGap) {
      throw new EvidenceError(
        'clock-unsafe',
        `the clock is ${Math.round(gap / 3_600_000)} hours after the last entry; if it is right, start once with --accept-clock-gap`,
        {
          expected: `at most ${Math.round(maxGapMs / 3_600_000)} hours after ${timeText(lastMs as number)}`,
          found: timeText(this.reference.wall),
        },
      )
    }
  }

  /** A time for the next group, not before `lastMs`. Throws `clock-unsafe`. */
  next(lastMs: number | undefined): ClockReading {
    const wall = this.clock.wall()
    const monotonic = this.clock.monotonic()
    const expected = this.reference.wall + (monotonic - this.reference.monotonic)
    if (Math.abs(wall - expected) > maxDepartureMs) {
      throw new EvidenceError(
        'clock-unsafe',
        'the clock was set, by more than 60 seconds; sequencing is stopped until it is right',
        {
          expected: timeText(Math.round(expected)),
          found: timeText(wall),
          retryAfterSeconds: 60,
        },
      )
    }
    if (lastMs !== undefined && wall < lastMs) {
      throw new EvidenceError(
        'clock-unsafe',
        'the clock is behind the last entry; sequencing waits until it has passed it',
        {
          expected: `at least ${timeText(lastMs)}`,
          found: timeText(wall),
          retryAfterSeconds: Math.min(3600, Math.ceil((lastMs - wall) / 1000)),
        },
      )
    }
    return { wall, monotonic }
  }

  /** Records the reading of {@link next} that a group was stamped with: elapsed time counts from it. */
  stamped({ wall, monotonic }: ClockReading): void {
    // The commit since may have been slow: what counts is when the wall clock was read.
    this.reference = { wall, monotonic }
  }
}
