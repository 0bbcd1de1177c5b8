import type { PathNode } from '../../src/told/path.ts'
import { el } from '../ui/dom.ts'
import { nameText } from '../ui/text.ts'

/**
 * The way from the file to the witnesses, from top to bottom, with a broken line where the way does not hold. It is made of text in boxes: a
 * drawing would not grow with the reader's letters, nor break a long name.
 */
export function picture(path: readonly PathNode[]): HTMLElement {
  const boxes = path.map(({ label, value, holds }) =>
    el(
      'li',
      { class: holds ? 'holds' : 'breaks' },
      el('span', { class: 'label' }, holds ? label : `✗ ${label}`),
      el('span', { class: 'value' }, nameText(value)),
    ),
  )
  return el('ol', { class: 'path' }, ...boxes)
}
