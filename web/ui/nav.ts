import type { Words } from '../../src/words/index.ts'
import { el } from './dom.ts'

/** Pages of a ledger's server, by their addresses. */
const pages = { check: '/', explore: '/explore', deposit: '/deposit' } as const
export type PageName = keyof typeof pages

/** The address of a page of the server; the language goes along where the address of this one names it. */
export function pageAddress(name: PageName): string {
  const lang = new URLSearchParams(location.search).get('lang')
  return `${pages[name]}${lang === null ? '' : `?lang=${encodeURIComponent(lang)}`}`
}

/** Links to the pages of the server. */
export function navigation(current: PageName): (words: Words) => readonly Node[] {
  const names = Object.keys(pages) as PageName[]
  return ({ page }) =>
    names.map((name) =>
      el('a', { href: pageAddress(name), 'aria-current': name === current ? 'page' : undefined }, page.nav[name]),
    )
}
