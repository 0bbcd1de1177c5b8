import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { handOver, launchChromium, shownResults, watchedPage } from '../support/browser.ts'
import { sampleCertificate, sampleContent, sampleHtmlCertificate, samplePolicy } from '../support/certificates.ts'
import { lacks } from '../support/system-tools.ts'

const whole = new URL('../../dist/page/evidence-check.html', import.meta.url)
const core = new URL('../../dist/page/evidence-check-core.html', import.meta.url)
const hostile = `</script><script>document.title='ran'</script><img src=x onerror="document.title='ran'">`
let browser: Browser

/** Opens a file from the disk with the network off. */
async function opened(address: string): Promise<Awaited<ReturnType<typeof watchedPage>>> {
  const context = await browser.newContext({ offline: true })
  const watched = await watchedPage(context)
  await watched.page.goto(`${address}?lang=en`)
  return watched
}

function onDisk(bytes: Uint8Array): string {
  const path = join(mkdtempSync(join(tmpdir(), 'evidence-web-')), 'photo.html')
  writeFileSync(path, bytes)
  return pathToFileURL(path).href
}

describe.skipIf(lacks('chromium'))('certificates in Chromium', () => {
  beforeAll(async () => {
    browser = await launchChromium()
  })
  afterAll(() => browser?.close())

  it('an HTML certificate judges itself from the disk, with the network off, and its file beside it', async () => {
    const { bytes } = await sampleHtmlCertificate({ name: hostile, sealed: { names: [hostile], note: hostile } })
    const { page, requests, errors } = await opened(onDisk(bytes))
    const [alone, ...others] = await shownResults(page)
    expect(others).toEqual([])
    expect(alone).toMatchObject({ outcome: 'missing', what: 'receipt', codes: [] })
    expect(alone?.text).toContain('The receipt holds')
    expect(await page.title()).not.toBe('ran')
    expect(await page.locator('#evidence-document img').count()).toBe(0)
    expect(await page.locator('#evidence-document h2').count()).toBe(14)
    expect(await page.locator('aside .own').innerText()).toContain('proves nothing without a checker from elsewhere')
    const [same] = await handOver(page, { 'exhibit.txt': sampleContent })
    expect(same).toMatchObject({ outcome: 'unchanged', what: 'file' })
    expect(errors).toEqual([])
    expect(requests.filter(({ url }) => !/^(?:file|blob|data):/.test(url))).toEqual([])
    await page.context().close()
  })

  it('an HTML certificate with one other byte in an attachment does not hold, and one with two blocks is refused', async () => {
    const { bytes } = await sampleHtmlCertificate()
    const text = Buffer.from(bytes).toString('utf8')
    const at = text.indexOf('"evidence.tlog-proof":"') + 600
    const changed = text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1)
    const one = await opened(onDisk(Buffer.from(changed)))
    expect(await shownResults(one.page)).toMatchObject([{ outcome: 'broken' }])
    const twice = text.replace('<main', '<p id="evidence-attachments"></p><main')
    const two = await opened(onDisk(Buffer.from(twice)))
    expect(await shownResults(two.page)).toMatchObject([{ outcome: 'broken', what: 'certificate-attachment-twice' }])
    await Promise.all([one, two].map(({ page }) => page.context().close()))
  })

  it.each(['pdf', 'html'] as const)('the page takes a certificate (%s), with its file and without', async (form) => {
    const made = await (form === 'pdf' ? sampleCertificate : sampleHtmlCertificate)({ stated: { applicant: '张三' } })
    const name = `photo.${form}`
    const { page, errors } = await opened(whole.href)
    const [alone] = await handOver(page, { [name]: made.bytes })
    expect(alone).toMatchObject({ outcome: 'missing', what: 'receipt', codes: [] })
    expect(alone?.text).toContain(made.model.number)
    expect(alone?.text).toContain('张三')
    expect(alone?.text).toContain('was not compared here')
    expect(alone?.text).toContain('the package’s or certificate’s own word')
    expect(await handOver(page, { 'a.txt': sampleContent })).toMatchObject([{ outcome: 'unchanged', what: 'file' }])
    await page.getByText('Start again').click()
    const other = { [name]: made.bytes, 'a.txt': 'another' }
    expect(await handOver(page, other)).toMatchObject([{ outcome: 'differs', what: 'file' }])
    await page.getByText('Start again').click()
    const given = await handOver(page, { [name]: made.bytes, 'a.txt': sampleContent, policy: samplePolicy })
    expect(given).toMatchObject([{ outcome: 'unchanged' }])
    expect(given[0]?.text).toContain('handed over by you')
    expect(errors).toEqual([])
    await page.context().close()
  })

  it('the page tells what no certificate has, and leaves another PDF a plain file', async () => {
    const { bytes } = await sampleHtmlCertificate()
    const text = Buffer.from(bytes).toString('utf8').replace('</main>', '<script>alert(1)</script></main>')
    const { page, errors } = await opened(whole.href)
    const [marked] = await handOver(page, { 'photo.html': text })
    expect(marked).toMatchObject({ outcome: 'broken', codes: ['certificate-altered'] })
    expect(marked?.text).toContain('not one that this program writes')
    await page.getByText('Start again').click()
    expect(await handOver(page, { 'plain.pdf': '%PDF-1.7\nplain' })).toMatchObject([{ what: 'receipt-not-found' }])
    expect(errors).toEqual([])
    await page.context().close()
  })

  it('a policy that differs from the kept one stops it, and the small checker says that it does not judge certificates', async () => {
    const made = await sampleCertificate()
    const { page } = await opened(whole.href)
    // As a server would give it: a page from a disk keeps nothing.
    const body = readFileSync(whole)
    await page.context().setOffline(false)
    await page.route('http://checker.test/**', (route) => route.fulfill({ body, contentType: 'text/html' }))
    await page.goto('http://checker.test/?lang=en')
    await handOver(page, { 'photo.pdf': made.bytes, policy: `# kept\n${samplePolicy}` })
    await page.getByText('Keep this policy in this browser').click()
    await page.getByText('Start again').click()
    expect(await handOver(page, { 'photo.pdf': made.bytes })).toMatchObject([{ outcome: 'stopped' }])
    await page.context().close()
    const small = await opened(core.href)
    expect(await handOver(small.page, { 'photo.pdf': made.bytes })).toMatchObject([
      { outcome: 'newer', what: 'not-judged' },
    ])
    await small.page.context().close()
  })
})
