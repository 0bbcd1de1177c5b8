import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { decodeQR } from 'qr/decode.js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkCertificate } from '../../cli/certificate/check.ts'
import type { StatedEvent } from '../../src/certificate/model.ts'
import { openSealer, sealCertificate } from '../../src/certificate/node/seal.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { type Sample, sampleCertificate, samplePolicy } from '../support/certificates.ts'
import { systemProgram } from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'
import { verifier } from '../support/python-verifier.ts'
import { itemFor, sha256Hex } from '../support/statements.ts'
import { lacks } from '../support/system-tools.ts'

/*
 * Certificates as others see them: veraPDF judges the format, poppler takes text and attachments out, pyHanko and poppler judge seals, and the
 * verifier in Python judges what was taken out.
 */

const later = (events: StatedEvent[] = [], whole = true) => ({
  url: 'https://ledger.example',
  size: 12,
  events,
  others: [],
  whole,
  admission: { index: 1, time: '2026-10-01T00:00:00.000Z', name: '第九派出所 䶮', roles: ['depositor'] },
})
const named = (name: string): Sample => ({ name, sealed: { names: [name] } })
const zh = { language: 'zh' } as const
const en = { language: 'en' } as const
const collection = {
  exhibit: '沪公(网)勘〔2026〕9-1',
  parentExhibit: '9',
  description: '黑色手机一部，机主自称“𠮷”',
  serial: 'SN-0001',
  condition: '完好',
  seal: '封条 0091',
  medium: '手机',
  place: '上海市浦东新区',
  notHeldBecause: '机主需继续使用',
  account: 'user@example.org',
  url: 'https://example.org/a?b=c',
  authorisation: { number: '沪公网调证字〔2026〕12号', authority: '上海市公安局', validUntil: '2026-12-31' },
  time: { start: '2026-10-31T09:00:00+08:00', end: '2026-10-31T10:30:00+08:00', zone: '+08:00', clock: 'NTP' },
  officers: [{ name: '张㸆', id: '012345', office: '网安支队' }, { name: '李四' }, { name: '王五' }],
  witness: { name: '赵六', id: 'x' },
  noWitnessBecause: '—',
  method: '逻辑提取',
  tool: 'tool',
  toolVersion: '1.2.3',
  writeBlock: true,
  process: '全程录像',
}
const many = Array.from({ length: 64 }, (_, i) => ({
  ...itemFor(`item ${i}`),
  mediaType: 'image/jpeg',
  category: 'file',
}))
const digests = {
  size: 10,
  digest: { sha256: sha256Hex('x'), sha512: 'ab'.repeat(64), sm3: 'cd'.repeat(32), md5: 'ef'.repeat(16) },
  acquired: { size: 20, digest: { md5: '01'.repeat(16) }, source: 'tool-report' },
}
const long = Array.from({ length: 600 }, (_, i) => `相册/第${String(i).padStart(3, '0')}张 照片.jpg`)

