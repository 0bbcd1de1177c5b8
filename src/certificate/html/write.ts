import { encodeQR } from 'qr'
import { toBase64 } from '../../core/base64.ts'
import { utf8 } from '../../core/bytes.ts'
import { markupText } from '../../core/markup.ts'
import { visible } from '../../core/text.ts'
import { certificateWords } from '../../words/certificate.ts'
import { type Attachments, inOrder } from '../attachments.ts'
import { type Block, contentOf, type Piece, type Said } from '../content.ts'
import type { CertificateModel } from '../model.ts'
import { type CheckerParts, checkerScripts, contentPolicy } from './checker.ts'
import { htmlHead } from './read.ts'
import { certificateStyle } from './style.ts'

/*
 * The certificate as one HTML file: the same words as the PDF, as text that needs no script to be read or printed; its attachments; and
 * the checker, which judges them where the file is opened. The same fields, attachments and checker make the same bytes.
 */

/** The checker that is put into certificates. */
export interface Checker {
  readonly parts: CheckerParts
  /** SHA-256, in hex, of the checker as a file of its own. */
  readonly sha256: string
}

/** Writes a certificate as HTML. */
export function writeHtmlCertificate(model: CertificateModel, attachments: Attachments, checker: Checker): Uint8Array {
  const attached = inOrder(attachments.keys())
  const content = contentOf(model, attached, 'html')
  const parts = { ...checker.parts, style: checker.parts.style + certificateStyle }
  const own = content.languages.map(
    (lang): Piece => ({ lang, text: certificateWords[lang].ownChecker(checker.sha256) }),
  )
  const unrun = content.languages.map((lang): Piece => ({ lang, text: certificateWords[lang].noScript }))
  return utf8(`${htmlHead}<html lang="${content.languages[0] === 'en' ? 'en' : 'zh-CN'}">
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${contentPolicy(parts)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${escaped(`${content.title} ${model.number}`)}</title>
<style>${parts.style}</style>
<body class="certificate">
<aside>
<div class="own">${paragraphs(own)}</div>
<noscript>${paragraphs(unrun)}</noscript>
<div id="evidence-live"></div>
</aside>
<main id="evidence-document">
${blocksOf(content.blocks)}</main>
<script type="application/json" id="evidence-attachments">${attachmentsText(attachments)}</script>
${checkerScripts(parts)}`)
}

/** The attachments as they stand in the file: one a line. */
export function attachmentsText(attachments: Attachments): string {
  const named = inOrder(attachments.keys()).map(
    (name) => `"${name}":"${toBase64(attachments.get(name) as Uint8Array)}"`,
  )
  return `{\n${named.join(',\n')}\n}\n`
}

function escaped(text: string): string {
  return markupText(visible(text))
}

function attributeOf({ lang }: Piece): string {
  return lang === undefined ? 'dir="auto"' : `lang="${lang === 'zh' ? 'zh-CN' : 'en'}"`
}

function paragraphs(said: Said): string {
  return said.map((piece) => `<p ${attributeOf(piece)}>${escaped(piece.text)}</p>`).join('')
}

function spans(said: Said): string {
  return said.map((piece) => `<span ${attributeOf(piece)}>${escaped(piece.text)}</span>`).join(' ')
}

function blocksOf(blocks: readonly Block[]): string {
  let html = ''
  let isInTable = false
  for (const block of blocks) {
    if ((block.is === 'row') !== isInTable) {
      html += isInTable ? '</tbody></table>\n' : '<table><tbody>\n'
      isInTable = !isInTable
    }
    html += `${blockText(block)}\n`
  }
  return isInTable ? `${html}</tbody></table>\n` : html
}

function blockText(block: Block): string {
  switch (block.is) {
    case 'title':
      return `<h1>${spans(block.said)}</h1>`
    case 'heading':
      return `<h2>${spans(block.said.map((piece, i) => (i === 0 ? { ...piece, text: `${block.number}  ${piece.text}` } : piece)))}</h2>`
    case 'subheading':
      return `<h3>${spans(block.said)}</h3>`
    case 'paragraph':
      return `<div class="${block.tone}">${paragraphs(block.said)}</div>`
    case 'list':
      return `<ul>${block.items.map((said) => `<li>${paragraphs(said)}</li>`).join('\n')}</ul>`
    case 'row':
      return `<tr><th scope="row">${paragraphs(block.label)}</th><td>${block.value.map(paragraphs).join('')}</td></tr>`
    case 'commands':
      return commands(block.lines)
    case 'code':
      return `<figure>${picture(block.data)}<figcaption>${paragraphs(block.said)}</figcaption></figure>\n${commands(block.data.split('\n'))}`
  }
}

function commands(lines: readonly string[]): string {
  return `<pre><code>${lines.map(escaped).join('\n')}</code></pre>`
}

/** A QR code, each row as strokes. */
function picture(data: string): string {
  const modules = encodeQR(data, 'raw', { ecc: 'medium', border: 2 })
  const strokes = modules.flatMap((row, y) =>
    row.flatMap((isDark, x) =>
      isDark && row[x - 1] !== true ? [`M${x} ${y}h${runFrom(row, x)}v1h-${runFrom(row, x)}z`] : [],
    ),
  )
  const side = modules.length
  return `<svg viewBox="0 0 ${side} ${side}" role="img" aria-label="${escaped(data)}"><path d="${strokes.join('')}"/></svg>`
}

function runFrom(row: readonly boolean[], from: number): number {
  let to = from
  while (row[to] === true) to++
  return to - from
}
