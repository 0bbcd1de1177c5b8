// System programs that some tests need. On a Debian machine where we are root they are installed; elsewhere their absence is
// said aloud, and in CI nothing may be left out.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './setup.mjs'

/** A virtual environment that is ours, where no interpreter of the machine has the package `cryptography`. */
const virtualenv = join(root, 'node_modules', '.evidence-python')
const interpreters = ['python3', '/usr/bin/python3', join(virtualenv, 'bin', 'python')]

/** The first interpreter that has `cryptography`: the python3 on the path need not be the one that Debian's packages are for. */
export function pythonWithCryptography() {
  const has = (python) => spawnSync(python, ['-c', 'import cryptography'], { stdio: 'ignore' }).status === 0
  return interpreters.find(has)
}

const needed = [
  { command: 'openssl', probe: ['version'], package: 'openssl' },
  { command: 'sha256sum', probe: ['--version'], package: 'coreutils' },
  { command: 'python3', probe: ['--version'], package: 'python3' },
  // For verifiers/python: no program, but a package of Python's.
  { command: 'python3-cryptography', package: 'python3-cryptography', found: pythonWithCryptography },
  // For tests/faults: system calls that fail, a false clock, a low limit of descriptors, a small disk.
  ...(process.platform === 'linux'
    ? [
        { command: 'strace', probe: ['-V'], package: 'strace' },
        { command: 'faketime', probe: ['--version'], package: 'faketime' },
        { command: 'prlimit', probe: ['--version'], package: 'util-linux' },
        { command: 'mount', probe: ['--version'], package: 'mount' },
        // A PKCS#11 token in software, for tests/node/pkcs11.test.ts.
        { command: 'softhsm2-util', probe: ['--version'], package: 'softhsm2' },
      ]
    : []),
]

const runs = ({ command, probe, found }) =>
  found === undefined ? spawnSync(command, probe, { stdio: 'ignore' }).status === 0 : found() !== undefined

/** Where packages of the system are not ours to install: `cryptography` from PyPI, into a folder of our own. */
function makeVirtualenv() {
  process.stderr.write(`installing the Python package cryptography into ${virtualenv}\n`)
  // Python's own report goes to stderr: stdout is the program's.
  const options = { stdio: ['inherit', 2, 'inherit'] }
  if (spawnSync('python3', ['-m', 'venv', virtualenv], options).status !== 0) return
  spawnSync(join(virtualenv, 'bin', 'python'), ['-m', 'pip', 'install', '--quiet', 'cryptography'], options)
}

/** Gives the commands that are still missing. */
export function ensureSystemTools() {
  const missing = needed.filter((tool) => !runs(tool))
  if (missing.length === 0) return []
  const packages = missing.map((tool) => tool.package)
  if (process.getuid?.() === 0 && existsSync('/etc/debian_version')) {
    process.stderr.write(`installing ${packages.join(', ')}\n`)
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
    spawnSync('apt-get', ['update', '-qq'], { stdio: 'inherit', env })
    spawnSync('apt-get', ['install', '-y', '-qq', ...packages], { stdio: 'inherit', env })
  }
  if (pythonWithCryptography() === undefined) makeVirtualenv()
  return missing.filter((tool) => !runs(tool)).map(({ command }) => command)
}
