import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encodeLogPolicy } from '../../src/core/policy.ts'
import { handOver, launchChromium, shownResults, watchedPage } from '../support/browser.ts'
import { ledgerKey, ledgerSigner, TestChain } from '../support/chain.ts'
import { receiptOf } from '../support/small-package.ts'
import { lacks } from '../support/system-tools.ts'

const core = new URL('../../dist/page/evidence-check-core.html', import.meta.url)
const policy = encodeLogPolicy(ledgerKey)
let browser: Browser
let receipt: Buffer

describe.skipIf(lacks('chromium'))('the checker as one file, in Chromium', () => {
  beforeAll(async () => {
    browser = await launchChromium()
    receipt = await receiptOf(new TestChain().start().deposits(1).seal(ledgerSigner), 2)
  })
  afterAll(() => browser?.close())

  /** A page from file://, in a profile of its own. */
  async function opened(lang: string): Promise<Awaited<ReturnType<typeof watchedPage>>> {
    const context = await browser.newContext({ offline: true })
    const watched = await watchedPage(context)
    await watched.page.goto(`${core.href}?lang=${lang}`)
    return watched
  }

  /** The one file as a server would give it: what is kept there is that server's page alone. */
  async function served(lang: string): Promise<Awaited<ReturnType<typeof watchedPage>>> {
    const watched = await watchedPage(await browser.newContext())
    const body = readFileSync(core)
    await watched.page.route('http://checker.test/**', (route) => route.fulfill({ body, contentType: 'text/html' }))
    await watched.page.goto(`http://checker.test/?lang=${lang}`)
    return watched
  }

  it.each([
    ['zh', '未改动'],
    ['en', 'Unchanged'],
  ])('judges a file, its receipt and a policy with the network off (%s)', async (lang, word) => {
    const { page, requests, errors } = await opened(lang)
    const [result, ...others] = await handOver(page, {
      'a.txt': 'content 2',
      'a.txt.tlog-proof': receipt,
      'court.policy': policy,
    })
    expect(others).toEqual([])
    expect(result).toMatchObject({ outcome: 'unchanged', codes: [] })
    expect(result?.text).toContain(word)
    expect(errors).toEqual([])
    expect(requests.filter(({ url }) => !/^(?:file|blob|data):/.test(url))).toEqual([])
    await page.context().close()
  })

  it('says which of several things is worst, and that first', async () => {
    const { page } = await opened('en')
    const files = {
      'a.txt': 'content 2',
      'a.txt.tlog-proof': receipt,
      'b.txt': 'content x',
      'b.txt.tlog-proof': receipt,
      policy,
    }
    const results = await handOver(page, files)
    expect(results.map(({ outcome }) => outcome)).toEqual(['differs', 'unchanged'])
    await page.context().close()
  })

  it('says what is missing: the file, the receipt, the policy', async () => {
    const { page } = await opened('en')
    expect(await handOver(page, { 'a.txt.tlog-proof': receipt })).toMatchObject([{ outcome: 'missing', what: 'usage' }])
    expect(await handOver(page, { policy })).toMatchObject([{ outcome: 'missing', what: 'receipt' }])
    expect(await handOver(page, { 'other.txt': 'something' })).toMatchObject([{ outcome: 'differs', what: 'file' }])
    await page.context().close()
  })

  it('shows names of hostile files as text, in one line, and runs nothing of them', async () => {
    const { page, errors } = await opened('en')
    const name = `<img src=x onerror=alert(1)>\u202egpj.exe\u0007${'长'.repeat(60)}`
    const [result] = await handOver(page, { [name]: 'content 2', 'r.tlog-proof': receipt, policy })
    expect(result?.outcome).toBe('unchanged')
    expect(result?.text).toContain('<img src=x onerror=alert(1)>\\u{202e}gpj.exe\\u{7}')
    expect(await page.locator('main img').count()).toBe(0)
    expect(errors).toEqual([])
    await page.context().close()
  })

  it('goes on without a worker where the browser gives none', async () => {
    const context = await browser.newContext({ offline: true })
    const { page, errors } = await watchedPage(context)
    await page.addInitScript(() => {
      const scope = globalThis as unknown as { Worker: unknown }
      scope.Worker = class {
        constructor() {
          throw new Error('no workers here')
        }
      }
    })
    await page.goto(core.href)
    const [result] = await handOver(page, { 'a.txt': 'content 2', 'a.txt.tlog-proof': receipt, policy })
    expect(result?.outcome).toBe('unchanged')
    expect(errors).toEqual([])
    await context.close()
  })

  it('judges nothing by a policy that differs from the one that was kept, before the reader has chosen', async () => {
    const { page } = await served('en')
    await handOver(page, { 'a.txt': 'content 2', 'a.txt.tlog-proof': receipt, policy })
    await page.getByText('Keep this policy in this browser').click()
    await page.getByText('Start again').click()
    const other = `# another\n${policy}`
    const files = { 'a.txt': 'content 2', 'a.txt.tlog-proof': receipt, policy: other }
    expect(await handOver(page, files)).toMatchObject([{ outcome: 'stopped' }])
    await page.getByText('I compared it').click()
    expect(await shownResults(page)).toMatchObject([{ outcome: 'unchanged' }])
    await page.context().close()
  })

  it('R9: stops where any policy that is offered differs from the kept one, also behind one that does not', async () => {
    const { page } = await served('en')
    await handOver(page, { 'a.txt': 'content 2', 'a.txt.tlog-proof': receipt, policy })
    await page.getByText('Keep this policy in this browser').click()
    await page.getByText('Start again').click()
    const both = { 'a.policy': policy, 'b.policy': `# another\n${policy}` }
    const files = { 'a.txt': 'content 2', 'a.txt.tlog-proof': receipt, ...both }
    expect(await handOver(page, files)).toMatchObject([{ outcome: 'stopped' }])
    await page.context().close()
  })

  it('keeps no policy for a page from a disk, and takes none that is kept: any file could have put it there', async () => {
    const { page } = await opened('en')
    const other = Buffer.from(`# planted\n${policy}`).toString('base64')
    await page.evaluate(`localStorage.setItem('evidence-policy:test.example/chain', '${other}')`)
    const files = { 'a.txt': 'content 2', 'a.txt.tlog-proof': receipt }
    const [result] = await handOver(page, files)
    expect(result).toMatchObject({ outcome: 'missing' })
    expect(await handOver(page, { ...files, policy })).toMatchObject([{ outcome: 'unchanged' }])
    expect(await page.getByText('Keep this policy in this browser').count()).toBe(0)
    expect(await page.locator('.policy').innerText()).toContain('keeps no policy')
    await page.context().close()
  })

  it('hashes a file of 300 MB by pieces, tells how far it is, and can be cancelled', async () => {
    const { page } = await opened('en')
    const big = join(mkdtempSync(join(tmpdir(), 'evidence-web-')), 'big.bin')
    const { writeFileSync } = await import('node:fs')
    writeFileSync(big, Buffer.alloc(300_000_000))
    writeFileSync(`${big}.tlog-proof`, receipt)
    writeFileSync(`${big}.policy`, policy)
    await page.setInputFiles('#choose-files', [big, `${big}.tlog-proof`, `${big}.policy`])
    await page.locator('button.cancel').click()
    await page.getByText('Cancelled').waitFor()
    expect(await page.locator('.result').count()).toBe(0)
    await page.context().close()
  })

  it('is at most 400 kB, with a content policy that lets nothing out', () => {
    const bytes = readFileSync(core)
    expect(bytes.length).toBeLessThanOrEqual(400_000)
    const [, csp] = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(bytes.toString()) ?? []
    expect(csp).toContain("connect-src 'none'")
    expect(csp).not.toMatch(/unsafe-inline| 'unsafe-eval'|https?:/)
  })
})
