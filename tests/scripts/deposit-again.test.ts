import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  type CliError,
  type CliResult,
  type CliServer,
  evidence,
  startFileServer,
  startProxy,
  startServer,
} from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'

interface Deposit {
  readonly outcome: string
  readonly index?: number
  readonly manifest?: string
  readonly error?: { readonly code: string; readonly message: string }
}

const { path: top, remove } = temporaryFolder()
const data = join(top, 'data')
let server: CliServer
let folder: string
let folders = 0

beforeAll(async () => {
  server = await startServer(data)
})
beforeEach(() => {
  folder = join(top, `test-${folders++}`)
  mkdirSync(folder)
})
afterAll(async () => {
  await server.stop()
  remove()
})

function run(args: readonly string[], cwd?: string): Promise<CliResult> {
  const url = ['prove', 'check'].includes(args[0] as string) ? [] : ['--url', server.url]
  return evidence([...args, '--data', data, ...url], cwd === undefined ? {} : { cwd })
}

async function deposit(
  args: readonly string[],
  cwd?: string,
): Promise<{ code: number | null; deposits: Deposit[]; error?: CliError['error'] }> {
  const result = await run(['deposit', ...args, '--json'], cwd)
  const { deposits = [], error } = result.json<{ deposits?: Deposit[] } & Partial<CliError>>()
  return { code: result.code, deposits, ...(error === undefined ? {} : { error }) }
}

function hash(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex')
}

function file(name: string, text = `${folder} ${name}`): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

describe('a second deposit of the same bytes', () => {
  it('F-B4, F-N9: that says something else is refused, and names what differs', async () => {
    const photo = file('photo.jpg')
    const relation = 'derived-from'
    const other = (await deposit([file('other.txt')])).deposits[0]?.index as number
    const leaf = (await run(['show', String(other), '--json'])).json<{ leafHash: string }>().leafHash
    const first = await deposit([photo, '--case', 'A1', '--note', 'first', '--category', 'file'])
    expect(first.deposits).toMatchObject([{ outcome: 'deposited' }])
    for (const [args, words] of [
      [['--note', 'second'], 'another note'],
      [['--case', 'A2'], 'another case'],
      [['--category', 'communication'], 'another category'],
      [['--relates', `${relation}:${other}:${leaf}`], 'other relations'],
      [['--digest', 'sha512'], 'other digest algorithms'],
      [['--ext', join(folder, 'ext.json')], 'ext is not in it'],
      [['--key', join(data, 'keys', 'administrator.pem'), '--id', 'administrator'], 'not by administrator'],
    ] as const) {
      writeFileSync(join(folder, 'ext.json'), '{"mine":1}')
      const { code, deposits } = await deposit([photo, ...args])
      expect({ words, code, outcome: deposits[0]?.outcome, error: deposits[0]?.error?.code }).toEqual({
        words,
        code: 2,
        outcome: 'refused',
        error: 'deposit-differs',
      })
      expect(deposits[0]?.error?.message).toContain(words)
    }
    // What was said already, or says less, is there.
    for (const args of [[], ['--note', 'first'], ['--case', 'A1', '--note', 'first', '--category', 'file']]) {
      expect((await deposit([photo, ...args])).deposits).toMatchObject([
        { outcome: 'existing', index: first.deposits[0]?.index },
      ])
    }
  })

  it('F-B5: by a pattern that now names its receipts too, records them not', async () => {
    const names = ['a.txt', 'b.txt']
    for (const name of names) file(name)
    const everything = (): string[] => readdirSync(folder).map((name) => join(folder, name))
    const first = await deposit(everything())
    expect(first.deposits).toMatchObject([{ outcome: 'deposited' }])
    const again = await deposit(everything())
    expect(again).toMatchObject({ code: 0, deposits: [{ outcome: 'existing', index: first.deposits[0]?.index }] })
    expect(readdirSync(folder).filter((name) => name.includes('.tlog-proof.'))).toEqual([])
    // A receipt by itself is a file like any other.
    expect((await deposit([join(folder, 'a.txt.tlog-proof')])).deposits).toMatchObject([{ outcome: 'deposited' }])
  })

  it('F-B5: of two sets of 65 files in one folder has two manifests, and both are found', async () => {
    const sets = ['x', 'y'].map((prefix) => Array.from({ length: 65 }, (_, i) => file(`${prefix}-${i}.txt`)))
    const manifests: (string | undefined)[] = []
    for (const set of sets) {
      const { deposits } = await deposit(set)
      expect(deposits).toMatchObject([{ outcome: 'deposited' }])
      manifests.push(deposits[0]?.manifest)
    }
    expect(new Set(manifests).size).toBe(2)
    for (const set of sets) expect((await run(['check', set[7] as string])).code).toBe(0)
    const anew = await deposit([...(sets[0] as string[]), '--again'])
    expect(anew.deposits).toMatchObject([{ outcome: 'deposited', manifest: manifests[0] }])
    const kept = readdirSync(folder).filter((name) => /\.entry-\d+\.(?:evidence-manifest|tlog-proof)$/.test(name))
    expect(kept).toHaveLength(2)
    expect((await run(['check', sets[0]?.[7] as string])).code).toBe(0)
  })

  it('F-B5: six at once make one entry, and each has its receipt', async () => {
    const one = file('one.txt')
    const results = await Promise.all(Array.from({ length: 6 }, () => deposit([one])))
    const indices = new Set(results.map(({ deposits }) => deposits[0]?.index))
    expect(results.map(({ code }) => code)).toEqual([0, 0, 0, 0, 0, 0])
    expect(indices.size).toBe(1)
    expect(readdirSync(folder).sort()).toEqual(['one.txt', 'one.txt.tlog-proof'])
  })

  it('F-B5: of the folder one stands in has its receipt beside that folder', async () => {
    const inner = join(folder, 'inner')
    mkdirSync(inner)
    writeFileSync(join(inner, 'a.txt'), folder)
    expect((await deposit(['.'], inner)).deposits).toMatchObject([{ outcome: 'deposited' }])
    expect(readdirSync(folder).sort()).toEqual(['inner', 'inner.evidence-manifest', 'inner.tlog-proof'])
    expect(readdirSync(inner)).toEqual(['a.txt'])
    expect((await run(['check', '.'], inner)).code).toBe(0)
  })
})

