import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { cpSync, existsSync } from 'node:fs'
import { createServer, type IncomingMessage, request as httpRequest, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { accessToken } from '../../src/client/access-token.ts'
import { dataFolder } from '../../src/ledger/data-folder.ts'
import { readKeyFile } from '../../src/node/key-file.ts'
import { beginInHost, nowhere, type Ran, runInHost } from './command-hosts.ts'
import { type Answer, request, type RequestOptions } from './server.ts'

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const program = join(root, 'cli', 'evidence.mjs')

/** The invented case that lies in the repository. */
export const caseFolder: string = join(root, 'fixtures', 'case-001')

/** Copies the case without what an earlier deposit may have left beside its files. */
export function copyCase(to: string): void {
  const left = /\.(?:tlog-proof|file-proof|evidence-statement|evidence-manifest)$/
  cpSync(caseFolder, to, { recursive: true, filter: (source) => !left.test(source) })
}

/** Nothing of the machine's own settings reaches a command. */
export function environment(more: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith('EVIDENCE_'))
  return { ...Object.fromEntries(kept), EVIDENCE_RETRIES: '0', NO_COLOR: '1', ...more }
}

export interface CliResult {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  /** The JSON document on stdout. Throws where there is none, or more. */
  json<T = Record<string, unknown>>(): T
}

export interface CliOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** 022 where none is given. */
  readonly umask?: number
}

/** Whether a command with this environment needs a process of its own: what Node itself reads, it reads when it starts. */
export const needsProcess = (env: Readonly<Record<string, string>>): boolean =>
  inProcesses() || Object.keys(env).some((name) => !name.startsWith('EVIDENCE_'))

/** Whether each command has a process of its own: slower by far, and what `npm run faults -- commands` looks at. */
const inProcesses = (): boolean => process.env['EVIDENCE_TEST_COMMANDS'] === 'processes'

/** Runs the built command line. */
export async function evidence(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  requireBuilt()
  const { cwd, env = {}, umask } = options
  const ran = needsProcess(env)
    ? await runInProcess(args, cwd, environment(env), umask)
    : await runInHost(args, { cwd, env: environment(env), umask })
  return { ...ran, json: <T>() => JSON.parse(ran.stdout) as T }
}

