import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CliError, type CliServer, evidence, evidenceOk, startServer } from '../support/cli.ts'
import { forgeBag } from '../support/bag.ts'
import { temporaryFolder } from '../support/folder.ts'
import { type PythonDocument, verifier } from '../support/python-verifier.ts'
import { lacks } from '../support/system-tools.ts'
import { checkByHand, writeGuideProgram } from '../support/verify-guide.ts'
import { type AuthorityServer, honest, startAuthority, TestAuthority } from '../support/time-authority.ts'

interface Report {
  readonly faults: readonly { readonly code: string }[]
  readonly unjudged: readonly { readonly message: string }[]
  readonly deposits: readonly {
    readonly size: number
    readonly admission: { readonly state: string; readonly path?: readonly number[] }
    readonly times: readonly { readonly authority?: string; readonly verified?: boolean }[]
  }[]
  readonly related: readonly { readonly admission: { readonly state: string } }[]
  readonly notShown: readonly string[]
}

/*
 * A ledger whose changes two administrators approve, whose checkpoints an authority stamps, and whose key is replaced: packages
 * of it, before and after, with the real command line.
 */
describe.skipIf(lacks('openssl', 'faketime', 'sha256sum', 'python3'))('packages of a ledger that has lived', () => {
  const { path, remove } = temporaryFolder()
  const at = (name: string): string => join(path, name)
  const data = at('data')
  const policy = join(data, 'policy')
  const oldPolicy = at('old.policy')
  const photo = at('photo.jpg')
  const anchors = at('anchors.pem')
  const clerk = join(data, 'keys', 'administrator.pem')
  const asClerk = ['--key', clerk, '--id', 'administrator', '--data', data]
  const asExpert = ['--key', at('expert.pem'), '--id', 'expert', '--data', data]
  let authority: AuthorityServer
  let server: CliServer
  let number = 0

  const keygen = (name: string) => evidenceOk(['keygen', '--out', at(`${name}.pem`)])
  const whoIs = (name: string, role: string): string[] => [
    name,
    '--public-key',
    at(`${name}.jwk`),
    '--type',
    'court',
    '--role',
    role,
  ]
  async function pack(...args: string[]): Promise<string> {
    const output = at(`package-${number++}`)
    await evidenceOk(['package', photo, '--out', output, '--data', data, ...args])
    return output
  }
  async function check(target: string, ...args: string[]): Promise<{ code: number | null; report: Report }> {
    const result = await evidence(['check', target, '--json', ...args], { cwd: path })
    return { code: result.code, report: result.json<Report>() }
  }
  const codes = ({ faults }: Report): string[] => [...new Set(faults.map(({ code }) => code))]
  /** Runs every command of VERIFY.md. */
  function follow(folder: string): { code: number | null; output: string } {
    const guide = readFileSync(join(folder, 'VERIFY.md'), 'utf8')
    const commands = [...guide.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block]) => block).join('')
    const options = { cwd: folder, encoding: 'utf8' } as const
    const { status, stdout, stderr } = spawnSync('bash', ['--norc', '-euo', 'pipefail', '-c', commands], options)
    return { code: status, output: stdout + stderr }
  }

  beforeAll(async () => {
    await evidenceOk(['init', '--data', data, '--reading', 'public', '--origin', 'test.example/lived'])
    writeFileSync(oldPolicy, readFileSync(policy))
    const root = TestAuthority.root(path, 'Root')
    writeFileSync(anchors, root.pem)
    authority = await startAuthority(honest(root.timeStamper('Clock')))
    server = await startServer(data, [], 'serve')
    const online = [...asClerk, '--url', server.url]
    // Entries 2 to 4 (1 admits the depositor of the folder): the deputy, the approvals, the expert, whom both admit together.
    for (const name of ['deputy', 'expert', 'ledger-2']) await keygen(name)
    await evidenceOk(['participants', 'admit', ...whoIs('deputy', 'administrator'), ...online])
    await evidenceOk(['approvals', 'set', '--administrators', '2', ...online])
    const admission = at('expert.proposal')
    await evidenceOk(['participants', 'admit', ...whoIs('expert', 'depositor'), '--propose', admission, ...online])
    await evidenceOk(['approvals', 'sign', admission, '--key', at('deputy.pem')])
    await evidenceOk(['approvals', 'submit', admission, ...online])
    // Entries 5 and 6: a deposit, and an attestation of it.
    writeFileSync(photo, 'a photo')
    await evidenceOk(['deposit', photo, ...asExpert, '--url', server.url])
    await evidenceOk(['attest', '5', '--as', 'witness', ...asExpert, '--url', server.url], { cwd: path })
    await server.stop()
    const config = at('serve.json')
    const trusted = [{ name: 'test', url: authority.url, anchors, crls: [`${authority.url}/crl`] }]
    writeFileSync(config, JSON.stringify({ timeStamping: { authorities: trusted } }))
    await evidenceOk(['timestamp', '--data', data, '--config', config])
    server = await startServer(data, [], 'serve')
    const stamp = ['timestamp', '--for', `${photo}.tlog-proof`, '--timestamp-anchors', anchors]
    await evidenceOk([...stamp, '--url', server.url, '--data', data])
  })
  afterAll(async () => {
    await server.stop()
    await authority.close()
    remove()
  })

  it('show who approved the admission, from any source, and by when the deposit existed', async () => {
    const online = await pack('--url', server.url)
    const judged = await check(online, '--policy', policy, '--timestamp-anchors', anchors)
    expect([judged.code, codes(judged.report)]).toEqual([0, []])
    const [deposit] = judged.report.deposits
    expect(deposit?.admission).toMatchObject({ state: 'shown', path: [4, 2, 0] })
    expect(deposit?.times).toMatchObject([{ verified: true }])
    const text = (await evidenceOk(['check', online, '--policy', policy])).stdout
    expect(text).toMatch(/existed no later than 20.*according to a time stamp that names .*Clock.*is not verified/)
    expect(text).toContain('no trust anchor was given (--timestamp-anchors)')
    const none = await evidence(['check', online, '--policy', policy, '--timestamp-anchors', at('none'), '--json'])
    expect([none.code, none.json<CliError>().error.code]).toEqual([3, 'file-unreadable'])
    const bad = await evidence(['check', online, '--policy', policy, '--timestamp-anchors', policy, '--json'])
    expect(bad.json<CliError>().error.code).toBe('anchors-malformed')
    // An export holds the entry that says how many must approve, and so does the package of it.
    await server.stop()
    await evidenceOk(['export', at('export'), '--data', data])
    server = await startServer(data, [], 'serve')
    const exported = await pack('--dir', at('export'))
    expect(readdirSync(join(exported, 'data/admissions')).map((name) => name[0])).toEqual(['0', '2', '3', '4'])
    expect((await check(exported, '--policy', policy)).report.deposits[0]?.admission).toMatchObject({ path: [4, 2, 0] })
    const followed = follow(exported)
    expect(followed.output).toContain('admitted as depositor')
    expect(followed.code).toBe(0)
  })

  it('say what a checker that was taken away from its other file cannot judge', async () => {
    const alone = at('alone')
    mkdirSync(alone)
    const dist = fileURLToPath(new URL('../../dist', import.meta.url))
    copyFileSync(join(dist, 'check.mjs'), join(alone, 'check.mjs'))
    const target = await pack('--url', server.url)
    const run = () => {
      const args = [join(alone, 'check.mjs'), 'check', target, '--policy', policy, '--json']
      const { status, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' })
      return { status, report: JSON.parse(stdout) as Report }
    }
    const without = run()
    expect([without.status, codes(without.report)]).toEqual([4, []])
    expect(without.report.unjudged[0]?.message).toContain('check-time.mjs')
    copyFileSync(join(dist, 'check-time.mjs'), join(alone, 'check-time.mjs'))
    const whole = run()
    expect([whole.status, codes(whole.report)]).toEqual([0, []])
    expect(whole.report.deposits[0]?.times).toMatchObject([{ verified: false }])
  })

  it('of old deposits are checked by the new policy alone once the ledger’s key was replaced', async () => {
    const before = await pack('--url', server.url)
    const [request, signed] = [at('rotation.json'), at('rotation.jws')]
    const rotation = ['ledger', 'rotate-key', '--data', data, '--new-key', at('ledger-2.pem')]
    await evidenceOk([...rotation, '--out', request])
    const proposal = at('rotation.proposal')
    await evidenceOk(['approvals', 'propose', request, '--out', proposal, '--key', clerk])
    await evidenceOk(['approvals', 'sign', proposal, '--key', at('deputy.pem')])
    await evidenceOk(['approvals', 'submit', proposal, '--key', clerk, '--id', 'administrator', '--out', signed])
    await server.stop()
    await evidenceOk([...rotation, '--statement', signed])
    server = await startServer(data, [], 'serve')

    const after = await pack('--from', path, '--url', server.url)
    expect(readdirSync(join(after, 'data/deposits/001')).sort()).toEqual([
      'files',
      'latest.tlog-proof',
      'receipt.key-transition',
      'receipt.time-proof',
      'receipt.tlog-proof',
    ])
    const judged = await check(after, '--policy', policy, '--timestamp-anchors', anchors)
    expect([judged.code, codes(judged.report)]).toEqual([0, []])
    expect(judged.report.deposits).toMatchObject([
      { size: 8, admission: { state: 'shown', path: [4, 2, 0] }, times: [{ verified: true }] },
    ])
    expect(judged.report.notShown.join()).not.toContain('one history')
    const followed = follow(after)
    expect(followed.output).toMatch(/no fault found\n$/)
    expect(followed.code).toBe(0)

    // The earlier package under the new policy, and the new one under the earlier: said, and what helps.
    expect(codes((await check(before, '--policy', policy)).report)).toEqual(['checkpoint-untrusted'])
    expect((await check(before, '--policy', oldPolicy)).code).toBe(0)
    const [name] = readdirSync(join(data, 'rotations'))
    const receipt = join(data, 'rotations', name as string)
    // The rotation's own checkpoint is signed by both keys; from the next one on the new key signs alone.
    expect((await check(after, '--policy', oldPolicy)).code).toBe(0)
    writeFileSync(at('later.txt'), 'later')
    await evidenceOk(['deposit', at('later.txt'), ...asExpert, '--url', server.url])
    const later = await pack('--url', server.url)
    expect(codes((await check(later, '--policy', oldPolicy)).report)).toEqual(['checkpoint-untrusted'])
    expect(follow(later).code).toBe(0)
    const brought = await check(later, '--policy', oldPolicy, '--rotation', receipt)
    expect([brought.code, codes(brought.report)]).toEqual([0, []])

    // The file alone, with its transition: the stamp that is older than the new key counts still.
    await evidenceOk(['transition', `${photo}.tlog-proof`, '--url', server.url])
    const alone = await evidenceOk(['check', photo, '--policy', policy, '--timestamp-anchors', anchors])
    expect(alone.stdout).toContain('existed no later than')

    // A transition that is taken out, or leads elsewhere, is noticed by hand as well.
    const transition = 'data/deposits/001/receipt.key-transition'
    const program = at('verify.py')
    writeGuideProgram(program)
    const byHand = (change: (text: string) => string | undefined): string => {
      const forged = forgeBag(after, at(`forged-${number++}`), (files) => {
        const changed = change(String(files[transition]))
        if (changed === undefined) delete files[transition]
        else files[transition] = changed
      })
      return checkByHand(program, forged).stderr
    }
    expect(byHand((text) => text)).toBe('')
    expect(byHand((text) => text.replace('from 6', 'from 5'))).toContain('does not lead on from its receipt')
    expect(byHand(() => undefined)).toContain('receipt.tlog-proof : the checkpoint is not signed')

    // The second verifier, which judges no time stamp, says the rest of the same.
    const second = verifier(['check', after, '--policy', policy]) as PythonDocument & {
      readonly deposits: readonly { readonly size: number; readonly admission: string | null }[]
    }
    expect([second.exit, second.faults]).toEqual([4, []])
    expect(second.deposits).toMatchObject([{ size: 8, admission: expect.stringContaining('by entries 4, 2, 0') }])
  })
})
