import { type ChildProcess, spawn } from 'node:child_process'
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { environment, needsProcess } from './cli.ts'
import { beginInHost, type Ended } from './command-hosts.ts'
import { type Answer, request, type RequestOptions } from './server.ts'

/* The built server in another process, under whatever breaks it: strace, a false clock, a limit. */

const root = fileURLToPath(new URL('../../', import.meta.url))
const program = join(root, 'cli', 'evidence.mjs')

export interface LaunchOptions {
  /** A program and its arguments that run the server, and keep its process id. */
  readonly under?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly args?: readonly string[]
  /** In a process that ran nothing before: for what it has in memory, or open. */
  readonly alone?: boolean
}

/** A server process that may or may not have come to listen. */
export interface FaultServer {
  readonly pid: number
  /** Where it listens; undefined where it ended before. */
  readonly url: string | undefined
  readonly output: () => string
  readonly ended: Promise<Ended>
  /** Sends a signal and waits for the end. */
  readonly end: (signal?: NodeJS.Signals) => Promise<Ended>
  readonly request: (path: string, options?: RequestOptions) => Promise<Answer>
}

/** A test that fails leaves no server behind. */
const running = new Set<ChildProcess>()
process.once('exit', () => running.forEach((child) => child.kill('SIGKILL')))

const serverArgs = (data: string, { args = [] }: LaunchOptions): string[] => [
  'serve',
  '--data',
  data,
  '--port',
  '0',
  '--log-level',
  'warn',
  ...args,
]

/** Spawns `evidence serve` on a free port; what it says is gathered. */
export function spawnServer(data: string, options: LaunchOptions = {}): ChildProcess & { said: () => string } {
  if (!existsSync(join(root, 'dist', 'cli', 'main.js'))) throw new Error('not built: run "npx tsc -b" first')
  const whole = [...(options.under ?? []), process.execPath, program, ...serverArgs(data, options)]
  const [first, ...rest] = whole as [string, ...string[]]
  const child = spawn(first, rest, { env: environment(options.env ?? {}), stdio: ['ignore', 'pipe', 'pipe'] })
  running.add(child)
  child.once('close', () => running.delete(child))
  let said = ''
  const hear = (chunk: Buffer): void => {
    said += chunk.toString()
  }
  child.stdout.on('data', hear)
  child.stderr.on('data', hear)
  return Object.assign(child, { said: () => said })
}

interface Started {
  readonly pid: number
  readonly output: () => string
  readonly ended: Promise<Ended>
  readonly kill: (signal: NodeJS.Signals) => void
}

/** Calls `heard` whenever the server has said something. */
async function start(data: string, options: LaunchOptions, heard: () => void): Promise<Started> {
  const { under, env = {}, alone = false } = options
  if (under === undefined && !alone && !needsProcess(env)) {
    const running = await beginInHost(serverArgs(data, options), { cwd: undefined, env: environment(env), heard })
    return { ...running, output: () => running.stdout() + running.stderr() }
  }
  const child = spawnServer(data, options)
  child.stdout?.on('data', heard)
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ code, signal }))
  })
  const kill = (signal: NodeJS.Signals): void => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal)
  }
  return { pid: child.pid as number, output: child.said, ended, kill }
}

/** Starts the server and waits until it listens or ends. */
export async function launch(data: string, options: LaunchOptions = {}): Promise<FaultServer> {
  let look = (): void => {}
  const { pid, output, ended, kill } = await start(data, options, () => look())
  const url = await new Promise<string | undefined>((resolve, reject) => {
    look = () => {
      const match = /^listening on (http:\/\/\S+)$/m.exec(output())
      if (match !== null) resolve(match[1])
    }
    look()
    ended.then(() => resolve(undefined), reject)
  })
  return {
    pid,
    url,
    output,
    ended,
    end: (signal = 'SIGTERM') => {
      kill(signal)
      return ended
    },
    request: (path, more) => {
      if (url === undefined) return Promise.reject(new Error(`the server did not start: ${output()}`))
      return request(url, path, more)
    },
  }
}

/** Starts a server that must listen. */
export async function launchSound(data: string, options: LaunchOptions = {}): Promise<FaultServer & { url: string }> {
  const server = await launch(data, options)
  if (server.url === undefined) throw new Error(`the server did not start: ${server.output()}`)
  return { ...server, url: server.url }
}

/** What memory a process has resident, in bytes; `peak` the most it ever had. */
export function residentBytes(pid: number): { now: number; peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1')
  const read = (name: string): number => Number(new RegExp(`^${name}:\\s+([0-9]+) kB$`, 'm').exec(status)?.[1]) * 1024
  return { now: read('VmRSS'), peak: read('VmHWM') }
}

/** A size of a run: short in `npm test`, as long as `npm run faults` says. */
export function option(name: string, short: number): number {
  const given = process.env[`FAULTS_${name.toUpperCase().replaceAll('-', '_')}`]
  return given === undefined ? short : Number(given)
}

/** Figures of a run, which `npm run faults` prints. */
export function figures(name: string, values: Readonly<Record<string, string | number>>): void {
  const path = process.env['FAULTS_FIGURES']
  if (path !== undefined) appendFileSync(path, `${JSON.stringify({ name, ...values })}\n`)
}
