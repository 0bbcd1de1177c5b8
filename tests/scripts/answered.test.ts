import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CliError, type CliServer, evidence, evidenceOk, startProxy, startServer } from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'

/* What a server, or somebody before it, says beside a receipt is told on only where the receipt says it. */
const { path: top, remove } = temporaryFolder()
const at = (name: string): string => join(top, name)
const data = at('data')
let ledger: CliServer
let proxy: Awaited<ReturnType<typeof startProxy>>
let url: string
let forged: Record<string, unknown> = {}
let replaced: (line: string) => string | undefined = () => undefined

/** Changes every document of an answer, also where it is one a line. */
function change(text: string): string {
  const lines = text.trimEnd().split('\n')
  return lines.map((line) => JSON.stringify({ ...(JSON.parse(line) as object), ...forged })).join('\n')
}

beforeAll(async () => {
  ledger = await startServer(data)
  proxy = await startProxy(
    ledger.url,
    () => 'pass',
    (line, text) => (line.startsWith('POST') && text.includes('"receipt"') ? change(text) : (replaced(line) ?? text)),
  )
  url = proxy.url
  for (const name of ['known', 'known2']) {
    writeFileSync(at(name), name)
    await evidenceOk(['deposit', at(name), '--data', data, '--url', ledger.url])
  }
})
afterAll(async () => {
  await proxy.close()
  await ledger.stop()
  remove()
})

describe('R3-M1: an answer that says another thing than its receipt', () => {
  const ask = (): string[] => ['--data', data, '--url', url, '--json']
  it.each([
    ['index', { index: 999 }],
    ['time', { time: '1999-01-01T00:00:00.000Z' }],
    ['leafHash', { leafHash: 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=' }],
  ])(
    'in its %s is refused: by deposit, of one file and of several, by attest, retract and a change',
    async (name, lie) => {
      forged = lie
      const files = ['one', 'two'].map((file) => at(`${name}-${file}`))
      for (const file of files) writeFileSync(file, file)
      const receipt = at(`${name}.tlog-proof`)
      await evidenceOk(['keygen', '--out', at(`${name}.pem`)])
      const commands = [
        ['deposit', files[0] as string],
        ['deposit', '--separate', ...files],
        ['attest', at('known.tlog-proof'), '--as', 'holder', '--receipt', receipt],
        ['retract', at('known2.tlog-proof'), '--reason', 'mistake', '--receipt', receipt],
        [
          'participants',
          'admit',
          `court-${name.toLowerCase()}`,
          '--public-key',
          at(`${name}.jwk`),
          '--role',
          'auditor',
          '--type',
          'court',
        ],
      ]
      for (const command of commands) {
        const who = command[0] === 'participants' ? 'administrator' : 'depositor'
        const result = await evidence([...command, ...ask(), '--id', who])
        expect([command[0], result.code, result.stdout]).toEqual([
          command[0],
          3,
          expect.stringContaining('server-answer'),
        ])
        expect(result.stdout).not.toMatch(/"(?:index|time)": (?:999|"1999-)/)
      }
      expect([...files.map((file) => `${file}.tlog-proof`), receipt].filter((file) => existsSync(file))).toEqual([])
      // The statements that wait are sent again, and what the receipts say is told.
      forged = {}
      const sound = (await evidenceOk(['deposit', '--separate', ...files, ...ask(), '--id', 'depositor'])).json<{
        deposits: { index: number }[]
      }>()
      expect(sound.deposits.map(({ index }) => index).every((index) => index > 0 && index < 100)).toBe(true)
    },
  )

  it('and is of another entry is refused by show --receipt', async () => {
    forged = {}
    const known = readFileSync(at('known.tlog-proof'), 'utf8')
    const { index } = (await evidenceOk(['show', at('known2.tlog-proof'), '--json'])).json<{ index: number }>()
    replaced = (line) => (line.includes(`/${index}/receipt`) ? JSON.stringify({ receipt: known }) : undefined)
    const result = await evidence(['show', String(index), '--receipt', at('3.tlog-proof'), ...ask()])
    expect([result.code, result.json<CliError>().error.code]).toEqual([3, 'server-answer'])
    expect(existsSync(at('3.tlog-proof'))).toBe(false)
  })
})
