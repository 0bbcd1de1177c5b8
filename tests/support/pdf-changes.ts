import { deflateSync, inflateSync } from 'node:zlib'
import { certificateHead } from '../../src/certificate/pdf/read.ts'
import { isDict, nameOf, readPdf, type PdfObject } from '../../src/certificate/pdf/syntax.ts'

/** An object of a document that is being changed: its dictionary as text, and its stream as it is once it is inflated. */
export interface Draft {
  readonly id: number
  text: string
  stream: Buffer | undefined
}

/** A document taken apart. */
export interface Drafts {
  readonly all: Draft[]
  /** The object whose dictionary has this type. */
  readonly ofType: (type: string) => Draft
  readonly add: (text: string, stream?: Buffer) => Draft
}

function draftOf(bytes: Uint8Array, { id, from, to, stream, value }: PdfObject): Draft & { type: string | undefined } {
  const isPacked = isDict(value) && nameOf(value.get('Filter')) === 'FlateDecode'
  return {
    id,
    type: isDict(value) ? nameOf(value.get('Type')) : undefined,
    text: Buffer.from(bytes.subarray(from, to)).toString('latin1'),
    stream: stream === undefined ? undefined : isPacked ? inflateSync(stream) : Buffer.from(stream),
  }
}

/** Changes a document as an editor would that writes it anew: every length and the cross-reference table are right again. */
export function changed(bytes: Uint8Array, change: (drafts: Drafts) => void): Uint8Array {
  const file = readPdf(bytes, certificateHead)
  const all = [...file.objects.values()].sort((a, b) => a.offset - b.offset).map((one) => draftOf(bytes, one))
  const list: Draft[] = all
  change({
    all: list,
    ofType: (type) => all.find((one) => one.type === type) as Draft,
    add: (text, stream) => {
      const draft = { id: list.length + 1, text, stream }
      list.push(draft)
      return draft
    },
  })
  const parts: Buffer[] = [Buffer.from(certificateHead, 'latin1')]
  const offsets = new Map<number, number>()
  let at = certificateHead.length
  const push = (part: Buffer): void => {
    parts.push(part)
    at += part.length
  }
  for (const { id, text, stream } of list) {
    offsets.set(id, at)
    const packed = stream !== undefined && text.includes('/FlateDecode') ? deflateSync(stream) : stream
    const body = packed === undefined ? text : text.replace(/\/Length \d+/, `/Length ${packed.length}`)
    push(Buffer.from(`${id} 0 obj\n${body}\n`, 'latin1'))
    if (packed !== undefined) push(Buffer.concat([Buffer.from('stream\n'), packed, Buffer.from('\nendstream\n')]))
    push(Buffer.from('endobj\n'))
  }
  const xref = at
  const rows = list.map((_, i) => `${String(offsets.get(i + 1)).padStart(10, '0')} 00000 n \n`).join('')
  const own = Buffer.from(bytes.subarray(file.xref, file.length)).toString('latin1')
  const trailer = own.slice(own.indexOf('trailer\n')).replace(/\/Size \d+/, `/Size ${list.length + 1}`)
  const tail = `xref\n0 ${list.length + 1}\n0000000000 65535 f \n${rows}${trailer.replace(/startxref\n\d+/, `startxref\n${xref}`)}`
  push(Buffer.from(tail, 'latin1'))
  return new Uint8Array(Buffer.concat(parts))
}

/** The first page, and the stream that draws it. */
export function firstPage({ all, ofType }: Drafts): { page: Draft; content: Draft; resources: Draft } {
  const kids = /\/Kids \[(\d+) 0 R/.exec(ofType('Pages').text)
  const page = all.find(({ id }) => id === Number(kids?.[1])) as Draft
  const byRef = (name: string): Draft =>
    all.find(({ id }) => id === Number(new RegExp(`/${name} (\\d+) 0 R`).exec(page.text)?.[1])) as Draft
  return { page, content: byRef('Contents'), resources: byRef('Resources') }
}

/** Adds a revision to the end of a document, as editors and viewers do that save a change. */
export function withRevision(bytes: Uint8Array, id: number, text: string): Uint8Array {
  const file = readPdf(bytes, certificateHead)
  const object = `${id} 0 obj\n${text}\nendobj\n`
  const own = Buffer.from(bytes.subarray(file.xref, file.length)).toString('latin1')
  const trailer = own.slice(own.indexOf('trailer\n')).replace('\n>>\nstartxref', `\n/Prev ${file.xref}\n>>\nstartxref`)
  const at = bytes.length
  const tail = `xref\n${id} 1\n${String(at).padStart(10, '0')} 00000 n \n${trailer.replace(/startxref\n\d+/, `startxref\n${at + object.length}`)}`
  return new Uint8Array(Buffer.concat([bytes, Buffer.from(object + tail, 'latin1')]))
}
