import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CliServer, evidence, evidenceOk, startServer } from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'

/*
 * Three ledgers in three processes: local, provincial, national. The local receipt is checked with the national policy alone,
 * at the end with the two below stopped.
 */
interface Report {
  readonly ok: boolean
  readonly faults: readonly { readonly code: string }[]
  readonly anchors?: {
    readonly steps: readonly { readonly lower: { readonly size: number }; readonly upper: { readonly index: number } }[]
  }
}

const { path, remove } = temporaryFolder()
const dataOf = (name: string): string => join(path, name)
const policyOf = (name: string): string => join(path, name, 'policy')
const photo = join(path, 'photo.jpg')
const receipt = `${photo}.tlog-proof`
let local: CliServer
let provincial: CliServer
let national: CliServer

const deposit = async (name: string, server: CliServer): Promise<void> => {
  const file = join(path, name)
  writeFileSync(file, name)
  await evidenceOk(['deposit', file, '--data', server.data, '--url', server.url])
}

const anchor = (lower: CliServer, upper: CliServer, out: string) => {
  const to = [
    '--to',
    upper.url,
    '--upper-policy',
    join(upper.data, 'policy'),
    '--key',
    join(upper.data, 'keys', 'depositor.pem'),
    '--id',
    'depositor',
  ]
  return evidence([
    'anchor',
    '--url',
    lower.url,
    '--policy',
    join(lower.data, 'policy'),
    ...to,
    '--out',
    join(path, out),
    '--once',
    '--json',
  ])
}

const anchorsIn = (folder: string): string[] => readdirSync(join(path, folder)).map((name) => join(path, folder, name))

const check = async (
  anchors: readonly string[],
  ...args: string[]
): Promise<{ code: number | null; report: Report }> => {
  const given = anchors.flatMap((anchor) => ['--anchor', anchor])
  const result = await evidence(['check', photo, '--json', '--policy', policyOf('national'), ...given, ...args])
  return { code: result.code, report: result.json<Report>() }
}
const codesOf = ({ report }: { report: Report }): string[] => report.faults.map(({ code }) => code)

beforeAll(async () => {
  local = await startServer(dataOf('local'))
  provincial = await startServer(dataOf('provincial'))
  national = await startServer(dataOf('national'))
  writeFileSync(photo, 'what was photographed')
  await evidenceOk(['deposit', photo, '--data', local.data, '--url', local.url])
  // So that receipts and anchors are of different sizes, at each level.
  await deposit('later, local', local)
  await deposit('earlier, provincial', provincial)
})
afterAll(async () => {
  await Promise.all([local, provincial, national].map((server) => server.stop()))
  remove()
})

