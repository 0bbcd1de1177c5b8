import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type CliError,
  type CliResult,
  type CliServer,
  evidence,
  evidenceOk,
  startServer,
  systemProgram,
} from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'
import { sampled } from '../support/long.ts'

interface Fault {
  readonly code: string
  readonly file?: string
  readonly message: string
}
interface FolderReport {
  readonly ok: boolean
  readonly standing: string
  readonly counts: Readonly<Record<string, number>>
  readonly files: readonly { readonly name: string; readonly state: string; readonly now?: string }[]
  readonly unlisted: readonly string[]
  readonly faults: readonly Fault[]
}

const cli = fileURLToPath(new URL('../../cli/evidence.mjs', import.meta.url))
const { path, remove } = temporaryFolder()
const data = join(path, 'data')
const deposited = join(path, 'phone')
let server: CliServer

const names = ['a.jpg', 'b.jpg', 'chat/c.json', 'café.txt', 'last.txt'] as const

const check = (file: string, ...args: string[]): Promise<CliResult> =>
  evidence(['check', file, '--data', data, ...args])

/** A copy of the deposited folder with its manifest and receipt, in a folder of its own. */
function copy(name: string): string {
  const to = join(path, name, 'phone')
  mkdirSync(dirname(to))
  for (const ending of ['', '.evidence-manifest', '.tlog-proof'])
    cpSync(`${deposited}${ending}`, `${to}${ending}`, { recursive: true })
  return to
}

beforeAll(async () => {
  server = await startServer(data)
  mkdirSync(join(deposited, 'chat'), { recursive: true })
  for (const name of names) writeFileSync(join(deposited, name), `content of ${name}`)
  await evidenceOk(['deposit', deposited, '--data', data, '--url', server.url])
})
afterAll(async () => {
  await server.stop()
  remove()
})

describe('F-B11: a folder is looked at whole', () => {
  it('F-B11: counts at the end, and one unreadable file hides no altered one', async () => {
    const folder = copy('whole')
    const fine = await check(folder)
    expect(fine.code).toBe(0)
    expect(fine.stdout).toMatch(
      /\nno fault found: 5 of 5 files unchanged since \d+ \w+ \d{4} \d\d:\d\d \S+, deposited by depositor\n$/,
    )
    writeFileSync(join(folder, 'a.jpg'), 'altered')
    rmSync(join(folder, 'last.txt'))
    writeFileSync(join(folder, 'new.txt'), 'new')
    const report = await check(folder, '--json')
    expect(report.code).toBe(1)
    const { counts, faults, unlisted } = report.json<FolderReport>()
    expect(counts).toEqual({
      listed: 5,
      unchanged: 3,
      respelled: 0,
      moved: 0,
      differs: 1,
      missing: 1,
      unreadable: 0,
      unlisted: 1,
    })
    expect(faults.map(({ code, file }) => [code, file])).toEqual([
      ['file-differs', 'a.jpg'],
      ['file-not-in-deposit', 'last.txt'],
    ])
    expect(unlisted).toEqual(['new.txt'])
    const text = await check(folder)
    expect(text.stdout).toContain('FAULT file-differs: a.jpg: ')
    expect(text.stdout).toContain(
      '\n3 of 5 files unchanged, 1 differs, 1 missing, 1 not in the deposit\n2 faults found\n',
    )
  })

  it('F-B11: says what it could not read, exit 3, and 1 where another is altered', async () => {
    const folder = copy('unreadable')
    chmodSync(path, 0o755)
    chmodSync(join(folder, 'a.jpg'), 0)
    chmodSync(join(folder, 'chat'), 0)
    const policy = join(path, 'unreadable', 'policy')
    cpSync(join(data, 'policy'), policy)
    for (const one of [policy, `${folder}.tlog-proof`, `${folder}.evidence-manifest`]) chmodSync(one, 0o644)
    // The system's administrator may read everything, so that another user must look.
    const isRoot = process.getuid?.() === 0
    const look = (): { code: number | null; report: FolderReport } => {
      const args = [cli, 'check', folder, '--policy', policy, '--json']
      const { status, stdout } = spawnSync(process.execPath, args, {
        encoding: 'utf8',
        ...(isRoot ? { uid: 65_534, gid: 65_534 } : {}),
      })
      return { code: status, report: JSON.parse(stdout) as FolderReport }
    }
    const unreadable = look()
    expect([unreadable.code, unreadable.report.counts['unreadable']]).toEqual([3, 2])
    expect(unreadable.report.faults.map(({ file }) => file)).toEqual(['a.jpg', 'chat/c.json'])
    writeFileSync(join(folder, 'b.jpg'), 'altered')
    const both = look()
    expect([both.code, both.report.counts['differs'], both.report.counts['unreadable']]).toEqual([1, 1, 2])
    chmodSync(join(folder, 'chat'), 0o755)
  })

  it('F-B11: a receipt that is wrong is named too', async () => {
    const folder = copy('receipt')
    const receipt = `${folder}.tlog-proof`
    writeFileSync(receipt, readFileSync(receipt, 'utf8').replaceAll('\n', '\r\n'))
    const result = await check(join(folder, 'a.jpg'), '--json', '--receipt', receipt)
    const [fault] = result.json<FolderReport>().faults
    expect([result.code, fault?.code, fault?.file]).toEqual([1, 'receipt-malformed', receipt])
    expect(fault?.message).toContain('CR line ends')
  })
})

