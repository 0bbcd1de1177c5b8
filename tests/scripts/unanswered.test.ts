import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { utf8 } from '../../src/core/bytes.ts'
import { parseReceipt } from '../../src/core/receipt.ts'
import {
  type CliError,
  type CliResult,
  type CliServer,
  evidence,
  evidenceOk,
  type Proxy,
  startProxy,
  startServer,
} from '../support/cli.ts'
import { withDisclosures } from '../support/disclosures.ts'
import { temporaryFolder } from '../support/folder.ts'

interface Said {
  readonly created: boolean
  readonly index: number
  readonly receipt: string
}

/*
 * What is signed about evidence is kept before it is sent: where the answer is lost, the same command, or --resend, gives the first answer,
 * and never a second entry.
 */
describe('a statement whose answer never came', () => {
  const { path, remove } = temporaryFolder()
  const at = (name: string): string => join(path, name)
  const data = at('data')
  let server: CliServer
  let proxy: Proxy
  /** What happens to the next statements that are sent: how many pass, and how the one after them breaks. */
  let breaking: { passes: number; how: 'break' | 'break after' } | undefined

  const options = (url: string): { cwd: string; env: Record<string, string> } => ({
    cwd: path,
    env: { EVIDENCE_DATA: data, EVIDENCE_URL: url, EVIDENCE_POLICY: join(data, 'policy') },
  })
  const by = (id: string): string[] => ['--key', at(`${id}.pem`), '--id', id]
  const ok = (...args: string[]): Promise<CliResult> => evidenceOk(args, options(server.url))
  const said = async (...args: string[]): Promise<Said> => (await ok(...args, '--json')).json<Said>()
  const broken = async (how: 'break' | 'break after', args: readonly string[], passes = 0): Promise<string> => {
    breaking = { passes, how }
    const result = await evidence([...args, '--json'], options(proxy.url))
    breaking = undefined
    const { code, message } = result.json<CliError>().error
    expect([args[0], result.code, code]).toEqual([args[0], 3, 'server-unreachable'])
    return message
  }
  const size = async (): Promise<number> =>
    Number((await (await fetch(`${server.url}/checkpoint`)).text()).split('\n')[1])
  const waiting = (): string[] => readdirSync(path).filter((name) => name.endsWith('.evidence-statement'))
  async function admit(id: string, role: string): Promise<void> {
    await ok('keygen', '--out', at(`${id}.pem`))
    const type = ['--type', 'organisation', '--name', `Bureau ${id}`, '--role', role, '--role', 'depositor']
    await ok('participants', 'admit', id, '--public-key', at(`${id}.jwk`), ...type)
  }
  let deposits = 0
  async function deposit(): Promise<string> {
    const name = `exhibit-${deposits++}`
    writeFileSync(at(name), name)
    const { stdout } = await ok('deposit', name, '--note', 'seized', '--json', ...by('police'))
    return String((JSON.parse(stdout) as { deposits: Said[] }).deposits[0]?.index)
  }
  async function release(...exhibits: string[]): Promise<string> {
    const file = `release-${exhibits.join('-')}.evidence-release`
    const offer = ['--purpose', 'examination', '--no-event', '--out', file]
    await ok('hand-over', ...exhibits, '--to', 'lab', ...offer, ...by('police'))
    return file
  }

  beforeAll(async () => {
    await evidenceOk(['init', '--data', data, '--origin', 'test.example', '--reading', 'participants'])
    server = await startServer(data, [], 'serve')
    proxy = await startProxy(server.url, (line) => {
      if (breaking === undefined || !line.startsWith('POST /v1/statements') || breaking.passes-- > 0) return 'pass'
      return breaking.how
    })
    await admit('police', 'attestor')
    await admit('lab', 'attestor')
    await admit('court', 'authority')
  })
  afterEach(() => {
    for (const name of waiting()) rmSync(at(name))
  })
  afterAll(async () => {
    await proxy.close()
    await server.stop()
    remove()
  })

  it.each(['break', 'break after'] as const)(
    'take-over: the connection is cut (%s), and the same command gives the first answer',
    async (how) => {
      const file = await release(await deposit(), await deposit())
      const take = ['take-over', file, '--yes', '--seal', 'S-1', ...by('lab')]
      const before = await size()
      const message = await broken(how, take)
      expect(message).toContain(`evidence deposit --resend ${file}.evidence-statement`)
      // Asked for nothing: what is sent was signed before.
      const first = await said(...take.filter((one) => one !== '--yes'))
      expect(first).toMatchObject({ created: how === 'break', index: before, receipt: `${file}.tlog-proof` })
      expect(waiting()).toEqual([])
      // With its receipt there it is told again, and nothing is sent.
      expect(await said(...take)).toMatchObject({ created: false, index: before })
      expect(await size()).toBe(before + 1)
    },
  )

  it('take-over: sent again by its statement, and then asked for by the same command', async () => {
    const file = await release(await deposit())
    const take = ['take-over', file, '--yes', ...by('lab')]
    const before = await size()
    await broken('break after', take)
    const { stdout } = await ok('deposit', '--resend', `${file}.evidence-statement`, ...by('lab'))
    expect(stdout).toContain(`existing      ${file}.evidence-statement as entry ${before}`)
    expect(waiting()).toEqual([])
    expect(await said(...take)).toMatchObject({ created: false, index: before })
    expect(await size()).toBe(before + 1)
  })

  it('take-over: never sent, and by one who may not read the deposit: what shows the ledger its receipt is kept too', async () => {
    const file = await release(await deposit())
    await broken('break', ['take-over', file, '--yes', ...by('lab')])
    await ok('deposit', '--resend', `${file}.evidence-statement`, ...by('lab'))
    const mine = await deposit()
    const receipt = `exhibit-${deposits - 1}.tlog-proof`
    await broken('break', ['attest', receipt, '--as', 'witness', ...by('court').slice(0, 2), '--id', 'court'])
    const [kept = ''] = waiting()
    expect(kept).toMatch(/^evidence-attest-[0-9a-f]{12}\.evidence-statement$/)
    expect(readFileSync(at(kept), 'utf8')).toContain(`\nEvidence-Shown: ${mine}:`)
    await ok('deposit', '--resend', kept, ...by('court'))
  })

  it('take-over: repeated where nothing was kept, says that custody has passed', async () => {
    const file = await release(await deposit())
    const take = ['take-over', file, '--yes', ...by('lab')]
    await broken('break after', take)
    for (const kept of waiting()) rmSync(at(kept))
    const { code, stderr } = await evidence(take, options(server.url))
    expect(code).toBe(3)
    expect(stderr).toContain('release-used')
    expect(stderr).toContain('you hold what it names')
  })

  it('take-over: another answer is wanted then, and the one that waits is kept', async () => {
    const file = await release(await deposit())
    await broken('break after', ['take-over', file, '--yes', ...by('lab')])
    const before = await size()
    const refuse = ['take-over', file, '--yes', '--refuse', 'incomplete', ...by('lab')]
    const refused = await evidence(refuse, options(server.url))
    expect([refused.code, refused.stderr]).toEqual([3, expect.stringContaining('release-used')])
    expect(refused.stderr).toContain(`evidence deposit --resend ${file}.unanswered-1.evidence-statement`)
    expect(refused.stderr).toContain(`kept as ${file}.refused-1.evidence-statement`)
    await ok('deposit', '--resend', `${file}.unanswered-1.evidence-statement`, ...by('lab'))
    expect(await size()).toBe(before)
  })

  it('withdraw, custody, access, erase, attest, retract: the same command gives the first answer', async () => {
    const exhibit = await deposit()
    const file = await release(exhibit)
    const grant = ['access', 'grant', exhibit, '--to', 'lab', '--until', '2099-01-31', '--basis', 'commission']
    const order = `exhibit-${deposits - 1}.tlog-proof`
    for (const args of [
      ['withdraw', file, '--note', 'a mistake', ...by('police')],
      [...grant, ...by('police')],
      ['custody', 'end', exhibit, '--how', 'lost', ...by('police')],
      ['custody', 'resume', exhibit, '--reason', 'found', ...by('police')],
      ['erase', order, '--claim', 'note', '--basis', 'Decision 12', ...by('court')],
      ['attest', exhibit, '--as', 'holder', '--receipt', 'mine.tlog-proof', ...by('police')],
      ['retract', exhibit, '--reason', 'mistake', '--receipt', 'mine too', ...by('police')],
    ]) {
      const before = await size()
      await broken('break after', args)
      expect([args[0], waiting()]).toEqual([args[0], [expect.any(String)]])
      expect([args[0], await said(...args)]).toMatchObject([args[0], { created: false, index: before }])
      expect([args[0], waiting(), await size()]).toEqual([args[0], [], before + 1])
    }
  })

  it('hand-over: a run that broke off between two records is finished, with the release that was written', async () => {
    const exhibits = [await deposit(), await deposit(), await deposit()]
    const hand = ['hand-over', ...exhibits, '--to', 'lab', '--note', 'in a box', '--out', 'box.evidence-release']
    const before = await size()
    await broken('break after', [...hand, ...by('police')], 1)
    const written = readFileSync(at('box.evidence-release'), 'utf8')
    const { stdout } = await ok(...hand, '--json', ...by('police'))
    expect(JSON.parse(stdout)).toMatchObject({ events: [before, before + 1, before + 2] })
    expect(readFileSync(at('box.evidence-release'), 'utf8')).toBe(written)
    expect(await size()).toBe(before + 3)
    for (const exhibit of exhibits) expect(existsSync(at(`box.offered-${exhibit}.tlog-proof`))).toBe(true)
    // All is recorded: the same words are another release, and what is there is left as it is.
    const again = await evidence([...hand, '--json', ...by('police')], options(server.url))
    expect(again.json<CliError>().error.code).toBe('file-exists')
  })

  it('BR-M1: deposit, resend: a receipt that withholds what was sealed is none, and the statement stays', async () => {
    const stripping = await startProxy(
      server.url,
      () => 'pass',
      (line, body) => {
        if (!line.startsWith('POST /v1/statements')) return body
        const answer = JSON.parse(body) as { receipt: string }
        return JSON.stringify({ ...answer, receipt: withDisclosures(answer.receipt, () => []) })
      },
    )
    writeFileSync(at('sealed.txt'), 'sealed')
    const kept = 'sealed.txt.evidence-statement'
    const commands = [
      ['deposit', 'sealed.txt', '--note', 'seized', ...by('police')],
      ['deposit', '--resend', kept, ...by('police')],
    ]
    for (const command of commands) {
      const result = await evidence([...command, '--json'], options(stripping.url))
      expect([command[0], result.code, result.stdout]).toEqual([
        command[0],
        3,
        expect.stringContaining('server-answer'),
      ])
      expect(result.stdout).toContain('withholds')
    }
    await stripping.close()
    expect(existsSync(at('sealed.txt.tlog-proof'))).toBe(false)
    await ok('deposit', '--resend', kept, ...by('police'))
    expect([existsSync(at('sealed.txt.tlog-proof')), existsSync(at(kept))]).toEqual([true, false])
    // A receipt that is there and withholds a claim does not take the place of the statement either.
    const whole = readFileSync(at('sealed.txt.tlog-proof'), 'utf8')
    const { entry, disclosures } = parseReceipt(utf8(whole))
    const presentation = [entry.known ? entry.statement : '', ...disclosures.map(({ text }) => text), ''].join('~')
    writeFileSync(
      at('sealed.txt.tlog-proof'),
      withDisclosures(whole, (texts) => texts.slice(1)),
    )
    writeFileSync(at(kept), presentation)
    await evidence(['deposit', 'sealed.txt', '--note', 'seized', ...by('police')], options(server.url))
    expect(
      waiting().some((name) => name.startsWith('sealed.txt') && readFileSync(at(name), 'utf8') === presentation),
    ).toBe(true)
  })

  it('sends nothing that came with a folder, and was signed by another', async () => {
    const file = await release(await deposit())
    const take = ['take-over', file, '--yes', ...by('lab')]
    const before = await size()
    const theirs = await release(await deposit())
    await broken('break', ['withdraw', theirs, ...by('police')])
    writeFileSync(at(`${file}.evidence-statement`), readFileSync(at(`${theirs}.evidence-statement`)))
    const taken = await evidenceOk(take, options(server.url))
    expect(taken.stderr).toContain(`${file}.unanswered-1.evidence-statement`)
    expect(await size()).toBe(before + 2)
  })
})
