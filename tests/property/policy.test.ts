import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { utf8 } from '../../src/core/bytes.ts'
import { checkpointText } from '../../src/core/checkpoint-text.ts'
import { parseNote } from '../../src/core/note.ts'
import { applyPolicy, parsePolicy, type Policy } from '../../src/core/policy.ts'
import { cosignerNamed } from '../core/cosigners.ts'
import { checkpoint, ledgerKey, noteText, origin } from '../core/samples.ts'
import { accepted, nearlyValid } from './mutations.ts'

const names = ['a', 'b', 'c', 'd'] as const
const cosigners = names.map((name) => cosignerNamed(name))
const text = checkpointText(checkpoint)
const byLog = parseNote(utf8(noteText)).signatures

const head = `log ${ledgerKey.text}\n${names.map((name, i) => `witness ${name} ${cosigners[i]?.key.text}\n`).join('')}`
const samples = [
  `${head}quorum none\n`,
  `# comment\n${head}group g 2 a b c\nquorum g\n`,
  `${head}group g any a b\ngroup h all c g\nquorum h\n`,
].map(utf8)

/** A policy by its own words, one definition a line. */
function encode({ logs, witnesses, groups, quorum }: Policy): string {
  return [
    ...logs.map(({ key, url }) => ['log', key.text, url]),
    ...witnesses.map(({ name, key, url }) => ['witness', name, key.text, url]),
    ...groups.map(({ name, threshold, members }) => ['group', name, threshold, ...members]),
    ['quorum', quorum],
  ]
    .map((words) => `${words.filter((word) => word !== undefined).join(' ')}\n`)
    .join('')
}

describe('policy', () => {
  it('is refused by an error of ours, or says the same when written plainly', () => {
    let taken = 0
    fc.assert(
      fc.property(nearlyValid(samples), (bytes) => {
        const policy = accepted(() => parsePolicy(bytes))
        if (policy === undefined) return
        taken++
        const plain = parsePolicy(Uint8Array.from(Buffer.from(encode(policy), 'latin1')))
        expect(plain).toEqual(policy)
        const names = [...policy.witnesses, ...policy.groups].map(({ name }) => name)
        expect(new Set(names).size).toBe(names.length)
        expect(['none', ...names]).toContain(policy.quorum)
      }),
      { numRuns: 1500 },
    )
    expect(taken).toBeGreaterThan(100)
  })

  it('applied to a note ends in an error of ours or a result, never otherwise', () => {
    const notes = [noteText, noteText + `— ${cosigners[0]?.key.name} ${'A'.repeat(100)}\n`].map(utf8)
    fc.assert(
      fc.property(nearlyValid(samples), nearlyValid(notes), (policyBytes, noteBytes) => {
        const result = accepted(() => applyPolicy(parsePolicy(policyBytes), parseNote(noteBytes), origin))
        expect(result === undefined || result.log.name === origin).toBe(true)
      }),
      { numRuns: 600 },
    )
  })

  it('counts as the quorum’s words say, for groups made at random', () => {
    const threshold = fc.integer({ min: 1, max: 4 })
    const subset = fc.subarray([...names])
    fc.assert(
      fc.property(subset, threshold, threshold, (cosigning, inner, outer) => {
        const k = Math.min(inner, 2)
        const n = Math.min(outer, 3)
        const policy = parsePolicy(utf8(`${head}group in ${k} a b\ngroup out ${n} in c d\nquorum out\n`))
        const has = (name: string): number => Number((cosigning as string[]).includes(name))
        const expected = Number(has('a') + has('b') >= k) + has('c') + has('d') >= n
        const signatures = [...byLog, ...cosigning.map((name) => cosignerNamed(name).cosign(text, 1n))]
        expect(accepted(() => applyPolicy(policy, { text, signatures }, origin)) !== undefined).toBe(expected)
      }),
      { numRuns: 60 },
    )
  })
})
