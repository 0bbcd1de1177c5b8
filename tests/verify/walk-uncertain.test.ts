import { describe, expect, it } from 'vitest'
import { toBase64 } from '../../src/core/base64.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { leafHash } from '../../src/core/entry.ts'
import { formatTime } from '../../src/core/time.ts'
import { walk } from '../../src/verify/walk.ts'
import { administrator, depositor, origin, policy, startMs, TestChain } from '../support/chain.ts'
import { statement } from '../support/statements.ts'

const iat = startMs / 1000
const byAdministrator = { iss: 'administrator', iat }

describe('after an entry that this version cannot read', () => {
  it('does not blame an administrator for whom the entry may have admitted', async () => {
    const chain = new TestChain().start()
    chain.add(statement(administrator, origin, 'participant.admit-v2', { to: 'x' }, byAdministrator).jws)
    chain.add(
      statement(
        administrator,
        origin,
        'participant.revoke',
        { participant: 'newcomer', reason: 'requested' },
        byAdministrator,
      ).jws,
    )
    chain.add(
      statement(
        administrator,
        origin,
        'participant.revoke',
        { participant: 'administrator', reason: 'requested' },
        byAdministrator,
      ).jws,
    )
    const report = await walk({ source: chain.seal(), policy })
    expect(report.faults).toEqual([])
    expect(report.unjudged.map(({ index }) => index)).toEqual([2, 3, 4])
  })

  it('does not blame a reference to it, unless its hash is wrong', async () => {
    const chain = new TestChain().start()
    chain.add(statement(administrator, origin, 'ledger.set-format', { version: 2 }, byAdministrator).jws)
    const link = toBase64(leafHash(chain.bytes[2] as Uint8Array))
    chain.bytes.push(utf8(`evidence-ledger/entry/v2\n3\n${formatTime(startMs + 9000)}\n${link}\nnew\n`))
    const timeMs = startMs + 10_000
    chain.add(statement(depositor, origin, 'evidence.attest', { of: chain.reference(3), as: 'witness' }, { iat }).jws, {
      timeMs,
    })
    const wrong = { index: 3, leafHash: toBase64(new Uint8Array(32)) }
    chain.add(statement(depositor, origin, 'evidence.attest', { of: wrong, as: 'witness' }, { iat }).jws)
    const report = await walk({ source: chain.seal(), policy })
    expect(report.faults.map(({ code, index }) => [code, index])).toEqual([['reference-hash', 5]])
    expect(report.unjudged.map(({ index }) => index)).toEqual([3, 4])
  })

  it('ends on a checkpoint that claims what nobody has', async () => {
    const chain = new TestChain().start().deposits(3).seal()
    chain.note = chain.note.replace('\n5\n', '\n9007199254740991\n')
    const report = await walk({ source: chain, policy })
    expect(report.faults.map(({ code }) => code)).toContain('tile-missing')
    expect(report.faultCount).toBeLessThan(1100)
  })
})
