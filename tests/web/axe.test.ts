import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { handOver, launchChromium } from '../support/browser.ts'
import { lacks } from '../support/system-tools.ts'
import { testServer, type TestServer } from '../support/server.ts'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** What axe finds wrong with a page: rules by the elements that break them. */
async function violations(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe)
  return page.evaluate(async () => {
    const { axe: runner } = globalThis as unknown as { axe: { run: () => Promise<{ violations: Violation[] }> } }
    interface Violation {
      readonly id: string
      readonly nodes: readonly { readonly html: string }[]
    }
    const { violations: found } = await runner.run()
    return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' | ')}`)
  })
}

describe.skipIf(lacks('chromium'))('the page, to who does not see or use a mouse', () => {
  let server: TestServer
  let browser: Browser
  let receipt: string
  beforeAll(async () => {
    server = await testServer()
    browser = await launchChromium()
    const answer = await server.post(server.deposit('content').presentation)
    receipt = answer.json<{ receipt: string }>().receipt
  })
  afterAll(async () => {
    await browser.close()
    await server.remove()
  })

  async function opened(path: string): Promise<Page> {
    // Scripts of a test come past the content policy; those of the page do not.
    const context = await browser.newContext({ bypassCSP: true })
    const page = await context.newPage()
    await page.goto(`${server.url}${path}`)
    return page
  }

  it('is looked at by a program that sees what is wrong', async () => {
    const page = await opened('/')
    await page.setContent('<img src="data:,"><input>')
    expect((await violations(page)).map((one) => one.split(':')[0])).toEqual(
      expect.arrayContaining(['image-alt', 'label']),
    )
    await page.context().close()
  })

  it.each(['zh', 'en', 'zz'])('has no violation of a rule of axe while it checks (%s)', async (lang) => {
    const page = await opened(`/?lang=${lang}`)
    expect(await violations(page)).toEqual([])
    const found: string[] = []
    for (const [name, content] of [
      ['a.txt', 'content'],
      ['b.txt', 'other'],
    ] as const) {
      await handOver(page, { [name]: content, [`${name}.tlog-proof`]: receipt })
      for (const details of await page.locator('details').all())
        await details.evaluate((one) => one.setAttribute('open', ''))
      for (const violation of await violations(page)) found.push(violation)
    }
    expect(found).toEqual([])
    await page.context().close()
  })

  it.each(
    ['zh', 'en'].flatMap((lang) =>
      [
        '#/',
        '#/entry/2',
        '#/participants',
        '#/participant/depositor',
        '#/ledger',
        '#/search?kind=evidence.deposit',
      ].map((at) => [`/explore?lang=${lang}${at}`]),
    ),
  )('has none in %s', async (path) => {
    const page = await opened(path)
    await page.waitForFunction(() => {
      const { document } = globalThis as unknown as { document: { querySelector: (found: string) => object | null } }
      return document.querySelector('h1') !== null && document.querySelector('[role=status]') === null
    })
    expect(await violations(page)).toEqual([])
    await page.context().close()
  })

  it.each(['zh', 'en'])('has none where a key is made and something deposited (%s)', async (lang) => {
    const page = await opened(`/deposit?lang=${lang}`)
    expect(await violations(page)).toEqual([])
    await page.fill('.make-key input[name=id]', 'officer-9')
    await page.click('.make-key button')
    await page.waitForSelector('.new-deposit')
    await page.waitForSelector('.admission[data-state=notAdmitted]')
    expect(await violations(page)).toEqual([])
    await page.context().close()
  })
})
