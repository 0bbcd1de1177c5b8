import { beforeAll, describe, expect, it } from 'vitest'
import { gather, type Task } from '../../src/check/steps/gather.ts'
import { artefactOf } from '../../src/check/steps/handed.ts'
import { toHex } from '../../src/core/base64.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { encodeManifest, manifestTree } from '../../src/core/manifest.ts'
import { encodeLogPolicy } from '../../src/core/policy.ts'
import { depositor, ledgerKey, origin, startMs, TestChain } from '../support/chain.ts'
import { droppedSet } from '../support/dropped.ts'
import { receiptOf } from '../support/small-package.ts'
import { sha256Hex, statement } from '../support/statements.ts'

const policy = encodeLogPolicy(ledgerKey)
let first: Buffer
let second: Buffer
/** The receipt of the list of a folder, with one file `one.txt` of the first deposit's content. */
let ofList: Buffer
let ofOtherList: Buffer

function listOf(content: string): Buffer {
  return Buffer.from(encodeManifest([{ path: utf8('one.txt'), sha256: sha256Hex(content) }]))
}

function depositOfList(chain: TestChain, content: string): void {
  const list = listOf(content)
  const { root, size } = manifestTree(list)
  const item = { size: list.length, digest: { sha256: sha256Hex(list) }, tree: { root: toHex(root), size } }
  chain.add(statement(depositor, origin, 'evidence.deposit', { items: [item] }, { iat: startMs / 1000 }).jws)
}

