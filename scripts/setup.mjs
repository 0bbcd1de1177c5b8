// What a fresh clone needs before anything of it can run: packages and a build. Only Node is there yet, so only Node is used.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createHash } from 'node:crypto'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))
const stamp = join(root, 'node_modules', '.evidence-installed')

const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(`Node ${process.versions.node} is too old; the evidence ledger needs 20.19 or newer.\n`)
  process.exit(3)
}

/** Runs a command with our terminal; ends the process where it fails. */
export function run(command, args, options = {}) {
  const result = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32',
    ...options,
  })
  if (result.error !== undefined) {
    process.stderr.write(`${command} cannot be run: ${result.error.message}\n`)
    process.exit(3)
  }
  return result.status ?? 1
}

function must(command, args, options) {
  const status = run(command, args, options)
  if (status !== 0) process.exit(status)
}

/** Installs exactly what the lock file names, unless that has been done. */
export function install() {
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return
  process.stderr.write('installing packages (first time, or the lock file changed)\n')
  // npm's own report goes to stderr: stdout is the program's.
  must('npm', ['ci', '--include=dev', '--no-audit', '--no-fund'], { stdio: ['inherit', 2, 'inherit'] })
  writeFileSync(stamp, lock)
}

/** Builds what changed; the compiler knows by content, where a copied folder's times would mislead. */
export function build() {
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  must(process.execPath, [tsc, '-b'], { stdio: ['inherit', 2, 'inherit'] })
  for (const script of ['stale.mjs', 'accelerator.mjs', 'bundle.mjs', 'program.mjs', 'page.mjs'])
    must(process.execPath, [join(root, 'scripts', script)], { stdio: ['inherit', 2, 'inherit'] })
}
