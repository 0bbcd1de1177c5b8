import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { approve, changeMembers, composeProposal } from '../../src/statements/approval-file.ts'
import { composePossession } from '../../src/statements/compose.ts'
import type { Kind } from '../../src/statements/kinds.ts'
import type { SigningKey } from '../../src/node/key-file.ts'
import { admissionReceipts, scanningLocator } from '../../src/package/admission-receipts.ts'
import { Admissions } from '../../src/package/admissions.ts'
import { soundReceipt } from '../../src/package/sound-receipt.ts'
import { LogView } from '../../src/log/view.ts'
import { administrator, depositor, origin, policy, startMs, TestChain } from '../support/chain.ts'
import { temporaryFolder } from '../support/folder.ts'
import { sizeOf } from '../support/long.ts'
import { setsDuring } from '../support/map-sets.ts'
import { signerNamed } from '../support/signers.ts'
import { judgedByAll, receiptOf, smallPackage } from '../support/small-package.ts'
import { deposit, statement } from '../support/statements.ts'

const iat = startMs / 1000
const folder = temporaryFolder()
afterAll(folder.remove)
const second = signerNamed('second administrator')
const next = signerNamed('next key')
const other = signerNamed('other')

function say(
  chain: TestChain,
  signer: SigningKey,
  iss: string,
  kind: string,
  members: object,
  jti = randomUUID(),
): number {
  return chain.add(statement(signer, origin, kind, members, { iss, iat, jti }).jws)
}

function admit(
  chain: TestChain,
  signer: SigningKey,
  iss: string,
  id: string,
  key: SigningKey,
  roles = ['depositor'],
): number {
  const participant = { id, type: 'organisation', roles, keys: [key.jwk] }
  return say(chain, signer, iss, 'participant.admit', { participant })
}

function rotate(chain: TestChain, old: SigningKey, to: SigningKey, iss = 'depositor', possessor = to): number {
  const jti = randomUUID()
  const possession = composePossession({ aud: origin, iss, jti, old: old.thumbprint }, { ...possessor, jwk: to.jwk })
  return say(chain, old, iss, 'participant.rotate-key', { newKey: to.jwk, possession }, jti)
}

/** A change that some approve, handed in by the first of them. */
function change(
  chain: TestChain,
  kind: Kind,
  members: object,
  approvers: readonly SigningKey[],
  { iss = 'administrator', signer = administrator, jti = randomUUID(), exp = iat + 3600, aud = origin } = {},
): number {
  const proposal = composeProposal({ aud, jti, exp, kind }, members)
  return say(chain, signer, iss, 'ledger.change', changeMembers(approvers.reduce(approve, proposal)))
}

function participant(id: string, key: SigningKey, roles = ['depositor']): object {
  return { participant: { id, type: 'organisation', roles, keys: [key.jwk] } }
}

/** A ledger where two administrators approve together; the genesis' and one that entry 2 admitted. */
function chainOfTwo(): TestChain {
  const chain = new TestChain().start()
  admit(chain, administrator, 'administrator', 'second', second, ['administrator'])
  say(chain, administrator, 'administrator', 'ledger.set-approvals', { administrators: 2 })
  return chain
}

function depositBy(chain: TestChain, signer: SigningKey, iss = 'depositor'): number {
  return chain.add(deposit(signer, origin, `content ${chain.bytes.length}`, { iss, iat }).jws)
}

