import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { completionScript } from '../../cli/render/completion.ts'
import { commandTree } from '../../cli/render/command-tree.ts'
import { createProgram } from '../../cli/program.ts'
import { shellBlocks } from '../support/doc-commands.ts'
import { temporaryFolder } from '../support/folder.ts'
import { type Ran, ownUsrLacks, Sandbox } from '../support/sandbox.ts'
import { lacks } from '../support/system-tools.ts'

/* docs/design/packaging.md: the Debian package. Its bytes, what is in it, and its life on a machine of its own. */
const project = fileURLToPath(new URL('../../', import.meta.url))
const page = readFileSync(join(project, 'docs/operations/installing.md'), 'utf8')
const section = (title: string): string[] => shellBlocks(page.slice(page.indexOf(`\n## ${title}\n`)))
const [, trial, start] = section('As a service of systemd') as [string, string, string]
const [build, install, removal] = section('As a Debian package') as [string, string, string]

const { path, remove } = temporaryFolder()
afterAll(remove)

/** Builds the package into a folder of its own, as another user, umask and place would; its path. */
function buildIn(name: string, umask: string, env: Readonly<Record<string, string>>): string {
  const out = join(path, name)
  const command = `umask ${umask} && exec "$0" "$1" --out "$2"`
  const ran = spawnSync('sh', ['-c', command, process.execPath, join(project, 'scripts/deb.mjs'), out], {
    cwd: path,
    env: { PATH: process.env['PATH'], HOME: path, ...env },
    encoding: 'utf8',
  })
  expect([ran.status, ran.stderr]).toEqual([0, expect.any(String)])
  const file = ran.stdout.trim()
  expect(readdirSync(out).map((entry) => join(out, entry))).toEqual([file])
  return file
}

let built: string | undefined
/** The package, built once for all tests. */
const thePackage = (): string => (built ??= buildIn('one', '022', { TZ: 'UTC' }))

const needed = ['dpkg', 'dpkg-deb']
const tool = (args: readonly string[]): string => {
  const ran = spawnSync('dpkg-deb', args, { encoding: 'utf8', maxBuffer: 1 << 26 })
  expect([args, ran.status, ran.stderr]).toEqual([args, 0, ''])
  return ran.stdout
}

