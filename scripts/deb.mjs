// `npm run deb`: the Debian package, evidence-ledger_VERSION_ARCH.deb, out of a working copy that is built. docs/design/packaging.md says
// what is where, and what could go wrong. node scripts/deb.mjs [--out FOLDER]
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { gzipSync } from 'node:zlib'
import { root, run } from './setup.mjs'
import { filesBelow, place, sourceTime, stageProgram } from './stage.mjs'

const { values: options } = parseArgs({ options: { out: { type: 'string', default: root } } })

function refuse(message) {
  process.stderr.write(`${message}\n`)
  process.exit(3)
}

// The architectures for which every native package has a binary.
const architecture = { x64: 'amd64', arm64: 'arm64' }[process.arch]
if (process.platform !== 'linux' || architecture === undefined)
  refuse(
    `no Debian package can be made by Node.js for ${process.platform}-${process.arch}: use one for linux-x64 or linux-arm64`,
  )
if (spawnSync('dpkg-deb', ['--version'], { stdio: 'ignore' }).status !== 0)
  refuse('the program dpkg-deb is missing: install the Debian package dpkg')
const epoch = sourceTime()
if (epoch === undefined) refuse('the time of the source is not known: set SOURCE_DATE_EPOCH, in seconds since 1970')

const work = mkdtempSync(join(tmpdir(), 'evidence-deb-'))
process.on('exit', () => rmSync(work, { recursive: true, force: true }))
const tree = join(work, 'tree')
const at = (path) => join(tree, path)
const source = (path) => join(root, path)

function write(path, content, mode = 0o644) {
  mkdirSync(dirname(at(path)), { recursive: true })
  writeFileSync(at(path), content)
  chmodSync(at(path), mode)
}

const compressed = (content) => gzipSync(content, { level: 9 })

/** The unit with the paths of the package. */
function unit() {
  let text = readFileSync(source('packaging/evidence-ledger.service'), 'utf8')
  for (const [from, to] of [
    ['/etc/systemd/system/', '/usr/lib/systemd/system/'],
    ['/usr/bin/node /opt/evidence-ledger/cli/evidence.mjs', '/usr/bin/evidence'],
    ['/opt/evidence-ledger/docs/', '/usr/share/doc/evidence-ledger/docs/'],
  ]) {
    if (!text.includes(from))
      refuse(`packaging/evidence-ledger.service does not name ${from}: change scripts/deb.mjs with it`)
    text = text.replaceAll(from, to)
  }
  if (text.includes('/opt/'))
    refuse('packaging/evidence-ledger.service names a path of /opt that scripts/deb.mjs does not know')
  return text
}

/** The licence that a package names, or else the one whose own heading its LICENSE begins with; undefined where neither says. */
function licenceOf(path, named) {
  if (typeof named === 'string') return named
  const file = source(join(path, 'LICENSE'))
  return existsSync(file) && /^(?:The )?MIT License/.test(readFileSync(file, 'utf8')) ? 'MIT' : undefined
}

/** Our licence, and by what licence each package within may be passed on. */
function copyright(packages) {
  const lines = packages.map((path) => {
    const { name, version, license: named } = JSON.parse(readFileSync(source(join(path, 'package.json')), 'utf8'))
    const license = licenceOf(path, named)
    if (license === undefined) refuse(`${path}/package.json names no licence`)
    return `${name} ${version}: ${license}`
  })
  const heading =
    'Packages below /usr/lib/evidence-ledger/node_modules, each with its own licence, whose text lies in its folder:'
  return `${readFileSync(source('LICENSE'), 'utf8')}\n${heading}\n\n${[...new Set(lines)].sort((a, b) => (a < b ? -1 : 1)).join('\n')}\n\nThe font below /usr/lib/evidence-ledger/assets/fonts: OFL-1.1, by the text beside it.\n`
}

/** The newest version of the C library that a binary of the package asks for. */
function libcVersion(files) {
  const asked = files
    .filter((file) => file.endsWith('.node'))
    .flatMap((file) => [...readFileSync(at(file), 'latin1').matchAll(/\bGLIBC_2\.(\d+)/g)])
  return `2.${Math.max(...asked.map(([, minor]) => Number(minor)))}`
}