describe('anchors', () => {
  it('are made once for each checkpoint, and go on from one another', async () => {
    const first = await anchor(local, provincial, 'of-local')
    expect([first.code, first.json()]).toMatchObject([
      0,
      { anchored: true, anchor: expect.stringContaining('000000000004.anchor') as string },
    ])
    expect((await anchor(local, provincial, 'of-local')).json()).toEqual({ anchored: false })
    await deposit('later, provincial', provincial)
    expect((await anchor(provincial, national, 'of-provincial')).code).toBe(0)
    await deposit('later still, local', local)
    expect((await anchor(local, provincial, 'of-local')).code).toBe(0)
    expect(anchorsIn('of-local').length).toBe(2)
    // Another ledger in the lower one's place is none that goes on.
    const other = await evidence([
      'anchor',
      '--url',
      national.url,
      '--policy',
      policyOf('local'),
      '--to',
      provincial.url,
      '--upper-policy',
      policyOf('provincial'),
      '--key',
      join(provincial.data, 'keys', 'depositor.pem'),
      '--id',
      'depositor',
      '--out',
      join(path, 'of-local'),
      '--once',
      '--json',
    ])
    expect([other.code, other.stdout]).toEqual([1, expect.stringContaining('checkpoint-untrusted')])
  })

  it('need consistency proofs, which lower ledgers give while they are there', async () => {
    const all = [...anchorsIn('of-local'), ...anchorsIn('of-provincial')]
    expect(codesOf(await check([]))).toEqual(['receipt-other-ledger'])
    expect(codesOf(await check(all))).toEqual(['anchor-unconnected'])
    const online = await check(all, '--lower-url', local.url, '--lower-url', provincial.url)
    expect([online.code, online.report.faults]).toEqual([0, []])
    expect(online.report.anchors?.steps.map(({ lower }) => lower.size)).toEqual([4, expect.any(Number)])
    expect(codesOf(await check(all, '--online', '--url', local.url))).toEqual(['anchor-unconnected'])
  })

  it('check a local receipt with nothing but the root’s key, the ledgers below stopped', async () => {
    const one = join(path, 'one.anchor')
    const two = join(path, 'two.anchor')
    await evidenceOk(['anchor-for', receipt, ...anchorsIn('of-local'), '--url', local.url, '--out', one])
    await evidenceOk(['anchor-for', one, ...anchorsIn('of-provincial'), '--url', provincial.url, '--out', two])
    await Promise.all([local.stop(), provincial.stop()])
    for (const anchors of [
      [one, two],
      [two, one],
    ]) {
      const { code, report } = await check(anchors)
      expect([code, report.ok, report.anchors?.steps.length]).toEqual([0, true, 2])
    }
    const text = await evidenceOk(['check', photo, '--policy', policyOf('national'), '--anchor', one, '--anchor', two])
    expect(text.stdout).toMatch(/^in a tree that existed when entry [0-9]+ of [^;]* by that ledger’s clock; times, /m)
    expect(text.stdout).not.toContain('unchanged since deposit')
    expect(text.stdout).toContain('it is vouched for by the upper entry’s digest alone')
    expect(codesOf(await check([one]))).toEqual(['anchor-missing'])
    expect(codesOf(await check([two]))).toEqual(['anchor-missing'])
    // The receipt alone still checks with the local policy.
    expect((await evidence(['check', photo, '--policy', policyOf('local')])).code).toBe(0)
  })

  it('prove nothing of another file, another note, or when changed', async () => {
    const [one, two] = [join(path, 'one.anchor'), join(path, 'two.anchor')]
    const text = readFileSync(one, 'utf8')
    const changed = join(path, 'changed.anchor')
    const codesFor = async (edit: (whole: string) => string): Promise<string[]> => {
      writeFileSync(changed, edit(text))
      return codesOf(await check([changed, two]))
    }
    const note = Buffer.from((/^lower (.*)$/m.exec(text) as RegExpExecArray)[1] as string, 'base64').toString()
    const relined = (edit: (lines: string[]) => void) => (whole: string) => {
      const lines = whole.split('\n')
      edit(lines)
      return lines.join('\n')
    }
    const other = note.replace(
      /— (\S+) (.)/,
      (_all, name: string, first: string) => `— ${name} ${first === 'A' ? 'B' : 'A'}`,
    )
    expect(await codesFor(relined((lines) => (lines[1] = `lower ${Buffer.from(other).toString('base64')}`)))).toEqual([
      'file-differs',
    ])
    expect(await codesFor(relined((lines) => (lines[2] = 'from 2')))).toEqual(['anchor-unconnected'])
    expect(await codesFor(relined((lines) => lines.splice(3, 1)))).toEqual(['anchor-unconnected'])
    expect(await codesFor(relined((lines) => (lines[0] = 'evidence-ledger/anchor/v2')))).toEqual(['anchor-malformed'])
    expect(await codesFor(relined((lines) => (lines[2] = 'from 03')))).toEqual(['anchor-malformed'])
    writeFileSync(photo, 'another photograph')
    expect(codesOf(await check([one, two]))).toEqual(['file-differs', 'file-differs'])
    // An anchor that cannot be read ends the check before the file is compared.
    expect(await codesFor((whole) => whole.replace('anchor/v1', 'anchor/v2'))).toEqual(['anchor-malformed'])
  })
})
