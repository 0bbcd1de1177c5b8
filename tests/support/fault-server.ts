import { type ChildProcess, spawn } from 'node:child_process'
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Answer, request, type RequestOptions } from './server.ts'

/* The built server as a process of its own, under whatever breaks it: strace, a false clock, a limit. */

const root = fileURLToPath(new URL('../../', import.meta.url))
const program = join(root, 'cli', 'evidence.mjs')

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface LaunchOptions {
  /** A program and its arguments that run the server, and keep its process id. */
  readonly under?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly args?: readonly string[]
}

/** A server process that may or may not have come to listen. */
export interface FaultServer {
  readonly child: ChildProcess
  readonly pid: number
  /** Where it listens; undefined where it ended before. */
  readonly url: string | undefined
  readonly output: () => string
  readonly ended: Promise<Ended>
  readonly hasEnded: () => boolean
  /** Sends a signal and waits for the end. */
  readonly end: (signal?: NodeJS.Signals) => Promise<Ended>
  readonly request: (path: string, options?: RequestOptions) => Promise<Answer>
}

/** A test that fails leaves no server behind. */
const running = new Set<ChildProcess>()
process.once('exit', () => running.forEach((child) => child.kill('SIGKILL')))

/** Spawns `evidence serve` on a free port; what it says is gathered. */
export function spawnServer(data: string, options: LaunchOptions = {}): ChildProcess & { said: () => string } {
  if (!existsSync(join(root, 'dist', 'cli', 'main.js'))) throw new Error('not built: run "npx tsc -b" first')
  const serve = ['serve', '--data', data, '--port', '0', '--log-level', 'warn', ...(options.args ?? [])]
  const [first, ...rest] = [...(options.under ?? []), process.execPath, program, ...serve] as [string, ...string[]]
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith('EVIDENCE_'))
  const child = spawn(first, rest, {
    env: { ...Object.fromEntries(kept), NO_COLOR: '1', ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
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

/** Starts the server and waits until it listens or ends. */
export async function launch(data: string, options: LaunchOptions = {}): Promise<FaultServer> {
  const child = spawnServer(data, options)
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ code, signal }))
  })
  const url = await new Promise<string | undefined>((resolve, reject) => {
    const look = (): void => {
      const match = /^listening on (http:\/\/\S+)$/m.exec(child.said())
      if (match !== null) resolve(match[1])
    }
    child.stdout?.on('data', look)
    ended.then(() => resolve(undefined), reject)
  })
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null
  return {
    child,
    pid: child.pid as number,
    url,
    output: child.said,
    ended,
    hasEnded,
    end: (signal = 'SIGTERM') => {
      if (!hasEnded()) child.kill(signal)
      return ended
    },
    request: (path, more) => {
      if (url === undefined) return Promise.reject(new Error(`the server did not start: ${child.said()}`))
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
