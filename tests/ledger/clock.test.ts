import { describe, expect, it } from 'vitest'
import { ClockGuard } from '../../src/ledger/clock.ts'

function clockAt(wall: number): {
  wall: () => number
  monotonic: () => number
  pass: (ms: number) => void
  set: (wall: number) => void
} {
  let offset = wall
  let elapsed = 0
  return {
    wall: () => offset + elapsed,
    monotonic: () => elapsed,
    pass: (ms) => {
      elapsed += ms
    },
    set: (to) => {
      offset = to - elapsed
    },
  }
}
const start = Date.parse('2026-11-01T00:00:00.000Z')

describe('ClockGuard', () => {
  it('gives the wall clock while it keeps time', () => {
    const clock = clockAt(start)
    const guard = new ClockGuard(clock, start - 1000)
    clock.pass(5000)
    expect(guard.next(start - 1000).wall).toBe(start + 5000)
  })

  it('stops when the clock is set by more than a minute, either way, and goes on when it is right again', () => {
    for (const by of [61_000, -61_000, 365 * 24 * 3600_000]) {
      const clock = clockAt(start)
      const guard = new ClockGuard(clock, start - 3600_000)
      clock.set(start + by)
      expect(() => guard.next(start - 3600_000)).toThrowError(expect.objectContaining({ code: 'clock-unsafe' }))
      clock.set(start + 10)
      expect(guard.next(start - 3600_000).wall).toBe(start + 10)
    }
  })

  it('lets a small correction through, but never a time before the last entry', () => {
    const clock = clockAt(start)
    const guard = new ClockGuard(clock, start)
    clock.set(start - 2000)
    expect(() => guard.next(start)).toThrowError(expect.objectContaining({ code: 'clock-unsafe' }))
    clock.pass(2000)
    expect(guard.next(start).wall).toBe(start)
  })

  it('measures from the last stamp', () => {
    const clock = clockAt(start)
    const guard = new ClockGuard(clock, start)
    for (let i = 0; i < 5; i++) {
      clock.set(clock.wall() + 40_000)
      guard.stamped(guard.next(start))
    }
    clock.set(clock.wall() + 61_000)
    expect(() => guard.next(start)).toThrow()
  })

  it('waits after a restart behind the last entry, and asks for the operator’s word after a long gap', () => {
    const behind = new ClockGuard(clockAt(start), start + 5000)
    expect(() => behind.next(start + 5000)).toThrowError(
      expect.objectContaining({ facts: expect.objectContaining({ retryAfterSeconds: 5 }) }),
    )
    const year = 365 * 24 * 3600_000
    expect(() => new ClockGuard(clockAt(start + year), start)).toThrowError(
      expect.objectContaining({ code: 'clock-unsafe' }),
    )
    expect(new ClockGuard(clockAt(start + year), start, { acceptGap: true }).next(start).wall).toBe(start + year)
    expect(new ClockGuard(clockAt(start + year), start, { maxGapMs: 2 * year }).next(start).wall).toBe(start + year)
  })
})
