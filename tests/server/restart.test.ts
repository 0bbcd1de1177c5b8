import { afterEach, describe, expect, it } from 'vitest'
import { reindex } from '../../src/ledger/reindex.ts'
import { type TestServer, testServer } from '../support/server.ts'

/* Whatever the rulebook allows, the ledger starts again after it: also where an entry changed nothing. */

let server: TestServer
afterEach(() => server.remove())

describe('R6: a ledger starts again after', () => {
  it.each([
    ['a second end of the intake', 'ledger.end-intake', { reason: 'period-ended' }],
    ['a format that was announced before', 'ledger.set-format', { version: 2 }],
    ['approvals that are as they were', 'ledger.set-approvals', { administrators: 1 }],
  ])('%s', async (_what, kind, members) => {
    server = await testServer()
    for (let n = 0; n < 2; n++) await server.administer(kind, members)
    const size = await server.size()
    server = await server.restart()
    expect(await server.size()).toBe(size)
    await server.stop()
    await reindex(server.folder.root)
    server = await server.restart()
    expect(await server.size()).toBe(size)
  })
})
