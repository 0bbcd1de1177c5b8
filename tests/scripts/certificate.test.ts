import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { spawnSync } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type CliError,
  type CliResult,
  type CliServer,
  environment,
  evidence,
  evidenceOk,
  startServer,
  systemProgram,
} from '../support/cli.ts'
import { evidenced } from '../../src/certificate/judge.ts'
import { encodeModel, readStated } from '../../src/certificate/model.ts'
import { writeCertificate } from '../../src/certificate/node/write.ts'
import { modelOf } from '../../src/certificate/shown.ts'
import { handedFiles } from '../../src/check/node/handed-files.ts'
import { readCertificate } from '../../src/certificate/pdf/read.ts'
import { parseReceipt } from '../../src/core/receipt.ts'
import { newRecord } from '../../src/timestamp/record.ts'
import { stampedBytes } from '../../src/timestamp/node/stamper.ts'
import { encodeTimeProof } from '../../src/timestamp/time-proof.ts'
import { temporaryFolder } from '../support/folder.ts'
import { lacks } from '../support/system-tools.ts'
import { TestAuthority } from '../support/time-authority.ts'

interface Document {
  readonly ok: boolean
  readonly standing: string
  readonly certificate: {
    readonly number: string
    readonly look: string
    readonly attachments: readonly string[]
  } | null
  readonly faults: readonly { readonly code: string }[]
}

const checker = fileURLToPath(new URL('../../dist/check.mjs', import.meta.url))

