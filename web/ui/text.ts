import { inGroups } from '../../src/told/digits.ts'
import { el } from './dom.ts'

/** Longest text that is shown whole; of a longer one the middle is left out, and the whole stands in its title. */
const longest = 120

/** A name from outside: its direction is its own, and what is long is cut in the middle. The text has been made visible already. */
export function nameText(text: string): HTMLElement {
  const letters = Array.from(text)
  const isLong = letters.length > longest
  const shown = isLong ? `${letters.slice(0, 70).join('')} … ${letters.slice(-40).join('')}` : text
  return el('bdi', { class: 'name', dir: 'auto', title: isLong ? text : undefined }, shown)
}

/** A hash or key in groups of eight; copying it gives it without the spaces between them. */
export function hashText(text: string): HTMLElement {
  const code = el('code', { class: 'hash', 'data-copy': text, dir: 'ltr', translate: 'no' })
  for (const group of inGroups(text).split(' ')) code.append(el('span', {}, group))
  return code
}

/** A size in bytes as people read it: `1,234,567`. */
export function sizeText(bytes: number): string {
  return bytes.toLocaleString('en-US')
}
