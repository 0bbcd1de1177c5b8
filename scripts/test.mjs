// `npm test`: builds, and runs the tests in their short form (tests/support/long.ts says which are shorter than in CI); `--long`, and
// CI=true, run all of each. Arguments go to the test runner; files and folders that are named run whole. `npm run test:one -- FILE …`
// runs these files alone, and installs no program, not even in CI. scripts/not-run.mjs says at the end what was left out.
import { existsSync } from 'node:fs'
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
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
const env = { ...process.env, ...toolsForTests(missing), EVIDENCE_TEST_FORM: isLong ? 'long' : 'short' }
process.exit(run(process.execPath, [vitest, 'run', ...args], { env }))
