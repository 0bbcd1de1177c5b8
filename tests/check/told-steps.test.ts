import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { FileReport } from '../../src/check/steps/report.ts'
import type { ProvenLater } from '../../src/check/steps/later.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { parsePolicy } from '../../src/core/policy.ts'
import { tell } from '../../src/told/tell.ts'
import { wordsOf } from '../../src/words/index.ts'
import { reportOfDropped } from '../support/dropped.ts'

const words = wordsOf('en')
const { step } = words.check

interface Input {
  readonly receipt?: string
  readonly receiptBase64?: string
  readonly policy: string
}

/** The report about a file that was never deposited, by the receipt of a vector. */
async function reportOf(vector: string): Promise<FileReport> {
  const url = new URL(`../../fixtures/vectors/receipt/${vector}.json`, import.meta.url)
  const { input } = JSON.parse(readFileSync(url, 'utf8')) as { input: Input }
  const receipt = input.receipt ?? Buffer.from(input.receiptBase64 ?? '', 'base64')
  const files = { 'a.txt': 'never deposited', 'a.txt.tlog-proof': receipt }
  return (await reportOfDropped(files, parsePolicy(utf8(input.policy)))) as FileReport
}

async function stateOf(vector: string, name: keyof typeof step): Promise<string | undefined> {
  return tell(await reportOf(vector), words).steps.find(({ text }) => text === step[name])?.state
}

describe('R9: a step is told to hold only where it was taken', () => {
  it.each([
    ['kind-unknown', 'file', 'open'],
    ['kind-unknown', 'claims', 'open'],
    ['kind-unknown', 'signature', 'ok'],
    ['extra-malformed-alone', 'file', 'skipped'],
    ['alg-unknown', 'signature', 'open'],
    ['alg-unknown', 'file', 'fault'],
    ['schema', 'file', 'skipped'],
    ['schema', 'claims', 'skipped'],
    ['schema', 'signature', 'ok'],
    ['policy-unsupported', 'quorum', 'open'],
    ['policy-unmet', 'quorum', 'fault'],
    ['checkpoint-signature', 'policy', 'fault'],
    ['checkpoint-signature', 'quorum', 'skipped'],
    ['checkpoint-signature', 'signature', 'ok'],
    ['other-ledger', 'policy', 'fault'],
    ['other-ledger', 'quorum', 'skipped'],
    ['other-ledger', 'audience', 'ok'],
    ['audience-other', 'audience', 'fault'],
    ['audience-other', 'policy', 'ok'],
    ['jwk-other', 'signature', 'fault'],
    ['proof-other', 'inclusion', 'fault'],
    ['disclosed', 'file', 'fault'],
    ['disclosed', 'quorum', 'skipped'],
    ['cosigned-tolerated', 'quorum', 'ok'],
  ] as const)('%s: %s is %s', async (vector, name, state) => {
    expect(await stateOf(vector, name)).toBe(state)
  })
})

describe('R9: notices stand first, and none hides another', () => {
  const at = { proven: true, kind: 'evidence.retract', time: '2026-11-01T08:00:00.000Z' } as const
  const told = async (events: ProvenLater['events'], flagged: boolean) => {
    const report = await reportOf('disclosed')
    const carried: ProvenLater = { events, flagged }
    return tell({ ...report, faults: [], result: { ...report.result, item: 0, faults: [] }, carried }, words)
  }

  it('tells a retraction and a compromised key together, and the part beside the whole', async () => {
    const { notices, sentence } = await told(
      [
        { ...at, index: 7, what: 'retracted', code: 'mistake' },
        { ...at, index: 8, what: 'part-retracted', code: 'mistake', item: 3, line: 4 },
      ],
      true,
    )
    expect(notices.map((text) => text.split(':')[0])).toEqual(['RETRACTED', 'KEY COMPROMISED', 'PART RETRACTED'])
    expect(notices[2]).toContain('item 3, line 4')
    expect(sentence).toBe(words.check.sentence.retracted)
  })

  it('tells of a file that was taken back without its deposit', async () => {
    const { notices, sentence } = await told(
      [{ ...at, index: 8, what: 'part-retracted', code: 'mistake', item: 0 }],
      false,
    )
    expect(notices).toEqual([expect.stringMatching(/^RETRACTED: the depositor took this file back, by entry 8/)])
    expect(sentence).toBe(words.check.sentence.fileRetracted)
  })

  it('tells a part of others beside an unchanged file', async () => {
    const { notices, outcome } = await told([{ ...at, index: 8, what: 'part-retracted', item: 5 }], false)
    expect(outcome.kind).toBe('unchanged')
    expect(notices).toEqual([expect.stringMatching(/^PART RETRACTED: .* item 5 of this deposit/)])
  })

  it('goes by receipts and by the ledger’s answer together: a whole retraction is told before one of a part', async () => {
    const report = await reportOf('disclosed')
    const part = { ...at, index: 8, what: 'part-retracted', code: 'mistake', item: 0 } as const
    const whole = { ...at, index: 9, what: 'retracted', code: 'mistake' } as const
    const carried: ProvenLater = { events: [part], flagged: false }
    const later = { url: 'x', size: 10, events: [whole], shown: new Map(), flagged: false, faults: [], unjudged: [] }
    const result = { ...report.result, item: 0, faults: [] }
    const { notices, sentence } = tell({ ...report, faults: [], result, carried, later }, words)
    expect(notices.map((text) => text.split(':')[0])).toEqual(['RETRACTED', 'PART RETRACTED'])
    expect(notices[0]).toContain('this deposit back, by entry 9')
    expect(sentence).toBe(words.check.sentence.retracted)
  })

  it('has none where nothing followed', async () => {
    expect((await told([], false)).notices).toEqual([])
  })
})
