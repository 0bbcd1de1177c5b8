import { type Language, languageFor, tagOf, type Words, wordsOf } from '../../src/words/index.ts'
import { el, fill } from './dom.ts'
import { keep, kept } from './storage.ts'

const place = 'evidence-language'
const shown: readonly (readonly [Language, string])[] = [
  ['zh', '中文'],
  ['en', 'English'],
]

/** The language of this reader: what the address asks for, what was chosen before, what the browser prefers. */
export function readerLanguage(): Language {
  const asked = new URLSearchParams(location.search).get('lang') ?? kept(place)
  return languageFor(asked ?? undefined, navigator.languages)
}

/** Draws the frame of the page in the reader's language around what `content` gives; choosing another language draws it anew. */
export function frame(
  content: (words: Words, language: Language) => Node,
  links: (words: Words) => readonly Node[] = () => [],
): void {
  const draw = (language: Language): void => {
    const words = wordsOf(language)
    document.documentElement.lang = tagOf(language)
    document.title = words.page.title
    const choices = shown.map(([code, name]) => {
      const press = (): void => {
        keep(place, code)
        renameAddress(code)
        draw(code)
        // The button that was pressed is gone; who goes by keyboard stands on the one in its place.
        document.querySelector<HTMLElement>('.top [aria-pressed="true"]')?.focus()
      }
      return el(
        'button',
        {
          type: 'button',
          id: `language-${code}`,
          lang: code,
          'aria-pressed': String(code === language),
          on: { click: press },
        },
        name,
      )
    })
    const main = el('main', { id: 'content', tabindex: '-1' }, content(words, language))
    // What stands behind the # of the address is a place of the explorer, and stays.
    const skip = (event: Event): void => {
      event.preventDefault()
      main.focus()
    }
    fill(
      document.body,
      el('a', { class: 'skip', href: '#content', on: { click: skip } }, words.page.skip),
      el(
        'header',
        { class: 'top' },
        el('span', { class: 'brand' }, words.page.title),
        el('nav', {}, ...links(words)),
        el('div', { role: 'group', 'aria-label': words.page.language }, ...choices),
      ),
      main,
    )
  }
  draw(readerLanguage())
}

/** An address that names a language names the chosen one from now on: a reload would bring the other back. */
function renameAddress(code: Language): void {
  const url = new URL(location.href)
  if (!url.searchParams.has('lang')) return
  url.searchParams.set('lang', code)
  try {
    history.replaceState(history.state, '', url)
  } catch {
    // Of a file of the disk a browser may refuse it: the choice then holds until the page is loaded anew.
  }
}
