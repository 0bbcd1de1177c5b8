import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import subsetFont from 'subset-font'
import { EvidenceError } from '../../core/errors.js'
import { readBounded } from '../../node/bounded-file.js'
/** The one font of certificates: 7,946 characters of Noto Sans SC (assets/fonts; OFL 1.1). */
const fontName = 'noto-sans-sc-400.woff2'
const maxFontBytes = 16 * 1024 * 1024
let read
/** The font's bytes, as it is shipped. Throws `file-unreadable`. */
export function fontBytes() {
  if (read !== undefined) return read
  // Built files lie one folder deeper than their sources.
  for (const up of ['../../../', '../../../../']) {
    const path = fileURLToPath(new URL(`${up}assets/fonts/${fontName}`, import.meta.url))
    if (existsSync(path)) return (read = readBounded(path, maxFontBytes))
  }
  throw new EvidenceError('file-unreadable', `the font ${fontName} is not beside the program; install it again`, {
    where: fontName,
  })
}
/** Tables that shape text: every character is drawn by itself, at its own width, so that lines come out alike everywhere. */
const shaping = ['GSUB', 'GPOS', 'GDEF', 'BASE', 'STAT', 'vhea', 'vmtx', 'VORG', 'gasp']
/** The font with the characters of a text alone, as far as it has them; TrueType. Throws as {@link fontBytes}. */
export function fontFor(text) {
  const options = { targetFormat: 'truetype', noLayoutClosure: true, noHinting: true, dropTables: shaping }
  return subsetFont(fontBytes(), text, options)
}
//# sourceMappingURL=fonts.js.map