/** What a package with the receipts of these entries (of all others by default) says of the signer of one. */
async function verdict(
  chain: TestChain,
  index: number,
  signer: SigningKey,
  shown?: readonly number[],
): Promise<string> {
  const tree = await LogView.verified(chain.seal(), policy)
  const keys = new Map<string, SigningKey>(
    [administrator, second, depositor, next, other, signerNamed('somebody')].map((key) => [key.thumbprint, key]),
  )
  const receipts = []
  for (const at of shown ?? chain.bytes.keys()) {
    const entry = await tree.entry(at)
    const jwk = keys.get(entry.statement.header.kid)?.jwk
    if (jwk === undefined) throw new Error('an unknown signer')
    receipts.push(soundReceipt(await tree.receipt(entry, jwk, []), policy))
  }
  const checked = soundReceipt(await tree.receipt(await tree.entry(index), signer.jwk, []), policy)
  const admissions = new Admissions([...receipts, checked])
  const found = admissions.verdict(checked)
  const codes = admissions.faults.map(({ code }) => code).join(' ')
  const flags = admissions.flags(checked).flagged.length > 0 ? ' flagged' : ''
  const state =
    found.state === 'shown'
      ? `shown ${found.key.path.join(',')}`
      : found.state === 'fault'
        ? found.faults.map(({ code }) => code).join(' ')
        : found.state
  return `${state}${flags}${codes === '' ? '' : ` (${codes})`}`
}

describe('the admission of a signer’s key', () => {
  it('leads back to the genesis: by an admission, by an administrator admitted later, by rotations', async () => {
    const chain = new TestChain().start()
    expect(await verdict(chain, depositBy(chain, depositor), depositor)).toBe('shown 1,0')
    const two = admit(chain, administrator, 'administrator', 'second', second, ['administrator', 'depositor'])
    const three = admit(chain, second, 'second', 'other', other)
    const index = depositBy(chain, other, 'other')
    expect(await verdict(chain, index, other)).toBe(`shown ${three},${two},0`)
    const rotated = rotate(chain, depositor, next)
    expect(await verdict(chain, depositBy(chain, next), next)).toBe(`shown ${rotated},1,0`)
    expect(await verdict(chain, two, administrator)).toBe('shown 0')
  })

  it('is not shown where a receipt of the way is missing', async () => {
    const chain = new TestChain().start()
    const index = depositBy(chain, depositor)
    expect(await verdict(chain, index, depositor, [])).toBe('not-shown')
    expect(await verdict(chain, index, depositor, [0])).toBe('not-shown')
    expect(await verdict(chain, index, depositor, [1])).toBe('not-shown')
  })

  it('is at fault where the entries say otherwise', async () => {
    const chain = new TestChain().start()
    expect(await verdict(chain, depositBy(chain, depositor, 'somebody-else'), depositor)).toBe('admission-invalid')
    const early = depositBy(chain, other, 'other')
    admit(chain, administrator, 'administrator', 'other', other, ['auditor'])
    expect(await verdict(chain, early, other)).toBe('admission-invalid')
    expect(await verdict(chain, depositBy(chain, other, 'other'), other)).toBe('admission-invalid')
  })

  it('does not rest on an admission by who may not admit', async () => {
    const chain = new TestChain().start()
    admit(chain, depositor, 'depositor', 'other', other)
    const index = depositBy(chain, other, 'other')
    expect(await verdict(chain, index, other)).toBe('not-shown (admission-invalid)')
    // An administrator's name over another key.
    const forged = new TestChain().start()
    admit(forged, depositor, 'administrator', 'other', other)
    expect(await verdict(forged, depositBy(forged, other, 'other'), other)).toBe('not-shown (admission-invalid)')
  })

  it('ends with a rotation or a revocation, and is flagged by a compromise said later', async () => {
    const chain = new TestChain().start()
    const before = depositBy(chain, depositor)
    rotate(chain, depositor, next)
    const after = depositBy(chain, depositor)
    expect(await verdict(chain, before, depositor)).toBe('shown 1,0')
    expect(await verdict(chain, after, depositor)).toBe('key-rotated')
    const revoked = new TestChain().start()
    const sound = depositBy(revoked, depositor)
    const compromisedSince = '2026-11-01T08:00:00.000Z'
    say(revoked, administrator, 'administrator', 'participant.revoke', {
      key: depositor.thumbprint,
      reason: 'compromised',
      compromisedSince,
    })
    expect(await verdict(revoked, sound, depositor)).toBe('shown 1,0 flagged')
    expect(await verdict(revoked, depositBy(revoked, depositor), depositor)).toBe('key-revoked flagged')
    say(revoked, administrator, 'administrator', 'participant.revoke', { participant: 'depositor', reason: 'other' })
    expect(await verdict(revoked, depositBy(revoked, depositor), depositor)).toBe(
      'participant-revoked key-revoked flagged',
    )
  })

  it('takes no key twice, and no rotation without possession', async () => {
    const chain = new TestChain().start()
    admit(chain, administrator, 'administrator', 'thief', depositor)
    expect(await verdict(chain, depositBy(chain, depositor), depositor)).toBe('shown 1,0 (key-exists)')
    expect(await verdict(chain, depositBy(chain, depositor, 'thief'), depositor)).toBe('admission-invalid (key-exists)')
    const stolen = new TestChain().start()
    rotate(stolen, depositor, next, 'depositor', other)
    expect(await verdict(stolen, depositBy(stolen, next), next)).toBe('not-shown (possession-invalid)')
  })
})

