// `npm test`: installs, builds, and runs all tests. Arguments go to the test runner.
import { join } from 'node:path'
import { build, install, root, run } from './setup.mjs'
import { ensureSystemTools, pythonWithCryptography } from './system-tools.mjs'

install()
build()
const missing = ensureSystemTools()
if (missing.length > 0 && process.env.CI === 'true') {
  process.stderr.write(`these programs are missing, and in CI nothing may be left out: ${missing.join(', ')}\n`)
  process.exit(3)
}
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
const status = run(process.execPath, [vitest, 'run', ...process.argv.slice(2)], {
  env: { ...process.env, EVIDENCE_MISSING_TOOLS: missing.join(','), EVIDENCE_PYTHON: pythonWithCryptography() ?? '' },
})
if (missing.length > 0)
  process.stderr.write(
    `\nNOT RUN, for want of ${missing.join(', ')}: the tests that need them failed or were left out.\n`,
  )
if (process.platform !== 'linux')
  process.stderr.write(
    '\nNOT RUN, for want of Linux: faults of system calls, clock, descriptors, a small disk, slow clients, floods.\n',
  )
else if (process.getuid?.() !== 0)
  process.stderr.write(
    '\nNOT RUN, for want of root: the disk that is full (tests/faults/disk-full.test.ts mounts a tmpfs).\n',
  )
process.exit(status)
