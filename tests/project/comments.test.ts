import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

/* An editor shows a doc comment alone, away from the declaration before it: so each must be understood alone. */

const root = fileURLToPath(new URL('../..', import.meta.url))
const docComment = /\/\*\*[^]*?\*\//g
/** Openings that lean on a neighbour, or do not say what the thing does. */
const leaning = /^(?:The same|Told|As above|Whoever)\b/i

const sources = execFileSync('git', ['ls-files', 'src', 'server', 'cli'], { cwd: root, encoding: 'utf8' })
  .split('\n')
  .filter((path) => path.endsWith('.ts'))
  .map((path) => ({ path, source: readFileSync(join(root, path), 'utf8') }))

const placeOf = (path: string, source: string, index: number): string =>
  `${path}:${source.slice(0, index).split('\n').length}`

/** Places of the doc comments of a source whose text is refused. */
function docCommentsWhere(refused: (text: string) => boolean): string[] {
  return sources.flatMap(({ path, source }) =>
    [...source.matchAll(docComment)]
      .filter(({ 0: comment }) => refused(comment.slice(3, -2).replace(/^[\s*]+/, '')))
      .map(({ index }) => placeOf(path, source, index)),
  )
}

describe('comments and messages', () => {
  it('begin no doc comment with words that need the one before', () => {
    expect(docCommentsWhere((text) => leaning.test(text))).toEqual([])
  })

  it('name the person or the program: "whoever" stands in no source', () => {
    const found = sources.flatMap(({ path, source }) =>
      [...source.matchAll(/\bwhoever\b/gi)].map(({ index }) => placeOf(path, source, index)),
    )
    expect(found).toEqual([])
  })

  it('are found by these patterns', () => {
    expect([...'/** The same, but for its name. */ x /**\n * Told once.\n */'.matchAll(docComment)]).toHaveLength(2)
    expect(leaning.test('The same of many')).toBe(true)
    expect(leaning.test('As abovementioned')).toBe(false)
  })
})
