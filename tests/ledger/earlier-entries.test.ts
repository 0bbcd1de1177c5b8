import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { toBase64 } from '../../src/core/base64.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import { EarlierEntry, referencedIndices } from '../../src/ledger/entry-facts.ts'
import type { Ledger } from '../../src/ledger/ledger.ts'
import type { GroupReport } from '../../src/ledger/sequencer.ts'
import type { Submission } from '../../src/ledger/submission.ts'
import type { ComposedStatement } from '../../src/statements/compose.ts'
import { trialFolder, type TestFolder } from '../support/folder.ts'
import { itemFor, statement } from '../support/statements.ts'

interface Reference {
  readonly rel: string
  readonly index: number
  readonly leafHash: string
}

/* What a statement refers to is read for it: that must cost its sender what it costs the ledger. */
describe('entries that statements refer to', () => {
  let folder: TestFolder
  let ledger: Ledger
  const groups: GroupReport[] = []
  const references: Reference[] = []
  const open = (jws: string): Promise<Submission> => ledger.authenticate(jws)
  const relating = (relates: readonly Reference[]): ComposedStatement =>
    statement(folder.depositor, folder.origin, 'evidence.deposit', { items: [itemFor(`${Math.random()}`)], relates })

  beforeAll(async () => {
    folder = await trialFolder()
    ledger = await folder.open({ onGroup: (report) => groups.push(report) })
    for (let i = 0; i < 64; i++) {
      const { index, leafHash } = await ledger.deposit(folder.deposit(`target ${i}`).jws)
      references.push({ rel: 'same-as', index, leafHash: toBase64(leafHash) })
    }
  })
  afterAll(async () => {
    await ledger.close()
    folder.remove()
  })

  it('R5 are read once, however often one is named', async () => {
    const [reference] = references as [Reference]
    const often = await open(relating(Array.from({ length: 64 }, () => reference)).jws)
    expect(referencedIndices(often.statement)).toEqual([reference.index])
    const entry = await ledger.reads.entry(reference.index)
    const earlier = new EarlierEntry(entry.bytes, reference.index)
    expect(earlier.facts).toBe(earlier.facts)
    expect(earlier.stored).toBe(earlier.stored)
    expect(earlier.statusHash).toBe(earlier.statusHash)
    expect(earlier.facts).toMatchObject({ kind: 'evidence.deposit', items: 1, leafHash: entry.leafHash })
  })

  it('R5 cost the statement that refers to them, each once', async () => {
    const none = await open(relating(references.slice(0, 1)).jws)
    const same = await open(relating([references[0], references[0]] as Reference[]).jws)
    const all = await open(relating(references).jws)
    expect(none.cost - none.weight).toBe(32 * 1024)
    expect(same.cost - same.weight).toBe(32 * 1024)
    expect(all.cost - all.weight).toBe(64 * 32 * 1024)
    const plain = await open(folder.deposit('plain').jws)
    expect(plain.cost).toBe(plain.weight)
  })

  it('R5 bound the group, which gives the event loop turns while it is judged', async () => {
    groups.length = 0
    let turn = 0
    let isOver = false
    const tick = (): void => {
      turn++
      if (!isOver) setImmediate(tick)
    }
    const turns: number[] = []
    const submissions: Submission[] = []
    for (let i = 0; i < 20; i++) {
      const submission = await open(relating(references).jws)
      const permit = (): undefined => void turns.push(turn)
      submissions.push({ ...submission, permit })
    }
    setImmediate(tick)
    const outcomes = await ledger.submitMany(submissions)
    isOver = true
    expect(outcomes.filter((one) => one instanceof EvidenceError)).toEqual([])
    // Each costs more than 2 MiB: four close a group.
    expect(Math.max(...groups.map(({ entries }) => entries))).toBe(4)
    // And one is a turn's worth.
    expect(new Set(turns).size).toBe(20)
  })
})
