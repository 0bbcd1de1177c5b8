import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

/* The map in CONTRIBUTING.md leads to what is there. */
const root = fileURLToPath(new URL('../../', import.meta.url))
const page = readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8')
const named = [...page.matchAll(/`((?:src|server|cli|tests|scripts|docs)\/[^`* ]+)`/g)].map(
  ([, path]) => path as string,
)

describe('the map in CONTRIBUTING.md', () => {
  it.each([...new Set(named)])('names %s, which is there', (path) => {
    expect(existsSync(join(root, path))).toBe(true)
  })

  it.each(['A deposit, from request to answer', 'An entry, from disk to verdict', 'A check of a file'])(
    'has the way of: %s, no stop twice',
    (title) => {
      const section = page.slice(page.indexOf(`### ${title}`) + 4).split('\n### ')[0] ?? ''
      const stops = [...section.matchAll(/^\d+\. `([^`]+)`/gm)].map(([, path]) => path)
      expect(stops.length).toBeGreaterThanOrEqual(6)
      expect(new Set(stops).size).toBe(stops.length)
    },
  )
})