describe('a key that an approved change brought or ended', () => {
  it('leads back to the genesis by all who approved', async () => {
    const chain = chainOfTwo()
    const at = change(chain, 'participant.admit', participant('other', other), [administrator, second])
    expect(await verdict(chain, depositBy(chain, other, 'other'), other)).toBe(`shown ${at},2,0`)
    // Without what admitted one of them it is not shown; without the entry that asks for two it is.
    expect(await verdict(chain, depositBy(chain, other, 'other'), other, [0, 1, 3, at])).toBe('not-shown')
    expect(await verdict(chain, depositBy(chain, other, 'other'), other, [0, 1, 2, at])).toBe(`shown ${at},2,0`)
    expect(await verdict(chain, depositBy(chain, other, 'somebody'), other)).toBe('admission-invalid')
  })

  it('is out of use after an approved revocation', async () => {
    const chain = chainOfTwo()
    const members = { key: depositor.thumbprint, reason: 'superseded' }
    const before = depositBy(chain, depositor)
    change(chain, 'participant.revoke', members, [administrator, second])
    expect(await verdict(chain, before, depositor)).toBe('shown 1,0')
    expect(await verdict(chain, depositBy(chain, depositor), depositor)).toBe('key-revoked')
  })

  it('is not shown where fewer approved than the package shows to be needed', async () => {
    const chain = chainOfTwo()
    change(chain, 'participant.admit', participant('other', other), [second])
    expect(await verdict(chain, depositBy(chain, other, 'other'), other)).toBe('not-shown')
    // Nor by one administrator alone, without a change.
    admit(chain, administrator, 'administrator', 'next', next)
    expect(await verdict(chain, depositBy(chain, next, 'next'), next)).toBe('not-shown')
    // Approvals are set by a change as well.
    change(chain, 'ledger.set-approvals', { administrators: 1 }, [administrator, second])
    const somebody = signerNamed('somebody')
    const at = admit(chain, administrator, 'administrator', 'somebody', somebody)
    expect(await verdict(chain, depositBy(chain, somebody, 'somebody'), somebody)).toBe(`shown ${at},0`)
  })

  it('is at fault where what was proposed breaks a rule, whoever approved it', async () => {
    const chain = chainOfTwo()
    const named = { participant: { id: 'other', type: 'person', roles: ['depositor'], keys: [other.jwk], name: 'N' } }
    const at = change(chain, 'participant.admit', named, [administrator, second])
    const index = depositBy(chain, depositor)
    const broken = 'shown 1,0 (id-of-person name-of-person)'
    expect(await verdict(chain, index, depositor, [0, 1, 2, at])).toBe(broken)
    // Who approved it is not shown, or that nobody but one administrator has to.
    expect(await verdict(chain, index, depositor, [0, 1, at])).toBe(broken)
    const alone = chainOfTwo()
    const by = say(alone, administrator, 'administrator', 'participant.admit', named)
    expect(await verdict(alone, depositBy(alone, depositor), depositor, [0, 1, 3, by])).toBe(broken)
    const shown = { [`data/admissions/${at}.tlog-proof`]: await receiptOf(chain, at, administrator.jwk) }
    const judged = await judgedByAll(await smallPackage(join(folder.path, 'broken'), chain, index, {}, shown))
    expect(judged.map(({ code }) => code)).toEqual([1, 1, 1])
  })

  it('rests on no change that is at fault', async () => {
    const admission = participant('other', other)
    const judged = async (build: (chain: TestChain) => unknown): Promise<string> => {
      const chain = chainOfTwo()
      build(chain)
      return verdict(chain, depositBy(chain, other, 'other'), other)
    }
    const both = [administrator, second]
    // By a key without a role that approves, by one that was revoked, for another ledger, too late, twice.
    expect(await judged((chain) => change(chain, 'participant.admit', admission, [administrator, depositor]))).toBe(
      'not-shown (approval-unknown)',
    )
    const revoked = await judged((chain) => {
      change(chain, 'participant.revoke', { key: second.thumbprint, reason: 'compromised' }, both)
      change(chain, 'participant.admit', admission, both)
    })
    expect(revoked).toBe('not-shown (approval-unknown)')
    expect(await judged((chain) => change(chain, 'participant.admit', admission, both, { aud: 'x.example/y' }))).toBe(
      'not-shown (audience-wrong)',
    )
    expect(await judged((chain) => change(chain, 'participant.admit', admission, both, { exp: iat - 3600 }))).toBe(
      'not-shown (proposal-expired)',
    )
    const repeated = await judged((chain) => {
      const jti = randomUUID()
      change(chain, 'participant.revoke', { key: depositor.thumbprint, reason: 'superseded' }, both, { jti })
      change(chain, 'participant.admit', admission, both, { jti })
    })
    expect(repeated).toBe('not-shown (proposal-repeated)')
    const forged = await judged((chain) => {
      const proposal = composeProposal(
        { aud: origin, jti: randomUUID(), exp: iat + 3600, kind: 'participant.admit' },
        admission,
      )
      const approved = approve(approve(proposal, administrator), { ...second, sign: administrator.sign })
      say(chain, administrator, 'administrator', 'ledger.change', changeMembers(approved))
    })
    expect(forged).toBe('not-shown (approval-invalid)')
  })

  it('may be an administrator’s whom recovery officers put in place', async () => {
    const chain = new TestChain().start()
    const officer = admit(chain, administrator, 'administrator', 'officer', second, ['recovery'])
    say(chain, administrator, 'administrator', 'ledger.set-approvals', { administrators: 1, recovery: 1 })
    const how = { iss: 'officer', signer: second }
    const at = change(chain, 'participant.admit', participant('heir', next, ['administrator']), [second], how)
    const last = admit(chain, next, 'heir', 'other', other)
    const index = depositBy(chain, other, 'other')
    expect(await verdict(chain, index, other)).toBe(`shown ${last},${at},${officer},0`)
    expect(await verdict(chain, index, other, [0, officer, at, last])).toBe('not-shown')
  })
})

