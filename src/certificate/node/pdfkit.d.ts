/** What is used here of pdfkit 0.20, which brings no types of its own. */
declare module 'pdfkit' {
  import type { Readable } from 'node:stream'

  export interface StructureContent {
    readonly refs: readonly unknown[]
  }
  export interface StructureElement {
    add(child: StructureElement | StructureContent): this
    end(): void
  }
  export interface StructureOptions {
    readonly lang?: string
    readonly alt?: string
    readonly scope?: 'Row' | 'Column'
    readonly bbox?: readonly [number, number, number, number]
  }
  /** An indirect object of the file. */
  export interface Reference {
    data: Record<string, unknown>
    buffer: Uint8Array[] | Uint8Array
    compress: boolean
    finalize(): void
  }
  export interface DocumentOptions {
    readonly size: 'A4'
    readonly margin: number
    readonly autoFirstPage: false
    readonly bufferPages: true
    readonly compress: false
    readonly pdfVersion: '1.7'
    readonly subset: 'PDF/A-3a'
    readonly tagged: true
    readonly displayTitle: true
    readonly lang: string
    readonly font?: null
    readonly info: Readonly<Record<string, string | Date>>
  }
  export interface FileOptions {
    readonly name: string
    readonly type: string
    readonly relationship: string
    readonly description: string
    readonly creationDate: Date
    readonly modifiedDate: Date
  }
  export default class PDFDocument extends Readable {
    constructor(options: DocumentOptions)
    _write(data: string | Uint8Array): void
    ref(data?: Record<string, unknown>): Reference
    /** The font in use; the inner one is fontkit’s. */
    readonly _font: { readonly font: { hasGlyphForCodePoint(code: number): boolean } }
    addPage(): this
    registerFont(name: string, bytes: Uint8Array): this
    font(name: string): this
    fontSize(size: number): this
    fillColor(colour: string): this
    strokeColor(colour: string): this
    lineWidth(width: number): this
    rect(x: number, y: number, width: number, height: number): this
    moveTo(x: number, y: number): this
    lineTo(x: number, y: number): this
    fill(): this
    stroke(): this
    text(text: string, x: number, y: number, options: { readonly lineBreak: false }): this
    widthOfString(text: string): number
    struct(type: string, options?: StructureOptions): StructureElement
    addStructure(element: StructureElement): this
    markStructureContent(tag: string): StructureContent
    markContent(tag: 'Artifact', options: { readonly type: 'Pagination' | 'Layout' }): this
    endMarkedContent(): this
    bufferedPageRange(): { readonly start: number; readonly count: number }
    switchToPage(page: number): unknown
    file(bytes: Uint8Array, options: FileOptions): unknown
    end(): void
  }
}

/** What is used here of subset-font 2.9, which brings no types of its own. */
declare module 'subset-font' {
  export default function subsetFont(
    font: Uint8Array,
    text: string,
    options: {
      readonly targetFormat: 'truetype'
      readonly noLayoutClosure: true
      readonly noHinting: true
      readonly dropTables: readonly string[]
    },
  ): Promise<Uint8Array>
}
