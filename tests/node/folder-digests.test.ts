import { createHash } from 'node:crypto'
import { appendFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { compareBytes } from '../../src/core/bytes.ts'
import { encodeManifest } from '../../src/core/manifest.ts'
import type { FileList } from '../../src/node/file-list.ts'
import { type DigestOptions, FolderDigests } from '../../src/node/folder-digests.ts'
import { listFolder, makeManifest } from '../../src/node/folder-manifest.ts'
import { temporaryFolder } from '../support/folder.ts'

const { path: root, remove } = temporaryFolder()
afterAll(remove)

/** More than one thread is given at once, and more than are hashed without threads. */
const many = 1500
let number = 0
const pad = (i: number): string => String(i).padStart(4, '0')

function folderOf(count: number): string {
  const folder = join(root, `folder-${number++}`)
  mkdirSync(folder)
  for (let i = 0; i < count; i++) writeFileSync(join(folder, `file-${pad(i)}`), `content of ${i}`)
  return folder
}

const namesOf = (files: FileList): Buffer[] =>
  Array.from({ length: files.length }, (_, i) => Buffer.from(files.name(i)))
const nothing = (): void => {}

function dying(): URL {
  const path = join(root, 'dying.mjs')
  writeFileSync(
    path,
    "import { parentPort } from 'node:worker_threads'\nparentPort.on('message', () => process.exit(1))\n",
  )
  return pathToFileURL(path)
}

const ways: readonly (readonly [string, Pick<DigestOptions, 'threads' | 'source'>])[] = [
  ['on one thread', { threads: 1 }],
  ['on three threads', { threads: 3 }],
  ['where no thread can be made', { threads: 3, source: pathToFileURL(join(root, 'there-is-none.mjs')) }],
  ['where each thread dies', { threads: 3, source: dying() }],
]

describe.each(ways)('R8: a folder of many files, %s', (_, way) => {
  it('has the manifest of its files', async () => {
    const folder = folderOf(many)
    const bytes: number[] = []
    const manifest = await makeManifest(folder, listFolder(folder), (count) => void bytes.push(count), nothing, way)
    const lines = Array.from({ length: many }, (_line, i) => ({
      sha256: createHash('sha256').update(`content of ${i}`).digest('hex'),
      path: Buffer.from(`file-${pad(i)}`),
    }))
    expect(Buffer.from(manifest).equals(encodeManifest(lines))).toBe(true)
    expect(bytes.reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(many * 'content of 0'.length)
  })

  it('is refused for its first file, in their order, that cannot be read', async () => {
    const folder = folderOf(many)
    const listing = listFolder(folder)
    for (const i of [1400, 700, 701, 1499]) rmSync(join(folder, `file-${pad(i)}`))
    await expect(makeManifest(folder, listing, nothing, nothing, way)).rejects.toMatchObject({
      code: 'file-unreadable',
      message: `${folder}/file-0700 cannot be read: it does not exist`,
      facts: { where: `${folder}/file-0700` },
    })
  })

  it('has all its faults told where all are wanted, and the other files hashed', async () => {
    const folder = folderOf(many)
    const { files } = listFolder(folder)
    const gone = [3, 700, 1499]
    for (const i of gone) rmSync(join(folder, `file-${pad(i)}`))
    const digests = new FolderDigests(files, { isFirstEnough: false, hasStates: false, ...way })
    const faults = await digests.hash()
    await digests.close()
    expect([...faults.keys()]).toEqual(gone)
    expect(digests.hex(1498)).toBe(createHash('sha256').update('content of 1498').digest('hex'))
  })

  it.each(['written to', 'replaced by one with the same bytes', 'removed'])(
    'is refused where a file that was hashed is %s before the last is',
    async (how) => {
      const folder = folderOf(many)
      const path = join(folder, 'file-0041')
      const digests = new FolderDigests(listFolder(folder).files, { isFirstEnough: true, hasStates: true, ...way })
      await digests.hash()
      expect(await digests.firstChanged()).toBeUndefined()
      if (how === 'written to') appendFileSync(path, 'x')
      else rmSync(path)
      if (how.startsWith('replaced')) writeFileSync(path, 'content of 41')
      expect(await digests.firstChanged()).toBe(41)
      await digests.close()
    },
  )
})

describe('R8: files of a folder', () => {
  it.runIf(process.platform === 'linux')('are listed by the bytes of their names, whatever they are', () => {
    const folder = folderOf(0)
    const at = (name: string): Buffer => Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(name, 'latin1')])
    for (const name of ['a', 'a/b', '\xd6\xa4']) mkdirSync(at(name))
    const names = ['a.txt', 'a/z', 'a/b/c', 'a-', 'a0', '\xd6\xa4/\xff', '\xd6', 'A', 'b\nc', '\xc3\xa9', 'b\\', '~']
    for (const name of names) writeFileSync(at(name), '')
    const expected = names.map((name) => Buffer.from(name, 'latin1')).sort(compareBytes)
    expect(namesOf(listFolder(folder).files)).toEqual(expected)
  })

  it('that are not recorded are told folder by folder', () => {
    const folder = folderOf(0)
    mkdirSync(join(folder, 'a'))
    for (const name of ['a/x.tlog-proof', 'a.tlog-proof', 'B.tlog-proof']) writeFileSync(join(folder, name), '')
    expect(listFolder(folder).skipped.map(({ name }) => name)).toEqual([
      'B.tlog-proof',
      'a/x.tlog-proof',
      'a.tlog-proof',
    ])
  })

  it('are found by their names, in order or not', () => {
    const { files } = listFolder(folderOf(50))
    const found = [0, 1, 2, 40, 3, 49, 0].map((i) => files.indexOf(Buffer.from(`file-${pad(i)}`)))
    expect(found).toEqual([0, 1, 2, 40, 3, 49, 0])
    expect(files.indexOf(Buffer.from('file'))).toBeUndefined()
  })

  it('that are few and long are hashed by threads too, with the same digests', async () => {
    const folder = folderOf(0)
    const bytes = (name: string): Buffer => Buffer.alloc(33 * 1024 * 1024, name)
    const names = ['a', 'b', 'c']
    for (const name of names) writeFileSync(join(folder, name), bytes(name))
    const manifest = await makeManifest(folder, listFolder(folder), nothing, nothing, { threads: 2 })
    const lines = names.map((name) => `${createHash('sha256').update(bytes(name)).digest('hex')}  ${name}\n`)
    expect(Buffer.from(manifest).toString()).toBe(lines.join(''))
  })
})
