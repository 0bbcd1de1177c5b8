import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { toBase64 } from '../../src/core/base64.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { statusHash } from '../../src/core/entry.ts'
import { parsePolicy } from '../../src/core/policy.ts'
import { checkAnchors } from '../../src/verify/check-anchors.ts'
import { checkMisbehaviour } from '../../src/verify/check-misbehaviour.ts'
import { type CheckedReceipt, checkReceipt } from '../../src/verify/check-receipt.ts'
import { checkStatus } from '../../src/verify/check-status.ts'

/** The code blocks of a page's worked example. */
function examplesOf(page: string): string[] {
  const text = readFileSync(new URL(`../../docs/spec/${page}.md`, import.meta.url), 'utf8')
  const example = text.slice(text.indexOf('## Worked example'))
  return [...example.matchAll(/```[a-z]+\n([\s\S]*?)```/g)].map((match) => match[1] as string)
}

const [court] = examplesOf('07-policy')
const lone = parsePolicy(
  utf8(`${(court as string).split('\n').find((line) => line.startsWith('log '))}\nquorum none\n`),
)

describe('the worked example of', () => {
  const [receiptText, question, answer] = examplesOf('15-status') as [string, string, string]

  it('status', () => {
    const checked = checkReceipt(utf8(receiptText), lone) as CheckedReceipt
    expect(checked.faults).toEqual([])
    const entryHash = new URL(question.slice(4).trim(), 'http://localhost').searchParams.get('entryHash')
    expect(entryHash).toBe(toBase64(statusHash(checked.receipt.entryBytes)))
    const { faults, events } = checkStatus(JSON.parse(answer), checked, lone)
    expect(faults).toEqual([])
    expect(events.map(({ index, what, proven }) => [index, what, proven])).toEqual([
      [4, 'attested', false],
      [5, 'key-rotated', true],
      [6, 'related', false],
      [7, 'retracted', true],
    ])
  })

  it('anchors', () => {
    const [policy, anchor] = examplesOf('16-anchors') as [string, string]
    const { faults, unjudged, steps } = checkAnchors(utf8(receiptText), [utf8(anchor)], parsePolicy(utf8(policy)))
    expect([faults, unjudged]).toEqual([[], []])
    expect(steps.map(({ upper }) => [upper.origin, upper.index])).toEqual([['ledger.province.example/spec', 2]])
  })

  it('misbehaviour', () => {
    const [proof] = examplesOf('17-misbehaviour') as [string]
    expect(checkMisbehaviour(utf8(proof), parsePolicy(utf8(court as string)))).toMatchObject({
      faults: [],
      kind: 'split-view',
    })
  })
})
