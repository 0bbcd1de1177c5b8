import { beforeEach, describe, expect, it } from 'vitest'
import { approve, composeProposal, parseApprovalFile } from '../../src/statements/approval-file.ts'
import { signJws } from '../../src/statements/compose.ts'
import { requireDisclosures } from '../../src/statements/disclosures.ts'
import type { Kind } from '../../src/statements/kinds.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { makeDisclosure } from '../../src/core/disclosure.ts'
import { signerNamed } from '../support/signers.ts'
import { bodyOf, judgeMembers, proposalOf } from './bodies.ts'
import { administrator, changeBy, iat, origin, rotation, RuleBench, unjudgedOf, violationsOf } from './bench.ts'

let bench: RuleBench
beforeEach(() => {
  bench = new RuleBench().begin()
  for (const id of ['second', 'third']) bench.admit(id, ['administrator'])
  for (const id of ['officer-1', 'officer-2']) bench.admit(id, ['recovery'])
  bench.admit('depositor', ['depositor'])
})

/** Hands a change in, as the depositor: authority is the approvers'. */
function change(kind: Kind, members: object, by: readonly string[], more: object = {}): string[] {
  const judgement = bench.say(signerNamed('depositor'), 'depositor', 'ledger.change', changeBy(kind, members, by, more))
  return violationsOf(judgement)
}
const setApprovals = (members: object): string[] =>
  violationsOf(bench.say(administrator, 'administrator', 'ledger.set-approvals', members))
const admission = (id: string, roles: string[]): object => ({
  participant: { id, type: 'court', roles, keys: [signerNamed(id).jwk] },
})
const revocation = (participant: string): object => ({ participant, reason: 'compromised' })

describe('approvals', () => {
  it('need as many people as are to give them', () => {
    expect(setApprovals({ administrators: 4 })).toEqual(['threshold-impossible'])
    expect(setApprovals({ administrators: 2, recovery: 3 })).toEqual(['threshold-impossible'])
    expect(setApprovals({ administrators: 2, recovery: 2 })).toEqual([])
    expect(bench.registry.approvals).toEqual({ administrators: 2, recovery: 2 })
  })

  it('once needed, leave one administrator alone nothing but its own key', () => {
    setApprovals({ administrators: 2 })
    const alone = (kind: string, members: object): string[] =>
      violationsOf(bench.say(administrator, 'administrator', kind, members))
    expect(alone('participant.admit', admission('x', ['depositor']))).toEqual(['approvals-needed'])
    expect(alone('participant.revoke', revocation('second'))).toEqual(['approvals-needed'])
    expect(alone('ledger.set-approvals', { administrators: 1 })).toEqual(['approvals-needed'])
    expect(alone('ledger.rotate-key', rotation('new ledger key'))).toEqual(['approvals-needed'])
    expect(alone('ledger.close', { reason: 'ended' })).toEqual(['approvals-needed'])
    expect(change('participant.admit', admission('x', ['depositor']), ['administrator'])).toEqual(['approvals-missing'])
    expect(violationsOf(bench.rotate('administrator', administrator, signerNamed('next')))).toEqual([])
  })

  it('of two carry every change', () => {
    setApprovals({ administrators: 2 })
    const two = ['second', 'third']
    expect(change('participant.admit', admission('x', ['depositor']), two)).toEqual([])
    expect(violationsOf(bench.deposit('x'))).toEqual([])
    expect(change('participant.revoke', revocation('x'), two)).toEqual([])
    expect(change('ledger.rotate-key', rotation('new ledger key'), two)).toEqual([])
    expect(change('ledger.set-approvals', { administrators: 3 }, two)).toEqual([])
    expect(change('ledger.close', { reason: 'ended' }, two)).toEqual(['approvals-missing'])
    expect(change('ledger.close', { reason: 'ended' }, [...two, 'administrator'])).toEqual([])
    expect(bench.registry.closedAt).toBeDefined()
  })

  it('must stay possible: so many administrators cannot be revoked', () => {
    setApprovals({ administrators: 3 })
    const all = ['administrator', 'second', 'third']
    expect(change('participant.revoke', revocation('third'), all)).toEqual(['last-administrator'])
  })

  it('are bound to this proposal, this ledger and a time, and carry once', () => {
    const admit = admission('x', ['depositor'])
    const by = ['administrator']
    expect(change('participant.admit', admit, by, { aud: 'other.example' })).toEqual(['audience-wrong'])
    expect(change('participant.admit', admit, by, { exp: iat - 1 })).toEqual(['proposal-expired'])
    expect(change('participant.admit', admit, by, { exp: iat + 91 * 86_400 })).toEqual(['proposal-expired'])
    const jti = '00000000-0000-4000-8000-00000000000f'
    expect(change('ledger.set-approvals', { administrators: 1 }, by, { jti })).toEqual([])
    expect(change('ledger.set-approvals', { administrators: 1 }, by, { jti })).toEqual(['proposal-repeated'])
    // What did not take effect can be brought again.
    expect(change('participant.admit', admission('second', ['depositor']), by)).toEqual([
      'participant-exists',
      'key-exists',
    ])
  })

  it('count one a participant, of those who may, by keys in use', () => {
    const admit = admission('x', ['depositor'])
    expect(change('participant.admit', admit, ['depositor'])).toEqual(['approval-unknown'])
    expect(change('participant.admit', admit, ['stranger'])).toEqual(['approval-unknown'])
    const once = changeBy('participant.admit', admit, ['administrator', 'second']) as {
      proposal: string
      approvals: { protected: string; signature: string }[]
    }
    const judge = (members: object): string[] =>
      violationsOf(bench.say(signerNamed('depositor'), 'depositor', 'ledger.change', members))
    const [first, second] = once.approvals as [{ protected: string; signature: string }, (typeof once.approvals)[0]]
    expect(judge({ ...once, approvals: [first, first] })).toEqual(['approval-invalid'])
    expect(judge({ ...once, approvals: [{ ...first, signature: second.signature }] })).toEqual(['approval-invalid'])
    expect(judge({ ...once, approvals: [{ ...first, protected: 'e30' }] })).toEqual(['approval-invalid'])
    const [header, , signature] = signJws('evidence-statement+sd-jwt', {}, administrator).split('.') as [
      string,
      string,
      string,
    ]
    expect(judge({ ...once, approvals: [{ protected: header, signature }] })).toEqual(['approval-invalid'])
    bench.revoke({ participant: 'second' })
    expect(judge(once)).toEqual(['approval-unknown'])
    expect(judge({ ...once, approvals: [first] })).toEqual([])
  })

  it('of an unknown alg are not judged: the registry is then uncertain', () => {
    const members = changeBy('participant.admit', admission('x', ['depositor']), ['administrator']) as {
      proposal: string
      approvals: { protected: string; signature: string }[]
    }
    const approvals = members.approvals.map(({ protected: header, signature }) => ({
      protected: Buffer.from(Buffer.from(header, 'base64url').toString().replace('EdDSA', 'ML-DSA-44')).toString(
        'base64url',
      ),
      signature,
    }))
    const judgement = bench.say(signerNamed('depositor'), 'depositor', 'ledger.change', { ...members, approvals })
    expect([violationsOf(judgement), unjudgedOf(judgement)]).toEqual([[], ['approvals']])
    expect(bench.registry.uncertainSince).toBe(6)
    expect(bench.registry.participants.has('x')).toBe(false)
  })
})