/** The forty: what each is for, and what it is made of. */
const forty: readonly (readonly [what: string, sample: Sample, seal?: 'ec' | 'rsa'])[] = [
  ['a plain file', named('照片.jpg')],
  ['a plain file, Chinese alone', { ...named('照片.jpg'), stated: zh }],
  ['a plain file, English alone', { ...named('photo.jpg'), stated: en }],
  ['the character 䶮', named('龚䶮.jpg')],
  ['the character 㸆', named('㸆.txt')],
  ['the character 𠮷', { ...named('𠮷田.pdf'), stated: zh }],
  ['the character 㐂', named('㐂.doc')],
  ['the character 﨑', { ...named('宮﨑.eml'), stated: en }],
  [
    'rare characters in all that is stated',
    { stated: { applicant: '龚䶮 㸆', onRequestOf: '𠮷 㐂 﨑', platform: '䶮\n第二行' } },
  ],
  ['a name that turns its line around', named('invoice\u202efdp.exe')],
  ['a name of two lines, and of invisible characters', named('a\n结论：一致\u200b\u00ad.txt')],
  ['a name of 200 characters', named(`${'长'.repeat(196)}.txt`)],
  ['a name of 200 letters without a space', named('a'.repeat(200))],
  ['emoji', named('💰👨‍👩‍👧 证据.png')],
  ['Arabic, Hebrew and Thai', named('دليل ראיה หลักฐาน.txt')],
  ['combining marks', named('re\u0301sume\u0301 \u0915\u094d\u0937.txt')],
  ['a noncharacter and a private character', { name: 'a\ue000\ufffe.bin' }],
  ['a name that is not UTF-8', { folder: ['photo \udcd6\udcd0.jpg', 'b', 'c'] }],
  ['a folder', { folder: ['a.txt', 'b/说明.txt', 'b/c.txt'] }],
  ['a folder, Chinese alone', { folder: ['a.txt', 'b.txt'], stated: zh }],
  ['a folder, English alone', { folder: ['a.txt', 'b.txt'], stated: en }],
  ['a folder of 600 files', { folder: long }],
  ['a folder with a path of 3,000 bytes', { folder: [`${'深'.repeat(80)}/`.repeat(12) + 'x', 'y'] }],
  ['retracted', { events: [{ retract: 'mistake' }], stated: { later: later() } }],
  ['retracted, Chinese alone', { events: [{ retract: 'superseded' }], stated: { ...zh, later: later() } }],
  ['retracted, English alone', { events: [{ retract: 'mistake' }], stated: { ...en, later: later() } }],
  ['one item of it retracted', { events: [{ retract: 'mistake', item: 0 }], stated: { later: later() } }],
  [
    'one line of a list retracted',
    { folder: ['a', 'b'], line: 1, events: [{ retract: 'mistake', item: 0, line: 1 }], stated: { later: later() } },
  ],
  [
    'its key compromised',
    {
      events: [{ revoke: 'compromised', compromisedSince: '2026-10-01T00:00:00.000Z' }],
      stated: { later: later() },
    },
  ],
  [
    'attested, related, its key revoked, handed over by order, lost and disputed, with some counted',
    {
      events: [
        { attest: 'witness' },
        { revoke: 'left' },
        { from: 'depositor', to: 'lab', checked: 'differs' },
        { from: 'court', to: 'notary', inLieu: 'holder-gone' },
        { end: 'lost', by: 'notary' },
        { challenge: 'defence', item: 0 },
        { finding: 'admitted-in-part', on: 6 },
        { erase: 'ordered' },
      ],
      stated: {
        later: {
          ...later([{ index: 7, what: 'related', time: '2026-11-20T01:02:03.004Z', code: 'corrects' }]),
          others: [{ what: 'attested', count: 70 }],
        },
      },
    },
  ],
  [
    'an answer that broke off, and an entry that is not shown',
    { stated: { later: later([{ index: 7, what: 'attested', time: null, code: null }], false) } },
  ],
  ['under a retired key of the ledger', { rotated: true }],
  ['a folder under a retired key, Chinese alone', { folder: ['a', 'b'], rotated: true, stated: zh }],
  ['a file of a list under a retired key, English alone', { folder: ['a', 'b'], line: 0, rotated: true, stated: en }],
  ['a receipt alone', { compared: false }],
  ['a file proof alone', { folder: ['目录/䶮.txt', 'b'], line: 0, compared: false }],
  [
    'all that can be sealed',
    {
      ...named('手机.bin'),
      sealed: {
        names: ['手机.bin'],
        collection,
        note: '备注 䶮',
        case: [
          {
            number: '(2026)沪0104刑初123号',
            authority: '上海市徐汇区人民法院',
            stage: '一审',
            cause: { scheme: 'x', code: '266', text: '诈骗罪' },
          },
        ],
      },
      stated: {
        case: { authority: '杭州互联网法院', number: '(2026)浙0192民初1号', stage: '一审', cause: '网络侵权' },
        timeStamp: { noLaterThan: '2026-11-02T00:00:00.000Z', authority: 'CN=TSA', verified: false },
      },
    },
  ],
  ['64 items, and items of many digests', { items: [...many.slice(1), digests] }],
  ['sealed by an office', { ...named('公证.pdf') }, 'ec'],
  [
    'sealed with an RSA key, retracted, a folder',
    { folder: ['a', '䶮'], events: [{ retract: 'mistake' }], stated: { later: later() } },
    'rsa',
  ],
]

