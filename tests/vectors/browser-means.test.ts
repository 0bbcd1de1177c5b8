import { beforeAll, describe, expect, it } from 'vitest'
import type { Judges } from '../support/browser/vectors.ts'
import { judgesScript } from '../support/browser-judges.ts'
import { browserRealm } from '../support/browser-realm.ts'
import { type Answer, canonical, compared } from './answers.ts'
import { readVectors } from './vector-files.ts'

/*
 * What judges the vectors runs where there is nothing of Node, and answers there what they expect. tests/web/vectors.test.ts has a real browser.
 */

const files = readVectors()
const texts = files.map(({ text }) => text)
let script: Awaited<ReturnType<typeof judgesScript>>
beforeAll(async () => {
  script = await judgesScript()
})

describe('the judges of the vectors', () => {
  it('need nothing but what a browser has', () => {
    expect(script.imports).toEqual([])
  })

  it('are of every format that there is', () => {
    const { judges } = browserRealm(script.code) as unknown as { judges: Judges }
    const formats = new Set(files.map(({ vector }) => vector.format))
    expect([...judges.judgedFormats].sort()).toEqual([...formats].sort())
  })

  it('answer to every vector, with a browser’s means, what it expects', async () => {
    const { judges } = browserRealm(script.code) as unknown as { judges: Judges }
    const answers = JSON.parse(await judges.answersTo(texts)) as Answer[]
    const differing = files.flatMap((file, i) => {
      const [found, expected] = [compared(file, answers[i] as Answer), compared(file, file.vector.expect)]
      return canonical(found) === canonical(expected) ? [] : [[file.name, { answer: answers[i], expected }]]
    })
    expect(differing).toEqual([])
    expect(answers).toHaveLength(files.length)
  })
})
