import { type ErrorCode, EvidenceError } from '../../src/core/errors.ts'
import { readBody } from '../../src/statements/body.ts'
import type { Kind, StatementBody } from '../../src/statements/kinds.ts'
import { origin } from '../support/chain.ts'
import { signerNamed } from '../support/signers.ts'
import { statement } from '../support/statements.ts'
import { statementOf } from './bench.ts'

const signer = signerNamed('depositor')

/** The body of a statement of a kind with these members. */
export function bodyOf(kind: string, members: object): StatementBody | undefined {
  return readBody(statementOf(statement(signer, origin, kind, members).jws))
}

/** The code that a statement's members are refused with, or `accepted`. */
export function judgeMembers(kind: Kind, members: object): ErrorCode | 'accepted' {
  try {
    return bodyOf(kind, members) === undefined ? 'kind-unknown' : 'accepted'
  } catch (error) {
    if (error instanceof EvidenceError) return error.code
    throw error
  }
}

export const jwk = signerNamed('somebody').jwk
export const thumbprint = signerNamed('somebody').thumbprint
export const leafHash = Buffer.alloc(32, 1).toString('base64')
export const sha256 = 'ab'.repeat(32)

const approval = { protected: 'e30', signature: 'AA' }
const uuid = '00000000-0000-4000-8000-000000000000'

/** A proposal's text. */
export function proposalOf(kind: string, members: object, over: object = {}): string {
  return Buffer.from(JSON.stringify({ aud: origin, jti: uuid, exp: 1, kind, ...members, ...over })).toString(
    'base64url',
  )
}

/** A valid statement of each kind, all that is optional left out. */
export const minimal: { readonly [K in Kind]: Record<string, unknown> } = {
  'ledger.genesis': {
    origin,
    environment: 'production',
    ledgerKeys: ['a+00000000+AQ=='],
    administrators: [{ id: 'a', keys: [jwk] }],
  },
  'participant.admit': { participant: { id: 'b', type: 'court', roles: ['depositor'], keys: [jwk] } },
  'participant.revoke': { participant: 'b', reason: 'requested' },
  'participant.rotate-key': { newKey: jwk, possession: 'a.b.c' },
  'evidence.deposit': { items: [{ size: 0, digest: { sha256 } }] },
  'evidence.attest': { of: { index: 0, leafHash }, as: 'notary' },
  'evidence.retract': { of: { index: 0, leafHash }, reason: 'mistake' },
  'evidence.event': { of: { index: 0, leafHash }, event: 'opened' },
  'evidence.challenge': { of: { index: 0, leafHash }, _sd: [thumbprint], _sd_alg: 'sha-256' },
  'evidence.finding': { of: { index: 0, leafHash }, finding: 'excluded' },
  'access.rule': { _sd: [thumbprint], _sd_alg: 'sha-256' },
  'ledger.rotate-key': { oldKey: 'a', newKey: 'b', reason: 'routine', possession: 'a checkpoint' },
  'ledger.close': { reason: 'ended' },
  'ledger.set-approvals': { administrators: 1 },
  'ledger.set-format': { version: 2 },
  'ledger.end-intake': { reason: 'period-ended' },
  'ledger.change': { proposal: proposalOf('ledger.close', { reason: 'ended' }), approvals: [approval] },
  'erasure.order': { of: [{ index: 0, leafHash, digests: [thumbprint] }], _sd: [thumbprint], _sd_alg: 'sha-256' },
  'erasure.report': { of: { index: 0, leafHash }, where: 'backup', outcome: 'kept' },
  'custody.transfer': { release: 'a.b.c', outcome: 'withdrawn' },
  'custody.end': { of: [{ index: 0, leafHash }], how: 'lost' },
  'custody.resume': { of: [{ index: 0, leafHash }], reason: 'found' },
}

