import { cpSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CliServer, evidence, evidenceOk, startServer } from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'

interface Report {
  readonly ok: boolean
  readonly status?: {
    readonly size: number
    readonly events: readonly { readonly what: string; readonly proven: boolean }[]
  }
  readonly faults: readonly { readonly code: string }[]
}

const { path, remove } = temporaryFolder()
const data = join(path, 'data')
const file = join(path, 'photo.jpg')
let server: CliServer

const check = (...args: string[]) => evidence(['check', file, '--online', '--json', '--data', data, ...args])

beforeAll(async () => {
  server = await startServer(data)
  writeFileSync(file, 'what was photographed')
  await evidenceOk(['deposit', file, '--data', data, '--url', server.url])
})
afterAll(async () => {
  await server.stop()
  remove()
})

describe('check --online', () => {
  it('says that nothing happened later, then that the deposit was retracted', async () => {
    const before = (await check('--url', server.url)).json<Report>()
    expect([before.ok, before.status?.events]).toEqual([true, []])
    const index = String((before as unknown as { index: number }).index)
    await evidenceOk(['retract', index, '--reason', 'mistake', '--data', data, '--url', server.url])
    const after = await check('--url', server.url)
    expect(after.code).toBe(0)
    expect(after.json<Report>().status?.events).toMatchObject([{ what: 'retracted', proven: true }])
    const text = await evidenceOk(['check', file, '--online', '--data', data, '--url', server.url])
    expect(text.stdout).toContain('later: retracted, mistake: entry')
    expect(text.stdout).toContain('only somebody who has the entries can tell')
    expect(text.stdout).not.toContain('later events not checked')
  })

  it('takes the URL from the policy', async () => {
    const policy = join(path, 'policy')
    const { policy: text } = (await server.request('/v1/ledger')).json<{ policy: string }>()
    writeFileSync(policy, text.replace(/^(log \S+).*$/m, `$1 ${server.url}`))
    expect((await check('--policy', policy)).json<Report>().status?.events.length).toBe(1)
    const without = await check()
    expect([without.code, without.stdout]).toEqual([2, expect.stringContaining('name the ledger’s by --url')])
  })

  it('is a fault where the ledger was put back, and another history went on from there', async () => {
    await server.stop()
    const copy = join(path, 'copy')
    cpSync(data, copy, { recursive: true })
    server = await startServer(data)
    const deposit = async (name: string, folder: string, url: string): Promise<string> => {
      const other = join(path, name)
      writeFileSync(other, name)
      await evidenceOk(['deposit', other, '--data', folder, '--url', url])
      return other
    }
    const kept = await deposit('kept', data, server.url)
    const fork = await startServer(copy)
    const behind = await evidence(['check', kept, '--online', '--json', '--data', data, '--url', fork.url])
    // An earlier checkpoint contradicts nothing: anybody may keep one, and show it.
    expect(behind.code).toBe(3)
    expect(behind.json<Report>().faults).toMatchObject([{ code: 'server-answer' }])
    await deposit('forked', copy, fork.url)
    const before = join(path, 'photo.jpg')
    // A receipt at the size where the two histories part: the ledger gives it again for the old entry.
    const old = (
      await server.request('/v1/entries/2/receipt', {
        headers: { authorization: `Bearer ${server.token('depositor')}`, accept: 'text/plain' },
      })
    ).text
    const receipt = join(path, 'old.tlog-proof')
    writeFileSync(receipt, old)
    const forked = await evidence([
      'check',
      before,
      '--receipt',
      receipt,
      '--online',
      '--json',
      '--data',
      data,
      '--url',
      fork.url,
    ])
    expect(forked.code).toBe(1)
    expect(forked.json<Report>().faults).toMatchObject([{ code: 'consistency-invalid' }])
    await fork.stop()
    const size = Number(old.split('\n\n')[1]?.split('\n')[1])
    expect(size).toBeGreaterThan(0)
  })
})
