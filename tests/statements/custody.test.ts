import { beforeEach, describe, expect, it } from 'vitest'
import { disclosureDigest } from '../../src/core/disclosure.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import { structuredRegistry } from '../support/cloned.ts'
import type { SigningKey } from '../../src/node/key-file.ts'
import { readRelease } from '../../src/statements/custody-release.ts'
import { custodyOf, isUncertain } from '../../src/statements/custody-state.ts'
import { requireDisclosures } from '../../src/statements/disclosures.ts'
import type { Registry } from '../../src/statements/registry.ts'
import type { Judgement } from '../../src/statements/rulebook.ts'
import { cosignersOf, flagsOf, grantsReading, referencesOf, signedWithin, unitsOf } from '../../src/statements/said.ts'
import { releaseBy, type ReleaseOptions, transferMembers, type UnitReference } from '../support/custody.ts'
import { signerNamed } from '../support/signers.ts'
import { statement } from '../support/statements.ts'
import { iat, origin, RuleBench, violationsOf } from './bench.ts'

/** Entry 1 to 4 admit; entry 5 is a deposit of three items by `police`. */
let bench: RuleBench
const at = 5
beforeEach(() => {
  bench = new RuleBench().begin()
  bench.admit('police', ['depositor'])
  bench.admit('lab', ['attestor'])
  bench.admit('archive', ['depositor'])
  bench.admit('court', ['authority'])
  bench.deposit('police', 3)
})

interface HandOver extends Partial<ReleaseOptions> {
  readonly outcome?: string
  readonly members?: object
  readonly key?: SigningKey
  /** Milliseconds after the genesis. */
  readonly afterMs?: number
}

/** A transfer of all of entry 5, or of what is given. */
function hand(
  from: string,
  to: string,
  { outcome = 'accepted', members, key, afterMs, ...over }: HandOver = {},
): Judgement {
  const exhibits: readonly UnitReference[] = over.exhibits ?? [bench.reference(at)]
  const place = { aud: origin, iss: from, to, exhibits, since: bench.targets.length - 1, iat, ...over }
  const release = releaseBy(key ?? signerNamed(from), place)
  const by = outcome === 'withdrawn' ? from : to
  const told = transferMembers(release, outcome, exhibits.length, members)
  return bench.say(signerNamed(by), by, 'custody.transfer', told, afterMs === undefined ? {} : { afterMs })
}

const item = (number: number): UnitReference => ({ ...bench.reference(at), item: number })
const end = (by: string, of: readonly UnitReference[], more: object = { how: 'lost' }): Judgement =>
  bench.say(signerNamed(by), by, 'custody.end', { of, ...more })
const resume = (by: string, of: readonly UnitReference[]): Judgement =>
  bench.say(signerNamed(by), by, 'custody.resume', { of, reason: 'found' })

/** Who holds each item of entry 5; one that has ended is put in brackets, one that is not known gets a question mark. */
function holders(registry: Registry = bench.registry): string[] {
  return [0, 1, 2].map((number) => {
    const held = custodyOf(registry, { index: at, item: number, iss: 'police' })
    const name = held.isEnded === true ? `(${held.holder})` : held.holder
    return isUncertain(registry, held) ? `${name}?` : name
  })
}