describe('F-B8: a file is known by its bytes', () => {
  it('F-B8: composed or decomposed, the name is the same', async () => {
    const folder = copy('respelled')
    const [nfc, nfd] = ['café.txt'.normalize('NFC'), 'café.txt'.normalize('NFD')]
    renameSync(join(folder, nfc), join(folder, nfd))
    const { code, stdout } = await check(folder)
    expect(code).toBe(0)
    expect(stdout).toContain('same bytes, name spelled otherwise')
    expect(stdout).not.toMatch(/missing|not in the deposit:/)
    const one = await check(join(folder, nfd))
    expect([one.code, one.stdout]).toEqual([0, expect.stringContaining('same bytes, name spelled otherwise')])
  })

  it('F-B8: renamed, moved or changed for another, it says where the bytes are', async () => {
    const folder = copy('moved')
    renameSync(join(folder, 'a.jpg'), join(folder, 'chat', 'renamed.jpg'))
    const moved = await check(folder, '--json')
    expect(moved.code).toBe(1)
    const report = moved.json<FolderReport>()
    expect(report.files.find(({ name }) => name === 'a.jpg')).toMatchObject({ state: 'moved', now: 'chat/renamed.jpg' })
    expect(report.unlisted).toEqual([])
    expect((await check(folder)).stdout).toContain('same bytes, now at chat/renamed.jpg')
    const one = await check(join(folder, 'chat', 'renamed.jpg'))
    expect([one.code, one.stdout]).toEqual([
      0,
      expect.stringContaining('listed in the deposit as a.jpg: same bytes, now at chat/renamed.jpg'),
    ])
    renameSync(join(folder, 'b.jpg'), join(folder, 'x'))
    renameSync(join(folder, 'last.txt'), join(folder, 'b.jpg'))
    renameSync(join(folder, 'x'), join(folder, 'last.txt'))
    const swapped = (await check(folder, '--json')).json<FolderReport>()
    expect(swapped.files.find(({ name }) => name === 'b.jpg')).toMatchObject({ state: 'DIFFERS', now: 'last.txt' })
  })

  it('F-B8: a name that is not UTF-8 is given as bytes, or as it is printed', async () => {
    const folder = join(path, 'gbk')
    const gbk = Buffer.from([0xc4, 0xe3, 0xba, 0xc3, 0x2e, 0x6a, 0x70, 0x67])
    mkdirSync(folder)
    writeFileSync(Buffer.concat([Buffer.from(`${folder}/`), gbk]), 'in an old spelling')
    await evidenceOk(['deposit', folder, '--data', data, '--url', server.url])
    const shown = '\\x{c4}\\x{e3}\\x{ba}\\x{c3}.jpg'
    const whole = await check(folder)
    expect([whole.code, whole.stdout]).toEqual([0, expect.stringContaining(`unchanged  ${shown}\n`)])
    expect((await check(folder, '--json')).json<FolderReport>().files).toMatchObject([
      { name: shown, state: 'unchanged' },
    ])
    const typed = await check(join(folder, shown))
    expect([typed.code, typed.stdout]).toEqual([0, expect.stringContaining(`listed in the deposit as ${shown}\n`)])
    // A shell hands the bytes over as they are.
    const script = `'${process.execPath}' '${cli}' check '${folder}'/*.jpg --data '${data}'`
    const raw = spawnSync('sh', ['-c', script], { encoding: 'utf8' })
    expect([raw.status, raw.stdout]).toEqual([0, expect.stringContaining(`listed in the deposit as ${shown}\n`)])
  })
})

