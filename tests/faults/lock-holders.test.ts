import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { makeShadow } from '../../src/ledger/leveldb/shadow.ts'
import { evidenceOk } from '../support/cli.ts'
import { launchSound } from '../support/fault-server.ts'
import { temporaryFolder, type TestFolder, trialFolder } from '../support/folder.ts'
import { Commands, program, withoutKoffi } from '../support/stopped-command.ts'

/* Who holds a lock, and until when: processes that ended and were not reaped, that were killed, and two at the same moment. */

const shadowModule = fileURLToPath(new URL('../../dist/src/ledger/leveldb/shadow.js', import.meta.url))
const lockModule = fileURLToPath(new URL('../../dist/src/node/lock-file.js', import.meta.url))
const isLinux = process.platform === 'linux'
const canUnshare = isLinux && process.getuid?.() === 0
const inContainer = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc']

const running = new Set<ChildProcess>()

/** Name of the turn to deposit a file. */
function turnOf(file: string): string {
  return `.evidence-${createHash('sha256').update(`${file}.tlog-proof`).digest('hex').slice(0, 16)}.turn`
}

/** What a process says, up to a line that matches. */
async function heard(child: ChildProcess, line: RegExp): Promise<RegExpExecArray> {
  running.add(child)
  let said = ''
  return new Promise((resolve, reject) => {
    const hear = (chunk: Buffer): void => {
      said += chunk.toString()
      const found = line.exec(said)
      if (found !== null) resolve(found)
    }
    child.stdout?.on('data', hear)
    child.stderr?.on('data', hear)
    child.once('close', () => reject(new Error(`ended before ${line}: ${said}`)))
  })
}