function poppler(program: string, args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', maxBuffer: 1 << 26 })
  if (status !== 0) throw new Error(`${program} ended with ${status}: ${stderr}`)
  return stdout
}

/** The QR code on a page, as a phone would read it; undefined where there is none. */
function codeOn(file: string, page: number): string | undefined {
  const args = ['-r', '100', '-f', String(page), '-l', String(page), file]
  const { stdout } = spawnSync('pdftoppm', args, { maxBuffer: 1 << 26 })
  const [head = '', width = '', height = ''] =
    /^P6\n(\d+) (\d+)\n255\n/.exec(stdout.subarray(0, 64).toString('latin1')) ?? []
  const data = new Uint8Array(Number(width) * Number(height) * 3).map((_, i) => stdout[head.length + i] as number)
  try {
    return decodeQR({ width: Number(width), height: Number(height), data })
  } catch {
    return undefined
  }
}

const root = fileURLToPath(new URL('../../', import.meta.url))
const programs = ['openssl', 'pdfsig', 'verapdf', 'pyhanko', 'python3-cryptography']

describe.skipIf(lacks(...programs))('forty certificates, as others see them', () => {
  const { path, remove } = temporaryFolder()
  const at = (...names: string[]): string => join(path, ...names)
  const place = (i: number): string => at(`${i}.pdf`)

  beforeAll(async () => {
    writeFileSync(at('policy'), samplePolicy)
    for (const [kind, ...key] of [
      ['ec', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'],
      ['rsa', 'rsa:2048'],
    ] as [string, ...string[]][]) {
      const out = ['-nodes', '-keyout', at(`${kind}.key`), '-out', at(`${kind}.crt`), '-days', '3650', '-utf8']
      systemProgram('openssl', ['req', '-x509', '-newkey', ...key, ...out, '-subj', `/O=测试公证处/CN=${kind}`])
    }
    for (const [i, [, sample, kind]] of forty.entries()) {
      if (kind === undefined) {
        writeFileSync(place(i), (await sampleCertificate(sample)).bytes)
        continue
      }
      const pem = (name: string): { path: string; pem: string } => ({
        path: name,
        pem: readFileSync(at(name), 'latin1'),
      })
      const sealer = openSealer(pem(`${kind}.crt`), { ...pem(`${kind}.key`), passphrase: undefined })
      const { bytes } = await sampleCertificate({ ...sample, stated: { ...sample.stated, seal: sealer.subject } })
      writeFileSync(place(i), sealCertificate(bytes, sealer))
    }
  })
  afterAll(() => remove())

  it('are forty, in both languages', () => {
    expect(forty).toHaveLength(40)
    expect(new Set(forty.map(([, { stated }]) => stated?.language ?? 'both'))).toEqual(new Set(['zh', 'en', 'both']))
  })

  it('are PDF/A-3a to veraPDF', () => {
    const jars = join(root, 'node_modules', '.evidence-verapdf')
    const judge = join(root, 'tests', 'support', 'verapdf', 'Judge.java')
    const files = forty.map((_, i) => place(i))
    const { stdout, stderr } = spawnSync('java', ['-cp', join(jars, '*'), judge, ...files], {
      encoding: 'utf8',
      maxBuffer: 1 << 26,
    })
    expect(
      stdout
        .split('\n')
        .filter((line) => !line.startsWith('pass '))
        .join('\n') + (stdout === '' ? stderr : ''),
    ).toBe('')
    expect(stdout.split('\n').filter((line) => line.startsWith('pass '))).toHaveLength(40)
  })

  it.each(forty.map(([what], i) => [what, i] as const))(
    '%s: its attachments hold, taken out by others',
    async (_, i) => {
      const folder = at(`out-${i}`)
      mkdirSync(folder)
      poppler('pdfdetach', ['-saveall', '-o', folder, place(i)])
      const [, sample] = forty[i] as (typeof forty)[number]
      const isLine = sample.line !== undefined
      const receipt = join(folder, isLine ? 'evidence.file-proof' : 'evidence.tlog-proof')
      const transition = sample.rotated === true ? ['--transition', join(folder, 'evidence.key-transition')] : []
      const options = ['--receipt', receipt, '--policy', at('policy'), ...transition]
      const { ok, faults } = verifier(['check', ...options])
      expect({ ok, faults }).toEqual({ ok: true, faults: [] })
      sample.events?.forEach((_, n) => {
        const later = join(folder, `later-${n + 1}.tlog-proof`)
        expect(verifier(['check', '--receipt', later, '--policy', at('policy')])).toMatchObject({
          ok: true,
          faults: [],
        })
      })
      const request = {
        policy: { path: 'policy', bytes: utf8(samplePolicy) },
        rotation: [],
        timestampAnchors: undefined,
      }
      const report = await checkCertificate(place(i), { ...request, ledger: undefined })
      expect(report).toMatchObject({ faults: [], unjudged: [], certificate: { look: { look: 'same' } } })
    },
  )

  it.each(forty.map(([what], i) => [what, i] as const))('%s: no character of a name has vanished', (_, i) => {
    const text = poppler('pdftotext', ['-raw', place(i), '-']).replaceAll(/\s/g, '')
    const [, { name, stated, sealed }] = forty[i] as (typeof forty)[number]
    const names = [name, stated?.applicant, stated?.onRequestOf, ...((sealed?.names as string[] | undefined) ?? [])]
    for (const character of names.flatMap((one) => Array.from(one ?? ''))) {
      const code = character.codePointAt(0) as number
      if (/\s/.test(character) && character !== '\n') continue
      const hex = code.toString(16)
      const isThere = [character, `U+${hex.toUpperCase().padStart(4, '0')}`, `\\u{${hex}}`].some((one) =>
        text.includes(one),
      )
      expect([hex, isThere]).toEqual([hex, true])
    }
  })

  it('say first that a deposit was taken back, and say it in the title', () => {
    forty.forEach(([what], i) => {
      const title = poppler('pdfinfo', [place(i)]).split('\n')[0]
      expect([what, /已撤回|部分撤回|RETRACTED/.test(title ?? '')]).toEqual([what, /retracted/.test(what)])
    })
  })

  it('have a QR code that is read off the page, and finds the entry again', () => {
    const pages = Number(/Pages: +(\d+)/.exec(poppler('pdfinfo', [place(0)]))?.[1])
    const codes = Array.from({ length: pages }, (_, i) => codeOn(place(0), i + 1)).filter((code) => code !== undefined)
    expect(codes).toEqual([expect.stringMatching(/^evidence-ledger\ntest\.example\/chain\n0\nsha256:[0-9a-f]{64}$/)])
  })

  it('are sealed to poppler and to pyHanko, where they are', () => {
    const python = join(root, 'node_modules', '.evidence-pyhanko', 'bin', 'python')
    const program = `
import sys
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext
from pyhanko.keys import load_cert_from_pemder
root = load_cert_from_pemder(sys.argv[2])
with open(sys.argv[1], 'rb') as f:
    [signature] = PdfFileReader(f).embedded_signatures
    status = validate_pdf_signature(signature, ValidationContext(trust_roots=[root], allow_fetching=False))
    print(status.intact, status.valid, status.trusted, status.coverage.name, status.modification_level.name, signature.sig_object['/SubFilter'])
`
    forty.forEach(([, , kind], i) => {
      if (kind === undefined) return
      expect(poppler('pdfsig', [place(i)])).toMatch(/Total document signed[\s\S]*Signature is Valid/)
      const { stdout, stderr } = spawnSync(python, ['-c', program, place(i), at(`${kind}.crt`)], { encoding: 'utf8' })
      expect(stdout + (stdout === '' ? stderr : '')).toBe('True True True ENTIRE_FILE NONE /ETSI.CAdES.detached\n')
    })
  })
})
