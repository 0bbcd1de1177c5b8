import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { DepositAnswer } from '../../src/api/answers.ts'
import { count } from '../../src/core/text.ts'
import { explorer as english } from '../../src/words/en/explorer.ts'
import { explorer as chinese } from '../../src/words/zh/explorer.ts'
import { launchChromium } from '../support/browser.ts'
import { admitWithFile, takeKeyIn } from '../support/browser-flows.ts'
import { type TestServer, testServer } from '../support/server.ts'
import { lacks } from '../support/system-tools.ts'

const words = { zh: chinese, en: english } as const
const languages = ['zh', 'en'] as const

/* A ledger that participants alone may read: what nobody sees, what a key sees, and what is said of a key that is no good. */
describe.skipIf(lacks('chromium'))('the explorer of a ledger for participants, in Chromium', () => {
  let browser: Browser
  let server: TestServer
  const indices = { own: 0, other: 0 }
  const pems = { own: '', revoked: '' }
  beforeAll(async () => {
    browser = await launchChromium()
    server = await testServer({ reading: 'participants' })
    const own = await admitWithFile(server, 'reader', ['depositor'])
    const revoked = await admitWithFile(server, 'revoked', ['depositor'])
    Object.assign(pems, { own: own.pem, revoked: revoked.pem })
    const sealed = { note: 'a sealed note', case: [{ number: 'case 1' }] }
    const deposited = await server.post(server.deposit('own', { sealed }, own.party).presentation)
    indices.own = deposited.json<DepositAnswer>().index
    const another = await server.post(server.deposit('other', { sealed: { note: 'not for others' } }).presentation)
    indices.other = another.json<DepositAnswer>().index
    // So many of others that no page of the newest indices holds the reader's own.
    await server.fill(60)
    await server.administer('participant.revoke', { participant: 'revoked', reason: 'other' })
  })
  afterAll(async () => {
    await browser?.close()
    await server?.remove()
  })

  const opened = async (lang: string): Promise<Page> => {
    const page = await (await browser.newContext()).newPage()
    page.setDefaultTimeout(10_000)
    await page.goto(`${server.url}/explore?lang=${lang}`)
    return page
  }
  const go = (page: Page, place: string): Promise<unknown> => page.evaluate(`location.hash = '${place}'`)
  const withKey = async (lang: string, id: string, pem: string): Promise<Page> => {
    const page = await opened(lang)
    await takeKeyIn(page, server.url, id, pem)
    await page.goto(`${server.url}/explore?lang=${lang}#/entry/${indices.own}`)
    await page.locator('.refused').waitFor()
    return page
  }

  it.each(languages)('shows nobody more than what is public, and says whom to ask (%s)', async (lang) => {
    const page = await opened(lang)
    const { refused, ledger } = words[lang]
    for (const place of [
      '/',
      `/entry/${indices.own}`,
      '/participants',
      '/participant/reader',
      '/search?kind=evidence.deposit',
      '/search?case=case+1',
    ]) {
      await go(page, place)
      await page.locator('.refused').first().waitFor()
      const text = await page.locator('main').innerText()
      expect([place, text]).toEqual([place, expect.stringContaining(refused.text)])
      expect(text).not.toMatch(/sealed note|not for others|case 1$/m)
    }
    await go(page, '/ledger')
    await page.locator('.fingerprint').waitFor()
    expect(await page.locator('.explorer dl').innerText()).toContain(`${ledger.reading}\n${ledger.participantsOnly}`)
    expect(await page.locator('.refused').count()).toBe(0)
    await page.context().close()
  })

  it.each(languages)(
    'shows the owner of a key its own, and nothing of others; before it is pressed nothing is signed (%s)',
    async (lang) => {
      const page = await withKey(lang, 'reader', pems.own)
      const { reader, refused } = words[lang]
      const signed: string[] = []
      page.on(
        'request',
        (request) => void (request.headers()['authorization'] !== undefined && signed.push(request.url())),
      )
      await page.reload()
      await page.locator('.refused').waitFor()
      expect(signed).toEqual([])
      await page.locator('.reader button').click()
      await page.locator('.members').first().waitFor()
      expect(signed.length).toBeGreaterThan(0)
      expect(signed.every((url) => url.startsWith(`${server.url}/v1/`))).toBe(true)
      expect(await page.locator('.reader').getAttribute('data-reading')).toBe('reader')
      expect(await page.locator('main').innerText()).toContain('a sealed note')
      await go(page, '/search?case=case+1')
      await page.locator('.found').waitFor()
      expect(await page.locator('.entries tbody td:first-child').allInnerTexts()).toEqual([count(indices.own)])
      await go(page, `/entry/${indices.other}`)
      await page.getByText(refused.own).waitFor()
      expect(await page.locator('main').innerText()).not.toContain('not for others')
      await go(page, '/search?kind=evidence.deposit')
      await page.locator('.found').waitFor()
      await page.getByText(words[lang].search.found('1')).waitFor()
      await go(page, '/')
      await page.locator('.entries').waitFor()
      const newest = await page.locator('.entries tbody td:first-child').allInnerTexts()
      expect(newest).toContain(count(indices.own))
      expect(newest).not.toContain(count(indices.other))
      // The tab remembers over a reload; another tab is asked anew, and pressing again ends it.
      await page.reload()
      await page.locator('.entries').waitFor()
      const second = await page.context().newPage()
      await second.goto(`${server.url}/explore?lang=${lang}#/participants`)
      await second.locator('.refused').waitFor()
      await page.getByRole('button', { name: reader.stop }).click()
      await page.locator('.refused').waitFor()
      await page.context().close()
    },
  )

  it.each(languages)(
    'says of a key that is revoked, of no participant, or of a wrong clock, what can be done (%s)',
    async (lang) => {
      const { refused, reader } = words[lang]
      for (const [id, pem] of [
        ['revoked', pems.revoked],
        ['nobody', pems.own],
      ] as const) {
        const page = await withKey(lang, id, pem)
        await page.locator('.reader button').click()
        await page.locator('.refused[data-code=token-invalid]').waitFor()
        const told = await page.locator('.refused').innerText()
        expect(told).toContain(refused.keyTitle(id))
        expect(told).toContain(refused.key)
        expect(await page.locator('.refused a').getAttribute('href')).toBe(`/deposit?lang=${lang}`)
        await page.locator('.refused .without').click()
        await page.getByText(refused.text).waitFor()
        await page.context().close()
      }
      const page = await withKey(lang, 'reader', pems.own)
      await page.evaluate('{ const now = Date.now; globalThis.rightNow = now; Date.now = () => now() - 3_600_000 }')
      await page.getByRole('button', { name: reader.read }).click()
      await page.getByText(refused.clock).waitFor()
      await page.evaluate('Date.now = globalThis.rightNow')
      await page.locator('.refused .again').click()
      await page.locator('.members').first().waitFor()
      await page.context().close()
    },
  )
})
