import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

/*
 * `$&`, `$1` and `$$` in a replacement that is a text stand for something else: a name, or another text from outside, would be
 * written otherwise than it is. A replacement is a function, or a literal without `$`.
 */
const root = fileURLToPath(new URL('../../', import.meta.url))

/** Place after the first argument of the call whose bracket opens before `at`: that of its comma, or of the closing bracket. */
function afterArgument(source: string, at: number): number {
  const literal =
    /\s*(?:'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|`(?:\\.|[^`\\])*`|\/(?:\\.|\[(?:\\.|[^\]\\])*\]|[^/\\[])+\/\w*)/y
  literal.lastIndex = at
  let end = literal.test(source) ? literal.lastIndex : at
  for (let depth = 0; end < source.length; end++) {
    const character = source[end] as string
    if (depth === 0 && (character === ',' || character === ')')) return end
    if ('([{'.includes(character)) depth++
    if (')]}'.includes(character)) depth--
  }
  return end
}

/** Arguments in second place of `replace` and `replaceAll` that are neither a function nor a text without `$`. */
function replacedBy(source: string): { at: number; second: string }[] {
  const found: { at: number; second: string }[] = []
  for (const { 0: call, index } of source.matchAll(/\.replace(?:All)?\(/g)) {
    const comma = afterArgument(source, index + call.length)
    const second = source.slice(comma + 1, afterArgument(source, comma + 1)).trim()
    const isFunction = /^(?:async )?(?:\([^]*\)|\w+) =>/.test(source.slice(comma + 1).trimStart())
    if (source[comma] === ',' && !isFunction && !/^(?:'[^'$]*'|"[^"$]*"|`[^`$]*`)$/.test(second))
      found.push({ at: index, second })
  }
  return found
}

describe('replacements in texts', () => {
  it('are found where they are neither a function nor a literal without a dollar', () => {
    const source = String.raw`
      a.replace(/[(,]x/g, ''); a.replace('a,b', (one) => one); a.replaceAll("'", "x"); a.replace(/a/, (_, b: string) => b)
      a.replace(of(b, c), to); a.replaceAll('x', '$1'); a.replace(/\/,/, ${'`${b}`'}); a.replace(/"/, said(a))`
    expect(replacedBy(source).map(({ second }) => second)).toEqual(['to', "'$1'", '`${b}`', 'said(a)'])
  })

  it('never come from outside as a text', () => {
    const files = execFileSync('git', ['ls-files', 'src', 'cli', 'server', 'web', 'clients'], {
      cwd: root,
      encoding: 'utf8',
    })
    const found: string[] = []
    let calls = 0
    for (const path of files
      .trim()
      .split('\n')
      .filter((name) => /\.(?:ts|tsx|mjs)$/.test(name))) {
      const source = readFileSync(join(root, path), 'utf8')
      calls += source.split(/\.replace(?:All)?\(/).length - 1
      for (const { at, second } of replacedBy(source))
        found.push(`${path}:${source.slice(0, at).split('\n').length}: ${second}`)
    }
    expect(found).toEqual([])
    expect(calls).toBeGreaterThan(50)
  })
})
