import { describe, expect, it } from 'vitest'
import type { AttachmentName } from '../../src/certificate/attachments.ts'
import { type CertificateModel, certificateFormat, encodeModel } from '../../src/certificate/model.ts'
import { writeCertificate } from '../../src/certificate/node/write.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { sha256Hex } from '../support/statements.ts'

const model: CertificateModel = {
  format: certificateFormat,
  number: 'EL-41-0000-0000-0000',
  stated: {
    madeAt: '2026-11-27T04:00:00.000Z',
    program: { version: '0.1.0', build: 'a'.repeat(64) },
    language: 'both',
    applicant: '龚䶮 㸆 𠮷 㐂 﨑 \u202eabc',
    onRequestOf: null,
    case: null,
    platform: 'one\ntwo',
    compared: { what: 'file', name: '照片.jpg', size: 12, digests: [['sha256', 'b'.repeat(64)]] },
    later: null,
    timeStamp: null,
    seal: null,
  },
  shown: {
    kind: 'receipt',
    policy: 'aaaa bbbb cccc dddd eeee ffff',
    origin: 'court.example/2026',
    index: 41,
    time: '2026-11-26T12:55:05.123Z',
    leafHash: 'c'.repeat(64),
    size: 99,
    root: 'd'.repeat(64),
    witnesses: [{ name: 'w', time: null }],
    byTransition: false,
    signer: { id: 'police-9', key: 'k'.repeat(43) },
    items: [
      {
        number: 0,
        name: '照片.jpg',
        category: 'file',
        mediaType: 'image/jpeg',
        size: 12,
        digests: [['sha256', 'b'.repeat(64)]],
        acquired: null,
        tree: null,
      },
    ],
    part: { item: 0, line: null },
    cases: [],
    collection: null,
    note: null,
    withheld: 0,
    later: [],
    custody: [
      { item: 0, holder: null, since: null, ended: null, byOrder: null, gaps: [], steps: { attached: 0, told: null } },
    ],
    flagged: false,
    files: [],
  },
}

describe('the bytes of a certificate', () => {
  const attachments = new Map<AttachmentName, Uint8Array>([
    ['evidence.tlog-proof', utf8('c2sp.org/tlog-proof@v1\n')],
    ['policy', utf8('log x\n')],
    ['certificate.json', encodeModel(model)],
  ])

  it('are the same twice, and on every version of Node that runs this test', async () => {
    const bytes = await writeCertificate(model, attachments)
    expect(await writeCertificate(model, attachments)).toEqual(bytes)
    // Changes with every change of words, font, layout or packages: then certificates of before are of another build.
    expect(sha256Hex(bytes)).toMatchInlineSnapshot(`"d8c65a213ebaa25dd8e045d07a39f02b72f4d1b67d4532fd33ecdfb5c378f262"`)
  })

  it('hold the attachments as they are', async () => {
    const bytes = Buffer.from(await writeCertificate(model, attachments))
    for (const one of attachments.values()) expect(bytes.includes(Buffer.from(one))).toBe(true)
  })
})
