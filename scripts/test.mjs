// `npm test`: builds, and runs the tests in their short form (tests/support/long.ts says which are shorter than in CI); `--long`, and
// CI=true, run all of each. What they write lies in a folder of its own, in memory for the short form. Arguments go to the test runner; files and folders that are named run whole. `npm run test:one -- FILE …`
// runs these files alone, and installs no program, not even in CI. scripts/not-run.mjs says at the end what was left out.
import { chmodSync, existsSync, mkdtempSync, rmSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build, install, root, run } from './setup.mjs'
import { installTools, mayInstall, missingTools, toolsForTests } from './system-tools.mjs'

const [first, ...others] = process.argv.slice(2)
const isOne = first === '--one'
const given = isOne ? others : process.argv.slice(2)
const args = given.filter((argument) => argument !== '--long')
if (isOne && args.length === 0) {
  process.stderr.write('usage: npm run test:one -- FILE [options of vitest]\n')
  process.exit(2)
}
const namesFiles = args.some((argument) => !argument.startsWith('-') && existsSync(join(root, argument)))
const isLong = isOne || namesFiles || given.includes('--long') || process.env.CI === 'true'
install()
build()
if (mayInstall && !isOne) installTools()
const missing = missingTools()
if (missing.length > 0 && process.env.CI === 'true' && !isOne) {
  process.stderr.write(`these programs are missing, and in CI nothing may be left out: ${missing.join(', ')}\n`)
  process.exit(3)
}

/** Free bytes of a folder's file system; 0 where there is no such folder. */
function freeIn(folder) {
  try {
    const { bavail, bsize } = statfsSync(folder)
    return bavail * bsize
  } catch {
    return 0
  }
}

// What the tests write lies in one folder, gone at the end. Of the short form it lies in memory, where there is room: most of what it waits for is a disk,
// and what a disk does is the long form's to see. Tests that run a program as a user without rights need it open as the system's own is.
const memory = '/dev/shm'
const place = !isLong && freeIn(memory) > 4 * 1024 ** 3 ? memory : tmpdir()
const scratch = mkdtempSync(join(place, 'ev-'))
chmodSync(scratch, 0o1777)

const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
const form = isLong ? 'long' : 'short'
const env = { ...process.env, ...toolsForTests(missing), TMPDIR: scratch, EVIDENCE_TEST_FORM: form }
// An interrupt ends the test runner, and this after it.
process.on('SIGINT', () => {})
const code = run(process.execPath, [vitest, 'run', ...args], { env })
rmSync(scratch, { recursive: true, force: true })
process.exit(code)
