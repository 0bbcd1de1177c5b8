import { cpSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CliServer, evidence, evidenceOk, startCommand, startFileServer, startServer } from '../support/cli.ts'
import { parseReceipt } from '../../src/core/receipt.ts'
import { temporaryFolder } from '../support/folder.ts'

const { path, remove } = temporaryFolder()
const data = join(path, 'data')
const policy = join(path, 'policy')
const mirror = join(path, 'mirror')
let ledger: CliServer

const photo = join(path, 'photo.jpg')
const auditor = (): string[] => ['--key', join(path, 'auditor.pem'), '--id', 'auditor']

beforeAll(async () => {
  ledger = await startServer(data)
  await evidenceOk(['keygen', '--out', join(path, 'auditor.pem')])
  const admit = [
    'participants',
    'admit',
    'auditor',
    '--public-key',
    join(path, 'auditor.jwk'),
    '--type',
    'court',
    '--role',
    'auditor',
  ]
  await evidenceOk([...admit, '--data', data, '--url', ledger.url])
  writeFileSync(photo, 'what was photographed')
  await evidenceOk(['deposit', photo, '--data', data, '--url', ledger.url])
  cpSync(join(data, 'policy'), policy)
})
afterAll(async () => {
  await ledger.stop()
  remove()
})

describe('a mirror', () => {
  it('is a full copy, and nothing of it is there before it is verified', async () => {
    const result = await evidenceOk([
      'mirror',
      ledger.url,
      mirror,
      '--once',
      '--json',
      '--policy',
      policy,
      ...auditor(),
    ])
    expect(JSON.parse(result.stdout.split('\n')[0] as string)).toMatchObject({ what: 'grown', from: 0, to: 4 })
    expect((await evidenceOk(['verify', '--dir', mirror, '--policy', policy])).stdout).toContain('no fault found')
    expect(readFileSync(join(mirror, 'policy'))).toEqual(readFileSync(policy))
  })

  it('keeps no sealed claim of any entry, though its auditor may read all', async () => {
    const saltsOf = (file: string): string[] =>
      parseReceipt(readFileSync(`${file}.tlog-proof`)).disclosures.flatMap(({ text }) => [
        text.slice(6, 26),
        Buffer.from(text, 'base64url').toString().slice(2, 22),
      ])
    // One that was there when the mirror was begun.
    const traces = saltsOf(photo)
    expect(traces.length).toBeGreaterThan(0)
    const run = ['mirror', ledger.url, mirror, '--once', '--json', '--policy', policy, ...auditor()]
    for (const name of ['first', 'second']) {
      const file = join(path, `${name}.txt`)
      writeFileSync(file, name)
      const claims = ['--note', `note of the ${name}`, '--case', `case of the ${name}`]
      await evidenceOk(['deposit', file, ...claims, '--data', data, '--url', ledger.url])
      const { index } = parseReceipt(readFileSync(`${file}.tlog-proof`)).entry
      const shown = await evidenceOk(['show', String(index), '--json', '--url', ledger.url, ...auditor()])
      for (const text of [`note of the ${name}`, `case of the ${name}`]) {
        expect(shown.stdout).toContain(text)
        traces.push(text)
      }
      traces.push(...saltsOf(file))
      expect((await evidenceOk(run)).stdout).toContain('"what":"grown"')
    }
    const found = (folder: string): string[] => {
      const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name))
      const texts = files.filter((file) => statSync(file).isFile()).map((file) => readFileSync(file, 'latin1'))
      return traces.filter((trace) => texts.some((text) => text.includes(trace)))
    }
    expect(found(mirror)).toEqual([])
    // What is looked for is what a ledger keeps.
    expect(found(data).length).toBeGreaterThan(4)
    expect((await evidenceOk(['verify', '--dir', mirror, '--policy', policy])).stdout).toContain('no fault found')
  })

  it('refuses a folder that another run has, and a ledger that is not the policy’s', async () => {
    const other = join(path, 'other.policy')
    writeFileSync(other, 'quorum none\n')
    const refused = await evidence(['mirror', ledger.url, join(path, 'x'), '--once', '--json', '--policy', other])
    expect([refused.code, refused.stdout]).toEqual([1, expect.stringContaining('checkpoint-untrusted')])
    const named = ['mirror', ledger.url, join(path, 'x'), '--once', '--policy', policy]
    const twice = await evidence([...named, '--url', ledger.url])
    expect([twice.code, twice.stderr]).toEqual([2, expect.stringContaining('--url')])
  })

  it('takes over when the ledger is gone: verify and receipts with the original policy', async () => {
    await ledger.stop()
    const server = await startCommand([
      'mirror',
      ledger.url,
      mirror,
      '--serve',
      '--port',
      '0',
      '--serve-entries',
      ...auditor(),
    ])
    const verified = await evidenceOk(['verify', '--url', server.url, '--policy', policy])
    expect(verified.stdout).toContain('no fault found')
    const receipt = join(path, 'from-mirror.tlog-proof')
    await evidenceOk(['receipt', '3', '--url', server.url, '--policy', policy, '--out', receipt])
    const checked = await evidenceOk(['check', photo, '--receipt', receipt, '--policy', policy])
    expect(checked.stdout).toContain('no fault found')
    expect(await server.stop()).toBe(0)
    await evidenceOk(['receipt', '3', '--dir', mirror, '--policy', policy, '--out', receipt])
    expect((await evidence(['receipt', '99', '--dir', mirror, '--policy', policy, '--json'])).stdout).toContain(
      'entry-not-found',
    )
  })

  it('serves no entries that it got by right', async () => {
    const server = await startCommand(['mirror', ledger.url, mirror, '--serve', '--port', '0', ...auditor()])
    expect((await server.request('/tile/entries/000.p/4')).status).toBe(403)
    expect((await server.request('/tile/0/000.p/4')).status).toBe(200)
    await server.stop()
  })

  it('is served by any web server', async () => {
    const web = await startFileServer((name) => {
      const file = join(mirror, name)
      return existsSync(file) ? readFileSync(file) : undefined
    })
    expect((await evidenceOk(['verify', '--url', web.url, '--policy', policy])).stdout).toContain('no fault found')
    await web.close()
  })
})