/** Starts a program as the child of one that never reaps it, and kills it: a zombie is left. */
async function zombieOf(args: readonly string[], ready: RegExp): Promise<ChildProcess> {
  const script = '"$@" & echo "pid $!"; exec sleep 3600'
  const parent = spawn('bash', ['-c', script, 'bash', process.execPath, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  const pid = heard(parent, /^pid ([0-9]+)$/m)
  await heard(parent, ready)
  const [, number = ''] = await pid
  process.kill(Number(number), 'SIGKILL')
  while (!/^State:\s+Z/m.test(readFileSync(`/proc/${number}/status`, 'latin1'))) await pause(10)
  return parent
}

afterEach(() => {
  for (const child of running) child.kill('SIGKILL')
  running.clear()
})

describe.skipIf(!isLinux)('F-RA: a holder that ended and was not reaped holds nothing', () => {
  let test: TestFolder
  beforeEach(async () => {
    test = await trialFolder()
  })
  afterEach(() => test.remove())

  it.each([['with locks of the kernel'], ['without']])('F-RA: of a ledger, %s', async (which) => {
    const preload = join(test.root, '..', 'without-koffi.cjs')
    writeFileSync(preload, which === 'without' ? withoutKoffi : '')
    const options = ['--require', preload]
    await zombieOf([...options, program, 'serve', '--data', test.root, '--port', '0'], /^listening on /m)
    expect(existsSync(test.folder.lock)).toBe(true)
    await (await launchSound(test.root, { env: { NODE_OPTIONS: options.join(' ') } })).end()
    expect(existsSync(test.folder.lock)).toBe(false)
  })
})

describe.skipIf(!isLinux)('F-RA: stand-ins that nobody uses are swept', () => {
  const folder = temporaryFolder()
  const temporary = join(folder.path, 'tmp')
  const database = join(folder.path, 'database')
  /** What lies in this user's own place, in a temporary folder that is theirs. */
  const left = (): string[] => readdirSync(join(temporary, 'evidence-stand-ins')).toSorted()
  const maker = [
    '--input-type=module',
    '-e',
    `const { makeShadow } = await import(${JSON.stringify(shadowModule)})
     makeShadow(${JSON.stringify(database)})
     console.log('made')
     setInterval(() => {}, 1000)`,
  ]

  beforeEach(() => {
    for (const path of [temporary, database]) mkdirSync(path, { recursive: true, mode: 0o700 })
    writeFileSync(join(database, '000003.log'), 'what may have been erased since')
    vi.stubEnv('TMPDIR', temporary)
  })
  afterEach(() => {
    vi.unstubAllEnvs()
    folder.remove()
  })

  it('F-RA: of a process that was not reaped, and not of one that runs', async () => {
    await zombieOf(maker, /^made$/m)
    const own = makeShadow(database)
    const living = spawn(process.execPath, maker, { stdio: ['ignore', 'pipe', 'pipe'] })
    await heard(living, /^made$/m)
    const names = left()
    expect(names).toHaveLength(4)
    makeShadow(database).dispose()
    expect(left()).toEqual(names)
    own.dispose()
    living.kill('SIGKILL')
    await new Promise((resolve) => living.once('exit', resolve))
    makeShadow(database).dispose()
    expect(left()).toEqual([])
  })

  it.skipIf(!canUnshare)('F-RA: of another container, once it is gone', async () => {
    const [first = '', ...rest] = [...inContainer, process.execPath, ...maker]
    const container = spawn(first, rest, { stdio: ['ignore', 'pipe', 'pipe'] })
    await heard(container, /^made$/m)
    const names = left()
    expect(names).toHaveLength(2)
    makeShadow(database).dispose()
    expect(left()).toEqual(names)
    container.kill('SIGKILL')
    await new Promise((resolve) => container.once('close', resolve))
    makeShadow(database).dispose()
    expect(left()).toEqual([])
  })

  it('BR-H1: in a shared folder nothing is swept, no name is known before, and nothing is left', () => {
    chmodSync(temporary, 0o1777)
    vi.stubEnv('XDG_CACHE_HOME', join(folder.path, 'none'))
    const planted = ['evidence-stand-ins', `evidence-shadow-${randomUUID()}`, `evidence-shadow-${randomUUID()}.foo`]
    for (const name of planted) {
      mkdirSync(join(temporary, name))
      writeFileSync(join(temporary, name, 'file'), 'of another')
    }
    const names = readdirSync(temporary).toSorted()
    const [first, second] = [makeShadow(database), makeShadow(database)]
    const made = readdirSync(temporary).filter((name) => !names.includes(name))
    expect(made).toHaveLength(2)
    for (const { folder: path } of [first, second]) {
      expect(relative(temporary, path)).toMatch(/^evidence-[0-9a-zA-Z]{6}\/[0-9a-f-]{36}$/)
      expect(statSync(dirname(path)).mode & 0o777).toBe(0o700)
    }
    first.dispose()
    second.dispose()
    expect(readdirSync(temporary).toSorted()).toEqual(names)
    for (const name of planted) expect(readdirSync(join(temporary, name))).toEqual(['file'])
  })

  it.skipIf(!canUnshare)('BR-H1: a place of our name that another user has a hand in is not used', () => {
    const place = join(temporary, 'evidence-stand-ins')
    vi.stubEnv('XDG_CACHE_HOME', join(folder.path, 'none'))
    const used = (): string => {
      const shadow = makeShadow(database)
      shadow.dispose()
      return dirname(shadow.folder)
    }
    expect(used()).toBe(place)
    chmodSync(place, 0o750)
    expect(used()).not.toBe(place)
    chmodSync(place, 0o700)
    expect(spawnSync('chown', ['65534', place]).status).toBe(0)
    expect(used()).not.toBe(place)
    rmSync(place, { recursive: true })
    mkdirSync(join(folder.path, 'elsewhere'), { mode: 0o700 })
    symlinkSync(join(folder.path, 'elsewhere'), place)
    expect(dirname(used())).toBe(temporary)
  })
})

describe.skipIf(!isLinux)('F-RA: two at the same moment', () => {
  const folder = temporaryFolder()
  const at = (name: string): string => join(folder.path, name)
  let commands: Commands
  beforeEach(() => {
    mkdirSync(folder.path, { recursive: true })
    commands = new Commands(folder.path)
  })
  afterEach(() => {
    commands.kill()
    folder.remove()
  })

  it.each([
    ['openSync', 'd/lock$'],
    ['rmSync', 'd/unfinished\\.json$'],
    ['unlinkSync', 'd/lock$'],
    ['unlinkSync', 'ledger\\.new$'],
    ['renameSync', 'config\\.json\\.part$'],
    ['copyFileSync', 'CURRENT$'],
  ])(
    'F-RA: two starts on one folder, of which the first stands still before %s of %s: one serves',
    async (call, match) => {
      const data = at('d')
      const args = ['start', '--data', data, '--port', '0']
      const first = await commands.stopAt(call, match, args)
      writeFileSync(at('none.cjs'), '')
      const second = commands.run(args, {}, at('none.cjs'))
      const serving = (child: ChildProcess): Promise<ChildProcess> => heard(child, /^listening on /m).then(() => child)
      // The second is refused where the first holds the folder, and else goes on with what is there.
      const hasListened = serving(second.child).catch(() => undefined)
      await Promise.race([hasListened, second.ended])
      const listening = serving(first.child)
      listening.catch(() => {})
      first.child.kill('SIGCONT')
      const server = (await Promise.race([hasListened, second.ended.then(() => undefined)])) ?? (await listening)
      const other = server === first.child ? second : first
      const { code, said } = await other.ended
      expect([code, said]).toEqual([3, expect.stringMatching(/^evidence: ledger-in-use: /m)])
      server.kill('SIGTERM')
      await new Promise((resolve) => server.once('close', resolve))
      const { participants } = (await evidenceOk(['verify', '--data', data, '--json'])).json<{ participants: number }>()
      expect(participants).toBe(2)
    },
  )

  it('F-RA: a trial cut off between its genesis and its first depositor is finished by the next start', async () => {
    const args = ['start', '--data', at('d'), '--port', '0']
    const first = await commands.stopAt('copyFileSync', 'CURRENT$', args)
    first.child.kill('SIGKILL')
    await first.ended
    writeFileSync(at('none.cjs'), '')
    const { child } = commands.run(args, {}, at('none.cjs'))
    await heard(child, /^finished the trial ledger in [^]*listening on /m)
    child.kill('SIGTERM')
    await new Promise((resolve) => child.once('close', resolve))
    const { participants } = (await evidenceOk(['verify', '--data', at('d'), '--json'])).json<{
      participants: number
    }>()
    expect(participants).toBe(2)
  })

  it('F-RA: two deposits of the same files, in the other order, do not wait for each other', async () => {
    const test = await trialFolder()
    const server = await launchSound(test.root)
    try {
      const files = ['a', 'b'].map((name) => at(name))
      for (const file of files) writeFileSync(file, file)
      const deposit = (paths: readonly string[]): readonly string[] => {
        return ['deposit', ...paths, '--separate', '--data', test.root, '--url', server.url as string]
      }
      // The first has the turn of one, and stands still before it asks for the other's.
      const first = await commands.stopAt('openSync', `${turnOf('b')}$`, deposit(files))
      const second = commands.run(deposit(files.toReversed()), {}, at('stopper.cjs'))
      await heard(second.child, /another run deposits .*a; waiting/)
      first.child.kill('SIGCONT')
      expect([(await first.ended).code, (await second.ended).code]).toEqual([0, 0])
      for (const file of files) await evidenceOk(['check', file, '--data', test.root])
    } finally {
      await server.end()
      test.remove()
    }
  })

  it('F-RA: the turn of a process that ended, and was not reaped, is taken', async () => {
    const test = await trialFolder()
    const server = await launchSound(test.root)
    try {
      writeFileSync(at('a'), 'a')
      const holder = `const { takeLock } = await import(${JSON.stringify(lockModule)})
        takeLock(${JSON.stringify(at(turnOf('a')))}, 'a')
        console.log('made')
        setInterval(() => {}, 1000)`
      await zombieOf(['--input-type=module', '-e', holder], /^made$/m)
      expect(existsSync(at(turnOf('a')))).toBe(true)
      await evidenceOk(['deposit', at('a'), '--data', test.root, '--url', server.url as string])
      expect(existsSync(at(turnOf('a')))).toBe(false)
    } finally {
      await server.end()
      test.remove()
    }
  })
})
