import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dataFolder, readOwnKey } from '../../src/ledger/data-folder.ts'
import { readKeyFile } from '../../src/node/key-file.ts'
import { type CliResult, copyCase, evidence, evidenceOk, startServer } from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'
import { python } from '../support/python.ts'
import { verdict, verifier, withByteChanged } from '../support/python-verifier.ts'
import { deposit } from '../support/statements.ts'
import { lacks } from '../support/system-tools.ts'
import { readVectors } from '../vectors/vector-files.ts'

const vectors = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), 'fixtures', 'vectors')

describe.skipIf(lacks('python3', 'python3-cryptography'))('the Python verifier', () => {
  const { path, remove } = temporaryFolder()
  const [data, folder, exported, note] = ['data', 'case-001', 'export', 'note.txt'].map((name) => join(path, name)) as [
    string,
    string,
    string,
    string,
  ]
  const policy = join(path, 'court.policy')
  const mail = join(folder, 'mail', 'notice.eml')
  const [receipt, manifest, proof] = [`${folder}.tlog-proof`, `${folder}.evidence-manifest`, `${mail}.file-proof`]
  const checkNote = ['check', note, '--receipt', `${note}.tlog-proof`, '--policy', policy]
  const checkFolder = ['check', folder, '--manifest', manifest, '--receipt', receipt, '--policy', policy]
  const checkMail = ['check', mail, '--receipt', proof, '--policy', policy]
  const verify = ['verify', exported, '--policy', policy]
  /** More than one tile, so that there is a level above. */
  const size = 300

  beforeAll(async () => {
    copyCase(folder)
    writeFileSync(note, 'handed over at the counter\n')
    const server = await startServer(data)
    const own = dataFolder(data)
    const [key, origin] = [readKeyFile(own.depositorKey), readOwnKey(own).name]
    const run = (args: readonly string[]): Promise<CliResult> => evidenceOk([...args, '--data', data])
    await run([
      'deposit',
      note,
      '--case',
      '(2026)沪0104刑初123号',
      '--digest',
      'sha256',
      '--digest',
      'sm3',
      '--url',
      server.url,
    ])
    await run(['deposit', folder, '--note', 'a note', '--url', server.url])
    await run(['prove', mail, '--receipt', receipt, '--manifest', manifest, '--folder', folder])
    const { size: already } = (await server.request('/v1/ledger')).json<{ size: number }>()
    await server.request('/v1/statements', {
      method: 'POST',
      headers: { 'content-type': 'application/x-ndjson', prefer: 'return=minimal' },
      body: Array.from({ length: size - already }, (_, i) => deposit(key, origin, `${i}`).presentation).join('\n'),
    })
    await server.stop()
    await run(['export', exported])
    cpSync(join(exported, 'policy'), policy)
  })
  afterAll(remove)

  it('judges every vector as it expects', () => {
    const result = python('vectors.py', [vectors, '--json'])
    expect(result.stderr).toBe('')
    const { vectors: run, failed, lacking } = result.json<Record<'vectors' | 'failed' | 'lacking', unknown>>()
    expect({ run, failed }).toEqual({ run: readVectors().length, failed: {} })
    expect(result.code).toBe(0)
    // Only what rests on ML-DSA-44, and only where the installed `cryptography` has none.
    for (const name of lacking as string[]) expect(name).toMatch(/ml-dsa/)
  })

  it('finds no fault in what our command line made', () => {
    expect(verifier(checkNote)).toMatchObject({ ok: true, index: 2, item: 0, iss: 'depositor', withheld: 0 })
    expect(verifier(checkFolder)).toMatchObject({
      ok: true,
      index: 3,
      item: 0,
      listedFiles: 9,
      unlisted: ['mail/notice.eml.file-proof'],
    })
    expect(verifier(checkMail)).toMatchObject({ ok: true, index: 3, item: 0, listedAs: 'mail/notice.eml' })
    expect(verifier(['check', mail, ...checkFolder.slice(2)])).toMatchObject({ ok: true, listedAs: 'mail/notice.eml' })
    expect(verifier(['check', manifest, '--receipt', receipt, '--policy', policy])).toMatchObject({ ok: true, item: 0 })
    expect(verifier(['check', '--receipt', receipt, '--policy', policy])).toMatchObject({ ok: true, path: null })
    expect(verifier([...verify, '--checkpoint', receipt, '--checkpoint', proof])).toMatchObject({ ok: true, size })
  })

  it('reports of a ledger what our own re-walk reports', async () => {
    const ours = await evidence(['verify', '--dir', exported, '--policy', policy, '--json'])
    const { origin, root, environment, participants } = ours.json<Record<string, unknown>>()
    expect(verifier(verify)).toMatchObject({
      size,
      origin,
      root,
      environment,
      participants,
      flagged: [],
      trusted: true,
    })
  })

  it('says of a result what may be said, and no more', () => {
    const checked = python('evidence_verify.py', checkNote)
    expect(checked.code).toBe(0)
    expect(checked.stdout).toContain(
      'unchanged since deposit, signed by this key, at this time by this ledger’s clock:',
    )
    expect(checked.stdout).toMatch(/as of size \d+; later events not checked/)
    expect(checked.stdout).toContain('not shown by a receipt:')
    const walked = python('evidence_verify.py', verify)
    expect(walked.stdout).toContain('Later events: this is the ledger as of size 300.')
    expect(walked.stdout.trimEnd().endsWith('no fault found')).toBe(true)
    withByteChanged(note, 'counter', 0, () => {
      const { code, stdout } = python('evidence_verify.py', checkNote)
      expect(code).toBe(1)
      expect(stdout).toContain('this does not say which is genuine, who changed it, or whether the content differs')
      expect(stdout).not.toMatch(/unchanged|tampered|forged|fake/)
    })
  })

  it('finds one byte changed in a file, wherever it is deposited', () => {
    withByteChanged(note, 'counter', 0, () => expect(verdict(checkNote)).toEqual([1, 'file-differs']))
    withByteChanged(mail, 'e', 0, () => {
      expect(verdict(checkFolder)).toEqual([1, 'file-differs'])
      expect(verdict(checkMail)).toEqual([1, 'file-differs'])
    })
    const bytes = readFileSync(mail)
    rmSync(mail)
    expect(verdict(checkFolder)).toEqual([1, 'file-not-in-deposit'])
    writeFileSync(mail, bytes)
  })

  it('finds one byte changed in a receipt, a file proof, a manifest', () => {
    const text = readFileSync(`${note}.tlog-proof`, 'utf8')
    const hash = /^index \d+\n.*?[B-Yb-y]/m.exec(text)?.[0] as string
    const signature = /\n— \S+ .{20,}?[B-Yb-y]/.exec(text)?.[0] as string
    const at = (place: string, offset: number): readonly [number, ...string[]] =>
      withByteChanged(`${note}.tlog-proof`, place, offset, () => verdict(checkNote))
    expect(at(hash, hash.length - 1)).toEqual([1, 'inclusion-invalid'])
    expect(at('index 2', 6)).toEqual([1, 'receipt-index'])
    // In the middle of the signature, past the key's id. The offset is in bytes, of which the em dash has three.
    expect(at(signature, Buffer.byteLength(signature) - 1)).toEqual([1, 'signature-invalid'])
    expect(at('c2sp.org', 0)).toEqual([1, 'receipt-malformed'])
    withByteChanged(proof, 'mail/notice.eml', 0, () => expect(verdict(checkMail)).toEqual([1, 'inclusion-invalid']))
    withByteChanged(manifest, 'mail/notice.eml', 0, () => expect(verdict(checkFolder)).toEqual([1, 'file-differs']))
  })

  it('finds one byte changed in an export, and names the entry', () => {
    const [entries, leaves, above] = ['tile/entries/000', 'tile/0/000', 'tile/1/000.p/1'].map((name) =>
      join(exported, name),
    ) as [string, string, string]
    withByteChanged(entries, '\n100\n', 3, () => {
      expect(verifier(verify).faults).toMatchObject([
        { code: 'entry-altered', index: 100 },
        { code: 'index-wrong', index: 100 },
      ])
    })
    withByteChanged(leaves, readFileSync(leaves).subarray(7 * 32, 8 * 32), 0, () => {
      expect(verifier(verify).faults.map(({ code, index }) => [code, index])).toEqual([
        ['tile-altered', undefined],
        ['tile-altered', 7],
      ])
    })
    withByteChanged(above, readFileSync(above), 0, () => expect(verdict(verify)).toEqual([1, 'tile-altered']))
    withByteChanged(join(exported, 'checkpoint'), `\n${size}\n`, 3, () => {
      expect(verdict(verify)).toContain('signature-invalid')
    })
  })

  it('reads an older checkpoint from the full tiles that came after it', () => {
    const older = join(path, 'older')
    cpSync(exported, older, { recursive: true })
    const text = readFileSync(`${note}.tlog-proof`, 'utf8')
    writeFileSync(join(older, 'checkpoint'), text.slice(text.indexOf('\n\n') + 2))
    expect(verifier(['verify', older, '--policy', policy])).toMatchObject({ ok: true, size: 3, trusted: true })
    rmSync(join(older, 'tile', 'entries', '000'))
    expect(verdict(['verify', older, '--policy', policy])).toEqual([1, 'entry-missing'])
    rmSync(join(older, 'checkpoint'))
    expect(verdict(['verify', older, '--policy', policy])).toEqual([1, 'checkpoint-missing'])
  })

  it('ends with 2, 3 and 4 where these are meant', () => {
    expect(python('evidence_verify.py', ['check', note]).code).toBe(2)
    const broken = join(path, 'broken.policy')
    writeFileSync(broken, 'quorum nobody\n')
    expect(verifier(['verify', exported, '--policy', broken])).toMatchObject({ error: { code: 'policy-malformed' } })
    expect(verifier(['verify', join(path, 'nothing'), '--policy', policy])).toMatchObject({ exit: 3 })
    const { vector } = readVectors().find(({ name }) => name === 'receipt/kind-unknown') ?? {}
    mkdirSync(join(path, 'later'))
    const [later, trusted] = [join(path, 'later', 'receipt'), join(path, 'later', 'policy')]
    writeFileSync(later, vector?.input.text('receipt') as string)
    writeFileSync(trusted, vector?.input.text('policy') as string)
    expect(verifier(['check', '--receipt', later, '--policy', trusted])).toMatchObject({ exit: 4, faults: [] })
    expect(python('evidence_verify.py', ['check', '--receipt', later, '--policy', trusted]).stdout).toContain(
      'not judged: needs a newer verifier',
    )
  })

  it('says which witnesses it could not verify where cryptography has no ML-DSA-44, and is not content with them', () => {
    const without = { without: 'cryptography.hazmat.primitives.asymmetric.mldsa' }
    const needed = readVectors().find(({ name }) => name === 'policy-apply/ml-dsa')?.vector.input
    const [kept, trusted] = [join(path, 'ml-dsa.checkpoint'), join(path, 'ml-dsa.policy')]
    writeFileSync(kept, needed?.text('note') as string)
    const lines = needed?.text('policy') as string
    const checked = (policyText: string): CliResult => {
      writeFileSync(trusted, policyText)
      mkdirSync(join(path, 'ml-dsa', 'tile'), { recursive: true })
      cpSync(kept, join(path, 'ml-dsa', 'checkpoint'))
      return python('evidence_verify.py', ['verify', join(path, 'ml-dsa'), '--policy', trusted, '--json'], without)
    }
    const depends = checked(lines).json<Record<string, unknown>>()
    expect(depends['notJudged']).toMatchObject([{ code: 'policy-unsupported' }])
    expect(depends['unverifiedWitnesses']).toContain('own')
    const independent = checked(lines.replace(/^quorum .*$/m, 'quorum none')).json<Record<string, unknown>>()
    expect(independent).toMatchObject({ notJudged: [], trusted: true })
    expect(independent['unverifiedWitnesses']).toContain('own')
    const all = python('vectors.py', [vectors, '--json'], without)
    expect(all.json()).toMatchObject({ failed: {} })
    expect(all.json<{ lacking: string[] }>().lacking).toContain('policy-apply/ml-dsa')
    expect(all.code).toBe(0)
  })

  it('explains itself, with an example', () => {
    for (const command of [[], ['check'], ['verify']]) {
      const { code, stdout } = python('evidence_verify.py', [...command, '--help'])
      expect(code).toBe(0)
      expect(stdout).toMatch(/example:\n {2}evidence_verify\.py/)
      expect(stdout).toContain('exit codes:')
    }
  })
})
