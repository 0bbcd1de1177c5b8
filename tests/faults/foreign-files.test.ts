import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readUnfinished } from '../../src/node/folder-marker.ts'
import { type CliError, evidence, evidenceOk } from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'
import { Commands } from '../support/stopped-command.ts'

/* Of a folder that a command fills nothing is removed that the command did not make, whatever a marker says. */
const { path, remove } = temporaryFolder()
const commands = new Commands(path)
const at = (...names: string[]): string => join(path, ...names)
const fillers: [string, (folder: string) => string[]][] = [
  ['evidence export', (folder) => ['export', folder, '--data', at('source')]],
  ['evidence init', (folder) => ['init', '--data', folder]],
  ['evidence init', (folder) => ['start', '--data', folder, '--port', '0']],
  ['evidence restore', (folder) => ['restore', '--from', at('backup'), '--data', folder]],
  ['evidence witness init', (folder) => ['witness', 'init', '--data', folder, '--name', 'w.example/1']],
]

beforeAll(async () => {
  await evidenceOk(['init', '--data', at('source')])
  await evidenceOk(['backup', at('backup'), '--data', at('source')])
})
afterAll(() => {
  commands.kill()
  remove()
})

/** Every file under a folder with its content, but for the marker and the lock. */
function contents(folder: string): Record<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
    (name) => statSync(join(folder, name)).isFile() && !/^(lock|unfinished\.json)$/.test(name),
  )
  return Object.fromEntries(names.sort().map((name) => [name, readFileSync(join(folder, name), 'latin1')]))
}

async function refused(args: readonly string[]): Promise<CliError['error']> {
  const result = await evidence([...args, '--json'])
  expect([args[0], result.code]).toEqual([args[0], 2])
  return result.json<CliError>().error
}

/** Cuts a restore off midway: before it reads the list of erasures in its backup. */
async function cutOffRestore(root: string): Promise<void> {
  writeFileSync(at('backup', 'erased'), '')
  const args = ['restore', '--from', at('backup'), '--data', root]
  const { child, ended } = await commands.stopAt('openSync', '/backup/erased$', args)
  child.kill('SIGKILL')
  await ended
  rmSync(at('backup', 'erased'))
}

describe('R3-H1: a folder with a marker that nobody of us wrote', () => {
  it.each(fillers)('loses nothing to %s', async (by, args) => {
    const folder = at(`planted-${args('x')[0]}`)
    const plants: object[] = [
      { by },
      { by, moving: [{ name: 'policy', inode: '1' }] },
      { by, staging: { name: 'photos', inode: '1' } },
      { by, staging: { name: `unfinished-${'0'.repeat(32)}` }, moving: 'policy' },
    ]
    for (const marker of plants) {
      mkdirSync(join(folder, 'photos'), { recursive: true })
      mkdirSync(join(folder, `unfinished-${'0'.repeat(32)}`), { recursive: true })
      writeFileSync(join(folder, `unfinished-${'0'.repeat(32)}`, 'policy'), 'precious')
      writeFileSync(join(folder, 'policy'), 'precious')
      writeFileSync(join(folder, 'photos', 'a.jpg'), 'precious')
      writeFileSync(join(folder, 'unfinished.json'), JSON.stringify(marker))
      const before = contents(folder)
      const error = await refused(args(folder))
      expect(error.code).toMatch(/^(ledger|file)-exists$/)
      expect(error.where).toMatch(/policy|photos|unfinished-0/)
      expect(contents(folder)).toEqual(before)
    }
  })

  it('true of the inode of a folder, loses no file that the command never writes', async () => {
    for (const [by, args] of fillers) {
      const folder = at(`inode-${args('x')[0]}`)
      const name = `unfinished-${'0'.repeat(32)}`
      mkdirSync(join(folder, name, 'keys'), { recursive: true })
      writeFileSync(join(folder, name, 'keys', 'mine.pem'), 'precious')
      const staging = { name, inode: String(statSync(join(folder, name)).ino) }
      writeFileSync(join(folder, 'unfinished.json'), JSON.stringify({ by, staging, moving: [] }))
      expect((await refused(args(folder))).where).toContain(join('keys', 'mine.pem'))
      expect(Object.values(contents(folder))).toEqual(['precious'])
    }
  })
})

describe('R3-H1: a folder that a killed restore left', () => {
  it('keeps the keys that were put into it, and is filled when they are away', async () => {
    const root = at('killed')
    await cutOffRestore(root)
    expect(readUnfinished(root)).toMatchObject({ by: 'evidence restore' })
    mkdirSync(join(root, 'keys'))
    writeFileSync(join(root, 'keys', 'ledger.pem'), 'a private key')
    const restore = ['restore', '--from', at('backup'), '--data', root]
    const error = await refused(restore)
    expect([error.code, error.where]).toEqual(['ledger-exists', join(root, 'keys', 'ledger.pem')])
    expect(error.message).toContain('nothing was removed')
    expect(readFileSync(join(root, 'keys', 'ledger.pem'), 'utf8')).toBe('a private key')
    renameSync(join(root, 'keys'), at('kept-keys'))
    await evidenceOk(restore)
    expect(readdirSync(root).filter((name) => name.startsWith('unfinished'))).toEqual([])
    expect(existsSync(join(root, 'config.json'))).toBe(true)
  })

  it('and whose files were at their places already, keeps a key among them', async () => {
    const root = at('moved')
    await evidenceOk(['restore', '--from', at('backup'), '--data', root])
    const moving = readdirSync(root).map((name) => ({ name, inode: String(statSync(join(root, name)).ino) }))
    writeFileSync(join(root, 'keys', 'ledger.pem'), 'a private key')
    writeFileSync(join(root, 'unfinished.json'), JSON.stringify({ by: 'evidence restore', moving }))
    const restore = ['restore', '--from', at('backup'), '--data', root]
    expect((await refused(restore)).where).toBe(join(root, 'keys', 'ledger.pem'))
    expect(readFileSync(join(root, 'keys', 'ledger.pem'), 'utf8')).toBe('a private key')
    rmSync(join(root, 'keys', 'ledger.pem'))
    await evidenceOk(restore)
    expect(readUnfinished(root)).toBeUndefined()
  })
})
