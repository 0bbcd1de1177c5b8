import { beforeEach, describe, expect, it } from 'vitest'
import type { ErrorCode } from '../../src/core/errors.ts'
import type { JsonValue } from '../../src/core/json.ts'
import { readBody } from '../../src/statements/body.ts'
import { requireDisclosures } from '../../src/statements/disclosures.ts'
import type { Kind, StatementBody } from '../../src/statements/kinds.ts'
import { laterEventsIn } from '../../src/statements/later-events.ts'
import { searchFactsOf } from '../../src/statements/said.ts'
import {
  challengeGrounds,
  findings,
  recordEvents,
  type SealedClaim,
  verifyOutcomes,
} from '../../src/statements/vocabulary.ts'
import { codeOf, hashOf } from '../core/support.ts'
import { signerNamed } from '../support/signers.ts'
import { itemFor, statement } from '../support/statements.ts'
import { origin, RuleBench, startMs, statementOf, unjudgedOf, violationsOf } from './bench.ts'
import { judgeMembers, leafHash, minimal, thumbprint } from './bodies.ts'

const records: Kind[] = ['evidence.event', 'evidence.challenge', 'evidence.finding']
const seal = { _sd: [thumbprint], _sd_alg: 'sha-256' }
const event = (over: object): string => judgeMembers('evidence.event', { ...minimal['evidence.event'], ...over })

describe('the members of a record', () => {
  it.each(records)('of %s are a reference to this ledger, with item and line', (kind) => {
    const of = { index: 0, leafHash }
    const judge = (value: JsonValue): string => judgeMembers(kind, { ...minimal[kind], of: value })
    for (const value of [null, [], [of], 0, { index: 0 }, { leafHash }, { ...of, index: -1 }, { ...of, item: '0' }])
      expect(judge(value)).toBe('statement-member')
    expect(judge({ ...of, origin: 'other.example' })).toBe('statement-member-unknown')
    expect(judge({ ...of, item: 0, line: 0 })).toBe('accepted')
  })

  it('are codes of open lists', () => {
    const release = { digest: thumbprint, exp: 0 }
    for (const one of [...recordEvents, 'weighed'])
      expect(event({ event: one, ...(one === 'offered' ? { release } : {}) })).toBe('accepted')
    for (const outcome of [...verifyOutcomes, 'blurred']) expect(event({ event: 'verified', outcome })).toBe('accepted')
    for (const finding of [...findings, 'admitted-for-cross-examination'])
      expect(judgeMembers('evidence.finding', { ...minimal['evidence.finding'], finding })).toBe('accepted')
    for (const wrong of ['Opened', '', 'checked out', 1]) {
      expect(event({ event: wrong })).toBe('statement-member')
      expect(event({ event: 'verified', outcome: wrong })).toBe('statement-member')
      expect(judgeMembers('evidence.finding', { ...minimal['evidence.finding'], finding: wrong })).toBe(
        'statement-member',
      )
    }
  })

  it('have an outcome beside verified alone, and a release beside offered alone and always', () => {
    const release = { digest: thumbprint, exp: 1 }
    expect(event({ event: 'copied', outcome: 'match' })).toBe('statement-member')
    expect(event({ event: 'offered' })).toBe('statement-member')
    expect(event({ event: 'copied', release })).toBe('statement-member')
    expect(event({ event: 'offered', release })).toBe('accepted')
    const wrong = [
      {},
      { digest: thumbprint },
      { exp: 1 },
      { digest: `${thumbprint}=`, exp: 1 },
      { digest: 'ab'.repeat(32), exp: 1 },
      { digest: thumbprint, exp: 253_402_300_800 },
      { digest: thumbprint, exp: -1 },
    ]
    for (const one of wrong) expect(event({ event: 'offered', release: one })).toBe('statement-member')
    expect(event({ event: 'offered', release: { ...release, to: 'x' } })).toBe('statement-member-unknown')
  })

  it('have canonical times', () => {
    const time = '2026-11-21T09:30:00.000Z'
    for (const name of ['from', 'to']) {
      expect(event({ [name]: time })).toBe('accepted')
      for (const wrong of ['2026-11-21T09:30:00Z', '2026-11-21T09:30:00.000+00:00', time.toLowerCase(), 1, null])
        expect(event({ [name]: wrong })).toBe('statement-member')
    }
  })

  it('of a challenge have at least one sealed claim', () => {
    const { _sd, _sd_alg, ...bare } = minimal['evidence.challenge']
    expect(judgeMembers('evidence.challenge', bare)).toBe('statement-member')
  })
})

