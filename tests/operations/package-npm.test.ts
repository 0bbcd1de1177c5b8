import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { temporaryFolder } from '../support/folder.ts'

/* The tarball of `npm pack` with the packages of production and no other, away from the working copy: docs/design/packaging.md. */
const project = fileURLToPath(new URL('../../', import.meta.url))
const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'

const { path, remove } = temporaryFolder()
afterAll(remove)
const home = join(path, 'home')
const desk = join(path, 'desk')
const installed = join(path, 'node_modules', 'evidence-ledger')

/** A program that is told nothing of the one who runs the tests. */
function run(program: string, args: readonly string[], cwd: string): { code: number | null; said: string } {
  const env = { PATH: process.env['PATH'], HOME: home, EVIDENCE_RETRIES: '0' }
  const { status, stdout, stderr, error } = spawnSync(program, args, { cwd, env, encoding: 'utf8' })
  if (error !== undefined) throw error
  return { code: status, said: `${stdout}${stderr}` }
}
const node = (args: readonly string[], cwd = desk): ReturnType<typeof run> => run(process.execPath, args, cwd)
const { bin, version, exports } = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8')) as {
  bin: { evidence: string }
  version: string
  exports: Record<string, string | { types: string; default: string }>
}
const evidence = (...args: string[]): ReturnType<typeof run> => node([join(installed, bin.evidence), ...args])

describe('the tarball', () => {
  beforeAll(() => {
    for (const folder of [home, desk, installed]) mkdirSync(folder, { recursive: true })
    const must = (ran: ReturnType<typeof run>): string => {
      expect([ran.code, ran.said]).toEqual([0, expect.any(String)])
      return ran.said
    }
    must(node([join(project, 'scripts', 'manual.mjs')], project))
    must(run(npm, ['pack', '--silent', '--pack-destination', path], project))
    must(run('tar', ['-xzf', `evidence-ledger-${version}.tgz`, '-C', installed, '--strip-components=1'], path))
    must(node([join(project, 'scripts', 'stage.mjs'), path], project))
  })

  it('is laid beside packages of production alone', () => {
    const beside = readdirSync(join(path, 'node_modules'))
    expect(beside).toContain('fastify')
    for (const name of ['typescript', 'vitest', 'rolldown', '@types', '.bin']) expect(beside).not.toContain(name)
  })

  it('runs: the command, and each entry point of the library', () => {
    expect(evidence('--version')).toEqual({ code: 0, said: `${version}\n` })
    expect(evidence('keygen', '--out', 'key.pem').code).toBe(0)
    expect(readFileSync(join(desk, 'key.pem'), 'utf8')).toContain('PRIVATE KEY')
    expect(evidence('init', '--data', 'data').code).toBe(0)
    expect(evidence('verify', '--data', 'data').said).toContain('no fault found')
    const code = Object.entries(exports)
      .filter(([, target]) => typeof target !== 'string')
      .map(
        ([name]) =>
          `if (Object.keys(await import('${name.replace('.', 'evidence-ledger')}')).length === 0) process.exit(1)`,
      )
      .join('\n')
    expect(node(['--input-type=module', '-e', code])).toEqual({ code: 0, said: '' })
  })

  it('holds the writer of certificates, with its font, and is the build that was packed', () => {
    const at = (folder: string, name: string): string => JSON.stringify(join(folder, 'dist/src/certificate/node', name))
    const buildIn = (folder: string): string =>
      `const { writerBuild } = await import(${at(folder, 'build.js')}); const { fontFor } = await import(${at(folder, 'fonts.js')}); console.log(writerBuild(), (await fontFor('证书')).length)`
    const packed = node(['--input-type=module', '-e', buildIn(installed)])
    expect(packed).toEqual({ code: 0, said: expect.stringMatching(/^[0-9a-f]{64} \d+\n$/) })
    expect(packed).toEqual(node(['--input-type=module', '-e', buildIn(project)]))
  })

  it('holds the manual page and completions, as the command prints them', () => {
    expect(readFileSync(join(installed, 'dist', 'evidence.1'), 'utf8')).toMatch(/^\.TH EVIDENCE 1 /)
    const completions = join(installed, 'dist', 'completions')
    expect(readdirSync(completions).toSorted()).toEqual(['_evidence', 'evidence', 'evidence.fish'])
    expect(evidence('completion', 'bash').said).toBe(readFileSync(join(completions, 'evidence'), 'utf8'))
  })

  it('holds no state of the build, which names places of the machine', () => {
    const names = readdirSync(installed, { recursive: true }).map(String)
    expect(names.filter((name) => /tsbuildinfo|\.check-inputs|\.deb$/.test(name))).toEqual([])
    expect(names.filter((name) => /^(?:tests|src|scripts|bench)(?:\/|$)/.test(name))).toEqual([])
    for (const name of ['LICENSE', 'README.md', 'CHANGELOG.md', 'dist/check.mjs', 'docs/operations/installing.md'])
      expect([name, existsSync(join(installed, name))]).toEqual([name, true])
    for (const name of names.filter((of) => /^dist\/.*\.[cm]?js$/.test(of)))
      expect([name, readFileSync(join(installed, name), 'utf8').includes(project)]).toEqual([name, false])
  })
})
