import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
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
