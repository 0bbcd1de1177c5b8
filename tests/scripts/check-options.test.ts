import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CliError, type CliServer, evidence, evidenceOk, startServer } from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'

/* BR-M6: what an option of "evidence check" names is looked at, or the option is refused. */
describe('an option of check', () => {
  const { path, remove } = temporaryFolder()
  const at = (...names: string[]): string => join(path, ...names)
  const data = at('data')
  const policy = ['--policy', join(data, 'policy')]
  let server: CliServer

  beforeAll(async () => {
    server = await startServer(data)
    mkdirSync(at('folder'))
    for (const name of ['a.txt', 'b.txt']) writeFileSync(at('folder', name), name)
    writeFileSync(at('lone.txt'), 'lone')
    await evidenceOk(['deposit', at('folder'), '--data', data, '--url', server.url])
    await evidenceOk(['deposit', at('lone.txt'), '--data', data, '--url', server.url])
    writeFileSync(at('other.evidence-manifest'), 'other')
    writeFileSync(at('bare-list'), readFileSync(at('folder.evidence-manifest')))
    writeFileSync(at('alone.evidence-manifest'), readFileSync(at('folder.evidence-manifest')))
    writeFileSync(at('plain.pem'), '')
  })
  afterAll(async () => {
    await server.stop()
    remove()
  })

  const check = async (file: string, ...options: string[]): Promise<readonly [number | null, string?, string?]> => {
    const result = await evidence(['check', file, ...options, ...policy, '--json'], { cwd: path })
    const { error } = result.json<Partial<CliError>>()
    return error === undefined ? [result.code] : [result.code, error.code, error.message]
  }

  it('--manifest is used without --receipt: with the receipt beside it', async () => {
    const manifest = ['--manifest', 'folder.evidence-manifest']
    expect(await check('folder/a.txt', ...manifest)).toEqual([0])
    expect(await check('folder/a.txt', ...manifest, '--folder', 'folder')).toEqual([0])
    // Its own receipt would say another thing: that is not what was asked.
    expect((await check('lone.txt', ...manifest))[0]).toBe(1)
    const proven = await evidence(['prove', 'folder/b.txt', ...manifest, ...policy], { cwd: path })
    expect(proven.code).toBe(0)
  })

  it.each([
    ['is not there', 'nowhere.evidence-manifest', 'file-unreadable'],
    ['is a device', '/dev/zero', 'receipt-not-found'],
    ['has no receipt beside it', 'alone.evidence-manifest', 'receipt-not-found'],
    ['has a name that tells no receipt', 'bare-list', 'receipt-not-found'],
    ['is of other bytes, without a receipt', 'other.evidence-manifest', 'receipt-not-found'],
  ])(
    '--manifest that %s is not passed over, though the file has a receipt beside it',
    async (_what, manifest, code) => {
      const [exit, found, message] = await check('lone.txt', '--manifest', manifest)
      expect([exit, found]).toEqual([code === 'file-unreadable' ? 3 : 2, code])
      expect(message).toContain(manifest)
      expect(
        (await evidence(['prove', 'folder/a.txt', '--manifest', manifest, ...policy], { cwd: path })).code,
      ).not.toBe(0)
    },
  )

  it.each([
    ['a file without a manifest', ['lone.txt', '--folder', 'folder'], '--folder'],
    ['a file by its receipt alone', ['lone.txt', '--receipt', 'lone.txt.tlog-proof', '--folder', 'folder'], '--folder'],
    ['a folder', ['folder', '--folder', 'folder'], '--folder is for one file'],
    ['a file, without --online', ['lone.txt', '--url', 'http://127.0.0.1:9'], '--url is for --online'],
    ['a file, without --online', ['lone.txt', '--key', 'nowhere.pem'], '--key is for --online'],
    ['a file, without --online', ['lone.txt', '--id', 'nobody'], '--id is for --online'],
    ['a file, without --online', ['lone.txt', '--passphrase-file', 'nowhere'], '--passphrase-file is for --online'],
    ['a file, without --anchor', ['lone.txt', '--lower-url', 'http://127.0.0.1:9'], '--lower-url'],
    ['a file, without --report', ['lone.txt', '--lang', 'en'], '--lang'],
  ])('that says nothing of %s is refused', async (_what, [file = '', ...options], named) => {
    const [exit, code, message] = await check(file, ...options)
    expect([exit, code]).toEqual([2, 'usage'])
    expect(message).toContain(named)
  })

  it.each(['--time-proof', '--timestamp-anchors', '--transition', '--rotation', '--anchor', '--receipt'])(
    '%s that names nothing is not passed over',
    async (option) => {
      const [exit, code] = await check('lone.txt', option, 'nowhere')
      expect([exit, code]).toEqual([3, 'file-unreadable'])
    },
  )

  it.each([
    ['--folder', 'folder'],
    ['--time-proof', 'nowhere'],
    ['--timestamp-anchors', 'nowhere'],
    ['--transition', 'lone.txt'],
    ['--anchor', 'lone.txt'],
    ['--online'],
  ])('that says nothing of a proof of misbehaviour is refused: %s', async (...option) => {
    // Whatever it proves: what is not for it is refused before it is judged.
    writeFileSync(at('two.misbehaviour'), 'evidence-ledger/misbehaviour/v1\n')
    const [exit, code] = await check('two.misbehaviour', ...option)
    expect([exit, code]).toEqual([2, 'usage'])
  })
})
