import { expect, it } from 'vitest'
import { durationText } from '../../cli/render/progress.ts'

it.each([
  [0.2, '1 s'],
  [89, '89 s'],
  [90, '2 min'],
  [720, '12 min'],
  [5400, '1 h 30 min'],
  [11_100, '3 h 5 min'],
])('%d seconds are %s', (seconds, text) => {
  expect(durationText(seconds)).toBe(text)
})
