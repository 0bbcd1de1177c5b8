import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { temporaryFolder } from '../support/folder.ts'

/* `dist` is packed as it is: a build leaves nothing in it of a source that is gone (docs/design/packaging.md). */
const root = fileURLToPath(new URL('../../', import.meta.url))
const { path, remove } = temporaryFolder()
afterAll(remove)

const kept = [
  'dist/src/core/a.js',
  'dist/src/core/a.js.map',
  'dist/src/core/a.d.ts',
  'dist/src/core/.tsbuildinfo',
  'dist/check.mjs',
  'dist/evidence.1',
  'dist/completions/_evidence',
]
const gone = [
  'dist/src/core/b.js',
  'dist/src/core/b.js.map',
  'dist/src/core/b.d.ts',
  'dist/src/old/c.js',
  'dist/src/old/.tsbuildinfo',
]

describe('R8: a build', () => {
  it('removes what was made of sources that are gone, with folders that are empty then, and touches nothing else', async () => {
    for (const file of [...kept, ...gone, 'src/core/a.ts', 'src/core/tsconfig.json']) {
      mkdirSync(dirname(join(path, file)), { recursive: true })
      writeFileSync(join(path, file), file)
    }
    const before = kept.map((file) => statSync(join(path, file), { bigint: true }).ctimeNs)
    const url = pathToFileURL(join(root, 'scripts', 'stale.mjs')).href
    const { removeStale } = (await import(url)) as { removeStale: (top: string) => string[] }
    expect(removeStale(path)).toEqual(gone.map((file) => file.slice('dist/'.length)).sort())
    expect(kept.map((file) => statSync(join(path, file), { bigint: true }).ctimeNs)).toEqual(before)
    expect(existsSync(join(path, 'dist/src/old'))).toBe(false)
    expect(removeStale(path)).toEqual([])
  })

  it('does so after the compiler and before what is made of its files, by whatever it is begun', () => {
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>
    }
    const steps = (text: string): string[] => text.match(/tsc\b|stale\.mjs|bundle\.mjs/g) ?? []
    expect(steps(scripts['build'] as string)).toEqual(['tsc', 'stale.mjs', 'bundle.mjs'])
    const [, build = ''] =
      /export function build\(\) \{([^]*)/.exec(readFileSync(join(root, 'scripts', 'setup.mjs'), 'utf8')) ?? []
    expect([...new Set(steps(build))]).toEqual(['tsc', 'stale.mjs', 'bundle.mjs'])
  })
})
