import { describe, expect, it } from 'vitest'
import type { OnlineStatus } from '../../src/check/steps/later.ts'
import type { AnyReport, CheckedPackageReport } from '../../src/check/steps/report.ts'
import type { PackagedEvent } from '../../src/package/package-events.ts'
import { laterLines } from '../../src/told/later.ts'
import { noticesOf } from '../../src/told/notices.ts'
import { packageParts } from '../../src/told/package.ts'
import type { ProvenEvent } from '../../src/verify/check-status.ts'
import { wordsOf } from '../../src/words/index.ts'

const time = '2026-11-21T09:31:30.000Z'
const passed = { giver: 'court-1', receiver: 'notary-3' } as const
const handOver = { what: 'handed-over', code: 'accepted', ...passed } as const
const flagged = { ...handOver, flags: ['moved-by-order', 'accepted-differs'], inLieu: 'holder-gone' } as const
const onChallenge = { what: 'found', code: 'admitted', item: 0, on: 41 } as const

/** What is told of events of a ledger's answer, a line each, after the line that says as of which size. */
function told(language: 'en' | 'zh', ...events: readonly Pick<ProvenEvent, 'what'>[]): readonly string[] {
  const proven = events.map(
    (event, i): ProvenEvent => ({ proven: true, index: 45 + i, time, kind: 'some.kind', ...event }),
  )
  const later: OnlineStatus = {
    url: 'https://ledger.example',
    size: 99,
    events: proven,
    shown: new Map(),
    flagged: false,
    faults: [],
    unjudged: [],
  }
  return laterLines({ later }, wordsOf(language)).slice(1)
}

describe('what is told of later events', () => {
  it('says who hands over to whom, and what is said for ever beside it, in both languages', () => {
    expect(told('en', flagged)[0]).toContain(
      'hand-over, reason: accepted, from court-1 to notary-3; moved by order, without the holder’s signature (holder-gone); accepted although something differs: entry 45',
    )
    expect(told('zh', flagged)[0]).toContain('，没有保管人的签名 (holder-gone); 虽有不符，仍予接收')
    expect(told('zh', flagged)[0]).toContain('由 court-1 交给 notary-3')
  })

  it('says no more beside one that has no mark, nor of a refusal in lieu', () => {
    const refused = { ...handOver, code: 'rejected', inLieu: 'court-order' }
    for (const line of told('en', handOver, refused)) {
      expect(line).toContain('from court-1 to notary-3: entry')
      expect(line).not.toMatch(/moved by order|differs|court-order/)
    }
  })

  it('says on which challenge something was found', () => {
    expect(told('en', onChallenge)[0]).toContain('item 0, on the challenge in entry 41')
  })
})

describe('what is told of a package', () => {
  const package_ = (
    events: readonly Omit<PackagedEvent, 'folder' | 'of'>[],
    unjudged: readonly object[] = [],
  ): readonly string[] => {
    const checked = { receipt: { entry: { index: 45, time } }, unjudged }
    const related = [{ checked, events: events.map((event) => ({ ...event, folder: 'data/deposits/001', of: 7 })) }]
    const report = { deposits: [], related, retractions: [], words: {} }
    return packageParts({ report } as unknown as CheckedPackageReport, wordsOf('en')).later
  }

  it('names what later entries say, with what is flagged, and leaves retractions to their own lines', () => {
    expect(package_([flagged, onChallenge, { what: 'retracted', code: 'mistake' }])).toEqual([
      expect.stringMatching(
        /^entry 7: hand-over, reason: accepted, from court-1 to notary-3; moved by order, .*\(holder-gone\); accepted although something differs, entry 45, /,
      ),
      expect.stringMatching(
        /^entry 7, item 0, on the challenge in entry 41: decided on by an authority, reason: admitted, entry 45, /,
      ),
    ])
  })

  it('says of an entry that is not judged that it is not', () => {
    expect(package_([handOver], [{ code: 'not-judged' }])[0]).toMatch(/^not judged: entry 7/)
  })

  it('6: lists what is flagged and what decides first where not all has room, and says how many are left', () => {
    const flood = Array.from({ length: 600 }, () => ({ what: 'recorded', code: 'opened' }) as const)
    const lines = package_([flagged, handOver, ...flood, { ...handOver, code: 'rejected' }])
    expect(lines).toHaveLength(501)
    expect(lines[0]).toContain('moved by order')
    expect(lines[1]).toContain('hand-over, reason: accepted')
    expect(lines[2]).toContain('hand-over, reason: rejected')
    expect(lines.at(-1)).toBe('and 103 more')
    expect(package_([...flood.slice(0, 499), flagged]).at(-1)).toContain('moved by order')
  })

  it('6: says how many notices are left, and lets none of one sort hide those of another', () => {
    const one = { folder: 'data/deposits/001', of: 7, by: 9, time, reason: 'mistake' }
    const signed = { checked: { receipt: { entry: { index: 45, time } }, unjudged: [] }, flagged: ['compromised'] }
    const report = {
      deposits: [],
      related: [{ ...signed, events: [] }],
      retractions: Array.from({ length: 150 }, () => one),
      retractionsNotJudged: [],
      flaggedNotJudged: [],
    }
    const notices = noticesOf({ what: 'package', report } as unknown as AnyReport, wordsOf('en'))
    expect(notices).toHaveLength(102)
    expect(notices[100]).toBe('and 50 more')
    expect(notices[101]).toContain('45')
  })
})
