import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launchChromium, watchedPage, type WatchedPage } from '../support/browser.ts'
import type { Judges } from '../support/browser/vectors.ts'
import { judgesPage, judgesScript } from '../support/browser-judges.ts'
import { temporaryFolder } from '../support/folder.ts'
import { python } from '../support/python.ts'
import { lacks } from '../support/system-tools.ts'
import { type Answer, answerTo, canonical, compared } from '../vectors/answers.ts'
import type { Facts } from '../vectors/check-formats.ts'
import { readVectors, vectorFolder } from '../vectors/vector-files.ts'

/*
 * Every conformance vector, judged by the same code in Chromium and in Node, and by the Python verifier: one verdict, with the same codes and, of a
 * ledger, the same findings of the same entries. What people hand over as files is in tests/web/agreement.test.ts.
 */

/** Formats that the code of a page cannot judge in a browser, each with the reason. There is none. */
const notInBrowser: Readonly<Record<string, string>> = {}

const files = readVectors()
const formats = [...new Set(files.map(({ vector }) => vector.format))].sort()

describe.skipIf(lacks('chromium', 'python3', 'python3-cryptography'))('every vector', () => {
  const { path, remove } = temporaryFolder()
  let browser: Awaited<ReturnType<typeof launchChromium>>
  let watched: WatchedPage
  beforeAll(async () => {
    const address = join(path, 'judges.html')
    writeFileSync(address, judgesPage((await judgesScript()).code))
    browser = await launchChromium()
    watched = await watchedPage(await browser.newContext({ offline: true }))
    await watched.page.goto(pathToFileURL(address).href)
  })
  afterAll(async () => {
    await browser?.close()
    remove()
  })

  /** What the browser answers, vector by vector. */
  async function inBrowser(): Promise<readonly Answer[]> {
    const json = await watched.page.evaluate(
      (texts) => (globalThis as unknown as { judges: Judges }).judges.answersTo(texts),
      files.map(({ text }) => text),
    )
    return JSON.parse(json) as Answer[]
  }

  it('is of a format that is judged in a browser, or that is named with the reason why it is not', async () => {
    const judged = await watched.page.evaluate(() => (globalThis as unknown as { judges: Judges }).judges.judgedFormats)
    expect([...judged, ...Object.keys(notInBrowser)].sort()).toEqual(formats)
  })

  it('has one verdict, with the same codes, in a browser, in Node and in Python', async () => {
    const here = await inBrowser()
    const { answers, lacking } = python('vectors.py', [vectorFolder, '--json']).json<{
      answers: Record<string, Facts>
      lacking: readonly string[]
    }>()
    const differing: unknown[] = []
    for (const [i, file] of files.entries()) {
      if (file.vector.format in notInBrowser) continue
      const [chromium, node] = [here[i] as Answer, await answerTo(file.text)]
      // All facts, in their order: it is the same code.
      if (JSON.stringify(chromium) !== JSON.stringify(node)) differing.push([file.name, { chromium, node }])
      const all = {
        expected: file.vector.expect,
        chromium,
        // What rests on ML-DSA-44 is not judged where the installed `cryptography` has none.
        ...(lacking.includes(file.name) ? {} : { python: answers[file.name] as Facts }),
      }
      const said = Object.entries(all).map(([who, answer]) => [who, compared(file, answer)] as const)
      if (new Set(said.map(([, facts]) => canonical(facts))).size > 1) differing.push([file.name, said])
    }
    expect(differing).toEqual([])
    expect(here).toHaveLength(files.length)
    for (const name of lacking) expect(name).toMatch(/ml-dsa/)
  })

  it('is judged with nothing asked of anybody, and nothing complained of', () => {
    expect(watched.requests.filter(({ url }) => !/^(?:file|blob|data):/.test(url))).toEqual([])
    expect(watched.errors).toEqual([])
  })
})
