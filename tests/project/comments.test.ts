import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

/* An editor shows a doc comment alone, away from the declaration before it: so each must be understood alone. */

const root = fileURLToPath(new URL('../..', import.meta.url))
const docComment = /\/\*\*[^]*?\*\//g
/** Openings that lean on a neighbour, or do not say what the thing does. */
const leaning = /^(?:The same|Told|As above|Whoever|Those|Of|One that|So much|It is)\b/i

/** The tracked files below some folders, with their texts. */
function read(folders: readonly string[]): { readonly path: string; readonly source: string }[] {
  const listed = execFileSync('git', ['ls-files', '-z', '--', ...folders], { cwd: root, encoding: 'utf8' })
  return listed
    .split('\0')
    .filter((path) => path !== '' && existsSync(join(root, path)))
    .map((path) => ({ path, source: readFileSync(join(root, path), 'utf8') }))
}

const sources = read(['src', 'server', 'cli']).filter(({ path }) => path.endsWith('.ts'))

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

  it('have no phrase that the glossary has replaced, in no source, page or verifier', () => {
    const glossary = readFileSync(join(root, 'docs/glossary.md'), 'utf8')
    const [, listed = ''] = /^A test refuses these phrases[^:]*:\n(.*?)\n\n/ms.exec(glossary) ?? []
    const phrases = [...listed.matchAll(/`([^`]+)`/g)].map(([, phrase]) => phrase as string)
    expect(phrases).toContain('whoever')
    const replaced = new RegExp(`\\b(?:${phrases.join('|').replaceAll(' ', '\\s+')})\\b`, 'gi')
    const found = read(['src', 'server', 'cli', 'clients', 'docs', 'verifiers', 'fixtures', 'scripts'])
      .filter(({ path }) => /\.(?:ts|mjs|md|py|go|json|yml)$/.test(path) && path !== 'docs/glossary.md')
      .flatMap(({ path, source }) =>
        [...source.matchAll(replaced)].map(({ 0: phrase, index }) => `${placeOf(path, source, index)} ${phrase}`),
      )
    expect(found).toEqual([])
  })

  it('are found by these patterns', () => {
    expect([...'/** The same, but for its name. */ x /**\n * Told once.\n */'.matchAll(docComment)]).toHaveLength(2)
    expect(leaning.test('The same of many')).toBe(true)
    expect(leaning.test('As abovementioned')).toBe(false)
  })
})