describe('F-B8: a file whose name, and whose folder’s name, is not UTF-8', () => {
  const bytes = (text: string): Buffer => Buffer.from(text, 'latin1')
  const folder = (): string => join(path, 'of-gbk')
  const at = (name: string): Buffer => Buffer.concat([Buffer.from(`${folder()}/`), bytes(name)])
  const names = (of: Buffer): string[] =>
    readdirSync(of, { encoding: 'buffer' })
      .map((name) => name.toString('latin1'))
      .toSorted()
  /** A command whose last words are written by the shell, which hands bytes over as they are. */
  const shell = (command: string): { status: number | null; said: string } => {
    const script = `cd '${folder()}' && '${process.execPath}' '${cli}' ${command} --data '${data}'`
    const { status, stdout, stderr } = spawnSync('sh', ['-c', script], { encoding: 'utf8' })
    return { status, said: `${stdout}${stderr}` }
  }

  it('F-B8: is deposited alone, with others, again, into another folder, and proved', async () => {
    mkdirSync(at('\xb0\xb8'), { recursive: true })
    for (const name of ['\xd6\xd0.jpg', '\xd6\xd1.jpg', '\xb0\xb8/\xff.txt'])
      writeFileSync(at(name), `content of ${name}`)
    const url = `--url '${server.url}'`
    expect(shell(`deposit *.jpg ${url}`)).toMatchObject({
      status: 0,
      said: expect.stringContaining('\\x{d6}\\x{d0}.jpg'),
    })
    const receipts = ['\xd6\xd0.jpg', '\xd6\xd1.jpg'].flatMap((name) => [name, `${name}.tlog-proof`])
    expect(names(at('.'))).toEqual(['\xb0\xb8', ...receipts].toSorted())
    for (const name of ['\\x{d6}\\x{d0}.jpg', '\\x{d6}\\x{d1}.jpg'])
      expect((await check(join(folder(), name))).code).toBe(0)
    expect(shell(`deposit *.jpg ${url}`)).toMatchObject({ status: 0, said: expect.stringMatching(/^existing/) })
    expect(shell(`deposit *.jpg --again --note again ${url}`).status).toBe(0)
    expect(names(at('.')).filter((name) => /^\xd6.+\.entry-\d+\.tlog-proof$/.test(name))).toHaveLength(2)
    // By its printed name, with the receipt elsewhere.
    const printed = join(folder(), '\\x{d6}\\x{d1}.jpg')
    await evidenceOk(['deposit', printed, '--receipts', join(folder(), 'out'), '--data', data, '--url', server.url])
    expect(names(at('out'))).toEqual(['\xd6\xd1.jpg.tlog-proof'])
    // In a folder that is deposited whole: one file of it is proved, and checked by the proof alone.
    expect(shell(`deposit "$(printf '\\260\\270')" ${url}`).status).toBe(0)
    expect(shell(`prove "$(printf '\\260\\270')"/*.txt`).status).toBe(0)
    expect(names(at('\xb0\xb8'))).toEqual(['\xff.txt', '\xff.txt.file-proof'])
    rmSync(at('\xb0\xb8.evidence-manifest'))
    expect(shell(`check "$(printf '\\260\\270')"/*.txt`)).toMatchObject({ status: 0 })
  })
})

