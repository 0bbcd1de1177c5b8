import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/* The parent's side of tests/support/command-host.mjs: which processes there are, and what a command of them wrote. */

const program = fileURLToPath(new URL('command-host.mjs', import.meta.url))

export interface Ran {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/**
 * Where a command runs that is told no folder: an empty one. What lies in the folder of who runs the tests, such as the ledger of `npm start`,
 * must not reach it, nor what it writes reach that folder.
 */
export const nowhere: string = mkdtempSync(join(tmpdir(), 'evidence-nowhere-'))
process.once('exit', () => rmSync(nowhere, { recursive: true, force: true }))

/** Processes that wait for a command. */
const idle: ChildProcess[] = []
const running = new Set<ChildProcess>()
process.once('exit', () => running.forEach((child) => child.kill('SIGKILL')))

function startHost(): Promise<ChildProcess> {
  // The usual umask, whatever a server in this process has set.
  const own = process.umask(0o022)
  const child = spawn(process.execPath, [program], { cwd: nowhere, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] })
  process.umask(own)
  running.add(child)
  child.once('close', () => running.delete(child))
  return new Promise((resolve, reject) => {
    child.once('message', () => resolve(child))
    child.once('error', reject)
    child.once('close', () => reject(new Error('the process that runs commands did not start: run "npx tsc -b" first')))
  })
}

/** What one stream says up to a mark that nothing else would write. */
function until(
  stream: NodeJS.ReadableStream,
  mark: string,
  heard: () => void,
): { whole: Promise<void>; text: () => string; stop: () => void } {
  const end = Buffer.from(mark)
  let bytes = Buffer.alloc(0)
  let hear: (chunk: Buffer) => void = () => {}
  const text = (): string => {
    const marked = bytes.subarray(-end.length).equals(end)
    return bytes.subarray(0, marked ? -end.length : undefined).toString()
  }
  const whole = new Promise<void>((resolve) => {
    hear = (chunk) => {
      bytes = Buffer.concat([bytes, chunk])
      if (bytes.subarray(-end.length).equals(end)) resolve()
      heard()
    }
    stream.on('data', hear)
  })
  return { whole, text, stop: () => stream.removeListener('data', hear) }
}

export interface HostOptions {
  readonly cwd: string | undefined
  readonly env: Readonly<Record<string, string | undefined>>
  readonly umask?: number | undefined
  /** Called whenever the command has written something. */
  readonly heard?: () => void
}

/** How a command ended: by a signal where its process did. */
export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** A command that runs. */
export interface RunningCommand {
  readonly pid: number
  /** What it wrote so far. */
  readonly stdout: () => string
  readonly stderr: () => string
  readonly ended: Promise<Ended>
  /** Sends a signal; nothing where it has ended. */
  readonly kill: (signal: NodeJS.Signals) => void
}

/** Begins a command in a process that ran others before it. Where the command ends that process, it ends as one of its own would. */
export async function beginInHost(args: readonly string[], options: HostOptions): Promise<RunningCommand> {
  const { cwd, env, umask, heard = () => {} } = options
  const child = idle.pop() ?? (await startHost())
  const end = randomUUID()
  const [out, err] = [child.stdout, child.stderr].map((stream) =>
    until(stream as NodeJS.ReadableStream, end, heard),
  ) as [ReturnType<typeof until>, ReturnType<typeof until>]
  let isOver = false
  const ended = new Promise<Ended>((resolve) => {
    const closed = (code: number | null, signal: NodeJS.Signals | null): void => {
      isOver = true
      resolve({ code, signal })
    }
    child.once('close', closed)
    child.once('message', ({ code }: { code: number }) => {
      isOver = true
      void Promise.all([out.whole, err.whole]).then(() => {
        child.removeListener('close', closed)
        out.stop()
        err.stop()
        idle.push(child)
        resolve({ code, signal: null })
      })
    })
    child.send({ args, cwd, env, umask, end })
  })
  return {
    pid: child.pid as number,
    stdout: out.text,
    stderr: err.text,
    ended,
    kill: (signal) => {
      if (!isOver) child.kill(signal)
    },
  }
}

/** Runs one command in a process that ran others before it. */
export async function runInHost(args: readonly string[], options: HostOptions): Promise<Ran> {
  const { ended, stdout, stderr } = await beginInHost(args, options)
  const { code } = await ended
  return { code, stdout: stdout(), stderr: stderr() }
}
