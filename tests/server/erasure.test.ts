import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { DepositAnswer, ReceiptAnswer, StatusAnswer } from '../../src/api/answers.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { type CheckedReceipt, checkReceipt } from '../../src/verify/check-receipt.ts'
import { checkStatus } from '../../src/verify/check-status.ts'
import { walk } from '../../src/verify/walk.ts'
import { FolderSource } from '../../src/ledger/folder-source.ts'
import { readOwnKey } from '../../src/ledger/data-folder.ts'
import type { ComposedStatement } from '../../src/statements/compose.ts'
import { policyOfFolder } from '../support/folder.ts'
import { type Party, problemIn, showing, type TestServer, testServer } from '../support/server.ts'

/** A ledger read by participants: what an order does to a running server. */
let server: TestServer
let court: Party
let made: ComposedStatement
let deposited: DepositAnswer
let ordered: DepositAnswer

function filesWith(statement: ComposedStatement): string[] {
  const traces = statement.disclosures.map(({ text }) => Buffer.from(text.slice(6, 26)))
  return readdirSync(server.folder.root, { recursive: true, encoding: 'utf8' }).filter((name) => {
    const path = join(server.folder.root, name)
    if (!statSync(path).isFile()) return false
    const bytes = readFileSync(path)
    return traces.some((trace) => bytes.includes(trace))
  })
}

function checkedReceipt(text: string | undefined): CheckedReceipt {
  const checked = checkReceipt(utf8(text ?? ''), policyOfFolder(server.folder))
  if (checked.receipt === undefined) throw new Error('the receipt cannot be read')
  return checked
}

const receiptOf = async (index: number): Promise<string> =>
  (await server.get(`/v1/entries/${index}/receipt`, server.depositor)).json<ReceiptAnswer>().receipt

beforeAll(async () => {
  server = await testServer({ reading: 'participants' })
  court = await server.admit('court', ['authority'])
  made = server.deposit('evidence', { sealed: { case: [{ number: '(2026)沪0104刑初4420号' }], note: 'about it' } })
  deposited = (await server.post(made.presentation)).json<DepositAnswer>()
})
afterAll(() => server.remove())

describe('an order to erase, sent to a server', () => {
  it('names only what its signer may read, or shows', async () => {
    const { index, leafHash, receipt } = deposited
    const of = [{ index, leafHash, digests: made.disclosures.map(({ digest }) => digest) }]
    const order = server.sign(court, 'erasure.order', { of }, { sealed: { basis: 'Decision 12' } })
    expect(problemIn(await server.post(order.presentation)).code).toBe('reference-not-found')
    expect(filesWith(made)).not.toEqual([])
    const answer = await server.post(order.presentation, showing(receipt))
    expect(answer.status).toBe(201)
    ordered = answer.json<DepositAnswer>()
  })

  it('is answered when the claims are gone, from every file and every answer', async () => {
    expect(filesWith(made)).toEqual([])
    const checked = checkedReceipt(await receiptOf(deposited.index))
    expect([checked.faults, checked.disclosures, checked.withheld]).toEqual([[], [], 2])
    const again = (await server.post(made.presentation)).json<DepositAnswer>()
    expect(again.index).toBe(deposited.index)
    expect(filesWith(made)).toEqual([])
  })

  it('leaves what was handed out before as it is', () => {
    const checked = checkedReceipt(deposited.receipt)
    expect([checked.faults, checked.disclosures.length]).toEqual([[], 2])
  })

  it('is told by the status of its target, and shown to those who may read it', async () => {
    const path = `/v1/entries/${deposited.index}/status`
    const events = async (reader: Party): Promise<StatusAnswer['events']> =>
      (await server.get(path, reader)).json<StatusAnswer>().events
    const auditor = await server.admit('auditor', ['auditor'])
    const [toAuditor] = await events(auditor)
    const [toDepositor] = await events(server.depositor)
    expect(toAuditor).toMatchObject({ index: ordered.index, what: 'erasure-ordered', kind: 'erasure.order' })
    expect(toAuditor).toHaveProperty('entry')
    expect(toDepositor).toMatchObject({ index: ordered.index, what: 'erasure-ordered' })
    expect(toDepositor).not.toHaveProperty('entry')
    const checked = checkedReceipt(deposited.receipt)
    for (const [reader, proven] of [
      [auditor, true],
      [server.depositor, false],
    ] as const) {
      const { size } = checked.receipt.proof.checkpoint
      const answer = await server.get(`${path}?from=${size}`, reader)
      const status = checkStatus(answer.json(), checked, policyOfFolder(server.folder))
      expect(status.faults).toEqual([])
      expect(status.events[0]).toMatchObject({ what: 'erasure-ordered', proven })
    }
  })

  it('keeps the disclosure from coming back under another entry', async () => {
    const sd = { _sd: made.disclosures.map(({ digest }) => digest), _sd_alg: 'sha-256' }
    const { jws } = server.sign(server.depositor, 'evidence.deposit', {
      items: [{ size: 1, digest: { sha256: 'ab'.repeat(32) } }],
      ...sd,
    })
    const copied = `${jws}~${made.disclosures.map(({ text }) => `${text}~`).join('')}`
    expect(problemIn(await server.post(copied)).code).toBe('disclosure-reused')
    expect(filesWith(made)).toEqual([])
  })

  it('is told by a walk, after a restart too', async () => {
    await server.stop()
    const source = await FolderSource.open(server.folder.root, readOwnKey(server.folder.folder))
    const report = await walk({ source, policy: policyOfFolder(server.folder) })
    await source.close()
    expect([report.faults, report.unjudged, report.flagged]).toEqual([[], [], []])
    expect(report.ordered).toMatchObject([{ index: deposited.index, by: ordered.index, claims: 2 }])
    server = await server.restart()
    expect(filesWith(made)).toEqual([])
  })
})
