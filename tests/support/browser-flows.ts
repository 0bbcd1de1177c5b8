import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { generateSigningKey } from '../../src/node/key-file.ts'
import type { Party, TestServer } from './server.ts'
import { type WatchedPage, watchedPage } from './browser.ts'

/** A page of a server or a file, in a profile of its own. */
export async function openedPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<WatchedPage> {
  const watched = await watchedPage(await browser.newContext(options))
  await watched.page.goto(url)
  return watched
}

/** Everything that was asked of another host than these; `blob:` and `data:` are the page's own. */
export function askedElsewhere({ requests }: WatchedPage, ...hosts: readonly string[]): string[] {
  const isOwn = (url: string): boolean =>
    /^(?:blob|data|file):/.test(url) || hosts.some((host) => url.startsWith(`${host}/`))
  return requests.map(({ url }) => url).filter((url) => !isOwn(url))
}

/** Drops a folder of the disk onto the page, as a drag does: entries of a file system that the page walks through. */
export async function dropFolder(page: Page, folder: string): Promise<void> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => ({ path: path.slice(folder.lastIndexOf('/') + 1), base64: readFileSync(path).toString('base64') }))
  await page.evaluate((given) => {
    interface Node {
      readonly isFile: boolean
      readonly name: string
    }
    const scope = globalThis as unknown as {
      readonly document: { dispatchEvent: (event: object) => void }
      readonly Event: new (name: string, options: object) => object
      readonly File: new (parts: readonly Uint8Array[], name: string) => object
    }
    const bytesOf = (base64: string): Uint8Array => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))
    const nodes = (below: string): Node[] => {
      const within = given.filter(({ path }) => path.startsWith(below))
      const names = [...new Set(within.map(({ path }) => path.slice(below.length).split('/')[0] as string))]
      return names.map((name) => {
        const file = within.find(({ path }) => path === below + name)
        if (file !== undefined)
          return {
            isFile: true,
            name,
            file: (give: (found: object) => void) => give(new scope.File([bytesOf(file.base64)], name)),
          }
        // Given a few at a time, as browsers do.
        const left = nodes(`${below}${name}/`)
        const createReader = () => ({ readEntries: (give: (some: Node[]) => void) => give(left.splice(0, 2)) })
        return { isFile: false, name, createReader }
      })
    }
    const items = nodes('').map((node) => ({ kind: 'file', webkitGetAsEntry: () => node }))
    const event = new scope.Event('drop', { bubbles: true, cancelable: true })
    Object.assign(event, { dataTransfer: { items, files: [] } })
    scope.document.dispatchEvent(event)
  }, files)
}

/** Presses something that offers a file; gives its name and its bytes. */
export async function offered(
  page: Page,
  selector: string,
): Promise<{ readonly name: string; readonly bytes: Buffer }> {
  const [download] = await Promise.all([page.waitForEvent('download'), page.locator(selector).first().click()])
  return { name: download.suggestedFilename(), bytes: readFileSync(await download.path()) }
}

/** Admits somebody with a key of their own, and gives it with its key file, which has no passphrase. */
export async function admitWithFile(
  server: TestServer,
  id: string,
  roles: readonly string[],
): Promise<{ readonly party: Party; readonly pem: string }> {
  const { key, object } = generateSigningKey()
  await server.administer('participant.admit', { participant: { id, type: 'organisation', roles, keys: [key.jwk] } })
  return { party: { id, key }, pem: object.export({ format: 'pem', type: 'pkcs8' }) as string }
}

/** Takes a key into the browser on the page for deposits, and waits until it is asked for. */
export async function takeKeyIn(page: Page, url: string, id: string, pem: string): Promise<void> {
  await page.goto(`${url}/deposit?lang=en`)
  await page.locator('.import-key [name=id]').fill(id)
  const buffer = Buffer.from(pem)
  await page.setInputFiles('.import-key [name=file]', { name: 'key.pem', mimeType: 'application/x-pem-file', buffer })
  await page.locator('.import-key button').click()
  await page.locator('.admission:not([data-state=asking])').waitFor()
}