describe('a deposit that was never answered', () => {
  it('F-RB-H1: sent again by its statement, has its manifest, which nothing removes', async () => {
    const inner = join(folder, 'dir')
    mkdirSync(inner)
    writeFileSync(join(inner, '1'), `${folder} 1`)
    const broken = await startProxy(server.url, (line) => (line === 'POST /v1/statements' ? 'break after' : 'pass'))
    try {
      const first = await evidence(['deposit', inner, '--id', 'depositor', '--data', data, '--url', broken.url])
      expect(first.code).toBe(3)
    } finally {
      await broken.close()
    }
    const sent = await deposit(['--resend', `${inner}.evidence-statement`])
    expect(sent).toMatchObject({ code: 0, deposits: [{ manifest: `${inner}.evidence-manifest` }] })
    expect((await run(['check', inner])).code).toBe(0)
    const manifest = readFileSync(`${inner}.evidence-manifest`, 'utf8')
    writeFileSync(join(inner, '2'), `${folder} 2`)
    expect((await deposit([inner, '--again'])).deposits).toMatchObject([{ outcome: 'deposited' }])
    const kept = readdirSync(folder).filter((name) => /\.entry-\d+\.evidence-manifest$/.test(name))
    expect(kept.map((name) => readFileSync(join(folder, name), 'utf8'))).toEqual([manifest])
  })

  it('F-RB-M1: again by six at once, leaves each receipt beside its own manifest', async () => {
    const inner = join(folder, 'dir')
    mkdirSync(inner)
    writeFileSync(join(inner, '1'), `${folder} 1`)
    expect((await deposit([inner])).code).toBe(0)
    const runs = await Promise.all(Array.from({ length: 6 }, () => deposit([inner, '--again'])))
    expect(runs.map(({ code }) => code)).toEqual([0, 0, 0, 0, 0, 0])
    expect((await run(['check', inner])).code).toBe(0)
    const receipts = readdirSync(folder).filter((name) => name.endsWith('.tlog-proof'))
    expect(receipts).toHaveLength(7)
    for (const name of receipts) {
      const checked = await run(['check', inner, '--receipt', join(folder, name)])
      expect({ name, code: checked.code }).toEqual({ name, code: 0 })
    }
    expect(readdirSync(folder).filter((name) => name.includes('.turn') || name.includes('.pending'))).toEqual([])
  })
})

