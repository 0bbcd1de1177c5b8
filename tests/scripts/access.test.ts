import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { AccessAnswer, ReadingsAnswer } from '../../src/api/answers.ts'
import { type CliError, type CliResult, type CliServer, evidence, evidenceOk, startServer } from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'

/* `evidence access`, as those use it who deposit, judge, examine and operate. */
describe('evidence access', () => {
  const { path, remove } = temporaryFolder()
  const at = (name: string): string => join(path, name)
  const data = at('data')
  let server: CliServer | undefined

  const options = (): { cwd: string; env: Record<string, string> } => ({
    cwd: path,
    env: { EVIDENCE_DATA: data, EVIDENCE_URL: server?.url ?? '', EVIDENCE_POLICY: join(data, 'policy') },
  })
  const ok = (...args: string[]): Promise<CliResult> => evidenceOk(args, options())
  const by = (id: string): string[] => ['--key', at(`${id}.pem`), '--id', id]
  async function refusal(...args: string[]): Promise<unknown> {
    const result = await evidence([...args, '--json'], options())
    return [result.code, result.json<CliError>().error.code]
  }
  async function admit(id: string, ...roles: string[]): Promise<void> {
    await ok('keygen', '--out', at(`${id}.pem`))
    const named = roles.flatMap((role) => ['--role', role])
    await ok('participants', 'admit', id, '--public-key', at(`${id}.jwk`), '--type', 'organisation', ...named)
  }

  beforeAll(async () => {
    await evidenceOk(['init', '--data', data, '--origin', 'test.example'])
    server = await startServer(data, [], 'serve')
    await admit('lab', 'attestor')
    await admit('court', 'authority')
    await admit('operator', 'operator', 'depositor')
    writeFileSync(at('phone.img'), 'an image')
    writeFileSync(at('collection.json'), '{"exhibit":"EX-12"}')
    await ok('deposit', 'phone.img', '--collection', 'collection.json', '--note', 'a secret')
  })
  afterAll(async () => {
    await server?.stop()
    remove()
  })

  it('grants an exhibit by its number, shows what stands, and ends it', async () => {
    expect(await refusal('show', '5', ...by('lab'))).toEqual([3, 'not-permitted'])
    const granted = await ok(
      'access',
      'grant',
      'EX-12',
      '--to',
      'lab',
      '--until',
      '2099-12-31',
      '--basis',
      'commission 7',
    )
    expect(granted.stdout).toContain('grant of entry 5 for lab is entry 6')
    expect((await ok('show', '5', ...by('lab'))).stdout).toContain('a secret')
    expect((await ok('find', '--exhibit', 'EX-12', ...by('lab'))).stdout).toContain('evidence.deposit')
    const { rules } = (await ok('access', 'list', 'phone.img.tlog-proof', '--json')).json<AccessAnswer>()
    expect(rules).toMatchObject([
      { rule: 'grant', entry: 6, by: 'depositor', as: 'issuer', to: ['lab'], until: '2099-12-31T23:59:59.999Z' },
    ])
    await ok('access', 'end', '5', '--to', 'lab', '--basis', 'done')
    expect(await refusal('show', '5', ...by('lab'))).toEqual([3, 'not-permitted'])
    expect((await ok('access', 'list', 'EX-12')).stdout).toBe(
      'nothing stands on it\n  of       entry 5, deposited by depositor\n',
    )
  })

  it('says what is wrong with a rule', async () => {
    const grant = (...args: string[]): Promise<unknown> => refusal('access', 'grant', ...args)
    expect(await grant('5', '--basis', 'x')).toEqual([2, 'usage'])
    expect(await grant('5', '--to', 'lab')).toEqual([2, 'usage'])
    expect(await grant('5', '--to', 'lab', '--basis', 'x', '--until', 'tomorrow')).toEqual([2, 'usage'])
    expect(await grant('5', '--to', 'lab', '--basis', 'x', '--until', '2001-01-01')).toEqual([3, 'access-until'])
    expect(await grant('5', '--to', 'nobody', '--basis', 'x')).toEqual([3, 'participant-unknown'])
    expect(await grant('EX-99', '--to', 'lab', '--basis', 'x')).toEqual([2, 'receipt-not-found'])
    expect(await grant('5', '--to', 'court', '--basis', 'x', ...by('lab'))).toEqual([3, 'reference-not-found'])
    expect(await refusal('access', 'seal', '5', '--basis', 'x')).toEqual([3, 'role-missing'])
    expect(await refusal('access', 'unseal', '5', '--basis', 'x', ...by('court'))).toEqual([3, 'access-nothing-stands'])
    expect(await refusal('access', 'readings', ...by('lab'))).toEqual([3, 'not-permitted'])
    expect(await refusal('access', 'readings', '--day', 'today', ...by('court'))).toEqual([2, 'usage'])
  })

  it('seals, and shows who read under the seal; the operator deposits the digest of the day', async () => {
    await ok('access', 'seal', '5', '--basis', 'order 123', ...by('court'))
    await ok('access', 'grant', '5', '--to', 'lab', '--basis', 'order 124', ...by('court'))
    await ok('show', '5', ...by('lab'))
    const [day] = (await ok('access', 'readings', '--json', ...by('operator'))).json<ReadingsAnswer>().days ?? []
    const name = day?.day as string
    const read = await ok('access', 'readings', '--day', name, ...by('court'))
    expect(read.stdout).toMatch(/lab\tentry 5\tread its claims/)
    const digest = (await ok('access', 'readings', '--day', name, '--json', ...by('operator'))).json<ReadingsAnswer>()
    expect(digest.lines).toEqual([])
    // The day of now has not ended.
    const days = (): Promise<{ deposits: { name: string; outcome: string; index: number }[] }> =>
      ok('access', 'deposit-readings', '--receipts', at('readings'), '--json', ...by('operator')).then((done) =>
        done.json(),
      )
    expect(await days()).toEqual({ deposits: [] })
    const line = `${JSON.stringify({ time: '2026-01-02T03:04:05.000Z', reader: 'lab', index: 5, shown: 'found', seals: [], previous: '0'.repeat(64) })}\n`
    writeFileSync(join(data, 'readings', '2026-01-02.ndjson'), line)
    const [ended] = (await days()).deposits
    expect(ended).toMatchObject({ name: 'readings-2026-01-02.ndjson', outcome: 'deposited' })
    expect((await days()).deposits).toMatchObject([{ outcome: 'existing', index: ended?.index }])
    const sha256 = createHash('sha256').update(line).digest('hex')
    const found = await ok('find', '--digest', `sha256:${sha256}`, '--json', ...by('operator'))
    expect(found.json<{ entries: { index: number }[] }>().entries).toMatchObject([{ index: ended?.index }])
    expect(await refusal('access', 'deposit-readings', ...by('lab'))).toEqual([3, 'not-permitted'])
    await ok('access', 'hold', 'EX-12', '--basis', 'appeal', ...by('court'))
    const { rules } = (await ok('access', 'list', '5', '--json')).json<AccessAnswer>()
    expect(rules.map(({ rule }) => rule)).toEqual(['seal', 'grant', 'hold'])
  })
})
