import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dataFolder } from '../../src/ledger/data-folder.ts'
import { TimeStampFiles } from '../../src/ledger/time-stamp-files.ts'
import { evidence, evidenceOk, startServerProcess } from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'

/*
 * What the program writes is its owner's alone, whatever the umask: every command that makes a folder is run under a usual umask and
 * under none, and every mode is looked at. Only what is made for everybody is as open as the umask lets it be.
 */
interface Entry {
  readonly path: string
  readonly mode: string
}

function everything(root: string): Entry[] {
  const names = readdirSync(root, { recursive: true, encoding: 'utf8' })
  return [root, ...names.map((name) => join(root, name))].map((path) => {
    const stat = statSync(path)
    return {
      path: relative(dirname(root), path),
      mode: `${stat.isDirectory() ? 'd' : 'f'}${(stat.mode & 0o777).toString(8)}`,
    }
  })
}
/** Paths below a folder that are not exactly 0700 or 0600. */
const openOnes = (root: string): Entry[] => everything(root).filter(({ mode }) => mode !== 'd700' && mode !== 'f600')

describe.each([
  ['022', 0o022],
  ['000', 0o000],
])('F-H8: under the umask %s', (_name, umask) => {
  const { path, remove } = temporaryFolder()
  const at = (name: string): string => join(path, name)
  const data = at('data')
  const auditor = ['--key', at('auditor.pem'), '--id', 'court-b']
  const policy = ['--policy', dataFolder(data).policy]
  let before: number
  const ok = (args: readonly string[], cwd?: string): Promise<unknown> =>
    evidenceOk(args, cwd === undefined ? { umask } : { umask, cwd })

  beforeAll(() => {
    // The server inherits it; commands are given it.
    before = process.umask(umask)
  })
  afterAll(() => {
    process.umask(before)
    remove()
  })

  it('a ledger, and every copy, receipt and package of it, is its owner’s alone', async () => {
    await ok(['init', '--data', data])
    await ok(['keygen', '--out', at('auditor.pem')])
    new TimeStampFiles(dataFolder(data).timeStamps).write(2, Buffer.from('a record\n'))
    const server = await startServerProcess(data, [], 'serve')
    try {
      const url = ['--url', server.url]
      const clerk = ['--key', dataFolder(data).administratorKey, '--id', 'administrator', '--data', data]
      const who = ['court-b', '--public-key', at('auditor.jwk'), '--role', 'auditor', '--type', 'court']
      await ok(['participants', 'admit', ...who, ...clerk, ...url], path)
      mkdirSync(at('case'), { mode: 0o700 })
      writeFileSync(join(at('case'), 'a.txt'), 'evidence', { mode: 0o600 })
      await ok(['deposit', join(at('case'), 'a.txt'), '--note', 'secret', '--data', data, ...url])
      await ok(['receipt', '3', '--out', at('receipt'), ...auditor, ...url, '--data', data])
      await ok(['follow', '--once', '--data', at('follower'), ...auditor, ...policy, ...url])
      await ok(['backup', at('backup'), ...auditor, ...policy, ...url])
      await ok(['mirror', server.url, at('mirror'), '--once', ...auditor, ...policy])
      await ok(['monitor', server.url, '--state', at('monitor'), '--once', ...auditor, ...policy])
      await ok(['package', join(at('case'), 'a.txt'), '--out', at('package'), ...policy, ...auditor, ...url])
      await ok(['package', join(at('case'), 'a.txt'), '--out', at('package.zip'), ...policy, ...auditor, ...url])
    } finally {
      expect(await server.stop()).toBe(0)
    }
    await ok(['ledger', 'erase', '3', '--claim', 'note', '--data', data])
    await ok(['verify', '--data', data, '--save-checkpoint', at('checkpoint')])
    await ok(['backup', at('backup-2'), '--data', data])
    await ok(['export', at('export'), '--data', data])
    await ok(['restore', '--from', at('backup-2'), '--data', at('restored'), '--take-over'])
    await ok(['ledger', 'reindex', '--data', at('restored')])
    await ok(['witness', 'init', '--data', at('witness'), '--name', 'w.example/1'])
    await ok(['witness', 'add-log', dataFolder(data).policy, '--data', at('witness')])
    const administrator = ['--administrator', `clerk=${at('auditor.jwk')}`]
    await ok(['init', '--data', at('deep/er/court'), '--production', '--origin', 'court.example/e', ...administrator])
    // A folder that was there, empty and open, is shut when it is filled.
    mkdirSync(at('given'), { mode: 0o777 })
    await ok(['init', '--data', at('given')])
    expect(openOnes(path).filter(({ path: one }) => !one.endsWith('auditor.jwk'))).toEqual([])
    const names = everything(path).map(({ path: one }) => one.split('/').slice(1).join('/'))
    for (const one of [
      'data/timestamps/2.time-stamps',
      'backup-2/timestamps/2.time-stamps',
      'export/checkpoint',
      'mirror/checkpoint',
      'follower/head',
      'package.zip',
      'receipt',
      'checkpoint',
      'witness/keys/witness.pem',
      'case/a.txt.tlog-proof',
    ])
      expect(names).toContain(one)
  })

  it('what is for everybody is as open as the umask lets it be', async () => {
    const open = at('open')
    await ok(['init', '--data', open, '--reading', 'public'])
    await ok(['export', at('site/export'), '--data', open])
    const allowed = { d: (0o777 & 0o755 & ~umask).toString(8), f: (0o644 & ~umask).toString(8) }
    expect(new Set(everything(at('site')).map(({ mode }) => mode))).toEqual(new Set([`d${allowed.d}`, `f${allowed.f}`]))
    expect(openOnes(open)).toEqual([])
    expect(
      everything(at('auditor.jwk').replace(/auditor\.jwk$/, '')).find(({ path: one }) => one.endsWith('auditor.jwk'))
        ?.mode,
    ).toBe(`f${allowed.f}`)
  })

  it('doctor tells of modes that let others in, and what to do', async () => {
    const ill = at('ill')
    cpSync(at('restored'), ill, { recursive: true })
    const doctor = async (...more: string[]): Promise<string> =>
      (await evidence(['doctor', '--data', ill, ...more], { umask })).stdout.replaceAll('\n     do: ', ' DO ')
    const chmod = (mode: number, ...names: string[]): void => {
      for (const name of names) chmodSync(join(ill, name), mode)
    }
    chmod(0o700, '.', 'ledger', 'keys', 'timestamps')
    expect(await doctor()).toContain('ok   permissions: the folder, its files and its keys are their owner’s alone')
    chmod(0o755, '.')
    expect(await doctor()).toMatch(
      /^WARN permissions: others may look into .+ill, where sealed claims are \(mode 0755\) DO Run "chmod -R go= /m,
    )
    chmod(0o700, '.')
    chmod(0o644, 'erased', 'head')
    expect(await doctor()).toMatch(/^WARN permissions: 2 files or folders in .+ DO Run "chmod -R go= /m)
    writeFileSync(at('secret'), 'a passphrase', { mode: 0o600 })
    writeFileSync(at('serve.json'), '{}', { mode: 0o600 })
    const named = ['--passphrase-file', at('secret'), '--config', at('serve.json')]
    expect(await doctor(...named)).not.toMatch(/secret.*mode/)
    chmodSync(at('secret'), 0o640)
    chmodSync(at('serve.json'), 0o666)
    const said = await doctor(...named)
    expect(said).toMatch(
      /^FAIL permissions: others may read the passphrase in .+secret \(mode 0640\) DO Run "chmod 600 /m,
    )
    expect(said).toMatch(/^WARN permissions: others may change the settings in .+ \(mode 0666\) DO Run "chmod go-w /m)
  })
})

describe('F-H8: the sources', () => {
  it('make folders in one place', () => {
    const root = fileURLToPath(new URL('../../', import.meta.url))
    const found = ['src', 'cli', 'server'].flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.ts'))
        .map((name) => join(folder, name))
        .filter((name) => /\bmkdir(?:Sync)?\(/.test(readFileSync(join(root, name), 'utf8'))),
    )
    expect(found).toEqual(['src/node/private-folder.ts'])
  })
})
