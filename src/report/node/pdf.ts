import type { Block as PdfBlock, Content, Piece, Said as PdfSaid } from '../../certificate/content.ts'
import { writeDocument } from '../../certificate/node/write.ts'
import type { Block, ReportDocument, Section, Value, Verdict } from '../document.ts'
import type { Said } from '../said.ts'

/** A comment of PDF after its first line: the program wrote it, as a report. */
const reportMark = '%evidence-ledger/report/v1'

/** What a report's PDF is besides what stands on it. */
export interface ReportFrame {
  /** Version of the program. */
  readonly version: string
  /** When the check ran, in milliseconds since 1970. */
  readonly ranAt: number
}

/**
 * The report as PDF/A-3a, to complete, print and sign: the same document as the HTML, with lines to write on where that has fields. Throws
 * `file-unreadable` where the font is not there.
 */
export function reportPdf(document: ReportDocument, { version, ranAt }: ReportFrame): Promise<Uint8Array> {
  return writeDocument(contentOf(document), {
    mark: reportMark,
    subject: document.subject,
    creator: `evidence-ledger ${version}`,
    date: new Date(ranAt),
    attach: () => {},
  })
}

function contentOf(document: ReportDocument): Content {
  const { title, alarm, intro, verdicts, sections } = document
  const languages = document.lang.startsWith('zh') ? (['zh', 'en'] as const) : (['en'] as const)
  return {
    languages,
    title: title.map(({ text }) => text).join(' · '),
    blocks: [
      { is: 'title', said: said(title) },
      ...(alarm === undefined ? [] : [notice(alarm.title), notice(alarm.text)]),
      ...intro.map((one): PdfBlock => ({ is: 'paragraph', said: said(one), tone: 'plain' })),
      ...verdicts.flatMap(verdictOf),
      ...sections.flatMap((section, i) => sectionOf(section, i + 1, document.refsLabel)),
    ],
    footer: (page, pages) => [{ lang: undefined, text: `${document.subject.slice(0, 16)} · ${page} / ${pages}` }],
  }
}

/** A writer of PDF knows two languages, and texts in none. */
function said(texts: Said): PdfSaid {
  return texts.map(({ lang, text }): Piece => ({ lang: languageOf(lang), text }))
}

function languageOf(tag: string | undefined): Piece['lang'] {
  if (tag === undefined) return undefined
  return tag.startsWith('zh') ? 'zh' : 'en'
}

function notice(text: Said): PdfBlock {
  return { is: 'paragraph', said: said(text), tone: 'notice' }
}

function verdictOf({ title, sentence, notices, subject, exit }: Verdict): PdfBlock[] {
  return [
    { is: 'paragraph', said: said(title), tone: 'verdict' },
    { is: 'paragraph', said: said(sentence), tone: 'plain' },
    ...notices.map(notice),
    { is: 'row', label: said(subject.label), value: [valueOf(subject.value)] },
    { is: 'paragraph', said: said(exit), tone: 'plain' },
  ]
}

function sectionOf({ title, refs, blocks }: Section, number: number, refsLabel: Said): PdfBlock[] {
  const references: PdfBlock[] =
    refs.length === 0
      ? []
      : [
          { is: 'paragraph', said: said(refsLabel), tone: 'plain' },
          { is: 'list', items: refs.map(said) },
        ]
  return [{ is: 'heading', number, said: said(title) }, ...references, ...blocks.flatMap(blocksOf)]
}

function blocksOf(block: Block): PdfBlock[] {
  switch (block.is) {
    case 'text':
      return [{ is: 'paragraph', said: said(block.said), tone: block.tone ?? 'plain' }]
    case 'heading':
      return [{ is: 'subheading', said: said(block.said) }]
    case 'list':
      return [{ is: 'list', items: block.items.map(said) }]
    case 'facts':
      return block.rows.map(({ label, value }) => ({ is: 'row', label: said(label), value: [valueOf(value)] }))
    case 'table':
      return block.rows.map((row) => rowOf(block.head, row))
    case 'blank':
      return Array.from({ length: block.lines }, (_, n) => blankLine(n === 0 ? said(block.label) : []))
    case 'command':
      return [
        { is: 'paragraph', said: said(block.label), tone: 'plain' },
        { is: 'commands', lines: [block.line] },
      ]
  }
}

/** A row of a table: its first value names it, and each other stands behind the head of its column. */
function rowOf(head: readonly Said[], [first, ...others]: readonly Value[]): PdfBlock {
  const value = others.map((one, i): PdfSaid => {
    const column = (head[i + 1] ?? []).map(({ text }) => text).join(' · ')
    return [{ lang: undefined, text: `${column}: ${textOf(one)}` }]
  })
  return { is: 'row', label: first === undefined ? [] : valueOf(first), value }
}

/** A line to be completed by hand. */
function blankLine(label: PdfSaid): PdfBlock {
  return { is: 'row', label, value: [[{ lang: undefined, text: '_'.repeat(60) }]] }
}

function valueOf(value: Value): PdfSaid {
  return value.as === 'said' ? said(value.said) : [{ lang: undefined, text: textOf(value) }]
}

function textOf(value: Value): string {
  return value.as === 'said' ? value.said.map(({ text }) => text).join(' · ') : value.text
}