/** A valid statement of each kind with all that is optional. */
export const full: { readonly [K in Kind]: Record<string, unknown> } = {
  'ledger.genesis': {
    ...minimal['ledger.genesis'],
    administrators: [
      { id: 'a', name: '某法院', keys: [jwk] },
      { id: 'b', keys: [jwk] },
    ],
    continues: { origin: 'older.example', checkpoint: 'older.example\n5\nAAAA\n\n— x AAAA\n' },
  },
  'participant.admit': {
    participant: { id: 'b', type: 'court', roles: ['depositor', 'attestor'], keys: [jwk], name: 'Court' },
    identifiedBy: 'known',
    _sd: [thumbprint],
    _sd_alg: 'sha-256',
  },
  'participant.revoke': { key: thumbprint, reason: 'compromised', compromisedSince: '2026-11-01T08:00:00.000Z' },
  'participant.rotate-key': minimal['participant.rotate-key'],
  'evidence.deposit': {
    items: [
      {
        size: 9,
        digest: { sha256, md5: 'ab'.repeat(16) },
        mediaType: 'application/vnd.example+json',
        category: 'image-of-medium',
        acquired: { size: 8, digest: { md5: 'cd'.repeat(16) }, source: 'tool-report' },
        tree: { root: sha256, size: 1 },
      },
    ],
    relates: [
      { rel: 'derived-from', index: 3, leafHash, item: 0, line: 1 },
      { rel: 'same-as', index: 3, leafHash, origin: 'other.example' },
    ],
    _sd: [thumbprint, signerNamed('another').thumbprint],
    _sd_alg: 'sha-256',
  },
  'evidence.attest': { of: { index: 7, leafHash, item: 3, line: 0 }, as: 'witness' },
  'evidence.retract': { of: { index: 7, leafHash, item: 3, line: Number.MAX_SAFE_INTEGER }, reason: 'ordered' },
  'evidence.event': {
    of: { index: 7, leafHash, item: 3, line: 0 },
    event: 'offered',
    from: '2026-11-01T08:00:00.000Z',
    to: '2026-11-01T08:00:00.000Z',
    release: { digest: thumbprint, exp: 253_402_300_799 },
    _sd: [thumbprint],
    _sd_alg: 'sha-256',
  },
  'evidence.challenge': {
    of: { index: 7, leafHash, item: 3, line: 0 },
    _sd: [thumbprint, signerNamed('another').thumbprint],
    _sd_alg: 'sha-256',
  },
  'evidence.finding': {
    of: { index: 7, leafHash, item: 3, line: 0 },
    finding: 'admitted-in-part',
    _sd: [thumbprint],
    _sd_alg: 'sha-256',
  },
  'access.rule': minimal['access.rule'],
  'ledger.rotate-key': minimal['ledger.rotate-key'],
  'ledger.close': { reason: 'continued', successor: { origin: 'next.example', checkpoint: 'next.example\n' } },
  'ledger.set-approvals': { administrators: 16, recovery: 1 },
  'ledger.set-format': { version: 999_999_999 },
  'ledger.end-intake': { reason: 'continued', successor: { origin: 'next.example', checkpoint: 'next.example\n' } },
  'erasure.order': {
    of: [0, 1].map((index) => ({ index, leafHash, digests: [thumbprint, signerNamed('another').thumbprint] })),
    origin: 'older.example',
    _sd: [thumbprint, signerNamed('another').thumbprint],
    _sd_alg: 'sha-256',
  },
  'erasure.report': { of: { index: 0, leafHash }, where: 'backup', outcome: 'kept', until: '2026-12-01T00:00:00.000Z' },
  'ledger.change': {
    proposal: proposalOf('participant.admit', {
      participant: { id: 'p-000000000000000b', type: 'person', roles: ['recovery'], keys: [jwk] },
      _sd: [thumbprint],
      _sd_alg: 'sha-256',
    }),
    approvals: Array.from({ length: 16 }, () => approval),
  },
  'custody.transfer': {
    release: 'a.b.c',
    outcome: 'rejected',
    reason: 'seal-broken',
    checked: Array.from({ length: 64 }, () => 'not-checked'),
    _sd: [thumbprint],
    _sd_alg: 'sha-256',
  },
  'custody.end': {
    of: Array.from({ length: 32 }, (_, item) => ({ index: 7, leafHash, item })),
    how: 'disposed',
    order: { index: 9, leafHash },
    _sd: [thumbprint],
    _sd_alg: 'sha-256',
  },
  'custody.resume': {
    of: [{ index: 7, leafHash, item: 3 }],
    reason: 'came-back',
    _sd: [thumbprint],
    _sd_alg: 'sha-256',
  },
}
