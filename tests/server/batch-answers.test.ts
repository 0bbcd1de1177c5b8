import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { answerWeight, batchWeight, bodyWeight, earlierReceiptBytes } from '../../server/batch-weight.ts'
import { BatchTurns } from '../../server/batch-turns.ts'
import type { ServerContext } from '../../server/context.ts'
import { deposit, turnsOf } from '../../server/deposits.ts'
import { maxBatchBody } from '../../server/settings.ts'
import type { DepositAnswer } from '../../src/api/answers.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import type { ComposedStatement } from '../../src/statements/compose.ts'
import { itemFor } from '../support/statements.ts'
import { problemIn, soundReceipt, type TestServer, testServer } from '../support/server.ts'
import { countedTurns } from '../support/turns.ts'

const ndjson = { 'content-type': 'application/x-ndjson' }

let server: TestServer
beforeAll(async () => {
  server = await testServer()
})
afterAll(() => server.remove())

/** A deposit of 64 items: an entry of some 30 KB. */
function large(server: TestServer, jti: string): ComposedStatement {
  const items = Array.from({ length: 64 }, (_, i) => ({ ...itemFor(`${jti} ${i}`), mediaType: `a/${'b'.repeat(120)}` }))
  return server.sign(server.depositor, 'evidence.deposit', { items }, { jti })
}

