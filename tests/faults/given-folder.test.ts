import { execFile } from 'node:child_process'
import { chmodSync, chownSync, cpSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dataFolder } from '../../src/ledger/data-folder.ts'
import { type CliError, evidence, evidenceOk, startServer } from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'

/*
 * As services are installed: the folder is given, empty, by somebody else (systemd's StateDirectory, a mounted volume), and beside it
 * nothing may be written. With root a real user without rights and a real mount are used; without, a folder whose parent is read-only.
 */
const nobody = 65_534
const isRoot = process.getuid?.() === 0
const program = fileURLToPath(new URL('../../cli/evidence.mjs', import.meta.url))
const run = promisify(execFile)
const { path, remove } = temporaryFolder()
const at = (name: string): string => join(path, name)
if (!isRoot) process.stderr.write('given-folder.test: NOT ROOT, so no other user and no mount are tried\n')

/** A folder of the service's user in one that it cannot write, as the unit and the image have it. */
function given(name: string): string {
  const parent = at(name)
  const folder = join(parent, 'data')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  if (isRoot) chownSync(folder, nobody, nobody)
  chmodSync(parent, 0o555)
  return folder
}

/** Runs the command line as a user without rights. */
async function asService(...args: string[]): Promise<string> {
  const command = [process.execPath, program, ...args]
  const all = isRoot ? ['runuser', '-u', 'nobody', '--', ...command] : command
  const { stdout } = await run(all[0] as string, all.slice(1), { cwd: '/' })
  return stdout
}

/** Makes everything in a folder the service's own. */
function give(root: string): void {
  if (!isRoot) return
  for (const one of [root, ...readdirSync(root, { recursive: true, encoding: 'utf8' }).map((name) => join(root, name))])
    chownSync(one, nobody, nobody)
}

let url: string
let server: Awaited<ReturnType<typeof startServer>>
beforeAll(async () => {
  chmodSync(path, 0o755)
  await evidenceOk(['init', '--data', at('source')])
  await evidenceOk(['keygen', '--out', at('auditor.pem')])
  server = await startServer(at('source'), [], 'serve')
  url = server.url
  const who = ['court-b', '--public-key', at('auditor.jwk'), '--role', 'auditor', '--type', 'court']
  const clerk = ['--key', dataFolder(at('source')).administratorKey, '--id', 'administrator', '--url', url]
  await evidenceOk(['participants', 'admit', ...who, ...clerk], { cwd: path })
  cpSync(dataFolder(at('source')).policy, at('policy'))
  const auditor = ['--key', at('auditor.pem'), '--id', 'court-b', '--policy', at('policy'), '--url', url]
  await evidenceOk(['backup', at('backup'), ...auditor])
  for (const folder of ['backup']) give(at(folder))
  if (isRoot) for (const file of ['auditor.pem', 'policy']) chownSync(at(file), nobody, nobody)
})
afterAll(async () => {
  await server.stop()
  for (const name of readdirSync(path)) if (statSync(at(name)).isDirectory()) chmodSync(at(name), 0o755)
  remove()
})

const auditor = (): string[] => ['--key', at('auditor.pem'), '--id', 'court-b', '--policy', at('policy')]
const commands: [string, (folder: string) => string[], string][] = [
  ['init', (folder) => ['init', '--data', folder], 'config.json'],
  ['restore', (folder) => ['restore', '--from', at('backup'), '--data', folder], 'config.json'],
  ['follow', (folder) => ['follow', '--once', '--data', folder, ...auditor(), '--url', url], 'config.json'],
  ['witness init', (folder) => ['witness', 'init', '--data', folder, '--name', 'w.example/1'], 'witness.json'],
  ['backup', (folder) => ['backup', folder, ...auditor(), '--url', url], 'backup.json'],
  ['mirror', (folder) => ['mirror', url, folder, '--once', ...auditor()], 'checkpoint'],
  ['monitor', (folder) => ['monitor', url, '--state', folder, '--once', ...auditor()], '[0-9a-f]{64}'],
]

describe('F-H1: a final backup', () => {
  it('on a medium that cannot be marked is restored with the operator’s word alone', async () => {
    await evidenceOk(['init', '--data', at('mover')])
    await evidenceOk(['backup', at('final'), '--data', at('mover'), '--final'])
    give(at('final'))
    chmodSync(at('final'), 0o500)
    const to = given('restored-to')
    await expect(asService('restore', '--from', at('final'), '--data', to)).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining('take-over-needed') as string,
    })
    expect(readdirSync(to)).toEqual([])
    await asService('restore', '--from', at('final'), '--data', to, '--take-over')
    expect(readdirSync(to)).toContain('config.json')
  })
})

