import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { utf8 } from '../../src/core/bytes.ts'
import { parseReceipt } from '../../src/core/receipt.ts'
import { readPolicyFile } from '../../src/ledger/data-folder.ts'
import { checkReceipt } from '../../src/verify/check-receipt.ts'
import { type CliError, type CliResult, type CliServer, evidence, evidenceOk, startServer } from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'

const caseNumber = '(2026)沪0104刑初123号'

interface Entry {
  readonly index: number
  readonly iss: string
  readonly kind: string
  readonly leafHash: string
  readonly sealed: number
  readonly payload: Readonly<Record<string, unknown>>
  readonly claims: Readonly<Record<string, unknown>>
}
interface Participant {
  readonly id: string
  readonly type?: string
  readonly name?: string
  readonly roles: readonly string[]
  readonly active: boolean
  readonly keys: readonly { readonly thumbprint: string; readonly status: string }[]
}
interface Page {
  readonly entries: readonly { readonly index: number }[]
  readonly next: number | null
}

describe('commands for a running ledger', () => {
  const { path, remove } = temporaryFolder()
  const data = join(path, 'data')
  /** Where commands run, and write receipts that nothing names. */
  const desk = join(path, 'desk')
  const photo = join(desk, 'photo.jpg')
  let server: CliServer
  let deposited: number

  const run = (...args: string[]): Promise<CliResult> =>
    evidence(args, { cwd: desk, env: { EVIDENCE_DATA: data, EVIDENCE_URL: server.url } })
  const ok = async (...args: string[]): Promise<CliResult> => {
    const result = await run(...args)
    if (result.code !== 0)
      throw new Error(`evidence ${args.join(' ')}: ${result.code} ${result.stdout}${result.stderr}`)
    return result
  }
  const refusal = async (...args: string[]): Promise<{ exit: number | null; code: string }> => {
    const result = await run(...args, '--json')
    return { exit: result.code, code: result.json<CliError>().error.code }
  }
  async function participants(): Promise<Participant[]> {
    return (await ok('participants', 'list', '--json')).json<{ participants: Participant[] }>().participants
  }
  /** A key made by the command line. */
  async function keygen(name: string, ...args: string[]): Promise<{ pem: string; jwk: string; thumbprint: string }> {
    const pem = join(desk, `${name}.pem`)
    const made = (await ok('keygen', '--out', pem, ...args, '--json')).json<{ publicKey: string; thumbprint: string }>()
    return { pem, jwk: made.publicKey, thumbprint: made.thumbprint }
  }

  beforeAll(async () => {
    server = await startServer(data)
    mkdirSync(desk)
    writeFileSync(photo, 'a photo')
    writeFileSync(join(desk, 'collection.json'), JSON.stringify({ exhibit: 'EX-12' }))
    const said = ['--case', caseNumber, '--note', 'a secret note', '--collection', join(desk, 'collection.json')]
    const result = await ok('deposit', photo, ...said, '--json')
    deposited = result.json<{ deposits: { index: number }[] }>().deposits[0]?.index as number
  })
  afterAll(async () => {
    await server.stop()
    remove()
  })

  describe('show', () => {
    it('shows an entry with what the asker may see', async () => {
      const own = (await ok('show', String(deposited), '--json')).json<Entry>()
      expect(own).toMatchObject({
        index: deposited,
        iss: 'depositor',
        kind: 'evidence.deposit',
        sealed: 4,
        claims: {
          names: ['photo.jpg'],
          case: [{ number: caseNumber }],
          collection: { exhibit: 'EX-12' },
          note: 'a secret note',
        },
      })
      const text = (await ok('show', String(deposited))).stdout
      expect(text).toContain(`entry ${deposited} of`)
      expect(text).toContain('sealed note: a secret note')
      const nobody = await evidence(['show', String(deposited)], { cwd: desk, env: { EVIDENCE_URL: server.url } })
      expect(nobody.code).toBe(0)
      expect(nobody.stdout).not.toContain('secret')
      expect(nobody.stdout).toContain('4 sealed claims withheld')
    })

    it('shows what a receipt holds, offline', async () => {
      const shown = await evidence(['show', `${photo}.tlog-proof`, '--json'], {
        env: { EVIDENCE_URL: 'http://127.0.0.1:1' },
      })
      expect(shown.code).toBe(0)
      expect(shown.json<Entry>()).toMatchObject({ index: deposited, claims: { note: 'a secret note' } })
    })

    it('writes a receipt of an entry, which holds', async () => {
      const receipt = join(desk, 'again.tlog-proof')
      await ok('show', String(deposited), '--receipt', receipt)
      const bytes = readFileSync(receipt)
      expect(checkReceipt(bytes, readPolicyFile(join(data, 'policy')))).toMatchObject({ faults: [], withheld: 0 })
      await ok('check', photo, '--receipt', receipt)
    })

    it('says what is not there', async () => {
      expect(await refusal('show', '99')).toEqual({ exit: 3, code: 'entry-not-found' })
      expect(await refusal('show', 'nothing.tlog-proof')).toEqual({ exit: 3, code: 'file-unreadable' })
      writeFileSync(join(desk, 'text.txt'), 'no receipt')
      expect((await run('show', join(desk, 'text.txt'))).code).toBe(3)
    })
  })

  describe('find', () => {
    it('R8: finds an entry by file, digest, case, exhibit, participant and kind', async () => {
      const digest = (await ok('show', String(deposited), '--json')).json<{
        payload: { items: { digest: { sha256: string } }[] }
      }>().payload.items[0]?.digest.sha256
      for (const query of [
        [photo],
        ['--digest', `sha256:${digest}`],
        ['--case', caseNumber],
        ['--case', '（2026）沪０１０４刑初123号'],
        ['--exhibit', 'EX-12'],
        ['--exhibit', 'ＥＸ－12', '--case', caseNumber],
        ['--kind', 'evidence.deposit'],
        ['--participant', 'depositor', '--after', '1'],
      ]) {
        const page = (await ok('find', ...query, '--json')).json<Page>()
        expect({ query, indices: page.entries.map(({ index }) => index) }).toEqual({ query, indices: [deposited] })
      }
      expect((await ok('find', photo)).stdout).toMatch(
        new RegExp(`^${deposited}\\t.*\\tevidence.deposit\\tdepositor\\t1 item$`, 'm'),
      )
    })

    it('says that it found nothing, and that there is more', async () => {
      const unknown = join(desk, 'unknown.bin')
      writeFileSync(unknown, 'never deposited')
      expect((await ok('find', unknown)).stdout).toMatch(
        /^nothing found\nThis does not say that the file was never deposited/,
      )
      expect((await ok('find', '--limit', '1')).stdout).toContain('more: --after 0')
    })

    it('refuses a query of no form', async () => {
      expect(await refusal('find', '--digest', 'sha256:00')).toEqual({ exit: 2, code: 'query-invalid' })
      expect(await refusal('find', '--limit', '0')).toEqual({ exit: 2, code: 'query-invalid' })
      expect(await refusal('find', 'nowhere.bin')).toEqual({ exit: 3, code: 'file-unreadable' })
    })

    it('R8: needs the right to read for a search by case or exhibit', async () => {
      for (const query of [
        ['--case', caseNumber],
        ['--exhibit', 'EX-12'],
        ['--exhibit', 'never given'],
      ]) {
        const nobody = await evidence(['find', ...query, '--json'], { cwd: desk, env: { EVIDENCE_URL: server.url } })
        expect(nobody.code).toBe(3)
        expect(nobody.json<CliError>().error.code).toBe('not-authenticated')
      }
    })
  })

  describe('keygen', () => {
    it('makes a private key that only its owner reads, and the public one beside it', async () => {
      const { pem, jwk, thumbprint } = await keygen('made')
      expect(statSync(pem).mode & 0o777).toBe(0o600)
      expect(readFileSync(pem, 'utf8')).toContain('BEGIN PRIVATE KEY')
      expect(readFileSync(jwk, 'utf8')).toMatch(/^\{"crv":"Ed25519","kid":"[\w-]{43}","kty":"OKP","x":"[\w-]{43}"\}\n$/)
      expect(thumbprint).toMatch(/^[A-Za-z0-9_-]{43}$/)
      const again = await run('keygen', '--out', pem)
      expect(again.code).toBe(2)
      expect(readFileSync(pem, 'utf8')).toContain('BEGIN PRIVATE KEY')
    })

    it('encrypts it under a passphrase, without which it signs nothing', async () => {
      const passphrase = join(desk, 'passphrase')
      writeFileSync(passphrase, 'correct horse\n', { mode: 0o600 })
      const wrong = join(desk, 'wrong')
      writeFileSync(wrong, 'battery staple\n', { mode: 0o600 })
      const { pem, jwk } = await keygen('locked', '--passphrase-file', passphrase)
      expect(readFileSync(pem, 'utf8')).toContain('BEGIN ENCRYPTED PRIVATE KEY')
      await ok('participants', 'admit', 'locked', '--public-key', jwk, '--type', 'platform', '--role', 'depositor')
      const file = join(desk, 'locked.txt')
      writeFileSync(file, 'by a locked key')
      const args = ['deposit', file, '--key', pem]
      expect(await refusal(...args)).toEqual({ exit: 3, code: 'key-file-passphrase' })
      expect(await refusal(...args, '--passphrase-file', wrong)).toEqual({ exit: 3, code: 'key-file-passphrase' })
      const made = await ok(...args, '--passphrase-file', passphrase, '--json')
      expect(made.json()).toMatchObject({ deposits: [{ outcome: 'deposited' }] })
      expect(
        (await ok('show', String(made.json<{ deposits: { index: number }[] }>().deposits[0]?.index), '--json')).json(),
      ).toMatchObject({ iss: 'locked' })
    })
  })

  describe('participants', () => {
    it('lists who may sign what', async () => {
      expect((await participants()).slice(0, 2)).toMatchObject([
        { id: 'administrator', roles: ['administrator'], active: true },
        { id: 'depositor', type: 'organisation', roles: ['depositor'], active: true },
      ])
      const text = (await ok('participants', 'list')).stdout
      expect(text).toMatch(/^administrator\tadministrator\tadministrator\tactive$/m)
      expect(text).toMatch(/^ {2}key [A-Za-z0-9_-]{43} active, since entry 1$/m)
    })

    it('admits one with its roles and its name in clear, a person with the name sealed', async () => {
      const notary = await keygen('notary')
      const admitted = await ok(
        'participants',
        'admit',
        'notary-3',
        '--public-key',
        notary.jwk,
        '--type',
        'notary',
        '--role',
        'attestor',
        '--role',
        'auditor',
        '--name',
        'Third Notary Office',
      )
      expect(admitted.stdout).toMatch(/^participant.admit is entry \d+, /)
      const person = await keygen('person')
      const sealed = await ok(
        'participants',
        'admit',
        '--public-key',
        person.pem.replace('.pem', '.jwk'),
        '--type',
        'person',
        '--role',
        'attestor',
        '--name',
        'Somebody Private',
        '--identified-by',
        'document',
        '--note',
        'Private passport',
        '--json',
      )
      const listed = await participants()
      expect(listed.find(({ id }) => id === 'notary-3')).toMatchObject({
        type: 'notary',
        name: 'Third Notary Office',
        roles: ['attestor', 'auditor'],
        keys: [{ thumbprint: notary.thumbprint, status: 'active' }],
      })
      const { index, receipt, participant } = sealed.json<{ index: number; receipt: string; participant: string }>()
      expect(participant).toMatch(/^p-[0-9a-f]{16}$/)
      const made = listed.find(({ id }) => id === participant)
      expect(made).toMatchObject({ type: 'person', identifiedBy: 'document' })
      expect(made).not.toHaveProperty('name')
      expect(parseReceipt(utf8(receipt)).disclosures.map(({ claim, value }) => [claim, value])).toEqual([
        ['names', 'Somebody Private'],
        ['note', 'Private passport'],
      ])
      const open = (await server.request(`/v1/entries/${index}`)).text
      expect(open).not.toContain('Private')
      expect(open).not.toContain(Buffer.from('Somebody Private').toString('base64url').slice(2, 16))
    })

    it('refuses what cannot be admitted', async () => {
      const { jwk } = await keygen('refused')
      const admit = (id: string, key: string, ...more: string[]): Promise<{ exit: number | null; code: string }> =>
        refusal('participants', 'admit', id, '--public-key', key, '--type', 'platform', '--role', 'depositor', ...more)
      expect(await admit('depositor', jwk)).toEqual({ exit: 3, code: 'participant-exists' })
      expect(await admit('twin', join(desk, 'notary.jwk'))).toEqual({ exit: 3, code: 'key-exists' })
      expect(await admit('nokey', join(desk, 'nowhere.jwk'))).toEqual({ exit: 3, code: 'file-unreadable' })
      expect(await admit('notakey', photo)).toEqual({ exit: 2, code: 'public-key-malformed' })
      expect(await admit('bytype', jwk, '--type', 'bank')).toEqual({ exit: 2, code: 'usage' })
      expect(await admit('byrole', jwk, '--role', 'king')).toEqual({ exit: 2, code: 'usage' })
      const key = join(data, 'keys', 'depositor.pem')
      expect(await admit('bydepositor', jwk, '--key', key)).toEqual({ exit: 3, code: 'role-missing' })
    })

    it('rotates a key: the new one signs, the old one no longer', async () => {
      const old = await keygen('old')
      const fresh = await keygen('fresh')
      await ok('participants', 'admit', 'turner', '--public-key', old.jwk, '--type', 'platform', '--role', 'depositor')
      const rotated = await ok('participants', 'rotate-key', '--key', old.pem, '--new-key', fresh.pem, '--json')
      const { index, newKey } = rotated.json<{ index: number; newKey: string }>()
      expect(newKey).toBe(fresh.thumbprint)
      const receipt = readFileSync(join(desk, `entry-${index}.tlog-proof`))
      expect(checkReceipt(receipt, readPolicyFile(join(data, 'policy'))).faults).toEqual([])
      expect((await participants()).find(({ id }) => id === 'turner')?.keys).toMatchObject([
        { thumbprint: old.thumbprint, status: 'rotated' },
        { thumbprint: fresh.thumbprint, status: 'active' },
      ])
      const file = join(desk, 'turned.txt')
      writeFileSync(file, 'after the turn')
      const byOld = await run('deposit', file, '--key', old.pem, '--json')
      expect(byOld.code).toBe(3)
      expect(byOld.json()).toMatchObject({ deposits: [{ error: { code: 'key-rotated' } }] })
      expect((await ok('deposit', file, '--key', fresh.pem, '--json')).json()).toMatchObject({
        deposits: [{ outcome: 'deposited' }],
      })
      expect(await refusal('participants', 'rotate-key', '--key', fresh.pem, '--new-key', old.pem)).toEqual({
        exit: 3,
        code: 'key-exists',
      })
    })

    it('revokes a participant, or one key; earlier entries stand, and are flagged where they must be', async () => {
      const leaver = await keygen('leaver')
      const loser = await keygen('loser')
      for (const { id, jwk } of [
        { id: 'leaver', jwk: leaver.jwk },
        { id: 'loser', jwk: loser.jwk },
      ]) {
        await ok('participants', 'admit', id, '--public-key', jwk, '--type', 'platform', '--role', 'depositor')
      }
      const file = join(desk, 'before.txt')
      writeFileSync(file, 'before the revocation')
      await ok('deposit', file, '--key', leaver.pem)
      const since = '2026-01-01T00:00:00.000Z'
      await ok('participants', 'revoke', 'leaver', '--reason', 'compromised', '--compromised-since', since)
      await ok('participants', 'revoke', '--key-thumbprint', loser.thumbprint, '--reason', 'superseded')
      const listed = await participants()
      expect(listed.find(({ id }) => id === 'leaver')).toMatchObject({ active: false })
      expect(listed.find(({ id }) => id === 'loser')).toMatchObject({ active: false, keys: [{ status: 'revoked' }] })
      await ok('check', file)
      const later = join(desk, 'later.txt')
      writeFileSync(later, 'after the revocation')
      for (const [key, code] of [
        [leaver.pem, 'participant-revoked'],
        [loser.pem, 'key-revoked'],
      ] as const) {
        const refused = await run('deposit', later, '--key', key, '--json')
        expect(refused.code).toBe(3)
        expect(refused.json()).toMatchObject({ deposits: [{ error: { code } }] })
      }
      expect(existsSync(`${later}.tlog-proof`)).toBe(false)
      const verified = await ok('verify', '--url', server.url)
      expect(verified.stdout).toMatch(
        /^FLAGGED Entry \d+ was signed by a key that was later said to have been compromised/m,
      )
      expect(verified.stdout.trimEnd().endsWith('no fault found')).toBe(true)
    })

    it('refuses what cannot be revoked', async () => {
      const revoke = (...args: string[]): Promise<{ exit: number | null; code: string }> =>
        refusal('participants', 'revoke', ...args)
      expect(await revoke('administrator', '--reason', 'other')).toEqual({ exit: 3, code: 'last-administrator' })
      expect(await revoke('nobody', '--reason', 'other')).toEqual({ exit: 3, code: 'participant-unknown' })
      expect(await revoke('leaver', '--reason', 'other')).toEqual({ exit: 3, code: 'already-revoked' })
      expect(await revoke('depositor', '--reason', 'a whim')).toEqual({ exit: 2, code: 'usage' })
      expect(await revoke('--reason', 'other')).toEqual({ exit: 2, code: 'usage' })
      expect(await revoke('depositor', '--key-thumbprint', 'x', '--reason', 'other')).toEqual({
        exit: 2,
        code: 'usage',
      })
    })
  })

  describe('attest and retract', () => {
    it('sign a deposit a second time, by another', async () => {
      const key = join(desk, 'notary.pem')
      const receipt = join(desk, 'attested.tlog-proof')
      const attested = await ok(
        'attest',
        String(deposited),
        '--as',
        'notary',
        '--item',
        '0',
        '--key',
        key,
        '--receipt',
        receipt,
        '--json',
      )
      const { index } = attested.json<{ index: number }>()
      const entry = (await ok('show', String(index), '--json')).json<Entry>()
      const { leafHash } = (await ok('show', String(deposited), '--json')).json<Entry>()
      expect(entry).toMatchObject({
        iss: 'notary-3',
        kind: 'evidence.attest',
        payload: { of: { index: deposited, leafHash, item: 0 }, as: 'notary' },
      })
      expect(checkReceipt(readFileSync(receipt), readPolicyFile(join(data, 'policy'))).faults).toEqual([])
    })

    it('retract a deposit of one’s own, which stays', async () => {
      const retracted = await ok('retract', String(deposited), '--reason', 'mistake', '--json')
      const { index, receipt } = retracted.json<{ index: number; receipt: string }>()
      expect(receipt).toBe(`entry-${index}.tlog-proof`)
      expect(existsSync(join(desk, receipt))).toBe(true)
      expect((await ok('show', String(index), '--json')).json<Entry>()).toMatchObject({
        kind: 'evidence.retract',
        payload: { of: { index: deposited }, reason: 'mistake' },
      })
      await ok('check', photo)
    })

    it('refuse what they cannot refer to', async () => {
      const key = join(desk, 'notary.pem')
      expect(await refusal('retract', String(deposited), '--reason', 'mistake', '--key', key)).toEqual({
        exit: 3,
        code: 'role-missing',
      })
      expect(await refusal('retract', String(deposited), '--reason', 'a whim')).toEqual({ exit: 2, code: 'usage' })
      expect(await refusal('attest', String(deposited), '--as', 'A friend')).toEqual({ exit: 2, code: 'usage' })
      expect(await refusal('attest', '0', '--as', 'witness')).toEqual({ exit: 3, code: 'reference-kind' })
      expect(await refusal('attest', String(deposited), '--as', 'witness', '--item', '7')).toEqual({
        exit: 3,
        code: 'reference-item',
      })
      expect((await refusal('attest', '999', '--as', 'witness')).exit).toBeGreaterThan(0)
      expect(await refusal('attest', 'x', '--as', 'witness')).toEqual({ exit: 2, code: 'usage' })
    })
  })

  it('leave a ledger without a fault', async () => {
    expect((await ok('verify', '--url', server.url, '--json')).json()).toMatchObject({
      ok: true,
      faults: [],
      unjudged: [],
    })
  })
})

