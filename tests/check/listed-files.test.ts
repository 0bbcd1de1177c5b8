import { createHash } from 'node:crypto'
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { hashListed } from '../../src/check/node/listed-files.ts'
import { compareFolder } from '../../src/check/steps/compare.ts'
import { Manifest } from '../../src/core/manifest.ts'
import { digestFile } from '../../src/node/file-digest.ts'
import { listFolder, listWholeFolder, makeManifest } from '../../src/node/folder-manifest.ts'
import { temporaryFolder } from '../support/folder.ts'

const { path: root, remove } = temporaryFolder()
afterAll(remove)

describe.each([40, 1400])('R8: a folder of %i files, hashed before it is compared', (count) => {
  it('is told as one whose files are hashed one by one', async () => {
    const folder = join(root, `of-${count}`)
    mkdirSync(join(folder, 'within'), { recursive: true })
    const at = (i: number): string => join(folder, 'within', `file-${String(i).padStart(4, '0')}`)
    for (let i = 0; i < count; i++) writeFileSync(at(i), `content of ${i}`)
    const manifest = new Manifest(await makeManifest(folder, listFolder(folder), () => {}))
    writeFileSync(at(3), 'other bytes')
    rmSync(at(7))
    renameSync(at(9), join(folder, 'now-here'))
    writeFileSync(join(folder, 'new'), 'was not there')
    const { files, skipped, unreadable } = listWholeFolder(folder)
    const told: number[] = []
    const progress = { of: () => {}, update: (done: number) => void told.push(done) }
    const hashed = await hashListed(files, manifest, progress)
    const compared = await compareFolder(folder, { files: hashed, skipped, unreadable }, manifest)
    const oneByOne = Array.from({ length: files.length }, (_, i) => ({
      name: Buffer.from(files.name(i)),
      sha256: async () => (await digestFile(files.path(i), ['sha256'])).digest.sha256 as string,
    }))
    expect(compared).toEqual(await compareFolder(folder, { files: oneByOne, skipped, unreadable }, manifest))
    expect(told.at(-1)).toBe(count - 2)
    const states = new Set(compared.files.map(({ state }) => state))
    expect(states).toEqual(new Set(['unchanged', 'DIFFERS', 'missing', 'moved']))
    expect(compared.unlisted).toEqual(['new'])
    const moved = compared.files.find(({ state }) => state === 'moved')
    expect(moved).toMatchObject({ name: 'within/file-0009', now: 'now-here' })
  })

  it('has a file that cannot be hashed told as such, and hides no other', async () => {
    const folder = join(root, `unreadable-of-${count}`)
    mkdirSync(folder)
    for (let i = 0; i < count; i++) writeFileSync(join(folder, `file-${i}`), 'x')
    const manifest = new Manifest(await makeManifest(folder, listFolder(folder), () => {}))
    const { files, skipped, unreadable } = listWholeFolder(folder)
    rmSync(join(folder, 'file-2'))
    const hashed = await hashListed(files, manifest)
    const compared = await compareFolder(folder, { files: hashed, skipped, unreadable }, manifest)
    expect(compared.files.filter(({ state }) => state !== 'unchanged')).toMatchObject([
      { name: 'file-2', state: 'unreadable', faults: [{ code: 'file-unreadable', file: 'file-2' }] },
    ])
    expect(compared.files).toHaveLength(count)
  })
})

describe('R8: a manifest that was read', () => {
  it('answers by number, path and digest, with escaped names', () => {
    const hex = (text: string): string => createHash('sha256').update(text).digest('hex')
    const names = ['a', 'b\\n', 'c', 'd/e']
    const raw = `${hex('1')}  a\n\\${hex('2')}  b\\\\n\n${hex('1')}  c\n${hex('3')}  d/e\n`
    const manifest = new Manifest(Buffer.from(raw))
    expect([...manifest].map(({ path }) => Buffer.from(path).toString())).toEqual(names)
    for (const order of [names, names.toReversed()])
      expect(order.map((name) => manifest.indexOf(Buffer.from(name)))).toEqual(order.map((name) => names.indexOf(name)))
    expect(manifest.indexOf(Buffer.from('bb'))).toBeUndefined()
    expect(manifest.withDigest(hex('1'))).toEqual([0, 2])
    expect(manifest.withDigest(hex('9'))).toEqual([])
    expect([manifest.line(-1), manifest.line(4)]).toEqual([undefined, undefined])
    expect(manifest.line(1)).toEqual({ sha256: hex('2'), path: new Uint8Array(Buffer.from('b\\n')) })
  })
})
