import { randomBytes } from 'node:crypto'
import { closeSync, ftruncateSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { constants, deflateRawSync } from 'node:zlib'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { wordsOf } from '../../src/words/index.ts'
import { type HandedFiles, handOver, launchChromium, shownResults, watchedPage } from '../support/browser.ts'
import { askedElsewhere, dropFolder } from '../support/browser-flows.ts'
import { bagFiles } from '../support/bag.ts'
import { sampleHtmlCertificate, samplePolicy } from '../support/certificates.ts'
import { temporaryFolder } from '../support/folder.ts'
import { rawZip } from '../support/raw-zip.ts'
import { testServer, type TestServer } from '../support/server.ts'
import { lacks } from '../support/system-tools.ts'

const whole = new URL('../../dist/page/evidence-check.html', import.meta.url)
const faces = ['the one file', 'the page of a server'] as const
type Face = (typeof faces)[number]
const script = `</script><script>document.title='ran'</script><img src=x onerror="document.title='ran'">`

/** A PDF that asks whoever opens it to fetch an address. */
const callingPdf = `%PDF-1.7
1 0 obj <</Type /Catalog /Pages 2 0 R /OpenAction <</S /URI /URI (http://calls.example/opened)>>>> endobj
2 0 obj <</Type /Pages /Kids [] /Count 0>> endobj
trailer <</Root 1 0 R>>
%%EOF
`

const unit = 64 * 1024 * 1024

/** A zip with the form of a package and two more files of so many units, whose deflated data repeat one that begins with random bytes. */
function bomb(units: number, random: number, receipt: string): Buffer {
  const plain = Buffer.concat([randomBytes(random), Buffer.alloc(unit - random)])
  const block = deflateRawSync(plain, { level: 9, finishFlush: constants.Z_FULL_FLUSH })
  const data = Buffer.concat([...Array.from({ length: units }, () => block), deflateRawSync(Buffer.alloc(0))])
  const files = bagFiles({ 'data/deposits/001/receipt.tlog-proof': receipt })
  const entries = Object.entries(files).map(([name, content]) => ({ name: `p/${name}`, content }))
  const large = [1, 2].map((n) => ({
    name: `p/data/deposits/001/files/${n}.bin`,
    deflate: true,
    data,
    size: units * unit,
    crc: 1,
  }))
  return rawZip([...entries, ...large])
}

describe.skipIf(lacks('chromium'))('what is handed over is hostile', () => {
  const { path, remove } = temporaryFolder()
  const at = (...names: string[]): string => join(path, ...names)
  let server: TestServer
  let browser: Browser
  let receipt: string
  let policy: Buffer

  beforeAll(async () => {
    server = await testServer()
    browser = await launchChromium()
    const made = server.deposit('content', { sealed: { names: [script], note: script } })
    const answer = await server.post(made.presentation)
    receipt = answer.json<{ receipt: string }>().receipt
    policy = readFileSync(server.folder.folder.policy)
  })
  afterAll(async () => {
    await browser?.close()
    await server?.remove()
    remove()
  })

  async function opened(face: Face, lang = 'en'): ReturnType<typeof watchedPage> {
    const context: BrowserContext = await browser.newContext({ offline: face === 'the one file' })
    const watched = await watchedPage(context)
    await watched.page.goto(face === 'the one file' ? `${whole.href}?lang=${lang}` : `${server.url}/?lang=${lang}`)
    return watched
  }

  /** What must hold whatever was handed over: nothing ran, nobody was asked, the browser complained of nothing, no other page was opened. */
  async function done({ page, requests, errors }: Awaited<ReturnType<typeof opened>>): Promise<void> {
    expect(await page.title()).not.toBe('ran')
    expect(askedElsewhere({ page, requests, errors }, server.url)).toEqual([])
    expect(requests.filter(({ url }) => url.includes('calls.example'))).toEqual([])
    expect(errors).toEqual([])
    expect(page.context().pages()).toHaveLength(1)
    expect(await page.locator('iframe, embed, object, main img').count()).toBe(0)
    await page.context().close()
  }

  /** The heap of the page's own process, after what can be given back was given back. */
  async function heapOf(page: Page): Promise<number> {
    const session = await page.context().newCDPSession(page)
    await session.send('HeapProfiler.collectGarbage')
    const { usedSize, backingStorageSize = 0 } = (await session.send('Runtime.getHeapUsage')) as {
      usedSize: number
      backingStorageSize?: number
    }
    await session.detach()
    return usedSize + backingStorageSize
  }

  describe.each(faces)('%s', (face) => {
    it.each<[string, HandedFiles, readonly object[]]>([
      ['a PDF that opens an address, alone', { 'calls.pdf': callingPdf }, [{ what: 'receipt-not-found' }]],
      ['an empty file', { 'empty.txt': '' }, [{ what: 'receipt-not-found', outcome: 'missing' }]],
      ['an empty receipt', { 'a.txt.tlog-proof': '' }, [{ what: 'receipt-malformed', outcome: 'broken' }]],
      ['an empty policy', { 'court.policy': '' }, [{ what: 'policy-malformed' }]],
      ['an empty package', { 'empty.zip': '' }, [{ what: 'receipt-not-found', outcome: 'missing' }]],
      [
        'a receipt of 5 MB',
        { 'a.txt.tlog-proof': `c2sp.org/tlog-proof@v1\n${'x'.repeat(5_000_000)}` },
        [{ what: 'receipt-malformed', outcome: 'broken' }],
      ],
      ['a page of HTML', { 'index.html': `<!doctype html>${script}` }, [{ what: 'receipt-not-found' }]],
      ['a name of HTML', { [`${script.replaceAll('/', '')}.html`]: 'x' }, [{ what: 'receipt-not-found' }]],
      ['a name of 200 characters', { [`${'n'.repeat(196)}.txt`]: 'x' }, [{ what: 'receipt-not-found' }]],
      ['bidi and control characters', { 'a\u202etxt.exe\u0007\u2066': 'x' }, [{ what: 'receipt-not-found' }]],
      [
        'nested names',
        { '..\\..\\etc\\passwd': 'x', '....txt': 'y' },
        [{ what: 'receipt-not-found' }, { what: 'receipt-not-found' }],
      ],
    ])('says what it makes of %s', async (_what, files, results) => {
      const watched = await opened(face)
      expect(await handOver(watched.page, files)).toMatchObject(results)
      const text = await watched.page.locator('main').innerText()
      expect(['\u202e', '\u2066', '\u0007'].filter((one) => text.includes(one))).toEqual([])
      await done(watched)
    })

    it('compares a PDF that opens an address, and does not open it', async () => {
      const answer = await server.post(server.deposit(callingPdf).presentation)
      const own = answer.json<{ receipt: string }>().receipt
      const watched = await opened(face)
      const given = { 'calls.pdf': callingPdf, 'calls.pdf.tlog-proof': own, policy }
      expect(await handOver(watched.page, given)).toMatchObject([{ outcome: 'unchanged', what: 'file' }])
      await done(watched)
    })

    it('shows a script in sealed claims as text', async () => {
      const watched = await opened(face)
      const [result] = await handOver(watched.page, { 'a.txt': 'content', 'a.txt.tlog-proof': receipt, policy })
      expect(result?.outcome).toBe('unchanged')
      expect(result?.text).toContain(script)
      await done(watched)
    })

    it('keeps two different files of one name apart, and takes the same one once', async () => {
      const watched = await opened(face)
      const { page } = watched
      await handOver(page, { 'a.txt': 'content', 'a.txt.tlog-proof': receipt, policy })
      const twice = await handOver(page, { 'a.txt': 'content' })
      expect(twice).toMatchObject([{ outcome: 'unchanged' }])
      expect(await page.locator('.handed .apart').count()).toBe(0)
      const both = await handOver(page, { 'a.txt': 'CONTENT' })
      expect(both).toMatchObject([{ outcome: 'differs' }, { outcome: 'unchanged' }])
      expect(both[0]?.text).toContain('(2)/a.txt')
      expect(await page.locator('.handed .apart').innerText()).toBe(`${wordsOf('en').page.apart('1')} (2)/a.txt`)
      // In one drop too: two folders are dropped as files of search results are.
      await page.getByRole('button', { name: wordsOf('en').page.clear }).click()
      mkdirSync(at('one'), { recursive: true })
      writeFileSync(at('one', 'x.txt'), 'first')
      await dropFolder(page, at('one'))
      await shownResults(page)
      writeFileSync(at('one', 'x.txt'), 'second')
      await dropFolder(page, at('one'))
      await page.locator('.handed .apart').waitFor()
      expect(await shownResults(page)).toHaveLength(2)
      await done(watched)
    })

    it('takes a folder of 10,000 files, names the one that differs, and shows no more than can be read', async () => {
      const names = Array.from({ length: 10_000 }, (_, i) => `f/${String(i).padStart(5, '0')}.txt`)
      const { attachments } = await sampleHtmlCertificate({ folder: names })
      mkdirSync(at('many', 'f'), { recursive: true })
      for (const [i, name] of names.entries()) writeFileSync(at('many', name), i === 4321 ? 'another' : String(i))
      writeFileSync(at('many.tlog-proof'), attachments.get('evidence.tlog-proof') as Uint8Array)
      writeFileSync(at('many.evidence-manifest'), attachments.get('evidence.evidence-manifest') as Uint8Array)
      writeFileSync(at('many.policy'), samplePolicy)
      const watched = await opened(face)
      const { page } = watched
      page.setDefaultTimeout(0)
      await page.setInputFiles('#choose-files', [
        at('many.tlog-proof'),
        at('many.evidence-manifest'),
        at('many.policy'),
      ])
      await shownResults(page)
      await page.setInputFiles('#choose-folder', at('many'))
      await page.locator('.verdict.differs').waitFor()
      const [result, ...others] = await shownResults(page)
      expect(others).toEqual([])
      expect(result?.text).toContain('9,999 of 10,000 files unchanged')
      expect(await page.locator('.files tr').count()).toBe(500)
      expect(await page.locator('.files tr.bad').allTextContents()).toEqual([expect.stringContaining('04321.txt')])
      // Without what proves them each is one check; all are counted, and the first are shown.
      await page.getByRole('button', { name: wordsOf('en').page.clear }).click()
      await page.setInputFiles('#choose-folder', at('many'))
      await page.locator('.verdict.missing').first().waitFor()
      expect(await page.locator('.verdict').first().innerText()).toContain('10,000')
      expect(await page.locator('.result').count()).toBeLessThanOrEqual(200)
      await done(watched)
    })

    it('refuses a small zip that unpacks to 8 GB, and unpacks nothing of it', async () => {
      const watched = await opened(face)
      const zip = bomb(63, 0, receipt)
      expect(zip.length).toBeLessThan(10_000_000)
      const before = await heapOf(watched.page)
      expect(await handOver(watched.page, { 'bomb.zip': zip })).toMatchObject([
        { outcome: 'broken', codes: ['package-zip'] },
      ])
      expect((await heapOf(watched.page)) - before).toBeLessThan(50_000_000)
      await done(watched)
    })

    it('holds the heap while a zip unpacks to 2 GB, and ends it when it is told to', async () => {
      const zip = bomb(16, 450_000, receipt)
      writeFileSync(at('bomb.zip'), zip)
      expect((32 * unit) / zip.length).toBeGreaterThan(100)
      const watched = await opened(face)
      const { page } = watched
      page.setDefaultTimeout(0)
      const before = await heapOf(page)
      writeFileSync(at('bomb.policy'), policy)
      await page.setInputFiles('#choose-files', [at('bomb.zip'), at('bomb.policy')])
      // Far more than the zip itself has been unpacked.
      await page.waitForFunction(() => {
        const { document } = globalThis as unknown as {
          document: { querySelector: (of: string) => { textContent: string } | null }
        }
        const [done = '0'] = (document.querySelector('.work progress + span')?.textContent ?? '').split(' of ')
        return Number(done.replaceAll(',', '')) > 200_000_000
      })
      expect((await heapOf(page)) - before).toBeLessThan(100_000_000)
      await page.locator('button.cancel').click()
      await page.getByText(wordsOf('en').page.cancelled).waitFor()
      // It is ended, and not only hidden: what is checked next has the page to itself.
      expect(await handOver(page, { 'a.txt': 'content', 'a.txt.tlog-proof': receipt })).toHaveLength(2)
      await done(watched)
    })

    it('hashes a file of 1 GB in little memory, tells how far it is, and ends it when it is told to', async () => {
      const big = openSync(at('big.bin'), 'w')
      ftruncateSync(big, 1_000_000_000)
      closeSync(big)
      writeFileSync(at('big.bin.tlog-proof'), receipt)
      writeFileSync(at('big.policy'), policy)
      const given = ['big.bin', 'big.bin.tlog-proof', 'big.policy'].map((name) => at(name))
      const watched = await opened(face)
      const { page } = watched
      page.setDefaultTimeout(0)
      const before = await heapOf(page)
      await page.setInputFiles('#choose-files', given)
      const figure = page.locator('.work progress + span')
      await figure.filter({ hasText: /^[1-9][\d,]{6,} of 1,000,/ }).waitFor()
      expect((await heapOf(page)) - before).toBeLessThan(50_000_000)
      expect(page.workers()).toHaveLength(1)
      await page.locator('button.cancel').click()
      await page.getByText(wordsOf('en').page.cancelled).waitFor()
      await expect.poll(() => page.workers()).toHaveLength(0)
      await page.getByRole('button', { name: wordsOf('en').page.clear }).click()
      await page.setInputFiles('#choose-files', given)
      expect(await shownResults(page)).toMatchObject([{ outcome: 'differs' }])
      expect((await heapOf(page)) - before).toBeLessThan(50_000_000)
      await done(watched)
    })
  })
})