describe('F-N2: an empty folder that was given', () => {
  it.each(commands)('is filled by "%s", by a user who may write nothing beside it', async (name, args, made) => {
    const folder = given(`given-${name.replace(' ', '-')}`)
    const { ino } = statSync(folder)
    await asService(...args(folder))
    expect(readdirSync(folder)).not.toContain('unfinished.json')
    expect(readdirSync(folder).join(' ')).toMatch(new RegExp(made))
    expect(statSync(folder).ino).toBe(ino)
    expect(readdirSync(join(folder, '..'))).toEqual(['data'])
  })

  it('is filled by "export"', async () => {
    const data = given('exported')
    await asService('init', '--data', data)
    const out = given('export')
    await asService('export', out, '--data', data)
    expect(readdirSync(out)).toContain('checkpoint')
    const verified = JSON.parse(
      await asService('verify', '--dir', out, '--policy', dataFolder(data).policy, '--json'),
    ) as object
    expect(verified).toMatchObject({ ok: true, size: 2 })
  })

  it.runIf(isRoot)('is a mount point, of a file system with its own lost+found', async () => {
    const shell = commands
      .filter(([name]) => name !== 'monitor')
      .flatMap(([, args, made], i) => {
        const folder = at(`mount-${i}`)
        mkdirSync(folder)
        const line = [process.execPath, program, ...args(folder)].map((word) => `'${word}'`).join(' ')
        return [
          `mount -t tmpfs none '${folder}'`,
          `mkdir '${folder}/lost+found'`,
          line,
          `test -e '${folder}/${made}'`,
          `test ! -e '${folder}/unfinished.json'`,
        ]
      })
    // In a namespace of its own: nothing of it is seen outside, and nothing stays.
    await run('unshare', ['-m', 'sh', '-ec', shell.join('\n')])
    expect(readdirSync(at('mount-0'))).toEqual([])
  })

  it('that holds anything is left alone', async () => {
    mkdirSync(at('full'))
    writeFileSync(join(at('full'), 'mine'), 'mine')
    for (const [name, args] of commands.filter(([one]) => !['mirror', 'monitor'].includes(one))) {
      const refused = await evidence([...args(at('full')), '--json'])
      const expected =
        name === 'backup' ? [2, 'file-exists'] : name === 'follow' ? [3, 'ledger-missing'] : [2, 'ledger-exists']
      expect([name, refused.code, refused.json<CliError>().error.code]).toEqual([name, ...expected])
    }
    expect(readdirSync(at('full'))).toEqual(['mine'])
  })

  it('that was left unfinished is used by nothing, and filled anew by the command itself', async () => {
    const root = at('cut')
    mkdirSync(root)
    // As a process leaves it that is killed: the marker is there, the lock is nobody's.
    const staging = `unfinished-${'ab'.repeat(16)}`
    mkdirSync(join(root, staging))
    for (const name of ['keys', 'policy', 'config.json'])
      cpSync(join(at('source'), name), join(root, staging, name), { recursive: true })
    const made = { name: staging, inode: String(statSync(join(root, staging)).ino) }
    writeFileSync(join(root, 'unfinished.json'), JSON.stringify({ by: 'evidence init', staging: made, moving: [] }))
    writeFileSync(join(root, 'lock'), '999999999 1 elsewhere kernel\n')
    const others = [
      ['serve', '--port', '0'],
      ['verify'],
      ['follow', '--once', ...auditor(), '--url', url],
      ['restore', '--from', at('backup')],
    ]
    for (const args of others) {
      const refused = await evidence([...args, '--data', root])
      expect([args[0], refused.code, `${refused.stdout}${refused.stderr}`]).toEqual([
        args[0],
        3,
        expect.stringMatching(/folder-unfinished: the folder .+"evidence init" has not finished it/),
      ])
    }
    await evidenceOk(['witness', 'init', '--data', at('cut-witness'), '--name', 'w.example/1'])
    writeFileSync(join(at('cut-witness'), 'unfinished.json'), '{"by":"evidence witness init"}')
    const witness = await evidence(['witness', 'list-logs', '--data', at('cut-witness'), '--json'])
    expect([witness.code, witness.json<CliError>().error.code]).toEqual([3, 'folder-unfinished'])
    const started = await startServer(root)
    expect(await started.stop()).toBe(0)
    expect((await evidenceOk(['verify', '--data', root, '--json'])).json()).toMatchObject({ ok: true, size: 2 })
  })
})
