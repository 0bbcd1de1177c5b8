import { beforeEach, describe, expect, it } from 'vitest'
import { utf8 } from '../../src/core/bytes.ts'
import { makeDisclosure } from '../../src/core/disclosure.ts'
import { requireDisclosures } from '../../src/statements/disclosures.ts'
import { laterEventsIn } from '../../src/statements/later-events.ts'
import { erasedBy } from '../../src/statements/said.ts'
import { signerNamed } from '../support/signers.ts'
import { itemFor, statement } from '../support/statements.ts'
import {
  administrator,
  changeBy,
  genesis,
  iat,
  origin,
  RuleBench,
  statementOf,
  unjudgedOf,
  violationsOf,
} from './bench.ts'
import { bodyOf, judgeMembers, minimal } from './bodies.ts'

const [note, names, basis] = ['note', 'names', 'basis'].map((claim) => signerNamed(claim).thumbprint) as [
  string,
  string,
  string,
]
const court = signerNamed('court')
const sealed = (...digests: string[]): object => ({ _sd: digests, _sd_alg: 'sha-256' })

let bench: RuleBench
/** Entries 0 to 5; entry 6 is a deposit that seals `note` and `names`. */
beforeEach(() => {
  bench = new RuleBench().begin()
  for (const id of ['second', 'third']) bench.admit(id, ['administrator'])
  bench.admit('depositor', ['depositor'])
  for (const id of ['court', 'higher']) bench.admit(id, ['authority'])
  bench.say(signerNamed('depositor'), 'depositor', 'evidence.deposit', {
    items: [itemFor('x')],
    ...sealed(note, names),
  })
})

const target = (index: number, ...digests: string[]): object => ({ ...bench.reference(index), digests })
const orderOf = (of: readonly object[], more: object = {}): object => ({ of, ...sealed(basis), ...more })
const orders = (members: object, by = 'court'): ReturnType<RuleBench['say']> =>
  bench.say(signerNamed(by), by, 'erasure.order', members)
const changes = (members: object, by: readonly string[]): ReturnType<RuleBench['say']> =>
  bench.say(signerNamed('depositor'), 'depositor', 'ledger.change', changeBy('erasure.order', members, by))

describe('an order to erase', () => {
  it('names digests that its target seals, and holds', () => {
    const judgement = orders(orderOf([target(6, note)]))
    expect([violationsOf(judgement), unjudgedOf(judgement)]).toEqual([[], []])
    expect(judgement.next).toBe(bench.registry)
    expect(violationsOf(orders(orderOf([target(6, note, names)])))).toEqual([])
    expect(violationsOf(orders(orderOf([target(6, note, basis)])))).toEqual(['erasure-digest'])
    expect(violationsOf(orders(orderOf([target(3, note)])))).toEqual(['erasure-digest'])
  })

  it('names earlier entries by their leaf hash', () => {
    expect(violationsOf(orders(orderOf([{ ...target(6, note), index: 5 }])))).toEqual(['reference-hash'])
    expect(violationsOf(orders(orderOf([{ ...target(6, note), index: 99 }])))).toEqual(['reference-not-found'])
  })

  it('reaches the claims of an admission within a change', () => {
    const admission = {
      participant: { id: 'p-0123456789abcdef', type: 'person', roles: ['attestor'], keys: [signerNamed('li').jwk] },
      ...sealed(names),
    }
    bench.say(administrator, 'administrator', 'ledger.change', changeBy('participant.admit', admission, ['second']))
    expect(violationsOf(orders(orderOf([target(7, names)])))).toEqual([])
    expect(violationsOf(orders(orderOf([target(7, note)])))).toEqual(['erasure-digest'])
  })

  it('takes nothing of a target whose members are not in order', () => {
    bench.say(signerNamed('depositor'), 'depositor', 'evidence.deposit', { items: [], ...sealed(note) })
    expect(violationsOf(orders(orderOf([target(7, note)])))).toEqual(['erasure-digest'])
  })

  it('of a kind that is not known is not judged', () => {
    bench.say(signerNamed('depositor'), 'depositor', 'evidence.hand-over', sealed(note))
    const judgement = orders(orderOf([target(7, note)]))
    expect([violationsOf(judgement), unjudgedOf(judgement)]).toEqual([[], ['of[0]']])
  })

  it('is by an authority of now', () => {
    expect(violationsOf(orders(orderOf([target(6, note)]), 'administrator'))).toEqual(['role-missing'])
    bench.revoke({ participant: 'court' })
    expect(violationsOf(orders(orderOf([target(6, note)])))).toEqual(['participant-revoked'])
  })

  it('never hides its own reason', () => {
    orders(orderOf([target(6, note)]))
    expect(violationsOf(orders(orderOf([target(7, basis)])))).toEqual(['erasure-own'])
    expect(violationsOf(orders(orderOf([target(7, basis)]), 'higher'))).toEqual([])
  })

  it('has one target for an entry, and a seal', () => {
    const one = { index: 0, leafHash: Buffer.alloc(32).toString('base64'), digests: [note] }
    const judged = (over: object): string => judgeMembers('erasure.order', { ...minimal['erasure.order'], ...over })
    expect(judged({ of: [one, one] })).toBe('statement-member')
    expect(judged({ of: [] })).toBe('statement-member')
    expect(judged({ of: Array.from({ length: 64 }, (_, index) => ({ ...one, index })) })).toBe('accepted')
    expect(judged({ of: Array.from({ length: 65 }, (_, index) => ({ ...one, index })) })).toBe('statement-member')
    expect(judged({ of: [{ ...one, item: 0 }] })).toBe('statement-member-unknown')
    expect(judgeMembers('erasure.order', { of: [one] })).toBe('statement-member')
  })

  it('is sent in with its basis', () => {
    const [said, other] = ['basis', 'note'].map((claim) => makeDisclosure(utf8('0123456789abcdef'), claim, 'x'))
    const sent = (...disclosures: (typeof said)[]): unknown => {
      const list = disclosures.flatMap((one) => one ?? [])
      const body = bodyOf('erasure.order', {
        ...minimal['erasure.order'],
        ...sealed(...list.map(({ digest }) => digest)),
      })
      return requireDisclosures(
        body as never,
        list.map(({ text }) => text),
      ).length
    }
    expect(sent(said, other)).toBe(2)
    expect(() => sent(other)).toThrow('must seal the claim "basis"')
  })
})

