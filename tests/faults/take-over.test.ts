import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { LedgerClient } from '../../src/client/ledger-client.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { dataFolder, readPolicyFile } from '../../src/ledger/data-folder.ts'
import { readKeyFile } from '../../src/node/key-file.ts'
import { checkReceipt } from '../../src/verify/check-receipt.ts'
import { type CliError, evidence, evidenceOk, startServerProcess } from '../support/cli.ts'
import { option } from '../support/fault-server.ts'
import { temporaryFolder } from '../support/folder.ts'
import { sizeOf } from '../support/long.ts'
import { deposit } from '../support/statements.ts'

/*
 * One lost disk loses nothing: the leader is killed under load and its folder deleted; the follower, killed too, is let take
 * over; every receipt that was ever given checks, and is served. More: `npm run faults -- take-over --cycles 50`.
 */
const program = fileURLToPath(new URL('../../cli/evidence.mjs', import.meta.url))
const cycles = option('cycles', sizeOf('tests/faults/take-over.test.ts', 'cycles'))
const { path, remove } = temporaryFolder()
const children: ChildProcess[] = []
afterAll(() => {
  for (const child of children) if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
  remove()
})

/** Starts `evidence follow`, and waits until it has caught up. */
async function follow(url: string, data: string, key: string, policy: string): Promise<ChildProcess> {
  const args = [program, 'follow', '--url', url, '--data', data, '--key', key, '--id', 'court-b', '--policy', policy]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  children.push(child)
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString()
  })
  for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
    said += chunk.toString()
    if (said.includes('entries held')) {
      child.stdout.resume()
      return child
    }
  }
  throw new Error(`the follower ended: ${said}`)
}

async function killed(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL')
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

describe('a leader that is lost', () => {
  it(`loses nothing that was acknowledged, in ${cycles} take-overs`, async () => {
    let data = join(path, 'data0')
    const sealedPlace = join(path, 'keys')
    const auditor = join(path, 'auditor.pem')
    const policy = join(path, 'policy')
    let server = await startServerProcess(data)
    cpSync(dataFolder(data).keys, sealedPlace, { recursive: true })
    cpSync(dataFolder(data).policy, policy)
    await evidenceOk(['keygen', '--out', auditor])
    await evidenceOk([
      'participants',
      'admit',
      'court-b',
      '--public-key',
      auditor.replace('.pem', '.jwk'),
      '--role',
      'auditor',

      '--type',
      'court',
      '--url',
      server.url,
      '--key',
      join(sealedPlace, 'administrator.pem'),
      '--id',
      'administrator',
    ])
    await server.stop()
    const depositor = readKeyFile(join(sealedPlace, 'depositor.pem'))
    const receipts = new Map<number, string>()
    for (let cycle = 0; cycle < cycles; cycle++) {
      server = await startServerProcess(data, ['--require-follower', 'court-b'], 'serve')
      children.push(server.child)
      const copy = join(path, `data${cycle + 1}`)
      let follower = await follow(server.url, copy, auditor, policy)
      const client = new LedgerClient(server.url, undefined, { retries: 0 })
      const { origin } = await client.ledger()
      let sent = 0
      let over = false
      // A depositor who is not answered sends the same bytes again: through the follower's crash, until the leader's.
      const load = Array.from({ length: 16 }, async () => {
        while (!over) {
          const { presentation } = deposit(depositor, origin, `${cycle} ${sent++}`)
          for (let result; result === undefined && !over; ) {
            result = await client.deposit(presentation).catch(() => undefined)
            if (result === undefined) await pause(20)
            else receipts.set(result.index, result.receipt)
          }
        }
      })
      await pause(300 + Math.random() * 300)
      const before = receipts.size
      await killed(follower)
      follower = await follow(server.url, copy, auditor, policy)
      while (receipts.size < before + 20) await pause(20)
      // Both at once, at any moment under load, and one disk is gone.
      await Promise.all([killed(server.child), killed(follower)])
      over = true
      await Promise.all(load)
      rmSync(data, { recursive: true })
      const refused = await evidence(['promote', '--data', copy, '--json'])
      expect([refused.code, refused.json<CliError>().error.code]).toEqual([2, 'take-over-needed'])
      const newest = join(path, 'newest.tlog-proof')
      writeFileSync(newest, receipts.get(Math.max(...receipts.keys())) as string)
      mkdirSync(dataFolder(copy).keys, { recursive: true })
      cpSync(sealedPlace, dataFolder(copy).keys, { recursive: true })
      await evidenceOk(['promote', '--data', copy, '--take-over', '--known-checkpoint', newest])
      // Nobody ordered an erasure, so the operator may say so: copies are given claims again.
      await evidenceOk(['ledger', 'open-claims', '--orders-sent', '--data', copy])
      const verified = await evidenceOk(['verify', '--data', copy, '--json'])
      expect(verified.json()).toMatchObject({ ok: true, faults: [] })
      data = copy
    }
    server = await startServerProcess(data, [], 'serve')
    const client = new LedgerClient(server.url, { id: 'depositor', signer: depositor })
    const own = readPolicyFile(policy)
    const { size } = await client.ledger()
    expect(receipts.size).toBeGreaterThan(cycles * 20)
    for (const [index, receipt] of receipts) {
      expect(index).toBeLessThan(size)
      expect(checkReceipt(utf8(receipt), own).faults).toEqual([])
      const { leafHash } = await client.entry(index)
      expect(receipt.length).toBeGreaterThan(0)
      expect(leafHash).toBe((await client.inclusion(index)).leafHash)
    }
    for (const index of [...receipts.keys()].slice(-50)) {
      const served = await client.receipt(index)
      expect(checkReceipt(utf8(served), own).faults).toEqual([])
      // The same entry as was acknowledged, line for line.
      expect(served.split('\n')[1]).toBe(receipts.get(index)?.split('\n')[1])
    }
    expect(readFileSync(policy)).toEqual(readFileSync(dataFolder(data).policy))
    expect(await server.stop()).toBe(0)
  })
})
