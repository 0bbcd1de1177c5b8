import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readHtmlCertificate } from '../../src/certificate/html/read.ts'
import { wordsOf } from '../../src/words/index.ts'
import { launchChromium, shownResults, watchedPage } from '../support/browser.ts'
import { askedElsewhere } from '../support/browser-flows.ts'
import { type CliServer, evidence, evidenceOk, startServer } from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'
import { lacks } from '../support/system-tools.ts'

/* The button "Certificate (HTML)": what it makes is what the command line makes of the same check. */
describe.skipIf(lacks('chromium'))('a certificate that the page makes', () => {
  const { path, remove } = temporaryFolder()
  const at = (...names: string[]): string => join(path, ...names)
  const data = at('data')
  const policy = at('data', 'policy')
  const words = wordsOf('en').page
  let browser: Browser
  let server: CliServer
  const run = (...args: string[]) => evidenceOk([...args, '--data', data, '--url', server.url], { cwd: path })

  beforeAll(async () => {
    browser = await launchChromium()
    await evidenceOk(['init', '--data', data, '--reading', 'public', '--origin', 'test.example/made'])
    server = await startServer(data, [], 'serve')
    for (const name of ['sound', 'retracted']) writeFileSync(at(`${name}.txt`), `content of ${name}`)
    mkdirSync(at('phone', 'photos'), { recursive: true })
    writeFileSync(at('phone', 'photos', '一.jpg'), 'first')
    writeFileSync(at('phone', 'log.txt'), 'log')
    await run('deposit', 'sound.txt')
    await run('deposit', 'retracted.txt')
    await run('deposit', 'phone')
    await run('retract', 'retracted.txt.tlog-proof', '--reason', 'mistake')
  })
  afterAll(async () => {
    await browser?.close()
    await server?.stop()
    remove()
  })

  const opened = async (): ReturnType<typeof watchedPage> => {
    const watched = await watchedPage(await browser.newContext())
    await watched.page.goto(`${server.url}/?lang=en`)
    return watched
  }

  /** Presses the button, and saves what it gives. */
  async function saved(page: Page, name: string): Promise<{ readonly file: string; readonly suggested: string }> {
    const button = page.getByRole('button', { name: words.certificate })
    const [download] = await Promise.all([page.waitForEvent('download'), button.click()])
    const file = at(name)
    await download.saveAs(file)
    await page.getByText(words.certificateMade).waitFor()
    return { file, suggested: download.suggestedFilename() }
  }

  /** The certificate that the command line makes of a check, at the time that the page's certificate states. */
  async function bothMake(file: string, ...args: string[]): Promise<void> {
    const { attachments } = readHtmlCertificate(readFileSync(file))
    const model = JSON.parse(Buffer.from(attachments.get('certificate.json') as Uint8Array).toString()) as {
      stated: { madeAt: string }
    }
    const out = `${file}.cli.html`
    const same = ['--made-at', model.stated.madeAt, '--policy', policy, '--out', out]
    await evidenceOk(['certificate', ...args, ...same], { cwd: path })
    expect(readFileSync(out).equals(readFileSync(file))).toBe(true)
  }

  it.each([
    ['a file', ['sound.txt', 'sound.txt.tlog-proof'], ['sound.txt'], 'sound.txt.certificate.html'],
    ['a receipt alone', ['sound.txt.tlog-proof'], ['sound.txt.tlog-proof'], 'sound.txt.tlog-proof.certificate.html'],
    [
      'one file of a folder',
      ['phone/photos/一.jpg', 'phone.evidence-manifest', 'phone.tlog-proof'],
      ['phone/photos/一.jpg'],
      '一.jpg.certificate.html',
    ],
  ])('of %s holds by the command line, byte for byte what that writes', async (_what, files, args, name) => {
    const watched = await opened()
    const { page, requests, errors } = watched
    await page.setInputFiles(
      '#choose-files',
      files.map((one) => at(one)),
    )
    await shownResults(page)
    const { file, suggested } = await saved(page, `${files.length}-${name}`)
    expect(suggested).toBe(name)
    const checked = await evidence(['check', file, '--policy', policy])
    expect([checked.code, checked.stdout]).toEqual([
      0,
      expect.stringContaining('byte for byte what this program writes'),
    ])
    await bothMake(file, ...args)
    // The file itself went nowhere: the page asked its own server for its own parts.
    expect(askedElsewhere(watched, server.url)).toEqual([])
    expect(requests.every(({ method, body }) => method === 'GET' && body === null)).toBe(true)
    expect(errors).toEqual([])
    await page.context().close()
  })

  it('of a folder holds, and judges itself where it is opened', async () => {
    const { page } = await opened()
    await page.setInputFiles('#choose-files', [at('phone.evidence-manifest'), at('phone.tlog-proof')])
    await shownResults(page)
    await page.setInputFiles('#choose-folder', at('phone'))
    await page.locator('.result[data-what=folder]').waitFor()
    const { file } = await saved(page, 'phone.certificate.html')
    expect((await evidence(['check', file, '--policy', policy])).code).toBe(0)
    await bothMake(file, 'phone')
    await page.context().close()
    const own = await watchedPage(await browser.newContext({ offline: true }))
    await own.page.goto(pathToFileURL(file).href)
    expect(await shownResults(own.page)).toMatchObject([{ codes: [] }])
    expect(own.errors).toEqual([])
    await own.page.context().close()
  })

  it('carries the receipt of the retraction once the ledger was asked, and says it at its head', async () => {
    const { page } = await opened()
    await page.setInputFiles('#choose-files', [at('retracted.txt'), at('retracted.txt.tlog-proof')])
    await shownResults(page)
    await page.locator('button.ask').click()
    await page.locator('.verdict.noticed').waitFor()
    const { file } = await saved(page, 'retracted.certificate.html')
    expect(readFileSync(file, 'utf8')).toContain('RETRACTED – certificate of a deposit that was taken back')
    const checked = await evidence(['check', file, '--policy', policy, '--json'])
    expect(checked.code).toBe(0)
    await bothMake(file, 'retracted.txt', '--online', '--url', server.url)
    await page.context().close()
  })

  it('is not offered of what does not hold, and says so where its parts cannot be loaded', async () => {
    const { page } = await opened()
    const button = page.getByRole('button', { name: words.certificate })
    writeFileSync(at('other.txt'), 'another')
    await page.setInputFiles('#choose-files', [at('other.txt'), at('sound.txt.tlog-proof')])
    expect(await shownResults(page)).toMatchObject([{ outcome: 'differs' }])
    expect(await button.count()).toBe(0)
    await page.getByRole('button', { name: words.clear }).click()
    await page.setInputFiles('#choose-files', [at('sound.txt'), at('sound.txt.tlog-proof')])
    await shownResults(page)
    await page.route('**/evidence-check.html', (route) => route.abort())
    await button.click()
    await page.locator('.make-certificate [data-code=server-unreachable]').waitFor()
    expect(await page.locator('.make-certificate').innerText()).toContain(words.certificateFailed)
    await page.unroute('**/evidence-check.html')
    await page.route('**/evidence-check.html', (route) => route.fulfill({ body: 'of another build' }))
    await button.click()
    await page.locator('.make-certificate [data-code=file-unreadable]').waitFor()
    await page.context().close()
  })
})
