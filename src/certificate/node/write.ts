import { deflate } from 'pako'
import PDFDocument, { type Reference, type StructureElement } from 'pdfkit'
import { encodeQR } from 'qr'
import { concatAll } from '../../core/bytes.ts'
import { type AttachmentName, attachmentKind, type Attachments, inOrder } from '../attachments.ts'
import { type Block, type Content, contentOf, type Piece, type Said } from '../content.ts'
import { certificateFormat, type CertificateModel } from '../model.ts'
import { fontFor } from './fonts.ts'
import { type Atom, atomsOf, linesOf, type Metrics } from './layout.ts'

/*
 * The certificate as PDF/A-3a. The same fields and attachments make the same bytes, by whatever version of Node: dates are the certificate's,
 * the file's id comes of them, and streams are compressed by JavaScript, never by Node's zlib.
 */

const page = { width: 595.28, height: 841.89, margin: 54, bottom: 60 } as const
const column = { label: 150, gap: 12 } as const
const inner = page.width - 2 * page.margin

const colours = { text: '#000000', second: '#444444', notice: '#9b1c1c', line: '#b0b0b0' } as const
const font = 'certificate'

/** All but the attachments is compressed, so that these can be read out of the file by eye. */
class Document extends PDFDocument {
  override ref(data: Record<string, unknown> = {}): Reference {
    const made = super.ref(data)
    const finalize = made.finalize.bind(made)
    made.finalize = () => {
      const { buffer } = made
      const isPlain = made.data['Type'] === 'EmbeddedFile' || made.data['Type'] === 'Metadata'
      if (Array.isArray(buffer) && buffer.length > 0 && !isPlain) {
        made.buffer = [deflate(concatAll(buffer), { level: 9 })]
        made.data['Filter'] = 'FlateDecode'
      }
      finalize()
    }
    return made
  }
}

/** What a file begins with that this program made. */
export const certificateMark = `%${certificateFormat}`

/** The text of all that is drawn, for the font's subset: with all that a code point or an escape is written with. */
function textOf({ blocks, footer, title }: Content): string {
  const ascii = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i)).join('')
  return `${ascii}–` + title + JSON.stringify(blocks) + JSON.stringify(footer(1, 1))
}

/** Writes a certificate, without a seal. Throws `file-unreadable` where the font is not there. */
export async function writeCertificate(model: CertificateModel, attachments: Attachments): Promise<Uint8Array> {
  const attached = inOrder(attachments.keys())
  const date = new Date(model.stated.madeAt)
  return writeDocument(contentOf(model, attached), {
    mark: certificateMark,
    subject: model.number,
    creator: `evidence-ledger ${model.stated.program.version}`,
    date,
    attach: (doc) => {
      for (const name of attached) attach(doc, name, attachments.get(name) as Uint8Array, date)
    },
  })
}

/** What a document is besides what stands on it. */
export interface DocumentFrame {
  /** A comment of PDF after its first line, by which the program knows what it wrote. */
  readonly mark: string
  readonly subject: string
  readonly creator: string
  /** The one date of the document. */
  readonly date: Date
  readonly attach: (doc: PDFDocument) => void
}

/**
 * Writes a document as PDF/A-3a, tagged; the same content and frame make the same bytes. Throws `file-unreadable` where the font is not there.
 */
export async function writeDocument(content: Content, frame: DocumentFrame): Promise<Uint8Array> {
  const { date } = frame
  const doc = new Document({
    size: 'A4',
    margin: page.margin,
    autoFirstPage: false,
    bufferPages: true,
    compress: false,
    pdfVersion: '1.7',
    subset: 'PDF/A-3a',
    tagged: true,
    displayTitle: true,
    lang: content.languages[0] === 'en' ? 'en' : 'zh-CN',
    font: null,
    info: {
      Title: content.title,
      Subject: frame.subject,
      Creator: frame.creator,
      Producer: 'PDFKit',
      CreationDate: date,
      ModDate: date,
    },
  })
  const chunks: Uint8Array[] = []
  doc.on('data', (chunk: Uint8Array) => chunks.push(chunk))
  const ended = new Promise<void>((resolve, reject) => doc.on('end', resolve).on('error', reject))
  doc._write(frame.mark)
  doc.registerFont(font, await fontFor(textOf(content)))
  new Sheet(doc).write(content)
  frame.attach(doc)
  doc.end()
  await ended
  return concatAll(chunks)
}

function attach(doc: PDFDocument, name: AttachmentName, bytes: Uint8Array, date: Date): void {
  const { type, relationship, description } = attachmentKind(name)
  doc.file(bytes, { name, type, relationship, description, creationDate: date, modifiedDate: date })
}

interface Style {
  readonly size: number
  readonly colour: string
}

