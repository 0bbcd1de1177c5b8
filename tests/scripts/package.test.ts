import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type CliError,
  type CliResult,
  type CliServer,
  copyCase,
  evidence,
  evidenceOk,
  startServer,
  systemProgram,
} from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'
import { sha256Hex } from '../support/statements.ts'
import { lacks } from '../support/system-tools.ts'
import { type Files, forgeBag } from '../support/bag.ts'

const caseNumber = '(2026)沪0104刑初123号'

interface Report {
  readonly ok: boolean
  readonly policy: { readonly from: string; readonly packageDiffers: boolean }
  readonly case?: string
  readonly deposits: readonly {
    readonly index: number
    readonly size: number
    readonly claims: Record<string, unknown>
    readonly admission: { readonly state: string; readonly roles?: string[]; readonly path?: number[] }
    readonly files: readonly { readonly path: string; readonly ok: boolean }[]
    readonly deposited: number
    readonly notHere: readonly { readonly name: string }[]
    readonly notHereUnnamed: number
    readonly askedAt: number | null
  }[]
  readonly standing: string | null
  readonly checker: { readonly version: string; readonly at: string }
  readonly packed?: string
  readonly laterEvents: { readonly asked: object | null; readonly notShown: number }
  readonly related: readonly { readonly kind: string; readonly events: readonly object[] }[]
  readonly notChecked: readonly string[]
  readonly faults: readonly { readonly code: string }[]
  readonly notShown: readonly string[]
}

