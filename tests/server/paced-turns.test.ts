import { expect, it } from 'vitest'
import { PacedTurns } from '../../server/paced-turns.ts'

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

it('R8 H1 turns are given by group, one group after another, and within a group in order of arrival', async () => {
  const turns = new PacedTurns(1, 1)
  const begun: string[] = []
  const enter = (name: string): void => turns.whenTurn(() => begun.push(name), name[0])
  for (let n = 0; n < 5; n++) enter(`a${n}`)
  enter('b0')
  enter('b1')
  for (let over = 0; over < 3; over++) {
    turns.give()
    await turn()
  }
  // Who comes later has the next turn after those that were waiting.
  enter('c0')
  for (let over = 0; over < 6; over++) {
    turns.give()
    await turn()
  }
  expect(begun).toEqual(['a0', 'a1', 'b0', 'a2', 'b1', 'a3', 'c0', 'a4'])
})

it('R8 H1 a group whose turns come one by one has every second, however many another has waiting', async () => {
  const turns = new PacedTurns(1, 1)
  const begun: string[] = []
  for (let n = 0; n < 50; n++) turns.whenTurn(() => begun.push('many'), 'many')
  let next = 0
  const single = (): void => {
    begun.push('single')
    if (++next < 5) turns.whenTurn(single, 'single')
  }
  turns.whenTurn(single, 'single')
  while (next < 5) {
    turns.give()
    await turn()
  }
  expect(begun.filter((name) => name === 'many').length).toBeLessThanOrEqual(6)
})
