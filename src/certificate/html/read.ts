import { attempt } from '../../core/attempt.ts'
import { tryBase64 } from '../../core/base64.ts'
import { fromUtf8, latin1 } from '../../core/bytes.ts'
import { EvidenceError } from '../../core/errors.ts'
import { visible } from '../../core/text.ts'
import type { Finding } from '../../verify/report.ts'
import { attachmentKind, type AttachmentName, type Attachments, inOrder, isAttachmentName } from '../attachments.ts'
import { certificateFormat } from '../model.ts'
import { contentPolicy } from './checker.ts'

/*
 * Takes the attachments out of a certificate in HTML. It reads what our writer writes and nothing else. What else stands in such a file
 * (another element, another script, an addition) is told as a finding, for the attachments prove what they prove beside it.
 */

/** What the first bytes of every certificate in HTML are. */
export const htmlHead = `<!doctype html>\n<!--${certificateFormat}-->\n`

/** The element of the attachments. */
export const attachmentsId = 'evidence-attachments'

/** True for what begins as a certificate in HTML does. */
export function isHtmlCertificate(beginning: Uint8Array): boolean {
  return latin1(beginning.subarray(0, htmlHead.length)) === htmlHead
}

const malformed = (why: string): EvidenceError =>
  new EvidenceError('certificate-malformed', `the document ${why}`, { where: 'attachments' })

const altered = (where: string, message: string): Finding => ({ code: 'certificate-altered', where, message })

/**
 * Reads a certificate in HTML. Throws `certificate-malformed` where it cannot be read as one, `certificate-attachment-twice` where it has
 * its attachments twice.
 */
export function readHtmlCertificate(bytes: Uint8Array): {
  readonly attachments: Attachments
  readonly marks: readonly Finding[]
} {
  if (!isHtmlCertificate(bytes)) throw malformed('does not begin as a certificate does')
  const text = textOf(bytes)
  const { before, scripts, after } = partedBy(text)
  const blocks = scripts.filter(({ tag }) => tag.toLowerCase().includes(attachmentsId))
  const [block, other] = blocks
  if (block === undefined) throw malformed('has no attachments')
  if (other !== undefined || [...before, after].some(namesBlock))
    throw new EvidenceError(
      'certificate-attachment-twice',
      'the document has its attachments twice: a browser may show others than were judged',
      { where: 'attachments' },
    )
  return {
    attachments: parseAttachments(block.content),
    marks: [...documentMarks(before[0] as string, scripts), ...scriptMarks(before, scripts, after)],
  }
}

function textOf(bytes: Uint8Array): string {
  const text = attempt(() => fromUtf8(bytes, 'certificate'))
  if (typeof text !== 'string') throw malformed('is not UTF-8')
  return text
}

/** Whether an element that is no script has the name of the attachments; the text, which says how to take them out, may have it. */
function namesBlock(text: string): boolean {
  return Array.from(text.matchAll(/<[^>]*>?/g)).some(([tag]) => tag.toLowerCase().includes(attachmentsId))
}

interface Script {
  readonly tag: string
  readonly content: string
}

/** All scripts, with what stands before each, and what stands after the last. */
function partedBy(text: string): { before: string[]; scripts: Script[]; after: string } {
  const before: string[] = []
  const scripts: Script[] = []
  let at = 0
  for (;;) {
    const from = searchFrom(text, /<script/gi, at)
    if (from < 0) return { before, scripts, after: text.slice(at) }
    const open = text.indexOf('>', from)
    const end = open < 0 ? -1 : searchFrom(text, /<\/script/gi, open)
    if (end < 0) throw malformed('has a script without an end')
    before.push(text.slice(at, from))
    scripts.push({ tag: text.slice(from, open + 1), content: text.slice(open + 1, end) })
    at = text.startsWith('</script>', end) ? end + 9 : end
  }
}

function searchFrom(text: string, pattern: RegExp, at: number): number {
  pattern.lastIndex = at
  return pattern.exec(text)?.index ?? -1
}