describe('F-B6: exit 1 says that evidence does not verify', () => {
  it('F-B6: another’s manifest nearer by is passed over', async () => {
    const folder = copy('foreign')
    const chat = join(folder, 'chat')
    const digest = createHash('sha256').update('other').digest('hex')
    for (const [name, text] of [
      ['broken', 'no manifest\n'],
      ['foreign', `${digest}  c.json\n`],
    ] as const) {
      writeFileSync(join(chat, `${name}.evidence-manifest`), text)
      writeFileSync(join(chat, `${name}.tlog-proof`), 'no receipt\n')
    }
    const { code, stdout, stderr } = await check(join(chat, 'c.json'))
    expect([code, stdout]).toEqual([0, expect.stringContaining('no fault found')])
    expect(stderr).toMatch(/passed over \S*broken\.evidence-manifest/)
    expect(stderr).toMatch(/passed over \S*foreign\.evidence-manifest, whose receipt does not verify/)
  })

  it('F-B6: an empty folder, a document and a zip that is no package are files without a receipt', async () => {
    const empty = join(path, 'empty')
    mkdirSync(empty)
    const document = join(path, 'letter.docx')
    const script = 'import sys, zipfile; zipfile.ZipFile(sys.argv[1], "w").writestr("word/document.xml", "<w/>")'
    expect(systemProgram('python3', ['-c', script, document]).code).toBe(0)
    for (const one of [empty, document]) {
      const result = await check(one, '--json')
      expect([result.code, result.json<CliError>().error.code]).toEqual([2, 'receipt-not-found'])
    }
    await evidenceOk(['deposit', document, '--data', data, '--url', server.url])
    expect((await check(document)).code).toBe(0)
  })

  it('F-B12: a pipe is refused at once', async () => {
    const pipe = join(path, 'pipe')
    expect(spawnSync('mkfifo', [pipe]).status).toBe(0)
    const { code, stdout } = await check(pipe, '--json')
    expect([code, JSON.parse(stdout)]).toMatchObject([3, { error: { code: 'file-unreadable' } }])
  })

  it('F-B9: uses the manifest of the receipt that is named', async () => {
    const folder = copy('elsewhere')
    const receipts = join(path, 'receipts')
    mkdirSync(receipts)
    for (const ending of ['.evidence-manifest', '.tlog-proof'])
      renameSync(`${folder}${ending}`, join(receipts, `p${ending}`))
    expect((await check(folder, '--receipt', join(receipts, 'p.tlog-proof'))).code).toBe(0)
    expect((await check(folder, '--json')).json<CliError>().error.code).toBe('receipt-not-found')
  })
})

describe('F-B1: the verdict is in the exit code, no matter who reads', () => {
  const outputs = sampled('tests/scripts/check-faults.test.ts', 'outputs', [[''], [' --json']])
  it.each(outputs)('F-B1: closed pipes, a full disk and a closed output, with "%s"', async (json) => {
    const folder = join(path, `many${json}`)
    mkdirSync(folder)
    for (let i = 0; i < 400; i++) writeFileSync(join(folder, `a file with a long name, number ${i}`), String(i))
    await evidenceOk(['deposit', folder, '--data', data, '--url', server.url])
    const run = (after: string): { status: number | null; stderr: string } =>
      spawnSync(
        'bash',
        [
          '--norc',
          '-c',
          `set -o pipefail; '${process.execPath}' '${cli}' check '${folder}' --data '${data}'${json} ${after}`,
        ],
        { encoding: 'utf8' },
      )
    expect(run('> /dev/full').status).toBe(3)
    expect(run('> /dev/full').stderr).toMatch(/^evidence: output-failed: [^\n]*\n$/)
    for (let i = 0; i < 400; i++) writeFileSync(join(folder, `a file with a long name, number ${i}`), 'altered')
    for (const after of ['| head -1', '| grep -q number', '> /dev/full', '>&-']) {
      expect([after, run(after).status]).toEqual([after, 1])
    }
    for (const command of ['find', 'show', 'verify']) {
      const about = command === 'find' ? ['--kind', 'evidence.deposit'] : command === 'show' ? ['2'] : []
      const args = [
        command,
        ...about,
        ...(command === 'verify' ? [] : ['--data', data]),
        '--url',
        server.url,
        ...(json === '' ? [] : ['--json']),
      ]
      const policy = command === 'verify' ? ['--policy', join(data, 'policy')] : []
      const line = [...args, ...policy].map((arg) => `'${arg}'`).join(' ')
      const full = spawnSync('bash', ['--norc', '-c', `'${process.execPath}' '${cli}' ${line} > /dev/full`], {
        encoding: 'utf8',
      })
      expect([command, full.status, full.stderr.split('\n').filter((text) => text.startsWith('    at '))]).toEqual([
        command,
        3,
        [],
      ])
      const piped = spawnSync(
        'bash',
        ['--norc', '-c', `set -o pipefail; '${process.execPath}' '${cli}' ${line} | head -c 1`],
        {
          encoding: 'utf8',
        },
      )
      expect([command, piped.status]).toEqual([command, 0])
    }
  })
})

