import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { evidenceOk, systemProgram } from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'
import { type TestServer, testServer } from '../support/server.ts'
import { lacks } from '../support/system-tools.ts'

/* The BagIt tool of the Library of Congress, which scripts/system-tools.mjs gets from PyPI. */
const bagit = fileURLToPath(new URL('../../node_modules/.evidence-python/bin/bagit.py', import.meta.url))

describe.skipIf(lacks('python3', 'bagit'))('the BagIt tool of others', () => {
  const { path, remove } = temporaryFolder()
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
    await evidenceOk(['package', file, ...common, '--out', whole])
    expect(validate(whole)).toMatchObject({ code: 0 })
    expect(validate(whole, '--fast')).toMatchObject({ code: 0 })
    const digests = join(path, 'digests')
    await evidenceOk(['package', file, '--digests-only', ...common, '--out', digests])
    expect(validate(digests)).toMatchObject({ code: 0 })
    await evidenceOk(['package', file, ...common, '--out', join(path, 'zipped.zip')])
    systemProgram('python3', ['-m', 'zipfile', '-e', join(path, 'zipped.zip'), path])
    expect(validate(join(path, 'zipped'))).toMatchObject({ code: 0 })
    writeFileSync(join(whole, 'data/deposits/001/files/exhibit.txt'), 'AN EXHIBIT')
    expect(validate(whole).code).not.toBe(0)
  })
})
