import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CliError, type CliServer, evidence, evidenceOk, startServer } from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'

/* `evidence setup` keeps a ledger for all commands (docs/design/command-line.md, "Profiles"). */

const folder = temporaryFolder()
const at = (path: string): string => join(folder.path, path)
const config = at('config')
const env = { XDG_CONFIG_HOME: config }
const elsewhere = { cwd: at('elsewhere'), env }
let server: CliServer
let other: CliServer
let fingerprint: string

beforeAll(async () => {
  mkdirSync(elsewhere.cwd)
  server = await startServer(at('ledger'))
  other = await startServer(at('other'))
  const digest = createHash('sha256')
    .update(readFileSync(at('ledger/policy')))
    .digest('hex')
  fingerprint = digest.slice(0, 24).match(/.{4}/g)?.join(' ') ?? ''
})
afterAll(async () => {
  await server.stop()
  await other.stop()
  folder.remove()
})

const keyOf = (data: string): string => at(`${data}/keys/depositor.pem`)

async function refused(...args: readonly string[]): Promise<CliError['error'] & { readonly exit: number | null }> {
  const result = await evidence([...args, '--json'], elsewhere)
  return { ...result.json<CliError>().error, exit: result.code }
}

describe('evidence setup', () => {
  it('believes nobody: neither without a fingerprint, nor with another policy’s', async () => {
    expect(await refused('setup', server.url)).toMatchObject({ code: 'usage', exit: 2 })
    const wrong = `${fingerprint.slice(0, -1)}${fingerprint.endsWith('0') ? '1' : '0'}`
    expect(await refused('setup', server.url, '--fingerprint', wrong)).toMatchObject({
      code: 'fingerprint-differs',
      expected: wrong,
      found: fingerprint,
      exit: 3,
    })
    expect(await refused('setup', server.url, '--fingerprint', 'yes')).toMatchObject({ code: 'usage' })
    expect(await refused('setup', server.url, '--policy', at('other/policy'))).toMatchObject({
      code: 'checkpoint-untrusted',
      exit: 3,
    })
    expect(() => readdirSync(join(config, 'evidence'))).toThrow()
  })

  it('keeps address, policy and key, for the user alone; the digits of the fingerprint are those of sha256sum', async () => {
    const spelled = fingerprint.toUpperCase().replaceAll(' ', '-')
    const args = ['setup', server.url, '--fingerprint', spelled, '--key', keyOf('ledger'), '--id', 'depositor']
    const { stdout } = await evidenceOk(args, elsewhere)
    expect(stdout).toContain(fingerprint)
    expect(statSync(join(config, 'evidence')).mode & 0o777).toBe(0o700)
    for (const name of ['default.json', 'default.policy'])
      expect(statSync(join(config, 'evidence', name)).mode & 0o777).toBe(0o600)
    expect(readFileSync(join(config, 'evidence', 'default.policy'))).toEqual(readFileSync(at('ledger/policy')))
    expect(readFileSync(join(config, 'evidence', 'default.json'), 'utf8')).not.toContain('PRIVATE')
  })

  it('then deposit, check, find, show and verify need nothing but the file', async () => {
    const file = join(elsewhere.cwd, 'a.txt')
    writeFileSync(file, 'kept')
    await evidenceOk(['deposit', 'a.txt'], elsewhere)
    const checked = await evidenceOk(['check', 'a.txt', '--json'], elsewhere)
    expect(checked.json()).toMatchObject({ ok: true, policy: { source: 'profile' } })
    expect((await evidenceOk(['check', 'a.txt', '--online'], elsewhere)).stdout).toContain('of the profile default')
    expect((await evidenceOk(['find', 'a.txt', '--json'], elsewhere)).json()).toMatchObject({ entries: [{ index: 2 }] })
    await evidenceOk(['show', '2'], elsewhere)
    expect((await evidenceOk(['verify', '--json'], elsewhere)).json()).toMatchObject({ ok: true })
  })

  it('is not used where a folder or another server is named, and wholly where it is named', async () => {
    const args = ['find', '--kind', 'evidence.deposit', '--json', '--url', other.url]
    expect((await evidenceOk(args, elsewhere)).json()).toMatchObject({ entries: [] })
    expect(await refused('verify', '--url', other.url)).toMatchObject({ code: 'usage' })
    const named = await evidence(['verify', '--url', other.url, '--profile', 'default', '--json'], elsewhere)
    expect(named.code).toBe(1)
    expect(named.stdout).toContain('checkpoint-untrusted')
  })

  it('never becomes another ledger’s; several are kept by name', async () => {
    expect(await refused('setup', other.url, '--trust-server')).toMatchObject({ code: 'file-exists', exit: 2 })
    await evidenceOk(['setup', other.url, '--profile', 'trial', '--trust-server', '--key', keyOf('other')], elsewhere)
    const { stdout } = await evidenceOk(['profile', 'list'], elsewhere)
    expect(stdout.split('\n').map((line) => line.split('\t').slice(0, 3))).toEqual([
      ['default', server.url, 'depositor'],
      ['trial', other.url, 'depositor'],
      [''],
    ])
    const byName = { ...elsewhere, env: { ...env, EVIDENCE_PROFILE: 'trial' } }
    expect((await evidenceOk(['find', '--kind', 'evidence.deposit', '--json'], byName)).json()).toMatchObject({
      entries: [],
    })
    expect(await refused('find', 'a.txt', '--profile', 'none')).toMatchObject({
      code: 'profile-missing',
      message: expect.stringContaining('default, trial') as string,
    })
    expect(await refused('find', 'a.txt', '--profile', '../x')).toMatchObject({ code: 'usage' })
    await evidenceOk(['profile', 'remove', 'trial'], elsewhere)
    expect(readdirSync(join(config, 'evidence')).sort()).toEqual(['default.json', 'default.policy'])
  })

  it('R6: is of this very ledger, however its address is spelled', async () => {
    const spelled = `${server.url.toUpperCase().replace('HTTP', 'http')}/`
    writeFileSync(join(elsewhere.cwd, 'b.txt'), 'of the same server')
    const { stderr } = await evidenceOk(['deposit', 'b.txt', '--url', spelled], elsewhere)
    expect(stderr).not.toContain('taking the server')
  })

  it('R6: keeps the key that was kept, refuses another ledger at the same address, and a policy file that is no profile’s', async () => {
    await evidenceOk(['setup', server.url, '--fingerprint', fingerprint], elsewhere)
    expect((await evidenceOk(['profile', 'list'], elsewhere)).stdout).toMatch(/^default\t\S+\tdepositor\t/)
    const settings = join(config, 'evidence', 'default.json')
    const kept = readFileSync(settings, 'utf8')
    writeFileSync(settings, kept.replaceAll(server.url, other.url), { mode: 0o600 })
    expect(await refused('setup', other.url, '--trust-server')).toMatchObject({ code: 'file-exists' })
    writeFileSync(settings, kept)
    const own = join(config, 'evidence', 'court.policy')
    writeFileSync(own, 'mine\n')
    expect(await refused('setup', server.url, '--profile', 'court', '--trust-server')).toMatchObject({
      code: 'file-exists',
    })
    expect(readFileSync(own, 'utf8')).toBe('mine\n')
  })

  it('R6: uses no policy but the one that was compared, and no configuration in the working folder', async () => {
    const policy = join(config, 'evidence', 'default.policy')
    const text = readFileSync(policy)
    writeFileSync(policy, readFileSync(at('other/policy')))
    expect(await refused('find', 'a.txt')).toMatchObject({ code: 'profile-malformed' })
    writeFileSync(policy, text)
    const { code } = await evidence(['verify', '--json'], {
      cwd: folder.path,
      env: { XDG_CONFIG_HOME: 'config', HOME: folder.path },
    })
    expect(code).toBe(2)
  })

  it('R6: names a profile that cannot be read beside the others, and removes it', async () => {
    writeFileSync(join(config, 'evidence', 'broken.json'), '{', { mode: 0o600 })
    expect((await evidenceOk(['profile', 'list'], elsewhere)).stdout).toMatch(
      /^default\t.*\nbroken\t.*cannot be read\n$/,
    )
    await evidenceOk(['profile', 'remove', 'broken'], elsewhere)
  })

  it('says so where a profile cannot be read, and makes it again', async () => {
    writeFileSync(join(config, 'evidence', 'default.json'), '{"profile":1,"url"')
    expect(await refused('find', 'a.txt')).toMatchObject({ code: 'profile-malformed', exit: 3 })
    await evidenceOk(['setup', server.url, '--policy', at('ledger/policy')], elsewhere)
    expect((await evidenceOk(['verify', '--json'], elsewhere)).json()).toMatchObject({ ok: true })
  })
})