describe.skipIf(lacks(...needed))('the Debian package', () => {
  let file: string
  const tree = join(path, 'tree')
  /** Every entry of it: mode, owner, size and name. */
  let listed: { readonly mode: string; readonly owner: string; readonly name: string }[]
  const unpacked = (name: string): string => readFileSync(join(tree, name), 'utf8')

  beforeAll(() => {
    file = thePackage()
    listed = tool(['--contents', file])
      .trim()
      .split('\n')
      .map((line) => {
        const [mode, owner, , , , ...name] = line.split(/ +/) as [string, string, ...string[]]
        return { mode, owner, name: name.join(' ').slice(1) }
      })
    tool(['--raw-extract', file, tree])
  })

  it('is what the page says it is, and the same bytes from another build', () => {
    const [name] = /evidence-ledger_\S+\.deb/.exec(build) as [string]
    expect(file.split('/').at(-1)).toBe(name.replace('amd64', process.arch === 'x64' ? 'amd64' : process.arch))
    const digest = (of: string): string => createHash('sha256').update(readFileSync(of)).digest('hex')
    const other = buildIn('another', '077', { TZ: 'Asia/Shanghai', LC_ALL: 'C' })
    expect(digest(other)).toBe(digest(file))
  })

  it('says what it needs', () => {
    const control = unpacked('DEBIAN/control')
    expect(control).toMatch(/^Depends: nodejs \(>= 20\.19\), libc6 \(>= 2\.\d+\), libstdc\+\+6, passwd$/m)
    expect(control).toMatch(/^Description: \S.{10,70}$/m)
    expect(control).not.toMatch(/^Architecture: all$/m)
    expect(unpacked('DEBIAN/conffiles')).toBe('/etc/evidence-ledger/serve.json\n')
    for (const script of ['postinst', 'prerm', 'postrm'])
      expect(spawnSync('sh', ['-n', join(tree, 'DEBIAN', script)]).status).toBe(0)
  })

  it('belongs to root, and is written by nobody else', () => {
    const found = listed.filter(({ mode, owner }) => owner !== 'root/root' || !/^(?:d|-)rw[x-]r-[x-]r-[x-]$/.test(mode))
    expect(found).toEqual([])
    const executable = listed.filter(({ mode }) => mode.startsWith('-') && mode.includes('x')).map(({ name }) => name)
    expect(executable).toEqual(['/usr/bin/evidence', '/usr/lib/evidence-ledger/cli/evidence.mjs'])
  })

  it('holds the packages of production, each once, and nothing of development', () => {
    const lock = JSON.parse(readFileSync(join(project, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, { dev?: boolean }>
    }
    const library = '/usr/lib/evidence-ledger'
    const held = listed
      .map(({ name }) => /^(.*\/node_modules\/(?:@[^/]+\/)?[^/@]+)\/package\.json$/.exec(name)?.[1])
      .filter((name) => name !== undefined)
      .map((name) => name.slice(library.length + 1))
    const production = Object.entries(lock.packages)
      .filter(([name, { dev }]) => name !== '' && dev !== true && existsSync(join(project, name)))
      .map(([name]) => name)
    expect(held.toSorted()).toEqual(production.toSorted())
    expect(held).toContain('node_modules/fastify')
    const development =
      /\/(?:vitest|typescript|\.bin)\/|\/(?:__tests__|tests?)\/|\.(?:ts|map|tsbuildinfo|bare)$|\/\.[^/]+$/
    expect(listed.filter(({ name }) => name.startsWith(library) && development.test(name))).toEqual([])
    // Only this machine's binaries, and each package's licence where it has one.
    const binaries = listed.filter(({ name }) => name.endsWith('.node')).map(({ name }) => name)
    expect(binaries).toHaveLength(3)
    expect(binaries.filter((name) => !name.includes(`linux-${process.arch}`) || name.includes('musl'))).toEqual([])
    const copyright = unpacked('usr/share/doc/evidence-ledger/copyright')
    for (const name of production) {
      const { version, name: called } = JSON.parse(unpacked(`${library.slice(1)}/${name}/package.json`)) as {
        version: string
        name: string
      }
      expect(copyright).toContain(`\n${called} ${version}: `)
      const licences = readdirSync(join(project, name)).filter((of) => /^(?:licen[cs]e|copying|notice)/i.test(of))
      for (const licence of licences) {
        const at = join(tree, library, name, licence)
        expect([at, existsSync(at)]).toEqual([at, statSync(join(project, name, licence)).isFile()])
      }
    }
  })

  it('holds every compiled source, and no file whose source is gone', () => {
    const compiled = listed
      .map(({ name }) => /^\/usr\/lib\/evidence-ledger\/dist\/(.*)\.js$/.exec(name)?.[1])
      .filter((name) => name !== undefined)
      // Scripts of the page, and the joined program, are of many sources each.
      .filter((name) => !/^(?:page|run)\//.test(name))
    const sources = spawnSync('git', ['ls-files', '-z', '--', 'src', 'server', 'cli'], { cwd: project })
      .stdout.toString()
      .split('\0')
      .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts') && existsSync(join(project, name)))
      // These are built into one file of WebAssembly.
      .filter((name) => !name.startsWith('src/accelerator/assembly/'))
    expect(listed.map(({ name }) => name)).toContain('/usr/lib/evidence-ledger/dist/src/accelerator/ed25519.wasm')
    expect(compiled.toSorted()).toEqual(sources.map((name) => name.slice(0, -3)).toSorted())
    const names = listed.map(({ name }) => name)
    for (const page of ['index.html', 'evidence-check.html', 'assets/check.js', 'assets/hash-worker.js'])
      expect(names).toContain(`/usr/lib/evidence-ledger/dist/page/${page}`)
    const joined = JSON.parse(readFileSync(join(project, 'dist/run/.files'), 'utf8')) as readonly string[]
    expect(names).toEqual(expect.arrayContaining(joined.map((name) => `/usr/lib/evidence-ledger/dist/run/${name}`)))
  })

  it('holds the manual page and completions where they are looked for, as this program prints them', async () => {
    const tree = commandTree(await createProgram())
    expect(unpacked('usr/share/bash-completion/completions/evidence')).toBe(completionScript('bash', tree))
    expect(unpacked('usr/share/zsh/vendor-completions/_evidence')).toBe(completionScript('zsh', tree))
    expect(unpacked('usr/share/fish/vendor_completions.d/evidence.fish')).toBe(completionScript('fish', tree))
    const manual = gunzipSync(readFileSync(join(path, 'tree/usr/share/man/man1/evidence.1.gz'))).toString()
    expect(manual).toMatch(/^\.TH EVIDENCE 1 \d{4}-\d\d-\d\d /)
    expect(gunzipSync(readFileSync(join(path, 'tree/usr/share/doc/evidence-ledger/changelog.gz'))).toString()).toBe(
      readFileSync(join(project, 'CHANGELOG.md'), 'utf8'),
    )
  })

  it('holds the one unit, with nothing but its paths changed, and they are there', () => {
    const ours = readFileSync(join(project, 'packaging/evidence-ledger.service'), 'utf8').split('\n')
    const theirs = unpacked('usr/lib/systemd/system/evidence-ledger.service').split('\n')
    expect(theirs).toHaveLength(ours.length)
    expect(theirs.filter((line, i) => line !== ours[i]).map((line) => /^(?:#|[^=]*)/.exec(line)?.[0])).toEqual([
      '#',
      'Documentation',
      'ExecStart',
    ])
    for (const [, place] of theirs.join('\n').matchAll(/(?:^ExecStart=|file:\/\/|--config )(\S+)/gm))
      expect([place, existsSync(join(tree, place as string))]).toEqual([place, true])
  })

  it('holds a digest of each file, which is right', () => {
    const sums = unpacked('DEBIAN/md5sums')
    expect(sums.trim().split('\n')).toHaveLength(listed.filter(({ mode }) => mode.startsWith('-')).length)
    const ran = spawnSync('md5sum', ['--check', '--quiet'], { cwd: tree, input: sums, encoding: 'utf8' })
    expect([ran.status, ran.stdout]).toEqual([0, ''])
  })
})

const lacking = lacks(...needed) ? 'no dpkg' : ownUsrLacks()
if (lacking !== undefined)
  process.stderr.write(`NOT RUN, for want of a machine of its own (${lacking}): tests/operations/package-deb.test.ts\n`)

describe.skipIf(lacking !== undefined)('a machine that the package is installed on', () => {
  let machine: Sandbox
  const desk = '/mnt/desk'
  const data = '/var/lib/evidence-ledger'
  /** Folder, HOME and state are the machine's own, and empty at first. */
  const own = { HOME: '/mnt/home', XDG_STATE_HOME: '', XDG_CONFIG_HOME: '' }
  const run = (script: string): Ran => machine.run(script, desk, own)
  const must = (script: string): string => {
    const ran = run(script)
    expect([script, ran.code, ran.stderr]).toEqual([script, 0, expect.any(String)])
    return ran.stdout
  }
  const pidOf = (): string => must('cat /run/evidence-ledger.pid').trim()
  const isRunning = (): boolean => run('systemctl is-active --quiet evidence-ledger').code === 0
  const ready = 'curl -f -s --retry 20 --retry-delay 1 --retry-connrefused http://127.0.0.1:8080/readyz'

  beforeAll(async () => {
    const first = thePackage()
    const scratch = join(path, 'machine')
    mkdirSync(scratch)
    machine = new Sandbox(scratch, 'package')
    await machine.open()
    const control = tool(['--field', first, 'Depends'])
    // What dpkg believes to be installed: what the package depends on, in the least version, and nothing else.
    const status = control
      .trim()
      .split(', ')
      .map((depends) => {
        const [, name, version = '1'] = /^(\S+)(?: \(>= (.*)\))?$/.exec(depends) as unknown as [string, string, string?]
        return `Package: ${name}\nStatus: install ok installed\nVersion: ${version}\nArchitecture: amd64\nMaintainer: x <x@x.invalid>\nDescription: x\n`
      })
      .join('\n')
      .replaceAll('amd64', tool(['--field', first, 'Architecture']).trim())
    writeFileSync(join(scratch, 'status'), status)
    const prepared = machine.run(`mkdir ${desk} /mnt/home /var/lib/dpkg /var/lib/dpkg/info /var/lib/dpkg/updates
cp '${join(scratch, 'status')}' /var/lib/dpkg/status
cp '${first}' ${desk}/evidence-ledger_0.1.0_amd64.deb
[ -x /usr/bin/node ] || ln -s '${process.execPath}' /usr/bin/node
mount -t tmpfs none '${project}'
mkdir /mnt/changed && dpkg-deb -R '${first}' /mnt/changed && printf '\\n// changed\\n' >> /mnt/changed/usr/lib/evidence-ledger/dist/cli/version.js
sed -i 's/^Version: .*/Version: 0.1.1/' /mnt/changed/DEBIAN/control
dpkg-deb --root-owner-group -Zgzip -z1 --build /mnt/changed ${desk}/upgrade.deb`)
    if (prepared.code !== 0) throw new Error(`the machine is not ready: ${prepared.stderr}`)
  })
  afterAll(() => machine.close())

  it('has no working copy, and no command before', () => {
    expect(must(`ls -A '${project}'`)).toBe('')
    expect(run('evidence --version').code).toBe(127)
  })

  it('gets user, folders and settings, and starts nothing', () => {
    must(install)
    expect(must(`stat -c '%a %U %G' ${data}`)).toBe('700 evidence-ledger evidence-ledger\n')
    expect(must(`stat -c '%a %U %G' /etc/evidence-ledger`)).toBe('750 root evidence-ledger\n')
    expect(must('getent passwd evidence-ledger')).toMatch(/:\/var\/lib\/evidence-ledger:\/usr\/sbin\/nologin\n$/)
    expect(isRunning()).toBe(false)
    expect(run('[ -e /run/evidence-ledger.enabled ]').code).toBe(1)
    // Every file is as it was packed, but for the settings that the page writes.
    expect(must('dpkg --verify evidence-ledger || true')).toMatch(/^\S+ c \/etc\/evidence-ledger\/serve\.json\n$/)
  })

  it('has the command, with the Node.js of Debian or another', () => {
    const { version } = JSON.parse(must('cat /usr/lib/evidence-ledger/package.json')) as { version: string }
    expect(must('evidence --version')).toBe(`${version}\n`)
    writeFileSync(join(path, 'machine', 'other'), '#!/bin/sh\necho another: "$@"\n', { mode: 0o755 })
    expect(must(`NODE='${join(path, 'machine', 'other')}' evidence check x`)).toBe(
      'another: /usr/lib/evidence-ledger/cli/evidence.mjs check x\n',
    )
  })

  it('makes a ledger, serves it by the unit, takes a deposit and checks it', () => {
    expect(must(trial)).toContain('made the trial ledger')
    must(start)
    const command = must(`tr '\\0' ' ' < /proc/${pidOf()}/cmdline`)
    expect(command).toMatch(/^\/usr\/bin\/node \/usr\/lib\/evidence-ledger\/cli\/evidence\.mjs serve /)
    expect(must(`stat -c %U /proc/${pidOf()}`)).toBe('evidence-ledger\n')
    must('printf evidence > photo.jpg')
    must(
      `evidence deposit photo.jpg --data ${data} --passphrase-file /etc/evidence-ledger/passphrase --id depositor --url http://127.0.0.1:8080`,
    )
    must(`cp ${data}/policy . && evidence check photo.jpg --policy policy`)
    must('printf altered > photo.jpg')
    expect(run('evidence check photo.jpg --policy policy').code).toBe(1)
    must('printf evidence > photo.jpg')
  })

  it('is upgraded: a server that runs is started anew on the new files, and settings are kept', () => {
    const before = pidOf()
    must('chmod 0710 /etc/evidence-ledger && apt install ./upgrade.deb')
    expect(pidOf()).not.toBe(before)
    must(ready)
    expect(must("dpkg-query -W -f '${Version} ${Status}' evidence-ledger")).toBe('0.1.1 install ok installed')
    expect(must('tail -n 1 /usr/lib/evidence-ledger/dist/cli/version.js')).toBe('// changed\n')
    expect(must('cat /etc/evidence-ledger/serve.json')).toContain('ledger.court.example')
    expect(must('stat -c %a /etc/evidence-ledger')).toBe('710\n')
    must('evidence check photo.jpg --policy policy')
  })

  it('is upgraded: a server that does not run stays so', () => {
    must('systemctl stop evidence-ledger')
    must('apt install ./upgrade.deb')
    expect(isRunning()).toBe(false)
    must('systemctl start evidence-ledger')
    must(ready)
  })

  it('is removed and purged: the server is stopped; ledger, keys, passphrase and user stay', () => {
    const kept = `{ find ${data} -type f -exec sha256sum {} + && sha256sum /etc/evidence-ledger/passphrase; } | sort`
    const pid = pidOf()
    must(removal)
    expect(run(`[ -e /proc/${pid} ] && ! grep -q '^State:.*Z' /proc/${pid}/status`).code).not.toBe(0)
    expect(run('[ -e /run/evidence-ledger.enabled ]').code).toBe(1)
    expect(run('[ -e /usr/bin/evidence ] || [ -e /usr/lib/evidence-ledger ]').code).not.toBe(0)
    const stopped = must(kept)
    expect(stopped.split('\n').length).toBeGreaterThan(10)
    expect(must('cat /etc/evidence-ledger/serve.json')).toContain('ledger.court.example')
    const said = must('apt purge evidence-ledger')
    for (const left of [data, '/etc/evidence-ledger', 'the user evidence-ledger'])
      expect(said).toContain(`${left} is kept`)
    expect(must(kept)).toBe(stopped)
    expect(run('[ -e /etc/evidence-ledger/serve.json ]').code).toBe(1)
    must('getent passwd evidence-ledger')
    expect(must(`stat -c '%a %U' ${data}`)).toBe('700 evidence-ledger\n')
  })

  it('goes on with the ledger when it is installed again', () => {
    must('apt install ./evidence-ledger_0.1.0_amd64.deb')
    expect(must(`evidence verify --data ${data}`)).toContain('no fault found')
    must(start)
    must('evidence check photo.jpg --policy policy')
    must('systemctl stop evidence-ledger')
  })
})
