// Programs that some tests need and npm does not bring. They are installed only in CI (CI=true), where nothing may be left out, or
// where EVIDENCE_INSTALL_TOOLS=1 asks for it; elsewhere the tests that need one are left out, and the summary says so.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './setup.mjs'

/** A virtual environment that is ours: for `bagit`, and `cryptography` where no interpreter of the machine has it. */
const virtualenv = join(root, 'node_modules', '.evidence-python')
const interpreters = ['python3', '/usr/bin/python3', join(virtualenv, 'bin', 'python')]

/** The first interpreter that has `cryptography`: the python3 on the path need not be the one that Debian's packages are for. */
export function pythonWithCryptography() {
  const has = (python) => spawnSync(python, ['-c', 'import cryptography'], { stdio: 'ignore' }).status === 0
  return interpreters.find(has)
}

/** The Go tool: on the path, or where the archive of golang.org puts it. */
export function goProgram() {
  return ['go', '/usr/local/go/bin/go'].find((go) => spawnSync(go, ['version'], { stdio: 'ignore' }).status === 0)
}

/** Makers of clients, for tests/interop/generators.test.ts: a virtual environment of their own, and a Go program. */
const generators = join(root, 'node_modules', '.evidence-generators')
const goTools = join(root, 'node_modules', '.evidence-go')
const generatorPackages = ['openapi-python-client==0.29.1', 'datamodel-code-generator==0.89.0', 'schemathesis==4.32.5']
const oapiCodegen = 'github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2'

function hasGenerators() {
  const bins = ['openapi-python-client', 'datamodel-codegen', 'schemathesis'].map((name) =>
    join(generators, 'bin', name),
  )
  return [...bins, join(goTools, 'bin', 'oapi-codegen')].every((path) => existsSync(path)) ? true : undefined
}

/** Judges of PDF, for tests/interop/certificates.test.ts: veraPDF out of Maven, pyHanko out of PyPI. */
const verapdf = join(root, 'node_modules', '.evidence-verapdf')
const pyhanko = join(root, 'node_modules', '.evidence-pyhanko')

function hasVerapdf() {
  if (!existsSync(join(verapdf, 'validation-model-1.28.2.jar'))) return undefined
  return spawnSync('javac', ['-version'], { stdio: 'ignore' }).status === 0 ? true : undefined
}

const needed = [
  { command: 'openssl', probe: ['version'], package: 'openssl' },
  { command: 'sha256sum', probe: ['--version'], package: 'coreutils' },
  { command: 'curl', probe: ['--version'], package: 'curl' },
  { command: 'python3', probe: ['--version'], package: 'python3' },
  // The BagIt tool of the Library of Congress, for tests/interop/bagit.test.ts; python3-venv makes the environment.
  {
    command: 'bagit',
    package: 'python3-venv',
    found: () => (existsSync(join(virtualenv, 'bin', 'bagit.py')) ? true : undefined),
  },
  // For verifiers/python and clients/python: no program, but a package of Python's.
  { command: 'python3-cryptography', package: 'python3-cryptography', found: pythonWithCryptography },
  // For clients/go.
  { command: 'go', package: 'golang-go', found: goProgram },
  { command: 'pdfsig', probe: ['-v'], package: 'poppler-utils' },
  { command: 'maven', probe: ['-v'], package: 'maven', found: () => hasVerapdf() ?? (runsMaven() ? true : undefined) },
  { command: 'verapdf', package: 'default-jdk-headless', found: hasVerapdf },
  {
    command: 'pyhanko',
    package: 'python3-venv',
    found: () => (existsSync(join(pyhanko, 'bin', 'python')) ? true : undefined),
  },
  { command: 'openapi-generators', package: 'python3-venv', found: hasGenerators },
  // For tests/faults: system calls that fail, a false clock, a low limit of descriptors, a small disk.
  ...(process.platform === 'linux'
    ? [
        { command: 'strace', probe: ['-V'], package: 'strace' },
        { command: 'faketime', probe: ['--version'], package: 'faketime' },
        { command: 'prlimit', probe: ['--version'], package: 'util-linux' },
        { command: 'mount', probe: ['--version'], package: 'mount' },
        // For tests/operations/package-deb.test.ts.
        { command: 'dpkg', probe: ['--version'], package: 'dpkg' },
        { command: 'dpkg-deb', probe: ['--version'], package: 'dpkg' },
        // A PKCS#11 token in software, for tests/node/pkcs11.test.ts.
        { command: 'softhsm2-util', probe: ['--version'], package: 'softhsm2' },
        // For tests/scripts/completion.test.ts: two shells, and what sets a manual page.
        { command: 'zsh', probe: ['--version'], package: 'zsh' },
        { command: 'fish', probe: ['--version'], package: 'fish' },
        { command: 'groff', probe: ['--version'], package: 'groff-base' },
        // For tests/web: the browsers in which the page is tried.
        { command: 'chromium', probe: ['--version'], package: 'chromium' },
        { command: 'firefox-esr', probe: ['--version'], package: 'firefox-esr' },
      ]
    : []),
]