describe('an order by administrators', () => {
  it('is a change that two of them approve, however few are needed', () => {
    expect(violationsOf(changes(orderOf([target(6, note)]), ['second']))).toEqual(['approvals-missing'])
    expect(violationsOf(changes(orderOf([target(6, note)]), ['second', 'third']))).toEqual([])
  })

  it('takes nothing of a change by administrators that orders', () => {
    changes(orderOf([target(6, note)]), ['second', 'third'])
    const again = bench.say(court, 'court', 'erasure.order', orderOf([target(7, basis)]))
    expect(violationsOf(again)).toEqual([])
    const byOthers = bench.say(
      administrator,
      'administrator',
      'ledger.change',
      changeBy('erasure.order', orderOf([target(7, basis)]), ['administrator', 'second']),
    )
    expect(violationsOf(byOthers)).toEqual(['erasure-own'])
  })

  it('leaves an authority its own order where changes need approvals', () => {
    bench.say(administrator, 'administrator', 'ledger.set-approvals', { administrators: 2 })
    expect(violationsOf(orders(orderOf([target(6, note)])))).toEqual([])
  })
})

describe('an order for the ledger that this one continues', () => {
  const elsewhere = orderOf([{ index: 5, leafHash: Buffer.alloc(32).toString('base64'), digests: [note] }], {
    origin: 'older.example',
  })

  it('names that one alone, and is an authority’s alone', () => {
    expect(violationsOf(orders(elsewhere))).toEqual(['erasure-origin'])
    const next = new RuleBench()
    const continues = { origin: 'older.example', checkpoint: 'older.example\n' }
    next.say(administrator, 'administrator', 'ledger.genesis', genesis({ continues }))
    next.admit('court', ['authority'])
    next.admit('second', ['administrator'])
    expect(violationsOf(next.say(court, 'court', 'erasure.order', elsewhere))).toEqual([])
    const change = changeBy('erasure.order', elsewhere, ['administrator', 'second'])
    expect(violationsOf(next.say(administrator, 'administrator', 'ledger.change', change))).toEqual(['erasure-held'])
    expect(violationsOf(next.say(court, 'court', 'erasure.order', { ...elsewhere, origin }))).toEqual([
      'erasure-origin',
    ])
    expect(erasedBy(bodyOf('erasure.order', elsewhere))).toEqual([])
  })
})

describe('what an order says of its target', () => {
  it('is that erasure was ordered', () => {
    const members = orderOf([target(6, note)])
    const said = statementOf(statement(court, origin, 'erasure.order', members, { iss: 'court', iat }).jws)
    const subject = {
      index: 6,
      leafHash: bench.reference(6).leafHash,
      iss: 'depositor',
      kid: signerNamed('depositor').thumbprint,
      within: [],
    }
    expect(laterEventsIn(subject, said)).toEqual([{ what: 'erasure-ordered' }])
    expect(laterEventsIn({ ...subject, index: 5 }, said)).toEqual([])
  })
})

describe('a report', () => {
  it('is of an order', () => {
    orders(orderOf([target(6, note)]))
    bench.admit('operator', ['operator'])
    const reports = (index: number, more: object = {}): string[] =>
      violationsOf(
        bench.say(signerNamed('operator'), 'operator', 'erasure.report', {
          of: bench.reference(index),
          where: 'backup',
          outcome: 'kept',
          ...more,
        }),
      )
    expect(reports(7)).toEqual([])
    expect(reports(7, { where: 'somewhere-else', until: '2027-01-01T00:00:00.000Z' })).toEqual([])
    expect(reports(6)).toEqual(['reference-kind'])
    expect(reports(7, { where: 'At Mr Li’s' })).toEqual(['statement-member'])
  })
})
