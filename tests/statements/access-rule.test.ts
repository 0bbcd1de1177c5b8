import { describe, expect, it } from 'vitest'
import type { JsonValue } from '../../src/core/json.ts'
import { readBody } from '../../src/statements/body.ts'
import { requireDisclosures } from '../../src/statements/disclosures.ts'
import type { StatementBody } from '../../src/statements/kinds.ts'
import { codeOf } from '../core/support.ts'
import { signerNamed } from '../support/signers.ts'
import { statement } from '../support/statements.ts'
import { origin, RuleBench, statementOf, violationsOf } from './bench.ts'
import { judgeMembers, leafHash, thumbprint } from './bodies.ts'

const of = [{ index: 3, leafHash }]
const grant = { rule: 'grant', of, to: ['p-4d1f0c8e2b7a6935'], basis: 'order 17' }
const sealing = { rule: 'seal', of, basis: 'order 18' }

function judge(terms: JsonValue): () => unknown {
  const { jws, disclosures } = statement(signerNamed('x'), origin, 'access.rule', {}, { sealed: { terms } })
  const texts = disclosures.map(({ text }) => text)
  return () => requireDisclosures(readBody(statementOf(jws)) as StatementBody, texts)
}
const verdict = (terms: JsonValue): string => codeOf(judge(terms))

describe('access.rule', () => {
  it('shows one digest and nothing else', () => {
    const digest = (i: number): string => Buffer.alloc(32, i).toString('base64url')
    const members = (over: object): string => judgeMembers('access.rule', { _sd_alg: 'sha-256', ...over })
    expect(members({ _sd: [thumbprint] })).toBe('accepted')
    expect(members({ _sd: [digest(1), digest(2)] })).toBe('statement-member')
    expect(members({ _sd: [] })).toBe('statement-member')
    expect(members({})).toBe('statement-member')
    expect(judgeMembers('access.rule', { _sd: [thumbprint] })).toBe('statement-member')
    for (const more of ['of', 'to', 'rule', 'until', 'reason'])
      expect(members({ _sd: [thumbprint], [more]: 'x' })).toBe('statement-member-unknown')
    expect(members({ _sd: [thumbprint], terms: {} })).toBe('claim-in-clear')
  })

  it('changes nothing in the registry, and asks for no more than a role', () => {
    const bench = new RuleBench().begin()
    bench.admit('court', ['authority'])
    bench.admit('auditor', ['auditor', 'operator'])
    const before = bench.registry
    const say = (by: string): string[] =>
      violationsOf(bench.say(signerNamed(by), by, 'access.rule', { _sd: [thumbprint], _sd_alg: 'sha-256' }))
    expect([say('court'), say('auditor')]).toEqual([[], ['role-missing']])
    expect(bench.registry).toBe(before)
  })

  it('seals its terms alone', () => {
    const { jws, disclosures } = statement(signerNamed('x'), origin, 'access.rule', {}, { sealed: { note: 'x' } })
    const body = readBody(statementOf(jws)) as StatementBody
    expect(codeOf(() => requireDisclosures(body, [disclosures[0]?.text as string]))).toBe('disclosure-claim')
    expect(codeOf(() => requireDisclosures(body, []))).toBe('disclosure-missing')
  })
})

describe('the terms', () => {
  it('say for whom exactly beside grant and end', () => {
    for (const rule of ['grant', 'end']) {
      expect(verdict({ ...grant, rule })).toBe('accepted')
      expect(verdict({ rule, of, basis: 'x' })).toBe('disclosure-claim')
    }
    for (const rule of ['seal', 'unseal', 'hold', 'unhold']) {
      expect(verdict({ ...sealing, rule })).toBe('accepted')
      expect(verdict({ ...grant, rule })).toBe('disclosure-claim')
    }
  })

  it('end by themselves only beside grant, seal and hold', () => {
    const until = '2027-03-01T00:00:00.000Z'
    const may = { grant, seal: sealing, hold: { ...sealing, rule: 'hold' } }
    for (const one of Object.values(may)) expect(verdict({ ...one, until })).toBe('accepted')
    for (const rule of ['unseal', 'unhold']) expect(verdict({ ...sealing, rule, until })).toBe('disclosure-claim')
    expect(verdict({ ...grant, rule: 'end', until })).toBe('disclosure-claim')
    expect(verdict({ ...grant, until: '2027-03-01' })).toBe('disclosure-claim')
  })

  it('name 1 to 64 deposits as a whole, each once', () => {
    const many = Array.from({ length: 65 }, (_, index) => ({ index, leafHash }))
    expect(verdict({ ...grant, of: many.slice(0, 64) })).toBe('accepted')
    for (const wrong of [many, [], null, [{ index: 3 }], [...of, ...of], [{ ...of[0], item: 0 }]])
      expect(verdict({ ...grant, of: wrong as JsonValue })).toBe('disclosure-claim')
    expect(verdict({ ...grant, of: [{ index: 3, leafHash, item: 0, line: 0 }] })).toBe('disclosure-claim')
    expect(verdict({ ...grant, of: [{ index: 3, leafHash, origin: 'other.example' }] })).toBe('disclosure-claim')
  })

  it('name 1 to 64 participants, each once', () => {
    const many = Array.from({ length: 65 }, (_, i) => `p${i}`)
    expect(verdict({ ...grant, to: many.slice(0, 64) })).toBe('accepted')
    for (const wrong of [many, [], ['a', 'a'], ['A'], 'a', [1]])
      expect(verdict({ ...grant, to: wrong })).toBe('disclosure-claim')
  })

  it('have a rule of the closed list, a basis, perhaps a grade, and nothing else', () => {
    expect(verdict({ ...sealing, grade: 'state-secret' })).toBe('accepted')
    for (const wrong of [
      { ...sealing, rule: 'lock' },
      { ...sealing, basis: '' },
      { rule: 'seal', of },
      { of, basis: 'x' },
      { ...sealing, grade: 'Top secret' },
      { ...sealing, more: 1 },
      'seal',
      null,
      [],
    ])
      expect(verdict(wrong)).toBe('disclosure-claim')
  })

  it('are refused in words that say what stands where', () => {
    expect(judge({ rule: 'grant', of, basis: 'x' })).toThrow('the claim "terms" has the rule grant and no "to"')
    expect(judge({ ...grant, of: [...of, ...of] })).toThrow('the claim "terms" names an entry twice in "of"')
  })
})
