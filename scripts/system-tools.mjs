// System programs that some tests need. On a Debian machine where we are root they are installed; elsewhere their absence is
// said aloud, and in CI nothing may be left out.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

const needed = [
  { command: 'openssl', probe: ['version'], package: 'openssl' },
  { command: 'sha256sum', probe: ['--version'], package: 'coreutils' },
  { command: 'python3', probe: ['--version'], package: 'python3' },
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

const runs = ({ command, probe }) => spawnSync(command, probe, { stdio: 'ignore' }).status === 0

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
  return missing.filter((tool) => !runs(tool)).map(({ command }) => command)
}