describe('the answer of a batch', () => {
  it('that holds nothing is a refusal of the whole, and no result of a line', async () => {
    for (const body of ['', '\n', '\r\n']) {
      const answer = await server.post(body, ndjson)
      expect([body, answer.status, problemIn(answer).code]).toEqual([body, 400, 'body-malformed'])
    }
  })

  it('R5 has the receipt of an entry that stands in the way once, and says where it is', async () => {
    const jti = randomUUID()
    const first = large(server, jti)
    const { index } = (await server.post(first.presentation)).json<DepositAnswer>()
    const lines = Array.from({ length: 4 }, (_, i) => server.deposit(`wants ${i}`, { jti }).jws)
    const answers = await server.batch(lines)
    expect(answers.map(({ code, index }) => ({ code, index }))).toEqual(
      lines.map(() => ({ code: 'jti-reused', index })),
    )
    const receipts = answers.flatMap(({ receipt }) => (receipt === undefined ? [] : [receipt]))
    expect(receipts).toHaveLength(1)
    expect(soundReceipt(server, receipts[0]).entry.statement).toBe(first.jws)
    const others = answers.filter(({ receipt }) => receipt === undefined)
    for (const { detail } of others) expect(detail).toContain(`/v1/entries/${index}/receipt`)
    // A statement by itself is told, and a batch of it too.
    const [line] = await server.batch(lines.slice(0, 1))
    soundReceipt(server, line?.receipt)
    soundReceipt(server, problemIn(await server.post(lines[0] as string)).receipt)
  })

  it('R5 has no more bytes of receipts of entries that stand in the way than it is weighed by', async () => {
    const jtis = Array.from({ length: 6 }, () => randomUUID())
    for (const jti of jtis) expect((await server.post(large(server, jti).presentation)).status).toBe(201)
    const lines = jtis.map((jti) => server.deposit('wants it', { jti }).jws)
    const answers = await server.batch(lines)
    expect(answers.map(({ code }) => code)).toEqual(lines.map(() => 'jti-reused'))
    const receipts = answers.flatMap(({ receipt }) => (receipt === undefined ? [] : [receipt]))
    expect(receipts.length).toBeGreaterThan(0)
    expect(receipts.length).toBeLessThan(lines.length)
    expect(receipts.join('').length).toBeLessThanOrEqual(earlierReceiptBytes(lines.length))
  })

  it('R5 refuses a repeat with disclosures that it does not seal', async () => {
    const { jws } = server.deposit('bare')
    const { presentation } = server.deposit('sealed', { sealed: { note: 'another' } })
    expect((await server.post(jws)).status).toBe(201)
    const foreign = `${jws}${presentation.slice(presentation.indexOf('~'))}`
    expect(problemIn(await server.post(foreign)).code).toBe('disclosure-foreign')
  })

  it('R5 is weighed with the entries that its receipts hold', () => {
    const bytes = maxBatchBody
    expect(answerWeight(1000, bytes, true) - answerWeight(1000, bytes, false)).toBe(3 * bytes)
    expect(batchWeight(bytes)).toBeGreaterThanOrEqual(answerWeight(1000, bytes, true))
    expect(batchWeight(bytes)).toBeGreaterThanOrEqual(bodyWeight(bytes))
    expect(answerWeight(1000, 0, false)).toBeGreaterThan(2 * earlierReceiptBytes(1000))
  })

  it('R5 is of lines that are opened in turns, bounded in number and bytes', () => {
    const turns = (lengths: readonly number[]): number[] =>
      [...turnsOf(lengths.map((length) => Buffer.alloc(length)))].map(({ length }) => length)
    expect(turns([])).toEqual([])
    expect(turns(Array<number>(450).fill(1000))).toEqual([200, 200, 50])
    expect(turns(Array<number>(10).fill(65_536))).toEqual([4, 4, 2])
    expect(turns([300_000, 1, 300_000, 300_000])).toEqual([1, 2, 1])
    expect(turns([0])).toEqual([1])
  })

  it('R5 gives the event loop a turn between them, also where nothing is verified', async () => {
    const turn = countedTurns()
    const ticks: number[] = []
    const refused = new EvidenceError('jws-header', 'refused before anything is verified')
    const ledger = {
      authenticateMany: (texts: readonly string[]) => {
        ticks.push(turn.now())
        return Promise.resolve(texts.map(() => refused))
      },
      findRepeats: () => Promise.resolve([]),
      submitMany: () => Promise.resolve([]),
    }
    const limits = { requireAddress: () => {}, refusal: () => {} }
    const batchTurns = new BatchTurns()
    const context = { ledger, limits, batchTurns, metrics: { statement: () => {} } } as unknown as ServerContext
    const lines = Array.from({ length: 1000 }, () => Buffer.from('line'))
    const request = { context, address: '127.0.0.1', isGone: () => false, shown: new Map(), receipts: 'none' } as const
    const results = await Promise.all(await deposit(request, lines, 'line'))
    turn.end()
    expect(results.flat()).toEqual(lines.map(() => refused))
    expect(new Set(ticks).size).toBe(5)
  })

  it('R5 takes a batch of headers that are too long, and parses none', async () => {
    const header = Buffer.from('['.repeat(40_000)).toString('base64url')
    const line = `${header}..${Buffer.alloc(64).toString('base64url')}`
    const answer = await server.post(Array<string>(300).fill(line).join('\n'), ndjson)
    expect(
      new Set(
        answer.text
          .trimEnd()
          .split('\n')
          .map((one) => JSON.parse(one).code),
      ),
    ).toEqual(new Set(['jws-header']))
  })
})

describe('a repeat', () => {
  let server: TestServer
  beforeAll(async () => {
    server = await testServer({ settings: { maxQueue: 4 } })
  })
  afterAll(() => server.remove())

  it('R5 gives a repeat its receipt, and takes no place in the queue for it', async () => {
    const { jws } = large(server, randomUUID())
    expect((await server.post(jws)).status).toBe(201)
    const size = await server.size()
    const answers = await server.batch(Array.from({ length: 40 }, () => jws))
    expect(answers.map(({ status, code }) => code ?? status)).toEqual(Array(40).fill(200))
    for (const { receipt } of answers) expect(soundReceipt(server, receipt).entry.statement).toBe(jws)
    expect(await server.size()).toBe(size)
    const [minimal] = await server.batch([jws], { prefer: 'return=minimal' })
    expect(minimal).toMatchObject({ status: 200 })
    expect(minimal).not.toHaveProperty('receipt')
  })
})