describe('what an output may replace', () => {
  it('F-RB-H4: not a receipt by one that shows fewer sealed claims', async () => {
    const one = file('one.txt')
    const { deposits } = await deposit([one, '--note', 'sealed'])
    const before = readFileSync(`${one}.tlog-proof`, 'utf8')
    const bare = await run(['receipt', String(deposits[0]?.index), '--out', `${one}.tlog-proof`, '--json'])
    expect({ code: bare.code, error: bare.json<CliError>().error?.code }).toEqual({ code: 2, error: 'file-exists' })
    expect(readFileSync(`${one}.tlog-proof`, 'utf8')).toBe(before)
  })

  it('F-RB-H5: not a kept checkpoint by one of a smaller or another history', async () => {
    const kept = join(folder, 'kept.checkpoint')
    expect((await run(['verify', '--save-checkpoint', kept])).code).toBe(0)
    expect((await deposit([file('more.txt')])).code).toBe(0)
    const older = join(folder, 'older.checkpoint')
    writeFileSync(older, readFileSync(kept))
    expect((await run(['verify', '--save-checkpoint', kept])).code).toBe(0)
    const newer = readFileSync(kept, 'utf8')
    // A mirror that stands where the older one was taken.
    const rolledBack = await startFileServer((path) => (path === '/checkpoint' ? readFileSync(older) : undefined))
    const result = await evidence([
      'verify',
      '--url',
      rolledBack.url,
      '--policy',
      join(data, 'policy'),
      '--save-checkpoint',
      kept,
      '--json',
    ])
    await rolledBack.close()
    expect(result.code).toBe(1)
    expect(readFileSync(kept, 'utf8')).toBe(newer)
  })

  it('F-RB-M4: and a file proof holds no sealed claims of its folder, unless asked for', async () => {
    const inner = join(folder, 'secret')
    mkdirSync(inner)
    for (const name of ['a', 'b']) writeFileSync(join(inner, name), `${folder} ${name}`)
    expect((await deposit([inner, '--case', '2026-77', '--note', 'not for outsiders'])).code).toBe(0)
    const proof = join(folder, 'a.file-proof')
    expect((await run(['prove', join(inner, 'a'), '--out', proof])).code).toBe(0)
    const shown = await run(['check', join(inner, 'a'), '--receipt', proof])
    expect(shown.code).toBe(0)
    expect(shown.stdout).not.toContain('not for outsiders')
    const all = join(folder, 'all.file-proof')
    expect((await run(['prove', join(inner, 'a'), '--out', all, '--with-claims'])).code).toBe(0)
    expect((await run(['check', join(inner, 'a'), '--receipt', all])).stdout).toContain('not for outsiders')
  })
})