const runs = ({ command, probe, found }) =>
  found === undefined ? spawnSync(command, probe, { stdio: 'ignore' }).status === 0 : found() !== undefined

/** Python packages of PyPI, into a folder of our own. */
function makeVirtualenv() {
  process.stderr.write(`installing the Python packages cryptography and bagit into ${virtualenv}\n`)
  // Python's own report goes to stderr: stdout is the program's.
  const options = { stdio: ['inherit', 2, 'inherit'] }
  if (spawnSync('python3', ['-m', 'venv', virtualenv], options).status !== 0) return
  const python = join(virtualenv, 'bin', 'python')
  spawnSync(python, ['-m', 'pip', 'install', '--quiet', 'cryptography', 'bagit==1.9.0'], options)
}

/** Makers of clients, out of PyPI and Go's own registry, into folders of ours. */
function installGenerators() {
  process.stderr.write(`installing makers of OpenAPI clients into ${generators} and ${goTools}\n`)
  const options = { stdio: ['inherit', 2, 'inherit'] }
  spawnSync('python3', ['-m', 'venv', generators], options)
  spawnSync(join(generators, 'bin', 'python'), ['-m', 'pip', 'install', '--quiet', ...generatorPackages], options)
  const env = { ...process.env, GOPATH: goTools, GOFLAGS: '-modcacherw' }
  const go = goProgram()
  if (go !== undefined) spawnSync(go, ['install', oapiCodegen], { ...options, env })
}

const runsMaven = () => spawnSync('mvn', ['-v'], { stdio: 'ignore' }).status === 0

function installVerapdf() {
  process.stderr.write(`installing veraPDF into ${verapdf}\n`)
  const pom = join(root, 'tests', 'support', 'verapdf', 'pom.xml')
  const args = ['-q', '-B', '-f', pom, 'dependency:copy-dependencies', `-DoutputDirectory=${verapdf}`]
  spawnSync('mvn', args, { stdio: ['inherit', 2, 'inherit'] })
}

function installPyhanko() {
  process.stderr.write(`installing pyHanko into ${pyhanko}\n`)
  const options = { stdio: ['inherit', 2, 'inherit'] }
  spawnSync('python3', ['-m', 'venv', pyhanko], options)
  spawnSync(join(pyhanko, 'bin', 'python'), ['-m', 'pip', 'install', '--quiet', 'pyhanko==0.38.0'], options)
}

/** Whether missing programs are to be installed. */
export const mayInstall = process.env.CI === 'true' || process.env.EVIDENCE_INSTALL_TOOLS === '1'

/** The commands that are missing. */
export function missingTools() {
  return needed.filter((tool) => !runs(tool)).map(({ command }) => command)
}

/** Installs what is missing: from Debian where we are root there, and from PyPI into a folder of ours. */
export function installTools() {
  const missing = needed.filter((tool) => !runs(tool))
  if (missing.length === 0) return
  const packages = missing.map((tool) => tool.package)
  if (process.getuid?.() === 0 && existsSync('/etc/debian_version')) {
    process.stderr.write(`installing ${packages.join(', ')}\n`)
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
    // The package manager's own report goes to stderr: stdout is the program's.
    const options = { stdio: ['inherit', 2, 'inherit'], env }
    spawnSync('apt-get', ['update', '-qq'], options)
    spawnSync('apt-get', ['install', '-y', '-qq', ...packages], options)
  }
  const left = missingTools()
  if (left.some((command) => command === 'bagit' || command === 'python3-cryptography')) makeVirtualenv()
  if (left.includes('openapi-generators')) installGenerators()
  if (left.includes('verapdf')) installVerapdf()
  if (left.includes('pyhanko')) installPyhanko()
}

/** What the tests are told of the machine. */
export function toolsForTests(missing) {
  return {
    EVIDENCE_MISSING_TOOLS: missing.join(','),
    EVIDENCE_PYTHON: pythonWithCryptography() ?? '',
    EVIDENCE_GO: goProgram() ?? '',
  }
}