beforeAll(async () => {
  const chain = new TestChain().start().deposits(2)
  depositOfList(chain, 'content 2')
  depositOfList(chain, 'content 3')
  chain.seal()
  first = await receiptOf(chain, 2)
  second = await receiptOf(chain, 3)
  ofList = await receiptOf(chain, 4)
  ofOtherList = await receiptOf(chain, 5)
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
    expect(await tasksOf({ 'a.txt': 'content 2' })).toEqual([{ what: 'unproven', path: 'a.txt', isCompared: false }])
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

  describe('R9: nothing in a folder keeps it from being held against its list', () => {
    const outer = (): Record<string, Buffer> => ({ 'F.tlog-proof': ofList, 'F.evidence-manifest': listOf('content 2') })
    const folder = (files: readonly string[]): Task => ({
      what: 'folder',
      path: 'F',
      evidence: { kind: 'manifest', receipt: 'F.tlog-proof', manifest: 'F.evidence-manifest', folder: 'F' },
      files,
    })
    const both = [true, false].map((isLast) => [isLast ? 'first' : 'last', isLast] as const)
    const given = (inner: Record<string, string | Buffer>, isFirst: boolean): Record<string, string | Buffer> =>
      isFirst ? { ...inner, ...outer() } : { ...outer(), ...inner }

    it.each(both)('a receipt beside each file, the folder %s', async (_, isFirst) => {
      const inner = { 'F/one.txt': 'content 3', 'F/one.txt.tlog-proof': second }
      const tasks = await tasksOf(given(inner, isFirst))
      expect(tasks).toContainEqual(folder(Object.keys(inner)))
      expect(tasks.filter(({ what }) => what === 'file')).toHaveLength(1)
      expect(tasks).toHaveLength(2)
    })

    it.each(both)('another list with its receipt, the folder %s', async (_, isFirst) => {
      const inner = {
        'F/one.txt': 'content 3',
        'F/a.evidence-manifest': listOf('content 3'),
        'F/a.tlog-proof': ofOtherList,
      }
      const tasks = await tasksOf(given(inner, isFirst))
      expect(tasks).toContainEqual(folder(Object.keys(inner)))
      expect(tasks.map(({ what }) => what)).toEqual(['folder', 'folder'])
    })

    it.each(both)('a package in its place, the folder %s', async (_, isFirst) => {
      const inner = {
        'F/bagit.txt': 'x',
        'F/data/deposits/001/receipt.tlog-proof': second,
        'F/data/deposits/001/a': 'b',
      }
      const tasks = await tasksOf(given(inner, isFirst))
      expect(tasks).toContainEqual(folder(Object.keys(inner)))
      expect(tasks.map(({ what }) => what)).toEqual(['package', 'folder'])
    })

    it('a policy in it, which nobody handed over as one', async () => {
      const inner = { 'F/one.txt': 'content 2', 'F/court.policy': policy }
      const { policies, tasks } = await gather(await droppedSet({ ...inner, ...outer() }))
      expect(policies).toEqual([])
      expect(tasks).toEqual([folder(Object.keys(inner))])
    })

    it('holds files that were picked one by one against the list too, where they have receipts of their own', async () => {
      const tasks = await tasksOf({ ...outer(), 'one.txt': 'content 3', 'one.txt.tlog-proof': second })
      expect(tasks).toEqual([
        { what: 'file', path: 'one.txt', evidence: { kind: 'receipt', receipt: 'one.txt.tlog-proof' } },
        {
          what: 'file',
          path: 'one.txt',
          evidence: { kind: 'manifest', receipt: 'F.tlog-proof', manifest: 'F.evidence-manifest', folder: '' },
        },
      ])
    })

    it('leaves a package beside a list of other files a package', async () => {
      const files = { 'p/bagit.txt': 'x', 'p/data/deposits/001/a': 'b' }
      const tasks = await tasksOf({ ...files, ...outer() })
      expect(tasks.map(({ what }) => what)).toEqual(['package', 'file'])
    })
  })

  it.each([
    ['a zip', 'PK\u0003\u0004 content'],
    ['a certificate', '%PDF-1.7\n%\u00ff\u00ff\u00ff\u00ff\n%evidence-ledger/certificate/1'],
  ])('R9: pairs by digest %s that was deposited and renamed', async (_, content) => {
    const bytes = Buffer.from(content, 'latin1')
    const chain = new TestChain().start()
    const { jws } = statement(depositor, origin, 'evidence.deposit', {
      items: [{ size: bytes.length, digest: { sha256: sha256Hex(bytes) } }],
    })
    chain.add(jws)
    const receipt = await receiptOf(chain.seal(), 2)
    expect(await tasksOf({ 'scan (1)': bytes, 'scan.tlog-proof': receipt })).toEqual([
      { what: 'file', path: 'scan (1)', evidence: { kind: 'receipt', receipt: 'scan.tlog-proof' } },
    ])
    const [alone] = await tasksOf({ 'scan (1)': bytes, 'other.tlog-proof': first })
    expect(alone?.what).not.toBe('file')
  })

  it('R9: holds a file against each of two receipts', async () => {
    const tasks = await tasksOf({ 'a.txt': 'content 2', 'a.txt.tlog-proof': first, 'a.txt.entry-9.tlog-proof': first })
    expect(tasks.map((task) => (task.what === 'file' ? [task.path, artefactOf(task.evidence)] : task.what))).toEqual([
      ['a.txt', 'a.txt.tlog-proof'],
      ['a.txt', 'a.txt.entry-9.tlog-proof'],
    ])
  })

  it('tells a copy of a proven file, and another file beside it, from a file that nothing was compared with', async () => {
    const tasks = await tasksOf({
      'a.txt': 'content 2',
      'copy of a.txt': 'content 2',
      'from the other side.txt': 'content 9',
      'r.tlog-proof': first,
    })
    const evidence = { kind: 'receipt', receipt: 'r.tlog-proof' }
    expect(tasks).toEqual([
      { what: 'file', path: 'a.txt', evidence },
      { what: 'file', path: 'copy of a.txt', evidence },
      { what: 'unproven', path: 'from the other side.txt', isCompared: true },
    ])
  })

  it('goes through twenty thousand files', async () => {
    const many = Object.fromEntries(Array.from({ length: 20_000 }, (_, n) => [`f/${n}.txt`, 'x']))
    const tasks = await tasksOf({ ...many, 'f/1.txt.tlog-proof': first })
    expect(tasks).toHaveLength(20_000)
    expect(tasks.filter(({ what }) => what === 'file')).toHaveLength(1)
  })
})
