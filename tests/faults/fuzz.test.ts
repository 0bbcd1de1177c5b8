import { describe, expect, it } from 'vitest'
import { isEvidenceError } from '../../src/core/errors.ts'
import { installNativePrimitives } from '../../src/node/native.ts'
import { figures, option } from '../support/fault-server.ts'
import { sizeOf } from '../support/long.ts'
import { mutated } from '../support/mutator.ts'
import { type FuzzedParser, parsers } from '../support/parsers.ts'
import { Random } from '../support/random.ts'

/*
 * Generated inputs over every parser: each is refused with an error of ours, or read; what is read is written again as it was,
 * where the format has one spelling. `npm run faults -- fuzz --inputs 10000000 --seed 1` is the long form, and also runs what native
 * code the tools use.
 */
const inputs = option('inputs', sizeOf('tests/faults/fuzz.test.ts', 'inputs'))
const seed = option('seed', 1)
/** Far beyond what any input takes, with room for a garbage collection on a busy machine: a hang, not slowness. */
const hangMs = 2000

interface Count {
  accepted: number
  refused: number
  slowestMs: number
}

/** Milliseconds that this process has computed: no load of the machine lengthens them. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

/** Runs one parser over its share; the first input that breaks it is told in full. */
function fuzz({ name, samples, run }: FuzzedParser, share: number, random: Random): Count {
  const count: Count = { accepted: 0, refused: 0, slowestMs: 0 }
  for (let i = 0; i < share; i++) {
    const bytes = mutated(samples, random)
    const began = cpuMs()
    try {
      const again = run(bytes)
      count.accepted++
      if (again !== undefined && Buffer.compare(again, bytes) !== 0) throw new Error('written again it differs')
    } catch (error) {
      if (!isEvidenceError(error) || error.code === 'internal-error') {
        const input = Buffer.from(bytes).toString('base64')
        throw new Error(`${name}, input ${i} (base64 ${input}): ${(error as Error).stack}`, { cause: error })
      }
      count.refused++
    }
    count.slowestMs = Math.max(count.slowestMs, cpuMs() - began)
  }
  return count
}

describe('generated inputs', () => {
  installNativePrimitives()
  const share = Math.ceil(inputs / parsers.length)
  const began = performance.now()
  const totals = { accepted: 0, refused: 0, slowestMs: 0 }

  it.each(parsers.map((one, i) => [one.name, one, i] as const))('%s', (_name, one, i) => {
    // Its samples must be good ones, or only refusals are tried.
    const { accepted, refused, slowestMs } = fuzz(one, share, new Random(seed * 1000 + i))
    expect(refused + accepted).toBe(share)
    expect(slowestMs).toBeLessThan(hangMs)
    totals.accepted += accepted
    totals.refused += refused
    totals.slowestMs = Math.max(totals.slowestMs, slowestMs)
  })

  it('were as many as were asked for', () => {
    expect(totals.accepted + totals.refused).toBeGreaterThanOrEqual(inputs)
    expect(totals.accepted).toBeGreaterThan(inputs / 100)
    figures('fuzz', {
      inputs: totals.accepted + totals.refused,
      seed,
      parsers: parsers.length,
      accepted: totals.accepted,
      refused: totals.refused,
      broken: 0,
      'slowest ms': Math.round(totals.slowestMs),
      seconds: Math.round((performance.now() - began) / 1000),
    })
  })
})