describe.skipIf(lacks('openssl'))('a certificate', () => {
  const { path, remove } = temporaryFolder()
  const at = (...names: string[]): string => join(path, ...names)
  const policy = at('data', 'policy')
  const fixed = ['--made-at', '2026-11-27T04:00:00.000Z']
  let server: CliServer

  const options = () => ({ cwd: path, env: { EVIDENCE_DATA: at('data'), EVIDENCE_URL: server.url } })
  const ok = (...args: string[]): Promise<CliResult> => evidenceOk([...args, '--policy', policy], options())
  const run = (...args: string[]): Promise<CliResult> => evidence([...args, '--policy', policy], options())
  async function refusal(...args: string[]): Promise<readonly [number | null, string]> {
    const result = await run(...args, '--json')
    return [result.code, result.json<CliError>().error.code]
  }
  const checked = async (file: string, ...more: string[]): Promise<Document> =>
    (await run('check', file, ...more, '--json')).json<Document>()
  const attached = (file: string): string[] => [
    ...readCertificate(new Uint8Array(readFileSync(at(file)))).attachments.keys(),
  ]

  beforeAll(async () => {
    server = await startServer(at('data'))
    writeFileSync(at('照片 䶮.jpg'), 'a photo')
    writeFileSync(at('altered.txt'), 'before')
    mkdirSync(at('folder'))
    for (const name of ['a.txt', 'b.txt', 'c.txt']) writeFileSync(at('folder', name), name)
    for (const name of ['照片 䶮.jpg', 'altered.txt', 'folder'])
      await evidenceOk(['deposit', name, '--case', '(2026)沪0104刑初123号'], options())
  })
  afterAll(async () => {
    await server.stop()
    remove()
  })

  it('is written of files, folders and receipts, and judges itself sound', async () => {
    const { stdout } = await ok(
      'certificate',
      '照片 䶮.jpg',
      'folder',
      '照片 䶮.jpg.tlog-proof',
      '--for',
      '杭州互联网法院',
    )
    expect(stdout.match(/^wrote .*certificate EL-\d+(?:-[0-9a-f]{4}){3}$/gm)).toHaveLength(3)
    const made = ['照片 䶮.jpg.certificate.pdf', 'folder.certificate.pdf', '照片 䶮.jpg.tlog-proof.certificate.pdf']
    for (const file of made)
      expect(await checked(file)).toMatchObject({ ok: true, standing: 'not-asked', certificate: { look: 'same' } })
    expect(attached('folder.certificate.pdf').sort()).toEqual(
      ['certificate.json', 'evidence.evidence-manifest', 'evidence.tlog-proof', 'policy'].sort(),
    )
    const { stdout: said } = await ok('check', made[2] as string)
    expect(said).toContain('no file was compared')
    expect(said).toContain('look: byte for byte what this program writes of the attachments')
    expect(await checked(made[0] as string, '--online')).toMatchObject({ ok: true, standing: 'sound' })
  })

  it('of one file of a folder carries its proof alone, without the folder’s sealed claims', async () => {
    await ok('certificate', 'folder/b.txt', '--out', 'one.pdf')
    expect(attached('one.pdf')).toContain('evidence.file-proof')
    expect(attached('one.pdf')).not.toContain('evidence.evidence-manifest')
    expect(readFileSync(at('one.pdf')).includes('刑初123号')).toBe(false)
    await ok('certificate', 'folder/b.txt', '--out', 'claims.pdf', '--with-claims')
    expect(readFileSync(at('claims.pdf')).includes('刑初123号')).toBe(true)
    expect(await checked('one.pdf')).toMatchObject({ ok: true, certificate: { look: 'same' } })
  })

  it('is the same, byte for byte, for the same check, and is never written over another', async () => {
    await ok('certificate', '照片 䶮.jpg', '--out', 'x.pdf', ...fixed)
    await ok('certificate', '照片 䶮.jpg', '--out', 'y.pdf', ...fixed)
    expect(readFileSync(at('x.pdf')).equals(readFileSync(at('y.pdf')))).toBe(true)
    await ok('certificate', '照片 䶮.jpg', '--out', 'x.pdf', ...fixed)
    expect(await refusal('certificate', 'folder', '--out', 'x.pdf', ...fixed)).toEqual([2, 'file-exists'])
    expect(await refusal('certificate', 'folder', '--out', '照片 䶮.jpg')).toEqual([2, 'file-exists'])
    expect(readFileSync(at('照片 䶮.jpg'), 'utf8')).toBe('a photo')
    expect(await refusal('certificate', 'folder', 'altered.txt', '--out', 'z.pdf')).toEqual([2, 'usage'])
    expect(await refusal('certificate', 'folder', '--lang', 'de', '--out', 'z.pdf')).toEqual([2, 'usage'])
    expect(await refusal('certificate', 'folder', '--made-at', 'now', '--out', 'z.pdf')).toEqual([2, 'usage'])
  })

  it('is not made of what does not hold', async () => {
    writeFileSync(at('altered.txt'), 'after')
    expect(await refusal('certificate', 'altered.txt', '--out', 'none.pdf')).toEqual([1, 'file-differs'])
    writeFileSync(at('folder', 'c.txt'), 'changed')
    expect(await refusal('certificate', 'folder', '--out', 'none.pdf')).toEqual([1, 'file-differs'])
    writeFileSync(at('folder', 'c.txt'), 'c.txt')
    expect(await refusal('certificate', 'missing.txt', '--out', 'none.pdf')).toEqual([3, 'file-unreadable'])
    expect(existsSync(at('none.pdf'))).toBe(false)
  })

  it('says first that the deposit was taken back, where the ledger was asked', async () => {
    await evidenceOk(['retract', '3', '--reason', 'mistake'], options())
    await ok('certificate', 'altered.txt.tlog-proof', '--online', '--out', 'retracted.pdf')
    expect(attached('retracted.pdf')).toContain('later-1.tlog-proof')
    const { stdout } = await ok('check', 'retracted.pdf')
    expect(stdout).toMatch(/^RETRACTED, as its attachments show/)
    expect((await ok('check', 'retracted.pdf', '--online')).stdout).toMatch(
      /^RETRACTED: this deposit was taken back \(mistake\)/,
    )
  })

  it('R8: that leaves a retraction out is found out by who asks the ledger', async () => {
    const { attachments } = readCertificate(new Uint8Array(readFileSync(at('retracted.pdf'))))
    const stated = readStated(attachments.get('certificate.json') as Uint8Array)
    const kept = new Map([...attachments].filter(([name]) => name !== 'later-1.tlog-proof'))
    const model = modelOf(await evidenced(kept, handedFiles), stated)
    kept.set('certificate.json', encodeModel(model))
    writeFileSync(at('hidden.pdf'), await writeCertificate(model, kept))
    const { stdout } = await ok('check', 'hidden.pdf')
    expect(stdout).toContain('is the maker’s word')
    const asked = await run('check', 'hidden.pdf', '--online')
    expect(asked.code).toBe(1)
    expect(asked.stdout).toContain('FAULT certificate-left-out')
    expect(asked.stdout).toMatch(/^RETRACTED: /)
    expect((await run('check', 'retracted.pdf', '--online')).code).toBe(0)
  })

  it('R8: carries fifty receipts of a sort at most, and counts the rest', async () => {
    writeFileSync(at('popular.txt'), 'popular')
    await evidenceOk(['deposit', 'popular.txt'], options())
    const { proof } = parseReceipt(new Uint8Array(readFileSync(at('popular.txt.tlog-proof'))))
    for (let i = 0; i < 53; i++) await evidenceOk(['attest', String(proof.index), '--as', 'witness'], options())
    await ok('certificate', 'popular.txt', '--online', '--out', 'popular.pdf')
    expect(attached('popular.pdf').filter((name) => name.startsWith('later-'))).toHaveLength(50)
    const { attachments } = readCertificate(new Uint8Array(readFileSync(at('popular.pdf'))))
    expect(readStated(attachments.get('certificate.json') as Uint8Array).later?.events).toHaveLength(3)
    expect(await checked('popular.pdf', '--online')).toMatchObject({ ok: true, faults: [] })
  })

  it('R8: is made of an exhibit by its number, as who may read it', async () => {
    const collected = (number: string, file: string): Promise<CliResult> => {
      writeFileSync(at(file), file)
      writeFileSync(at(`${file}.json`), JSON.stringify({ exhibit: number }))
      return evidenceOk(['deposit', file, '--collection', `${file}.json`], options())
    }
    await collected('EX-12', 'twelve.txt')
    await collected('EX-13', 'one.txt')
    await collected('EX-13', 'other.txt')
    const index = (file: string): string =>
      String(parseReceipt(new Uint8Array(readFileSync(at(`${file}.tlog-proof`)))).proof.index)
    await ok('certificate', '--exhibit', 'EX-12', '--out', 'exhibit.pdf')
    // Looked up as every search is: full-width letters and spaces around it make no other number.
    await ok('certificate', '--exhibit', ' ＥＸ-12 ', '--out', 'spaced.pdf')
    const said = (await ok('check', 'exhibit.pdf')).stdout
    expect(said).toContain('no file was compared')
    expect(await checked('exhibit.pdf', '--online')).toMatchObject({ ok: true, index: Number(index('twelve.txt')) })
    await ok('certificate', 'ＥＸ－12', '--online', '--made-at', '2026-11-27T04:00:00.000Z')
    expect(existsSync(at(`${index('twelve.txt')}.certificate.pdf`))).toBe(true)
    expect(await refusal('certificate', 'EX-12')).toEqual([3, 'file-unreadable'])
    expect(await refusal('certificate', '--exhibit', 'EX-99')).toEqual([2, 'receipt-not-found'])
    expect(await refusal('certificate', '--exhibit', 'EX-12', '--receipt', 'x')).toEqual([2, 'usage'])
    expect(await refusal('certificate', 'twelve.txt', '--entry', '1')).toEqual([2, 'usage'])
    expect(await refusal('certificate')).toEqual([2, 'usage'])
    const several = await run('certificate', '--exhibit', 'EX-13', '--json')
    expect([several.code, several.json<CliError>().error.code]).toEqual([2, 'usage'])
    const { message } = several.json<CliError>().error
    for (const file of ['one.txt', 'other.txt']) expect(message).toContain(`${index(file)} (`)
    await ok('certificate', '--exhibit', 'EX-13', '--entry', index('other.txt'), '--out', 'chosen.pdf')
    expect(await checked('chosen.pdf')).toMatchObject({ ok: true, index: Number(index('other.txt')) })
    const stranger = { cwd: path, env: { EVIDENCE_URL: server.url, EVIDENCE_DATA: at('nobody') } }
    const refused = await evidence(['certificate', '--exhibit', 'EX-12', '--policy', policy, '--json'], stranger)
    expect(refused.code).not.toBe(0)
    expect(existsSync(at('EX-12.certificate.pdf'))).toBe(false)
  })

  it('that was edited is told so, by the whole program and by the checker that is one file', async () => {
    const bytes = readFileSync(at('x.pdf'))
    writeFileSync(at('longer.pdf'), Buffer.concat([bytes, Buffer.from('\n')]))
    expect(await refusal('certificate', 'folder', '--out', 'longer.pdf')).toEqual([2, 'file-exists'])
    const result = await run('check', 'longer.pdf')
    expect(result.code).toBe(1)
    expect(result.stdout).toContain('FAULT certificate-altered')
    copyFileSync(checker, at('check.mjs'))
    const alone = (file: string): { status: number | null; stdout: string } =>
      spawnSync(process.execPath, ['check.mjs', file, '--policy', policy], {
        cwd: path,
        env: environment({}),
        encoding: 'utf8',
      })
    expect(alone('longer.pdf').status).toBe(1)
    const { status, stdout } = alone('x.pdf')
    expect(status).toBe(4)
    expect(stdout).toContain('look: not compared; go by the attachments alone')
  })

  it('takes its own policy only where it is told to, and no options that name evidence', async () => {
    const own = await evidence(['check', 'x.pdf', '--policy-from-package'], { cwd: path })
    expect(own.code).toBe(0)
    expect(own.stdout).toContain('policy: the certificate’s own word')
    expect(await refusal('check', 'x.pdf', '--transition', 'x')).toEqual([2, 'usage'])
    expect(await refusal('check', 'x.pdf', '--policy-from-package')).toEqual([2, 'usage'])
  })

  it('that was deposited itself is checked as any other file', async () => {
    copyFileSync(at('x.pdf'), at('deposited.pdf'))
    await evidenceOk(['deposit', 'deposited.pdf'], options())
    expect((await ok('check', 'deposited.pdf')).stdout).toContain('unchanged since deposit')
  })

  it('is sealed by a key under a passphrase, which never stands in an argument', async () => {
    writeFileSync(at('pass'), 'a long passphrase\n', { mode: 0o600 })
    writeFileSync(at('wrong'), 'another passphrase\n', { mode: 0o600 })
    const key = [
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-keyout',
      at('k.pem'),
      '-passout',
      `file:${at('pass')}`,
    ]
    systemProgram('openssl', ['req', '-x509', ...key, '-out', at('c.pem'), '-days', '3650', '-subj', '/CN=Office'])
    const seal = ['--seal', 'c.pem', '--seal-key', 'k.pem', '--seal-passphrase-file']
    expect(await refusal('certificate', 'folder', '--out', 's.pdf', ...seal, 'wrong')).toEqual([3, 'seal-key-unfit'])
    expect(existsSync(at('s.pdf'))).toBe(false)
    await ok('certificate', 'folder', '--out', 's.pdf', ...seal, 'pass', ...fixed)
    const { code, stdout } = await run('check', 's.pdf')
    expect(code).toBe(0)
    expect(stdout).toContain('seal: by CN=Office')
    expect(await refusal('certificate', 'folder', '--out', 't.pdf', '--seal', 'c.pem')).toEqual([2, 'usage'])
  })

  it.skipIf(lacks('faketime'))('carries a time stamp, which is judged again by whom the reader trusts', async () => {
    const root = TestAuthority.root(path, 'Root')
    const { proof } = parseReceipt(new Uint8Array(readFileSync(at('照片 䶮.jpg.tlog-proof'))))
    const checkpoint = stampedBytes(proof.noteText).bytes
    const tokens = [root.timeStamper('Clock').stamp(checkpoint)]
    const record = newRecord(checkpoint, { algorithm: 'sha256', tokens, certificates: [], crls: [] })
    writeFileSync(at('x.time-proof'), encodeTimeProof({ index: proof.index, hashes: proof.hashes, record }))
    writeFileSync(at('root.pem'), root.pem)
    const trusted = ['--timestamp-anchors', 'root.pem']
    await ok('certificate', '照片 䶮.jpg', '--time-proof', 'x.time-proof', '--out', 'stamped.pdf', ...trusted)
    expect(attached('stamped.pdf')).toContain('evidence.time-proof')
    const document = await checked('stamped.pdf', ...trusted)
    expect(document).toMatchObject({ ok: true, time: { verified: true }, certificate: { look: 'same' } })
    expect(await checked('stamped.pdf')).toMatchObject({ ok: true, time: { verified: false } })
  })
})
