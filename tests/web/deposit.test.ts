import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launchChromium, type WatchedPage } from '../support/browser.ts'
import { askedElsewhere, openedPage } from '../support/browser-flows.ts'
import { type CliServer, evidenceOk, startServer } from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'
import { lacks } from '../support/system-tools.ts'

/* The page for deposits against a live ledger: a key of the browser, its admission, a deposit, what is kept and what is not. */
describe.skipIf(lacks('chromium'))('the page for deposits, in Chromium', () => {
  const { path, remove } = temporaryFolder()
  const at = (name: string): string => join(path, name)
  const data = at('data')
  let browser: Browser
  let server: CliServer
  beforeAll(async () => {
    browser = await launchChromium()
    server = await startServer(data)
    writeFileSync(at('photo.jpg'), 'a photo')
  })
  afterAll(async () => {
    await browser?.close()
    await server?.stop()
    remove()
  })

  async function saved(page: Page, press: () => Promise<void>): Promise<string> {
    const [download] = await Promise.all([page.waitForEvent('download'), press()])
    const file = at(download.suggestedFilename())
    await download.saveAs(file)
    return file
  }

  /** Makes a key, and has it admitted by the request and the fingerprint that the page shows. */
  async function admitted({ page }: WatchedPage, id: string, passphrase = ''): Promise<void> {
    await page.locator('.make-key [name=id]').fill(id)
    await page.locator('.make-key [name=passphrase]').fill(passphrase)
    await page.locator('.make-key button').click()
    await page.locator('.admission[data-state=notAdmitted]').waitFor()
    await page.locator('.admission select').selectOption('court')
    const request = await saved(page, () => page.locator('.admission [type=submit]').click())
    const fingerprint = await page.locator('.own-key .fingerprint').innerText()
    const args = ['participants', 'admit-request', request, '--fingerprint', fingerprint, '--data', data]
    await evidenceOk([...args, '--url', server.url])
    await page.locator('.admission [type=button]').click()
    await page.locator('.admission[data-state=admitted]').waitFor()
  }

  async function deposited(page: Page): Promise<void> {
    await page.setInputFiles('#deposit-files', at('photo.jpg'))
    await page.locator('#deposit-now').click()
    await page.locator('.deposited').waitFor()
  }

  it.each(['zh', 'en'])(
    'makes a key, is admitted, deposits, and gives a receipt that the command line checks (%s)',
    async (lang) => {
      const watched = await openedPage(browser, `${server.url}/deposit?lang=${lang}`)
      const { page } = watched
      await admitted(watched, `court-${lang}`, 'a long passphrase')
      const key = await saved(page, () => page.locator('.own-key .note button').click())
      await page.locator('[name=caseNumber]').fill('(2026) 1')
      await deposited(page)
      const receipt = await saved(page, () => page.locator('.kept button').first().click())
      await evidenceOk(['check', at('photo.jpg'), '--receipt', receipt, '--policy', join(data, 'policy')])
      // A browser saves for whoever may read the folder; the command line asks for more, and says how.
      chmodSync(key, 0o600)
      writeFileSync(at('passphrase'), 'a long passphrase', { mode: 0o600 })
      writeFileSync(at(`${lang}.txt`), `signed on the command line ${lang}`)
      const signing = ['--key', key, '--id', `court-${lang}`, '--passphrase-file', at('passphrase')]
      await evidenceOk(['deposit', at(`${lang}.txt`), ...signing, '--url', server.url, '--data', data])
      // Of a key that is not admitted yet the ledger knows nobody: the browser itself notes that answer.
      expect(watched.requests.some(({ body }) => body?.includes('a photo') === true)).toBe(false)
      const complaints = watched.errors.filter((text) => !text.includes('status of 401'))
      expect([askedElsewhere(watched, server.url), complaints]).toEqual([[], []])
      await page.context().close()
    },
  )

  it('keeps a signed deposit over a reload where no answer came, and sends the same bytes again', async () => {
    const watched = await openedPage(browser, `${server.url}/deposit?lang=en`)
    const { page } = watched
    await admitted(watched, 'court-again')
    await page.locator('[name=note]').fill('typed before')
    await page.route('**/v1/statements', (route) => route.abort())
    await page.setInputFiles('#deposit-files', at('photo.jpg'))
    await page.locator('#deposit-now').click()
    await page.locator('.waiting .resume').waitFor()
    expect(await page.locator('.new-deposit .finding').innerText()).toContain('could not be reached')
    const sent = (): (string | null)[] =>
      watched.requests.filter(({ method }) => method === 'POST').map(({ body }) => body)
    await page.reload()
    expect(await page.locator('[name=note]').inputValue()).toBe('typed before')
    // What waits is sent when the page is opened, and that it cannot be is told.
    await page.locator('.receipts .finding').waitFor()
    await page.unroute('**/v1/statements')
    await page.locator('.waiting .resume').click()
    await page.locator('.kept li').waitFor()
    expect(await page.locator('[name=note]').inputValue()).toBe('')
    expect(new Set(sent()).size).toBe(1)
    expect(await page.locator('.waiting').count()).toBe(0)
    const found = await evidenceOk([
      'find',
      '--participant',
      'court-again',
      '--kind',
      'evidence.deposit',
      '--url',
      server.url,
      '--data',
      data,
      '--json',
    ])
    expect(found.json<{ entries: object[] }>().entries).toHaveLength(1)
    await page.context().close()
  })

  it('works on, and says that nothing is kept, where the browser keeps nothing', async () => {
    const context = await browser.newContext()
    await context.addInitScript(() => {
      const open = (): never => {
        throw new DOMException('blocked', 'SecurityError')
      }
      Object.defineProperty(globalThis, 'indexedDB', { value: { open } })
    })
    const page = await context.newPage()
    const watched: WatchedPage = { page, requests: [], errors: [] }
    page.on('pageerror', (error) => watched.errors.push(error.message))
    await page.goto(`${server.url}/deposit?lang=en`)
    await page.locator('.not-kept').waitFor()
    await admitted(watched, 'court-private')
    await page.locator('[name=note]').fill('typed')
    await page.getByRole('button', { name: '中文' }).click()
    expect(await page.locator('[name=note]').inputValue()).toBe('typed')
    await deposited(page)
    const receipt = await saved(page, () => page.locator('.kept button').first().click())
    await evidenceOk(['check', at('photo.jpg'), '--receipt', receipt, '--policy', join(data, 'policy')])
    expect(readFileSync(receipt, 'utf8')).toMatch(/^c2sp.org\/tlog-proof@v1\n/)
    expect(watched.errors).toEqual([])
    await context.close()
  })
})
