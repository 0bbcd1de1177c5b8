import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encodeLogPolicy } from '../../src/core/policy.ts'
import { policyFingerprint } from '../../src/core/policy-fingerprint.ts'
import { wordsOf } from '../../src/words/index.ts'
import { handOver, launchChromium, shownResults } from '../support/browser.ts'
import { systemProgram } from '../support/cli.ts'
import { sampleContent, sampleHtmlCertificate } from '../support/certificates.ts'
import { ledgerKey } from '../support/chain.ts'
import { testServer, type TestServer } from '../support/server.ts'
import { lacks } from '../support/system-tools.ts'

/* The check page for who uses no mouse, who needs large letters, and who prints. */

/** What has the focus: its tag, id, class and text, and whether it can be seen to have it. */
interface Focused {
  readonly tag: string
  readonly id: string
  readonly name: string
  readonly text: string
  readonly isSeen: boolean
}

function focused(page: Page): Promise<Focused> {
  return page.evaluate(() => {
    interface Looked {
      readonly tagName: string
      readonly id: string
      readonly className: string
      readonly textContent: string
      readonly parentElement: Looked | null
      readonly getBoundingClientRect: () => { width: number; height: number; left: number; right: number }
    }
    const { document, getComputedStyle, innerWidth } = globalThis as unknown as {
      document: { activeElement: Looked | null; body: Looked }
      getComputedStyle: (of: Looked) => Record<string, string>
      innerWidth: number
    }
    const at = document.activeElement ?? document.body
    /** The element itself, or what stands for a field that is not seen. */
    const isSeen = [at, at.parentElement].some((one) => {
      if (one === null || one === document.body) return false
      const { outlineStyle = 'none', outlineWidth = '0' } = getComputedStyle(one)
      const box = one.getBoundingClientRect()
      const isOutlined = outlineStyle !== 'none' && Number.parseFloat(outlineWidth) >= 2
      return isOutlined && box.width > 4 && box.height > 4 && box.right > 0 && box.left < innerWidth
    })
    const { tagName, id, className, textContent } = at
    return { tag: tagName.toLowerCase(), id, name: className, text: textContent.trim().slice(0, 60), isSeen }
  })
}

const nameOf = ({ tag, id, name, text }: Focused): string =>
  id === '' ? `${tag}${name === '' ? '' : `.${name}`} ${text}`.trim() : `#${id}`

/** Goes on by Tab until something has the focus; gives all that had it on the way, each of which must be seen. */
async function tabTo(page: Page, is: (one: Focused) => boolean): Promise<Focused[]> {
  const way: Focused[] = []
  for (let i = 0; i < 60; i++) {
    await page.keyboard.press('Tab')
    const one = await focused(page)
    way.push(one)
    if (is(one)) return way
  }
  throw new Error(`no Tab leads there: ${way.map(nameOf).join(', ')}`)
}

/** Chooses files by the keyboard alone, at a field of files that has the focus. */
async function chooseByEnter(page: Page, files: readonly string[]): Promise<void> {
  const [chooser] = await Promise.all([page.waitForEvent('filechooser'), page.keyboard.press('Enter')])
  await chooser.setFiles([...files])
}

/** Texts that stand past the right edge of the window, and are in no box that scrolls by itself; how far the page itself scrolls sideways. */
function cutOff(page: Page): Promise<readonly string[]> {
  return page.evaluate(() => {
    interface Looked {
      readonly tagName: string
      readonly className: string
      readonly textContent: string
      readonly parentElement: Looked | null
      readonly scrollWidth: number
      readonly clientWidth: number
      readonly getBoundingClientRect: () => { left: number; right: number; width: number }
    }
    const { document, getComputedStyle } = globalThis as unknown as {
      document: { documentElement: Looked; querySelectorAll: (of: string) => Iterable<Looked> }
      getComputedStyle: (of: Looked) => Record<string, string>
    }
    const { clientWidth, scrollWidth } = document.documentElement
    const found = scrollWidth > clientWidth ? [`the page scrolls sideways by ${scrollWidth - clientWidth}`] : []
    const scrolls = (one: Looked | null): boolean =>
      one !== null && (/auto|scroll/.test(getComputedStyle(one)['overflowX'] ?? '') || scrolls(one.parentElement))
    // A field of files is seen as its label.
    const isHidden = (one: Looked): boolean => /\b(?:aloud|skip)\b/.test(one.className) || one.tagName === 'INPUT'
    for (const one of document.querySelectorAll('body *')) {
      const { left, right, width } = one.getBoundingClientRect()
      if (width === 0 || isHidden(one) || scrolls(one)) continue
      const style = getComputedStyle(one)
      const isClipped = /hidden|clip/.test(style['overflowX'] ?? '') && one.scrollWidth > one.clientWidth + 1
      if (right > clientWidth + 1 || left < -1 || isClipped)
        found.push(
          `${one.tagName}.${one.className} ${left}-${right} of ${clientWidth}: ${one.textContent.slice(0, 50)}`,
        )
    }
    return found
  })
}