/** Reads the attachments as they stand in the file: base64 by name, one a line. Throws as {@link readHtmlCertificate}. */
export function parseAttachments(text: string): Attachments {
  const attachments = new Map<AttachmentName, Uint8Array>()
  const [first, ...lines] = text.split('\n')
  if (first !== '{' || lines.at(-2) !== '}' || lines.at(-1) !== '') throw malformed('has attachments in another form')
  const named = lines.slice(0, -2)
  let last: AttachmentName | undefined
  for (const [i, line] of named.entries()) {
    const [, name = '', base64 = ''] = /^"([a-z0-9.-]+)":"([A-Za-z0-9+/=]*)"(?:,)?$/.exec(line) ?? []
    if (!isAttachmentName(name)) throw malformed('has an attachment that no certificate has')
    if (attachments.has(name))
      throw new EvidenceError(
        'certificate-attachment-twice',
        `the document has two attachments of the name ${name}: a browser may show another than was judged`,
        { where: name },
      )
    const bytes = tryBase64(base64)
    const isAfter = last === undefined || inOrder([name, last])[0] === last
    if (bytes === undefined || !isAfter || line.endsWith(',') !== i < named.length - 1)
      throw malformed(`has ${name} otherwise than as it is`)
    if (bytes.length > attachmentKind(name).most) throw malformed(`has a ${name} that is too long`)
    attachments.set(name, bytes)
    last = name
  }
  return attachments
}

/** Every tag that the writer writes into the document itself. */
const tags = [
  /^<\/?(?:h1|h2|h3|ul|li|table|tbody|tr|td|pre|code|figure|figcaption|aside|noscript)>$/,
  /^<\/(?:p|span|div|th|main|svg)>$/,
  /^<(?:p|span) (?:lang="(?:zh-CN|en)"|dir="auto")>$/,
  /^<div class="(?:plain|verdict|notice|own)">$/,
  /^<(?:div id="evidence-live"|main id="evidence-document"|th scope="row")>$/,
  /^<svg viewBox="0 0 \d{1,3} \d{1,3}" role="img" aria-label="[^"<>]*">$/,
  /^<path d="[Mhvz0-9 -]*"\/>$/,
]

const headPattern =
  /^<html lang="(?:zh-CN|en)">\n<meta charset="utf-8">\n<meta http-equiv="Content-Security-Policy" content="([^"<>]*)">\n<meta name="viewport" content="width=device-width, initial-scale=1">\n<meta name="referrer" content="no-referrer">\n<title>[^<>]*<\/title>\n<style>([^<]*)<\/style>\n<body class="certificate">\n/

/** Elements that are told one by one; more of them say nothing more. */
const mostMarks = 10

function documentMarks(before: string, scripts: readonly Script[]): Finding[] {
  const inner = before.slice(htmlHead.length)
  const head = headPattern.exec(inner)
  if (head === null) return [altered('head', 'The document does not begin as every certificate does.')]
  const [whole, policy, style = ''] = head
  const script = scripts.at(-1)?.content ?? ''
  const marks: Finding[] = []
  if (policy !== contentPolicy({ style, script }))
    marks.push(altered('head', 'The document’s content policy is not that of its own scripts.'))
  const rest = inner.slice(whole.length)
  for (const [tag] of rest.matchAll(/<[^>]*>?/g))
    if (!tags.some((pattern) => pattern.test(tag)))
      marks.push(altered('document', `The document has ${visible(tag.slice(0, 60))}, which no certificate has.`))
  if (/&(?!amp;|lt;|gt;|quot;|#39;)/.test(rest))
    marks.push(altered('document', 'The document has a character written as no certificate writes it.'))
  return marks.slice(0, mostMarks)
}

const scriptTags = [
  `<script type="application/json" id="${attachmentsId}">`,
  '<script type="text/plain" id="evidence-worker">',
  '<script type="module">',
]

function scriptMarks(before: readonly string[], scripts: readonly Script[], after: string): Finding[] {
  const isOurs =
    scripts.length === scriptTags.length &&
    scripts.every(({ tag, content }, i) => tag === scriptTags[i] && !content.includes('<!--')) &&
    before.slice(1).every((between) => between === '\n')
  const marks = isOurs ? [] : [altered('script', 'The document has other scripts than every certificate has.')]
  if (after !== '\n</html>\n') marks.push(altered('addition', 'Something was added after the certificate’s own end.'))
  return marks
}