describe('a ledger that participants read', () => {
  const { path, remove } = temporaryFolder()
  const data = join(path, 'data')
  let server: CliServer
  const run = (...args: string[]): Promise<CliResult> =>
    evidence([...args, '--data', data, '--url', server.url], { cwd: path })

  beforeAll(async () => {
    await evidenceOk(['init', '--data', data, '--origin', 'test.example'])
    server = await startServer(data, [], 'serve')
  })
  afterAll(async () => {
    await server.stop()
    remove()
  })

  it('has a name of its own, and a trial ledger’s warning', async () => {
    const info = (await server.request('/v1/ledger')).json<{ origin: string; reading: string }>()
    expect(info.origin).toMatch(/^test\.example\/[0-9a-f]{12}$/)
    expect(info.reading).toBe('participants')
    const file = join(path, 'x.txt')
    writeFileSync(file, 'x')
    const deposited = await run('deposit', file)
    expect(deposited.code).toBe(0)
    expect(deposited.stderr).toContain('trial ledger')
  })

  it('shows each participant its own entries, and auditors all', async () => {
    const auditor = join(path, 'auditor.pem')
    await evidenceOk(['keygen', '--out', auditor])
    expect(
      (
        await run(
          'participants',
          'admit',
          'auditor',
          '--public-key',
          join(path, 'auditor.jwk'),
          '--type',
          'regulator',
          '--role',
          'auditor',
        )
      ).code,
    ).toBe(0)
    expect((await run('show', '2')).code).toBe(0)
    const administrator = join(data, 'keys', 'administrator.pem')
    const other = await run('show', '2', '--key', administrator, '--json')
    expect(other.code).toBe(3)
    expect(other.json<CliError>().error.code).toBe('not-permitted')
    expect((await run('show', '2', '--key', auditor, '--id', 'auditor')).code).toBe(0)
    const anonymous = await evidence(['show', '2', '--url', server.url, '--json', '--data', join(path, 'nowhere')])
    expect(anonymous.code).toBe(3)
    expect(anonymous.json<CliError>().error.code).toBe('not-authenticated')
  })

  it('is verified over HTTP by an auditor, and by nobody else', async () => {
    const policy = join(data, 'policy')
    const auditor = ['--key', join(path, 'auditor.pem'), '--id', 'auditor']
    const whole = await evidence(['verify', '--url', server.url, '--policy', policy, ...auditor, '--json'])
    expect(whole.code).toBe(0)
    expect(whole.json()).toMatchObject({ ok: true, size: 4, faults: [] })
    for (const [args, code] of [
      [[], 'not-authenticated'],
      [['--key', join(data, 'keys', 'depositor.pem'), '--id', 'depositor'], 'not-permitted'],
    ] as const) {
      const refused = await evidence(['verify', '--url', server.url, '--policy', policy, ...args, '--json'])
      expect(refused.code).toBe(3)
      expect(refused.json<CliError>().error.code).toBe(code)
    }
  })

  it('finds for each only what it may read', async () => {
    const indices = async (...args: string[]): Promise<number[]> =>
      (await run('find', '--json', ...args)).json<Page>().entries.map(({ index }) => index)
    expect(await indices()).toEqual([0, 1, 2, 3])
    expect(await indices('--key', join(data, 'keys', 'administrator.pem'), '--id', 'administrator')).toEqual([0, 1, 3])
    expect(await indices('--key', join(path, 'auditor.pem'), '--id', 'auditor')).toEqual([0, 1, 2, 3])
  })
})
