import { createHash } from 'node:crypto'
import { linkSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { takeTurn } from '../../cli/deposit/turn.ts'
import { encodeRecord } from '../../src/node/lock-record.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import { settled } from '../../src/core/attempt.ts'
import { temporaryFolder } from '../support/folder.ts'

async function codeOfTaking(taking: Promise<unknown>): Promise<string> {
  const found = await settled(taking)
  return found instanceof EvidenceError ? found.code : 'accepted'
}

describe('the turn of a deposit', () => {
  let path: string
  let remove: () => void
  beforeEach(() => {
    ;({ path, remove } = temporaryFolder())
    mkdirSync(join(path, 'd'))
    writeFileSync(join(path, 'd', 'x.txt'), 'exhibit')
  })
  afterEach(() => remove())
  const at = (name: string): string => join(path, 'd', name)
  const turn = (): string =>
    at(`.evidence-${createHash('sha256').update('x.txt.tlog-proof').digest('hex').slice(0, 16)}.turn`)

  it('BR-H2: a file that has the turn’s name too stays as it is', async () => {
    linkSync(at('x.txt'), turn())
    const told: string[] = []
    const taking = takeTurn(at('x.txt.tlog-proof'), async ({ message }) => void told.push(message))
    expect(await codeOfTaking(taking)).toBe('not-a-lock')
    expect([readFileSync(at('x.txt'), 'utf8'), told]).toEqual(['exhibit', []])
  })

  it('whom it waits for is told, and one that does not end is not waited for without end', async () => {
    const by = `x.turn.1-${'0'.repeat(8)}-0000-4000-8000-${'0'.repeat(12)}`
    writeFileSync(at(by), '')
    writeFileSync(turn(), encodeRecord({ pid: 1, started: '0', place: 'elsewhere/pid', by }))
    const told: string[] = []
    let waits = 0
    const taking = takeTurn(
      at('x.txt.tlog-proof'),
      async ({ message }) => void told.push(message),
      () => Promise.resolve(waits++),
    )
    expect(await codeOfTaking(taking)).toBe('ledger-in-use')
    expect(told).toEqual([expect.stringContaining('process 1 of another container or machine')])
    expect(waits).toBe(17_999)
  })
})
