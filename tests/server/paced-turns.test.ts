import { expect, it } from 'vitest'
import { PacedTurns } from '../../server/in-flight.ts'

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

it('R6: reads begin few in each turn of the event loop, however many wait, and few are under way at once', async () => {
  const turns = new PacedTurns(6, 2)
  const begun: number[] = []
  for (let n = 0; n < 20; n++) turns.whenTurn(() => begun.push(n))
  let most = begun.length
  const pass = async (): Promise<void> => {
    const before = begun.length
    await turn()
    most = Math.max(most, begun.length - before)
  }
  for (let n = 0; n < 8; n++) await pass()
  expect(begun).toEqual([0, 1, 2, 3, 4, 5])
  for (let over = 0; over < 20; over++) {
    turns.give()
    await pass()
  }
  expect(begun).toEqual(Array.from({ length: 20 }, (_, n) => n))
  expect(most).toBeLessThanOrEqual(2)
  // Nothing waits: at once.
  turns.whenTurn(() => begun.push(20))
  expect(begun).toHaveLength(21)
})