describe('the sealed claims of a record', () => {
  const judge = (kind: Kind, sealed: Partial<Record<SealedClaim, JsonValue>>): string => {
    const { _sd, _sd_alg, ...rest } = minimal[kind]
    const { jws, disclosures } = statement(signerNamed('x'), origin, kind, rest, { sealed })
    return codeOf(() =>
      requireDisclosures(
        readBody(statementOf(jws)) as StatementBody,
        disclosures.map(({ text }) => text),
      ),
    )
  }

  it('have their shapes', () => {
    const ground = [...challengeGrounds, 'language']
    expect(judge('evidence.event', { note: 'seal broken', details: { tool: 'x', persons: [{ name: 'y' }] } })).toBe(
      'accepted',
    )
    expect(judge('evidence.challenge', { ground, reasons: 'the clock was wrong' })).toBe('accepted')
    expect(judge('evidence.challenge', { reasons: 'the clock was wrong' })).toBe('accepted')
    expect(judge('evidence.finding', { reasons: 'the clock was right' })).toBe('accepted')
    for (const wrong of ['', 7, null, []])
      for (const kind of ['evidence.challenge', 'evidence.finding'] as const)
        expect(judge(kind, { reasons: wrong })).toBe('disclosure-claim')
    for (const wrong of ['legality', [], ['Legality'], Array<string>(17).fill('legality'), [1], {}])
      expect(judge('evidence.challenge', { ground: wrong })).toBe('disclosure-claim')
    for (const wrong of ['x', [], null]) expect(judge('evidence.event', { details: wrong })).toBe('disclosure-claim')
  })

  it('are those of the kind alone', () => {
    expect(judge('evidence.event', { reasons: 'x' })).toBe('disclosure-claim')
    expect(judge('evidence.challenge', { note: 'x' })).toBe('disclosure-claim')
    expect(judge('evidence.finding', { ground: ['legality'] })).toBe('disclosure-claim')
  })
})

/** Entry 4 is a deposit of two items, 5 a challenge of it, 6 an event. */
let bench: RuleBench
beforeEach(() => {
  bench = new RuleBench().begin()
  bench.admit('depositor', ['depositor'])
  bench.admit('lab', ['attestor'])
  bench.admit('court', ['authority'])
  bench.deposit('depositor', 2)
  say('lab', 'evidence.challenge', { of: bench.reference(4), ...seal })
  say('lab', 'evidence.event', { of: bench.reference(4), event: 'opened' })
})

function say(by: string, kind: Kind, members: object): ErrorCode[] {
  return violationsOf(bench.say(signerNamed(by), by, kind, members))
}
function find(of: object): ErrorCode[] {
  return say('court', 'evidence.finding', { of, finding: 'left-open' })
}

describe('what a record refers to', () => {
  it('is a deposit, with an item and a line that it has', () => {
    const tree = { root: 'ab'.repeat(32), size: 2 }
    say('depositor', 'evidence.deposit', { items: [{ ...itemFor('b'), tree }] })
    const index = bench.targets.length - 1
    const said = (of: object): ErrorCode[][] => [
      say('lab', 'evidence.event', { of, event: 'copied' }),
      say('lab', 'evidence.challenge', { of, ...seal }),
      find(of),
    ]
    const all = (code?: ErrorCode): ErrorCode[][] => Array.from({ length: 3 }, () => (code === undefined ? [] : [code]))
    expect(said({ ...bench.reference(4), item: 1 })).toEqual(all())
    expect(said({ ...bench.reference(index), item: 0, line: 1 })).toEqual(all())
    for (const part of [{ item: 0, line: 2 }, { item: 1 }, { line: 0 }])
      expect(said({ ...bench.reference(index), ...part })).toEqual(all('reference-item'))
    expect(said({ ...bench.reference(4), item: 0, line: 0 })).toEqual(all('reference-item'))
    expect(said({ index: 4, leafHash })).toEqual(all('reference-hash'))
    expect(said({ index: 999, leafHash })).toEqual(all('reference-not-found'))
    for (const other of [0, 1, 6]) expect(said(bench.reference(other))).toEqual(all('reference-kind'))
  })

  it('is a challenge for a finding alone, and then no item of it', () => {
    expect(find(bench.reference(5))).toEqual([])
    expect(find({ ...bench.reference(5), item: 0 })).toEqual(['reference-item'])
    expect(find({ ...bench.reference(5), line: 0 })).toEqual(['reference-item'])
    expect(find({ index: 5, leafHash })).toEqual(['reference-hash'])
    expect(say('lab', 'evidence.event', { of: bench.reference(5), event: 'copied' })).toEqual(['reference-kind'])
    expect(say('lab', 'evidence.challenge', { of: bench.reference(5), ...seal })).toEqual(['reference-kind'])
    expect(say('depositor', 'evidence.attest', { of: bench.reference(5), as: 'holder' })).toEqual(['reference-kind'])
    const finding = bench.reference(bench.targets.findIndex(({ kind }) => kind === 'evidence.finding'))
    expect(find(finding)).toEqual(['reference-kind'])
  })

  it('says what may be pointed at', () => {
    const judgement = bench.say(signerNamed('court'), 'court', 'evidence.finding', {
      of: bench.reference(6),
      finding: 'excluded',
    })
    expect(judgement.violations.map(({ message }) => message)).toEqual(['entry 6 is no deposit and no challenge'])
  })

  it('is not judged of an entry that this version cannot read', () => {
    bench.targets.push({ leafHash: hashOf(7), kind: undefined, iss: '', items: undefined })
    const of = bench.reference(bench.targets.length - 1)
    const judgement = bench.say(signerNamed('court'), 'court', 'evidence.finding', { of, finding: 'excluded' })
    expect([violationsOf(judgement), unjudgedOf(judgement)]).toEqual([[], ['of']])
  })

  it('may be recorded, challenged and decided again and again, and changes no registry', () => {
    const before = bench.registry
    for (let i = 0; i < 2; i++) {
      expect(say('depositor', 'evidence.event', { of: bench.reference(4), event: 'opened' })).toEqual([])
      expect(say('depositor', 'evidence.challenge', { of: bench.reference(4), ...seal })).toEqual([])
      expect(find(bench.reference(4))).toEqual([])
    }
    expect(bench.registry).toBe(before)
  })
})