describe('custody', () => {
  it('is with the depositor at first, and passes by what both sides sign', () => {
    expect(holders()).toEqual(['police', 'police', 'police'])
    expect(unitsOf(bench.registry, at, 'police')).toBe('with-issuer')
    expect(violationsOf(hand('police', 'lab', { exhibits: [item(1)] }))).toEqual([])
    expect(holders()).toEqual(['police', 'lab', 'police'])
    expect(unitsOf(bench.registry, at, 'police')).toBe('moved')
    expect(violationsOf(hand('lab', 'police', { exhibits: [item(1)] }))).toEqual([])
    expect(unitsOf(bench.registry, at, 'police')).toBe('with-issuer')
  })

  it('lets the custodian read the deposit while it lasts', () => {
    const mayRead = (id: string): boolean => grantsReading(bench.registry, id, at)
    expect(mayRead('lab')).toBe(false)
    hand('police', 'lab')
    expect([mayRead('lab'), mayRead('archive'), grantsReading(bench.registry, 'lab', at - 1)]).toEqual([
      true,
      false,
      false,
    ])
    end('lab', [bench.reference(at)])
    expect([mayRead('lab'), unitsOf(bench.registry, at, 'police')]).toEqual([false, 'moved'])
    resume('lab', [bench.reference(at)])
    expect(mayRead('lab')).toBe(true)
    hand('lab', 'archive', { exhibits: [item(0), item(1)] })
    expect([mayRead('lab'), mayRead('archive')]).toEqual([true, true])
    hand('lab', 'archive', { exhibits: [item(2)] })
    expect(mayRead('lab')).toBe(false)
  })

  it('says who holds what was released, where, and in discreet words', () => {
    hand('police', 'lab', { exhibits: [item(1)] })
    const [fault] = hand('police', 'archive', { exhibits: [item(0), item(1)] }).violations
    expect(fault?.facts).toMatchObject({
      where: 'release.exhibits[1]',
      index: at,
      expected: 'lab',
      found: 'police',
      discreet: 'item 1 of entry 5 is not held by police',
    })
    expect(fault?.message).toBe('item 1 of entry 5 is not held by police: its custodian is lab, through entry 6')
  })

  it('shares a record among what changes hands together, and copies nothing but what it changes', () => {
    hand('police', 'lab')
    const one = custodyOf(bench.registry, { index: at, item: 0, iss: '' })
    expect(custodyOf(bench.registry, { index: at, item: 2, iss: '' })).toBe(one)
    const before = bench.registry
    hand('lab', 'archive', { exhibits: [item(2)] })
    expect(holders(before)).toEqual(['lab', 'lab', 'lab'])
    expect(holders()).toEqual(['lab', 'lab', 'archive'])
  })

  it('is plain data that can be cloned', () => {
    hand('police', 'lab', { exhibits: [item(1)] })
    expect(holders(structuredRegistry(bench.registry))).toEqual(['police', 'lab', 'police'])
  })

  it('ends and goes on, each by its custodian', () => {
    expect(violationsOf(end('police', [item(0)]))).toEqual([])
    expect(holders()).toEqual(['(police)', 'police', 'police'])
    expect(violationsOf(resume('lab', [item(0)]))).toEqual(['custody-not-holder'])
    expect(violationsOf(resume('police', [item(0), item(1)]))).toEqual(['custody-held'])
    expect(violationsOf(resume('police', [item(0)]))).toEqual([])
    expect(holders()).toEqual(['police', 'police', 'police'])
  })

  it('is certain again after a transfer in lieu, and only for its units', () => {
    bench.say(signerNamed('police'), 'police', 'custody.lend', {})
    expect(holders()).toEqual(['police?', 'police?', 'police?'])
    expect(unitsOf(bench.registry, at, 'police')).toBe('not-judged')
    hand('court', 'lab', { exhibits: [item(0)], inLieu: 'court-order' })
    expect(holders()).toEqual(['lab', 'police?', 'police?'])
    expect(unitsOf(bench.registry, at, 'police')).toBe('moved')
    const open = hand('lab', 'archive', { exhibits: [item(0), item(1)] })
    expect([open.violations, open.unjudged.map(({ facts }) => facts.where)]).toEqual([[], ['release.exhibits[1]']])
    expect(holders()).toEqual(['lab?', 'police?', 'police?'])
  })
})

describe('a transfer', () => {
  it('names its exhibits and its giver to all who ask', () => {
    const { body } = hand('police', 'lab', { exhibits: [item(2)] })
    expect(referencesOf(body)).toEqual([
      {
        ...item(2),
        where: 'release.exhibits[0]',
        event: { what: 'handed-over', code: 'accepted', giver: 'police', receiver: 'lab' },
      },
    ])
    const by = { iss: 'police', kid: signerNamed('police').thumbprint }
    expect([signedWithin(body), cosignersOf(body)]).toEqual([[by], [by.kid]])
  })

  it('names nobody where its release cannot be read', () => {
    const members = transferMembers('x', 'accepted', 1)
    const judgement = bench.say(signerNamed('lab'), 'lab', 'custody.transfer', members)
    expect(violationsOf(judgement)).toEqual(['release-malformed'])
    expect([referencesOf(judgement.body), signedWithin(judgement.body), flagsOf(judgement.body)]).toEqual([[], [], []])
  })

  it('has a mark where it moved by order, or where something differs', () => {
    const differs = { members: { checked: ['differs'] } }
    const marks = (judgement: Judgement): number => flagsOf(judgement.body).length
    expect(marks(hand('police', 'lab'))).toBe(0)
    expect(marks(hand('lab', 'police', { ...differs, outcome: 'rejected' }))).toBe(0)
    expect(marks(hand('lab', 'police', differs))).toBe(1)
    expect(marks(hand('court', 'lab', { inLieu: 'holder-gone', ...differs }))).toBe(2)
  })

  it('moves nothing where it breaks a rule', () => {
    const before = bench.registry
    expect(hand('archive', 'lab').next).toBe(before)
    expect(hand('police', 'lab', { exp: iat - 1, iat: iat - 2 }).next).toBe(before)
  })

  it('takes 64 deposits of 64 items, and no unit twice among them', () => {
    const many = Array.from(
      { length: 64 },
      () => bench.deposit('police', 64) && bench.reference(bench.targets.length - 1),
    )
    expect(violationsOf(hand('police', 'lab', { exhibits: many }))).toEqual([])
    const twice = [...many.slice(1), { ...(many[1] as UnitReference), item: 63 }]
    expect(violationsOf(hand('lab', 'police', { exhibits: twice }))).toEqual(['exhibit-repeated'])
    expect(violationsOf(hand('lab', 'police', { exhibits: many }))).toEqual([])
  })

  it('seals what the giver offered under that name alone', () => {
    const compose = (claim: 'offer' | 'note', isReleased: boolean, more: object = {}) => {
      const sealed = { [claim]: claim === 'offer' ? { purpose: 'examination', ...more } : 'x' }
      const plain = statement(signerNamed('lab'), origin, 'custody.transfer', {}, { iss: 'lab', iat, sealed })
      const digests = plain.disclosures.map(({ text }) => disclosureDigest(text))
      const release = releaseBy(signerNamed('police'), {
        aud: origin,
        iss: 'police',
        to: 'lab',
        exhibits: [bench.reference(at)],
        since: at,
        iat,
        ...(isReleased ? { _sd: digests, _sd_alg: 'sha-256' } : {}),
      })
      const members = { ...transferMembers(release, 'accepted', 1), _sd: digests, _sd_alg: 'sha-256' }
      const judgement = bench.say(signerNamed('lab'), 'lab', 'custody.transfer', members)
      if (judgement.body === undefined) throw new Error('no body')
      try {
        requireDisclosures(
          judgement.body,
          plain.disclosures.map(({ text }) => text),
        )
        return 'accepted'
      } catch (error) {
        return error instanceof EvidenceError ? error.code : error
      }
    }
    expect(compose('offer', true)).toBe('accepted')
    expect(compose('note', false)).toBe('accepted')
    expect(compose('offer', false)).toBe('disclosure-claim')
    expect(compose('note', true)).toBe('disclosure-claim')
    expect(compose('offer', true, { colour: 'red' })).toBe('disclosure-claim')
  })
})