describe('recovery officers', () => {
  const officers = ['officer-1', 'officer-2']
  beforeEach(() => setApprovals({ administrators: 2, recovery: 2 }))

  it('replace administrators', () => {
    expect(change('participant.admit', admission('fourth', ['administrator']), officers)).toEqual([])
    expect(change('participant.revoke', revocation('administrator'), officers)).toEqual([])
    expect(change('participant.revoke', { key: signerNamed('second').thumbprint, reason: 'other' }, officers)).toEqual(
      [],
    )
    expect(change('participant.revoke', revocation('third'), officers)).toEqual(['last-administrator'])
  })

  it('do nothing else', () => {
    for (const [kind, members] of [
      ['participant.admit', admission('x', ['depositor'])],
      ['participant.admit', admission('x', ['administrator', 'depositor'])],
      ['participant.admit', admission('x', ['recovery'])],
      ['participant.revoke', revocation('depositor')],
      ['participant.revoke', revocation('officer-1')],
      ['participant.revoke', revocation('nobody')],
      ['ledger.set-approvals', { administrators: 1 }],
      ['ledger.rotate-key', rotation('new ledger key')],
      ['ledger.close', { reason: 'ended' }],
    ] as const)
      expect([kind, change(kind, members, officers)]).toEqual([kind, ['approvals-missing']])
    expect(change('participant.admit', admission('x', ['administrator']), ['officer-1'])).toEqual(['approvals-missing'])
    expect(violationsOf(bench.deposit('officer-1'))).toEqual(['role-missing'])
  })

  it('R3A-L2: must stay possible: so many officers cannot be revoked, nor their keys', () => {
    const all = ['administrator', 'second', 'third', ...officers]
    const key = { key: signerNamed('officer-1').thumbprint, reason: 'other' }
    expect(change('participant.revoke', revocation('officer-1'), all)).toEqual(['threshold-impossible'])
    expect(change('participant.revoke', key, all)).toEqual(['threshold-impossible'])
    expect(change('participant.revoke', revocation('third'), all)).toEqual([])
    expect(
      change('participant.admit', admission('officer-3', ['recovery']), ['administrator', 'second', ...officers]),
    ).toEqual([])
    expect(change('participant.revoke', revocation('officer-1'), ['administrator', 'second', ...officers])).toEqual([])
    expect(
      change('participant.revoke', revocation('officer-2'), ['administrator', 'second', 'officer-2', 'officer-3']),
    ).toEqual(['threshold-impossible'])
  })

  it('cannot be put aside by administrators alone', () => {
    const all = ['administrator', 'second', 'third']
    expect(change('participant.revoke', revocation('officer-1'), all)).toEqual(['approvals-missing'])
    expect(change('ledger.set-approvals', { administrators: 1 }, all)).toEqual(['approvals-missing'])
    expect(change('participant.admit', admission('x', ['recovery']), all)).toEqual(['approvals-missing'])
    expect(change('participant.admit', admission('x', ['recovery']), [...all, ...officers])).toEqual([])
    expect(change('ledger.set-approvals', { administrators: 1, recovery: 2 }, [...all, ...officers])).toEqual([])
    // One administrator suffices again, but not for what touches recovery.
    expect(violationsOf(bench.admit('y', ['depositor']))).toEqual([])
    expect(violationsOf(bench.admit('z', ['recovery']))).toEqual(['approvals-needed'])
    expect(violationsOf(bench.revoke({ key: signerNamed('officer-1').thumbprint }))).toEqual(['approvals-needed'])
  })
})

