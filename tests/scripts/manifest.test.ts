import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseManifest } from '../../src/core/manifest.ts'
import {
  caseFolder,
  type CliServer,
  copyCase,
  evidence,
  evidenceOk,
  startServer,
  systemProgram,
} from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'

/** File names as a disk may hold them, as bytes, below folders as odd. */
const names: readonly Buffer[] = [
  'plain.txt',
  'with space.txt',
  ' leading space',
  'trailing space ',
  'two  spaces  inside',
  '*star',
  '-dash',
  '--check',
  '.hidden',
  'back\\slash',
  '\\leading backslash',
  'trailing backslash\\',
  'two\\\\backslashes',
  'backslash n \\n',
  'new\nline',
  '\nleading line feed',
  'tab\tinside',
  'carriage\rreturn',
  'quote"and\'quote',
  '说明 (第1份).txt',
  'e\u0301 decomposed',
  '\u00e9 composed',
  'folder with space/inner.txt',
  'folder\\with\\backslash/inner.txt',
  'folder\nwith line/inner\nfile.txt',
  'deep/er/and/deeper/file',
].map((name) => Buffer.from(name))
const rawNames: readonly Buffer[] = [
  Buffer.from([0xff, 0xfe, 0x2e, 0x62, 0x69, 0x6e]),
  Buffer.from([0x6c, 0x61, 0x74, 0x69, 0x6e, 0x2d, 0xe9]),
  Buffer.from([0x67, 0x62, 0x6b, 0x2d, 0xd6, 0xa4, 0xbe, 0xdd, 0x2f, 0xff, 0x0a, 0x5c]),
  Buffer.from([0xed, 0xa0, 0x80]),
]

function write(folder: string, name: Buffer): void {
  const path = Buffer.concat([Buffer.from(`${folder}/`), name])
  const last = path.lastIndexOf(0x2f)
  mkdirSync(path.subarray(0, last), { recursive: true })
  writeFileSync(path, Buffer.concat([Buffer.from('content of '), name]))
}

describe('a manifest', () => {
  const { path, remove } = temporaryFolder()
  const data = join(path, 'data')
  const folder = join(path, 'odd names')
  const manifest = `${folder}.evidence-manifest`
  const all = [...names, ...rawNames]
  let server: CliServer

  beforeAll(async () => {
    for (const name of all) write(folder, name)
    mkdirSync(join(folder, 'empty folder'))
    writeFileSync(join(folder, 'empty file'), '')
    server = await startServer(data)
    await evidenceOk(['deposit', folder, '--data', data, '--url', server.url])
  })
  afterAll(async () => {
    await server.stop()
    remove()
  })

  it('lists every file by the bytes of its name, in their order', () => {
    const listed = parseManifest(readFileSync(manifest)).map((line) => Buffer.from(line.path))
    const expected = [...all, Buffer.from('empty file')].toSorted((a, b) => Buffer.compare(a, b))
    expect(listed.map((name) => name.toString('hex'))).toEqual(expected.map((name) => name.toString('hex')))
  })

  it('is what GNU sha256sum checks', () => {
    const { code, stdout, stderr } = systemProgram('sha256sum', ['--check', '--strict', manifest], { cwd: folder })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout.toString('latin1').match(/: OK$/gm)).toHaveLength(all.length + 1)
  })

  it('is line by line what GNU sha256sum writes', () => {
    const paths = parseManifest(readFileSync(manifest)).map((line) => Buffer.from(line.path))
    // Arguments of a child process cannot be raw bytes: the names come by standard input.
    const input = Buffer.concat(paths.flatMap((name) => [name, Buffer.from([0])]))
    const script =
      'import subprocess, sys; sys.exit(subprocess.call([b"sha256sum", b"--"] + sys.stdin.buffer.read().split(b"\\0")[:-1]))'
    const { code, stdout, stderr } = systemProgram('python3', ['-c', script], { cwd: folder, input })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout.toString('latin1')).toBe(readFileSync(manifest, 'latin1'))
  })

  it('shows a change to sha256sum as to our own check', async () => {
    const whole = await evidence(['check', folder, '--data', data])
    expect({ code: whole.code, last: whole.stdout.trimEnd().split('\n').at(-1) }).toEqual({
      code: 0,
      last: expect.stringMatching(
        /^no fault found: 31 of 31 files unchanged since .*, deposited by depositor$/,
      ) as string,
    })
    write(folder, Buffer.from('new\nline'))
    const changed = Buffer.concat([Buffer.from(`${folder}/`), rawNames[1] as Buffer])
    const before = readFileSync(changed)
    writeFileSync(changed, 'changed')
    const { code, stdout } = systemProgram('sha256sum', ['--check', '--quiet', manifest], { cwd: folder })
    expect(code).toBe(1)
    expect(stdout.toString('latin1').match(/: FAILED$/gm)).toHaveLength(1)
    const checked = await evidence(['check', folder, '--data', data, '--json'])
    expect(checked.code).toBe(1)
    const { files, unlisted } = checked.json<{ files: { state: string }[]; unlisted: string[] }>()
    expect(files.map(({ state }) => state).filter((state) => state !== 'unchanged')).toEqual(['DIFFERS'])
    expect(unlisted).toEqual([])
    writeFileSync(changed, before)
  })

  it('proves one file of an odd name', async () => {
    const names = [
      'back\\slash',
      'new\nline',
      ' leading space',
      '说明 (第1份).txt',
      'folder\nwith line/inner\nfile.txt',
    ]
    for (const [i, name] of names.entries()) {
      const file = join(folder, name)
      const proof = join(path, `${i}.file-proof`)
      await evidenceOk(['prove', file, '--out', proof, '--data', data])
      const checked = await evidenceOk(['check', file, '--receipt', proof, '--data', data])
      expect(checked.stdout.trimEnd().split('\n').at(-1)).toMatch(/^no fault found: unchanged since /)
    }
  })

  it('is the same for the same files, whatever order the disk gives them in', async () => {
    const twin = join(path, 'twin')
    for (const name of all.toReversed()) write(twin, name)
    writeFileSync(join(twin, 'empty file'), '')
    await evidenceOk(['deposit', twin, '--data', data, '--url', server.url])
    expect(readFileSync(`${twin}.evidence-manifest`, 'latin1')).toBe(readFileSync(manifest, 'latin1'))
    rmSync(twin, { recursive: true })
  })

  it('of the case in the repository is one that sha256sum checks', async () => {
    const copy = join(path, 'case-001')
    copyCase(copy)
    await evidenceOk(['deposit', copy, '--data', data, '--url', server.url])
    const result = systemProgram('sha256sum', ['--check', '--strict', `${copy}.evidence-manifest`], { cwd: caseFolder })
    expect({ code: result.code, stderr: result.stderr }).toEqual({ code: 0, stderr: '' })
    expect(result.stdout.toString().match(/: OK$/gm)).toHaveLength(9)
  })
})