describe('entries about the ledger itself', () => {
  it('are known kinds, need an administrator, and end a ledger that is closed', async () => {
    const chain = new TestChain().start()
    const before = depositBy(chain, depositor)
    say(chain, administrator, 'administrator', 'ledger.close', { reason: 'ended' })
    expect(await verdict(chain, before, depositor)).toBe('shown 1,0')
    expect(await verdict(chain, depositBy(chain, depositor), depositor)).toBe('ledger-closed')
    const forged = new TestChain().start()
    say(forged, depositor, 'depositor', 'ledger.set-approvals', { administrators: 2 })
    const index = depositBy(forged, depositor)
    expect(await verdict(forged, index, depositor)).toBe('shown 1,0 (admission-invalid)')
  })
})

describe('receipts of admissions', () => {
  it('are found behind approved changes: of all who approved, and of what says how many must', async () => {
    const chain = chainOfTwo()
    chain.deposits(3)
    change(chain, 'participant.admit', participant('other', other), [administrator, second])
    depositBy(chain, other, 'other')
    change(chain, 'participant.revoke', { participant: 'other', reason: 'requested' }, [second, administrator])
    const tree = await LogView.verified(chain.seal(), policy)
    const found = await admissionReceipts(tree, scanningLocator(tree), [other.thumbprint])
    expect([...found.keys()]).toEqual([0, 2, 3, 7, 9])
  })

  it('are found in any tree: who brought a key, and who ended it', async () => {
    const chain = new TestChain().start()
    depositBy(chain, depositor)
    rotate(chain, depositor, next)
    depositBy(chain, next)
    say(chain, administrator, 'administrator', 'participant.revoke', { participant: 'depositor', reason: 'requested' })
    for (let i = 0; i < 300; i++) chain.deposits(1)
    const tree = await LogView.verified(chain.seal(), policy)
    const found = await admissionReceipts(tree, scanningLocator(tree), [next.thumbprint])
    expect([...found.keys()]).toEqual([0, 1, 3, 5])
    for (const bytes of found.values()) expect(soundReceipt(bytes, policy).receipt.proof.checkpoint.size).toBe(306)
    await expect(admissionReceipts(tree, scanningLocator(tree), [other.thumbprint])).rejects.toThrow(
      /does not say which entry/,
    )
  })

  it('come out of no tree that is not the signed one', async () => {
    const chain = new TestChain().start().seal()
    await expect(
      LogView.verified(Object.assign(chain, { note: chain.note.replace('\n2\n', '\n1\n') }), policy),
    ).rejects.toThrow()
    const altered = new TestChain().start().seal()
    altered.bytes[1] = altered.bytes[0] as Uint8Array
    const tree = await LogView.verified(altered, policy)
    const entry = await tree.entry(1)
    await expect(tree.receipt({ ...entry, index: 1 }, administrator.jwk, [])).rejects.toThrow(/another entry 1/)
  })
})