const styles = {
  title: { size: 17, colour: colours.text },
  heading: { size: 12, colour: colours.text },
  subheading: { size: 10, colour: colours.text },
  plain: { size: 9, colour: colours.text },
  verdict: { size: 11, colour: colours.text },
  notice: { size: 11, colour: colours.notice },
  commands: { size: 8.5, colour: colours.text },
  footer: { size: 7.5, colour: colours.second },
} as const satisfies Record<string, Style>

/** Leading, in sizes of the font. */
const leading = 1.45

/** The page as it is filled from top to bottom, and the structure beside it. */
class Sheet {
  readonly #doc: PDFDocument
  readonly #root: StructureElement
  readonly #widths = new Map<string, number>()
  #y = 0
  constructor(doc: PDFDocument) {
    this.#doc = doc
    this.#newPage()
    doc.font(font)
    this.#root = doc.struct('Document')
    doc.addStructure(this.#root)
  }

  write({ blocks, footer }: Content): void {
    for (let i = 0; i < blocks.length; ) {
      const rows: Extract<Block, { is: 'row' }>[] = []
      for (let at = blocks[i]; at?.is === 'row'; at = blocks[++i]) rows.push(at)
      if (rows.length > 0) this.#table(rows)
      const block = blocks[i]
      if (block === undefined || block.is === 'row') continue
      this.#block(block)
      i++
    }
    this.#root.end()
    this.#footers(footer)
  }

  #metrics(size: number): Metrics {
    const { font: inner } = this.#doc._font
    return {
      size,
      has: (code) => inner.hasGlyphForCodePoint(code),
      // Per thousand, so that one measure serves every size.
      widthOf: (character) => {
        let width = this.#widths.get(character)
        if (width === undefined) {
          width = this.#doc.fontSize(1000).widthOfString(character)
          this.#widths.set(character, width)
        }
        return (width * size) / 1000
      },
    }
  }

