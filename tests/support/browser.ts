import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'

/** What a root user's Chromium needs, and what keeps it from asking hosts that are none of ours. */
const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
]

/** Debian's Chromium, headless. */
export function launchChromium(): Promise<Browser> {
  return chromium.launch({ executablePath: '/usr/bin/chromium', args: flags })
}

/** A page with all that it asked for and complained of. */
export interface WatchedPage {
  readonly page: Page
  /** Every address that was asked for. */
  readonly requests: { readonly url: string; readonly method: string; readonly body: string | null }[]
  /** Errors of the console (a content policy that refuses is one of them) and of scripts. */
  readonly errors: string[]
}

export async function watchedPage(context: BrowserContext): Promise<WatchedPage> {
  const page = await context.newPage()
  const watched: WatchedPage = { page, requests: [], errors: [] }
  page.on('request', (request) => {
    watched.requests.push({ url: request.url(), method: request.method(), body: request.postData() })
  })
  page.on('console', (message) => {
    if (message.type() === 'error') watched.errors.push(message.text())
  })
  page.on('pageerror', (error) => watched.errors.push(error.message))
  return watched
}

/** A file that is handed over to a page, by its name. */
export type HandedFiles = Readonly<Record<string, string | Uint8Array>>

/** Hands files over as a file dialogue does, and waits for what comes of them: outcomes with their codes, in the order shown. */
export async function handOver(page: Page, files: HandedFiles): Promise<readonly ShownResult[]> {
  const given = Object.entries(files).map(([name, content]) => ({
    name,
    mimeType: 'application/octet-stream',
    buffer: Buffer.from(content),
  }))
  await page.setInputFiles('#choose-files', given)
  return shownResults(page)
}

/** One result as the page shows it. */
export interface ShownResult {
  readonly outcome: string
  readonly what: string
  readonly codes: readonly string[]
  readonly text: string
}

/** Waits until nothing is being judged any more, and reads the results. */
export async function shownResults(page: Page): Promise<readonly ShownResult[]> {
  await page.waitForFunction(() => {
    const { document } = globalThis as unknown as { document: { querySelector: (found: string) => object | null } }
    return document.querySelector('.work progress') === null && document.querySelector('.out > *') !== null
  })
  return page.locator('.result').evaluateAll((articles) =>
    articles.map((article) => {
      const { dataset, innerText, querySelector } = article as unknown as {
        dataset: Record<string, string>
        innerText: string
        querySelector: (found: string) => { dataset: Record<string, string> } | null
      }
      const outcome = querySelector.call(article, '.verdict')?.dataset['outcome'] ?? ''
      const codes = (dataset['codes'] ?? '').split(' ').filter((code) => code !== '')
      return { outcome, what: dataset['what'] ?? '', codes, text: innerText }
    }),
  )
}