describe('F-B3: a package with very many admissions', () => {
  /** Entries of maps that are written to judge a package of so many admissions, each by a key of its own. */
  async function written(count: number): Promise<number> {
    const chain = new TestChain().start()
    for (let i = 0; i < count; i++) admit(chain, administrator, 'administrator', `d${i}`, signerNamed(`many ${i}`))
    const tree = await LogView.verified(chain.seal(), policy)
    const receipts: ReturnType<typeof soundReceipt>[] = []
    for (let index = 0; index < chain.bytes.length; index++) {
      receipts.push(soundReceipt(await tree.receipt(await tree.entry(index), administrator.jwk, []), policy))
    }
    return setsDuring(() => {
      const admissions = new Admissions(receipts)
      expect(admissions.faults).toEqual([])
      expect(receipts.map((one) => admissions.verdict(one).state)).toEqual(receipts.map(() => 'shown'))
    })
  }

  it('costs no more for each of them than one with few', async () => {
    const few = sizeOf('tests/package/admissions.test.ts', 'changes')
    expect(await written(4 * few)).toBeLessThan(8 * (await written(few)))
  })

  it('names the way back to the genesis along a chain of any length', async () => {
    const chain = new TestChain().start()
    const keys = [depositor, ...Array.from({ length: 50 }, (_, i) => signerNamed(`link ${i}`))]
    for (const [i, key] of keys.slice(1).entries()) rotate(chain, keys[i] as SigningKey, key)
    const index = depositBy(chain, keys.at(-1) as SigningKey)
    const tree = await LogView.verified(chain.seal(), policy)
    const receipts: ReturnType<typeof soundReceipt>[] = []
    for (let at = 0; at <= index; at++) {
      const entry = await tree.entry(at)
      const signer = [administrator, ...keys].find(({ thumbprint }) => thumbprint === entry.statement.header.kid)
      receipts.push(soundReceipt(await tree.receipt(entry, (signer as SigningKey).jwk, []), policy))
    }
    const found = new Admissions(receipts).verdict(receipts.at(-1) as ReturnType<typeof soundReceipt>)
    const way = Array.from({ length: index }, (_, i) => index - 1 - i)
    expect(found).toMatchObject({ state: 'shown', key: { path: way } })
  })
})
