import { visible } from '../../core/text.js'
/** A code point by its number: `U+4DAE`. */
export function codePointText(code) {
  return `U+${code.toString(16).toUpperCase().padStart(4, '0')}`
}
/**
 * A text as it is drawn: controls and hidden characters written out as `visible` does, and for each character that the font lacks a
 * box with its code point.
 */
export function atomsOf(text, { has, widthOf, size }) {
  const box = (character) => [
    { text: '', width: size * 0.9, isBox: true },
    ...Array.from(codePointText(character.codePointAt(0)), plain),
  ]
  const plain = (character) => ({ text: character, width: widthOf(character), isBox: false })
  // Which characters are assigned is another matter in another version of Node: those are boxes wherever the font lacks them.
  return text.split(/(\p{Cn})/u).flatMap((part, i) => {
    if (i % 2 === 1) return box(part)
    return Array.from(written(part)).flatMap((character) =>
      has(character.codePointAt(0)) ? [plain(character)] : box(character),
    )
  })
}
/** As `visible` writes it, but that what a certificate's fields have written out already is not written out again. */
function written(text) {
  return visible(text).replaceAll('\\u{5c}', '\\')
}
const closing = /^[\s,.;:!?)\]}、。，；：！？）》〉】』」”’…%]$/u
const opening = /^[([{（《〈【『「“‘]$/u
const wide = /^[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]$/u
/** Whether a line may end between two characters. */
function mayBreak(before, after) {
  if (after.isBox) return !opening.test(before.text)
  if (closing.test(after.text) || opening.test(before.text)) return false
  return before.text === ' ' || wide.test(before.text) || wide.test(after.text) || /^[/\\]$/.test(before.text)
}
/** Lines of at most a width; what has no place to break is broken anywhere. */
export function linesOf(atoms, width) {
  const lines = []
  let start = 0
  while (start < atoms.length) {
    let end = start
    let used = 0
    let best = -1
    for (; end < atoms.length; end++) {
      const atom = atoms[end]
      if (used + atom.width > width && end > start && atom.text !== ' ') break
      used += atom.width
      const next = atoms[end + 1]
      if (next !== undefined && mayBreak(atom, next)) best = end + 1
    }
    const cut = end >= atoms.length || best <= start ? end : Math.min(best, end)
    lines.push(atoms.slice(start, cut))
    start = cut
  }
  return lines.length === 0 ? [[]] : lines
}
export function widthOfLine(line) {
  return line.reduce((sum, { width }) => sum + width, 0)
}
//# sourceMappingURL=layout.js.map
