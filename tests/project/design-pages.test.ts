import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = join(root, 'docs/design')
const pages = readdirSync(folder)
  .filter((name) => name.endsWith('.md'))
  .map((name) => ({ name, text: readFileSync(join(folder, name), 'utf8') }))

describe('the pages of docs/design', () => {
  it('name only source files that are there', () => {
    const files = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' })
      .split('\0')
      .filter((path) => existsSync(join(root, path)))
    const missing = pages.flatMap(({ name, text }) =>
      [...text.matchAll(/`([\w./-]+\.(?:ts|mjs|py))`/g)]
        .map(([, path]) => path as string)
        .filter((path) => !path.startsWith('dist/') && !files.some((file) => `/${file}`.endsWith(`/${path}`)))
        .map((path) => `${name}: ${path}`),
    )
    expect(missing).toEqual([])
  })

  it('say what is, and not what was added when', () => {
    const history = /\b(?:added (?:with|later|for)|no longer|was changed|formerly|first design|earlier versions?)\b/gi
    const found = pages.flatMap(({ name, text }) => [...text.matchAll(history)].map(([words]) => `${name}: ${words}`))
    expect(found).toEqual([])
  })

  it('are all in the list of pages', () => {
    const listed = readFileSync(join(folder, 'README.md'), 'utf8')
    expect(pages.filter(({ name }) => name !== 'README.md' && !listed.includes(`(${name})`))).toEqual([])
  })
})
