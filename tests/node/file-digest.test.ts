import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { appendFileSync, readFileSync, writeFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { listFolder, makeManifest, requireSameFiles } from '../../src/node/folder-manifest.ts'
import { digestFile } from '../../src/node/file-digest.ts'
import { temporaryFolder } from '../support/folder.ts'

const { path: folder, remove } = temporaryFolder()
afterAll(remove)

const mebibyte = 1024 * 1024

describe('digestFile', () => {
  it('hashes small, large and empty files', async () => {
    for (const size of [0, 1, mebibyte - 1, mebibyte, mebibyte + 1, 3 * mebibyte + 7]) {
      const path = join(folder, `of-${size}`)
      writeFileSync(path, Buffer.alloc(size, size % 251))
      let counted = 0
      const found = await digestFile(path, ['sha256', 'blake3'], (count) => {
        counted += count
      })
      expect(found).toMatchObject({
        size,
        digest: { sha256: createHash('sha256').update(readFileSync(path)).digest('hex') },
      })
      expect(counted).toBe(size)
    }
  })

  it.each([10, 3 * mebibyte])('F-B10: refuses a file of %i bytes that is written to meanwhile', async (size) => {
    const path = join(folder, `changing-${size}`)
    writeFileSync(path, Buffer.alloc(size))
    let isDone = false
    const reading = digestFile(path, ['sha256'], () => {
      if (!isDone) appendFileSync(path, 'x')
      isDone = true
    })
    await expect(reading).rejects.toMatchObject({ code: 'file-changed' })
  })

  it.runIf(process.platform !== 'win32')('F-B12: refuses a pipe and a device at once', async () => {
    const pipe = join(folder, 'pipe')
    execFileSync('mkfifo', [pipe])
    for (const path of [pipe, '/dev/zero'])
      await expect(digestFile(path, ['sha256'])).rejects.toMatchObject({ code: 'file-unreadable' })
  })
})

describe('a folder that changes while it is hashed', () => {
  it.each(['changed', 'added', 'removed'])('F-B10: is refused: a file %s', async (how) => {
    const root = join(folder, how)
    mkdirSync(root)
    for (const name of ['a', 'b', 'c']) writeFileSync(join(root, name), name)
    const listing = listFolder(root)
    let isDone = false
    const hashing = makeManifest(root, listing, () => {
      if (!isDone && how === 'changed') writeFileSync(join(root, 'a'), 'changed')
      if (!isDone && how === 'added') writeFileSync(join(root, 'b2'), 'new')
      isDone = true
    }).then(() => {
      if (how === 'removed') execFileSync('rm', [join(root, 'c')])
      requireSameFiles(root, listing)
    })
    await expect(hashing).rejects.toMatchObject({ code: 'file-changed' })
  })
})
