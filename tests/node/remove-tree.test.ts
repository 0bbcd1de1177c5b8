import { execFileSync } from 'node:child_process'
import * as fs from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { removeTree } from '../../src/node/remove-tree.ts'
import { temporaryFolder } from '../support/folder.ts'

const { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } = fs
const root = fileURLToPath(new URL('../..', import.meta.url))
/** Runs once, after the first folder was listed. */
let exchange: (() => void) | undefined

vi.mock('node:fs', async (original) => {
  const real = await original<typeof fs>()
  const listing = real.readdirSync as (...args: unknown[]) => unknown
  return {
    ...real,
    readdirSync: (...args: unknown[]) => {
      const names = listing(...args)
      const step = exchange
      exchange = undefined
      step?.()
      return names
    },
  }
})

describe('BR-H1: a folder is removed, and nothing else', () => {
  let path: string
  let remove: () => void
  const at = (name: string): string => join(path, name)
  beforeEach(() => {
    ;({ path, remove } = temporaryFolder())
    for (const folder of ['victim/sub', 'own/sub/deep']) mkdirSync(at(folder), { recursive: true })
    for (const file of ['victim/f', 'victim/sub/f', 'own/f', 'own/sub/f']) writeFileSync(at(file), file)
  })
  afterEach(() => remove())
  const isVictimWhole = (): boolean => existsSync(at('victim/f')) && existsSync(at('victim/sub/f'))

  it('with all that is in it, and of links the link', () => {
    symlinkSync(at('victim'), at('own/sub/link'))
    removeTree(at('own'))
    expect(existsSync(at('own'))).toBe(false)
    symlinkSync(at('victim'), at('own'))
    removeTree(at('own'))
    removeTree(at('own'))
    expect(readdirSync(path)).toEqual(['victim'])
    expect(isVictimWhole()).toBe(true)
  })

  it.skipIf(process.platform !== 'linux').each([['own'], ['own/sub']])(
    'where %s is exchanged for a link after it was listed',
    (name) => {
      exchange = () => {
        renameSync(at(name), at('aside'))
        symlinkSync(at('victim'), at(name))
      }
      try {
        removeTree(at('own'))
      } catch {
        // The link stands where the folder stood, which no rmdir removes.
      }
      expect(exchange).toBeUndefined()
      expect(isVictimWhole()).toBe(true)
    },
  )

  it('in one place of the sources', () => {
    const files = execFileSync('git', ['ls-files', 'src', 'cli', 'server'], { cwd: root, encoding: 'utf8' })
    const found = files
      .trim()
      .split('\n')
      .filter((file) => /\brm(?:Sync)?\([^\n]*recursive/.test(readFileSync(join(root, file), 'utf8')))
    expect(found).toEqual(['src/node/remove-tree.ts'])
  })
})
