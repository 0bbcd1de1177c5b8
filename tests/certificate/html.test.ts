import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { spawnSync } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isCertificateAt } from '../../cli/certificate/check.ts'
import { readHtmlCertificate } from '../../src/certificate/html/read.ts'
import { writeHtmlCertificate } from '../../src/certificate/html/write.ts'
import { htmlWriter } from '../../src/certificate/node/html.ts'
import { attempt } from '../../src/core/attempt.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import {
  checkedCertificate,
  type MadeCertificate,
  sampleContent,
  sampleHtmlCertificate,
  samplePolicy,
} from '../support/certificates.ts'
import { temporaryFolder } from '../support/folder.ts'
import { lacks } from '../support/system-tools.ts'

const hostile = `</script><script>alert(1)</script><img src=x onerror=alert(1)>\u202e"'&amp;.txt`

describe('a certificate in HTML', () => {
  const { path, remove } = temporaryFolder()
  let made: MadeCertificate
  let text: string
  beforeAll(async () => {
    made = await sampleHtmlCertificate({ stated: { applicant: '张三' } })
    text = Buffer.from(made.bytes).toString('utf8')
  })
  afterAll(() => remove())

  const check = (bytes: Uint8Array | string) => checkedCertificate(join(path, 'certificate.html'), bytes)
  const altered = (where: string) => ({
    exit: 1,
    codes: ['certificate-altered', 'certificate-altered'],
    where: [where, 'look'],
  })

  it('is the same bytes twice, is known by its first bytes, and is sound', async () => {
    const again = writeHtmlCertificate(made.model, made.attachments, htmlWriter())
    expect(Buffer.from(again).equals(Buffer.from(made.bytes))).toBe(true)
    expect(await check(made.bytes)).toMatchObject({ exit: 0, codes: [] })
    expect(isCertificateAt(join(path, 'certificate.html'))).toBe(true)
  })

  it.each(['zh', 'en', 'both'] as const)(
    'says itself in %s, and carries the attachments as they are',
    async (language) => {
      const { bytes, attachments } = await sampleHtmlCertificate({ stated: { language } })
      const read = readHtmlCertificate(bytes)
      expect(read.marks).toEqual([])
      expect([...read.attachments]).toEqual([...attachments])
      const html = Buffer.from(bytes).toString('utf8')
      expect(html.includes('<span lang="zh-CN">')).toBe(language !== 'en')
      expect(html.includes('<span lang="en">')).toBe(language !== 'zh')
    },
  )

  it('tells another build from an alteration', async () => {
    const program = { version: '0.1.0', build: 'a'.repeat(64) }
    const { bytes } = await sampleHtmlCertificate({ stated: { program } })
    expect(await check(bytes)).toMatchObject({ exit: 4, codes: ['certificate-other-version'] })
  })

  it.each([
    ['a name', { name: hostile }],
    ['the applicant', { stated: { applicant: hostile } }],
    ['sealed claims', { sealed: { names: [hostile], note: hostile } }],
  ])('writes markup in %s as text', async (_where, sample) => {
    const { bytes } = await sampleHtmlCertificate(sample)
    const html = Buffer.from(bytes).toString('utf8')
    const documentPart = html.slice(0, html.indexOf('<script'))
    expect(documentPart).toContain('&lt;/script&gt;&lt;script&gt;alert(1)')
    expect(documentPart).not.toMatch(/<img|alert\(1\)<\/script|\u202e/)
    expect(readHtmlCertificate(bytes).marks).toEqual([])
    expect(await check(bytes)).toMatchObject({ exit: 0, codes: [] })
  })

  it('is seen to have another text', async () => {
    expect(await check(text.replace('张三', '李四'))).toMatchObject({
      exit: 1,
      codes: ['certificate-altered'],
      where: ['look'],
    })
  })

  it.each([
    ['an added script', '</main>', '</main>\n<script>alert(1)</script>', 'script'],
    ['a picture', '</main>', '<img src="data:,">\n</main>', 'document'],
    ['a style of its own', '<h1>', '<h1 style="display:none">', 'document'],
    ['a handler', '<main id="evidence-document">', '<main id="evidence-document" onclick="x()">', 'document'],
    ['another policy of content', "connect-src 'none'", 'connect-src *', 'head'],
    ['an addition', '</html>\n', '</html>\n<p>genuine</p>', 'addition'],
  ])('is seen to have %s, by its form alone', async (_what, from, to, where) => {
    const at = where === 'addition' ? text.lastIndexOf(from) : text.indexOf(from)
    const changed = text.slice(0, at) + to + text.slice(at + from.length)
    expect(await check(changed)).toMatchObject(altered(where))
  })

  it('is seen to have another checker in it', async () => {
    const at = text.indexOf('<script type="module">') + '<script type="module">'.length
    expect(await check(`${text.slice(0, at)};${text.slice(at)}`)).toMatchObject(altered('head'))
  })

  it('is refused with its attachments twice, wherever the second stands', () => {
    const block = text.slice(text.indexOf('<script type="application/json"'), text.indexOf('<script type="text/plain"'))
    const codeOf = (changed: string): unknown => {
      const read = attempt(() => readHtmlCertificate(utf8(changed)))
      return read instanceof EvidenceError ? read.code : read
    }
    const twice = 'certificate-attachment-twice'
    expect(codeOf(text.replace(block, () => block + block))).toBe(twice)
    expect(codeOf(text.replace('<main', () => `${block}<main`))).toBe(twice)
    expect(codeOf(`${text.slice(0, text.lastIndexOf('</html>'))}${block}</html>\n`)).toBe(twice)
    expect(codeOf(text.replace('<main id', '<p id="EVIDENCE-attachments"></p><main id'))).toBe(twice)
    const line = /"policy":"[^"]*",\n/.exec(block)?.[0] as string
    expect(codeOf(text.replace(line, () => line + line))).toBe(twice)
    expect(codeOf(text.replace(block, ''))).toBe('certificate-malformed')
    expect(codeOf(text.replace('"policy":"', '"policx":"'))).toBe('certificate-malformed')
  })

  it('falls with one character of an attachment', async () => {
    const at = text.indexOf('"evidence.tlog-proof":"') + 400
    const changed = text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1)
    expect((await check(changed)).exit).toBe(1)
  })

  it.skipIf(lacks('python'))(
    'gives its attachments to the command that it names, and the Python verifier judges them',
    () => {
      writeFileSync(join(path, 'certificate.html'), made.bytes)
      writeFileSync(join(path, 'FILE'), sampleContent)
      writeFileSync(join(path, 'YOUR.policy'), samplePolicy)
      const plain = (one: string): string =>
        one
          .replaceAll('&lt;', '<')
          .replaceAll('&gt;', '>')
          .replaceAll('&quot;', '"')
          .replaceAll('&#39;', "'")
          .replaceAll('&amp;', '&')
      const shown = plain(/<pre><code>([^<]*)<\/code>/.exec(text)?.[1] as string).split('\n')
      const run = (command: string) => spawnSync('sh', ['-c', command], { cwd: path, encoding: 'utf8' })
      expect(run(shown[0] as string)).toMatchObject({ status: 0, stderr: '' })
      const verifier = join(import.meta.dirname, '../../verifiers/python/evidence_verify.py')
      const verified = run((shown[2] as string).replace('evidence_verify.py', verifier))
      expect(verified).toMatchObject({ status: 0 })
    },
  )
})
