import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { LedgerClient } from '../../src/client/ledger-client.ts'
import { isEvidenceError } from '../../src/core/errors.ts'
import { startProxy } from '../support/cli.ts'
import { type TestServer, testServer } from '../support/server.ts'

let server: TestServer
beforeAll(async () => {
  server = await testServer()
})
afterAll(() => server.remove())

type Line = Readonly<Record<string, unknown>>

describe('R7 F5: the lines of the answer to a batch', () => {
  it('are those of the statements that were sent', async () => {
    const sent = ['one', 'two'].map((content) => server.deposit(content).presentation)
    const results = await new LedgerClient(server.url).depositBatch(sent)
    expect(results.map((one) => 'created' in one && one.created)).toEqual([true, true])
  })

  it.each<readonly [string, (lines: readonly Line[]) => readonly Line[]]>([
    ['in reversed order', (lines) => lines.toReversed()],
    ['numbered in reversed order', (lines) => lines.map((one, i) => ({ ...one, line: lines.length - i }))],
    ['without their numbers', (lines) => lines.map(({ line: _line, ...one }) => one)],
    ['as refusals of other lines', (lines) => lines.map(() => ({ line: 9, status: 422, code: 'key-unknown' }))],
  ])('are not believed %s', async (_what, change) => {
    const lying = await startProxy(
      server.url,
      () => 'pass',
      (_line, body) => {
        const lines = body.trimEnd().split('\n')
        return change(lines.map((line) => JSON.parse(line) as Line))
          .map((one) => `${JSON.stringify(one)}\n`)
          .join('')
      },
    )
    try {
      const sent = ['one', 'two'].map((content) => server.deposit(content).presentation)
      const error = await new LedgerClient(lying.url).depositBatch(sent).catch((caught: unknown) => caught)
      expect(isEvidenceError(error, 'server-answer')).toBe(true)
      expect((error as Error).message).toContain('line')
    } finally {
      await lying.close()
    }
  })
})
