import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encodeModel } from '../../src/certificate/model.ts'
import { judgeLook } from '../../src/certificate/node/judge-look.ts'
import { openSealer, type Sealer, sealCertificate } from '../../src/certificate/node/seal.ts'
import { writeCertificate } from '../../src/certificate/node/write.ts'
import { readAnyCertificate as readCertificate } from '../../src/certificate/read.ts'
import { attempt } from '../../src/core/attempt.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import { systemProgram } from '../support/cli.ts'
import { sampleCertificate } from '../support/certificates.ts'
import { temporaryFolder } from '../support/folder.ts'
import { changed } from '../support/pdf-changes.ts'
import { lacks } from '../support/system-tools.ts'

describe.skipIf(lacks('openssl'))('a seal', () => {
  const { path, remove } = temporaryFolder()
  const at = (name: string): string => join(path, name)
  const pem = (name: string): { path: string; pem: string } => ({ path: name, pem: readFileSync(at(name), 'latin1') })
  const sealers: Record<string, Sealer> = {}

  function selfSigned(name: string, ...key: string[]): void {
    const subject = ['-subj', `/C=CN/O=测试公证处/CN=${name}`, '-utf8', '-days', '3650']
    systemProgram('openssl', [
      'req',
      '-x509',
      '-newkey',
      ...key,
      '-nodes',
      '-keyout',
      at(`${name}.key`),
      '-out',
      at(`${name}.crt`),
      ...subject,
    ])
  }
  const open = (name: string): Sealer =>
    openSealer(pem(`${name}.crt`), { ...pem(`${name}.key`), passphrase: undefined })

  beforeAll(() => {
    selfSigned('p256', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256')
    selfSigned('rsa', 'rsa:2048')
    selfSigned('short', 'rsa:1024')
    for (const name of ['p256', 'rsa']) sealers[name] = open(name)
  })
  afterAll(() => remove())

  async function sealed(name: string, stated = sealers[name]?.subject ?? null): Promise<Uint8Array> {
    const { bytes } = await sampleCertificate({ stated: { seal: stated } })
    return sealCertificate(bytes, sealers[name] as Sealer)
  }
  async function judged(bytes: Uint8Array) {
    const read = readCertificate(bytes)
    const fields = JSON.parse(Buffer.from(read.attachments.get('certificate.json') as Uint8Array).toString())
    return { read, ...(await judgeLook(read, fields)) }
  }

  it.each(['p256', 'rsa'])('by a key of kind %s holds, and leaves the certificate as it was', async (name) => {
    const { read, look, seal, faults } = await judged(await sealed(name))
    expect({ look, faults, marks: read.marks }).toEqual({ look: 'same', faults: [], marks: [] })
    expect(seal?.certificate?.subject).toBe(sealers[name]?.subject)
  })

  it('does not hold over another document, nor with other digits', async () => {
    const whole = await sealed('p256')
    const seal = readCertificate(whole).seal as { from: number }
    const other = Uint8Array.from(whole)
    // Within the signature's own bytes: the last before the zeros.
    const end = Buffer.from(whole)
      .toString('latin1')
      .indexOf('00000000', seal.from + 400)
    other[end - 2] = other[end - 2] === 0x30 ? 0x31 : 0x30
    expect((await judged(other)).faults).toMatchObject([{ code: 'certificate-seal-invalid' }])
    const text = Buffer.from(whole).toString('latin1')
    const moved = Buffer.from(text.replace('"applicant": null', '"applicant": nuLl'), 'latin1')
    expect(moved.equals(Buffer.from(whole))).toBe(false)
    const read = readCertificate(new Uint8Array(moved))
    expect((await judgeLook(read, undefined)).faults).toMatchObject([{ code: 'certificate-seal-invalid' }])
  })

  it('is a fault where the document names another seal, or says that it has one and has none', async () => {
    expect((await judged(await sealed('rsa', sealers['p256']?.subject))).faults).toMatchObject([
      { code: 'certificate-altered', where: 'seal' },
    ])
    expect((await judged(await sealed('rsa', null))).faults).toMatchObject([
      { code: 'certificate-altered', where: 'seal' },
    ])
    const { bytes } = await sampleCertificate({ stated: { seal: 'CN=nobody' } })
    expect((await judged(bytes)).faults).toMatchObject([{ code: 'certificate-altered', where: 'seal' }])
  })

  it('is no cover for a later revision', async () => {
    const whole = await sealed('p256')
    const read = readCertificate(new Uint8Array([...whole, ...Buffer.from('\n%%EOF\n')]))
    expect(read.seal).toBeUndefined()
    expect(read.marks).toMatchObject([{ code: 'certificate-altered', where: 'addition' }])
  })

  it('is refused by a key that is not the certificate’s, or too short, and by what is no key; no message quotes it', () => {
    const secret = pem('p256.key')
    const codeOf = (make: () => unknown): unknown => {
      const made = attempt(make)
      if (!(made instanceof EvidenceError)) return made
      return made.message.includes(secret.pem.split('\n')[1] as string) ? 'it quotes the key' : made.code
    }
    expect(codeOf(() => openSealer(pem('rsa.crt'), { ...secret, passphrase: undefined }))).toBe('seal-key-unfit')
    expect(codeOf(() => open('short'))).toBe('seal-key-unfit')
    writeFileSync(at('none.key'), secret.pem.replace('BEGIN', 'BEGUN'))
    expect(codeOf(() => openSealer(pem('p256.crt'), { ...pem('none.key'), passphrase: undefined }))).toBe(
      'seal-key-unfit',
    )
    expect(codeOf(() => openSealer(pem('p256.key'), { ...secret, passphrase: undefined }))).toBe('seal-key-unfit')
  })

  it('of a document drawn by others is told with its look', async () => {
    const { bytes, model, attachments } = await sampleCertificate({
      stated: { seal: sealers['p256']?.subject ?? null },
    })
    expect(await writeCertificate(model, new Map([...attachments, ['certificate.json', encodeModel(model)]]))).toEqual(
      bytes,
    )
    const redrawn = changed(bytes, () => {})
    const { look, seal } = await judged(sealCertificate(redrawn, sealers['p256'] as Sealer))
    expect({ look, subject: seal?.certificate?.subject }).toEqual({
      look: 'differs',
      subject: sealers['p256']?.subject,
    })
  })
})
