import { type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { temporaryFolder } from '../support/folder.ts'
import { goCache, goProgram } from '../support/go.ts'
import { soundReceipt, type TestServer, testServer } from '../support/server.ts'
import { lacks } from '../support/system-tools.ts'

/* Clients that three generators make of /openapi.json deposit, look up, and get receipts that hold; schemathesis finds the document true. */

const own = (path: string): string => fileURLToPath(new URL(`../../node_modules/${path}`, import.meta.url))
const programs = fileURLToPath(new URL('generators/', import.meta.url))
const python = own('.evidence-generators/bin/python')
const tool = (name: string): string => own(`.evidence-generators/bin/${name}`)

interface Deposited {
  readonly origin: string
  readonly status: number
  readonly receipt: string
}

describe.skipIf(lacks('openapi-generators'))('a client made by', () => {
  const { path, remove } = temporaryFolder()
  const document = join(path, 'openapi.json')
  let server: TestServer

  beforeAll(async () => {
    server = await testServer()
    writeFileSync(document, (await server.get('/openapi.json')).text)
  })
  afterAll(async () => {
    await server.remove()
    remove()
  })

  const succeed = (
    program: string,
    args: readonly string[],
    cwd = path,
    env: NodeJS.ProcessEnv = process.env,
  ): void => {
    const { status, stdout, stderr, error }: SpawnSyncReturns<Buffer> = spawnSync(program, args, { cwd, env })
    if (error !== undefined) throw error
    if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stdout.toString()}${stderr.toString()}`)
  }

  /** Runs a program that deposits, beside the server, which lives in this process; every receipt must hold. */
  async function deposits(program: string, args: readonly string[]): Promise<void> {
    const statements = [1, 2, 3].map((n) => {
      const jti = randomUUID()
      const content = `${program} ${n} ${jti}`
      const digest = createHash('sha256').update(content).digest('hex')
      const { presentation } = server.deposit(content, { jti, sealed: { names: [`${n}.txt`] } })
      return `${presentation} ${jti} sha256:${digest}\n`
    })
    const child = spawn(program, args, { cwd: path, stdio: ['pipe', 'pipe', 'pipe'] })
    child.stdin.end(statements.join(''))
    const [stdout, stderr, code] = await Promise.all([
      child.stdout.toArray(),
      child.stderr.toArray(),
      new Promise((resolve, reject) => child.once('close', resolve).once('error', reject)),
    ])
    expect([code, Buffer.concat(stderr as Buffer[]).toString()]).toEqual([0, ''])
    const lines = Buffer.concat(stdout as Buffer[])
      .toString()
      .trimEnd()
      .split('\n')
    const made = lines.map((line) => JSON.parse(line) as Deposited)
    expect(made.map(({ origin, status }) => [origin, status])).toEqual(statements.map(() => [server.origin, 201]))
    for (const { receipt } of made) expect(soundReceipt(server, receipt).disclosures).toHaveLength(1)
  }

  it('openapi-python-client deposits, searches, and gets receipts', async () => {
    const out = join(path, 'python')
    writeFileSync(join(path, 'config.yml'), 'post_hooks: []\npackage_name_override: evidence_ledger_client\n')
    const args = ['generate', '--path', document, '--config', 'config.yml', '--output-path', out]
    succeed(tool('openapi-python-client'), args)
    await deposits(python, [join(programs, 'openapi_python_client.py'), out, server.url])
  })

  it('datamodel-code-generator deposits a batch, and reads results and refusals', async () => {
    const out = join(path, 'models')
    mkdirSync(out)
    const types = ['--input-file-type', 'openapi', '--output-model-type', 'pydantic_v2.BaseModel']
    succeed(tool('datamodel-codegen'), ['--input', document, ...types, '--output', join(out, 'models.py')])
    await deposits(python, [join(programs, 'datamodel_code.py'), out, server.url])
  })

  it('oapi-codegen deposits from Go', async () => {
    const out = join(path, 'go')
    mkdirSync(out)
    copyFileSync(join(programs, 'oapi_codegen.go'), join(out, 'main.go'))
    writeFileSync(join(out, 'go.mod'), 'module generated\n\ngo 1.24\n')
    const args = ['-generate', 'types,client', '-package', 'main', '-o', join(out, 'client.go'), document]
    succeed(own('.evidence-go/bin/oapi-codegen'), args)
    const env = { ...process.env, GOPATH: own('.evidence-go'), GOCACHE: goCache, GOFLAGS: '-mod=mod -modcacherw' }
    succeed(goProgram(), ['mod', 'tidy'], out, env)
    succeed(goProgram(), ['build', '-o', 'deposits', '.'], out, env)
    await deposits(join(out, 'deposits'), [server.url])
  })
})

describe.skipIf(lacks('openapi-generators'))('the OpenAPI document', () => {
  const { path, remove } = temporaryFolder()
  let server: TestServer
  beforeAll(async () => {
    server = await testServer()
    writeFileSync(join(path, 'openapi.json'), (await server.get('/openapi.json')).text)
    // That a statement must be signed by somebody whom the ledger knows, no schema says.
    writeFileSync(
      join(path, 'schemathesis.toml'),
      '[[operations]]\ninclude-name = "POST /v1/statements"\n[operations.checks]\npositive_data_acceptance.enabled = false\nnegative_data_rejection.expected-statuses = [400, 404, 413, 415]\n',
    )
  })
  afterAll(async () => {
    await server.remove()
    remove()
  })

  it('is true: no request that it allows is refused, and no answer is undocumented, in schemathesis’ eyes', async () => {
    const most = process.env['EVIDENCE_SCHEMATHESIS_EXAMPLES'] ?? '30'
    const args = ['--config-file', 'schemathesis.toml', 'run', 'openapi.json', '--url', server.url, '--no-color']
    const phases = ['--phases', 'examples,coverage,fuzzing', '--max-examples', most, '--seed', '20261126']
    const child = spawn(tool('schemathesis'), [...args, ...phases], { cwd: path, stdio: ['ignore', 'pipe', 'pipe'] })
    const [said, code] = await Promise.all([
      child.stdout.toArray(),
      new Promise((resolve, reject) => child.once('close', resolve).once('error', reject)),
    ])
    const text = Buffer.concat(said as Buffer[]).toString()
    expect([code, code === 0 ? '' : text.slice(-6000)]).toEqual([0, ''])
    expect(Number(/(\d+) generated/.exec(text)?.[1])).toBeGreaterThan(200)
  })
})
