import { spawnSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { evidenceOk, systemProgram } from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'
import { type TestServer, testServer } from '../support/server.ts'
import { lacks } from '../support/system-tools.ts'

/* The BagIt tool of the Library of Congress, from PyPI, in a virtual environment of its own. */
const { path, remove } = temporaryFolder()
const venv = join(path, 'venv')
const bagit = join(venv, 'bin', 'bagit.py')

/** Why the tool cannot be had; undefined where it is there. */
function install(): string | undefined {
  if (lacks('python3')) return 'python3 is missing'
  for (const [program, ...args] of [
    ['python3', '-m', 'venv', venv],
    [join(venv, 'bin', 'pip'), 'install', '--quiet', '--disable-pip-version-check', 'bagit==1.9.0'],
  ] as const) {
    const { status, stderr, error } = spawnSync(program, args, { encoding: 'utf8', timeout: 300_000 })
    if (status !== 0) return error?.message ?? stderr.slice(-500)
  }
  return existsSync(bagit) ? undefined : 'bagit.py was not installed'
}

const missing = install()
if (missing !== undefined) {
  // In CI nothing is left out.
  if (process.env['CI'] === 'true') throw new Error(`the BagIt tool cannot be had: ${missing}`)
  process.stderr.write(`\nNOT RUN, for want of Python's bagit: tests/interop/bagit.test.ts (${missing})\n\n`)
}

describe.skipIf(missing !== undefined)('the BagIt tool of others', () => {
  let server: TestServer
  const file = join(path, 'exhibit.txt')

  beforeAll(async () => {
    server = await testServer()
    writeFileSync(file, 'an exhibit')
    await evidenceOk([
      'deposit',
      file,
      '--data',
      server.folder.root,
      '--url',
      server.url,
      '--case',
      '(2026)沪0104刑初123号',
    ])
  })
  afterAll(async () => {
    await server.remove()
    remove()
  })

  function validate(folder: string, ...options: string[]): { code: number | null; said: string } {
    const { status, stdout, stderr } = spawnSync(bagit, ['--validate', ...options, folder], { encoding: 'utf8' })
    return { code: status, said: stdout + stderr }
  }

  it('accepts our packages, with files and without, and from a zip; and refuses one that was altered', async () => {
    const common = ['--data', server.folder.root, '--url', server.url]
    const whole = join(path, 'whole')
    await evidenceOk(['package', file, ...common, '--output', whole])
    expect(validate(whole)).toMatchObject({ code: 0 })
    expect(validate(whole, '--fast')).toMatchObject({ code: 0 })
    const digests = join(path, 'digests')
    await evidenceOk(['package', file, '--digests-only', ...common, '--output', digests])
    expect(validate(digests)).toMatchObject({ code: 0 })
    await evidenceOk(['package', file, ...common, '--output', join(path, 'zipped.zip')])
    systemProgram('python3', ['-m', 'zipfile', '-e', join(path, 'zipped.zip'), path])
    expect(validate(join(path, 'zipped'))).toMatchObject({ code: 0 })
    writeFileSync(join(whole, 'data/deposits/001/files/exhibit.txt'), 'AN EXHIBIT')
    expect(validate(whole).code).not.toBe(0)
  })
})
