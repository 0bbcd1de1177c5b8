import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dataFolder } from '../../src/ledger/data-folder.ts'
import { type CliError, type CliServer, evidence, evidenceOk, startServer } from '../support/cli.ts'
import { editDatabase } from '../support/damage.ts'
import { temporaryFolder } from '../support/folder.ts'

const { path, remove } = temporaryFolder()
const data = join(path, 'data')
const file = join(path, 'photo.jpg')
const policy = join(path, 'policy')
let server: CliServer

beforeAll(async () => {
  server = await startServer(data)
  writeFileSync(file, 'what was photographed')
  writeFileSync(policy, (await server.request('/v1/ledger')).json<{ policy: string }>().policy)
  await evidenceOk(['deposit', file, '--data', data, '--url', server.url])
  await evidenceOk(['retract', '2', '--reason', 'mistake', '--data', data, '--url', server.url])
  await server.stop()
  // As a disk that lost what LevelDB does not miss: every look-up key.
  await editDatabase(dataFolder(data).database, async (db) => {
    for (const key of await db.keys({ gte: Buffer.from('ld'), lt: Buffer.from('le') }).all()) await db.del(key)
    for (const key of await db.keys({ gte: Buffer.from('lr'), lt: Buffer.from('ls') }).all()) await db.del(key)
  })
  server = await startServer(data)
})
afterAll(async () => {
  await server.stop()
  remove()
})

const withServer = (...args: string[]): string[] => [...args, '--data', data, '--url', server.url, '--json']

describe('F-M3: a ledger that lost look-up keys', () => {
  it('does not say "nothing found", nor that nothing happened later', async () => {
    for (const args of [
      ['find', file],
      ['find', '--kind', 'evidence.deposit'],
      ['check', file, '--online'],
    ]) {
      const answer = await evidence(withServer(...args))
      expect([args[0], answer.code]).not.toEqual([args[0], 0])
      expect(answer.stdout).toContain('lookups-damaged')
      expect(answer.stdout).toContain('evidence ledger reindex')
      expect(answer.stdout).not.toMatch(/nothing (?:found|later)/)
    }
  })

  it('takes no deposits, and says why', async () => {
    const ready = await server.request('/readyz')
    expect([ready.status, ready.json<{ code: string }>().code]).toEqual([503, 'lookups-damaged'])
    // Receipts and proofs need no look-up.
    expect((await server.request('/v1/entries/1/receipt')).status).toBe(200)
  })

  it('is not called sound by a verifier that cannot see them', async () => {
    const online = await evidenceOk(['verify', '--url', server.url, '--policy', policy, '--json'])
    expect(online.json<{ notChecked: string[] }>().notChecked.join(' ')).toContain('Look-up keys')
  })

  it('is found by doctor and by verify on the folder, and mended by reindex', async () => {
    const asked = await evidence(['doctor', '--data', data, '--url', server.url, '--json'])
    expect([asked.code, asked.stdout.includes('lookups-damaged')]).toEqual([3, true])
    await server.stop()
    const doctor = await evidence(['doctor', '--data', data, '--json'])
    expect([doctor.code, doctor.stdout.includes('lookups-damaged')]).toEqual([1, true])
    const verified = await evidence(['verify', '--data', data, '--json'])
    expect(verified.code).toBe(1)
    const codes = verified.json<{ faults: { code: string }[] }>().faults.map(({ code }) => code)
    expect(codes).toEqual(expect.arrayContaining(['lookup-missing', 'lookups-damaged']))
    await evidenceOk(['ledger', 'reindex', '--data', data])
    server = await startServer(data)
    const found = await evidenceOk(withServer('find', file))
    expect(found.json<{ entries: unknown[] }>().entries).toHaveLength(1)
    const checked = await evidenceOk(withServer('check', file, '--online'))
    expect(checked.stdout).toContain('retracted')
    const whole = await evidence(['verify', '--data', data, '--json'])
    expect(whole.json<CliError>().error.code).toBe('ledger-in-use')
  })
})
