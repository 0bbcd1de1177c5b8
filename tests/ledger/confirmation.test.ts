import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Confirmation } from '../../src/ledger/confirmation.ts'

let told: string[]
let confirmation: Confirmation

/** Holds a group of two statements that says what becomes of it. */
function hold(size: number): void {
  confirmation.hold({
    size,
    statements: 2,
    bytes: 100,
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
