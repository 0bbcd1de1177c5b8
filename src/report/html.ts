import { toBase64, toHex } from '../core/base64.ts'
import { fromUtf8, latin1, utf8 } from '../core/bytes.ts'
import { sha256 } from '../core/hash.ts'
import { inGroups } from '../told/digits.ts'
import type { Block, ReportDocument, Section, Value, Verdict } from './document.ts'
import { el, Markup } from './markup.ts'
import type { Said } from './said.ts'
import { reportStyle } from './style.ts'

/** The report as one HTML file: no script, nothing that is loaded, well-formed XML too. The same document gives the same bytes. */
export function reportHtml(document: ReportDocument): string {
  const policy = [
    "default-src 'none'",
    `style-src 'sha256-${toBase64(sha256(utf8(reportStyle)))}'`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ')
  const { lang, subject, title, sections } = document
  const page = el(
    'html',
    { lang },
    el(
      'head',
      {},
      el('meta', { charset: 'utf-8' }),
      el('meta', { name: subjectName, content: subject }),
      el('meta', { 'http-equiv': 'Content-Security-Policy', content: policy }),
      el('meta', { name: 'viewport', content: 'width=device-width' }),
      el('meta', { name: 'referrer', content: 'no-referrer' }),
      el('title', {}, title.map(({ text }) => text).join(' · ')),
      Markup.style(reportStyle),
    ),
    el(
      'body',
      {},
      el('header', {}, ...head(document)),
      el('main', {}, ...sections.map((section, i) => sectionOf(section, i + 1, document))),
    ),
  )
  const above = `${beginning}${page.source}\n`
  return `${above}${sumLine(above)}`
}

const beginning = '<!DOCTYPE html>\n'
const subjectName = 'evidence-report'

/** The last line: that nobody has completed or changed what stands above. */
function sumLine(above: string): string {
  return `<!-- SHA-256 of all above this line: ${toHex(sha256(utf8(above)))} -->\n`
}

/**
 * What a report is about, from its bytes: the subject of its model. Undefined of bytes that are no report of this program, or one that was
 * completed or changed since it was written.
 */
export function reportSubject(bytes: Uint8Array): string | undefined {
  // What is completed or signed by hand is kept: a PDF is never written over.
  if (latin1(bytes.subarray(0, 5)) === '%PDF-') return undefined
  const text = fromUtf8(bytes, 'report')
  const at = text.lastIndexOf('<!-- ')
  if (at < 0 || text.slice(at) !== sumLine(text.slice(0, at))) return undefined
  if (!text.startsWith(`${beginning}<html`)) return undefined
  return /<meta name="evidence-report" content="([0-9a-f]{64})"\/>/.exec(text)?.[1]
}

function head({ title, alarm, intro, verdicts }: ReportDocument): Markup[] {
  return [
    ...(alarm === undefined
      ? []
      : [el('div', { class: 'alarm', role: 'alert' }, el('strong', {}, ...of(alarm.title)), ...paragraph(alarm.text))]),
    el('h1', {}, ...of(title)),
    ...verdicts.map(verdictOf),
    ...intro.flatMap(paragraph),
  ]
}

function verdictOf({ kind, mark, title, sentence, notices, subject, exit }: Verdict): Markup {
  return el(
    'div',
    { class: `verdict ${kind}` },
    el('div', { class: 'mark', 'aria-hidden': 'true' }, mark),
    el(
      'div',
      {},
      el('strong', {}, ...of(title)),
      ...paragraph(sentence),
      ...notices.map((notice) => el('p', { class: 'notice' }, el('strong', {}, ...of(notice)))),
      el('p', {}, ...of(subject.label), ' ', valueOf(subject.value)),
      el('p', {}, ...of(exit)),
    ),
  )
}

function sectionOf({ name, title, refs, blocks }: Section, number: number, { refsLabel }: ReportDocument): Markup {
  return el(
    'section',
    { id: name },
    el('h2', {}, el('span', {}, `${number}. `), el('span', {}, ...of(title))),
    ...(refs.length === 0 ? [] : [el('div', { class: 'refs' }, ...of(refsLabel), list(refs, false))]),
    ...blocks.map(blockOf),
  )
}

function blockOf(block: Block): Markup {
  switch (block.is) {
    case 'text':
      return el('p', {}, ...of(block.said))
    case 'heading':
      return el('h3', {}, ...of(block.said))
    case 'list':
      return list(block.items, block.isOrdered === true)
    case 'facts':
      return el(
        'dl',
        {},
        ...block.rows.flatMap(({ label, value }) => [el('dt', {}, ...of(label)), el('dd', {}, valueOf(value))]),
      )
    case 'table':
      return tableOf(block)
    case 'blank':
      return el(
        'div',
        { class: 'blank' },
        ...of(block.label),
        ...Array.from({ length: block.lines }, () => el('div', { class: 'line' })),
      )
    case 'command':
      return el('div', {}, ...of(block.label), el('pre', { dir: 'ltr', translate: 'no' }, block.line))
  }
}

function tableOf({ head: titles, rows }: Extract<Block, { is: 'table' }>): Markup {
  const body = rows.map((row) => el('tr', {}, ...row.map((value) => el('td', {}, valueOf(value)))))
  const columns = titles.map((title) => el('th', { scope: 'col' }, ...of(title)))
  return el(
    'table',
    {},
    ...(titles.length === 0 ? [] : [el('thead', {}, el('tr', {}, ...columns))]),
    el('tbody', {}, ...body),
  )
}

function list(items: readonly Said[], isOrdered: boolean): Markup {
  return el(isOrdered ? 'ol' : 'ul', {}, ...items.map((item) => el('li', {}, ...of(item))))
}

function paragraph(text: Said): Markup[] {
  return [el('p', {}, ...of(text))]
}

/** A text in each language, marked with it; what is in none stands by itself. Apart also where no style is. */
function of(said: Said): (Markup | string)[] {
  return said.flatMap(({ lang, text }, i) => [
    ...(i === 0 ? [] : [' ']),
    lang === undefined ? el('bdi', { dir: 'auto' }, text) : el('span', { lang }, text),
  ])
}

function valueOf(value: Value): Markup {
  if (value.as === 'said') return el('div', {}, ...of(value.said))
  if (value.as === 'name') return el('bdi', { class: 'name', dir: 'auto', translate: 'no' }, value.text)
  // A fingerprint comes in groups of its own.
  const groups = (value.text.includes(' ') ? value.text : inGroups(value.text)).split(' ')
  return el('code', { class: 'hash', dir: 'ltr', translate: 'no' }, ...groups.map((group) => el('span', {}, group)))
}
