import { concat, latin1, utf8 } from '../../core/bytes.ts'
import { isDict, isRef, type PdfFile, type PdfObject } from './syntax.ts'
import { EvidenceError } from '../../core/errors.ts'

/*
 * A seal is one addition at the end of a certificate (PAdES: an incremental update with a signature field that is nowhere to be seen).
 * All of it follows from the certificate but for the signature's own bytes, so that a reader can tell it from any other addition.
 */

/** Room for a signature with its certificates, in bytes. */
export const sealRoom = 16 * 1024
const contents = '/Contents <'

/** A certificate with the place for its seal, which is zeros still. */
export interface SealPlace {
  readonly bytes: Uint8Array
  /** Where the signature's hexadecimal digits begin and end. */
  readonly from: number
  readonly to: number
}

const ten = (n: number): string => String(n).padStart(10, '0')

/** A dictionary's text with a member added. */
function withMember(bytes: Uint8Array, { id, from, to }: PdfObject, member: string): string {
  const text = latin1(bytes.subarray(from, to))
  return `${id} 0 obj\n${text.slice(0, -2)}${member}\n>>\nendobj\n`
}

/** Adds the place for a seal to a certificate that has none. Throws `certificate-malformed`. */
export function withSealPlace(bytes: Uint8Array, file: PdfFile): SealPlace {
  const { objects, trailer, xref, length } = file
  const object = (value: unknown): PdfObject => {
    const found = isRef(value as never) ? objects.get((value as { ref: number }).ref) : undefined
    if (found === undefined || !isDict(found.value))
      throw new EvidenceError('certificate-malformed', 'the document has no pages')
    return found
  }
  const catalog = object(trailer.get('Root'))
  const pages = object(isDict(catalog.value) ? catalog.value.get('Pages') : undefined)
  const kids = isDict(pages.value) ? pages.value.get('Kids') : undefined
  const page = object(Array.isArray(kids) ? kids[0] : undefined)
  const info = object(trailer.get('Info'))
  const dateRef = isDict(info.value) ? info.value.get('CreationDate') : undefined
  const dateObject = isRef(dateRef) ? objects.get(dateRef.ref) : undefined
  const date = dateObject === undefined ? '()' : latin1(bytes.subarray(dateObject.from, dateObject.to))
  const field = objects.size + 1
  const signature = field + 1
  const range = '/ByteRange [0 AAAAAAAAAA BBBBBBBBBB CCCCCCCCCC]'
  const parts = [
    withMember(bytes, page, `/Annots [${field} 0 R]`),
    withMember(bytes, catalog, `/AcroForm << /Fields [${field} 0 R] /SigFlags 3 >>`),
    `${field} 0 obj\n<< /Type /Annot /Subtype /Widget /FT /Sig /T (Seal) /V ${signature} 0 R /F 132 /Rect [0 0 0 0] /P ${page.id} 0 R >>\nendobj\n`,
    `${signature} 0 obj\n<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached /M ${date}\n${range}\n${contents}${'0'.repeat(2 * sealRoom)}> >>\nendobj\n`,
  ]
  const ids = [page.id, catalog.id, field, signature]
  let at = length
  const offsets = parts.map((part) => {
    const here = at
    at += part.length
    return here
  })
  const table = ids
    .map((id, i) => ({ id, offset: offsets[i] as number }))
    .sort((a, b) => a.id - b.id)
    .map(({ id, offset }) => `${id} 1\n${ten(offset)} 00000 n \n`)
    .join('')
  const idText = /\/ID \[<[0-9a-f]{32}> <[0-9a-f]{32}>\]/.exec(latin1(bytes.subarray(xref, length)))?.[0] ?? ''
  const root = `/Root ${catalog.id} 0 R\n/Info ${info.id} 0 R\n${idText}`
  const tail = `xref\n${table}trailer\n<<\n/Size ${signature + 1}\n${root}\n/Prev ${xref}\n>>\nstartxref\n${at}\n%%EOF\n`
  const update = parts.join('') + tail
  const from = length + update.indexOf(contents) + contents.length
  const to = from + 2 * sealRoom
  const total = length + update.length
  const ranged = update
    .replace('AAAAAAAAAA', () => ten(from - 1))
    .replace('BBBBBBBBBB', () => ten(to + 1))
    .replace('CCCCCCCCCC', () => ten(total - to - 1))
  return { bytes: concat(bytes.subarray(0, length), fromLatin1(ranged)), from, to }
}

function fromLatin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0))
}

/** What a seal's signature is over: all but its own digits and the brackets around them. */
export function sealedBytes({ bytes, from, to }: SealPlace): Uint8Array {
  return concat(bytes.subarray(0, from - 1), bytes.subarray(to + 1))
}

/** Puts a signature into its place. Throws `seal-key-unfit` where it is too long. */
export function withSeal({ bytes, from, to }: SealPlace, hex: string): Uint8Array {
  if (hex.length > to - from)
    throw new EvidenceError('seal-key-unfit', 'the seal with its certificates is too long for a certificate')
  return concat(bytes.subarray(0, from), utf8(hex.padEnd(to - from, '0')), bytes.subarray(to))
}
