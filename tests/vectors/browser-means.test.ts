import { beforeAll, describe, expect, it } from 'vitest'
import type { Judges } from '../support/browser/vectors.ts'
import { judgesScript } from '../support/browser-judges.ts'
import { browserRealm } from '../support/browser-realm.ts'
import { type Answer, answersTo } from './answers.ts'
import { readVectors } from './vector-files.ts'

/*
 * What judges the vectors runs where there is nothing of Node, and answers there what it answers in Node. tests/web/vectors.test.ts has a real browser.
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

  it('answer to every vector with a browser’s means what they answer in Node', async () => {
    const { judges } = browserRealm(script.code) as unknown as { judges: Judges }
    const [there, here] = [await judges.answersTo(texts), await answersTo(texts)].map(
      (json) => JSON.parse(json) as Answer[],
    ) as [Answer[], Answer[]]
    const differing = files.flatMap(({ name }, i) => {
      const [one, other] = [there[i], here[i]]
      return JSON.stringify(one) === JSON.stringify(other) ? [] : [{ name, there: one, here: other }]
    })
    expect(differing).toEqual([])
    expect(there).toHaveLength(files.length)
    expect(there.filter((answer) => 'broke' in answer)).toEqual([])
  })
})
