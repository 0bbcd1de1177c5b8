import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { DepositAnswer } from '../../src/api/answers.ts'
import { requireAnswerFor, takesThePlaceOf } from '../../src/client/deposit-answer.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { isEvidenceError } from '../../src/core/errors.ts'
import { parseReceipt } from '../../src/core/receipt.ts'
import { withDisclosures } from '../support/disclosures.ts'
import { policyOfFolder } from '../support/folder.ts'
import { type TestServer, testServer } from '../support/server.ts'

/* What a client believes of the answer to a deposit. */
describe('the answer to a deposit', () => {
  let server: TestServer
  let presentation: string
  let answer: DepositAnswer & { readonly receipt: string }
  beforeAll(async () => {
    server = await testServer()
    presentation = server.deposit('sealed', { sealed: { names: ['a.txt'], note: 'as found' } }).presentation
    answer = (await server.post(presentation)).json()
  })
  afterAll(() => server.remove())

  const judged = (receipt: string, sent = presentation): string => {
    try {
      requireAnswerFor({ ...answer, receipt }, sent, policyOfFolder(server.folder))
      return 'believed'
    } catch (error) {
      if (isEvidenceError(error)) return `${error.code}: ${error.message}`
      throw error
    }
  }
  const jws = (): string => presentation.split('~')[0] as string

  it('BR-M1: is believed where its receipt shows exactly the claims that were sent, in any order', () => {
    expect(judged(answer.receipt)).toBe('believed')
    expect(judged(withDisclosures(answer.receipt, (all) => all.toReversed()))).toBe('believed')
    const bare = withDisclosures(answer.receipt, () => [])
    expect([judged(bare, jws()), judged(bare, `${jws()}~`)]).toEqual(['believed', 'believed'])
  })

  it.each([
    ['both claims', () => [], 'names, note'],
    ['one claim', (all: readonly string[]) => all.slice(1), 'names'],
  ])('BR-M1: is none where its receipt withholds %s', (_what, change, named) => {
    const receipt = withDisclosures(answer.receipt, change)
    expect(judged(receipt)).toMatch(/^server-answer: .*withholds/)
    expect(judged(receipt)).toContain(`(${named})`)
    expect(takesThePlaceOf(parseReceipt(utf8(receipt)), presentation)).toBe(false)
    expect(takesThePlaceOf(parseReceipt(utf8(receipt)), jws())).toBe(true)
  })

  it('BR-M1: is none where its receipt shows a claim that was not sent', () => {
    const part = presentation.split('~').slice(0, 2).join('~')
    expect(judged(answer.receipt, `${part}~`)).toMatch(/^server-answer: .*"note", which was not sent/)
  })

  it.each([
    ['index', 7],
    ['time', '2026-01-01T00:00:00.000Z'],
    ['leafHash', 'x'],
  ])('is none where it says another %s than its receipt', (where, value) => {
    expect(() => requireAnswerFor({ ...answer, [where]: value }, presentation, policyOfFolder(server.folder))).toThrow(
      `another ${where} than its receipt`,
    )
  })

  it('is none where its receipt is of another statement', async () => {
    const other: DepositAnswer = (await server.post(server.deposit('other').presentation)).json()
    expect(judged(other.receipt as string)).toMatch(/^server-answer: .*another statement/)
  })
})