function runInProcess(
  args: readonly string[],
  cwd: string | undefined,
  env: NodeJS.ProcessEnv,
  umask = 0o022,
): Promise<Ran> {
  const ours = process.umask(umask)
  const child = spawn(process.execPath, [program, ...args], {
    cwd: cwd ?? nowhere,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  process.umask(ours)
  return new Promise((resolve, reject) => {
    const stdout: Buffer[] = []
    const stderr: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
    child.on('error', reject)
    child.on('close', (code) =>
      resolve({ code, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() }),
    )
  })
}

function requireBuilt(): void {
  if (!existsSync(join(root, 'dist', 'cli', 'main.js'))) throw new Error('not built: run "npx tsc -b" first')
}

/** Runs the built command line, and throws where it does not end with 0. */
export async function evidenceOk(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  const result = await evidence(args, options)
  if (result.code !== 0) {
    throw new Error(`evidence ${args.join(' ')} ended with ${result.code}\n${result.stdout}\n${result.stderr}`)
  }
  return result
}

/** A refusal of the command line as its JSON document states it. */
export interface CliError {
  readonly error: { readonly code: string; readonly message: string; readonly action: string; readonly where?: string }
}

/** A server run by the built command line. */
export interface CliServer {
  readonly url: string
  readonly data: string
  /** All that it wrote so far. */
  readonly output: () => string
  readonly request: (path: string, options?: RequestOptions) => Promise<Answer>
  /** A bearer token of the data folder's depositor or administrator. */
  readonly token: (who: 'depositor' | 'administrator') => string
  /** Sends a signal; resolves with the exit code. */
  readonly stop: (signal?: NodeJS.Signals) => Promise<number | null>
}

/** A server in a process that runs nothing else. */
export interface ServerProcess extends CliServer {
  readonly child: ChildProcess
}

const listening = /^listening on (http:\/\/\S+)$/m

const serverArgs = (data: string, args: readonly string[], command: string): string[] => [
  command,
  '--data',
  data,
  ...(args.includes('--port') ? [] : ['--port', '0']),
  ...args,
]

/** What a server is once it listens at a URL. */
async function serverAt(
  url: string,
  data: string,
  output: () => string,
  stop: (signal: NodeJS.Signals) => Promise<number | null>,
): Promise<CliServer> {
  await request(url, '/healthz')
  return {
    url,
    data,
    output,
    request: (path, options) => request(url, path, options),
    token: (who) => {
      const { depositorKey, administratorKey } = dataFolder(data)
      const key = readKeyFile(who === 'depositor' ? depositorKey : administratorKey)
      return accessToken(who, key, url, Date.now())
    },
    stop: (signal = 'SIGTERM') => stop(signal),
  }
}

/** Starts `evidence start` (or another command) on a free port, and waits until it listens. */
export async function startServer(
  data: string,
  args: readonly string[] = [],
  command: 'start' | 'serve' = 'start',
): Promise<CliServer> {
  requireBuilt()
  if (inProcesses()) return startServerProcess(data, args, command)
  let heard = (): void => {}
  const running = await beginInHost(serverArgs(data, args, command), {
    cwd: undefined,
    env: environment({}),
    heard: () => heard(),
  })
  const output = (): string => running.stdout() + running.stderr()
  const url = await new Promise<string>((resolve, reject) => {
    heard = () => {
      const match = listening.exec(running.stdout())
      if (match !== null) resolve(match[1] as string)
    }
    heard()
    void running.ended.then(({ code }) => reject(new Error(`the server ended with ${code}: ${output()}`)))
  })
  return serverAt(url, data, output, async (signal) => {
    running.kill(signal)
    return (await running.ended).code
  })
}

/** Starts a server as {@link startServer} does, in a process of its own with this process's umask: for what a process is. */
export async function startServerProcess(
  data: string,
  args: readonly string[] = [],
  command: 'start' | 'serve' = 'start',
): Promise<ServerProcess> {
  requireBuilt()
  const child = spawn(process.execPath, [program, ...serverArgs(data, args, command)], {
    cwd: nowhere,
    env: environment({}),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const { output, url, ended } = spoken(child)
  const server = await serverAt(await url, data, output, (signal) => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal)
    return ended
  })
  return { ...server, child }
}

/** What a process that will listen says, where it listens, and its exit code. The URL rejects where it ends before. */
function spoken(child: ChildProcess): {
  readonly output: () => string
  readonly url: Promise<string>
  readonly ended: Promise<number | null>
} {
  let output = ''
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve))
  const url = new Promise<string>((resolve, reject) => {
    const look = (chunk: Buffer): void => {
      output += chunk.toString()
      const match = listening.exec(output)
      if (match !== null) resolve(match[1] as string)
    }
    child.stdout?.on('data', look)
    child.stderr?.on('data', look)
    child.on('error', reject)
    child.on('close', (code) => reject(new Error(`the command ended with ${code}: ${output}`)))
  })
  return { output: () => output, url, ended }
}

/** A command that serves something else than a ledger. */
export interface CommandServer {
  readonly url: string
  readonly request: (path: string, options?: RequestOptions) => Promise<Answer>
  readonly stop: (signal?: NodeJS.Signals) => Promise<number | null>
}

/** Starts a command that says what it listens on, and waits until it does. */
export async function startCommand(args: readonly string[]): Promise<CommandServer> {
  requireBuilt()
  const child = spawn(process.execPath, [program, ...args], {
    cwd: nowhere,
    env: environment({}),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const { ended, url: listensAt } = spoken(child)
  const url = await listensAt
  return {
    url,
    request: (path, options) => request(url, path, options),
    stop: (signal = 'SIGTERM') => {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal)
      return ended
    },
  }
}

/** Starts a command that writes a line for each thing that happens. */
export function startLines(args: readonly string[]): {
  /** The next line on standard output. Rejects when the command ends before there is one. */
  readonly line: () => Promise<string>
  readonly stop: () => Promise<number | null>
} {
  requireBuilt()
  const child = spawn(process.execPath, [program, ...args], {
    cwd: nowhere,
    env: environment({}),
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve))
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    line: async () => {
      const { done, value } = await lines.next()
      if (done === true) throw new Error(`the command ended with ${await ended}`)
      return value
    },
    stop: () => {
      child.kill('SIGTERM')
      return ended
    },
  }
}

/** What stands between a client and a server, and may break. */
export interface Proxy {
  readonly url: string
  /** Requests that came, as "METHOD path". */
  readonly seen: string[]
  readonly close: () => Promise<void>
}

