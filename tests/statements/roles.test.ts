import { describe, expect, it } from 'vitest'
import { composePossession } from '../../src/statements/compose.ts'
import { type Kind, kinds } from '../../src/statements/kinds.ts'
import { roles } from '../../src/statements/vocabulary.ts'
import { signerNamed } from '../support/signers.ts'
import { itemFor, statement } from '../support/statements.ts'
import { changeBy, genesis, iat, origin, rotation, RuleBench, violationsOf } from './bench.ts'

const key = signerNamed('somebody')
const jti = '00000000-0000-4000-8000-00000000000a'

/** Any one of these suffices; none is needed where the list is empty. */
const needed: Record<Exclude<Kind, 'ledger.genesis'>, string[]> = {
  'participant.admit': ['administrator'],
  'participant.revoke': ['administrator'],
  'participant.rotate-key': [],
  'evidence.deposit': ['depositor'],
  'evidence.attest': ['attestor', 'depositor'],
  'evidence.retract': ['depositor'],
  'erasure.order': ['authority'],
  'erasure.report': ['operator', 'auditor', 'attestor'],
  'ledger.rotate-key': ['administrator'],
  'ledger.set-approvals': ['administrator'],
  'ledger.set-format': ['administrator'],
  'ledger.end-intake': ['administrator'],
  'ledger.change': [],
  'ledger.close': ['administrator'],
}

/** A ledger in which "somebody" has these roles, and every kind would be in order but for them. */
function ledgerWith(granted: readonly string[]): { bench: RuleBench; members: (kind: Kind) => object } {
  const bench = new RuleBench().begin()
  bench.admit('somebody', granted, key)
  bench.admit('victim', ['auditor'])
  bench.deposit('somebody', 1, key)
  const of = bench.reference(3)
  bench.admit('court', ['authority'])
  const seal = { _sd: [key.thumbprint], _sd_alg: 'sha-256' }
  bench.say(signerNamed('victim'), 'victim', 'evidence.deposit', { items: [itemFor('sealed')], ...seal })
  const order = { of: [{ ...bench.reference(5), digests: seal._sd }], ...seal }
  bench.say(signerNamed('court'), 'court', 'erasure.order', order)
  const admitted = signerNamed('admitted')
  const newKey = signerNamed('new key of somebody')
  const members: Record<Kind, object> = {
    'ledger.genesis': genesis(),
    'participant.admit': {
      participant: { id: 'p-00000000000000ad', type: 'person', roles: ['auditor'], keys: [admitted.jwk] },
    },
    'participant.revoke': { participant: 'victim', reason: 'other' },
    'participant.rotate-key': {
      newKey: newKey.jwk,
      possession: composePossession({ aud: origin, iss: 'somebody', jti, old: key.thumbprint }, newKey),
    },
    'evidence.deposit': { items: [itemFor('content')], relates: [{ rel: 'corrects', ...of }] },
    'evidence.attest': { of, as: 'examiner' },
    'evidence.retract': { of, reason: 'withdrawn' },
    'ledger.rotate-key': rotation('new ledger key'),
    'ledger.close': { reason: 'ended' },
    'ledger.set-approvals': { administrators: 1 },
    'ledger.set-format': { version: 2 },
    'ledger.end-intake': { reason: 'other' },
    'erasure.order': order,
    'erasure.report': { of: bench.reference(6), where: 'mirror', outcome: 'gone' },
    'ledger.change': changeBy('participant.revoke', { participant: 'victim', reason: 'other' }, ['administrator']),
  }
  return { bench, members: (kind) => members[kind] }
}

const subsets = Array.from({ length: 1 << roles.length }, (_, bits) => roles.filter((_, i) => ((bits >> i) & 1) === 1))

describe('roles', () => {
  it.each(subsets.map((granted) => ({ granted, name: granted.join(', ') || 'none that is known' })))(
    '$name: each kind needs one of its own',
    ({ granted }) => {
      // A participant has at least one role; an unknown one grants nothing.
      const { bench, members } = ledgerWith(granted.length === 0 ? ['observer'] : granted)
      for (const [kind, any] of Object.entries(needed) as [keyof typeof needed, string[]][]) {
        const may = any.length === 0 || any.some((role) => (granted as string[]).includes(role))
        const judgement = bench.judgeJws(sayAs(kind, members(kind)))
        expect([kind, violationsOf(judgement)]).toEqual([kind, may ? [] : ['role-missing']])
        expect(judgement.usesStatementId).toBe(may)
        expect(judgement.next === bench.registry).toBe(!may || /^(?:evidence|erasure)\./.test(kind))
      }
      expect(violationsOf(bench.judgeJws(sayAs('ledger.genesis', members('ledger.genesis'))))).toContain(
        'genesis-misplaced',
      )
    },
  )

  it('are asked for every kind of version 1', () => {
    expect(Object.keys(needed)).toEqual(kinds.slice(1))
  })
})

function sayAs(kind: Kind, members: object): string {
  return statement(key, origin, kind, members, { iss: 'somebody', iat, jti }).jws
}
