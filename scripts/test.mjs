// `npm test`: builds, and runs all tests; arguments go to the test runner. `npm run test:one -- FILE …` runs these files alone, and
// installs no program, not even in CI. scripts/not-run.mjs says at the end what was left out.
import { join } from 'node:path'
import { build, install, root, run } from './setup.mjs'
import { installTools, mayInstall, missingTools, toolsForTests } from './system-tools.mjs'

const [first, ...others] = process.argv.slice(2)
const isOne = first === '--one'
const args = isOne ? others : process.argv.slice(2)
if (isOne && args.length === 0) {
  process.stderr.write('usage: npm run test:one -- FILE [options of vitest]\n')
  process.exit(2)
}
install()
build()
if (mayInstall && !isOne) installTools()
const missing = missingTools()
if (missing.length > 0 && process.env.CI === 'true' && !isOne) {
  process.stderr.write(`these programs are missing, and in CI nothing may be left out: ${missing.join(', ')}\n`)
  process.exit(3)
}
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
process.exit(run(process.execPath, [vitest, 'run', ...args], { env: { ...process.env, ...toolsForTests(missing) } }))