describe('a release', () => {
  it('is held to its times to the millisecond', () => {
    const day = 86_400
    const told = (afterMs: number, times: object): string[] => {
      const [code = 'taken'] = violationsOf(hand('police', 'lab', { outcome: 'rejected', afterMs, ...times }))
      return [code]
    }
    // The end is the last millisecond.
    expect([9999, 10_000, 10_001].flatMap((ms) => told(ms, { exp: iat + 10 }))).toEqual([
      'taken',
      'taken',
      'release-expired',
    ])
    // It ends within 90 days of the entry.
    const exp = iat + 20 + 90 * day
    expect([19_999, 20_000, 20_001].flatMap((ms) => told(ms, { exp }))).toEqual(['release-expired', 'taken', 'taken'])
    // It was issued at most 300,000 ms after the entry.
    const issued = { iat: iat + 330, exp: iat + day }
    expect([29_999, 30_000, 30_001].flatMap((ms) => told(ms, issued))).toEqual(['issued-in-future', 'taken', 'taken'])
  })

  it('is refused with the reason', () => {
    expect(() => readRelease('a.b')).toThrow(EvidenceError)
    const told = { aud: origin, iss: 'police', to: 'lab', exhibits: [], since: 1, iat }
    expect(() => readRelease(releaseBy(signerNamed('police'), told))).toThrow(/exhibits/)
  })
})

describe('custody in part of a ledger', () => {
  beforeEach(() => {
    bench.registry = { ...bench.registry, isPartial: true }
  })
  const unshown = ({ violations, unshown: open }: Judgement): string[] =>
    [...violations, ...open].map(({ code }) => code)

  it('leaves open what an entry that is not at hand may explain', () => {
    const open = hand('archive', 'lab')
    expect([open.violations, open.unshown.map(({ code }) => code)]).toEqual([[], ['custody-not-holder']])
    expect(unshown(hand('stranger', 'lab'))).toEqual(['release-key', 'custody-not-holder'])
    expect(unshown(end('archive', [item(0)]))).toEqual(['custody-not-holder'])
    expect(unshown(resume('lab', [item(1)]))).toEqual(['custody-held'])
    expect(unshown(hand('lab', 'archive', { inLieu: 'key-lost' }))).toContain('in-lieu-authority')
  })

  it('takes for broken what is broken whatever else there is', () => {
    const twice = { jti: '00000000-0000-4000-8000-0000000000aa' }
    expect(unshown(hand('police', 'lab', twice))).toEqual([])
    expect(violationsOf(hand('police', 'lab', twice))).toEqual(['release-used'])
    expect(violationsOf(hand('lab', 'police', { key: signerNamed('archive') }))).toEqual(['release-key'])
    expect(violationsOf(hand('lab', 'police', { inLieu: 'key-lost' }))).toEqual(['in-lieu-authority'])
  })
})
