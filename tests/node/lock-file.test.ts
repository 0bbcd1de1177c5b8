import { execFileSync } from 'node:child_process'
import {
  chownSync,
  closeSync,
  existsSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { lockFile } from '../../src/node/file-lock.ts'
import { takeLock } from '../../src/node/lock-file.ts'
import { encodeRecord, isRecordOrNothing, kernel, ownRecord } from '../../src/node/lock-record.ts'
import { codeOf } from '../core/support.ts'
import { temporaryFolder } from '../support/folder.ts'
import { withoutKoffi } from '../support/stopped-command.ts'

const lockModule = fileURLToPath(new URL('../../dist/src/node/lock-file.js', import.meta.url))
const isRoot = process.getuid?.() === 0
const stale = encodeRecord({ pid: 999_999_999, started: '1', place: 'elsewhere/pid', by: kernel })

describe.skipIf(process.platform === 'win32')('BR-H2: only a lock is written as one', () => {
  let path: string
  let remove: () => void
  const at = (name: string): string => join(path, name)
  beforeEach(() => {
    ;({ path, remove } = temporaryFolder())
    mkdirSync(at('own'))
  })
  afterEach(() => remove())
  const lock = (): string => at('own/lock')
  const codeOfTaking = (): string => codeOf(() => takeLock(lock(), at('own'))())

  /** As on a platform whose kernel gives no locks. */
  function codeWithoutKernel(): string {
    writeFileSync(at('without.cjs'), withoutKoffi)
    const script = `const { takeLock } = await import(${JSON.stringify(lockModule)})
      try { takeLock(${JSON.stringify(lock())}, 'own')(); console.log('accepted') } catch (error) { console.log(error.code) }`
    const args = ['--require', at('without.cjs'), '--input-type=module', '-e', script]
    return execFileSync(process.execPath, args, { encoding: 'utf8' }).trim()
  }

  it('in the place of nothing, of an empty file, and of a lock that nobody holds', () => {
    for (const content of [undefined, '', stale, encodeRecord(ownRecord(kernel)), '\0'.repeat(80)]) {
      if (content !== undefined) writeFileSync(lock(), content)
      const release = takeLock(lock(), at('own'))
      expect(isRecordOrNothing(readFileSync(lock()))).toBe(true)
      expect(statSync(lock()).size).toBeGreaterThan(0)
      release()
      expect(readdirSync(at('own'))).toEqual([])
    }
  })

  const precious = 'what is precious'
  it.each([
    ['a hard link to another file', () => linkSync(at('other'), lock())],
    ['a hard link to a lock', () => linkSync(at('other.lock'), lock())],
    ['a hard link to an empty file', () => linkSync(at('empty'), lock())],
    ['a link to another file', () => symlinkSync(at('other'), lock())],
    ['a link that leads nowhere', () => symlinkSync(at('nothing'), lock())],
    ['another file', () => writeFileSync(lock(), precious)],
    ['a file that begins as a lock', () => writeFileSync(lock(), `${stale}${precious}`)],
    ['a file that ends as a lock', () => writeFileSync(lock(), `${precious}\n${stale}`)],
    ['a file of many zeros', () => writeFileSync(lock(), Buffer.alloc(1025))],
    ['a folder', () => mkdirSync(lock())],
    ['a pipe', () => execFileSync('mkfifo', [lock()])],
  ])('and not %s, which stays as it is', (_what, plant) => {
    writeFileSync(at('other'), precious)
    writeFileSync(at('other.lock'), stale)
    writeFileSync(at('empty'), '')
    plant()
    const before = statSync(lock(), { throwIfNoEntry: false })
    expect(codeOfTaking()).toBe('not-a-lock')
    expect(codeWithoutKernel()).toBe('not-a-lock')
    const after = statSync(lock(), { throwIfNoEntry: false })
    expect([after?.ino, after?.size, after?.nlink]).toEqual([before?.ino, before?.size, before?.nlink])
    expect([readFileSync(at('other'), 'utf8'), readFileSync(at('other.lock'), 'utf8')]).toEqual([precious, stale])
    expect(existsSync(at('nothing'))).toBe(false)
  })

  it('but a lock by its text, which has a second name, is one', () => {
    const own = `lock.999999999-${'0'.repeat(8)}-0000-4000-8000-${'0'.repeat(12)}`
    writeFileSync(at(`own/${own}`), encodeRecord({ ...ownRecord(own), pid: 999_999_999 }))
    linkSync(at(`own/${own}`), lock())
    expect(codeOfTaking()).toBe('accepted')
    expect(existsSync(lock())).toBe(false)
  })

  it.skipIf(!isRoot)('of another user it is none, but for root that of the folder’s owner', () => {
    writeFileSync(lock(), stale)
    chownSync(lock(), 65534, 65534)
    expect(codeOfTaking()).toBe('not-a-lock')
    chownSync(at('own'), 65534, 65534)
    expect(codeOfTaking()).toBe('accepted')
  })

  it('a shared lock that is kept is told as held', () => {
    writeFileSync(lock(), '')
    const fd = openSync(lock(), 'r')
    expect(lockFile(fd, 'shared')).toBe('got')
    expect(codeOfTaking()).toBe('ledger-in-use')
    closeSync(fd)
    expect(codeOfTaking()).toBe('accepted')
  })
})
