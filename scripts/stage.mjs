// What is shipped, out of a working copy that is built: the program, and the packages that it runs on. docs/design/packaging.md says why
// each rule is. As a command it puts the packages into a folder: node scripts/stage.mjs FOLDER
import { spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { root } from './setup.mjs'
import { sourceOf } from './stale.mjs'

const read = (name) => readFileSync(join(root, name), 'utf8')

/** The time of the source in seconds: SOURCE_DATE_EPOCH, else the last commit's, else the changelog's; undefined where none is known. */
export function sourceTime() {
  const { SOURCE_DATE_EPOCH: epoch } = process.env
  if (epoch !== undefined && /^\d+$/.test(epoch)) return Number(epoch)
  // A folder that only lies in somebody else's repository has no commits of its own.
  if (existsSync(join(root, '.git'))) {
    const { status, stdout } = spawnSync('git', ['log', '-1', '--format=%ct'], { cwd: root, encoding: 'utf8' })
    if (status === 0 && /^\d+\n$/.test(stdout)) return Number(stdout)
  }
  const [, day] = /^## \S+ \((\d{4}-\d\d-\d\d)\)$/m.exec(read('CHANGELOG.md')) ?? []
  return day === undefined ? undefined : Date.parse(day) / 1000
}

/** Every file below a folder, by its path in it, in the order of its bytes. */
export function filesBelow(folder) {
  const found = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => !entry.isDirectory())
  const other = found.find((entry) => !entry.isFile())
  if (other !== undefined) throw new Error(`${join(other.parentPath, other.name)} is no file: it cannot be shipped`)
  return found.map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1)).sort()
}

/** Copies a file with the mode that it shall have, whatever the umask and the mode here. */
export function place(from, to, mode = 0o644) {
  mkdirSync(dirname(to), { recursive: true, mode: 0o755 })
  copyFileSync(from, to)
  chmodSync(to, mode)
}

/** The packages that run in production, as package-lock.json names them: "node_modules/…". */
export function productionPackages() {
  const { packages } = JSON.parse(read('package-lock.json'))
  const wanted = Object.entries(packages).filter(([path, { dev }]) => path !== '' && dev !== true)
  const missing = wanted.find(([path, { optional }]) => optional !== true && !existsSync(join(root, path)))
  if (missing !== undefined) {
    process.stderr.write(`${missing[0]} is missing: run "npm ci" first\n`)
    process.exit(3)
  }
  return wanted.map(([path]) => path).filter((path) => existsSync(join(root, path)))
}

const development = /^(?:__tests__|bench|benchmarks?|coverage|docs?|examples?|tests?)\//
const sources = /\.(?:[cm]?ts|map|bare|c|cc|cpp|h|hh|hpp|S|asm|gypi?|cmake|patch)$/
const isGlibc = process.report.getReport().header.glibcVersionRuntime !== undefined

/** Whether a file of a package has a part in running it here. */
function runs(file) {
  if (development.test(file) || sources.test(file) || /(?:^|\/)\./.test(file)) return false
  const [, platform, machines] = /^prebuilds\/(\w+)-([^/]+)\//.exec(file) ?? []
  if (platform !== undefined && (platform !== process.platform || !machines.split('+').includes(process.arch)))
    return false
  return !(isGlibc && /(?:^|[/.])musl[_.]/.test(file))
}

/** Copies what the packages of production need to run on this machine into a folder; gives the packages' paths. */
export function stagePackages(to) {
  const packages = productionPackages()
  for (const path of packages) {
    // Packages within a package have lines of their own.
    const files = filesOfPackage(join(root, path)).filter(runs)
    for (const file of files) place(join(root, path, file), join(to, path, file))
  }
  return packages
}

function filesOfPackage(folder) {
  const names = readdirSync(folder, { withFileTypes: true }).filter(({ name }) => name !== 'node_modules')
  return names.flatMap((entry) => {
    if (!entry.isDirectory()) return [entry.name]
    return filesBelow(join(folder, entry.name)).map((file) => join(entry.name, file))
  })
}

/** Copies the built program and its packages into a folder; gives the packages' paths. Types and maps are for developers. */
export function stageProgram(to) {
  const bundles = [
    'src/accelerator/ed25519.wasm',
    'check.mjs',
    'check-time.mjs',
    'check-digest.mjs',
    'check-proxy.mjs',
    'page/index.html',
    'run/main.js',
  ]
  const missing = [...bundles, 'cli/main.js'].find((name) => !existsSync(join(root, 'dist', name)))
  if (missing !== undefined) {
    process.stderr.write(`dist/${missing} is missing: run "npm run build" first\n`)
    process.exit(3)
  }
  // What the page is made of is in dist/page, joined; that has no source of its own name.
  const compiled = filesBelow(join(root, 'dist')).filter((file) => {
    const source = file.endsWith('.js') && !file.startsWith('web/') ? sourceOf(file) : undefined
    return source !== undefined && existsSync(join(root, source))
  })
  const page = filesBelow(join(root, 'dist', 'page')).filter((file) => file !== '.inputs')
  // What the build before this one had stays in a checkout, and is not shipped.
  const program = JSON.parse(readFileSync(join(root, 'dist', 'run', '.files'), 'utf8'))
  const joined = [...page.map((file) => `page/${file}`), ...program.map((file) => `run/${file}`)]
  const others = bundles.filter((name) => !name.startsWith('page/') && !name.startsWith('run/'))
  for (const file of [...compiled, ...others, ...joined]) place(join(root, 'dist', file), join(to, 'dist', file))
  for (const file of filesBelow(join(root, 'assets'))) place(join(root, 'assets', file), join(to, 'assets', file))
  place(join(root, 'package.json'), join(to, 'package.json'))
  place(join(root, 'cli', 'evidence.mjs'), join(to, 'cli', 'evidence.mjs'), 0o755)
  return stagePackages(to)
}

if (process.argv[1] === import.meta.filename) {
  if (process.argv[2] === undefined) {
    process.stderr.write('usage: node scripts/stage.mjs FOLDER\n')
    process.exit(2)
  }
  stagePackages(process.argv[2])
}
