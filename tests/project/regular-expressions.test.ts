import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

/*
 * Every regular expression of the source against texts made to be backtracked over, at doubling lengths: steps that grow with the
 * square of the length show in a ratio, on any machine.
 */
const root = fileURLToPath(new URL('../../', import.meta.url))
const literal =
  /(?<=[=(,:?&|!\s[]|^)\/(?![*/])((?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+)\/([dgimsuvy]*)(?=[.,);\s\]])/gm

function expressions(): Map<string, RegExp> {
  const found = new Map<string, RegExp>()
  for (const folder of ['src', 'server', 'cli']) {
    for (const name of readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })) {
      if (!name.endsWith('.ts')) continue
      const code = readFileSync(join(root, folder, name), 'utf8').replace(/^\s*(?:\*|\/\/|\/\*).*$/gm, '')
      for (const [, source, flags] of code.matchAll(literal)) {
        try {
          found.set(`/${source}/${flags}`, new RegExp(source as string, (flags as string).replace(/[gy]/g, '')))
        } catch {
          // Not a regular expression: a division, or a path in a text.
        }
      }
    }
  }
  return found
}

const pieces = [
  'a',
  '0',
  ' ',
  '.',
  '-',
  'a.',
  'a0',
  '/',
  'x001/',
  '\\',
  '"',
  ',',
  ';q=0',
  '\n',
  '=',
  ':',
  '{',
  'é',
  '\t ',
]

/** Milliseconds of computing for the worst of the texts, the best of three times. */
function worst(expression: RegExp, length: number): number {
  let most = 0
  for (const piece of pieces) {
    const text = `${piece.repeat(length / piece.length)}\u0001`
    let least = Number.POSITIVE_INFINITY
    for (let i = 0; i < 3; i++) {
      const began = process.cpuUsage()
      expression.test(text)
      const { user, system } = process.cpuUsage(began)
      least = Math.min(least, (user + system) / 1000)
    }
    most = Math.max(most, least)
  }
  return most
}

describe('regular expressions', () => {
  const all = expressions()

  it('were found', () => {
    expect(all.size).toBeGreaterThan(50)
  })

  it('take time in proportion to what they are given', () => {
    const slow: string[] = []
    for (const [name, expression] of all) {
      // What is quick needs no ratio; over four times the length the ratio is 4, or 16 where it is a square.
      const long = worst(expression, 8192)
      if (long > 4 && long / Math.max(0.05, worst(expression, 2048)) > 9) slow.push(`${name}: ${long.toFixed(1)} ms`)
    }
    expect(slow).toEqual([])
  })
})