/** What a proxy does with a request: passes it on, breaks off before or after the server has answered, or answers itself. */
export type ProxyRule = (line: string, count: number) => 'pass' | 'break' | 'break after' | number

/** What a proxy makes of the body of an answer to a request. */
export type ProxyChange = (line: string, body: string) => string | { readonly status: number; readonly body: string }

/** A proxy on a free port. */
export async function startProxy(target: string, rule: ProxyRule, change?: ProxyChange): Promise<Proxy> {
  const seen: string[] = []
  const counts = new Map<string, number>()
  const handle = (from: IncomingMessage, to: ServerResponse): void => {
    const line = `${from.method} ${from.url}`
    const count = (counts.get(line) ?? 0) + 1
    counts.set(line, count)
    seen.push(line)
    const verdict = rule(line, count)
    if (verdict === 'break') {
      from.socket.destroy()
      return
    }
    if (typeof verdict === 'number') {
      from.resume()
      to.writeHead(verdict, { 'content-type': 'text/html' }).end('<h1>not the ledger</h1>')
      return
    }
    const { hostname, port } = new URL(target)
    const passed = httpRequest(
      { hostname, port, path: from.url, method: from.method, headers: from.headers },
      (answer) => {
        if (verdict === 'break after') {
          answer.resume()
          answer.on('end', () => from.socket.destroy())
          return
        }
        if (change !== undefined) {
          void answer.toArray().then((chunks: Buffer[]) => {
            const changed = change(line, Buffer.concat(chunks).toString())
            const { status = answer.statusCode ?? 500, body } =
              typeof changed === 'string' ? { body: changed } : changed
            const { 'content-length': _length, 'transfer-encoding': _coding, ...headers } = answer.headers
            to.writeHead(status, headers).end(body)
          })
          return
        }
        to.writeHead(answer.statusCode ?? 500, answer.headers)
        answer.pipe(to)
      },
    )
    passed.on('error', () => from.socket.destroy())
    from.pipe(passed)
  }
  const server = createServer(handle)
  const url = await listen(server)
  return { url, seen, close: () => closing(server) }
}

/** A plain server of files in a folder: all that a ledger of static tiles needs. */
export async function startFileServer(read: (path: string) => Uint8Array | undefined): Promise<Proxy> {
  const seen: string[] = []
  const server = createServer((from, to) => {
    seen.push(`${from.method} ${from.url}`)
    const bytes = read(decodeURIComponent(new URL(from.url ?? '/', 'http://localhost').pathname))
    if (bytes === undefined) to.writeHead(404, { 'content-type': 'text/plain' }).end('nothing here\n')
    else to.writeHead(200, { 'content-type': 'application/octet-stream' }).end(bytes)
  })
  const url = await listen(server)
  return { url, seen, close: () => closing(server) }
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function closing(server: Server): Promise<void> {
  server.closeAllConnections()
  return new Promise((resolve) => {
    server.close(() => resolve())
  })
}

/** A port that nobody listens on just now. */
export async function unusedUrl(): Promise<string> {
  const server = createServer()
  const url = await listen(server)
  await closing(server)
  return url
}

export interface SystemResult {
  readonly code: number | null
  readonly stdout: Buffer
  readonly stderr: string
}

/** Runs a program of the system, which these tests need. Throws with its name where it is missing. */
export function systemProgram(
  name: 'openssl' | 'sha256sum' | 'python3' | 'pdftotext',
  args: readonly string[],
  options: { readonly cwd?: string; readonly input?: Uint8Array } = {},
): SystemResult {
  const { status, stdout, stderr, error } = spawnSync(name, args, {
    cwd: options.cwd,
    input: options.input,
    env: { ...process.env, LC_ALL: 'C' },
  })
  if ((error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') {
    throw new Error(`this test needs the program ${name}, which is not installed`)
  }
  if (error !== undefined) throw error
  return { code: status, stdout, stderr: stderr.toString() }
}

/** Runs something for each value, a few at a time; results in order. */
export async function fewAtATime<T, R>(values: readonly T[], run: (value: T, i: number) => Promise<R>): Promise<R[]> {
  const results = new Array<R>(values.length)
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < values.length) {
      const i = next++
      results[i] = await run(values[i] as T, i)
    }
  }
  await Promise.all(Array.from({ length: 3 }, worker))
  return results
}
