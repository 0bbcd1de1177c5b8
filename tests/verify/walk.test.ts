import { describe, expect, it } from 'vitest'
import { toBase64 } from '../../src/core/base64.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { parseSignedCheckpoint } from '../../src/core/checkpoint.ts'
import { leafHash, parseEntry } from '../../src/core/entry.ts'
import type { ErrorCode } from '../../src/core/errors.ts'
import { formatTime } from '../../src/core/time.ts'
import { AppraisalPool } from '../../src/check/node/appraisal-pool.ts'
import { installNativePrimitives } from '../../src/node/native.ts'
import { pack } from '../../src/verify/packed.ts'
import { exitCodeOf } from '../../src/verify/report.ts'
import { walk, type WalkReport } from '../../src/verify/walk.ts'
import { administrator, depositor, ledgerKey, origin, policy, startMs, TestChain } from '../support/chain.ts'
import { signerNamed } from '../support/signers.ts'
import { deposit, itemFor, statement } from '../support/statements.ts'

installNativePrimitives()

function codes(report: WalkReport): ErrorCode[] {
  return [...new Set(report.faults.map(({ code }) => code))]
}
function at(report: WalkReport, code: ErrorCode): (number | undefined)[] {
  return report.faults.filter((fault) => fault.code === code).map(({ index }) => index)
}
function run(chain: TestChain): Promise<WalkReport> {
  return walk({ source: chain, policy })
}
const iat = startMs / 1000
const byAdministrator = { iss: 'administrator', iat }

/** Changes the text of one entry. */
function edit(chain: TestChain, index: number, change: (text: string) => string): void {
  const text = Buffer.from(chain.bytes[index] as Uint8Array).toString()
  const changed = change(text)
  expect(changed).not.toBe(text)
  chain.bytes[index] = utf8(changed)
}

/** Appends an entry of version 2. */
function addLater(chain: TestChain): void {
  const index = chain.bytes.length
  const link = toBase64(leafHash(chain.bytes[index - 1] as Uint8Array))
  const time = formatTime(startMs + 10_000)
  chain.bytes.push(utf8(`evidence-ledger/entry/v2\n${index}\n${time}\n${link}\nsomething\nnew\n`))
}