describe('the times of an event', () => {
  const at = (ms: number): string => new Date(startMs + ms).toISOString()
  const judge = (times: object, afterMs = 10_000): ErrorCode[] => {
    const members = { of: bench.reference(4), event: 'opened', ...times }
    return violationsOf(bench.say(signerNamed('lab'), 'lab', 'evidence.event', members, { afterMs }))
  }

  it('may be equal, and the first not later than the second', () => {
    expect(judge({ from: at(5), to: at(5) })).toEqual([])
    expect(judge({ from: at(4), to: at(5) })).toEqual([])
    expect(judge({ from: at(6), to: at(5) })).toEqual(['event-times'])
  })

  it('lie at most 300 seconds after the entry’s time, each by itself', () => {
    for (const name of ['from', 'to']) {
      expect(judge({ [name]: at(310_000) })).toEqual([])
      expect(judge({ [name]: at(310_001) })).toEqual(['event-in-future'])
      expect(judge({ [name]: '9999-12-31T23:59:59.999Z' })).toEqual(['event-in-future'])
      expect(judge({ [name]: '0001-01-01T00:00:00.000Z' })).toEqual([])
    }
    expect(judge({ from: at(310_001), to: at(310_002) })).toEqual(['event-in-future'])
    expect(judge({ from: at(310_001), to: at(0) })).toEqual(['event-times', 'event-in-future'])
  })

  it('are judged beside the reference', () => {
    expect(judge({ of: { index: 4, leafHash }, from: at(6), to: at(5) })).toEqual(['reference-hash', 'event-times'])
  })
})

describe('what happened to a deposit later', () => {
  const subject = { index: 7, leafHash, iss: 'depositor', kid: thumbprint, within: [] }
  const said = (kind: Kind, over: object = {}): object[] => {
    const members = { ...minimal[kind], ...over }
    return laterEventsIn(subject, statementOf(statement(signerNamed('x'), origin, kind, members).jws))
  }
  const of = { index: 7, leafHash }

  it('has each record under its name, with its code and part', () => {
    expect(said('evidence.event', { of: { ...of, item: 1, line: 2 } })).toEqual([
      { what: 'recorded', code: 'opened', item: 1, line: 2 },
    ])
    expect(said('evidence.challenge', { of: { ...of, item: 1 } })).toEqual([{ what: 'challenged', item: 1 }])
    expect(said('evidence.finding', { of })).toEqual([{ what: 'found', code: 'excluded' }])
    expect(said('evidence.event', { of: { ...of, leafHash: Buffer.alloc(32, 2).toString('base64') } })).toEqual([])
    expect(said('access.rule')).toEqual([])
  })

  it('is found by the index that is referred to, by those alone who are told of records', () => {
    const found = (kind: Kind): object => {
      const one = statementOf(statement(signerNamed('x'), origin, kind, minimal[kind]).jws)
      const { targets, recordsOf } = searchFactsOf(one, readBody(one))
      return { targets, recordsOf }
    }
    for (const kind of records) expect(found(kind)).toEqual({ targets: [], recordsOf: [0] })
    expect(found('access.rule')).toEqual({ targets: [], recordsOf: [] })
  })
})
