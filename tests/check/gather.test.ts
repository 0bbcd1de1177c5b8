import { beforeAll, describe, expect, it } from 'vitest'
import { gather, type Task } from '../../src/check/steps/gather.ts'
import { encodeLogPolicy } from '../../src/core/policy.ts'
import { ledgerKey, TestChain } from '../support/chain.ts'
import { droppedSet } from '../support/dropped.ts'
import { receiptOf } from '../support/small-package.ts'

const policy = encodeLogPolicy(ledgerKey)
let first: Buffer
let second: Buffer

beforeAll(async () => {
  const chain = new TestChain().start().deposits(2).seal()
  first = await receiptOf(chain, 2)
  second = await receiptOf(chain, 3)
})

async function tasksOf(
  files: Readonly<Record<string, string | Uint8Array>>,
  hashed?: string[],
): Promise<readonly Task[]> {
  return (await gather(await droppedSet(files, hashed))).tasks
}

describe('what was dropped, sorted into checks', () => {
  it('pairs a file with the receipt of its name, without hashing it first', async () => {
    const hashed: string[] = []
    const tasks = await tasksOf(
      { 'a.txt': 'content 2', 'a.txt.tlog-proof': first, 'b.txt': 'x', 'b.txt.tlog-proof': second },
      hashed,
    )
    expect(tasks).toEqual([
      { what: 'file', path: 'a.txt', evidence: { kind: 'receipt', receipt: 'a.txt.tlog-proof' } },
      { what: 'file', path: 'b.txt', evidence: { kind: 'receipt', receipt: 'b.txt.tlog-proof' } },
    ])
    expect(hashed).toEqual([])
  })

  it('pairs by digest what was renamed, whatever the browser called the download', async () => {
    const tasks = await tasksOf({
      'x.txt': 'content 3',
      'y.txt': 'content 2',
      'a (1).tlog-proof': first,
      'b (1).tlog-proof': second,
    })
    expect(tasks).toEqual([
      { what: 'file', path: 'x.txt', evidence: { kind: 'receipt', receipt: 'b (1).tlog-proof' } },
      { what: 'file', path: 'y.txt', evidence: { kind: 'receipt', receipt: 'a (1).tlog-proof' } },
    ])
  })

  it('holds two things that were dropped together against each other, also where they do not belong together', async () => {
    const tasks = await tasksOf({ 'altered.txt': 'content 2.', 'r.tlog-proof': first })
    expect(tasks).toEqual([
      { what: 'file', path: 'altered.txt', evidence: { kind: 'receipt', receipt: 'r.tlog-proof' } },
    ])
  })

  it('checks a receipt alone, and says of a file alone that nothing proves it', async () => {
    expect(await tasksOf({ 'r.tlog-proof': first })).toEqual([
      { what: 'receipt', evidence: { kind: 'receipt', receipt: 'r.tlog-proof' } },
    ])
    expect(await tasksOf({ 'a.txt': 'content 2' })).toEqual([{ what: 'unproven', path: 'a.txt' }])
  })

  it('knows a receipt by its first bytes, whatever its name', async () => {
    const tasks = await tasksOf({ 'a.txt': 'content 2', 'a.txt.tlog-proof.txt': first })
    expect(tasks).toEqual([
      { what: 'file', path: 'a.txt', evidence: { kind: 'receipt', receipt: 'a.txt.tlog-proof.txt' } },
    ])
  })

  it('takes a policy by its name or by its first line, and evidence that is called so for evidence', async () => {
    const set = await droppedSet({ 'court.policy': policy, policy, 'notes.txt': 'no policy', 'a.tlog-proof': first })
    const { policies, tasks } = await gather(set)
    expect(policies).toEqual(['court.policy', 'policy'])
    expect(tasks.map(({ what }) => what)).toEqual(['file'])
  })

  it('keeps every file of a package folder together, whatever its files are called', async () => {
    const files = {
      'p/bagit.txt': 'x',
      'p/data/deposits/001/receipt.tlog-proof': first,
      'p/data/deposits/001/files/a': 'b',
      'p/policy': policy,
    }
    const set = await droppedSet(files)
    const { tasks, policies } = await gather(set)
    expect(tasks).toEqual([{ what: 'package', path: 'p', files: Object.keys(files) }])
    expect(policies).toEqual([])
  })

  it('goes through twenty thousand files', async () => {
    const many = Object.fromEntries(Array.from({ length: 20_000 }, (_, n) => [`f/${n}.txt`, 'x']))
    const tasks = await tasksOf({ ...many, 'f/1.txt.tlog-proof': first })
    expect(tasks).toHaveLength(20_000)
    expect(tasks.filter(({ what }) => what === 'file')).toHaveLength(1)
  })
})
