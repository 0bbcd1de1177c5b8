import { execFileSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { temporaryFolder } from '../support/folder.ts'

const root = join(import.meta.dirname, '..', '..')

/** A checkout in small: each program says where it lies. */
const { path, remove } = temporaryFolder()
const put = (name: string, text: string): void => {
  mkdirSync(dirname(join(path, name)), { recursive: true })
  writeFileSync(join(path, name), text)
}
const at = (name: string, seconds: number): void => utimesSync(join(path, name), seconds, seconds)
const runs = (): string =>
  execFileSync(process.execPath, [join(path, 'cli/evidence.mjs'), 'show'], { encoding: 'utf8' })

beforeAll(() => {
  put('package.json', '{"type":"module"}')
  mkdirSync(join(path, 'cli'))
  copyFileSync(join(root, 'cli/evidence.mjs'), join(path, 'cli/evidence.mjs'))
  put('dist/cli/main.js', 'console.log("compiled")')
  put('dist/run/main.js', 'console.log("joined")')
  put('dist/cli/.tsbuildinfo', '{}')
  put('dist/src/core/.tsbuildinfo', '{}')
  put('dist/run/.current', '../cli/.tsbuildinfo\n../src/core/.tsbuildinfo\n')
  for (const name of ['dist/cli/.tsbuildinfo', 'dist/src/core/.tsbuildinfo']) at(name, 1000)
  at('dist/run/.current', 1001)
})
afterAll(remove)

describe('the joined program', () => {
  it('runs as long as the compiler wrote nothing after it', () => {
    expect(runs()).toBe('joined\n')
    at('dist/src/core/.tsbuildinfo', 1002)
    expect(runs()).toBe('compiled\n')
    at('dist/run/.current', 1003)
    expect(runs()).toBe('joined\n')
  })

  it('runs where there is no list: what is installed is never compiled', () => {
    rmSync(join(path, 'dist/run/.current'))
    at('dist/cli/.tsbuildinfo', 2000)
    expect(runs()).toBe('joined\n')
  })

  it('is made by the build, and is the program', () => {
    expect(existsSync(join(root, 'dist/run/main.js'))).toBe(true)
    const version = (program: string): string =>
      execFileSync(process.execPath, [join(root, program), '--version'], { encoding: 'utf8' })
    expect(version('dist/run/main.js')).toBe(version('dist/cli/main.js'))
  })
})
