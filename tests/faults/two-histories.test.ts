import { execFileSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { backUpFolder } from '../../src/ledger/copy/final.ts'
import { readLedgerKey } from '../../src/ledger/create.ts'
import { dataFolder, readOwnKey } from '../../src/ledger/data-folder.ts'
import { Ledger } from '../../src/ledger/ledger.ts'
import { type CliError, type CliResult, evidence, evidenceOk, startServer } from '../support/cli.ts'
import { copyFolder, temporaryFolder, type TestFolder, trialFolder } from '../support/folder.ts'
import { Commands } from '../support/stopped-command.ts'

/*
 * Every documented way to two writers of one ledger, as an operator types it: what the tools can see, they refuse. What they cannot see
 * (a folder copied by other means, two machines that know nothing of each other) is for witnesses: docs/operations/moving.md.
 */
const { path, remove } = temporaryFolder()
let test: TestFolder
let kept: string
let runs = 0
let at: (name: string) => string
const codeOf = (result: CliResult): string => result.json<CliError>().error.code
const backup = (out: string, ...more: string[]): Promise<CliResult> =>
  evidence(['backup', at(out), '--data', test.root, '--json', ...more])
const restore = (out: string, to: string, ...more: string[]): Promise<CliResult> =>
  evidence(['restore', '--from', at(out), '--data', at(to), '--json', ...more])
const promoted = (root: string): Promise<CliResult> => evidence(['promote', '--data', root, '--take-over', '--json'])

/** Whether a folder signs, once it has the keys. Throws what refuses it. */
async function sign(root: string): Promise<number> {
  cpSync(join(kept, 'keys'), dataFolder(root).keys, { recursive: true })
  const ledger = await Ledger.open(root, readLedgerKey(root))
  try {
    return (await ledger.deposit(test.deposit(`${root} signs`).presentation)).index
  } finally {
    await ledger.close()
  }
}

beforeAll(async () => {
  test = await trialFolder()
  const ledger = await test.open()
  await Promise.all(Array.from({ length: 20 }, (_, i) => ledger.deposit(test.deposit(`${i}`).presentation)))
  await ledger.close()
  kept = join(path, 'kept')
  copyFolder(test.root, kept)
})
beforeEach(() => {
  rmSync(test.root, { recursive: true })
  copyFolder(kept, test.root)
  const folder = join(path, String(++runs))
  mkdirSync(folder)
  at = (name) => join(folder, name)
})
afterAll(() => {
  test.remove()
  remove()
})

describe('F-H1: a ledger that moves', () => {
  it('is moved once: --final into another backup is refused, and that is no backup of anything', async () => {
    expect((await backup('out1', '--final')).code).toBe(0)
    expect((await restore('out1', 'b')).json()).toMatchObject({ maySign: true })
    const second = await backup('out2', '--final')
    expect([second.code, codeOf(second)]).toEqual([3, 'ledger-moved'])
    expect(second.stdout).toContain(at('out1'))
    expect(codeOf(await restore('out2', 'c'))).toBe('backup-missing')
    expect(await sign(at('b'))).toBe(22)
    await expect(sign(test.root)).rejects.toMatchObject({ code: 'ledger-moved' })
  })

  it('may repeat --final into the same backup, which stays final and restored', async () => {
    await evidenceOk(['backup', at('out1'), '--data', test.root, '--final'])
    const before = readFileSync(join(at('out1'), 'backup.json'), 'utf8')
    expect((await backup('out1', '--final')).json()).toMatchObject({ final: true, added: 0 })
    expect((await backup('out1')).json()).toMatchObject({ final: true, added: 0 })
    expect(readFileSync(join(at('out1'), 'backup.json'), 'utf8')).toBe(before)
    expect((await restore('out1', 'b')).code).toBe(0)
    expect((await backup('out1', '--final')).code).toBe(0)
    expect(codeOf(await restore('out1', 'c'))).toBe('take-over-needed')
    // An ordinary backup of what was left behind restores to a folder that is shut.
    expect((await backup('other')).json()).toMatchObject({ final: false })
    expect((await restore('other', 'd')).json()).toMatchObject({ maySign: false })
  })

  it('is moved to one of two backups, where both are made at once', async () => {
    const options = { root: test.root, final: true }
    const both = await Promise.allSettled(['out1', 'out2'].map((out) => backUpFolder({ ...options, out: at(out) })))
    expect(both.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    const finals = ['out1', 'out2'].filter((out) => {
      const manifest = join(at(out), 'backup.json')
      return existsSync(manifest) && readFileSync(manifest, 'utf8').includes('"final": true')
    })
    expect(finals).toHaveLength(1)
  })

  it('can be called off while nothing was restored, and then nothing is restored without a word', async () => {
    await backup('out1', '--final')
    expect((await promoted(test.root)).json()).toMatchObject({ maySign: true, unmarked: null })
    const refused = await restore('out1', 'b')
    expect(codeOf(refused)).toBe('take-over-needed')
    expect(refused.stdout).toContain('called off')
    expect(existsSync(at('b'))).toBe(false)
    expect(await sign(test.root)).toBe(22)
    // It moves again, into the same backup: that is another move, and restored once.
    expect((await backup('out1', '--final')).json()).toMatchObject({ final: true, added: 1 })
    expect((await restore('out1', 'c')).json()).toMatchObject({ maySign: true })
    expect(codeOf(await promoted(test.root))).toBe('ledger-moved')
    await expect(sign(test.root)).rejects.toMatchObject({ code: 'ledger-moved' })
    // What lives on backs up into another folder, and moves on from it.
    expect(await sign(at('c'))).toBe(23)
    const again = ['backup', at('out2'), '--data', at('c'), '--json']
    expect((await evidenceOk(again)).json()).toMatchObject({ final: false, added: 24 })
    expect(codeOf(await backup('out2', '--final'))).toBe('ledger-moved')
    expect((await evidenceOk([...again, '--final'])).json()).toMatchObject({ final: true })
    expect((await restore('out2', 'd')).json()).toMatchObject({ maySign: true, size: 24 })
  })

  it('R5: its final backup takes no run of another source, and goes on saying that it was restored', async () => {
    await backup('out1', '--final')
    await evidenceOk(['backup', at('plain'), '--data', test.root])
    await restore('plain', 'shut')
    expect((await restore('out1', 'b')).json()).toMatchObject({ maySign: true })
    const files = ['backup.json', 'taken', 'checkpoint'].map((name) => join(at('out1'), name))
    const before = files.map((file) => readFileSync(file, 'utf8'))
    for (const [from, ...final] of [['b'], ['b', '--final'], ['shut']] as const) {
      const refused = await evidence(['backup', at('out1'), '--data', at(from), ...final, '--json'])
      expect([from, refused.code, codeOf(refused)]).toEqual([from, 2, 'file-exists'])
      expect(refused.stdout).toContain('final backup')
    }
    expect(files.map((file) => readFileSync(file, 'utf8'))).toEqual(before)
    // So the folder that was left behind cannot be called back beside the one that signs.
    expect(codeOf(await promoted(test.root))).toBe('ledger-moved')
    await expect(sign(test.root)).rejects.toMatchObject({ code: 'ledger-moved' })
    expect(await sign(at('b'))).toBe(22)
  })

  it('R5: a move that was cut off is finished by its own folder, and not undone by a copy that is shut', async () => {
    await evidenceOk(['backup', at('plain'), '--data', test.root])
    await restore('plain', 'shut')
    await backup('out1', '--final')
    const manifest = join(at('out1'), 'backup.json')
    writeFileSync(manifest, readFileSync(manifest, 'utf8').replace('"final": true', '"final": false'))
    expect(codeOf(await evidence(['backup', at('out1'), '--data', at('shut'), '--json']))).toBe('file-exists')
    expect((await backup('out1', '--final')).json()).toMatchObject({ final: true })
    // Where it was cut off before the marker the folder still signs, and may take its word back, or give it again.
    writeFileSync(manifest, readFileSync(manifest, 'utf8').replace('"final": true', '"final": false'))
    rmSync(test.folder.signingState)
    expect((await backup('out1')).json()).toMatchObject({ final: false })
    expect((await backup('out1', '--final')).json()).toMatchObject({ final: true })
  })

  it('says so where the final backup is out of reach when the move is called off', async () => {
    await backup('out1', '--final')
    renameSync(at('out1'), at('elsewhere'))
    const text = await evidence(['promote', '--data', test.root, '--take-over'])
    expect(text.code).toBe(0)
    expect(text.stdout).toContain(`the final backup ${at('out1')} could not be marked: destroy it`)
  })

  it('does not move while the rotation of its key is unfinished: neither key is settled', async () => {
    const { rotation } = dataFolder(test.root)
    cpSync(dataFolder(test.root).config, rotation)
    expect(codeOf(await backup('out1', '--final'))).toBe('config-invalid')
    rmSync(rotation)
    const { text } = readOwnKey(dataFolder(test.root))
    execFileSync('tee', [rotation], { input: JSON.stringify({ from: text, to: text, statement: 'x' }) })
    expect(codeOf(await backup('out1', '--final'))).toBe('rotation-unfinished')
    expect(existsSync(join(at('out1'), 'backup.json'))).toBe(false)
  })

  it('R5: whatever marker keeps a folder from signing, doctor says so, by the code that a start is refused with', async () => {
    const { rotation, signingState } = dataFolder(test.root)
    const { text } = readOwnKey(dataFolder(test.root))
    const markers = [
      [rotation, '{', 'config-invalid'],
      [rotation, JSON.stringify({ from: text, to: text, statement: 'x' }), 'rotation-unfinished'],
      [signingState, '{', 'config-invalid'],
    ] as const
    for (const [file, content, code] of markers) {
      writeFileSync(file, content)
      await expect(sign(test.root)).rejects.toMatchObject({ code })
      const found = await evidence(['doctor', '--data', test.root, '--json'])
      expect([found.code, found.stdout]).toEqual([3, expect.stringContaining(`${code}: `)])
      rmSync(file)
    }
    const { code, stdout } = await evidence(['doctor', '--data', test.root])
    expect([code, stdout]).toEqual([0, expect.any(String)])
  })
})

describe('F-H1: a backup that is restored', () => {
  const preloads = temporaryFolder()
  const commands = new Commands(preloads.path)
  afterAll(() => {
    commands.kill()
    preloads.remove()
  })

  /** A restore that stands still midway, when the database is made and the folder is not finished: before it reads the list of erasures. */
  async function restoreHeld(
    to: string,
  ): Promise<{ ended: Promise<number | null>; goOn: () => void; kill: () => void }> {
    writeFileSync(join(at('out'), 'erased'), '')
    const args = ['restore', '--from', at('out'), '--data', at(to)]
    const { child, ended } = await commands.stopAt('openSync', '/out/erased$', args)
    return {
      ended: ended.then(({ code }) => code),
      goOn: () => child.kill('SIGCONT'),
      kill: () => child.kill('SIGKILL'),
    }
  }

  it('to two folders at once makes one that signs, also where one stands still midway', async () => {
    await backup('out', '--final')
    const held = await restoreHeld('b')
    expect(codeOf(await restore('out', 'c'))).toBe('take-over-needed')
    // Not even with the word, while the other is known to be alive.
    expect(codeOf(await restore('out', 'c', '--take-over'))).toBe('ledger-in-use')
    expect(codeOf(await restore('out', 'b'))).toBe('ledger-in-use')
    expect(existsSync(at('c'))).toBe(false)
    held.goOn()
    expect(await held.ended).toBe(0)
    expect(await sign(at('b'))).toBe(22)
    expect(codeOf(await restore('out', 'c'))).toBe('take-over-needed')
  })

  it('is not finished by one whose place another has taken meanwhile', async () => {
    await backup('out', '--final')
    const held = await restoreHeld('b')
    // On another machine: nothing here shows that the first is alive.
    renameSync(at('out'), at('out-moved'))
    cpSync(at('out-moved'), at('out'), { recursive: true })
    rmSync(join(at('out'), 'taken'))
    expect((await restore('out', 'c')).json()).toMatchObject({ maySign: true })
    held.goOn()
    expect(await held.ended).toBe(2)
    expect(existsSync(at('b'))).toBe(false)
    expect(await sign(at('c'))).toBe(22)
  })

  it('and was killed midway leaves a folder that nothing uses, and is begun anew in that folder alone', async () => {
    await backup('out', '--final')
    const held = await restoreHeld('b')
    held.kill()
    await held.ended
    rmSync(join(at('out'), 'erased'))
    expect(readdirSync(at('b'))).toContain('unfinished.json')
    for (const command of [
      ['serve', '--port', '0'],
      ['verify'],
      ['doctor'],
      ['promote', '--take-over'],
      ['backup', at('x')],
      ['ledger', 'reindex'],
      ['ledger', 'erase', '3', '--claim', 'all'],
    ]) {
      const refused = await evidence([...command, '--data', at('b')])
      expect([command[0], refused.code, `${refused.stdout}${refused.stderr}`]).toEqual([
        command[0],
        3,
        expect.stringContaining('folder-unfinished'),
      ])
    }
    expect(codeOf(await restore('out', 'c'))).toBe('take-over-needed')
    expect((await restore('out', 'b')).json()).toMatchObject({ maySign: true })
    expect(await sign(at('b'))).toBe(22)
    renameSync(at('b'), at('elsewhere'))
    expect(codeOf(await restore('out', 'b'))).toBe('take-over-needed')
    // The word is about the folder that the refusal named.
    expect((await restore('out', 'b', '--take-over')).json()).toMatchObject({ maySign: true })
  })

  it('and did not hold is free again', async () => {
    await backup('out', '--final')
    const refused = await restore('out', 'b', '--known-checkpoint', join(at('out'), 'policy'))
    expect(refused.code).not.toBe(0)
    renameSync(join(at('out'), 'tile/entries'), at('entries'))
    expect(codeOf(await restore('out', 'b'))).toBe('entry-missing')
    expect([existsSync(at('b')), existsSync(join(at('out'), 'taken'))]).toEqual([false, false])
    renameSync(at('entries'), join(at('out'), 'tile/entries'))
    expect((await restore('out', 'c')).json()).toMatchObject({ maySign: true })
  })

  it('with --take-over signs once: a second folder is shut until it gets a word of its own', async () => {
    await backup('out')
    expect((await restore('out', 'b', '--take-over')).json()).toMatchObject({ maySign: true })
    const second = await restore('out', 'c', '--take-over')
    expect([second.code, codeOf(second)]).toEqual([2, 'take-over-needed'])
    expect(second.stdout).toContain(at('b'))
    expect((await restore('out', 'c')).json()).toMatchObject({ maySign: false })
    await expect(sign(at('c'))).rejects.toMatchObject({ code: 'ledger-standby' })
    await backup('out')
    expect((await restore('out', 'd', '--take-over')).json()).toMatchObject({ maySign: true })
  })
})

describe('F-H1: one folder', () => {
  it('has one writer, by whatever path it is opened', async () => {
    symlinkSync(test.root, at('link'))
    const server = await startServer(test.root, [], 'serve')
    try {
      for (const root of [at('link'), join(at('link'), '..', 'link', '.')]) {
        const second = await evidence(['serve', '--data', root, '--port', '0'])
        expect([second.code, second.stderr]).toEqual([3, expect.stringContaining('ledger-in-use')])
        expect(codeOf(await evidence(['backup', at('out'), '--data', root, '--final', '--json']))).toBe('ledger-in-use')
      }
    } finally {
      expect(await server.stop()).toBe(0)
    }
    // Filled through a link, the folder behind it is.
    mkdirSync(at('real'))
    symlinkSync(at('real'), at('empty'))
    await backup('out')
    expect((await restore('out', 'empty')).code).toBe(0)
    expect(existsSync(join(at('real'), 'config.json'))).toBe(true)
  })

  it('copied by hard links is refused once the other has gone on', async () => {
    execFileSync('cp', ['-al', test.root, at('twin')])
    expect(await sign(test.root)).toBe(22)
    await expect(sign(at('twin'))).rejects.toMatchObject({ code: 'database-behind-head' })
  })
})
