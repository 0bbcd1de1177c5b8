import type { Words } from '../../src/words/index.ts'
import { el } from './dom.ts'

/** Pages of a ledger's server, by their addresses. */
const pages = { check: '/', explore: '/explore', deposit: '/deposit' } as const
export type PageName = keyof typeof pages

/** Links to the pages of the server; the language goes along where the address names one. */
export function navigation(current: PageName): (words: Words) => readonly Node[] {
  const lang = new URLSearchParams(location.search).get('lang')
  const query = lang === null ? '' : `?lang=${encodeURIComponent(lang)}`
  const names = Object.keys(pages) as PageName[]
  return ({ page }) =>
    names.map((name) =>
      el(
        'a',
        { href: `${pages[name]}${query}`, 'aria-current': name === current ? 'page' : undefined },
        page.nav[name],
      ),
    )
}
