import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkCertificate } from '../../cli/certificate/check.ts'
import { laterName } from '../../src/certificate/attachments.ts'
import { encodeModel, standingOf } from '../../src/certificate/model.ts'
import { writeCertificate } from '../../src/certificate/node/write.ts'
import { readCertificate } from '../../src/certificate/pdf/read.ts'
import { attempt } from '../../src/core/attempt.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import { checkedCertificate, type MadeCertificate, sampleCertificate, samplePolicy } from '../support/certificates.ts'
import { temporaryFolder } from '../support/folder.ts'
import { lowerLedger } from '../support/lower-ledger.ts'
import { changed, type Drafts, firstPage, withRevision } from '../support/pdf-changes.ts'
import { sizeOf } from '../support/long.ts'

/* Nobody vouches for how a certificate looks. Each change here is made as an editor makes it: the file opens in every viewer. */
describe('a certificate that was changed', () => {
  const { path, remove } = temporaryFolder()
  let made: MadeCertificate
  beforeAll(async () => {
    made = await sampleCertificate({ stated: { applicant: '张三' } })
  })
  afterAll(() => remove())

  const check = (bytes: Uint8Array | string) => checkedCertificate(join(path, 'certificate.pdf'), bytes)
  const after = (change: (drafts: Drafts) => void) => check(changed(made.bytes, change))

  it('is sound as it was made, and after a rewriting that changes nothing', async () => {
    expect(await check(made.bytes)).toMatchObject({ exit: 0, codes: [] })
    expect(await after(() => {})).toMatchObject({ exit: 1, codes: ['certificate-altered'], where: ['look'] })
  })

  it('is seen to have another text', async () => {
    const result = await after((drafts) => {
      const { content } = firstPage(drafts)
      const text = content.stream?.toString('latin1') ?? ''
      const [, first = '', second = ''] = /<([0-9a-f]{4})([0-9a-f]{4})/.exec(text) ?? []
      content.stream = Buffer.from(text.replace(`<${first}${second}`, `<${second}${first}`), 'latin1')
      expect(content.stream.toString('latin1')).not.toBe(text)
    })
    expect(result).toMatchObject({ exit: 1, codes: ['certificate-altered'], where: ['look'] })
  })

  it('is seen to have a picture over its text', async () => {
    const result = await after((drafts) => {
      const { content, resources } = firstPage(drafts)
      const image = drafts.add(
        '<<\n/Type /XObject\n/Subtype /Image\n/Width 1\n/Height 1\n/BitsPerComponent 8\n/ColorSpace /DeviceRGB\n/Length 3\n>>',
        Buffer.from([255, 255, 255]),
      )
      resources.text = resources.text.replace(/>>$/, `/XObject << /Im1 ${image.id} 0 R >>\n>>`)
      content.stream = Buffer.concat([content.stream as Buffer, Buffer.from('q 400 0 0 60 54 50 cm /Im1 Do Q\n')])
    })
    expect(result.exit).toBe(1)
    expect(new Set(result.codes)).toEqual(new Set(['certificate-altered']))
    expect(result.where).toContain('look')
  })

  it('is seen to have a white rectangle over its text', async () => {
    const result = await after((drafts) => {
      const { content } = firstPage(drafts)
      content.stream = Buffer.concat([content.stream as Buffer, Buffer.from('q 1 1 1 rg 54 54 400 60 re f Q\n')])
    })
    expect(result).toMatchObject({ exit: 1, codes: ['certificate-altered'], where: ['look'] })
  })

  it('is seen to have its characters mapped to others, and to have a second font', async () => {
    const remapped = await after(({ all }) => {
      const map = all.find(({ stream }) => stream?.includes('begincmap')) as { stream: Buffer }
      const text = map.stream.toString('latin1')
      const [, first = '', second = ''] =
        /<([0-9a-f]{4})> <([0-9a-f]{4})> </.exec(text.slice(text.indexOf('beginbfrange'))) ?? []
      map.stream = Buffer.from(text.replace(`<${first}> <${second}> <`, `<${second}> <${first}> <`), 'latin1')
      expect(map.stream.toString('latin1')).not.toBe(text)
    })
    expect(remapped).toMatchObject({ exit: 1, codes: ['certificate-altered'], where: ['look'] })
    const second = await after((drafts) => {
      const font = drafts.all.find(({ text }) => text.includes('/Subtype /Type0')) as { text: string }
      drafts.add(font.text)
    })
    expect(second).toMatchObject({ exit: 1, where: ['Font', 'look'] })
  })

  it('is seen to have an annotation', async () => {
    const result = await after((drafts) => {
      const { page } = firstPage(drafts)
      const note = drafts.add(
        '<< /Type /Annot /Subtype /FreeText /Rect [54 700 400 760] /Contents (genuine) /DA (/Helv 12 Tf) /F 4 >>',
      )
      page.text = page.text.replace(/>>$/, `/Annots [${note.id} 0 R]\n>>`)
    })
    expect(result.exit).toBe(1)
    expect(new Set(result.codes)).toEqual(new Set(['certificate-altered']))
    expect(result.where.length).toBeGreaterThan(2)
  })

  it('is seen to do something when it is opened', async () => {
    const result = await after(({ ofType }) => {
      const catalog = ofType('Catalog')
      catalog.text = catalog.text.replace(/>>$/, '/OpenAction << /S /JavaScript /JS (app.alert\\(1\\)) >>\n>>')
    })
    expect(result).toMatchObject({ exit: 1 })
    expect(result.where).toContain('OpenAction')
  })

  it('is seen to have a later revision', async () => {
    let page = { id: 0, text: '' }
    changed(made.bytes, (drafts) => {
      page = firstPage(drafts).page
    })
    const result = await check(withRevision(made.bytes, page.id, page.text.replace('595.28', '500')))
    expect(result).toMatchObject({ exit: 1, codes: ['certificate-altered'], where: ['addition'] })
    expect(await check(new Uint8Array([...made.bytes, 0x0a]))).toMatchObject({ exit: 1, where: ['addition'] })
  })

  it('is refused with a second attachment of one name, wherever it stands', async () => {
    const other = lowerLedger().receipt
    const file = `<<\n/Type /EmbeddedFile\n/Subtype /text#2Fplain\n/Length ${other.length}\n>>`
    const spec = (id: number): string =>
      `<<\n/Type /Filespec\n/AFRelationship /Source\n/F (evidence.tlog-proof)\n/EF <<\n/F ${id} 0 R\n>>\n/UF (evidence.tlog-proof)\n>>`
    const twice = { exit: 1, codes: ['certificate-attachment-twice'] }
    const named = await after(({ all, add }) => {
      const added = add(spec(add(file, Buffer.from(other)).id))
      const names = all.find(({ text }) => text.includes('/EmbeddedFiles')) as { text: string }
      names.text = names.text.replace(
        '(evidence.tlog-proof)',
        `(evidence.tlog-proof) ${added.id} 0 R\n    (evidence.tlog-proof)`,
      )
    })
    expect(named).toMatchObject(twice)
    const associated = await after(({ ofType, add }) => {
      const added = add(spec(add(file, Buffer.from(other)).id))
      const catalog = ofType('Catalog')
      catalog.text = catalog.text.replace('/AF [', `/AF [${added.id} 0 R `)
    })
    expect(associated).toMatchObject(twice)
    expect(await after(({ add }) => void add(spec(add(file, Buffer.from(other)).id)))).toMatchObject(twice)
    expect(await after(({ add }) => void add(file, Buffer.from(other)))).toMatchObject(twice)
    // A viewer that prefers UF shows the second, which says of itself nothing.
    const preferred = await after(({ all, add }) => {
      const hidden = add(`<<\n/Length ${other.length}\n>>`, Buffer.from(other))
      const one = all.find(({ text }) => text.includes('/Filespec')) as { text: string }
      one.text = one.text.replace(/\/EF <<\s*\/F (\d+) 0 R/, (whole) => `${whole}\n/UF ${hidden.id} 0 R`)
    })
    expect(preferred).toMatchObject(twice)
  })

  it('R9: is seen to name files in a place where no certificate does', async () => {
    const result = await after((drafts) => {
      const hidden = drafts.add('<<\n/Length 4\n>>', Buffer.from('file'))
      const spec = drafts.add(`<<\n/F (x)\n/EF <<\n/F ${hidden.id} 0 R\n>>\n>>`)
      const { page } = firstPage(drafts)
      page.text = page.text.replace('/Type /Page', `/Type /Page\n/AF [${spec.id} 0 R]`)
    })
    expect(result).toMatchObject({ exit: 1 })
    expect(result.codes).toContain('certificate-altered')
  })

  it('is refused where its fields are not those of its attachments, however well it is drawn', async () => {
    const { model, attachments } = made
    const forged = {
      ...model,
      shown: { ...model.shown, signer: { ...model.shown.signer, id: 'court' }, time: '2020-01-01T00:00:00.000Z' },
    }
    const fields = new Map([...attachments, ['certificate.json', encodeModel(forged)] as const])
    const result = await check(await writeCertificate(forged, fields))
    expect(result).toMatchObject({ exit: 1, codes: ['certificate-differs'] })
    const compared = {
      what: 'file' as const,
      name: 'x',
      size: 3,
      digests: [['sha256', 'a'.repeat(64)]] as [string, string][],
    }
    const other = { ...model, stated: { ...model.stated, compared } }
    const named = new Map([...attachments, ['certificate.json', encodeModel(other)] as const])
    expect(await check(await writeCertificate(other, named))).toMatchObject({ exit: 1, codes: ['certificate-differs'] })
  })

  it('R8: shows a retraction by the receipt that is attached, and by nothing that is stated', async () => {
    const retracted = await sampleCertificate({ events: [{ attest: 'witness' }, { retract: 'mistake' }] })
    expect(await check(retracted.bytes)).toMatchObject({ exit: 0, codes: [] })
    expect(standingOf(retracted.model)).toBe('retracted')
    expect(retracted.model.shown.later).toMatchObject([
      { index: 1, what: 'attested', by: 'administrator', attachment: 'later-1.tlog-proof' },
      { index: 2, what: 'retracted', code: 'mistake', by: 'depositor', attachment: 'later-2.tlog-proof' },
    ])
    // Taken off, the fields say more than the attachments; written anew, nothing says that it was taken back.
    const fewer = new Map([...retracted.attachments].filter(([name]) => name !== 'later-2.tlog-proof'))
    const taken = await writeCertificate(retracted.model, fewer)
    expect(await check(taken)).toMatchObject({ exit: 1, codes: ['certificate-differs'] })
  })

  it('R8: refuses receipts of later entries that are not about the deposit, are out of order or do not hold', async () => {
    const { attachments, model } = await sampleCertificate({ events: [{ attest: 'witness' }, { retract: 'mistake' }] })
    const [first, second] = [1, 2].map((n) => attachments.get(laterName(n))) as [Uint8Array, Uint8Array]
    const own = attachments.get('evidence.tlog-proof') as Uint8Array
    const foreign = await sampleCertificate({
      items: [{ size: 1, digest: { sha256: 'a'.repeat(64) } }],
      events: [{ retract: 'x' }],
    })
    const broken = utf8(
      Buffer.from(second)
        .toString('utf8')
        .replace(/\nindex 2\n/, '\nindex 1\n'),
    )
    const withLater = async (...later: (readonly [number, Uint8Array])[]) => {
      const rest = [...attachments].filter(([name]) => !name.startsWith('later-'))
      return check(
        await writeCertificate(model, new Map([...rest, ...later.map(([n, bytes]) => [laterName(n), bytes] as const)])),
      )
    }
    expect((await withLater([1, first], [2, second])).codes).toEqual([])
    expect((await withLater([1, second], [2, first])).codes).toContain('certificate-malformed')
    expect((await withLater([1, own])).codes).toContain('certificate-malformed')
    expect((await withLater([2, first])).codes).toContain('certificate-malformed')
    expect((await withLater([1, foreign.attachments.get(laterName(1)) as Uint8Array])).codes).toContain(
      'certificate-malformed',
    )
    expect((await withLater([1, first], [2, broken])).codes).toContain('receipt-index')
  })

  it('is judged by the reader’s policy, whatever policy it brings', async () => {
    const file = join(path, 'certificate.pdf')
    writeFileSync(file, made.bytes)
    const foreign = utf8(samplePolicy.replace(/test\.example\/chain/g, 'other.example/chain'))
    const request = { rotation: [], timestampAnchors: undefined, ledger: undefined }
    const { faults } = await checkCertificate(file, { ...request, policy: { path: 'policy', bytes: foreign } }).catch(
      (error: { code: string }) => ({ faults: [error] }),
    )
    expect(faults.length).toBeGreaterThan(0)
    const own = await checkCertificate(file, { ...request, policy: undefined })
    expect(own).toMatchObject({ faults: [], certificate: { policy: { from: 'certificate' } } })
  })

  it('made by another build is not called altered', async () => {
    const other = await sampleCertificate({ stated: { program: { version: '9.9.9', build: 'e'.repeat(64) } } })
    expect(await check(other.bytes)).toMatchObject({ exit: 4, codes: ['certificate-other-version'] })
    const later = changed(made.bytes, ({ all }) => {
      for (const draft of all)
        if (draft.stream?.includes('evidence-ledger/certificate/v1') === true)
          draft.stream = Buffer.from(
            draft.stream.toString('latin1').replace('certificate/v1', 'certificate/v2'),
            'latin1',
          )
    })
    expect(await check(later)).toMatchObject({ exit: 4, codes: ['certificate-other-version'] })
  })

  it('is never read beyond what it is: every byte changed, every end', () => {
    const whole = made.bytes
    const size = whole.length
    let readable = 0
    const changes = sizeOf('tests/certificate/hostile.test.ts', 'changes')
    for (let i = 0; i < changes; i++) {
      const at = Math.floor((i * 7919 * 131) % size)
      const one = Uint8Array.from(whole)
      one[at] = (one[at] as number) ^ (1 << (i % 8))
      const read = attempt(() => readCertificate(one), 'certificate-malformed', 'certificate-attachment-twice')
      if (!(read instanceof EvidenceError)) readable++
      expect(() => readCertificate(whole.subarray(0, at))).toThrow(/the document/)
    }
    expect(readable).toBeGreaterThan(0)
  })
})