describe('F-N7: a file within a deposited folder', () => {
  it('F-N7: is found through its manifest; else it is said what was not asked', async () => {
    const find = (file: string, ...args: string[]) =>
      evidence(['find', file, '--data', data, '--url', server.url, ...args])
    const found = await find(join(deposited, 'a.jpg'), '--json')
    expect(found.code).toBe(0)
    expect(found.json()).toMatchObject({ entries: [{ kind: 'evidence.deposit' }], through: { listedAs: 'a.jpg' } })
    const elsewhere = temporaryFolder()
    const alone = join(elsewhere.path, 'a.jpg')
    cpSync(join(deposited, 'a.jpg'), alone)
    const nothing = await find(alone)
    elsewhere.remove()
    expect([nothing.code, nothing.stdout]).toEqual([
      0,
      expect.stringContaining('does not say that the file was never deposited'),
    ])
  })
})

describe('F-N20, F-N15: what a check says of the deposit', () => {
  it('F-N20: says the admitted name and who admitted it, when it ran, and what program it is', async () => {
    const file = join(path, 'named.txt')
    writeFileSync(file, 'named')
    await evidenceOk(['deposit', file, '--data', data, '--url', server.url])
    // The zone is read when Node starts: the command gets a process of its own, and that runs the one file.
    const env = {
      TZ: 'Asia/Shanghai',
      EVIDENCE_URL: server.url,
      EVIDENCE_POLICY: join(data, 'policy'),
      EVIDENCE_KEY: join(data, 'keys/depositor.pem'),
    }
    const away = join(path, 'away')
    mkdirSync(away, { recursive: true })
    const online = await evidence(['check', file, '--online', '--json'], { env, cwd: away })
    expect([online.code, online.stderr]).toEqual([0, ''])
    const report = online.json<{ standing: string; index: number; checker: { program: { sha256: string } } }>()
    const program = readFileSync(join(dirname(dirname(cli)), 'dist', 'check.mjs'))
    expect(report).toMatchObject({
      standing: 'sound',
      admission: { roles: ['depositor'], by: { iss: 'administrator' } },
      checker: { program: { name: 'check.mjs', sha256: createHash('sha256').update(program).digest('hex') } },
    })
    expect((await check(file, '--json')).json<{ standing: string }>().standing).toBe('not-asked')
    expect((await check(file)).stdout).toContain('the ledger was not asked')
    const verified = await evidence(['verify', '--json'], { env, cwd: away })
    expect([verified.code, verified.stderr]).toEqual([0, ''])
    await evidenceOk(['retract', String(report.index), '--reason', 'mistake', '--data', data, '--url', server.url])
    const retracted = await evidence(['check', file, '--online'], { env, cwd: away })
    expect([retracted.code, retracted.stdout]).toEqual([0, expect.stringMatching(/^RETRACTED: /)])
    expect(
      (await evidence(['check', file, '--online', '--json'], { env, cwd: away })).json<{ standing: string }>().standing,
    ).toBe('retracted')
  })

  it('F-B6: a server of another ledger accuses nobody', async () => {
    const other = await startServer(join(path, 'other'))
    const result = await check(join(deposited, 'a.jpg'), '--online', '--json', '--url', other.url)
    await other.stop()
    expect([result.code, result.json<CliError>().error.code]).toEqual([2, 'usage'])
  })
})
