import { describe, expect, it } from 'vitest'
import { installNativePrimitives } from '../../src/node/native.ts'
import { figures, option } from '../support/fault-server.ts'
import { sampled, sizeOf } from '../support/long.ts'
import { classNames, fixtureLedgers, ledgerOf } from '../support/partial-cases.ts'
import { contradictions } from '../support/partial-judges.ts'
import { Random } from '../support/random.ts'

/*
 * One rulebook, asked with all entries of a ledger (the walk) and with some of them: by packages, receipts of rotations, proofs of
 * misbehaviour, copies and the walk's own threads. What some call fine all call fine, but for what only an entry that is not at hand
 * tells; what some refuse, all refuse; and what some cannot decide nobody passes on as fine.
 * `npm run faults -- partial-knowledge --cases 10000 --seed 1` is the long form; `--seed N --cases 1` is one case alone.
 */
const cases = option('cases', sizeOf('tests/faults/partial-knowledge.test.ts', 'cases'))
const firstSeed = option('seed', 1)
installNativePrimitives()

function tallies(): { readonly counts: Record<string, number>; readonly tally: (what: string) => void } {
  const counts: Record<string, number> = {}
  return { counts, tally: (what) => void (counts[what] = (counts[what] ?? 0) + 1) }
}

describe('judging with some of the entries and with all of them', () => {
  it('agrees on every ledger of the vectors', async () => {
    const { counts, tally } = tallies()
    const wrong: string[] = []
    const ledgers = [...fixtureLedgers().entries()]
    for (const [i, ledger] of sampled('tests/faults/partial-knowledge.test.ts', 'ledgers', ledgers))
      for (const line of await contradictions(ledger, new Random(i), tally)) wrong.push(`${ledger.what}: ${line}`)
    figures('partial knowledge, fixtures', counts)
    expect(wrong).toEqual([])
    for (const what of ['package: shown', 'package: fault', 'rotation: taken', 'misbehaviour: proven', 'copy: taken'])
      expect([what, counts[what] ?? 0]).not.toEqual([what, 0])
  })

  it(`agrees on ${cases} changes of them`, async () => {
    const { counts, tally } = tallies()
    const wrong: string[] = []
    for (let seed = firstSeed; seed < firstSeed + cases; seed++) {
      const ledger = ledgerOf(seed)
      for (const line of await contradictions(ledger, new Random(seed), tally))
        wrong.push(`${ledger.what}: ${line}; npm run faults -- partial-knowledge --cases 1 --seed ${seed}`)
    }
    figures('partial knowledge', { cases, 'first seed': firstSeed, classes: classNames.length, ...counts })
    for (const line of wrong) figures('partial knowledge', { line })
    expect(wrong).toEqual([])
  })
})
