import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const call = /\b(?:push|unshift|splice|concat|max|min|fromCharCode|fromCodePoint)\(/g

/** True where an argument of the call whose bracket opens at `open` is itself a spread, not a part of a list or an object. */
function spreads(source: string, open: number): boolean {
  for (let depth = 0, at = open; at < source.length; at++) {
    const character = source[at] as string
    if ('([{'.includes(character)) depth++
    else if (')]}'.includes(character)) {
      if (--depth === 0) return false
    } else if (depth === 1 && source.startsWith('...', at)) return true
  }
  return false
}

it('F-B3: no list that may grow is spread into arguments, which overflow the stack', () => {
  const files = execFileSync('git', ['ls-files', 'src', 'cli', 'server'], { cwd: root, encoding: 'utf8' })
    .trim()
    .split('\n')
  const found = files
    .filter((path) => path.endsWith('.ts'))
    .flatMap((path) => {
      const source = readFileSync(join(root, path), 'utf8').replace(/\/\*[^]*?\*\/|\/\/.*/g, (comment) =>
        ' '.repeat(comment.length),
      )
      return [...source.matchAll(call)]
        .filter(({ index, 0: text }) => spreads(source, index + text.length - 1))
        .map(({ index }) => `${path}:${source.slice(0, index).split('\n').length}`)
    })
  // `concat` itself takes its few parts as arguments.
  expect(found.filter((place) => !place.startsWith('src/core/bytes.ts:'))).toEqual([])
})
