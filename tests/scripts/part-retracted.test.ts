import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CliError, type CliResult, type CliServer, evidence, evidenceOk, startServer } from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'
import { python } from '../support/python.ts'
import { lacks } from '../support/system-tools.ts'
import { checkByHand, writeGuideProgram } from '../support/verify-guide.ts'

interface CheckDocument {
  readonly standing: string
  readonly later: { readonly events: readonly object[] }
}

/* One file of a folder is taken back, and the others stand. */
describe.skipIf(lacks('openssl', 'sha256sum', 'python3', 'python3-cryptography'))('a retraction of one file', () => {
  const { path, remove } = temporaryFolder()
  const at = (...names: string[]): string => join(path, ...names)
  const data = at('data')
  const policy = join(data, 'policy')
  const kept = at('kept.checkpoint')
  let server: CliServer

  const options = () => ({ cwd: path, env: { EVIDENCE_DATA: data, EVIDENCE_URL: server.url } })
  const ok = (...args: string[]): Promise<CliResult> => evidenceOk(args, options())
  async function refusal(...args: string[]): Promise<unknown> {
    const result = await evidence([...args, '--json'], options())
    return [result.code, result.json<CliError>().error.code]
  }
  const checked = (file: string): Promise<CliResult> => ok('check', file, '--online', '--policy', policy)
  const standing = async (file: string): Promise<string> =>
    (await ok('check', file, '--online', '--policy', policy, '--json')).json<CheckDocument>().standing

  beforeAll(async () => {
    server = await startServer(data)
    mkdirSync(at('folder'))
    for (const name of ['a.txt', 'b.txt', 'c.txt']) writeFileSync(at('folder', name), name)
    for (const name of ['one.txt', 'two.txt']) writeFileSync(at(name), name)
    await ok('deposit', 'folder')
    await ok('deposit', 'one.txt', 'two.txt')
    await ok('verify', '--url', server.url, '--policy', policy, '--save-checkpoint', kept)
    await ok('retract', '2', '--file', 'folder/b.txt', '--reason', 'mistake')
    await ok('retract', '3', '--item', '1', '--reason', 'entered-twice')
    await ok('attest', '2', '--item', '0', '--line', '2', '--as', 'witness')
  })
  afterAll(async () => {
    await server.stop()
    remove()
  })

  it('is refused where there is no such item or line, or the file is of another deposit', async () => {
    const retract = (...args: string[]): Promise<unknown> => refusal('retract', ...args, '--reason', 'mistake')
    expect(await retract('2', '--line', '1')).toEqual([2, 'usage'])
    expect(await retract('2', '--item', '0', '--line', '3')).toEqual([3, 'reference-item'])
    expect(await retract('2', '--item', '1')).toEqual([3, 'reference-item'])
    expect(await retract('3', '--item', '0', '--line', '0')).toEqual([3, 'reference-item'])
    expect(await retract('2', '--item', '0', '--file', 'folder/b.txt')).toEqual([2, 'usage'])
    expect(await retract('3', '--file', 'folder/b.txt')).toEqual([2, 'usage'])
    expect(await retract('2', '--file', 'folder/none.txt')).not.toContain(0)
  })

  it('names the line of the manifest', async () => {
    const of = async (index: string): Promise<unknown> =>
      (await ok('show', index, '--json')).json<{ payload: { of: unknown } }>().payload.of
    expect(await of('4')).toMatchObject({ index: 2, item: 0, line: 1 })
    expect(await of('5')).toMatchObject({ index: 3, item: 1 })
    expect(await of('5')).not.toHaveProperty('line')
  })

  it('is said first of the file concerned, and leaves the standing of all else', async () => {
    expect((await checked('folder/b.txt')).stdout).toMatch(
      /^RETRACTED: this file was taken back \(mistake\) by entry 4 /,
    )
    expect(await standing('folder/b.txt')).toBe('retracted')
    expect(await standing('folder/a.txt')).toBe('sound')
    const other = await checked('folder/a.txt')
    expect(other.stdout).not.toContain('RETRACTED')
    expect(other.stdout).toContain('later: part-retracted, mistake, item 0, line 1: entry 4 ')
    expect(other.stdout).toContain('later: attested, witness, item 0, line 2: entry 6 ')
    expect([await standing('one.txt'), await standing('two.txt')]).toEqual(['sound', 'retracted'])
    const folder = await checked('folder')
    expect(folder.stdout).toMatch(/^RETRACTED: b\.txt was taken back \(mistake\) by entry 4 /)
    expect(await standing('folder')).toBe('sound')
  })

  it('R5 is told of the file itself whatever evidence it is checked by, and of no other', async () => {
    mkdirSync(at('alone'))
    for (const name of ['a.txt', 'b.txt']) {
      await ok('prove', `folder/${name}`, '--out', `alone/${name}.file-proof`)
      writeFileSync(at('alone', name), name)
    }
    expect([await standing('alone/b.txt'), await standing('alone/a.txt')]).toEqual(['retracted', 'sound'])
    expect((await checked('alone/b.txt')).stdout).toMatch(
      /^RETRACTED: this file was taken back \(mistake\) by entry 4 /,
    )
    expect((await checked('alone/a.txt')).stdout).not.toContain('RETRACTED')
    // Under other names: found by their digests, in the folder's manifest.
    mkdirSync(at('folder', 'sub'))
    writeFileSync(at('folder', 'sub', 'renamed-b'), 'b.txt')
    writeFileSync(at('folder', 'sub', 'renamed-a'), 'a.txt')
    expect([await standing('folder/sub/renamed-b'), await standing('folder/sub/renamed-a')]).toEqual([
      'retracted',
      'sound',
    ])
    rmSync(at('folder', 'sub'), { recursive: true })
    // The manifest lists what was taken back, and is not it.
    expect(await standing('folder.evidence-manifest')).toBe('sound')
  })

  it('R5 is told of the one that has its name, where two lines have the same bytes', async () => {
    mkdirSync(at('twice'))
    for (const name of ['x.txt', 'y.txt']) writeFileSync(at('twice', name), 'the same bytes')
    await ok('deposit', 'twice')
    await ok('retract', 'twice.tlog-proof', '--file', 'twice/y.txt', '--reason', 'mistake')
    mkdirSync(at('twice', 'moved'))
    for (const name of ['x.txt', 'y.txt']) writeFileSync(at('twice', 'moved', name), 'the same bytes')
    expect([await standing('twice/moved/x.txt'), await standing('twice/moved/y.txt')]).toEqual(['sound', 'retracted'])
    rmSync(at('twice', 'moved'), { recursive: true })
  })

  it('is told of a package by all three programs, and does not change its standing', async () => {
    await ok('package', 'folder', 'one.txt', '--out', 'packed')
    writeGuideProgram(at('verify.py'))
    const own = await evidence(['check', 'packed', '--policy', policy], options())
    const second = python('evidence_verify.py', ['check', at('packed'), '--policy', policy])
    const third = checkByHand(at('verify.py'), at('packed'))
    const told = [
      [own.code, own.stdout],
      [second.code, second.stdout],
      [third.code, third.stdout],
    ] as const
    for (const [code, text] of told) {
      expect(code).toBe(0)
      expect(text).toMatch(/^PART RETRACTED: entry 2.*, item 0, line 1 was retracted by its depositor, by entry 4 /m)
      expect(text).toMatch(/^PART RETRACTED: entry 3.*, item 1 was retracted by its depositor, by entry 5 /m)
      expect(text).not.toMatch(/^RETRACTED/m)
    }
    const document = (await evidence(['check', 'packed', '--policy', policy, '--json'], options())).json<object>()
    expect(document).toMatchObject({
      standing: 'sound',
      deposits: [{ standing: 'sound' }, { standing: 'sound' }],
      retractions: [
        { of: 2, item: 0, line: 1 },
        { of: 3, item: 1 },
      ],
    })
    const verified = python('evidence_verify.py', ['check', at('packed'), '--policy', policy, '--json'])
    expect(JSON.parse(verified.stdout)).toMatchObject({ standing: 'sound', retracted: [] })
    expect(readFileSync(at('packed', 'custody.txt'), 'utf8')).toContain('PART RETRACTED (mistake), item 0, line 1')
  })

  it('is in order in a walk, in full and from a size that was verified before', async () => {
    await ok('verify', '--url', server.url, '--policy', policy)
    await ok('verify', '--url', server.url, '--policy', policy, '--trusted-checkpoint', kept)
  })
})