  #newPage(): void {
    this.#doc.addPage()
    this.#y = page.margin
  }

  /** Goes on to the next page where less than a height is left. */
  #need(height: number): void {
    if (this.#y + height > page.height - page.bottom) this.#newPage()
  }

  #element(parent: StructureElement, type: string, options: Parameters<PDFDocument['struct']>[1] = {}) {
    const element = this.#doc.struct(type, options)
    parent.add(element)
    return element
  }

  #lines(piece: Piece, { size }: Style, width: number): Atom[][] {
    return linesOf(atomsOf(piece.text, this.#metrics(size)), width)
  }

  /** Draws one line as content of an element, at a place of this page. */
  #line(element: StructureElement, line: readonly Atom[], x: number, y: number, style: Style): void {
    const doc = this.#doc
    element.add(doc.markStructureContent('P'))
    this.#glyphs(line, x, y, style)
    doc.endMarkedContent()
  }

  #glyphs(line: readonly Atom[], x: number, y: number, { size, colour }: Style): void {
    const doc = this.#doc
    doc.fontSize(size).fillColor(colour)
    let at = x
    let run = ''
    let start = x
    const flush = (): void => {
      if (run.length > 0) doc.text(run, start, y, { lineBreak: false })
      run = ''
    }
    for (const { text, width, isBox } of line) {
      if (isBox) {
        flush()
        doc.lineWidth(0.6).strokeColor(colour)
        doc.rect(at + size * 0.06, y + size * 0.42, size * 0.76, size * 0.76).stroke()
      } else {
        if (run.length === 0) start = at
        run += text
      }
      at += width
    }
    flush()
  }

  /** Draws a piece from here on, over as many pages as it takes. */
  #flow(element: StructureElement, piece: Piece, style: Style, x: number = page.margin, width: number = inner): void {
    for (const line of this.#lines(piece, style, width)) {
      this.#need(style.size * leading)
      this.#line(element, line, x, this.#y, style)
      this.#y += style.size * leading
    }
  }

  #said(parent: StructureElement, type: string, said: Said, style: Style, x?: number, width?: number): void {
    said.forEach((piece, i) => {
      const element = this.#element(parent, type, langOf(piece))
      this.#flow(element, piece, i === 0 ? style : second(style), x, width)
      element.end()
    })
  }

  #block(block: Exclude<Block, { is: 'row' }>): void {
    switch (block.is) {
      case 'title':
        return this.#heading('H1', block.said, styles.title)
      case 'heading': {
        this.#y += 8
        this.#need(72)
        this.#rule()
        const said = block.said.map((piece, i) =>
          i === 0 ? { ...piece, text: `${block.number}  ${piece.text}` } : piece,
        )
        return this.#heading('H2', said, styles.heading)
      }
      case 'subheading':
        this.#need(48)
        return this.#heading('H3', block.said, styles.subheading)
      case 'paragraph':
        this.#said(this.#root, 'P', block.said, styles[block.tone])
        this.#y += 4
        return
      case 'list':
        return this.#list(block.items)
      case 'commands':
        return this.#commands(block.lines)
      case 'code':
        return this.#code(block.data, block.said)
    }
  }

  #heading(type: 'H1' | 'H2' | 'H3', said: Said, style: Style): void {
    const element = this.#element(this.#root, type)
    this.#said(element, 'Span', said, style)
    element.end()
    this.#y += 3
  }

  #rule(): void {
    const doc = this.#doc
    doc.markContent('Artifact', { type: 'Layout' })
    doc.lineWidth(0.5).strokeColor(colours.line)
    doc
      .moveTo(page.margin, this.#y)
      .lineTo(page.width - page.margin, this.#y)
      .stroke()
    doc.endMarkedContent()
    this.#y += 5
  }

  #list(items: readonly Said[]): void {
    const list = this.#element(this.#root, 'L')
    for (const item of items) {
      const li = this.#element(list, 'LI')
      const label = this.#element(li, 'Lbl')
      this.#need(styles.plain.size * leading)
      this.#line(label, atomsOf('–', this.#metrics(styles.plain.size)), page.margin, this.#y, styles.plain)
      label.end()
      const body = this.#element(li, 'LBody')
      this.#said(body, 'P', item, styles.plain, page.margin + 14, inner - 14)
      body.end()
      li.end()
    }
    list.end()
    this.#y += 4
  }

  #commands(lines: readonly string[]): void {
    for (const text of lines) {
      const element = this.#element(this.#root, 'P')
      this.#flow(element, { lang: undefined, text }, styles.commands, page.margin + 14, inner - 14)
      element.end()
    }
    this.#y += 4
  }

  #table(rows: readonly Extract<Block, { is: 'row' }>[]): void {
    const table = this.#element(this.#root, 'Table')
    for (const row of rows) this.#row(table, row)
    table.end()
    this.#y += 3
  }

  #row(table: StructureElement, { label, value }: Extract<Block, { is: 'row' }>): void {
    const tr = this.#element(table, 'TR')
    const labels = label.map((piece, i) => {
      const style = i === 0 ? styles.plain : second(styles.plain)
      return { piece, style, lines: this.#lines(piece, style, column.label) }
    })
    const height = labels.reduce((sum, { style, lines }) => sum + lines.length * style.size * leading, 0)
    this.#need(height)
    const top = this.#y
    const th = this.#element(tr, 'TH', { scope: 'Row' })
    let y = top
    for (const { piece, style, lines } of labels) {
      const element = this.#element(th, 'Span', langOf(piece))
      for (const line of lines) {
        this.#line(element, line, page.margin, y, { ...style, colour: colours.second })
        y += style.size * leading
      }
      element.end()
    }
    th.end()
    const td = this.#element(tr, 'TD')
    const pages = this.#doc.bufferedPageRange().count
    const x = page.margin + column.label + column.gap
    for (const said of value) this.#said(td, 'P', said, styles.plain, x, inner - column.label - column.gap)
    td.end()
    tr.end()
    // A value that went on to another page has left the label behind.
    if (this.#doc.bufferedPageRange().count === pages) this.#y = Math.max(this.#y, y)
    this.#y += 2
  }

  #code(data: string, said: Said): void {
    this.#said(this.#root, 'P', said, styles.plain)
    this.#commands(data.split('\n'))
    const modules = encodeQR(data, 'raw', { ecc: 'medium', border: 2 })
    const side = 132
    const unit = side / modules.length
    this.#need(side + 8)
    const doc = this.#doc
    const [x, y] = [page.margin, this.#y]
    const figure = this.#element(this.#root, 'Figure', { alt: data, bbox: [x, y, x + side, y + side] })
    figure.add(doc.markStructureContent('Figure'))
    doc.fillColor(colours.text)
    modules.forEach((row, i) => {
      for (let from = 0; from < row.length; from++) {
        if (row[from] !== true) continue
        let to = from
        while (row[to + 1] === true) to++
        doc.rect(x + from * unit, y + i * unit, (to - from + 1) * unit, unit)
        from = to
      }
    })
    doc.fill()
    doc.endMarkedContent()
    figure.end()
    this.#y += side + 6
  }

  #footers(footer: Content['footer']): void {
    const doc = this.#doc
    const { start, count } = doc.bufferedPageRange()
    for (let i = 0; i < count; i++) {
      doc.switchToPage(start + i)
      doc.markContent('Artifact', { type: 'Pagination' })
      footer(i + 1, count).forEach((piece, at) => {
        const atoms = atomsOf(piece.text, this.#metrics(styles.footer.size))
        this.#glyphs(atoms, page.margin, page.height - page.bottom + 16 + at * 10, styles.footer)
      })
      doc.endMarkedContent()
    }
  }
}

/** What stands below the first language. */
function second(style: Style): Style {
  return { size: style.size * 0.86, colour: style.colour === colours.text ? colours.second : style.colour }
}

function langOf({ lang }: Piece): { lang?: string } {
  return lang === undefined ? {} : { lang: lang === 'zh' ? 'zh-CN' : 'en' }
}