describe('what stands in the way of a deposit', () => {
  it('F-B7, F-N16: is said before anything is hashed, all of it, with the way out', async () => {
    const long = '中'.repeat(79)
    const path = file(`${long}.txt`)
    const refused = await deposit([path])
    expect(refused).toMatchObject({ code: 3, error: { code: 'file-unwritable' } })
    expect(refused.error?.action).toContain('--receipts')
    const receipts = join(folder, 'receipts')
    const made = await deposit([path, '--receipts', receipts])
    expect(made).toMatchObject({ code: 0, deposits: [{ outcome: 'deposited' }] })
    const [receipt = ''] = readdirSync(receipts)
    expect((await run(['check', path, '--receipt', join(receipts, receipt)])).code).toBe(0)
    const missing = await deposit([path, '--receipts', join(path, 'not-a-folder')])
    expect(missing.code).toBe(3)
  })

  it('F-B2: a receipt’s place that holds a folder, a link or a device is left as it is', async () => {
    const one = file('one.txt')
    mkdirSync(`${one}.tlog-proof`)
    expect((await deposit([one])).error?.code).toBe('file-exists')
    rmSync(`${one}.tlog-proof`, { recursive: true })
    symlinkSync(file('precious.txt', 'precious'), `${one}.tlog-proof`)
    expect((await deposit([one])).error?.code).toBe('file-exists')
    expect(readFileSync(join(folder, 'precious.txt'), 'utf8')).toBe('precious')
    rmSync(`${one}.tlog-proof`)
    writeFileSync(`${one}.tlog-proof`, 'my notes')
    expect((await deposit([one])).deposits[0]?.error?.code).toBe('file-exists')
    expect(readFileSync(`${one}.tlog-proof`, 'utf8')).toBe('my notes')
  })

  it('F-B2: no command writes over what is no artefact of its own about the same', async () => {
    const inner = join(folder, 'k')
    mkdirSync(inner)
    for (const name of ['7', '3']) writeFileSync(join(inner, name), `${folder} ${name}`)
    expect((await deposit([inner])).code).toBe(0)
    const seven = join(inner, '7')
    const receipt = `${inner}.tlog-proof`
    const before = new Map([seven, receipt].map((path) => [path, readFileSync(path, 'utf8')]))
    const { index: other = 0 } = (await deposit([file('else.txt')])).deposits[0] as Deposit
    for (const args of [
      ['prove', seven, '--out', seven],
      ['prove', seven, '--out', receipt],
      ['prove', seven, '--out', '/dev/null'],
      ['show', String(other), '--receipt', seven],
      ['show', String(other), '--receipt', receipt],
      ['receipt', String(other), '--out', seven],
      ['receipt', String(other), '--out', receipt],
      ['receipt', String(other), '--out', folder],
      ['verify', '--save-checkpoint', seven],
      ['attest', String(other), '--as', 'witness', '--receipt', seven],
      ['transition', receipt, '--out', seven],
      ['participants', 'revoke', 'depositor', '--reason', 'other', '--propose', seven],
    ]) {
      const result = await run([...args, '--json'])
      expect({ args, code: result.code, error: result.json<CliError>().error?.code }).toEqual({
        args,
        code: 2,
        error: 'file-exists',
      })
    }
    for (const [path, text] of before) expect(readFileSync(path, 'utf8')).toBe(text)
    // The same proof again, and a later receipt of the same entry, are what they were.
    expect((await run(['prove', seven])).code).toBe(0)
    expect((await run(['prove', seven])).code).toBe(0)
    expect((await run(['show', String(other), '--receipt', join(folder, 'else.txt.tlog-proof')])).code).toBe(0)
  })
})

describe('a deposit without the files', () => {
  it('F-B12: of a finished SHA256SUMS, as sha256sum writes it', async () => {
    const [a, b] = [file('b.txt', 'b'), file('a.txt', 'a')]
    const sums = file('SHA256SUMS', `${hash(a)}  ./b.txt\n${hash(b)} *a.txt\n`)
    const { code, deposits } = await deposit(['--sums', sums])
    expect({ code, deposits }).toMatchObject({
      code: 0,
      deposits: [{ outcome: 'deposited', manifest: `${sums}.evidence-manifest` }],
    })
    const checked = await run([
      'check',
      a,
      '--receipt',
      `${sums}.tlog-proof`,
      '--manifest',
      `${sums}.evidence-manifest`,
    ])
    expect(checked.code).toBe(0)
    writeFileSync(a, 'changed')
    expect(
      (await run(['check', a, '--receipt', `${sums}.tlog-proof`, '--manifest', `${sums}.evidence-manifest`])).code,
    ).toBe(1)
    expect((await deposit(['--sums', file('bad', 'not a digest\n')])).deposits[0]?.error?.code).toBe(
      'manifest-malformed',
    )
  })

  it('F-B12: of one digest, with its size', async () => {
    const one = file('hello.txt', 'hello')
    const digest = `sha256:${hash(one)}`
    const { code, deposits } = await deposit(['--without-file', digest, '--size', '5', '--name', 'hello.txt'], folder)
    expect({ code, deposits }).toMatchObject({ code: 0, deposits: [{ outcome: 'deposited' }] })
    expect((await run(['check', one])).code).toBe(0)
    expect((await deposit(['--without-file', digest])).error?.code).toBe('usage')
    expect((await deposit(['--without-file', `md5:${'0'.repeat(32)}`, '--size', '5'])).error?.code).toBe(
      'digest-weak-only',
    )
    expect((await deposit(['--size', '5'])).error?.code).toBe('usage')
    expect((await deposit([])).error?.code).toBe('usage')
  })
})
