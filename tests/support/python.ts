import { spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { CliResult } from './cli.ts'

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

/** The Python verifier's folder. */
const verifiers: string = join(root, 'verifiers', 'python')

let interpreter: string | undefined

/**
 * An interpreter that has the package `cryptography`: the one that `npm test` chose, else the first of those at hand. The
 * python3 on the path need not be the one that Debian's package is for. Throws where there is none, and says what to do.
 */
function pythonWithCryptography(): string {
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

/** Runs a program that is given as text and may import the verifier's modules. */
export function pythonText(program: string, args: readonly string[]): CliResult {
  const whole = `import sys\nsys.path.insert(0, ${JSON.stringify(verifiers)})\n${program}`
  return run(['-c', whole, ...args])
}

/** Runs a program of verifiers/python; `without` names a module that it then does not find. */
export function python(
  program: 'evidence_verify.py' | 'vectors.py',
  args: readonly string[],
  options: { readonly without?: string } = {},
): CliResult {
  const file = join(verifiers, program)
  const lacking = `import runpy, sys
sys.modules[${JSON.stringify(options.without)}] = None
sys.path.insert(0, ${JSON.stringify(verifiers)})
sys.argv[0] = ${JSON.stringify(file)}
runpy.run_path(sys.argv[0], run_name="__main__")`
  const start = options.without === undefined ? [file] : ['-c', lacking]
  return run([...start, ...args])
}

function run(args: readonly string[]): CliResult {
  // -B: no compiled files beside the sources.
  const { status, stdout, stderr, error } = spawnSync(pythonWithCryptography(), ['-B', ...args])
  if (error !== undefined) throw error
  const text = stdout.toString()
  return { code: status, stdout: text, stderr: stderr.toString(), json: <T>() => JSON.parse(text) as T }
}
