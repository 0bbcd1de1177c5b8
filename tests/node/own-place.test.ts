import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ownPlace, temporaryFolder as sharedFolder } from '../../src/node/own-place.ts'
import { codeOf } from '../core/support.ts'
import { temporaryFolder } from '../support/folder.ts'

const isRoot = process.getuid?.() === 0

describe.skipIf(process.platform === 'win32')('BR-H1: the place of what lives for a moment', () => {
  let path: string
  let remove: () => void
  const at = (name: string): string => join(path, name)
  beforeEach(() => {
    ;({ path, remove } = temporaryFolder())
    for (const name of ['tmp', 'cache']) mkdirSync(at(name), { mode: 0o700 })
    vi.stubEnv('TMPDIR', at('tmp'))
    vi.stubEnv('XDG_CACHE_HOME', at('cache'))
  })
  afterEach(() => {
    vi.unstubAllEnvs()
    remove()
  })

  it('is in the temporary folder where that is the user’s own', () => {
    expect(ownPlace()).toEqual({ path: at('tmp/evidence-stand-ins'), isNew: false })
  })

  it('is in the cache folder where the temporary folder is everybody’s, and is not made there where there is none', () => {
    chmodSync(at('tmp'), 0o1777)
    expect(ownPlace()).toEqual({ path: at('cache/evidence-stand-ins'), isNew: false })
    vi.stubEnv('XDG_CACHE_HOME', at('none'))
    const { path: place, isNew } = ownPlace()
    expect(isNew).toBe(true)
    expect(readdirSync(at('tmp')).map((name) => at(`tmp/${name}`))).toEqual([place])
    expect(existsSync(at('none'))).toBe(false)
  })

  it('is neither below a folder that others may exchange, nor at the end of a link', () => {
    chmodSync(at('tmp'), 0o1777)
    mkdirSync(at('shared'))
    chmodSync(at('shared'), 0o777)
    mkdirSync(at('shared/own'), { mode: 0o700 })
    vi.stubEnv('XDG_CACHE_HOME', at('shared/own'))
    expect(ownPlace().isNew).toBe(true)
    symlinkSync(at('tmp'), at('cache/evidence-stand-ins'))
    vi.stubEnv('XDG_CACHE_HOME', at('cache'))
    expect(ownPlace().isNew).toBe(true)
  })

  it('refuses a temporary folder in which others exchange what is there', () => {
    vi.stubEnv('XDG_CACHE_HOME', at('none'))
    chmodSync(at('tmp'), 0o777)
    expect(codeOf(sharedFolder)).toBe('file-unwritable')
    expect(codeOf(ownPlace)).toBe('file-unwritable')
    chmodSync(at('tmp'), 0o1777)
    expect(codeOf(sharedFolder)).toBe('accepted')
    vi.stubEnv('TMPDIR', at('none'))
    expect(codeOf(sharedFolder)).toBe('file-unwritable')
  })

  it.skipIf(!isRoot)('refuses a temporary folder of another user', () => {
    vi.stubEnv('XDG_CACHE_HOME', at('none'))
    chownSync(at('tmp'), 65534, 65534)
    expect(codeOf(ownPlace)).toBe('file-unwritable')
  })
})
