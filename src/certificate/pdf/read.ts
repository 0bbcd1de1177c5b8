import { equalBytes, latin1 } from '../../core/bytes.ts'
import { EvidenceError } from '../../core/errors.ts'
import type { Finding } from '../../verify/report.ts'
import { attachmentKind, type AttachmentName, type Attachments, isAttachmentName } from '../attachments.ts'
import { certificateFormat } from '../model.ts'
import { type SealPlace, sealRoom, withSealPlace } from './seal-place.ts'
import { type Dict, isDict, isRef, nameOf, type PdfFile, type PdfObject, readPdf, type Value } from './syntax.ts'

/*
 * Takes the attachments out of a certificate. It reads what our writer writes and nothing else; what else stands in such a file (an
 * annotation, a picture, a later addition) is told as a finding, for the attachments prove what they prove beside it.
 */

/** What the first bytes of every certificate are. */
export const certificateHead = `%PDF-1.7\n%\u00ff\u00ff\u00ff\u00ff\n%${certificateFormat}\n`

/** True for what begins as a certificate does. */
export function isCertificate(beginning: Uint8Array): boolean {
  return latin1(beginning.subarray(0, certificateHead.length)) === certificateHead
}

/** A seal as it stands in a document: not judged. */
export interface ReadSeal extends SealPlace {
  /** The CMS signature, with the zeros after it. */
  readonly signature: Uint8Array
}

export interface ReadCertificate {
  readonly attachments: Attachments
  /** The document up to its first end: what was written before any seal. */
  readonly unsealed: Uint8Array
  readonly seal: ReadSeal | undefined
  /** What no program of ours writes. */
  readonly marks: readonly Finding[]
}

/**
 * Reads a certificate. Throws `certificate-malformed` where it cannot be read as one, `certificate-attachment-twice` where two files of
 * one name are attached.
 */
export function readCertificate(bytes: Uint8Array): ReadCertificate {
  const file = readPdf(bytes, certificateHead)
  const unsealed = bytes.subarray(0, file.length)
  const { seal, marks } = readAddition(bytes, file)
  return { attachments: readAttachments(file), unsealed, seal, marks: [...structureMarks(file), ...marks] }
}

function altered(where: string, message: string): Finding {
  return { code: 'certificate-altered', where, message }
}

/** What was added after the document's first end: nothing, or a seal. */
function readAddition(bytes: Uint8Array, file: PdfFile): Pick<ReadCertificate, 'seal' | 'marks'> {
  if (bytes.length === file.length) return { seal: undefined, marks: [] }
  const place = withSealPlace(bytes.subarray(0, file.length), file)
  const isPlace =
    bytes.length === place.bytes.length &&
    equalBytes(bytes.subarray(0, place.from), place.bytes.subarray(0, place.from)) &&
    equalBytes(bytes.subarray(place.to), place.bytes.subarray(place.to))
  const digits = isPlace ? latin1(bytes.subarray(place.from, place.to)) : ''
  if (isPlace && /^[0-9a-f]*$/.test(digits))
    return { seal: { ...place, bytes, signature: fromHexDigits(digits) }, marks: [] }
  const message = `Something was added after the certificate’s own end, at byte ${file.length}, which is no seal of ours.`
  return { seal: undefined, marks: [altered('addition', message)] }
}

function fromHexDigits(digits: string): Uint8Array {
  return Uint8Array.from({ length: sealRoom }, (_, i) => Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16))
}

const catalogKeys = new Set([
  'Type',
  'Pages',
  'Names',
  'Lang',
  'MarkInfo',
  'StructTreeRoot',
  'ViewerPreferences',
  'AF',
  'OutputIntents',
  'Metadata',
])

/** Members by which a document does something, or shows what is not on its pages. */
const active = new Set([
  'Annots',
  'AA',
  'AcroForm',
  'JS',
  'JavaScript',
  'OpenAction',
  'XFA',
  'Launch',
  'OCProperties',
  'XObject',
])

