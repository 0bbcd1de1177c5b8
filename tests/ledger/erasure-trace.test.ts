import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Ledger } from '../../src/ledger/ledger.ts'
import { readLookupCodec } from '../../src/ledger/lookup-secret.ts'
import { type TestFolder, trialFolder } from '../support/folder.ts'
import { sha256Hex } from '../support/statements.ts'
import { everything } from '../../src/ledger/lookup-scope.ts'

const number = '(2026)沪0104刑初9981号'
let test: TestFolder

beforeEach(async () => {
  test = await trialFolder()
})
afterEach(() => test.remove())

/** Files of the data folder that hold some bytes, or any of several pieces, but for the receipts and keys of others. */
function filesWith(pieces: Buffer | readonly Buffer[]): string[] {
  return readdirSync(test.root, { recursive: true, encoding: 'utf8' }).filter((name) => {
    const path = join(test.root, name)
    if (!statSync(path).isFile()) return false
    const bytes = readFileSync(path)
    return [pieces].flat().some((piece) => bytes.includes(piece))
  })
}

/** An entry whose note and case are to be erased, among others; what no file may hold of it afterwards. */
async function sealOne(ledger: Ledger): Promise<{ index: number; traces: (Buffer | Buffer[])[] }> {
  const made = test.deposit('evidence', {
    sealed: { case: [{ number }], collection: { exhibit: number }, note: `about ${number}` },
  })
  const { index } = await ledger.deposit(made.presentation)
  const digest = Buffer.from(sha256Hex(number), 'hex')
  // Salts and keyed hashes are random, and what a table compresses, or shares with the key before, takes few of their pieces apart: any is a trace.
  const pieces = (bytes: Buffer): Buffer[] =>
    Array.from({ length: bytes.length - 8 }, (_, at) => bytes.subarray(at, at + 8))
  const salts = made.disclosures.map(({ text }) => pieces(Buffer.from(text.slice(4, 26))))
  const codec = readLookupCodec(test.folder)
  const keyed = (['case', 'exhibit'] as const).map((by) => pieces(codec.key({ by, number }).subarray(1)))
  return { index, traces: [Buffer.from(number), digest, Buffer.from(sha256Hex(number)), ...keyed, ...salts] }
}

async function others(ledger: Ledger, from: number): Promise<void> {
  const sealed = { case: [{ number: 'another case' }], note: 'a note' }
  for (let i = 0; i < 5; i++) await ledger.deposit(test.deposit(`other ${from + i}`, { sealed }).presentation)
}

describe('F-L: an erasure leaves no trace in any file of the data folder', () => {
  it.each([
    ['what is still in the log alone', 0],
    ['what lies in a table', 1],
    ['what lies in a table under others', 3],
  ])('of %s, while the ledger is open and after it was closed and opened', async (_name, reopenings) => {
    let ledger = await test.open()
    await others(ledger, 0)
    const { index, traces } = await sealOne(ledger)
    for (let i = 1; i <= reopenings; i++) {
      await others(ledger, 10 * i)
      await ledger.close()
      ledger = await test.open()
    }
    // What the test looks for is found before: keyed hash and salts.
    expect(traces.map((trace) => filesWith(trace).length > 0)).toEqual([
      false,
      false,
      false,
      true,
      true,
      true,
      true,
      true,
    ])
    expect(await ledger.eraseDisclosures(index)).toHaveLength(3)
    expect(traces.flatMap(filesWith)).toEqual([])
    await others(ledger, 100)
    expect(traces.flatMap(filesWith)).toEqual([])
    await ledger.close()
    expect(traces.flatMap(filesWith)).toEqual([])
    const again = await test.open()
    for (const by of ['case', 'exhibit'] as const)
      expect(await again.reads.search({ by, number }, everything, -1, 9)).toEqual([])
    expect(await again.reads.search({ by: 'case', number: 'another case' }, everything, -1, 5)).toHaveLength(5)
    expect(traces.flatMap(filesWith)).toEqual([])
    await again.close()
  })

  it('of one claim of several that an entry keeps', async () => {
    const ledger = await test.open()
    const { index, traces } = await sealOne(ledger)
    await ledger.eraseDisclosures(index, ['case'])
    const entry = await ledger.reads.entry(index)
    expect(await ledger.reads.disclosures(entry)).toHaveLength(2)
    // The key by exhibit, and the salts of collection and note.
    const left = traces.map((trace) => filesWith(trace).length > 0)
    expect(left.filter((found) => found)).toHaveLength(3)
    expect(await ledger.reads.search({ by: 'exhibit', number }, everything, -1, 9)).toEqual([index])
    await ledger.close()
  })
})
