import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { LedgerClient } from '../../src/client/index.ts'
import { utf8 } from '../../src/core/index.ts'
import { FolderSource, dataFolder, readOwnKey, readPolicyFile } from '../../src/ledger/index.ts'
import { installNativePrimitives, readKeyFile } from '../../src/node/index.ts'
import { checkReceipt, walk } from '../../src/verify/index.ts'
import { temporaryFolder } from '../support/folder.ts'
import { deposit } from '../support/statements.ts'

/* SIGKILL at a random moment under load, again and again: every receipt ever given still checks, and is served. */
const cli = fileURLToPath(new URL('../../cli/evidence.mjs', import.meta.url))
const cycles = Number(process.env['KILL_CYCLES'] ?? 6)
const { path, remove } = temporaryFolder()
afterAll(remove)
const root = join(path, 'data')

async function start(): Promise<{ server: ChildProcess; url: string }> {
  const server = spawn(process.execPath, [cli, 'start', '--port', '0', '--data', root], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  server.stderr?.on('data', (chunk: Buffer) => {
    said += chunk.toString()
  })
  for await (const chunk of server.stdout as AsyncIterable<Buffer>) {
    said += chunk.toString()
    const match = /listening on (\S+)/.exec(said)
    if (match !== null) {
      server.stdout?.resume()
      return { server, url: match[1] as string }
    }
  }
  throw new Error(`the server did not start: ${said}`)
}

describe('SIGKILL under load', () => {
  it(`loses nothing that was acknowledged, in ${cycles} cycles`, { timeout: 60_000 + cycles * 10_000 }, async () => {
    installNativePrimitives()
    const receipts = new Map<number, string>()
    for (let cycle = 0; cycle < cycles; cycle++) {
      const { server, url } = await start()
      const client = new LedgerClient(url, undefined, { retries: 0 })
      const { origin } = await client.ledger()
      const signer = readKeyFile(dataFolder(root).depositorKey)
      let sent = 0
      const load = Array.from({ length: 16 }, async () => {
        for (;;) {
          const result = await client.deposit(deposit(signer, origin, `${cycle} ${sent++}`).presentation)
          receipts.set(result.index, result.receipt)
        }
      })
      setTimeout(() => server.kill('SIGKILL'), 150 + Math.random() * 500)
      const ended = await Promise.allSettled(load)
      expect(ended.every(({ status }) => status === 'rejected')).toBe(true)
      if (server.exitCode === null && server.signalCode === null) await once(server, 'exit')
    }
    expect(receipts.size).toBeGreaterThan(cycles)
    const policy = readPolicyFile(dataFolder(root).policy)
    const { server, url } = await start()
    const client = new LedgerClient(url)
    const { size } = await client.ledger()
    for (const [index, receipt] of receipts) {
      expect(index).toBeLessThan(size)
      expect(checkReceipt(utf8(receipt), policy).faults).toEqual([])
    }
    for (const index of [...receipts.keys()].slice(-50)) {
      expect(checkReceipt(utf8(await client.receipt(index)), policy).faults).toEqual([])
    }
    server.kill('SIGTERM')
    const [code] = (await once(server, 'exit')) as [number]
    expect(code).toBe(0)
    const source = await FolderSource.open(root, readOwnKey(dataFolder(root)))
    const report = await walk({ source, policy })
    expect([...source.faults, ...report.faults]).toEqual([])
    await source.close()
  })
})
