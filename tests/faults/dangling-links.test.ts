import { execFileSync } from 'node:child_process'
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { backUpFolder } from '../../src/ledger/copy/final.ts'
import { restoreBackup } from '../../src/ledger/copy/restore.ts'
import { readLedgerMlDsaKey } from '../../src/ledger/create.ts'
import { readConfig } from '../../src/ledger/data-folder.ts'
import { readErasures } from '../../src/ledger/erasures.ts'
import { requireNotRotating } from '../../src/ledger/rotation-marker.ts'
import { requireMaySign, writeSigningState } from '../../src/ledger/signing-state.ts'
import { TimeStampFiles } from '../../src/ledger/time-stamp-files.ts'
import { readIfThere } from '../../src/node/bounded-file.ts'
import { requireFinished } from '../../src/node/folder-marker.ts'
import { KnownNames } from '../../src/node/known-names.ts'
import { temporaryFolder, type TestFolder, trialFolder } from '../support/folder.ts'

/*
 * Files whose absence says something: that a folder may sign, that it is whole, that nothing was erased. A name that is taken by what cannot be
 * read, as by a link to a disk that is not mounted, is never read as nothing.
 */
const { path, remove } = temporaryFolder()
let test: TestFolder
let runs = 0
let at: (name: string) => string
const nowhere = (name: string): void => symlinkSync(join(path, 'not-mounted', 'file'), name)
const shapes: readonly (readonly [string, (name: string) => void])[] = [
  ['a symbolic link that leads nowhere', nowhere],
  ['a link to itself', (name) => symlinkSync(name, name)],
  ['a folder', (name) => mkdirSync(name)],
  ['a pipe', (name) => execFileSync('mkfifo', [name])],
]

beforeEach(async () => {
  test = await trialFolder()
  const folder = join(path, String(++runs))
  mkdirSync(folder)
  at = (name) => join(folder, name)
  return () => test.remove()
})
afterAll(remove)

describe('R7 L2: a name that is taken', () => {
  it.each(shapes)('by %s is no file that is absent', (_, make) => {
    expect(readIfThere(at('free'), 10)).toBeUndefined()
    make(at('name'))
    expect(() => readIfThere(at('name'), 10)).toThrow()
    expect(() => new KnownNames(at('name'))).toThrow()
    expect(() => readErasures(at('name'))).toThrow()
  })

  it.each(shapes)('by %s in a data folder forbids what the marker of that name forbids', async (_, make) => {
    const { folder } = test
    make(folder.signingState)
    expect(() => requireMaySign(folder)).toThrow(expect.objectContaining({ code: 'config-invalid' }))
    await expect(test.open()).rejects.toMatchObject({ code: 'config-invalid' })
    rmSync(folder.signingState, { recursive: true })
    make(folder.rotation)
    expect(() => requireNotRotating(folder)).toThrow(expect.objectContaining({ code: 'config-invalid' }))
    await expect(test.open()).rejects.toMatchObject({ code: 'config-invalid' })
    rmSync(folder.rotation, { recursive: true })
    make(join(folder.root, 'unfinished.json'))
    expect(() => requireFinished(folder.root)).toThrow(expect.objectContaining({ code: 'folder-unfinished' }))
    await expect(test.open()).rejects.toMatchObject({ code: 'folder-unfinished' })
    rmSync(join(folder.root, 'unfinished.json'), { recursive: true })
    await (await test.open()).close()
  })

  it('by a link that leads nowhere is no ledger without a second key, and no folder without a ledger', () => {
    const { folder } = test
    rmSync(folder.ledgerMlDsaKey, { force: true })
    nowhere(folder.ledgerMlDsaKey)
    expect(() => readLedgerMlDsaKey(folder.root)).toThrow()
    renameSync(folder.config, at('config.json'))
    nowhere(folder.config)
    expect(() => readConfig(folder)).toThrow(expect.objectContaining({ code: 'config-invalid' }))
  })

  it('by a link that leads nowhere is no time stamp that is absent', () => {
    const stamps = new TimeStampFiles(at('timestamps'))
    expect([stamps.sizes(), stamps.read(3)]).toEqual([[], undefined])
    stamps.write(3, Buffer.from('a record'))
    rmSync(join(at('timestamps'), '3.time-stamps'))
    nowhere(join(at('timestamps'), '3.time-stamps'))
    expect(() => stamps.read(3)).toThrow(expect.objectContaining({ code: 'file-unreadable' }))
    rmSync(at('timestamps'), { recursive: true })
    nowhere(at('timestamps'))
    expect(() => stamps.sizes()).toThrow()
  })

  it.each(['checkpoint', 'backup.json', 'erased'])(
    'by a link that leads nowhere is no backup without "%s"',
    async (name) => {
      await backUpFolder({ root: test.root, out: at('out') })
      rmSync(join(at('out'), name), { force: true })
      nowhere(join(at('out'), name))
      await expect(backUpFolder({ root: test.root, out: at('out') })).rejects.toThrow()
      await expect(restoreBackup({ from: at('out'), root: at('data') })).rejects.toThrow()
    },
  )

  it('by a link that leads to a marker says what the marker says', () => {
    writeSigningState(test.folder, 'moved', 'elsewhere')
    renameSync(test.folder.signingState, at('marker'))
    symlinkSync(at('marker'), test.folder.signingState)
    expect(() => requireMaySign(test.folder)).toThrow(expect.objectContaining({ code: 'ledger-moved' }))
    writeFileSync(at('marker'), '')
    expect(() => requireMaySign(test.folder)).toThrow(expect.objectContaining({ code: 'config-invalid' }))
  })
})