describe('a proposal', () => {
  const approvals = [{ protected: 'e30', signature: 'AA' }]
  const judged = (proposal: string): string => judgeMembers('ledger.change', { proposal, approvals })
  const close = { reason: 'ended' }

  it.each<[string, string]>([
    ['no JSON', Buffer.from('{').toString('base64url')],
    ['no object', Buffer.from('[]').toString('base64url')],
    ['of a kind that is not proposed', proposalOf('evidence.deposit', {})],
    ['of a change', proposalOf('ledger.change', {})],
    ['for several ledgers', proposalOf('ledger.close', close, { aud: [origin] })],
    ['without end', proposalOf('ledger.close', close, { exp: undefined })],
    ['with an end before 1970', proposalOf('ledger.close', close, { exp: -1 })],
    ['without id', proposalOf('ledger.close', close, { jti: 'x' })],
    ['without kind', proposalOf('ledger.close', close, { kind: '' })],
  ])('that is %s is malformed', (_, proposal) => {
    expect(judged(proposal)).toBe('proposal-malformed')
  })

  it('has the members of its kind, and no other', () => {
    expect(judged(proposalOf('ledger.close', close))).toBe('accepted')
    expect(judged(proposalOf('ledger.close', { reason: 'X' }))).toBe('statement-member')
    expect(judged(proposalOf('ledger.close', { ...close, iss: 'a' }))).toBe('statement-member-unknown')
    expect(judged(proposalOf('ledger.close', { ...close, note: 'x' }))).toBe('claim-in-clear')
    expect(judged(proposalOf('ledger.later', {}))).toBe('kind-unknown')
  })

  it('seals a person’s name as an admission does', () => {
    const disclosure = makeDisclosure(new Uint8Array(16), 'names', 'A Person')
    const seal = { _sd: [disclosure.digest], _sd_alg: 'sha-256' }
    const participant = { id: 'p-0000000000000001', type: 'person', roles: ['attestor'], keys: [signerNamed('p').jwk] }
    const body = bodyOf('ledger.change', {
      proposal: proposalOf('participant.admit', { participant, ...seal }),
      approvals,
    })
    if (body === undefined) throw new Error('not read')
    expect(requireDisclosures(body, [disclosure.text]).map(({ value }) => value)).toEqual(['A Person'])
    expect(() => requireDisclosures(body, [])).toThrow('has no disclosure')
  })

  it('goes from officer to officer as a JWS in JSON', () => {
    const jti = '00000000-0000-4000-8000-00000000000f'
    const empty = composeProposal({ aud: origin, jti, exp: 9, kind: 'ledger.close' }, close, ['ZA'])
    const signed = approve(approve(empty, administrator), signerNamed('second'))
    expect(parseApprovalFile(utf8(JSON.stringify(signed)))).toEqual(signed)
    expect(() => approve(signed, administrator)).toThrow('has approved this proposal before')
    for (const bad of [
      { payload: 'x=' },
      { signatures: {} },
      { signatures: [{}] },
      { disclosures: [1] },
      { header: {} },
    ])
      expect(() => parseApprovalFile(utf8(JSON.stringify({ ...signed, ...bad })))).toThrow('proposal')
    expect(() => parseApprovalFile(new Uint8Array(300 * 1024))).toThrow('too large')
    const payload = proposalOf('ledger.later', {})
    expect(() => parseApprovalFile(utf8(JSON.stringify({ ...signed, payload })))).toThrow('does not know')
  })
})
