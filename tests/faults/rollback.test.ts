import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { LedgerAnswer } from '../../src/api/answers.ts'
import { readLedgerKey } from '../../src/ledger/create.ts'
import { Ledger } from '../../src/ledger/ledger.ts'
import { launch } from '../support/fault-server.ts'
import { folderHash } from '../support/damage.ts'
import { type TestFolder, temporaryFolder, trialFolder } from '../support/folder.ts'

/*
 * A data folder, or its database alone, replaced by an older copy of itself. The head file tells of the database; where both go
 * back together, only what is kept elsewhere can tell.
 */
let test: TestFolder
let other: TestFolder
let work: { path: string; remove: () => void }
const kept = (name: string): string => join(work.path, name)

/** Deposits, and what the ledger had signed then: its checkpoint and a receipt. */
async function grow(root: string, prefix: string, count: number): Promise<{ checkpoint: string; receipt: string }> {
  const ledger = await Ledger.open(root, readLedgerKey(root))
  const outcomes = await Promise.all(
    Array.from({ length: count }, (_, i) => ledger.deposit(test.deposit(`${prefix} ${i}`).presentation)),
  )
  const entry = await ledger.reads.entry((outcomes[0] as { index: number }).index)
  const receipt = await ledger.reads.receipt(entry, [])
  const { checkpoint } = ledger.reads
  await ledger.close()
  return { checkpoint, receipt }
}

beforeAll(async () => {
  work = temporaryFolder()
  test = await trialFolder()
  const early = await grow(test.root, 'early', 40)
  cpSync(test.root, kept('older'), { recursive: true })
  const late = await grow(test.root, 'late', 300)
  cpSync(test.root, kept('newer'), { recursive: true })
  // Another history from the same start: what a ledger would sign after it had been put back.
  cpSync(kept('older'), kept('fork'), { recursive: true })
  const fork = await grow(kept('fork'), 'fork', 300)
  other = await trialFolder()
  const foreign = await other.open()
  writeFileSync(kept('foreign'), foreign.reads.checkpoint)
  await foreign.close()
  writeFileSync(kept('early'), early.checkpoint)
  writeFileSync(kept('late'), late.checkpoint)
  writeFileSync(kept('late.tlog-proof'), late.receipt)
  writeFileSync(kept('forked'), fork.checkpoint)
  writeFileSync(kept('garbage'), 'no checkpoint\n')
})
afterAll(() => {
  test.remove()
  other.remove()
  work.remove()
})

/** A folder made of copies: the database and the rest from whichever. */
function folderOf(database: 'older' | 'newer', rest: 'older' | 'newer'): string {
  const root = mkdtempSync(kept('data-'))
  cpSync(kept(rest), root, { recursive: true })
  rmSync(join(root, 'ledger'), { recursive: true })
  cpSync(join(kept(database), 'ledger'), join(root, 'ledger'), { recursive: true })
  return root
}

/** Serves the folder with checkpoints to hold it against: the code of the refusal, or how many entries it serves. */
async function serveWith(root: string, ...known: string[]): Promise<string | number> {
  const before = folderHash(root)
  const server = await launch(root, { args: known.flatMap((one) => ['--known-checkpoint', one]) })
  if (server.url === undefined) {
    await server.ended
    // Refused before anything was signed or written.
    if (folderHash(root) !== before) return 'the folder was changed'
    return /evidence: ([a-z-]+):/.exec(server.output())?.[1] ?? server.output()
  }
  const { size } = (await server.request('/v1/ledger')).json<LedgerAnswer>()
  expect(await server.end()).toEqual({ code: 0, signal: null })
  return size
}

describe('a database put back', () => {
  it('is refused, for the head file has gone further', async () => {
    expect(await serveWith(folderOf('older', 'newer'))).toBe('database-behind-head')
  })

  it('of which the head file went back alone goes on: what the database holds is durable', async () => {
    expect(await serveWith(folderOf('newer', 'older'))).toBe(342)
  })
})

describe('database and head put back together', () => {
  it('cannot be told from an older ledger by the folder alone', async () => {
    expect(await serveWith(folderOf('older', 'older'))).toBe(42)
  })

  it.each(['late', 'late.tlog-proof'])('are refused against %s, kept elsewhere', async (name) => {
    expect(await serveWith(folderOf('older', 'older'), kept(name))).toBe('restore-behind')
  })

  it('are refused against what a URL still serves', async () => {
    const mirror = createServer((request, response) => {
      response.end(request.url === '/checkpoint' ? readFileSync(kept('late')) : '')
    })
    await new Promise<void>((resolve) => mirror.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(mirror.address() as AddressInfo).port}`
    expect(await serveWith(folderOf('older', 'older'), url)).toBe('restore-behind')
    expect(await serveWith(folderOf('newer', 'newer'), kept('early'), url)).toBe(342)
    await new Promise((resolve) => mirror.close(resolve))
    // Nobody there: whether it has gone back is not known, and that was the question.
    expect(await serveWith(folderOf('newer', 'newer'), url)).toBe('server-unreachable')
  })
})

describe('a checkpoint kept elsewhere', () => {
  it.each([
    ['early', 342],
    ['late', 342],
    ['late.tlog-proof', 342],
    ['forked', 'consistency-invalid'],
    ['foreign', 'checkpoint-untrusted'],
    ['garbage', 'note-malformed'],
    ['missing', 'file-unreadable'],
  ])('%s leads to %s', async (name, outcome) => {
    expect(await serveWith(folderOf('newer', 'newer'), kept(name))).toBe(outcome)
  })
})