/** Words of a page on paper, without the spaces and breaks between them. */
async function paper(page: Page): Promise<string> {
  const { stdout, code } = systemProgram('pdftotext', ['-layout', '-', '-'], {
    input: await page.pdf({ format: 'A4' }),
  })
  expect(code).toBe(0)
  return squeezed(stdout.toString())
}

const squeezed = (text: string): string => text.normalize('NFKC').replace(/\s+/g, '')

describe.skipIf(lacks('chromium'))('the check page, to its readers', () => {
  const folder = mkdtempSync(join(tmpdir(), 'evidence-reader-'))
  const at = (name: string): string => join(folder, name)
  const longName = `${'long-name-of-a-file-'.repeat(10)}.txt`
  let server: TestServer
  let browser: Browser
  let receipt: string

  beforeAll(async () => {
    server = await testServer()
    browser = await launchChromium()
    const answer = await server.post(server.deposit('content').presentation)
    receipt = answer.json<{ receipt: string }>().receipt
    for (const [name, content] of [
      ['a.txt', 'content'],
      ['a.txt.tlog-proof', receipt],
      ['b.txt', 'nowhere'],
    ] as const)
      writeFileSync(at(name), content)
    mkdirSync(at('folder'))
    writeFileSync(at('folder/c.txt'), 'c')
  })
  afterAll(async () => {
    await browser?.close()
    await server?.remove()
  })

  const ownPolicy = (): Buffer => readFileSync(server.folder.folder.policy)

  async function opened(lang: string, options: Parameters<Browser['newContext']>[0] = {}): Promise<Page> {
    const context: BrowserContext = await browser.newContext(options)
    const page = await context.newPage()
    // Listened for from the beginning: the browser’s own dialogue would take the first one.
    page.on('filechooser', () => {})
    await page.goto(`${server.url}/?lang=${lang}`)
    return page
  }

  it('is used whole by the keyboard, in a sensible order, with the focus always seen', async () => {
    const page = await opened('en')
    const way = await tabTo(page, ({ tag, text }) => tag === 'summary' && text === 'Paste a policy')
    expect(way.map(nameOf)).toEqual([
      'a.skip Skip to the content',
      'a Check',
      'a Explore',
      'a Deposit',
      '#language-zh',
      '#language-en',
      '#choose-files',
      '#choose-folder',
      'button Start again',
      'summary Paste a policy',
    ])
    expect(way.filter(({ isSeen }) => !isSeen).map(nameOf)).toEqual([])
    await page.keyboard.press('Shift+Tab')
    await page.keyboard.press('Shift+Tab')
    await page.keyboard.press('Shift+Tab')
    expect(nameOf(await focused(page))).toBe('#choose-files')
    await chooseByEnter(page, [at('a.txt'), at('a.txt.tlog-proof')])
    expect(await shownResults(page)).toMatchObject([{ outcome: 'unchanged' }])
    // The focus stays where the reader was, and the outcome is said aloud, in one sentence.
    expect(nameOf(await focused(page))).toBe('#choose-files')
    const words = wordsOf('en').check
    expect(await page.locator('.aloud[role=status]').innerText()).toBe(
      `${words.outcome.unchanged} – ${words.sentence.unchanged}`,
    )
    expect(await page.locator('.out').getAttribute('aria-live')).toBeNull()

    const keep = await tabTo(page, ({ text }) => text === words.policy.keep)
    expect(keep.filter(({ isSeen }) => !isSeen).map(nameOf)).toEqual([])
    await page.keyboard.press('Enter')
    expect(await page.locator('.policy [aria-live]').innerText()).toBe('Kept.')
    const steps = await tabTo(page, ({ tag }) => tag === 'summary')
    expect(steps.filter(({ isSeen }) => !isSeen).map(nameOf)).toEqual([])
    await page.keyboard.press('Enter')
    expect(await page.locator('.result details.steps[open] ol.path li').first().isVisible()).toBe(true)

    // "Ask" draws the results anew: the focus goes to what came of it, and not to the top of the page.
    while (!(await focused(page)).name.includes('ask')) await page.keyboard.press('Shift+Tab')
    expect((await focused(page)).isSeen).toBe(true)
    await page.keyboard.press('Enter')
    await page.waitForFunction(() => {
      const { document } = globalThis as unknown as { document: { activeElement: { tagName: string } } }
      return document.activeElement.tagName === 'H2'
    })
    expect(await focused(page)).toMatchObject({ text: 'Unchanged', isSeen: true })
    await page.context().close()
  })

  it('keeps the focus at the language that is chosen, and all that was typed', async () => {
    const page = await opened('en')
    await tabTo(page, ({ text }) => text === 'Paste a policy')
    await page.keyboard.press('Enter')
    await page.keyboard.press('Tab')
    await page.keyboard.type('log half a poli')
    while ((await focused(page)).id !== 'language-zh') await page.keyboard.press('Shift+Tab')
    await page.keyboard.press('Enter')
    expect(await page.locator('html').getAttribute('lang')).toBe('zh-CN')
    expect(await focused(page)).toMatchObject({ id: 'language-zh', isSeen: true })
    expect(await page.locator('.paste[open] textarea').inputValue()).toBe('log half a poli')
    await page.context().close()
  })

  it('never throws the reader back to the top: a file taken out, a check cancelled, two policies, started again', async () => {
    const page = await opened('en')
    await handOver(page, { 'a.txt': 'content', 'b.txt': 'other', 'c.txt': 'third' })
    await page.focus('#remove-1')
    await page.keyboard.press('Enter')
    await page.locator('.handed li').nth(2).waitFor({ state: 'detached' })
    expect(await focused(page)).toMatchObject({ id: 'remove-1', isSeen: true })
    await page.keyboard.press('Enter')
    await page.locator('.handed li').nth(1).waitFor({ state: 'detached' })
    await page.focus('#remove-0')
    await page.keyboard.press('Enter')
    expect(await focused(page)).toMatchObject({ id: 'choose-files', isSeen: true })

    await page.route('**/v1/ledger', () => {
      // Never answered: the check waits for the ledger's policy.
    })
    await page.setInputFiles('#choose-files', [at('a.txt'), at('a.txt.tlog-proof')])
    await page.focus('button.cancel')
    await page.keyboard.press('Enter')
    expect(await page.locator('.work').innerText()).toBe(wordsOf('en').page.cancelled)
    expect(await focused(page)).toMatchObject({ name: 'work' })
    await page.unroute('**/v1/ledger')

    const policy = ownPolicy()
    await page.getByRole('button', { name: 'Start again' }).click()
    await handOver(page, {
      'a.txt': 'content',
      'a.txt.tlog-proof': receipt,
      'x.policy': `# mine\n${policy.toString()}`,
    })
    await page.getByRole('button', { name: wordsOf('en').check.policy.keep }).click()
    await page.getByRole('button', { name: 'Start again' }).click()
    await handOver(page, { 'a.txt': 'content', 'a.txt.tlog-proof': receipt })
    await tabTo(page, ({ text }) => text === wordsOf('en').check.policy.useOffered)
    await page.keyboard.press('Enter')
    await page.locator('.verdict.unchanged').waitFor()
    expect(await focused(page)).toMatchObject({ tag: 'h2', isSeen: true })
    await page.context().close()
  })

  const { input: unknown } = JSON.parse(
    readFileSync(new URL('../../fixtures/vectors/receipt/kind-unknown.json', import.meta.url), 'utf8'),
  ) as { input: { receipt: string; policy: string } }
  const otherPolicy = encodeLogPolicy(ledgerKey)
  /** What stands on the page in each state: the files that lead there. */
  const states = (): readonly (readonly [outcome: string, files: Readonly<Record<string, string>>])[] => [
    ['unchanged', { [longName]: 'content', 'r.tlog-proof': receipt }],
    ['differs', { 'a.txt': 'other', 'a.txt.tlog-proof': receipt }],
    ['broken', { 'a.txt': 'content', 'a.txt.tlog-proof': receipt.slice(0, -3) }],
    ['newer', { 'x.tlog-proof': unknown.receipt, 'x.policy': unknown.policy }],
    ['missing', { [`${'证'.repeat(80)}.tlog-proof`]: receipt }],
    ['unchanged', { 'a.txt': 'content', 'a.txt.tlog-proof': receipt, 'b.txt': 'b', 'other.policy': otherPolicy }],
  ]

  it.each([
    ['zh', 640, 100],
    ['en', 640, 100],
    ['en', 320, 100],
    ['zh', 320, 100],
    ['en', 1280, 200],
    ['zh', 640, 200],
    ['zz', 640, 200],
  ])(
    'cuts nothing off when it is enlarged (%s, %i pixels wide, letters of %i percent)',
    async (lang, width, percent) => {
      const page = await opened(lang, { viewport: { width, height: 600 }, bypassCSP: true })
      const enlarge = (): Promise<unknown> =>
        page.addStyleTag({ content: `html { font-size: ${percent}% !important }` })
      await enlarge()
      expect(await cutOff(page)).toEqual([])
      for (const [outcome, files] of states()) {
        await page.locator('.zone .choose button').click()
        const results = await handOver(page, files)
        expect(results.map((one) => one.outcome)).toContain(outcome)
        for (const details of await page.locator('details').all())
          await details.evaluate((one) => one.setAttribute('open', ''))
        expect([outcome, ...(await cutOff(page))]).toEqual([outcome])
      }
      await page.context().close()
    },
  )

  // Of poppler's programs pdfsig is the one that is looked for.
  it.skipIf(lacks('pdfsig')).each(['zh', 'en'] as const)(
    'prints all of a result, folded or not, and no button (%s)',
    async (lang) => {
      const page = await opened(lang, { colorScheme: 'dark' })
      const { check, page: around } = wordsOf(lang)
      const [result] = await handOver(page, { 'a.txt': 'content', 'a.txt.tlog-proof': receipt })
      expect(result?.outcome).toBe('unchanged')
      const text = await paper(page)
      const steps = Object.entries(check.step).filter(([name]) => !/^(?:ok|fault|open|skipped|manifest)$/.test(name))
      const there = [
        check.outcome.unchanged,
        check.sentence.unchanged,
        check.when,
        check.word,
        check.limits.truth,
        check.policy.server,
        policyFingerprint(ownPolicy()),
        check.picture,
        ...steps.map(([, step]) => String(step)),
      ]
      expect(there.filter((one) => !text.includes(squeezed(one)))).toEqual([])
      const buttons = [around.choose, around.clear, around.askLedgerHint, check.policy.keep, around.oneFile, '×']
      expect(buttons.filter((one) => text.includes(squeezed(one)))).toEqual([])
      // On the screen it is folded again.
      expect(await page.locator('details.steps[open]').count()).toBe(0)
      // Letters of a dark screen would not be read on white paper.
      await page.emulateMedia({ media: 'print' })
      expect(await page.locator('button:visible, input:visible, .button:visible, nav a:visible').count()).toBe(0)
      const colours = await page
        .locator('.verdict h2, .facts dd, .sentence')
        .evaluateAll((all) =>
          all.map(
            (one) =>
              (globalThis as unknown as { getComputedStyle: (of: object) => { color: string } }).getComputedStyle(one)
                .color,
          ),
        )
      const light = colours.filter((colour) =>
        (colour.match(/\d+/g) ?? []).slice(0, 3).every((part) => Number(part) > 140),
      )
      expect([colours.length > 3, light]).toEqual([true, []])

      await page.emulateMedia({ media: 'screen' })
      const [other] = await handOver(page, { 'b.txt': 'other', 'b.txt.tlog-proof': receipt })
      const worse = await paper(page)
      const found = [check.outcome.differs, check.topic.differs, ...(other?.codes ?? []), check.facts.found]
      expect(found.filter((one) => !worse.includes(squeezed(one)))).toEqual([])
      await page.context().close()
    },
  )

  it.skipIf(lacks('pdfsig'))(
    'prints a certificate in HTML with what its check came to, and its fingerprint',
    async () => {
      const { bytes, policy } = await sampleHtmlCertificate()
      writeFileSync(at('c.html'), bytes)
      const page = await (await browser.newContext({ offline: true, colorScheme: 'dark' })).newPage()
      await page.goto(`${pathToFileURL(at('c.html')).href}?lang=en`)
      await shownResults(page)
      const [same] = await handOver(page, { 'exhibit.txt': sampleContent })
      expect(same?.outcome).toBe('unchanged')
      const { check, page: around } = wordsOf('en')
      const text = await paper(page)
      const there = [check.sentence.unchanged, check.picture, check.step.inclusion, policyFingerprint(policy), 'Result']
      expect(there.filter((one) => !text.includes(squeezed(one)))).toEqual([])
      expect([around.choose, around.clear, check.policy.keep].filter((one) => text.includes(squeezed(one)))).toEqual([])
      await page.context().close()
    },
  )

  it('a certificate in HTML is read and tabbed through in the order in which it is shown', async () => {
    const { bytes } = await sampleHtmlCertificate()
    writeFileSync(at('d.html'), bytes)
    const page = await (await browser.newContext({ offline: true })).newPage()
    await page.goto(`${pathToFileURL(at('d.html')).href}?lang=en`)
    await shownResults(page)
    const way = await tabTo(page, ({ text }) => text === 'Start again')
    expect(way.map(nameOf)).toEqual([
      `button ${wordsOf('en').page.choose}`,
      'summary Every step',
      '#choose-files',
      '#choose-folder',
      'button Start again',
    ])
    const top = (of: string): Promise<number> =>
      page
        .locator(of)
        .first()
        .evaluate(
          (one) => (one as unknown as { getBoundingClientRect: () => { top: number } }).getBoundingClientRect().top,
        )
    expect(await top('.verdict')).toBeLessThan(await top('.zone'))
    await page.context().close()
  })
})
