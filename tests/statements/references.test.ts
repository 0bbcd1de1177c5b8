import { beforeEach, describe, expect, it } from 'vitest'
import { toBase64 } from '../../src/core/base64.ts'
import type { ErrorCode } from '../../src/core/errors.ts'
import { relations } from '../../src/statements/vocabulary.ts'
import { hashOf } from '../core/support.ts'
import { signerNamed } from '../support/signers.ts'
import { itemFor } from '../support/statements.ts'
import { origin, RuleBench, violationsOf } from './bench.ts'

/** Entry 0 is the genesis, 1 and 2 admissions, 3 a deposit of two items, 4 one of another depositor, 5 an attestation. */
let bench: RuleBench
beforeEach(() => {
  bench = new RuleBench().begin()
  bench.admit('depositor', ['depositor'])
  bench.admit('other', ['depositor', 'attestor'])
  bench.deposit('depositor', 2)
  bench.deposit('other')
  bench.say(signerNamed('other'), 'other', 'evidence.attest', { of: bench.reference(3), as: 'witness' })
})

function attest(of: object): ErrorCode[] {
  return violationsOf(bench.say(signerNamed('other'), 'other', 'evidence.attest', { of, as: 'holder' }))
}
function relate(...relates: object[]): ErrorCode[] {
  const members = { items: [itemFor('c')], relates: relates.map((relation) => ({ rel: 'report-on', ...relation })) }
  return violationsOf(bench.say(signerNamed('depositor'), 'depositor', 'evidence.deposit', members))
}
function retract(of: object, by = 'depositor'): ErrorCode[] {
  return violationsOf(bench.say(signerNamed(by), by, 'evidence.retract', { of, reason: 'mistake' }))
}

describe.each([
  ['attest', (of: object) => attest(of)],
  ['relates', (of: object) => relate(of)],
  ['retract', (of: object) => retract(of)],
] as const)('a reference of %s', (_name, judge) => {
  it('is in order where index and hash are those of a deposit before it', () => {
    expect(judge(bench.reference(3))).toEqual([])
  })

  it.each<[ErrorCode, string, (b: RuleBench) => object]>([
    ['reference-not-found', 'the entry itself', () => ({ ...bench.reference(3), index: 6 })],
    ['reference-not-found', 'an entry to come', () => ({ ...bench.reference(3), index: 7 })],
    ['reference-not-found', 'the largest index', () => ({ ...bench.reference(3), index: Number.MAX_SAFE_INTEGER })],
    ['reference-hash', 'the hash of another entry', () => ({ ...bench.reference(4), index: 3 })],
    ['reference-hash', 'another hash', () => ({ index: 3, leafHash: toBase64(hashOf(0)) })],
    ['reference-kind', 'the genesis', () => bench.reference(0)],
    ['reference-kind', 'an admission', () => bench.reference(1)],
    ['reference-kind', 'an attestation', () => bench.reference(5)],
  ])('gives %s for %s', (code, _, of) => {
    const before = bench.registry
    expect(judge(of(bench))).toEqual([code])
    expect(bench.registry).toBe(before)
  })

  it('numbers items from 0, within the deposit', () => {
    const item = (n: number): ErrorCode[] => judge({ ...bench.reference(3), item: n })
    const last = item(Number.MAX_SAFE_INTEGER)
    expect([item(0), item(1), item(2), last]).toEqual([[], [], ['reference-item'], ['reference-item']])
  })

  it('numbers lines from 0, within the manifest that the item is', () => {
    const tree = { root: 'ab'.repeat(32), size: 2 }
    const items = [itemFor('a'), { ...itemFor('b'), tree }]
    bench.say(signerNamed('depositor'), 'depositor', 'evidence.deposit', { items })
    const part = (of: object): ErrorCode[] => judge({ ...bench.reference(6), ...of })
    expect([part({ item: 1, line: 0 }), part({ item: 1, line: 1 })]).toEqual([[], []])
    for (const of of [
      { item: 1, line: 2 },
      { item: 1, line: Number.MAX_SAFE_INTEGER },
      { item: 0, line: 0 },
      { item: 2, line: 0 },
      { line: 0 },
    ])
      expect(part(of)).toEqual(['reference-item'])
  })
})

describe('a relation', () => {
  it('may be any of the list, to an item or a whole deposit, several at once', () => {
    const to = relations.map((rel) => ({ ...bench.reference(4), rel }))
    expect(relate(...to, { ...bench.reference(3), item: 1 })).toEqual([])
  })

  it('is judged each for itself', () => {
    expect(relate(bench.reference(3), { ...bench.reference(3), index: 99 }, bench.reference(0))).toEqual([
      'reference-not-found',
      'reference-kind',
    ])
  })

  it('to another ledger is not judged; to this one by its name is refused', () => {
    const anything = { index: 999_999, leafHash: toBase64(hashOf(0)), item: 99 }
    expect(relate({ ...anything, origin: 'other.example' })).toEqual([])
    expect(relate({ ...anything, origin })).toEqual(['reference-origin'])
    expect(relate({ ...bench.reference(3), origin })).toEqual(['reference-origin'])
    expect(relate({ ...bench.reference(3), origin: origin.toUpperCase() })).toEqual([])
  })
})

describe('attestations and retractions', () => {
  it('may be repeated, and may follow one another', () => {
    expect([attest(bench.reference(3)), attest(bench.reference(3))]).toEqual([[], []])
    expect([retract(bench.reference(3)), retract(bench.reference(3))]).toEqual([[], []])
    expect(attest(bench.reference(3))).toEqual([])
  })

  it('are of a deposit, a retraction of one’s own', () => {
    expect(retract(bench.reference(4))).toEqual(['retract-not-own'])
    expect(retract(bench.reference(4), 'other')).toEqual([])
    expect(retract(bench.reference(3), 'other')).toEqual(['retract-not-own'])
    expect(attest(bench.reference(4))).toEqual([])
  })

  it('may be of a deposit whose depositor was revoked since, by others', () => {
    bench.revoke({ participant: 'depositor' })
    expect(attest(bench.reference(3))).toEqual([])
    expect(retract(bench.reference(3))).toEqual(['participant-revoked'])
  })

  it('remain one’s own after a rotation', () => {
    const next = signerNamed('next')
    bench.rotate('depositor', signerNamed('depositor'), next)
    const of = bench.reference(3)
    expect(violationsOf(bench.say(next, 'depositor', 'evidence.retract', { of, reason: 'other' }))).toEqual([])
  })

  it('may be of a deposit that itself broke a rule', () => {
    expect(relate({ ...bench.reference(3), index: 99 })).toEqual(['reference-not-found'])
    const broken = bench.targets.length - 1
    expect(attest(bench.reference(broken))).toEqual([])
  })

  it('of an entry that this version cannot read are not judged', () => {
    bench.targets.push({ leafHash: hashOf(7), kind: undefined, iss: '', items: undefined })
    const of = bench.reference(bench.targets.length - 1)
    const judgement = bench.say(signerNamed('other'), 'other', 'evidence.attest', {
      of: { ...of, item: 5 },
      as: 'holder',
    })
    expect([violationsOf(judgement), judgement.unjudged.map(({ code, facts }) => [code, facts.where])]).toEqual([
      [],
      [['not-judged', 'of']],
    ])
    expect(attest({ ...of, leafHash: toBase64(hashOf(8)) })).toEqual(['reference-hash'])
  })
})