function structureMarks({ objects, trailer }: PdfFile): Finding[] {
  const marks: Finding[] = []
  const catalog = dictOf(objects, trailer.get('Root'))
  for (const key of catalog.keys())
    if (!catalogKeys.has(key)) marks.push(altered(key, `The document has ${key}, which no certificate has.`))
  let fonts = 0
  for (const { id, value } of objects.values()) {
    const found = [...dictsIn(value)]
    for (const dict of found) {
      // Only the document itself, and only a file's specification, name files.
      const isOther =
        (dict.has('AF') && dict !== catalog) || (dict.has('EF') && nameOf(dict.get('Type')) !== 'Filespec')
      if (isOther) marks.push(altered(`object ${id}`, 'The document names files in a place where no certificate does.'))
      const [type, subtype] = [nameOf(dict.get('Type')), nameOf(dict.get('Subtype'))]
      if (type === 'Font' && subtype === 'Type0') fonts++
      if (type === 'Annot')
        marks.push(altered(`object ${id}`, 'The document has an annotation, which no certificate has.'))
      if (subtype === 'Image' || subtype === 'Form')
        marks.push(altered(`object ${id}`, 'The document has a picture, which no certificate has.'))
      for (const key of dict.keys())
        if (active.has(key)) marks.push(altered(`object ${id}`, `The document has ${key}, which no certificate has.`))
    }
  }
  if (fonts !== 1) marks.push(altered('Font', `The document has ${fonts} fonts, and every certificate has one.`))
  return marks
}

function* dictsIn(value: Value): Generator<Dict> {
  if (isDict(value)) {
    yield value
    for (const inner of value.values()) yield* dictsIn(inner)
  } else if (Array.isArray(value)) for (const inner of value as readonly Value[]) yield* dictsIn(inner)
}

function dictOf(objects: PdfFile['objects'], value: Value | undefined): Dict {
  const found = isRef(value) ? objects.get(value.ref)?.value : value
  if (isDict(found)) return found
  throw new EvidenceError('certificate-malformed', 'the document lacks a part that every certificate has')
}

/** The attached files: those that the document names, each once, and no other. */
function readAttachments({ objects, trailer }: PdfFile): Attachments {
  const bad = (why: string): EvidenceError =>
    new EvidenceError('certificate-malformed', `the document ${why}`, { where: 'attachments' })
  const catalog = dictOf(objects, trailer.get('Root'))
  const named = dictOf(objects, dictOf(objects, catalog.get('Names')).get('EmbeddedFiles'))
  const list = named.get('Names')
  const associated = catalog.get('AF')
  if (!Array.isArray(list) || list.length % 2 !== 0 || !Array.isArray(associated) || named.size !== 1)
    throw bad('has no list of its attachments')
  const attachments = new Map<AttachmentName, Uint8Array>()
  const taken = new Set<number>()
  for (let i = 0; i < list.length; i += 2) {
    const name = list[i] as Value
    if (typeof name !== 'string' || !isAttachmentName(name)) throw bad('has an attachment that no certificate has')
    if (attachments.has(name)) throw twice(name)
    const spec = dictOf(objects, list[i + 1] as Value)
    if (spec.get('F') !== name || spec.get('UF') !== name) throw bad(`has an attachment ${name} under another name`)
    const embedded = dictOf(objects, spec.get('EF'))
    // A viewer that prefers another member would show another file than was judged.
    if (embedded.size !== 1) throw twice(name)
    const file = embedded.get('F')
    const object = isRef(file) ? objects.get(file.ref) : undefined
    attachments.set(name, contentOf(object, name, bad))
    if (object !== undefined) taken.add(object.id)
  }
  const isListed = associated.every((one) => list.some((other) => isRef(one) && isRef(other) && one.ref === other.ref))
  if (associated.length !== attachments.size || !isListed) throw twice('whose two lists of attachments differ')
  for (const { id, value } of objects.values()) {
    const isFile = isDict(value) && nameOf(value.get('Type')) === 'EmbeddedFile'
    const isSpec = isDict(value) && nameOf(value.get('Type')) === 'Filespec'
    if (isFile && !taken.has(id)) throw twice('and one more, which it does not name')
    if (isSpec && !list.some((one) => isRef(one) && one.ref === id)) throw twice('and one more, which it does not name')
  }
  return attachments
}

function twice(what: string): EvidenceError {
  return new EvidenceError(
    'certificate-attachment-twice',
    isAttachmentName(what)
      ? `the document has two attachments of the name ${what}: a viewer may show another than was judged`
      : `the document has attachments ${what}: a viewer may show another than was judged`,
    { where: what },
  )
}

function contentOf(
  object: PdfObject | undefined,
  name: AttachmentName,
  bad: (why: string) => EvidenceError,
): Uint8Array {
  if (object === undefined || !isDict(object.value) || nameOf(object.value.get('Type')) !== 'EmbeddedFile')
    throw bad(`has no content for ${name}`)
  // Empty streams are not written as streams; no attachment of ours is empty.
  if (object.stream === undefined || object.value.has('Filter')) throw bad(`has ${name} otherwise than as it is`)
  if (object.stream.length > attachmentKind(name).most) throw bad(`has a ${name} that is too long`)
  return object.stream
}