describe('walk', () => {
  it('finds no fault in a sound chain, at sizes around a tile', async () => {
    for (const size of [3, 256, 257, 600]) {
      const report = await run(
        new TestChain()
          .start()
          .deposits(size - 2)
          .seal(),
      )
      expect(report.faults).toEqual([])
      expect(report).toMatchObject({ size, checkpointTrusted: true, participants: 2, unjudged: [] })
      expect(report.disclosures).toEqual({ present: size - 2, withheld: 0, foreign: 0 })
      expect(exitCodeOf(report.faults, report.unjudged)).toBe(0)
    }
  })

  it('finds through other threads exactly what it finds alone', async () => {
    const chain = new TestChain().start().deposits(1400).seal()
    edit(chain, 700, (text) => text.replace(/\.\d{3}Z/, '.999Z'))
    const pool = new AppraisalPool(undefined, 'tables', 2, 0)
    try {
      expect(await walk({ source: chain, policy, appraiser: pool })).toEqual(await run(chain))
    } finally {
      await pool.close()
    }
  })

  it('fails where a thread ends, and waits for none that has ended', async () => {
    const pool = new AppraisalPool(undefined, 'tables', 2, 0)
    const entries = pack([new Uint8Array(10)])
    const asked = [0, 1, 2, 3].map(() => pool.rehash(entries, new Set()))
    const ended = Promise.allSettled(asked)
    await pool.close()
    for (const { status } of await ended) expect(status).toBe('rejected')
    await expect(pool.rehash(entries, new Set())).rejects.toThrow(/ended/)
  })

  it('takes nothing for plain that was judged on an older registry', async () => {
    const chain = new TestChain().start().deposits(600)
    const revocation = { key: depositor.thumbprint, reason: 'compromised' }
    chain.add(statement(administrator, origin, 'participant.revoke', revocation, byAdministrator).jws)
    chain.deposits(600).seal()
    const alone = await run(chain)
    expect(codes(alone)).toContain('key-revoked')
    const pool = new AppraisalPool(undefined, 'tables', 2, 0)
    try {
      expect(await walk({ source: chain, policy, appraiser: pool })).toEqual(alone)
    } finally {
      await pool.close()
    }
  })

  it('trusts a checkpoint that was verified before, and judges only what came after', async () => {
    const chain = new TestChain().start().deposits(700).seal()
    const trusted = parseSignedCheckpoint(await chain.checkpoint())
    chain.deposits(40).seal()
    const report = await walk({ source: chain, policy, trusted })
    expect(report.faults).toEqual([])
    expect(report).toMatchObject({ size: 742, participants: 2 })
    expect(report.notChecked.join(' ')).toContain('702 entries below the trusted checkpoint')
    edit(chain, 300, (text) => text.replace(/\.\d{3}Z/, '.999Z'))
    edit(chain, 720, (text) => text.replace(/\.\d{3}Z/, '.999Z'))
    expect(at(await walk({ source: chain, policy, trusted }), 'entry-altered')).toEqual([300, 720])
  })

  it('goes on, above a trusted checkpoint, from what was said below it: keys revoked, roles given', async () => {
    for (const appraiser of [undefined, new AppraisalPool(undefined, 'tables', 2, 0)]) {
      const chain = new TestChain().start().deposits(300)
      chain.admit('late', ['depositor'])
      chain.deposits(300)
      const revocation = { key: depositor.thumbprint, reason: 'superseded' }
      chain.add(statement(administrator, origin, 'participant.revoke', revocation, byAdministrator).jws)
      chain.seal()
      const trusted = parseSignedCheckpoint(await chain.checkpoint())
      const first = chain.bytes.length
      chain.add(deposit(signerNamed('late'), origin, 'two', { iss: 'late', iat }).jws)
      chain.add(deposit(depositor, origin, 'three', { iat }).jws)
      chain.seal()
      const report = await walk({ source: chain, policy, trusted, ...(appraiser === undefined ? {} : { appraiser }) })
      expect(report.faults.map(({ code, index }) => [code, index])).toEqual([['key-revoked', first + 1]])
      expect(report.participants).toBe(3)
      await appraiser?.close()
    }
  })

  it('finds, above a trusted checkpoint, an id that was used below it', async () => {
    const chain = new TestChain().start().deposits(300)
    const jti = '11111111-2222-4333-8444-555555555555'
    chain.add(deposit(depositor, origin, 'one', { iat, jti }).jws)
    chain.deposits(300).seal()
    const trusted = parseSignedCheckpoint(await chain.checkpoint())
    const index = chain.add(deposit(depositor, origin, 'two', { iat, jti }).jws)
    chain.seal()
    expect(at(await walk({ source: chain, policy, trusted }), 'jti-reused')).toEqual([index])
  })

  it('judges everything where the trusted checkpoint is of another history', async () => {
    const other = new TestChain().start().deposits(500).seal()
    const trusted = parseSignedCheckpoint(await other.checkpoint())
    const chain = new TestChain().start().deposits(600).seal()
    const report = await walk({ source: chain, policy, trusted })
    expect(codes(report)).toEqual(['consistency-invalid'])
    expect(report.notChecked.join(' ')).not.toContain('trusted')
  })

  it('names an altered entry, and it alone', async () => {
    for (const index of [5, 250, 258]) {
      const chain = new TestChain().start().deposits(258).seal()
      edit(chain, index, (text) => text.replace(/\.\d{3}Z/, '.999Z'))
      const report = await run(chain)
      expect(at(report, 'entry-altered')).toEqual([index])
      expect(exitCodeOf(report.faults, report.unjudged)).toBe(1)
    }
  })

  it('reports an altered statement as altered and badly signed', async () => {
    const chain = new TestChain().start().deposits(10).seal()
    const other = deposit(signerNamed('nobody'), origin, 'forged', { iat }).jws
    edit(chain, 6, (text) => `${text.split('\n').slice(0, 4).join('\n')}\n${other}\n`)
    const report = await run(chain)
    expect(at(report, 'entry-altered')).toEqual([6])
    expect(at(report, 'key-unknown')).toEqual([6])
  })

  it('names a missing entry', async () => {
    const chain = new TestChain().start().deposits(300).seal()
    Reflect.deleteProperty(chain.bytes, 100)
    const report = await run(chain)
    expect(at(report, 'entry-missing')).toEqual([100])
    expect(codes(report)).toEqual(['entry-missing'])
  })

  it('names swapped entries', async () => {
    const chain = new TestChain().start().deposits(10).seal()
    ;[chain.bytes[4], chain.bytes[7]] = [chain.bytes[7] as Uint8Array, chain.bytes[4] as Uint8Array]
    const report = await run(chain)
    expect(at(report, 'entry-altered')).toEqual([4, 7])
    expect(at(report, 'index-wrong')).toEqual([4, 7])
  })

  it('names where a suffix was replaced, its links re-hashed', async () => {
    const chain = new TestChain().start().deposits(10).seal()
    const { note } = chain
    const forged = new TestChain()
    forged.bytes.push(...chain.bytes.slice(0, 5))
    for (let index = 5; index < 12; index++)
      forged.add(deposit(depositor, origin, `forged ${index}`, { iat }).jws, { timeMs: startMs + 60_000 + index })
    chain.bytes.splice(5, 7, ...forged.bytes.slice(5))
    chain.note = note
    const report = await run(chain)
    expect(at(report, 'entry-altered')).toEqual([5, 6, 7, 8, 9, 10, 11])
  })

  it('sees a suffix replaced in entries and tiles alike by the root', async () => {
    const chain = new TestChain().start().deposits(10).seal()
    const { note } = chain
    chain.bytes.splice(5)
    chain.deposits(7).seal()
    chain.note = note
    expect(codes(await run(chain))).toContain('root-mismatch')
  })

  it('blames the tile where the entries make the signed root', async () => {
    const chain = new TestChain().start().deposits(10).seal()
    const honest = chain.tile.bind(chain)
    chain.tile = async (level, n, width) => {
      const bytes = (await honest(level, n, width))?.slice()
      if (bytes !== undefined) bytes[32 * 3] = (bytes[32 * 3] as number) ^ 1
      return bytes
    }
    const report = await run(chain)
    expect(codes(report)).toEqual(['tile-altered'])
    expect(at(report, 'tile-altered')).toEqual([3])
  })

  it('sees a time set back, and a broken link', async () => {
    const chain = new TestChain().start().deposits(3)
    chain.add(deposit(depositor, origin, 'late', { iat }).jws, { timeMs: startMs + 1 })
    chain.add(deposit(depositor, origin, 'unlinked', { iat }).jws, {
      timeMs: startMs + 90_000,
      previous: leafHash(utf8('x')),
    })
    const report = await run(chain.seal())
    expect(at(report, 'time-reversed')).toEqual([5])
    expect(at(report, 'link-broken')).toEqual([6])
    expect(report.faultCount).toBe(2)
  })

  it('refuses a checkpoint signed by another key', async () => {
    const other = signerNamed('other ledger')
    const chain = new TestChain()
      .start()
      .deposits(3)
      .seal(other, { ...ledgerKey, publicKey: other.publicKey })
    expect(codes(await run(chain))).toEqual(['signature-invalid'])
    const stranger = new TestChain().start().deposits(3)
    stranger.seal(other, (await import('../../src/core/index.ts')).verifierKey(origin, other.publicKey))
    expect(codes(await run(stranger))).toEqual(['checkpoint-untrusted'])
  })

  it('judges authority at each index: a deposit one entry after its key was revoked', async () => {
    const chain = new TestChain().start().deposits(2)
    chain.add(
      statement(
        administrator,
        origin,
        'participant.revoke',
        { key: depositor.thumbprint, reason: 'compromised' },
        byAdministrator,
      ).jws,
    )
    chain.deposits(1)
    const report = await run(chain.seal())
    expect(at(report, 'key-revoked')).toEqual([5])
    expect(report.faultCount).toBe(1)
  })

  it('flags, and does not fault, entries of a time when their key was compromised', async () => {
    const chain = new TestChain().start().deposits(3)
    const compromisedSince = formatTime(startMs + 4000)
    const revoke = { participant: 'depositor', reason: 'compromised', compromisedSince }
    chain.add(statement(administrator, origin, 'participant.revoke', revoke, byAdministrator).jws)
    const report = await run(chain.seal())
    expect(report.faults).toEqual([])
    expect(report.flagged.map(({ index }) => index)).toEqual([3, 4])
  })

  it('reports an erased disclosure as withheld, a foreign one as a fault', async () => {
    const chain = new TestChain().start().deposits(3).seal()
    chain.disclosed.delete(3)
    const erased = await run(chain)
    expect(erased.faults).toEqual([])
    expect(erased.disclosures).toEqual({ present: 2, withheld: 1, foreign: 0 })
    chain.disclosed.set(3, chain.disclosed.get(4) as string[])
    expect(at(await run(chain), 'stored-disclosure-altered')).toEqual([3])
  })

  it('reports a jti used twice', async () => {
    const chain = new TestChain().start()
    const jti = '11111111-2222-4333-8444-555555555555'
    chain.add(deposit(depositor, origin, 'one', { iat, jti }).jws)
    chain.add(deposit(depositor, origin, 'two', { iat, jti }).jws)
    expect(at(await run(chain.seal()), 'jti-reused')).toEqual([3])
  })

  it('does not use up the jti of an entry that violates a rule', async () => {
    const chain = new TestChain().start()
    const jti = '11111111-2222-4333-8444-555555555555'
    chain.add(statement(depositor, origin, 'evidence.deposit', { items: [] }, { iat, jti }).jws)
    chain.add(deposit(depositor, origin, 'two', { iat, jti }).jws)
    const report = await run(chain.seal())
    expect(codes(report)).toEqual(['items-count'])
  })

  it('leaves to a newer verifier what it does not know, and says so with exit 4', async () => {
    const chain = new TestChain().start()
    chain.add(statement(depositor, origin, 'evidence.hand-over', { to: 'x' }, { iat }).jws)
    chain.admit('notary', ['attestor', 'timekeeper'])
    const report = await run(chain.seal())
    expect(report.faults).toEqual([])
    expect(report.unjudged.map(({ index }) => index)).toEqual([2, 3])
    expect(exitCodeOf(report.faults, report.unjudged)).toBe(4)
  })

  it('does not judge authority after an unknown registry kind', async () => {
    const chain = new TestChain().start()
    chain.add(statement(administrator, origin, 'participant.delegate', { to: 'x' }, byAdministrator).jws)
    chain.add(deposit(signerNamed('stranger'), origin, 'perhaps allowed', { iat }).jws)
    const report = await run(chain.seal())
    expect(report.faults).toEqual([])
    expect(report.unjudged.map(({ index }) => index)).toEqual([2, 3])
  })

  it('judges index and link of an announced entry version, and nothing of what it says', async () => {
    const chain = new TestChain().start()
    chain.add(statement(administrator, origin, 'ledger.set-format', { version: 2 }, { iss: 'administrator', iat }).jws)
    addLater(chain)
    chain.add(deposit(depositor, origin, 'after', { iat }).jws, { timeMs: startMs + 11_000 })
    const report = await run(chain.seal())
    expect(report.faults).toEqual([])
    expect(report.unjudged.map(({ index }) => index)).toEqual([3])
    expect(parseEntry(chain.bytes[3] as Uint8Array).known).toBe(false)
  })

  it('F-M8: an entry version that no administrator announced is a fault, and makes nothing uncertain', async () => {
    const chain = new TestChain().start().deposits(1)
    addLater(chain)
    chain.add(deposit(signerNamed('stranger'), origin, 'after', { iat }).jws, { timeMs: startMs + 11_000 })
    const report = await run(chain.seal())
    expect(report.faults.map(({ code, index }) => [code, index])).toEqual([
      ['version-unannounced', 3],
      ['key-unknown', 4],
    ])
    expect(report.unjudged).toEqual([])
  })

  it('reports an empty ledger as one without a genesis', async () => {
    const report = await run(new TestChain().seal())
    expect(codes(report)).toEqual(['genesis-missing'])
  })

  it('reports a genesis that does not name the key of the checkpoint', async () => {
    const chain = new TestChain()
    const members = {
      origin,
      environment: 'trial',
      ledgerKeys: [(await import('../../src/core/index.ts')).verifierKey(origin, signerNamed('x').publicKey).text],
      administrators: [{ id: 'administrator', keys: [administrator.jwk] }],
    }
    chain.add(statement(administrator, origin, 'ledger.genesis', members, byAdministrator).jws)
    expect(codes(await run(chain.seal()))).toEqual(['genesis-ledger-keys'])
  })

  it('holds references to the entries that they name', async () => {
    const chain = new TestChain().start().deposits(2)
    const of = chain.reference(2)
    chain.add(statement(depositor, origin, 'evidence.attest', { of: { ...of, item: 0 }, as: 'witness' }, { iat }).jws)
    chain.add(statement(depositor, origin, 'evidence.attest', { of: { ...of, item: 1 }, as: 'witness' }, { iat }).jws)
    chain.add(statement(depositor, origin, 'evidence.attest', { of: { ...of, index: 3 }, as: 'witness' }, { iat }).jws)
    chain.add(
      statement(depositor, origin, 'evidence.retract', { of: chain.reference(1), reason: 'mistake' }, { iat }).jws,
    )
    chain.add(
      statement(
        depositor,
        origin,
        'evidence.retract',
        { of: { index: 99, leafHash: of.leafHash }, reason: 'mistake' },
        { iat },
      ).jws,
    )
    chain.add(
      statement(
        depositor,
        origin,
        'evidence.deposit',
        { items: [itemFor('x')], relates: [{ rel: 'same-as', ...of, origin }] },
        { iat },
      ).jws,
    )
    const report = await run(chain.seal())
    expect(report.faults.map(({ code, index }) => [code, index])).toEqual([
      ['reference-item', 5],
      ['reference-hash', 6],
      ['reference-kind', 7],
      ['reference-not-found', 8],
      ['reference-origin', 9],
    ])
  })
})