// The program, the command and the service.
const packages = stageProgram(at('usr/lib/evidence-ledger'))
place(source('packaging/debian/evidence'), at('usr/bin/evidence'), 0o755)
place(source('packaging/debian/serve.json'), at('etc/evidence-ledger/serve.json'))
write('usr/lib/systemd/system/evidence-ledger.service', unit())

// What is read: made here, and not taken from dist, so that its date is the source's.
const made = join(work, 'made')
process.env.SOURCE_DATE_EPOCH = String(epoch)
if (run(process.execPath, [source('scripts/manual.mjs'), made]) !== 0) process.exit(3)
write('usr/share/man/man1/evidence.1.gz', compressed(readFileSync(join(made, 'evidence.1'))))
for (const [name, folder] of [
  ['evidence', 'bash-completion/completions'],
  ['_evidence', 'zsh/vendor-completions'],
  ['evidence.fish', 'fish/vendor_completions.d'],
])
  place(join(made, 'completions', name), at(join('usr/share', folder, name)))
const documents = 'usr/share/doc/evidence-ledger'
write(join(documents, 'copyright'), copyright(packages))
write(join(documents, 'changelog.gz'), compressed(readFileSync(source('CHANGELOG.md'))))
for (const name of ['README.md', 'SECURITY.md']) place(source(name), at(join(documents, name)))
for (const file of filesBelow(source('docs'))) place(join(source('docs'), file), at(join(documents, 'docs', file)))

// What dpkg is told.
const files = filesBelow(tree)
const { version: npmVersion } = JSON.parse(readFileSync(source('package.json'), 'utf8'))
// A version before a release sorts before it by "~" in Debian, and by "-" in npm.
const version = npmVersion.replace('-', '~')
const kibibytes = files.reduce((sum, file) => sum + Math.ceil(statSync(at(file)).size / 1024), 0)
const digest = (file) =>
  createHash('md5')
    .update(readFileSync(at(file)))
    .digest('hex')
const sums = files.map((file) => `${digest(file)}  ${file}\n`).join('')
const control = `Package: evidence-ledger
Version: ${version}
Architecture: ${architecture}
Maintainer: Maintainers of evidence-ledger <maintainers@evidence-ledger.invalid>
Installed-Size: ${kibibytes}
Depends: nodejs (>= 20.19), libc6 (>= ${libcVersion(files)}), libstdc++6, passwd
Section: utils
Priority: optional
Description: append-only ledger for the integrity of electronic evidence
 Depositors sign digests of files; the ledger numbers, times, chains and signs
 them, and answers with a receipt. With the file, the receipt and the ledger's
 public key anybody can check later, offline, that the file has not changed.
 .
 This package has the command evidence, which deposits and checks, and a unit of
 systemd that runs a ledger. Nothing is started by the installation.
`
write('DEBIAN/control', control)
write('DEBIAN/md5sums', sums)
write('DEBIAN/conffiles', '/etc/evidence-ledger/serve.json\n')
for (const name of ['postinst', 'prerm', 'postrm'])
  place(source(`packaging/debian/${name}`), at(`DEBIAN/${name}`), 0o755)

// One time for all, and the modes of folders whatever the umask.
for (const file of filesBelow(tree)) {
  utimesSync(at(file), epoch, epoch)
  for (let folder = dirname(at(file)); folder.startsWith(tree); folder = dirname(folder)) {
    chmodSync(folder, 0o755)
    utimesSync(folder, epoch, epoch)
  }
}
mkdirSync(options.out, { recursive: true })
const file = join(options.out, `evidence-ledger_${version}_${architecture}.deb`)
// gzip: its bytes do not depend on the number of threads, and every version of dpkg reads it.
const status = run('dpkg-deb', ['--root-owner-group', '-Zgzip', '-z9', '--build', tree, file], {
  stdio: ['ignore', 2, 2],
})
if (status !== 0) process.exit(3)
process.stdout.write(`${file}\n`)
