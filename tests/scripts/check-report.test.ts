import { createHash } from 'node:crypto'
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { reportWriter } from '../../cli/report/write-report.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import { selfTestVectors } from '../../src/report/self-test-vectors.ts'
import { type CliError, type CliServer, evidence, evidenceOk, startServer } from '../support/cli.ts'
import { runShell } from '../support/doc-commands.ts'
import { temporaryFolder } from '../support/folder.ts'
import { requireWellFormed, textIn } from '../support/markup.ts'
import { pythonWithCryptography } from '../support/python.ts'
import { lacks } from '../support/system-tools.ts'

/* `evidence check --report`: the file that it leaves, beside a verdict and an exit code that stay those of the check. */
const root = fileURLToPath(new URL('../../', import.meta.url))
const { path, remove } = temporaryFolder()
const at = (...names: string[]): string => join(path, ...names)
let server: CliServer

beforeAll(async () => {
  server = await startServer(at('ledger'))
  writeFileSync(at('photo.jpg'), 'what was photographed')
  mkdirSync(at('case'))
  for (const name of ['note.txt', 'other.txt']) writeFileSync(at('case', name), `content of ${name}`)
  const to = ['--data', server.data, '--url', server.url]
  await evidenceOk(['deposit', at('photo.jpg'), ...to])
  await evidenceOk(['deposit', at('case'), ...to])
  await evidenceOk(['package', at('photo.jpg'), '--out', at('package.zip'), ...to])
  copyFileSync(join(server.data, 'policy'), at('court.policy'))
})
afterAll(async () => {
  await server.stop()
  remove()
})

const check = (...args: string[]): ReturnType<typeof evidence> => evidence(['check', ...args], { cwd: path })
const text = (name: string): string => textIn(requireWellFormed(readFileSync(at(name), 'utf8')))
const errorOf = (result: Awaited<ReturnType<typeof evidence>>): CliError['error'] => result.json<CliError>().error

