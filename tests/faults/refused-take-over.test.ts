import { execFileSync } from 'node:child_process'
import {
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
import { Claim, readTaken } from '../../src/ledger/copy/taken.ts'
import { takeLock } from '../../src/node/lock-file.ts'
import { type CliError, type CliResult, evidence, evidenceOk } from '../support/cli.ts'
import { copyFolder, temporaryFolder, type TestFolder, trialFolder } from '../support/folder.ts'
import { Commands } from '../support/stopped-command.ts'

/*
 * A final backup of which a folder was made that signs, and a second restore with the operator's word that comes to nothing, by a refusal or a
 * kill: at no moment is the backup free, nor can the move be called off (docs/design/backup-and-follow.md, "Who may sign").
 */
const { path, remove } = temporaryFolder()
const commands = new Commands(path)
let test: TestFolder
let kept: string
let runs = 0
let at: (name: string) => string
const codeOf = (result: CliResult): string => result.json<CliError>().error.code
const taken = (): string => readFileSync(join(at('out'), 'taken'), 'utf8')
const restore = (to: string, ...more: string[]): Promise<CliResult> =>
  evidence(['restore', '--from', at('out'), '--data', at(to), '--json', ...more])
const promoted = (): Promise<CliResult> => evidence(['promote', '--data', test.root, '--take-over', '--json'])
/** Entries of the backup out of reach: a restore begins, and is refused. */
const damage = (): void => renameSync(join(at('out'), 'tile/entries'), at('entries'))
const mend = (): void => renameSync(at('entries'), join(at('out'), 'tile/entries'))

async function refused(to: string): Promise<void> {
  damage()
  expect(codeOf(await restore(to, '--take-over'))).toBe('entry-missing')
  mend()
  expect(existsSync(at(to))).toBe(false)
}

/** Neither a restore without a word nor the calling-off is accepted; the refusal names the folders of the record. */
async function expectTaken(...by: string[]): Promise<void> {
  const again = await restore('never')
  expect([again.code, codeOf(again)]).toEqual([2, 'take-over-needed'])
  for (const name of by) expect(again.stdout).toContain(`${at(name)} at `)
  const called = await promoted()
  expect([called.code, codeOf(called)]).toEqual([3, 'ledger-moved'])
  for (const name of by) expect(called.stdout).toContain(`${at(name)} at `)
}

/** A restore to `c` with the word, killed before a call. */
async function killedAt(call: string, match: string): Promise<void> {
  const { child, ended } = await commands.stopAt(call, match, [
    'restore',
    '--from',
    at('out'),
    '--data',
    at('c'),
    '--take-over',
  ])
  child.kill('SIGKILL')
  await ended
}

beforeAll(async () => {
  test = await trialFolder()
  kept = join(path, 'kept')
  copyFolder(test.root, kept)
})
beforeEach(async () => {
  rmSync(test.root, { recursive: true })
  copyFolder(kept, test.root)
  const folder = join(path, String(++runs))
  mkdirSync(folder)
  at = (name) => join(folder, name)
  await evidenceOk(['backup', at('out'), '--data', test.root, '--final'])
})
afterAll(() => {
  commands.kill()
  test.remove()
  remove()
})

describe('R7 H2: a take-over that is refused', () => {
  it('leaves the record of the folder that signs as it was, byte for byte', async () => {
    expect((await restore('b')).json()).toMatchObject({ maySign: true })
    const before = taken()
    await refused('c')
    expect(taken()).toBe(before)
    await expectTaken('b')
    await refused('c')
    expect(taken()).toBe(before)
    expect(readdirSync(at('out')).filter((name) => /^(taken\.|lock)/.test(name))).toEqual([])
  })

  it('leaves the record that the move was called off', async () => {
    expect((await promoted()).code).toBe(0)
    const before = taken()
    await refused('c')
    expect(taken()).toBe(before)
    expect(codeOf(await restore('c'))).toBe('take-over-needed')
    // Its own record: the folder may still move anew into the same backup.
    await evidenceOk(['backup', at('out'), '--data', test.root, '--final'])
  })

  it('leaves a backup free that was free', async () => {
    await refused('c')
    expect(existsSync(join(at('out'), 'taken'))).toBe(false)
    expect((await promoted()).code).toBe(0)
  })

  it('puts back a record that could not be read as one that forbids', async () => {
    writeFileSync(join(at('out'), 'taken'), '{"id":')
    await refused('c')
    expect(codeOf(await restore('c'))).toBe('take-over-needed')
    expect(codeOf(await promoted())).toBe('ledger-moved')
  })
})

describe('R7 H2: a take-over that is killed', () => {
  beforeEach(async () => {
    await evidenceOk(['restore', '--from', at('out'), '--data', at('b')])
  })

  it('before its record has the name, leaves the earlier one', async () => {
    const before = taken()
    await killedAt('renameSync', '/out/taken[.]part$')
    expect(taken()).toBe(before)
    await expectTaken('b')
    expect((await restore('c', '--take-over')).json()).toMatchObject({ maySign: true })
    await expectTaken('c', 'b')
  })

  it('while the folder is filled, names both; repeated there and refused, it puts the earlier record back', async () => {
    const before = taken()
    await killedAt('openSync', '/out/erased$')
    await expectTaken('c', 'b')
    damage()
    expect(codeOf(await restore('c'))).toBe('entry-missing')
    mend()
    expect(taken()).toBe(before)
    await expectTaken('b')
  })

  it('while the folder is filled, is finished in that folder without a word', async () => {
    await killedAt('openSync', '/out/erased$')
    expect((await restore('c')).json()).toMatchObject({ maySign: true })
    await expectTaken('c', 'b')
  })

  it('while the folder is filled, and taken over in its turn by a restore that is refused, can still be finished', async () => {
    await killedAt('openSync', '/out/erased$')
    const before = taken()
    await refused('d')
    expect(taken()).toBe(before)
    await expectTaken('c', 'b')
    expect((await restore('c')).json()).toMatchObject({ maySign: true })
  })

  it('after its refusal, when the folder is gone and the earlier record is not back, names both', async () => {
    damage()
    await killedAt('rmdirSync', '/c$')
    mend()
    await expectTaken('c', 'b')
    await refused('d')
    await expectTaken('c', 'b')
  })
})

describe('R7 H2: a claim', () => {
  const ask = (to: string, id: string): Claim =>
    Claim.ask({ from: at('out'), root: at(to), final: true, takeOver: true, id })

  it('is not given back while anything of its folder is there: that may be whole', () => {
    const claim = ask('b', 'b')
    claim.make()
    mkdirSync(at('b'))
    writeFileSync(join(at('b'), 'config.json'), '')
    claim.release()
    expect(readTaken(join(at('out'), 'taken'))?.id).toBe('b')
    rmSync(at('b'), { recursive: true })
    claim.release()
    expect(readTaken(join(at('out'), 'taken'))).toBeUndefined()
  })

  it('of two that would take one place, is given to one', () => {
    ask('b', 'b').make()
    const [one, other] = [ask('c', 'c'), ask('d', 'd')]
    one.make()
    expect(() => other.make()).toThrow(expect.objectContaining({ code: 'take-over-needed' }))
    other.release()
    expect(readTaken(join(at('out'), 'taken'))?.id).toBe('c')
    one.requireHeld()
    one.release()
    expect(readTaken(join(at('out'), 'taken'))?.id).toBe('b')
  })

  it('neither takes a place nor gives one back while another command has the backup', () => {
    ask('b', 'b').make()
    const [first, second] = [ask('c', 'c'), ask('d', 'd')]
    let unlock = takeLock(join(at('out'), 'lock'), at('out'))
    expect(() => first.make()).toThrow(expect.objectContaining({ code: 'ledger-in-use' }))
    expect(readTaken(join(at('out'), 'taken'))?.id).toBe('b')
    unlock()
    second.make()
    unlock = takeLock(join(at('out'), 'lock'), at('out'))
    second.release()
    unlock()
    expect(readTaken(join(at('out'), 'taken'))).toMatchObject({ id: 'd', before: [{ id: 'b' }] })
  })

  it.each([
    ['a link that leads nowhere', (name: string) => symlinkSync('/nowhere/at-all', name)],
    ['a folder', (name: string) => mkdirSync(name)],
    ['a pipe', (name: string) => execFileSync('mkfifo', [name])],
  ])('R7 L2: is refused without a word where the record is %s, and so is the calling-off', async (_, make) => {
    make(join(at('out'), 'taken'))
    expect(codeOf(await restore('c'))).toBe('take-over-needed')
    expect(codeOf(await promoted())).toBe('ledger-moved')
  })
})

describe('R8: a move whose final backup was restored', () => {
  beforeEach(async () => {
    await evidenceOk(['restore', '--from', at('out'), '--data', at('b')])
  })

  it.each([
    ['is damaged', (name: string) => writeFileSync(name, '{"format":')],
    ['is gone', (name: string) => rmSync(name)],
    ['is of another format', (name: string) => writeFileSync(name, '{"format":2}')],
    ['is a link that leads nowhere', (name: string) => (rmSync(name), symlinkSync('/nowhere/at-all', name))],
    ['is a folder', (name: string) => (rmSync(name), mkdirSync(name))],
  ])('is not called off where its backup.json %s', async (_, damageIt) => {
    damageIt(join(at('out'), 'backup.json'))
    const before = taken()
    const called = await promoted()
    expect([called.code, codeOf(called)]).toEqual([3, 'ledger-moved'])
    expect(called.stdout).toContain(`${at('b')} at `)
    expect(taken()).toBe(before)
    expect(existsSync(join(test.root, 'standing.json'))).toBe(true)
  })

  it('is called off where its backup made way for another’s, which is left as it is', async () => {
    const manifest = join(at('out'), 'backup.json')
    writeFileSync(manifest, readFileSync(manifest, 'utf8').replace(/"move": "[^"]+"/, '"move": "another"'))
    const before = taken()
    expect((await promoted()).json()).toMatchObject({ maySign: true, unmarked: at('out') })
    expect(taken()).toBe(before)
  })
})

describe('R8: a move that was called off', () => {
  it('is called off again, though its backup.json cannot be read since', async () => {
    const standing = readFileSync(join(test.root, 'standing.json'))
    await promoted()
    // Cut off between the record and the folder's own marker.
    writeFileSync(join(test.root, 'standing.json'), standing)
    writeFileSync(join(at('out'), 'backup.json'), '{"format":')
    expect((await promoted()).json()).toMatchObject({ maySign: true, unmarked: null })
  })
})
