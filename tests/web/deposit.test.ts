import { chmodSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launchChromium, watchedPage } from '../support/browser.ts'
import { type CliResult, type CliServer, evidence, startServer } from '../support/cli.ts'
import { lacks } from '../support/system-tools.ts'

const passphrase = 'correct horse battery'

describe.skipIf(lacks('chromium'))('a deposit in a fresh browser', () => {
  const folder = mkdtempSync(join(tmpdir(), 'evidence-deposit-page-'))
  const data = join(folder, 'data')
  const photo = join(folder, '照片.jpg')
  let server: CliServer
  let browser: Browser
  const run = (...args: string[]): Promise<CliResult> =>
    evidence(args, { cwd: folder, env: { EVIDENCE_DATA: data, EVIDENCE_URL: server.url } })

  beforeAll(async () => {
    server = await startServer(data)
    browser = await launchChromium()
    writeFileSync(photo, 'a photo')
  })
  afterAll(async () => {
    await browser.close()
    await server.stop()
  })

  /** Saves what a button offers. */
  async function saved(page: Page, selector: string, name: string): Promise<string> {
    const [download] = await Promise.all([page.waitForEvent('download'), page.click(selector)])
    const path = join(folder, name)
    await download.saveAs(path)
    return path
  }

  it('makes a key, is admitted by the fingerprint, deposits, and its receipt holds by the command line', async () => {
    const context = await browser.newContext()
    const { page, errors, requests } = await watchedPage(context)
    await page.goto(`${server.url}/deposit?lang=en`)
    await page.fill('.make-key input[name=id]', 'officer-9')
    await page.fill('.make-key input[name=passphrase]', passphrase)
    await page.click('.make-key button')
    const key = await saved(page, '.own-key .note button', 'officer-9.pem')
    await page.waitForSelector('.admission[data-state=notAdmitted]')
    const request = await saved(page, '.admission button[type=submit]', 'officer-9.admission.json')
    const fingerprint = (await page.locator('.own-key .fingerprint').innerText()).trim()
    expect((await run('participants', 'admit-request', request, '--fingerprint', fingerprint)).code).toBe(0)
    await page.click('.admission button[type=button]')
    await page.waitForSelector('.admission[data-state=admitted]')

    await page.setInputFiles('#deposit-files', photo)
    await page.selectOption('.new-deposit select[name=category]', 'capture')
    await page.fill('.new-deposit input[name=caseNumber]', '(2026)沪0104刑初123号')
    await page.fill('.new-deposit input[name=exhibit]', '7')
    await page.click('#deposit-now')
    await page.waitForSelector('.deposited')
    const receipt = await saved(page, '.receipts .kept button', '照片.jpg.tlog-proof')
    expect((await run('check', photo, '--receipt', receipt)).code).toBe(0)
    const shown = readFileSync(receipt, 'utf8')
    expect(requests.every(({ url }) => url.startsWith(server.url) || url.startsWith('blob:'))).toBe(true)
    expect(requests.some(({ body }) => body?.includes('a photo') === true)).toBe(false)
    // The name is sealed: nothing of it stands in what the ledger shows to everybody.
    expect(shown).toContain('c2sp.org/tlog-proof')
    // The ledger refuses a token of a key that it has not admitted, once; the console says so by itself.
    expect(errors).toEqual([expect.stringContaining('401')])

    // The copy of the key is one that the command line signs with.
    const file = join(folder, 'passphrase.txt')
    writeFileSync(file, `${passphrase}\n`, { mode: 0o600 })
    const other = join(folder, 'other.txt')
    writeFileSync(other, 'another')
    chmodSync(key, 0o600)
    const deposited = await run('deposit', other, '--key', key, '--id', 'officer-9', '--passphrase-file', file)
    expect(deposited.stderr + deposited.stdout).toContain('deposited')

    // A key that came from a file is the same key.
    await context.close()
    const second = await browser.newContext()
    const again = await second.newPage()
    await again.goto(`${server.url}/deposit?lang=zh`)
    await again.fill('.import-key input[name=id]', 'officer-9')
    await again.setInputFiles('.import-key input[name=file]', key)
    await again.fill('.import-key input[name=passphrase]', 'wrong passphrase')
    await again.click('.import-key button')
    await again.waitForSelector('.finding[data-code=key-file-passphrase]')
    await again.fill('.import-key input[name=passphrase]', passphrase)
    await again.click('.import-key button')
    await again.waitForSelector('.admission[data-state=admitted]')
    expect((await again.locator('.own-key .fingerprint').innerText()).trim()).toBe(fingerprint)
    await second.close()
  })

  it('keeps a signed deposit while the ledger is away, over a reload, and deposits it once', async () => {
    const context = await browser.newContext()
    const page = await context.newPage()
    await page.goto(`${server.url}/deposit?lang=en`)
    await page.fill('.make-key input[name=id]', 'officer-10')
    await page.click('.make-key button')
    await page.waitForSelector('.admission[data-state=notAdmitted]')
    const request = await saved(page, '.admission button[type=submit]', 'officer-10.admission.json')
    const fingerprint = (await page.locator('.own-key .fingerprint').innerText()).trim()
    await run('participants', 'admit-request', request, '--fingerprint', fingerprint)
    await page.click('.admission button[type=button]')
    await page.waitForSelector('.admission[data-state=admitted]')
    await page.setInputFiles('#deposit-files', photo)
    await page.fill('.new-deposit input[name=note]', 'kept while away')

    await page.route('**/v1/statements*', (route) => route.abort())
    await page.click('#deposit-now')
    await page.waitForSelector('.new-deposit .finding')
    await page.reload()
    expect(await page.inputValue('.new-deposit input[name=note]')).toBe('kept while away')
    await page.waitForSelector('.receipts .resume')
    await page.unroute('**/v1/statements*')
    const before = (await run('find', '--participant', 'officer-10', '--json')).stdout
    await page.click('.receipts .resume')
    await page.waitForSelector('.receipts .kept li')
    expect(await page.locator('.receipts .resume').count()).toBe(0)
    const after = (await run('find', '--participant', 'officer-10', '--json')).stdout
    const kinds = (text: string): number => text.split('evidence.deposit').length - 1
    expect([kinds(before), kinds(after)]).toEqual([0, 1])
    await context.close()
  })
})