describe('evidence check --report', () => {
  it('leaves a report beside the answer, and names it with its SHA-256', async () => {
    const plain = await check('photo.jpg', '--policy', 'court.policy')
    const { code, stdout, stderr } = await check('photo.jpg', '--policy', 'court.policy', '--report', 'sound.html')
    expect(code).toBe(0)
    expect(stdout.split('\n').slice(0, 8)).toEqual(plain.stdout.split('\n').slice(0, 8))
    const sum = createHash('sha256')
      .update(readFileSync(at('sound.html')))
      .digest('hex')
    expect(stderr).toContain(`report written: sound.html (SHA-256 ${sum})`)
    const all = text('sound.html')
    expect(all).toContain('自存证以来未改动')
    expect(all).toContain('Unchanged since deposit')
    const document = await check('photo.jpg', '--policy', 'court.policy', '--json', '--report', 'other.html')
    expect(document.json<{ writtenReport: { path: string } }>().writtenReport.path).toBe('other.html')
  })

  it('is written where the check fails or cannot be made, and the exit code stays', async () => {
    writeFileSync(at('changed.jpg'), 'what was never there')
    const cases = [
      [1, ['changed.jpg', '--receipt', 'photo.jpg.tlog-proof', '--policy', 'court.policy'], /not byte-identical/],
      [2, ['changed.jpg', '--policy', 'court.policy'], /Nothing that was handed over is a proof/],
      [2, ['photo.jpg'], /A policy is needed/],
      [3, ['photo.jpg', '--policy', 'nowhere.policy'], /Something is missing/],
      [3, ['nowhere.jpg', '--policy', 'court.policy'], /Something is missing/],
      [0, ['case', '--policy', 'court.policy'], /2 of 2 files unchanged/],
      [0, ['package.zip', '--policy', 'court.policy'], /Every file in this package is unchanged/],
      [0, ['package.zip', '--policy-from-package'], /the package’s own word/],
      [0, ['photo.jpg', '--policy', 'court.policy', '--online', '--url', server.url], /As of size 4/],
    ] as const
    for (const [i, [exit, args, said]] of cases.entries()) {
      const { code, stderr } = await check(...args, '--report', `case-${i}.html`, '--lang', 'en')
      expect([args, code, stderr]).toEqual([args, exit, expect.stringContaining(`report written: case-${i}.html`)])
      const all = text(`case-${i}.html`)
      expect(all).toMatch(said)
      expect(all).toContain(`Exit code ${exit}`)
      expect(all).not.toMatch(/\p{Script=Han}/u)
    }
  })

  it('gives commands that come to the same', async () => {
    const bin = at('bin')
    mkdirSync(bin)
    const run = `exec ${process.execPath} ${join(root, 'cli', 'evidence.mjs')} "$@"\n`
    writeFileSync(join(bin, 'evidence'), `#!/bin/sh\n${run}`, { mode: 0o755 })
    for (const name of ['check.mjs']) copyFileSync(join(root, 'dist', name), at(name))
    copyFileSync(join(root, 'verifiers', 'python', 'evidence_verify.py'), at('evidence_verify.py'))
    await evidenceOk(['prove', at('case/note.txt'), '--policy', at('court.policy'), '--out', at('note.file-proof')])
    const cases = [
      ['photo.jpg'],
      ['case/note.txt'],
      ['case'],
      ['package.zip'],
      ['case/note.txt', '--receipt', 'note.file-proof'],
    ]
    for (const [i, args] of cases.entries()) {
      await check(...args, '--policy', 'court.policy', '--report', `again-${i}.html`)
      const html = readFileSync(at(`again-${i}.html`), 'utf8')
      const lines = [...html.matchAll(/<pre[^>]*>([^<]*)<\/pre>/g)].map(([, line]) =>
        (line as string).replaceAll('&#39;', "'").replaceAll('&quot;', '"').replaceAll('&amp;', '&'),
      )
      const kinds = ['sha256sum', 'node check.mjs', 'evidence check', 'python3 evidence_verify.py', 'unzip']
      const offline = lines.filter((line) => kinds.some((kind) => line.startsWith(kind)) && !line.includes('--online'))
      expect(offline.length).toBeGreaterThanOrEqual(3)
      for (const line of offline) {
        if (line.startsWith('python3') && lacks('python3-cryptography')) continue
        if (line.startsWith('unzip') && spawnSync('unzip', ['-v']).status !== 0) continue
        const own = line.replace(/^python3/, lacks('python3-cryptography') ? 'python3' : pythonWithCryptography())
        const { code, said } = runShell(path, own, { PATH: `${bin}:${process.env['PATH']}` })
        expect([line, code, said]).toEqual([line, 0, expect.any(String)])
      }
    }
  })

  it('replaces a report about the same thing, and writes over nothing else', async () => {
    const args = ['photo.jpg', '--policy', 'court.policy', '--json', '--report']
    expect((await check(...args, 'same.html')).code).toBe(0)
    expect((await check(...args, 'same.html', '--lang', 'en')).code).toBe(0)
    const first = readFileSync(at('same.html'), 'utf8')
    const about = await check('case', '--policy', 'court.policy', '--json', '--report', 'same.html')
    expect([about.code, errorOf(about).code]).toEqual([2, 'file-exists'])
    expect(readFileSync(at('same.html'), 'utf8')).toBe(first)

    const completed = first.replace('class="line"', 'class="line" data-by="the expert"')
    writeFileSync(at('same.html'), completed)
    expect(errorOf(await check(...args, 'same.html')).code).toBe('file-exists')
    expect(readFileSync(at('same.html'), 'utf8')).toBe(completed)
    writeFileSync(at('evidence.html'), '<!DOCTYPE html>\n')
    expect(errorOf(await check(...args, 'evidence.html')).code).toBe('file-exists')
    expect(readFileSync(at('evidence.html'), 'utf8')).toBe('<!DOCTYPE html>\n')
  })

  it('writes a PDF for a name that says so, and never over another', async () => {
    const args = ['photo.jpg', '--policy', 'court.policy', '--json', '--report', 'r.pdf']
    const written = (await check(...args)).json<{ writtenReport: { sha256: string } }>().writtenReport
    const bytes = readFileSync(at('r.pdf'))
    expect(bytes.subarray(0, 60).toString('latin1')).toMatch(/^%PDF-1\.7\n.*\n?%evidence-ledger\/report\/v1\n/s)
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(written.sha256)
    expect(errorOf(await check(...args)).code).toBe('file-exists')
    expect(readFileSync(at('r.pdf')).equals(bytes)).toBe(true)
  })

  it('refuses names, places and languages that cannot be, before anything is checked', async () => {
    const cases = [
      [['--report', 'r.doc'], /ends in \.html or \.pdf/],
      [['--report', 'photo.jpg'], /ends in \.html/],
      [['--lang', 'zh'], /--report/],
      [['--report', 'r.html', '--lang', 'fr'], /zh, en or both/],
    ] as const
    for (const [args, said] of cases) {
      const result = await check('photo.jpg', '--policy', 'court.policy', '--json', ...args)
      expect([result.code, errorOf(result).code]).toEqual([2, 'usage'])
      expect(errorOf(result).message).toMatch(said)
    }
    const inside = await check('case', '--policy', 'court.policy', '--json', '--report', 'case/r.html')
    expect([inside.code, errorOf(inside).code]).toEqual([2, 'usage'])
    for (const name of ['r.doc', 'r.html', 'case/r.html']) expect(existsSync(at(name))).toBe(false)
  })

  it('ends with self-test-failed where the self-test fails, and the report says so first', async () => {
    const broken = selfTestVectors.map(
      ([name, vector], i) => [name, i === 0 ? vector.replace('"valid": false', '"valid": true') : vector] as const,
    )
    const to = at('failed.html')
    const writer = reportWriter(at('nowhere'), { report: to, lang: 'en' }, broken)
    const refusal = new EvidenceError('file-unreadable', 'there is no file')
    const thrown = await writer?.write(refusal, undefined).catch((error: unknown) => error)
    expect(thrown).toMatchObject({ code: 'self-test-failed', kind: { exit: 3 } })
    expect(text('failed.html')).toMatch(/^.{0,60}THE SELF-TEST FAILED/s)
  })

  it('works in the one file, with nothing of ours beside it', () => {
    mkdirSync(at('alone'))
    for (const name of ['photo.jpg', 'photo.jpg.tlog-proof', 'court.policy']) copyFileSync(at(name), at('alone', name))
    copyFileSync(join(root, 'dist', 'check.mjs'), at('alone', 'check.mjs'))
    const args = ['check.mjs', 'photo.jpg', '--policy', 'court.policy', '--report', 'r.html']
    const { status, stderr } = spawnSync(process.execPath, args, { cwd: at('alone'), encoding: 'utf8' })
    expect([status, stderr]).toEqual([0, expect.stringContaining('report written: r.html')])
    const sum = createHash('sha256')
      .update(readFileSync(at('alone/check.mjs')))
      .digest('hex')
    expect(text('alone/r.html')).toContain(sum)
  })
})
