import { spawn } from 'node:child_process'
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CliServer, evidenceOk, startServer } from '../support/cli.ts'
import { runShell, shellBlocks } from '../support/doc-commands.ts'
import { temporaryFolder } from '../support/folder.ts'
import { go } from '../support/go.ts'
import { pythonWithCryptography } from '../support/python.ts'
import { lacks } from '../support/system-tools.ts'

/* The blocks of docs/http.md, run as they stand beside a trial ledger; what they leave is checked by our own verifier. */

const root = fileURLToPath(new URL('../../', import.meta.url))
const page = readFileSync(join(root, 'docs', 'http.md'), 'utf8')
const block = (language: string): string => new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``).exec(page)?.[1] as string
const { path, remove } = temporaryFolder()
let server: CliServer
let settings: Readonly<Record<string, string>>

beforeAll(async () => {
  // Where only participants read: what the page asks for is to be asked with a token.
  await evidenceOk([
    'init',
    '--data',
    join(path, 'data'),
    '--origin',
    'page.example/ledger',
    '--reading',
    'participants',
  ])
  server = await startServer(join(path, 'data'), [], 'serve')
  const [KEY, POLICY] = [join(path, 'data', 'keys', 'depositor.pem'), join(path, 'data', 'policy')]
  settings = { URL: server.url, KEY, ID: 'depositor', POLICY }
})
afterAll(async () => {
  await server.stop()
  remove()
})

const checked = async (file: string): Promise<void> => {
  const { stdout } = await evidenceOk(['check', file, '--policy', settings['POLICY'] as string], { cwd: path })
  expect(stdout).toContain('no fault found')
}

/** Runs a program beside the server, which may live in this process. */
const ran = (program: string, args: readonly string[], more: NodeJS.ProcessEnv = {}): Promise<string> =>
  new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: path, env: { ...process.env, ...settings, ...more } })
    let said = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()))
    child.on('close', (code) => (code === 0 ? resolve(said) : reject(new Error(`${program}: ${code}\n${said}`))))
  })

describe.skipIf(lacks('openssl', 'curl'))('docs/http.md', () => {
  it('deposits and looks up by curl, as it stands', async () => {
    const script = join(path, 'page.sh')
    writeFileSync(script, `set -eu\n${shellBlocks(page).join('\n')}`)
    expect(shellBlocks(page).length).toBeGreaterThanOrEqual(4)
    const said = await ran('sh', [script])
    expect(said).toContain('"leafHash"')
    expect(said).toContain('"status":200\n"status":200\n')
    expect(said).toContain('"results":[{"digest":')
    expect(said).not.toContain('not-authenticated')
    await checked('notice.txt')
    expect(runShell(path, 'test -s statement').code).toBe(0)
  })

  it.skipIf(lacks('python3-cryptography'))('deposits by Python, as it stands', async () => {
    copyFileSync(join(root, 'clients', 'python', 'evidence_client.py'), join(path, 'evidence_client.py'))
    writeFileSync(join(path, 'page.py'), block('python'))
    await ran(pythonWithCryptography(), ['-B', 'page.py'])
    await checked('from-python.txt')
  })

  it.skipIf(lacks('go'))('deposits by Go, as it stands', async () => {
    const module = join(path, 'clients-go')
    const program = join(module, 'cmd', 'page')
    mkdirSync(program, { recursive: true })
    for (const name of ['evidence.go', 'go.mod']) copyFileSync(join(root, 'clients', 'go', name), join(module, name))
    writeFileSync(join(program, 'main.go'), block('go'))
    const binary = join(path, 'page-go')
    expect(go(['build', '-o', binary, './cmd/page'], module)).toEqual({ code: 0, text: '' })
    chmodSync(binary, 0o700)
    await ran(binary, [])
    await checked('from-go.txt')
    expect(existsSync(join(path, 'from-go.txt.evidence-statement'))).toBe(true)
  })
})
