import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CliError, type CliResult, type CliServer, evidence, evidenceOk, startServer } from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'

/* A ledger that is read by participants: who refers to what another deposited has to have its receipt. */

const { path, remove } = temporaryFolder()
const data = join(path, 'data')
const photo = join(path, 'photo.jpg')
const receipt = `${photo}.tlog-proof`
const key = join(path, 'notary.pem')
const asNotary = ['--key', key, '--id', 'notary']
let server: CliServer
let deposited: { index: number; leafHash: string }

const env = (): Record<string, string> => ({ EVIDENCE_DATA: data, EVIDENCE_URL: server.url })
const ok = (...args: string[]): Promise<CliResult> => evidenceOk(args, { cwd: path, env: env() })
const run = (...args: string[]): Promise<CliResult> => evidence([...args, '--json'], { cwd: path, env: env() })
async function payloadOf(index: number): Promise<Readonly<Record<string, unknown>>> {
  const shown = await ok('show', String(index), ...asNotary, '--json')
  return shown.json<{ payload: Record<string, unknown> }>().payload
}

beforeAll(async () => {
  await evidenceOk(['init', '--origin', 'shown.example/test', '--reading', 'participants', '--data', data])
  server = await startServer(data, [], 'serve')
  await ok('keygen', '--out', key)
  const who = [
    '--public-key',
    join(path, 'notary.jwk'),
    '--type',
    'notary',
    '--role',
    'depositor',
    '--role',
    'attestor',
  ]
  await ok('participants', 'admit', 'notary', ...who)
  writeFileSync(photo, 'a photo')
  await ok('deposit', photo)
  deposited = (await ok('show', receipt, '--json')).json()
})
afterAll(async () => {
  await server.stop()
  remove()
})

describe('F-RA-H5: what another deposited', () => {
  it('is attested by its receipt, and not by its index alone', async () => {
    const { index } = deposited
    const refused = await run('attest', String(index), '--as', 'notary', ...asNotary)
    expect([refused.code, refused.json<CliError>().error.code]).toEqual([3, 'reference-not-found'])
    const attested = (await ok('attest', receipt, '--as', 'notary', ...asNotary, '--item', '0', '--json')).json<{
      index: number
    }>()
    expect(await payloadOf(attested.index)).toMatchObject({ of: { index, leafHash: deposited.leafHash, item: 0 } })
    // Its own needs nothing more.
    await ok('attest', String(index), '--as', 'witness')
  })

  it('is related to by its receipt, and not by its leaf hash alone', async () => {
    const copies = ['one', 'two'].map((name) => join(path, name))
    for (const copy of copies) writeFileSync(copy, copy)
    const { index, leafHash } = deposited
    const relate = (relation: string, ...files: string[]): Promise<CliResult> =>
      run('deposit', ...files, '--separate', '--no-names', ...asNotary, '--relates', relation)
    const refused = await relate(`derived-from:${index}:${leafHash}`, ...copies)
    const outcomes = refused.json<{ deposits: { error?: { code: string } }[] }>().deposits
    expect(outcomes.map(({ error }) => error?.code)).toEqual(['reference-not-found', 'reference-not-found'])
    const shown = await relate(`derived-from:${receipt}:0`, ...copies)
    expect(shown.code).toBe(0)
    for (const made of shown.json<{ deposits: { index: number }[] }>().deposits)
      expect((await payloadOf(made.index))['relates']).toEqual([{ rel: 'derived-from', index, leafHash, item: 0 }])
  })

  it('is retracted by its receipt by who deposited it, and by nobody else', async () => {
    const other = await run('retract', receipt, '--reason', 'mistake', ...asNotary)
    expect(other.json<CliError>().error.code).toBe('retract-not-own')
    await ok('retract', receipt, '--reason', 'mistake')
  })

  it('is not referred to by a receipt that does not hold, nor by what is none', async () => {
    const altered = join(path, 'altered.tlog-proof')
    const text = readFileSync(receipt, 'utf8')
    const at = text.lastIndexOf('— ') + 60
    writeFileSync(altered, `${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`)
    const before = (await server.request('/v1/ledger')).json<{ size: number }>().size
    for (const [args, exit] of [
      [['attest', altered, '--as', 'witness'], 3],
      [['attest', photo, '--as', 'witness'], 3],
      [['attest', 'nothing', '--as', 'witness'], 2],
      [['deposit', key, '--relates', `corrects:${altered}`], 3],
      [['deposit', key, '--relates', `corrects:${photo}`], 2],
    ] as const)
      expect([args, (await run(...args)).code]).toEqual([args, exit])
    expect((await server.request('/v1/ledger')).json<{ size: number }>().size).toBe(before)
  })
})