describe('evidence packages', () => {
  const { path, remove } = temporaryFolder()
  const desk = join(path, 'desk')
  const data = join(path, 'data')
  const policy = join(data, 'policy')
  let server: CliServer
  let number = 0

  const options = (): { cwd: string; env: Record<string, string> } => ({
    cwd: desk,
    env: { EVIDENCE_DATA: data, EVIDENCE_URL: server.url },
  })
  const run = (...args: string[]): Promise<CliResult> => evidence(args, options())
  const ok = (...args: string[]): Promise<CliResult> => evidenceOk(args, options())
  /** Packs to a new place, which is given. */
  async function pack(args: readonly string[], ending = ''): Promise<string> {
    const output = join(path, `package-${number++}${ending}`)
    await ok('package', ...args, '--out', output)
    return output
  }
  async function check(target: string, ...args: string[]): Promise<{ code: number | null; report: Report }> {
    const result = await run('check', target, '--json', ...args)
    return { code: result.code, report: result.json<Report>() }
  }
  const codes = ({ faults }: Report): string[] => [...new Set(faults.map(({ code }) => code))].sort()
  const forge = (from: string, change: (files: Files) => unknown): string =>
    forgeBag(from, join(path, `forged-${number++}`), change)

  beforeAll(async () => {
    server = await startServer(data)
    mkdirSync(desk)
    copyCase(join(desk, 'case-001'))
    writeFileSync(join(desk, 'photo.jpg'), 'a photo')
    writeFileSync(join(desk, 'a:b.txt'), 'a name that not every disk can hold')
    await ok('deposit', 'case-001', '--case', caseNumber)
    await ok('deposit', 'photo.jpg', '--case', caseNumber, '--note', 'by counter 2')
    await ok('deposit', 'a:b.txt', '--case', 'another case')
    await ok('attest', '3', '--as', 'witness')
  })
  afterAll(async () => {
    await server.stop()
    remove()
  })

  it('holds a folder’s deposit and a file’s: as a folder and as a zip the same', async () => {
    const folder = await pack(['case-001', 'photo.jpg', 'a:b.txt'])
    const zip = await pack(['case-001', 'photo.jpg', 'a:b.txt'], '.zip')
    for (const target of [folder, zip]) {
      const { code, report } = await check(target)
      expect(codes(report)).toEqual([])
      expect(code).toBe(0)
      expect(report.policy).toMatchObject({ from: 'given', packageDiffers: false })
      expect(report.deposits.map((one) => [one.index, one.files.length, one.deposited, one.notHere])).toEqual([
        [2, 9, 9, []],
        [3, 1, 1, []],
        [4, 1, 1, []],
      ])
      expect(report.standing).toBe('sound')
      for (const { admission, size } of report.deposits) {
        expect(admission).toMatchObject({ state: 'shown', roles: ['depositor'], path: [1, 0] })
        expect(size).toBe(6)
      }
      expect(report.deposits[2]?.files[0]?.path).toBe('data/deposits/003/files/renamed/1')
      expect(report.notShown.join()).not.toContain('of one history')
    }
    const text = (await ok('check', zip)).stdout
    expect(text).toContain('unchanged  files/photo/counter.jpg')
    expect(text).toContain('key admitted by entry 1 as depositor; back to the genesis by entries 1, 0')
    expect(text).toMatch(/no fault found\n$/)
    expect(readFileSync(join(folder, 'custody.txt'), 'utf8')).toContain('sealed       note: by counter 2')
  })

  it('is the same bytes for the same inputs, wherever and whenever', async () => {
    // The day of packing, for both.
    const SOURCE_DATE_EPOCH = '1795000000'
    const first = join(path, `package-${number++}.zip`)
    await evidenceOk(['package', 'photo.jpg', 'case-001', '--out', first], {
      ...options(),
      env: { ...options().env, SOURCE_DATE_EPOCH },
    })
    expect((await check(first)).report.packed).toBe('2026-11-18')
    const elsewhere = join(path, 'elsewhere')
    mkdirSync(elsewhere)
    const second = join(elsewhere, basename(first))
    const { cwd, env } = options()
    await evidenceOk(['package', 'case-001', 'photo.jpg', '--out', second], {
      cwd,
      env: { ...env, TZ: 'Asia/Shanghai', LANG: 'de_DE', SOURCE_DATE_EPOCH },
    })
    expect(readFileSync(second).equals(readFileSync(first))).toBe(true)
  })

  it('finds a case in the receipts of a folder and at the server, with its attestations, and may leave files out', async () => {
    const found = await check(await pack(['--case', caseNumber.normalize('NFKC')]))
    expect(found.code).toBe(0)
    expect(found.report.case).toBe(caseNumber.normalize('NFKC'))
    expect(found.report.deposits.map(({ index }) => index)).toEqual([2, 3])
    expect(found.report.related).toMatchObject([{ kind: 'evidence.attest', admission: { state: 'shown' } }])
    const digests = await pack(['--case', caseNumber, '--digests-only'], '.zip')
    const { code, report } = await check(digests)
    expect(code).toBe(0)
    expect(report.deposits.map(({ files, notHere }) => [files.length, notHere.length])).toEqual([
      [0, 9],
      [0, 1],
    ])
    // No receipt is here: those of the server serve, and the files are withheld.
    const nowhere = join(path, 'nowhere')
    mkdirSync(nowhere)
    const fromServer = await check(await pack(['--case', caseNumber, '--from', nowhere]))
    expect(fromServer.report.deposits.map(({ index }) => index)).toEqual([2, 3])
    const none = await run('package', '--case', 'no such case', '--out', join(path, 'none'), '--json')
    expect([none.code, none.json<CliError>().error.code]).toEqual([2, 'receipt-not-found'])
    expect(existsSync(join(path, 'none'))).toBe(false)
    const file = await run('package', caseNumber, '--out', join(path, 'none'), '--json')
    expect([file.code, file.json<CliError>().error]).toEqual([
      3,
      expect.objectContaining({ code: 'file-unreadable', message: expect.stringContaining('--case NUMBER') }),
    ])
    expect((await run('package', '--out', join(path, 'none'))).code).toBe(2)
  })

  it('holds one file of a folder by its proof, and no word of the others', async () => {
    const target = await pack(['case-001/photo/counter.jpg'])
    const { code, report } = await check(target)
    expect(code).toBe(0)
    expect(report.deposits.map((one) => [one.files.length, one.notHere, one.notHereUnnamed])).toEqual([[1, [], 8]])
    const all = readdirSync(target, { recursive: true, withFileTypes: true }).flatMap((entry) =>
      entry.isFile() ? [readFileSync(join(entry.parentPath, entry.name), 'latin1')] : [],
    )
    expect(all.join()).not.toContain('notice.eml')
  })

  it('takes admissions from an export, from the stopped ledger’s folder, or not at all', async () => {
    const bare = await check(await pack(['photo.jpg', '--without-admissions']))
    expect(bare.code).toBe(0)
    expect(bare.report.deposits[0]?.admission).toEqual({ state: 'not-shown' })
    expect(bare.report.notShown.join()).toContain('was admitted: see each receipt')
    await server.stop()
    try {
      await evidenceOk(['export', join(path, 'export')], options())
      const exported = await pack(['photo.jpg', '--dir', join(path, 'export')])
      const output = join(path, 'from-data')
      await evidenceOk(['package', 'photo.jpg', '--out', output], { cwd: desk, env: { EVIDENCE_DATA: data } })
      for (const target of [exported, output]) {
        expect((await check(target)).report.deposits[0]?.admission).toMatchObject({ state: 'shown', path: [1, 0] })
      }
    } finally {
      server = await startServer(data)
    }
  })

  it('is checked by the policy of the person who checks; by its own only where they say so', async () => {
    const target = await pack(['photo.jpg'])
    const nowhere = { cwd: path, env: { EVIDENCE_DATA: join(path, 'no-data') } }
    const none = await evidence(['check', target, '--json'], nowhere)
    expect([none.code, none.json<CliError>().error.code]).toEqual([2, 'usage'])
    const own = await evidence(['check', target, '--policy-from-package', '--json'], nowhere)
    expect([own.code, own.json<Report>().policy.from]).toEqual([0, 'package'])
    expect((await evidence(['check', target, '--policy-from-package'], nowhere)).stdout).toContain(
      'the package’s own word',
    )
    expect((await run('check', target, '--policy-from-package', '--policy', policy)).code).toBe(2)
    expect((await run('check', 'photo.jpg', '--policy-from-package')).code).toBe(2)
    // What is for one file would be passed over: it is refused.
    for (const flag of [['--online'], ['--transition', 'x'], ['--time-proof', 'x'], ['--anchor', 'x']]) {
      const refused = await run('check', target, '--policy', policy, ...flag)
      expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining(flag[0] as string)])
    }
    // Another ledger's package, which brings a policy of its own.
    const other = await temporaryPolicy()
    const replaced = forge(target, (files) => (files['policy'] = readFileSync(other)))
    const given = await check(replaced)
    expect([given.code, given.report.policy.packageDiffers]).toEqual([0, true])
    const foreign = await check(target, '--policy', other)
    expect([foreign.code, codes(foreign.report)]).toEqual([1, ['receipt-other-ledger']])
    expect((await check(replaced, '--policy-from-package')).code).toBe(1)
  })
  /** The policy of another ledger. */
  async function temporaryPolicy(): Promise<string> {
    const folder = join(path, 'other-data')
    await evidenceOk(['init', '--data', folder], { cwd: path })
    return join(folder, 'policy')
  }

  it('shows what a forger did who makes the manifests fit', async () => {
    const target = await pack(['case-001', 'photo.jpg'])
    const judged = async (change: (files: Files) => void): Promise<[number | null, string[]]> => {
      const { code, report } = await check(forge(target, change))
      return [code, codes(report)]
    }
    const receipt = 'data/deposits/002/receipt.tlog-proof'
    expect(await judged(() => {})).toEqual([0, []])
    expect(await judged((files) => (files['data/deposits/002/files/photo.jpg'] = 'another photo'))).toEqual([
      1,
      ['file-not-in-deposit'],
    ])
    expect(await judged((files) => (files['data/deposits/001/files/extra.txt'] = 'slipped in'))).toEqual([
      1,
      ['file-not-in-deposit'],
    ])
    expect(await judged((files) => (files['data/extra.txt'] = 'slipped in'))).toEqual([1, ['package-malformed']])
    expect(await judged((files) => delete files[receipt])).toEqual([1, ['package-malformed']])
    const other = 'data/deposits/001/latest.tlog-proof'
    expect(await judged((files) => (files[receipt] = files[other] as Buffer))).toEqual([
      1,
      ['file-not-in-deposit', 'package-malformed'],
    ])
    expect(
      await judged((files) => (files[receipt] = String(files[receipt]).replace(/\nindex 3\n/, '\nindex 2\n'))),
    ).toEqual([1, ['receipt-index']])
    const manifest = 'data/deposits/001/manifests/0.evidence-manifest'
    expect(
      (await judged((files) => (files[manifest] = String(files[manifest]).replace('mail/', 'main/'))))[1],
    ).toContain('file-differs')
    expect(
      await judged((files) => (files['withheld-sha256.txt'] = `${sha256Hex('x')}  data/deposits/001/files/x\n`)),
    ).toEqual([1, ['file-not-in-deposit']])
    // An admission taken away is no fault, and said.
    expect(await judged((files) => delete files['data/admissions/0.tlog-proof'])).toEqual([0, []])
    const beside = 'data/deposits/002/receipt'
    expect(await judged((files) => (files[`${beside}.time-proof`] = 'a time-stamp'))).toEqual([
      1,
      ['time-proof-malformed'],
    ])
    expect(await judged((files) => (files[`${beside}.key-transition`] = 'a transition'))).toEqual([
      1,
      ['transition-malformed'],
    ])
  })

  it('is refused whole, altered or incomplete, with exit code 1 and without a stack', async () => {
    const target = await pack(['photo.jpg'])
    const altered = join(path, 'altered')
    cpSync(target, altered, { recursive: true })
    writeFileSync(join(altered, 'data/deposits/001/files/photo.jpg'), 'another')
    const first = await check(altered)
    expect([first.code, codes(first.report)]).toEqual([1, ['file-not-in-deposit', 'package-altered']])
    rmSync(join(altered, 'data/deposits/001/files/photo.jpg'))
    expect(codes((await check(altered)).report)).toEqual(['package-incomplete'])
    const broken = join(path, 'broken.zip')
    writeFileSync(broken, readFileSync(await pack(['photo.jpg'], '.zip')).subarray(0, -30))
    const { code, report } = await check(broken)
    expect([code, codes(report)]).toEqual([1, ['package-zip']])
    expect((await run('check', broken)).stdout).toMatch(
      /FAULT package-zip: .*\nnothing else was read\n1 fault found\n$/,
    )
  })

  it('is not written over anything, nor of what does not hold', async () => {
    const target = await pack(['photo.jpg'])
    const again = await run('package', 'photo.jpg', '--out', target, '--json')
    expect([again.code, again.json<CliError>().error.code]).toEqual([2, 'file-exists'])
    renameSync(join(desk, 'photo.jpg'), join(desk, 'kept.jpg'))
    writeFileSync(join(desk, 'photo.jpg'), 'changed')
    try {
      const output = join(path, 'changed')
      const result = await run('package', 'photo.jpg', '--out', output, '--json')
      expect([result.code, result.json<CliError>().error.code]).toEqual([1, 'file-not-in-deposit'])
      expect(readdirSync(path).filter((name) => name.startsWith('changed'))).toEqual([])
    } finally {
      renameSync(join(desk, 'kept.jpg'), join(desk, 'photo.jpg'))
    }
  })

  it('leaves a zip that is evidence itself to its receipt', async () => {
    const zip = await pack(['photo.jpg'], '.zip')
    cpSync(zip, join(desk, 'evidence.zip'))
    await ok('deposit', 'evidence.zip')
    expect((await ok('check', 'evidence.zip')).stdout).toContain('unchanged since deposit')
  })

  describe.skipIf(lacks('openssl', 'sha256sum', 'python3'))('VERIFY.md', () => {
    /** Runs every command of the text, as they stand, in the package's folder. */
    function follow(folder: string): { code: number | null; output: string } {
      const guide = readFileSync(join(folder, 'VERIFY.md'), 'utf8')
      const commands = [...guide.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block]) => block).join('')
      expect(commands.match(/^python3 /gm)).toHaveLength(1)
      const { status, stdout, stderr } = spawnSync('bash', ['--norc', '-euo', 'pipefail', '-c', commands], {
        cwd: folder,
        encoding: 'utf8',
      })
      return { code: status, output: stdout + stderr }
    }

    it('has commands that all work, and say what there is', async () => {
      for (const args of [
        ['case-001', 'photo.jpg'],
        ['--case', caseNumber, '--digests-only'],
        ['case-001/photo/counter.jpg'],
      ]) {
        const folder = await pack(args)
        const before = readdirSync(folder, { recursive: true }).length
        const { code, output } = follow(folder)
        expect(output).toContain('Signature Verified Successfully')
        expect(output).toContain('admitted as depositor')
        expect(output).toMatch(/no fault found\n$/)
        expect(code).toBe(0)
        expect(readdirSync(folder, { recursive: true })).toHaveLength(before)
      }
      const unpacked = join(path, 'unpacked')
      const zip = await pack(['case-001'], '.zip')
      systemProgram('python3', ['-m', 'zipfile', '-e', zip, unpacked])
      expect(follow(join(unpacked, basename(zip, '.zip'))).code).toBe(0)
    })

    it('finds what a forger did', async () => {
      const folder = await pack(['case-001', 'photo.jpg'])
      const receipt = 'data/deposits/002/receipt.tlog-proof'
      const forgeries: [string, (files: Files) => void][] = [
        ['not byte-identical', (files) => (files['data/deposits/002/files/photo.jpg'] = 'another photo')],
        ['not byte-identical', (files) => (files['data/deposits/001/files/extra.txt'] = 'slipped in')],
        ['no receipt', (files) => (files['data/deposits/003/files/extra.txt'] = 'slipped in')],
        [
          'a signature on its checkpoint does not verify',
          (files) => (files[receipt] = String(files[receipt]).replace(/\n4\n/, '\n5\n')),
        ],
        ['not the manifest', (files) => (files['data/deposits/001/manifests/0.evidence-manifest'] = 'x')],
      ]
      for (const [message, change] of forgeries) {
        const { code, output } = follow(forge(folder, change))
        expect(output).toContain(message)
        expect(code).not.toBe(0)
      }
    })
  })
})
