import { readFileSync } from 'node:fs'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { wordsOf } from '../../src/words/index.ts'
import { handOver, launchChromium, shownResults } from '../support/browser.ts'
import { testServer, type TestServer } from '../support/server.ts'
import { lacks } from '../support/system-tools.ts'

/* What the check page says, and how it goes on, where the browser or the server refuses something. */
describe.skipIf(lacks('chromium'))('the check page in trouble', () => {
  let server: TestServer
  let browser: Browser
  let receipt: string
  beforeAll(async () => {
    server = await testServer({ reading: 'participants' })
    browser = await launchChromium()
    const answer = await server.post(server.deposit('content').presentation)
    receipt = answer.json<{ receipt: string }>().receipt
  })
  afterAll(async () => {
    await browser?.close()
    await server?.remove()
  })

  /** A page in which something is broken before it starts; the text is a script. */
  async function opened(lang: string, broken = ''): Promise<Page> {
    const page = await (await browser.newContext()).newPage()
    await page.addInitScript(broken)
    await page.goto(`${server.url}/?lang=${lang}`)
    return page
  }
  const given = (): Record<string, string> => ({ 'a.txt': 'content', 'a.txt.tlog-proof': receipt })

  it.each([
    ['en', 'full', `Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError') }`],
    ['zh', 'full', `Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError') }`],
    [
      'en',
      'blocked',
      `Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('blocked', 'SecurityError') } })`,
    ],
  ] as const)(
    'judges on where storage is away, and says that the policy is not kept (%s, %s)',
    async (lang, _what, broken) => {
      const page = await opened(lang, broken)
      expect(await handOver(page, given())).toMatchObject([{ outcome: 'unchanged' }])
      const { policy } = wordsOf(lang).check
      await page.getByRole('button', { name: policy.keep }).click()
      expect(await page.locator('.policy [aria-live]').innerText()).toBe(policy.notKept)
      // Another language is still to be had while the page is open.
      await page.locator('#language-en').click()
      expect(await shownResults(page)).toMatchObject([{ outcome: 'unchanged' }])
      await page.context().close()
    },
  )

  it.each([
    ['is refused when it is made', `window.Worker = class { constructor() { throw new Error('none') } }`],
    [
      'fails once it is made',
      `window.Worker = class extends EventTarget { postMessage() { setTimeout(() => this.onerror(new ErrorEvent('error'))) } terminate() {} }`,
    ],
  ])('hashes in the page where a worker %s, and says so once', async (_what, broken) => {
    const page = await opened(
      'en',
      `${broken};
      window.said = 0
      addEventListener('DOMContentLoaded', () => new MutationObserver((all) => {
        for (const { addedNodes } of all) for (const one of addedNodes) if (one.textContent.includes('no worker')) window.said++
      }).observe(document, { childList: true, subtree: true }))`,
    )
    const files = { ...given(), 'b.txt': 'b', 'c.txt': 'c' }
    const results = await handOver(page, files)
    expect(results.map(({ outcome }) => outcome)).toContain('unchanged')
    expect(await page.evaluate(() => (globalThis as unknown as { said: number }).said)).toBe(1)
    await page.context().close()
  })

  it('says that the list of checkers could not be loaded, and how to go on', async () => {
    const page = await opened('zh')
    await page.route('**/assets/one-files.json', (route) => route.fulfill({ status: 503 }))
    await page.locator('.downloads summary').click()
    await page.getByText(wordsOf('zh').page.downloadsAway).waitFor()
    await page.unroute('**/assets/one-files.json')
    await page.locator('.downloads summary').click()
    await page.locator('.downloads summary').click()
    await page.locator('.downloads a').first().waitFor()
    await page.context().close()
  })

  it('asks for a policy where the ledger’s own cannot be read', async () => {
    const page = await opened('en')
    await page.route('**/v1/ledger', async (route) => {
      const answer = await route.fetch()
      const body = (await answer.json()) as { policy: string }
      await route.fulfill({ response: answer, json: { ...body, policy: 'nonsense' } })
    })
    expect(await handOver(page, given())).toMatchObject([{ outcome: 'missing', what: 'usage' }])
    const policy = readFileSync(server.folder.folder.policy)
    expect(await handOver(page, { 'x.policy': policy })).toMatchObject([{ outcome: 'unchanged' }])
    await page.context().close()
  })

  it.each(['zh', 'en'] as const)('says who may ask where the right to read is missing (%s)', async (lang) => {
    const page = await opened(lang)
    const { check } = wordsOf(lang)
    await handOver(page, { 'none.txt': 'nowhere' })
    await page.locator('button.ask').click()
    await page.locator('.work').getByText(check.topic['not-permitted']).first().waitFor()
    // What was not asked says nothing of the evidence.
    expect(await shownResults(page)).toMatchObject([{ outcome: 'missing' }])
    await page.context().close()
  })
})
