import { cpSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { EntriesAnswer, EntryAnswer, ReceiptAnswer } from '../../src/api/answers.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { parseReceipt } from '../../src/core/receipt.ts'
import { dataFolder } from '../../src/ledger/data-folder.ts'
import { type CliError, type CliServer, evidence, evidenceOk, startServer } from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'

/* A backup from before an order to erase is put in the place of the ledger, as an operator types it. */
describe('evidence ledger open-claims', () => {
  const { path, remove } = temporaryFolder()
  const at = (name: string): string => join(path, name)
  const [data, out, restored] = [at('data'), at('backup'), at('restored')]
  const names = ['ordered', 'kept'] as const
  const indices: Record<string, number> = {}
  /** The order as it was sent, and the salts of the claims that it takes. */
  let order: string
  let salts: Buffer[]
  let server: CliServer | undefined

  const started = async (folder: string): Promise<CliServer> => {
    server = await startServer(folder, [], 'serve')
    return server
  }
  const stopped = async (): Promise<void> => {
    await server?.stop()
    server = undefined
  }
  const read = async <T>(running: CliServer, asked: string): Promise<T> => {
    const headers = { authorization: `Bearer ${running.token('depositor')}` }
    const answer = await running.request(asked, { headers })
    expect([asked, answer.status]).toEqual([asked, 200])
    return answer.json<T>()
  }
  /** What the depositor is shown of its own two deposits: claims of entry and receipt, and what a case and an exhibit lead to. */
  async function shown(running: CliServer): Promise<Record<string, number[]>> {
    const told: Record<string, number[]> = {}
    for (const name of names) {
      const entry = await read<EntryAnswer>(running, `/v1/entries/${indices[name]}`)
      const { receipt } = await read<ReceiptAnswer>(running, `/v1/entries/${indices[name]}/receipt`)
      const found = [`case=case-${name}`, `exhibit=EX-${name}`].map((query) =>
        read<EntriesAnswer>(running, `/v1/entries?${query}`).then(({ entries }) => entries.length),
      )
      const { disclosures } = parseReceipt(utf8(receipt))
      told[name] = [
        Object.keys(entry.claims).length,
        entry.disclosures.length,
        disclosures.length,
        ...(await Promise.all(found)),
      ]
    }
    return told
  }
  const filesWithSalts = (folder: string): string[] =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => {
      const file = join(folder, name)
      return statSync(file).isFile() && salts.some((salt) => readFileSync(file).includes(salt))
    })

  beforeAll(async () => {
    const first = await startServer(data)
    server = first
    const asked = ['--data', data, '--url', first.url]
    await evidenceOk(['keygen', '--out', at('court.pem')])
    const admission = ['participants', 'admit', 'court', '--public-key', at('court.jwk'), '--role', 'authority']
    await evidenceOk([...admission, '--type', 'court', ...asked])
    for (const name of names) {
      writeFileSync(at(`${name}.txt`), name)
      writeFileSync(at('collection.json'), JSON.stringify({ exhibit: `EX-${name}` }))
      const claims = ['--note', `note of ${name}`, '--case', `case-${name}`, '--collection', at('collection.json')]
      await evidenceOk(['deposit', at(`${name}.txt`), ...claims, ...asked])
      indices[name] = parseReceipt(readFileSync(at(`${name}.txt.tlog-proof`))).entry.index
    }
    await stopped()
    await evidenceOk(['backup', out, '--data', data])
    const running = await started(data)
    const { disclosures } = await read<EntryAnswer>(running, `/v1/entries/${indices['ordered']}`)
    salts = disclosures.map((text) => Buffer.from(text.slice(6, 26)))
    const proof = at('ordered.txt.tlog-proof')
    const by = ['--key', at('court.pem'), '--id', 'court', '--data', data, '--url', running.url]
    const erasing = ['erase', proof, '--claim', 'all', '--basis', 'Decision 12', '--receipt', at('order.tlog-proof')]
    await evidenceOk([...erasing, ...by])
    const { entry, disclosures: reasons } = parseReceipt(readFileSync(at('order.tlog-proof')))
    order = `${'statement' in entry ? entry.statement : ''}~${reasons.map(({ text }) => `${text}~`).join('')}`
    await stopped()
    await evidenceOk(['restore', '--from', out, '--data', restored, '--take-over'])
    cpSync(dataFolder(data).keys, dataFolder(restored).keys, { recursive: true })
  }, 120_000)
  afterAll(async () => {
    await stopped()
    remove()
  })

  const open = async (...more: string[]): Promise<unknown> => {
    const result = await evidence(['ledger', 'open-claims', '--data', restored, '--json', ...more])
    return result.code === 0 ? result.json() : result.json<CliError>().error.code
  }

  it('is for a backup that holds what the ledger lost by an order', () => {
    expect([filesWithSalts(data), filesWithSalts(out).length > 0]).toEqual([[], true])
  })

  it('shows nothing of any claim until every order was sent in again, and then all but what was ordered', async () => {
    const nothing = { ordered: [0, 0, 0, 0, 0], kept: [0, 0, 0, 0, 0] }
    const shut = await started(restored)
    expect(shut.output()).toMatch(/sealed claims are not shown: .*evidence ledger open-claims --help/)
    expect(await shown(shut)).toEqual(nothing)
    // By what stands in the entry itself it is found.
    const { entries } = await read<EntriesAnswer>(shut, '/v1/entries?kind=evidence.deposit')
    expect(entries).toHaveLength(2)
    const headers = { 'content-type': 'application/sd-jwt' }
    const sent = await shut.request('/v1/statements', { method: 'POST', body: order, headers })
    expect([sent.status, sent.text.slice(0, 300)]).toEqual([201, expect.stringContaining('"receipt"')])
    expect(await shown(shut)).toEqual(nothing)
    expect(await open('--orders-sent')).toBe('ledger-in-use')
    await stopped()
    expect(filesWithSalts(restored)).toEqual([])
    // A start changes nothing, nor does the command without the operator's word.
    expect(await open()).toBe('usage')
    expect(await shown(await started(restored))).toEqual(nothing)
    await stopped()
    expect(await open('--orders-sent')).toEqual({ data: restored, wasShut: true })
    const last = await started(restored)
    expect(last.output()).not.toContain('claims')
    const { kept, ordered } = await shown(last)
    expect(ordered).toEqual([0, 0, 0, 0, 0])
    expect(kept?.slice(3)).toEqual([1, 1])
    expect(kept?.slice(0, 3).every((count) => count === salts.length)).toBe(true)
    await stopped()
    expect(filesWithSalts(restored)).toEqual([])
    expect((await evidenceOk(['verify', '--data', restored, '--json'])).json()).toMatchObject({ ok: true })
    expect(await open('--orders-sent')).toEqual({ data: restored, wasShut: false })
  })
})
