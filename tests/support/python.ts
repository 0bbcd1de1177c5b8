import { spawn, spawnSync } from 'node:child_process'
import { openSync, readSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { CliResult } from './cli.ts'
import { temporaryFolder } from './folder.ts'

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

const hostProgram = fileURLToPath(new URL('python-host.py', import.meta.url))

/** The Python verifier's folder. */
const verifiers: string = join(root, 'verifiers', 'python')

let interpreter: string | undefined

/**
 * An interpreter that has the package `cryptography`: the one that `npm test` chose, else the first of those at hand. The
 * python3 on the path need not be the one that Debian's package is for. Throws where there is none, and says what to do.
 */
export function pythonWithCryptography(): string {
  const chosen = process.env['EVIDENCE_PYTHON'] ?? ''
  const own = join(root, 'node_modules', '.evidence-python', 'bin', 'python')
  const candidates = chosen === '' ? ['python3', '/usr/bin/python3', own] : [chosen]
  interpreter ??= candidates.find((python) => spawnSync(python, ['-c', 'import cryptography']).status === 0)
  if (interpreter === undefined)
    throw new Error(
      `no Python with the package cryptography among ${candidates.join(', ')}: run "npm test", which installs it, or "pip install cryptography"`,
    )
  return interpreter
}

type Program = 'evidence_verify.py' | 'vectors.py'
export interface Ran {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** One Python for many runs, spoken to over two named pipes: each run waits for its answer without an event loop. */
interface Host {
  readonly requests: number
  readonly answers: number
}
let host: Host | undefined

function startHost(): Host {
  const { path, remove } = temporaryFolder()
  const [requests, answers] = [join(path, 'requests'), join(path, 'answers')]
  const made = spawnSync('mkfifo', ['-m', '600', requests, answers])
  if (made.status !== 0) throw new Error(`the pipes to Python cannot be made: ${made.stderr}`)
  const child = spawn(pythonWithCryptography(), ['-B', hostProgram, requests, answers], { stdio: 'inherit' })
  // The test run ends when its tests have, and not when Python does; it ends with the pipe.
  child.unref()
  const pipes = { requests: openSync(requests, 'w'), answers: openSync(answers, 'r') }
  remove()
  return pipes
}

/** A line from the pipe, without its end. */
function readLine(descriptor: number): string {
  const chunks: Buffer[] = []
  const chunk = Buffer.alloc(1 << 16)
  for (;;) {
    const length = readSync(descriptor, chunk)
    if (length === 0) throw new Error('the Python process ended')
    chunks.push(Buffer.from(chunk.subarray(0, length)))
    if (chunk[length - 1] === 0x0a) return Buffer.concat(chunks).toString()
  }
}

/** One line of tests/support/python-host.py, and its answer. */
function askHost(request: object): Ran {
  host ??= startHost()
  writeSync(host.requests, `${JSON.stringify(request)}\n`)
  return JSON.parse(readLine(host.answers)) as Ran
}

/** In a process of its own, which does not find the module `without`. */
function runWithout(program: Program, args: readonly string[], without: string): Ran {
  const file = join(verifiers, program)
  const lacking = `import runpy, sys
sys.modules[${JSON.stringify(without)}] = None
sys.path.insert(0, ${JSON.stringify(verifiers)})
sys.argv[0] = ${JSON.stringify(file)}
runpy.run_path(sys.argv[0], run_name="__main__")`
  // -B: no compiled files beside the sources.
  const { status, stdout, stderr, error } = spawnSync(pythonWithCryptography(), ['-B', '-c', lacking, ...args])
  if (error !== undefined) throw error
  return { code: status, stdout: stdout.toString(), stderr: stderr.toString() }
}

/** Runs a program of verifiers/python; `without` names a module that it then does not find. */
export function python(
  program: Program,
  args: readonly string[],
  options: { readonly without?: string } = {},
): CliResult {
  const { without } = options
  const ran =
    without === undefined
      ? askHost({ program: program.replace(/\.py$/, ''), args })
      : runWithout(program, args, without)
  return { ...ran, json: <T>() => JSON.parse(ran.stdout) as T }
}

/** Runs a program of one file, which imports nothing but Python's own modules, in a folder. */
export function pythonScript(script: string, args: readonly string[], cwd: string): Ran {
  return askHost({ script, args, cwd })
}

/** A Python that answers requests in their order while this process goes on: lines of tests/support/python-host.py. */
export interface PythonLines {
  readonly ask: (request: object) => Promise<unknown>
  readonly end: () => void
}

export function startPythonLines(): PythonLines {
  const child = spawn(pythonWithCryptography(), ['-B', hostProgram], { stdio: ['pipe', 'pipe', 'inherit'] })
  // Its end is told below.
  child.stdin.on('error', () => {})
  const waiting: { resolve: (answer: unknown) => void; reject: (error: Error) => void }[] = []
  createInterface({ input: child.stdout }).on('line', (line) => waiting.shift()?.resolve(JSON.parse(line)))
  child.on('close', () => {
    for (const { reject } of waiting.splice(0)) reject(new Error('the Python process ended'))
  })
  return {
    ask: (request) =>
      new Promise((resolve, reject) => {
        waiting.push({ resolve, reject })
        child.stdin.write(`${JSON.stringify(request)}\n`)
      }),
    end: () => child.stdin.end(),
  }
}

/** Runs a program that is given as text, in a process of its own; it may import the verifier's modules. */
export function pythonText(program: string, args: readonly string[]): CliResult {
  const whole = `import sys\nsys.path.insert(0, ${JSON.stringify(verifiers)})\n${program}`
  const { status, stdout, stderr, error } = spawnSync(pythonWithCryptography(), ['-B', '-c', whole, ...args], {
    maxBuffer: 64 * 1024 * 1024,
  })
  if (error !== undefined) throw error
  const text = stdout.toString()
  return { code: status, stdout: text, stderr: stderr.toString(), json: <T>() => JSON.parse(text) as T }
}
