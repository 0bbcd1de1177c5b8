import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Confirmation } from '../../src/ledger/confirmation.ts'

let told: string[]
let confirmation: Confirmation

const mebi = 1024 * 1024

/** Holds a group of two statements that says what becomes of it. */
function hold(size: number, bytes = 100): void {
  confirmation.hold({
    size,
    statements: 2,
    bytes,
    publish: () => told.push(`publish ${size}`),
    answer: () => told.push(`answer ${size}`),
    refuse: ({ code }) => told.push(`${code} ${size}`),
  })
}

const refusal = (): string | undefined => {
  try {
    confirmation.requireReady()
    return undefined
  } catch (error) {
    return (error as { code: string }).code
  }
}

beforeEach(() => {
  vi.useFakeTimers()
  told = []
  confirmation = new Confirmation(10, 1000)
})
afterEach(() => {
  vi.useRealTimers()
})

describe('Confirmation', () => {
  it('is shut until all that the database held is confirmed', () => {
    expect([confirmation.isOpen, refusal()]).toEqual([false, 'follower-unconfirmed'])
    confirmation.confirm(9)
    expect(confirmation.isOpen).toBe(false)
    confirmation.confirm(10)
    expect([confirmation.isOpen, refusal()]).toEqual([true, undefined])
  })

  it('publishes before it answers, in order, as far as is confirmed', () => {
    confirmation.confirm(10)
    hold(11)
    hold(13)
    hold(14)
    expect([confirmation.unanswered, confirmation.unansweredBytes]).toEqual([6, 300])
    confirmation.confirm(13)
    expect(told).toEqual(['publish 11', 'answer 11', 'publish 13', 'answer 13'])
    confirmation.confirm(12)
    expect(told).toHaveLength(4)
    confirmation.confirm(20)
    expect(told.slice(4)).toEqual(['publish 14', 'answer 14'])
    // What is held already is told at once: a repeat, or a confirmation that was quicker.
    hold(14)
    expect(told.slice(6)).toEqual(['publish 14', 'answer 14'])
    expect([confirmation.unanswered, confirmation.unansweredBytes]).toEqual([0, 0])
  })

  it('refuses what waited too long, takes nothing more, and publishes it when it is confirmed', () => {
    confirmation.confirm(10)
    hold(11)
    vi.advanceTimersByTime(600)
    hold(12)
    expect(refusal()).toBeUndefined()
    vi.advanceTimersByTime(399)
    expect(told).toEqual([])
    vi.advanceTimersByTime(1)
    expect(told).toEqual(['follower-unconfirmed 11'])
    expect([refusal(), confirmation.unanswered]).toEqual(['follower-unconfirmed', 2])
    confirmation.confirm(12)
    expect(told.slice(1)).toEqual(['publish 11', 'publish 12', 'answer 12'])
    expect([refusal(), confirmation.unanswered]).toEqual([undefined, 0])
    vi.advanceTimersByTime(5000)
    expect(told).toHaveLength(4)
  })

  it('R4A-H1: gives room while less than a window is unconfirmed, and waits for it otherwise', async () => {
    confirmation.confirm(10)
    expect(await confirmation.room()).toBe(2 * mebi)
    hold(11, mebi)
    expect(await confirmation.room()).toBe(mebi)
    hold(12, mebi)
    const room = confirmation.room()
    confirmation.confirm(11)
    expect(await room).toBeGreaterThan(0)
  })

  it('R4A-H1: refuses what waits for room when the follower is late, and when the server stops', async () => {
    confirmation.confirm(10)
    hold(11, 2 * mebi)
    const late = confirmation.room().catch(({ code }: { code: string }) => code)
    vi.advanceTimersByTime(1000)
    expect(await late).toBe('follower-unconfirmed')
    confirmation.confirm(11)
    hold(12, 16 * mebi)
    const stopped = confirmation.room().catch(({ code }: { code: string }) => code)
    confirmation.stop()
    expect(await stopped).toBe('shutting-down')
  })

  it('R4A-H1: fits the window to what the follower confirms in an eighth of the time-out', () => {
    confirmation.confirm(10)
    // 1 MiB in half a second: 256 KiB in 125 ms.
    hold(11, mebi)
    vi.advanceTimersByTime(500)
    confirmation.confirm(11)
    expect(confirmation.window).toBe(mebi / 4)
    // Quick, and nothing that a wider window would have helped.
    hold(12, 1000)
    confirmation.confirm(12)
    expect(confirmation.window).toBe(mebi / 4)
    hold(13, mebi / 4)
    vi.advanceTimersByTime(100)
    confirmation.confirm(13)
    expect(confirmation.window).toBe(mebi / 2)
    hold(14, 1)
    vi.advanceTimersByTime(999)
    confirmation.confirm(14)
    expect(confirmation.window).toBe(mebi / 8)
    for (let size = 15; size < 30; size++) {
      hold(size, confirmation.window)
      confirmation.confirm(size)
    }
    expect(confirmation.window).toBe(16 * mebi)
  })

  it('tells who waits that the server stops, and answers nobody twice', () => {
    confirmation.confirm(10)
    hold(11)
    confirmation.stop()
    hold(12)
    expect(told).toEqual(['shutting-down 11', 'shutting-down 12'])
    confirmation.confirm(12)
    expect(told.slice(2)).toEqual(['publish 11', 'publish 12'])
    vi.advanceTimersByTime(5000)
    expect(told).toHaveLength(4)
  })
})
