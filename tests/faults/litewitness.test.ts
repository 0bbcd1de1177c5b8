import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { utf8 } from '../../src/core/bytes.ts'
import { parsePolicy } from '../../src/core/policy.ts'
import { readOwnKey } from '../../src/ledger/data-folder.ts'
import { checkReceipt } from '../../src/verify/check-receipt.ts'
import { systemProgram, unusedUrl } from '../support/cli.ts'
import { launchSound } from '../support/fault-server.ts'
import { type TestFolder, temporaryFolder, trialFolder } from '../support/folder.ts'

/*
 * A witness that others wrote, got from the Go module proxy: it needs Go, the network and ssh-agent, so `npm test` leaves it alone.
 * `npm run faults -- litewitness` runs it; docs/interoperability.md holds what came of it.
 */
const version = 'v0.9.0'
const work = temporaryFolder()
const at = (name: string): string => join(work.path, name)

function run(command: string, args: readonly string[], env: Record<string, string> = {}): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    env: { ...process.env, ...env },
    cwd: work.path,
  })
  if (error !== undefined) throw error
  if (status !== 0) throw new Error(`${command} ended with ${status}: ${stderr}`)
  return stdout.toString()
}

/** The program, and the fingerprint of a key that an agent of its own holds. */
function obtain(): { program: string; fingerprint: string; agent: number } {
  const go = { GOBIN: work.path, GOFLAGS: '-buildvcs=false' }
  run('go', ['install', `filippo.io/torchwood/cmd/litewitness@${version}`], go)
  run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', at('key')])
  const agent = /SSH_AGENT_PID=(\d+)/.exec(run('ssh-agent', ['-s', '-a', at('agent.sock')]))?.[1]
  run('ssh-add', ['-q', at('key')], { SSH_AUTH_SOCK: at('agent.sock') })
  const fingerprint = run('ssh-keygen', ['-lf', at('key.pub')]).split(' ')[1] ?? ''
  return { program: at('litewitness'), fingerprint, agent: Number(agent) }
}

describe('litewitness', () => {
  let found: ReturnType<typeof obtain> | undefined
  let witness: ChildProcess | undefined
  let ledger: TestFolder

  beforeAll(async () => {
    ledger = await trialFolder({ origin: 'court.example/litewitness' })
    found = obtain()
  })
  afterAll(() => {
    witness?.kill()
    if (found !== undefined) process.kill(found.agent)
    ledger.remove()
    work.remove()
  })

  /** Starts it with our ledger in its database; its verifier key and address. */
  async function start({ program, fingerprint }: ReturnType<typeof obtain>): Promise<{ vkey: string; url: string }> {
    const url = await unusedUrl()
    const args = ['-db', at('lw.db'), '-name', 'litewitness.example/w', '-key', fingerprint]
    witness = spawn(program, [...args, '-listen', new URL(url).host, '-ssh-agent', at('agent.sock')])
    let said = ''
    const hear = (chunk: Buffer): void => {
      said += chunk.toString()
    }
    witness.stdout?.on('data', hear)
    witness.stderr?.on('data', hear)
    while (!said.includes('msg=listening')) {
      if (witness.exitCode !== null) throw new Error(`litewitness ended: ${said}`)
      await sleep(50)
    }
    const key = readOwnKey(ledger.folder)
    const insert = `
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.execute("INSERT INTO log VALUES(?, 0, '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=')", (sys.argv[2],))
db.execute("INSERT INTO key VALUES(?, ?)", (sys.argv[2], sys.argv[3]))
db.commit()`
    const { code, stderr } = systemProgram('python3', ['-c', insert, at('lw.db'), key.name, key.text])
    if (code !== 0) throw new Error(stderr)
    return { vkey: /vkey=(\S+)/.exec(said)?.[1] as string, url }
  }

  it('cosigns our ledger', async () => {
    const receipts: string[] = []
    const { vkey, url } = await start(found as ReturnType<typeof obtain>)
    const before = readFileSync(ledger.folder.policy, 'utf8')
    const policyText = `${before.replace(/^quorum .*\n/m, '')}witness lite ${vkey} ${url}\ngroup both all lite ledger-ml-dsa\nquorum both\n`
    writeFileSync(ledger.folder.policy, policyText)
    const server = await launchSound(ledger.root)
    for (const content of ['a', 'b', 'c']) {
      const answer = await server.request('/v1/statements?wait=cosigned', {
        method: 'POST',
        body: ledger.deposit(content).presentation,
        headers: { 'content-type': 'application/sd-jwt' },
      })
      expect(answer.status).toBe(201)
      receipts.push(answer.json<{ receipt: string }>().receipt)
    }
    expect(await server.end()).toEqual({ code: 0, signal: null })
    const policy = parsePolicy(utf8(policyText))
    const witnesses = receipts.map((receipt) => {
      const checked = checkReceipt(utf8(receipt), policy)
      return 'witnesses' in checked ? checked.witnesses.map(({ name }) => name) : []
    })
    const expected = ['ledger-ml-dsa', 'lite']
    expect(witnesses).toEqual([expected, expected, expected])
  })
})
