import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { temporaryFolder } from '../support/folder.ts'

/* The README's code blocks, run as they stand, in a folder with the fixtures and beside a server that npm start serves. */
const run = promisify(execFile)
const root = fileURLToPath(new URL('../../', import.meta.url))
const readme = readFileSync(`${root}README.md`, 'utf8')
const commands = [...readme.matchAll(/```sh\n([\s\S]*?)```/g)].flatMap(([, block]) =>
  (block as string).trim().split('\n'),
)
const { path, remove } = temporaryFolder()
let server: ChildProcess
let url = ''
let said = ''

beforeAll(async () => {
  cpSync(join(root, 'fixtures', 'case-001'), join(path, 'fixtures', 'case-001'), { recursive: true })
  server = spawn(process.execPath, [join(root, 'scripts', 'start.mjs'), '--port', '0', '--data', join(path, 'data')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  for await (const chunk of server.stdout as AsyncIterable<Buffer>) {
    said += chunk.toString()
    url = /listening on (\S+)/.exec(said)?.[1] ?? ''
    if (/^next/m.test(said)) break
  }
})
afterAll(async () => {
  server.kill('SIGTERM')
  await once(server, 'exit')
  remove()
})

/** Words of a command line, double quotes understood. */
function wordsOf(line: string): string[] {
  return [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? (plain as string))
}

describe('README', () => {
  it('names npm start and npm test, which the package has', () => {
    const { scripts } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as { scripts: Record<string, string> }
    expect(commands).toContain('npm start')
    expect(commands).toContain('npm test')
    expect(Object.keys(scripts)).toEqual(expect.arrayContaining(['start', 'test']))
  })

  it('says what npm start says: a trial ledger, public reading, and the next command', () => {
    expect(said).toMatch(/made a trial ledger.*reading is public/)
    expect(said).toContain('npx evidence deposit fixtures/case-001 --case "(2026)沪0104刑初123号"')
  })

  it('has commands that all work, in its order', async () => {
    const mine = commands.filter((line) => line.startsWith('npx evidence'))
    expect(mine.length).toBeGreaterThanOrEqual(5)
    const outputs: string[] = []
    for (const line of mine) {
      const [, , ...args] = wordsOf(line)
      const env = { ...process.env, EVIDENCE_URL: url }
      const { stdout } = await run(process.execPath, [join(root, 'cli', 'evidence.mjs'), ...args], { cwd: path, env })
      outputs.push(stdout)
    }
    expect(outputs[0]).toContain('fixtures/case-001.tlog-proof')
    expect(outputs[1]).toContain('no fault found')
    expect(outputs[2]).toMatch(/size 3\nroot \S+[\s\S]*no fault found/)
    expect(outputs[4]).toContain('no fault found')
  })

  it('links to nothing that is not there', () => {
    const links = [...readme.matchAll(/\]\(([^)#]+)\)/g)]
      .map(([, link]) => link as string)
      .filter((link) => !link.startsWith('http'))
    expect(links.length).toBeGreaterThan(5)
    for (const link of links) expect(() => readFileSync(`${root}${link}`)).not.toThrow()
  })
})
