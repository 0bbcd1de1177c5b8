import { expect, it } from 'vitest'
import { PacedTurns } from '../../server/in-flight.ts'

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

it('R6: reads begin few in each turn of the event loop, however many wait, and few are under way at once', async () => {
  const turns = new PacedTurns(6, 2)
  const begun: number[] = []
  for (let n = 0; n < 20; n++) void turns.take().then(() => begun.push(n))
  let most = 0
  for (let before = 0; begun.length < 6; before = begun.length) {
    await turn()
    most = Math.max(most, begun.length - before)
  }
  expect(most).toBeLessThanOrEqual(2)
  for (let n = 0; n < 5; n++) await turn()
  expect(begun).toEqual([0, 1, 2, 3, 4, 5])
  for (let n = 0; n < 14; n++) turns.give()
  for (let n = 0; n < 30; n++) await turn()
  expect(begun).toEqual(Array.from({ length: 20 }, (_, n) => n))
})
