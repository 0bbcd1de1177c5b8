import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type TestServer, testServer } from '../support/server.ts'

/* The blocks of docs/library.md, run as they stand, one after another, as a program that imports the package would. */
const root = fileURLToPath(new URL('../../', import.meta.url))
const page = readFileSync(join(root, 'docs', 'library.md'), 'utf8')
const blocks = [...page.matchAll(/^## (.+)\n[\s\S]*?```js\n([\s\S]*?)```/gm)].map(([, title, code]) => [title, code])
const expected = [
  /^entry 2$/,
  /^unchanged since 2\d{3}-/,
  /^3 entries, 0 faults, 0 not judged$/,
  /^true\ntrue$/,
  /^200 3$/,
]

let server: TestServer
let env: Record<string, string>
beforeAll(async () => {
  server = await testServer()
  const { folder, root: data } = server.folder
  const file = join(data, '..', 'exhibit.txt')
  writeFileSync(file, 'an exhibit')
  const own = { EVIDENCE_URL: server.url, KEY: folder.depositorKey, ID: 'depositor' }
  env = { ...process.env, ...own, POLICY: folder.policy, FILE: file, DATA: data } as Record<string, string>
})
afterAll(() => server.remove())

it('has a block for each thing that it shows', () => {
  expect(blocks).toHaveLength(expected.length)
})

it.each(blocks.map(([title, code], i) => [title as string, code as string, expected[i] as RegExp]))(
  'shows how to: %s',
  async (title, code, output) => {
    // A data folder is one process's.
    if (title.startsWith('Serve')) await server.stop()
    const run = promisify(execFile)(process.execPath, ['--input-type=module', '-e', code], { cwd: root, env })
    expect((await run).stdout.trim()).toMatch(output)
  },
)
