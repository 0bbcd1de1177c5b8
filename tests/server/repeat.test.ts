import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { utf8 } from '../../src/core/bytes.ts'
import { parseReceipt } from '../../src/core/receipt.ts'
import { testServer, type TestServer } from '../support/server.ts'

/* A holder of a bare statement may send it again. It must not open what was sealed with it. */
let server: TestServer
beforeAll(async () => {
  server = await testServer()
})
afterAll(() => server.remove())

describe('the same statement again', () => {
  it('shows the disclosures that come with it, and no others', async () => {
    const sealed = { names: ['victim.jpg'], note: 'handed over by the victim' }
    const { jws, presentation, disclosures } = server.deposit('x', { sealed })
    const post = async (body: string): Promise<string[]> => {
      const answer = await server.request('/v1/statements', {
        method: 'POST',
        headers: { 'content-type': 'application/jwt' },
        body,
      })
      expect([200, 201]).toContain(answer.status)
      return parseReceipt(utf8(answer.json<{ receipt: string }>().receipt)).disclosures.map(({ claim }) => claim)
    }
    expect((await post(presentation)).sort()).toEqual(['names', 'note'])
    expect(await post(jws)).toEqual([])
    const [first] = disclosures
    expect(await post(`${jws}~${first?.text}~`)).toEqual([first?.claim])
    expect((await post(presentation)).sort()).toEqual(['names', 'note'])
  })
})
