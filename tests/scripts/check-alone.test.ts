import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { evidenceOk, startServer } from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'

/* The checker as one file, beside the evidence and nothing else of ours. */
const root = fileURLToPath(new URL('../../', import.meta.url))
const { path, remove } = temporaryFolder()
afterAll(remove)
const alone = join(path, 'alone')
const check = (...args: string[]): { code: number | null; said: string } => {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['check.mjs', ...args], {
    cwd: alone,
    encoding: 'utf8',
  })
  return { code: status, said: `${stdout}${stderr}` }
}

describe('F-N18: dist/check.mjs', () => {
  beforeAll(async () => {
    mkdirSync(alone)
    const server = await startServer(join(path, 'data'))
    writeFileSync(join(alone, 'photo.jpg'), 'what was photographed')
    await evidenceOk(['deposit', join(alone, 'photo.jpg'), '--data', server.data, '--url', server.url])
    copyFileSync(join(server.data, 'policy'), join(alone, 'policy'))
    await server.stop()
    copyFileSync(join(root, 'dist', 'check.mjs'), join(alone, 'check.mjs'))
  })

  it('is made by "npm run build", with the file that it loads for time stamps', () => {
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: { build: string } }
    expect(scripts.build.split(' && ')).toEqual(expect.arrayContaining(['tsc -b', 'node scripts/bundle.mjs']))
  })

  it('checks a file that is named, without the name of the command or with it', () => {
    for (const word of [[], ['check']])
      expect(check(...word, 'photo.jpg', '--policy', 'policy')).toEqual({
        code: 0,
        said: expect.stringContaining('no fault found'),
      })
    expect(check('--help')).toEqual({ code: 0, said: expect.stringMatching(/^Usage: evidence check/) })
    expect(check('--version').code).toBe(0)
    writeFileSync(join(alone, 'photo.jpg'), 'what was painted')
    expect(check('photo.jpg', '--policy', 'policy').code).toBe(1)
  })
})
