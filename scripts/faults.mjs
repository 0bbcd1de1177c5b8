// `npm run faults -- NAME [--OPTION N …]`: the long form of a test of tests/faults, with its figures at the end. Options become
// FAULTS_<OPTION>; each test says which it knows. It runs at a low priority, so that it may run for hours beside other work.
import { mkdtempSync, readdirSync, readFileSync, rmSync, existsSync } from 'node:fs'
import { constants, setPriority, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { build, root, run } from './setup.mjs'
import { installTools, mayInstall, missingTools, toolsForTests } from './system-tools.mjs'

const folder = join(root, 'tests', 'faults')
const names = readdirSync(folder)
  .filter((file) => file.endsWith('.test.ts'))
  .map((file) => file.slice(0, -'.test.ts'.length))

function usage(why) {
  process.stderr.write(`faults: ${why}\nusage: npm run faults -- ${names.join('|')} [--cycles N and the like]\n`)
  process.exit(2)
}

const { positionals, tokens } = parseArgs({ strict: false, allowPositionals: true, tokens: true })
// A value may follow its option after a space: the parser, which knows no options, takes it for a positional.
const values = new Set(
  tokens.flatMap((token, i) => {
    const next = tokens[i + 1]
    return token.kind === 'option' && token.value === undefined && next?.kind === 'positional' ? [next.index] : []
  }),
)
const [name, ...rest] = tokens.filter(({ kind, index }) => kind === 'positional' && !values.has(index))
if (positionals.length === 0 || name === undefined || !names.includes(name.value) || rest.length > 0) {
  usage('name one of the tests of tests/faults')
}
const env = { ...process.env }
tokens.forEach((token, i) => {
  if (token.kind !== 'option') return
  const value = token.value ?? (values.has(tokens[i + 1]?.index) ? tokens[i + 1].value : '1')
  if (!/^[0-9]+$/.test(value)) usage(`--${token.name} takes a number`)
  env[`FAULTS_${token.name.toUpperCase().replaceAll('-', '_')}`] = value
})

setPriority(constants.priority.PRIORITY_LOW)
build()
if (mayInstall) installTools()
const missing = missingTools()
if (missing.length > 0) process.stderr.write(`missing, and needed by some of these: ${missing.join(', ')}\n`)
const scratch = mkdtempSync(join(tmpdir(), 'evidence-faults-'))
const path = join(scratch, 'figures')
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
const status = run(process.execPath, [vitest, 'run', join(folder, `${name.value}.test.ts`)], {
  env: { ...env, FAULTS_FIGURES: path, ...toolsForTests(missing) },
})
if (existsSync(path)) process.stdout.write(readFileSync(path, 'utf8'))
rmSync(scratch, { recursive: true, force: true })
process.exit(status)
