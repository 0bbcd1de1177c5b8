import { describe, expect, it } from 'vitest'
import { utf8 } from '../../src/core/bytes.ts'
import { leafHash } from '../../src/core/entry.ts'
import { packRuns, unpack } from '../../src/verify/packed.ts'
import { requireLookups } from '../../src/ledger/lookup-check.ts'
import type { LookupKey, LookupList } from '../../src/ledger/lookup.ts'
import type { LedgerStorage, StoredEntry, StoredGroup } from '../../src/ledger/storage.ts'

const digest = 'ab'.repeat(32)

export function storedEntry(index: number, extra: Partial<StoredEntry> = {}): StoredEntry {
  const bytes = utf8(`entry ${index}`)
  const jti = `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`
  return { index, bytes, leafHash: leafHash(bytes), iss: 'depositor', jti, disclosures: [], lookups: [], ...extra }
}

/** What every implementation of the storage interface must do; each runs it on its own (docs/design/storage.md). */
export function storageConformance(
  name: string,
  create: () => Promise<LedgerStorage>,
  reopen?: (storage: LedgerStorage) => Promise<LedgerStorage>,
): void {
  const digestKey: LookupKey = { by: 'digest', algorithm: 'sha256', hex: digest }
  const caseKey: LookupKey = { by: 'case', number: '(2026)沪0104刑初123号' }
  const byDigest: LookupList = { key: digestKey, list: 'a' }
  const byCase: LookupList = { key: caseKey, list: 'a' }

  async function filled(): Promise<{
    storage: LedgerStorage
    epoch: number
    group: (entries: StoredEntry[], from: number) => StoredGroup
  }> {
    const storage = await create()
    const epoch = await storage.claimWriter()
    const group = (entries: StoredEntry[], from: number): StoredGroup => ({
      expectedSize: from,
      epoch,
      entries,
      tiles: [],
      checkpoint: `test.example/x\n${from + entries.length}\n${Buffer.alloc(32).toString('base64')}\n\n— test.example/x AAAAAAA=\n`,
    })
    return { storage, epoch, group }
  }

  describe(`storage conformance: ${name}`, () => {
    it('is empty at first', async () => {
      const storage = await create()
      expect(await storage.checkpoint()).toBeUndefined()
      expect(await storage.registryChecksum()).toBeUndefined()
      expect(await storage.entries(0, 2)).toEqual([undefined, undefined])
      expect(await storage.entryIndices(0, 10)).toEqual([])
      await storage.close()
    })

    it('keeps a group as a whole, and gives it back', async () => {
      const { storage, group } = await filled()
      const entries = [storedEntry(0), storedEntry(1, { disclosures: ['aaa', 'bbb'], lookups: [byDigest, byCase] })]
      const tile = new Uint8Array(8192).fill(7)
      await storage.append({
        ...group(entries, 0),
        tiles: [{ level: 0, n: 3, bytes: tile }],
        registryChecksum: { count: 1, hash: 'h' },
      })
      expect((await storage.entries(0, 3)).map((bytes) => bytes && Buffer.from(bytes).toString())).toEqual([
        'entry 0',
        'entry 1',
        undefined,
      ])
      const runs = await storage.entryRuns(0, 2)
      const packed = packRuns(0, 2, runs)
      expect(packed && unpack(packed).map((bytes) => bytes && Buffer.from(bytes).toString())).toEqual([
        'entry 0',
        'entry 1',
      ])
      const disclosed = await storage.disclosedBytes(0, 5)
      expect(disclosed.map(({ index, bytes }) => [index, Buffer.from(bytes).toString()])).toEqual([[1, 'aaa~bbb']])
      expect(await storage.disclosures(1)).toEqual(['aaa', 'bbb'])
      expect(await storage.disclosures(0)).toEqual([])
      expect(await storage.disclosuresIn(0, 5)).toEqual(new Map([[1, ['aaa', 'bbb']]]))
      expect(Buffer.from((await storage.tile(0, 3)) as Uint8Array).equals(Buffer.from(tile))).toBe(true)
      expect(await storage.tile(1, 3)).toBeUndefined()
      expect(await storage.registryChecksum()).toEqual({ count: 1, hash: 'h' })
      expect(await storage.checkpoint()).toContain('\n2\n')
      expect(await storage.entryIndices(1, 10)).toEqual([1])
      await storage.close()
    })

    it('refuses another size or another epoch, and then stores nothing', async () => {
      const { storage, epoch, group } = await filled()
      await storage.append(group([storedEntry(0)], 0))
      await expect(storage.append(group([storedEntry(5)], 5))).rejects.toMatchObject({ code: 'storage-conflict' })
      await expect(storage.append(group([storedEntry(0)], 0))).rejects.toMatchObject({ code: 'storage-conflict' })
      const newer = await storage.claimWriter()
      expect(newer).toBeGreaterThan(epoch)
      await expect(storage.append(group([storedEntry(1)], 1))).rejects.toMatchObject({ code: 'storage-conflict' })
      await storage.append({ ...group([storedEntry(1)], 1), epoch: newer })
      expect(await storage.entryIndices(0, 10)).toEqual([0, 1])
      await storage.close()
    })

    it('finds statements by iss and jti, exactly', async () => {
      const { storage, group } = await filled()
      const entry = storedEntry(0)
      await storage.append(group([entry], 0))
      const ids = [
        { iss: 'depositor', jti: entry.jti },
        { iss: 'deposito', jti: entry.jti },
        { iss: 'depositor', jti: storedEntry(9).jti },
      ]
      const found = await storage.findStatements(ids)
      expect(found.map((id) => id?.index)).toEqual([0, undefined, undefined])
      expect(Buffer.from(found[0]?.leafHash ?? []).equals(Buffer.from(entry.leafHash))).toBe(true)
      const all = []
      for await (const page of storage.scanStatements())
        for (const { iss, jti, index } of page) all.push({ iss, jti, index })
      expect(all).toEqual([{ iss: 'depositor', jti: entry.jti, index: 0 }])
      await storage.close()
    })

    it('looks up in order, in pages, one key apart from another, one list apart from another', async () => {
      const { storage, group } = await filled()
      const participant = (id: string, list = 'evidence.deposit'): LookupList => ({
        key: { by: 'participant', id },
        list,
      })
      const entries = Array.from({ length: 600 }, (_, i) =>
        storedEntry(i, { lookups: i % 2 === 0 ? [byDigest] : [participant('a')] }),
      )
      entries[3] = storedEntry(3, { lookups: [participant('ab')] })
      await storage.append(group(entries, 0))
      expect(await storage.lookup(digestKey, -1, 3)).toEqual([0, 2, 4])
      expect(await storage.lookup(digestKey, 4, 2)).toEqual([6, 8])
      expect(await storage.lookup(digestKey, 598, 2)).toEqual([])
      expect(await storage.lookupList(byDigest, -1, 3)).toEqual([0, 2, 4])
      expect(await storage.lookupList(byDigest, 4, 2)).toEqual([6, 8])
      expect(await storage.lookupList({ ...byDigest, list: 'b' }, -1, 3)).toEqual([])
      expect(await storage.lookup({ by: 'participant', id: 'a' }, -1, 3)).toEqual([1, 5, 7])
      expect(await storage.lookup({ by: 'participant', id: 'ab' }, -1, 3)).toEqual([3])
      expect(await storage.lookup({ by: 'digest', algorithm: 'sm3', hex: digest }, -1, 3)).toEqual([])
      await storage.close()
    })

    it('merges the lists of a key by index, however long each is and wherever a page begins', async () => {
      const { storage, group } = await filled()
      // Lists of very different lengths, names that begin one another, and one that is empty.
      const names = ['', 'a', 'a.b', 'ab', 'b']
      const listOf = (i: number): string =>
        names[i % 7 === 0 ? 3 : i % 50 === 0 ? 4 : i % 3 === 0 ? 0 : i % 2] as string
      const entries = Array.from({ length: 400 }, (_, i) =>
        storedEntry(i, {
          lookups: [
            { key: digestKey, list: listOf(i) },
            { key: caseKey, list: 'z' },
          ],
        }),
      )
      await storage.append(group(entries, 0))
      const all = Array.from({ length: 400 }, (_, i) => i)
      for (const limit of [1, 2, 7, 100, 399, 400, 1000]) {
        for (const after of [-1, 0, 5, 199, 398, 399]) {
          expect(await storage.lookup(digestKey, after, limit)).toEqual(all.slice(after + 1, after + 1 + limit))
        }
      }
      // What may be left out is, wholly or in part, and the page is as full as without it.
      for (const isOut of [
        (i: number) => i % 7 === 0,
        (i: number) => i % 50 < 3,
        (i: number) => listOf(i) === '' && i < 300,
        (i: number) => listOf(i) === 'b' || i > 390,
      ]) {
        const indices = new Set(all.filter(isOut))
        const lists = new Map(names.map((list) => [list, all.filter((i) => isOut(i) && listOf(i) === list).length]))
        for (const part of [1, 3]) {
          const left = all.filter((i) => !isOut(i) || i % part !== 0)
          for (const limit of [1, 7, 100, 1000]) {
            for (const after of [-1, 5, 199, 398]) {
              const found = await storage.lookup(digestKey, after, limit, { indices, lists })
              const shown = found.filter((i) => !isOut(i) || i % part !== 0).slice(0, limit)
              expect(shown).toEqual(left.filter((i) => i > after).slice(0, limit))
            }
          }
        }
      }
      // In the midst of one long list as well.
      const midst = { indices: new Set([200, 201, 202, 203]), lists: new Map([['z', 4]]) }
      const found = await storage.lookup(caseKey, 199, 7, midst)
      expect(found.filter((i) => !midst.indices.has(i)).slice(0, 7)).toEqual(all.slice(204, 211))
      for (const list of [...names, 'c'])
        expect(await storage.lookupList({ key: digestKey, list }, -1, 1000)).toEqual(
          all.filter((i) => listOf(i) === list),
        )
      await storage.close()
    })

    it('F-M3: keeps a seal over all look-up keys and statement ids, whatever is added and erased', async () => {
      const { storage, group } = await filled()
      expect(await storage.lookupChecksum()).toBeUndefined()
      await storage.append(group([storedEntry(0, { lookups: [byDigest, byCase] }), storedEntry(1)], 0))
      await requireLookups(storage)
      expect(await storage.lookupChecksum()).toMatchObject({ count: 4 })
      await storage.append(group([storedEntry(2, { disclosures: ['aaa'], lookups: [byCase] })], 2))
      await requireLookups(storage)
      await storage.eraseDisclosures([{ index: 2, keep: [], lists: [byCase] }])
      await requireLookups(storage)
      expect(await storage.lookupChecksum()).toMatchObject({ count: 5 })
      await storage.close()
    })

    it('erases disclosures and their look-up keys, and nothing else', async () => {
      const { storage, group } = await filled()
      await storage.append(group([storedEntry(0, { disclosures: ['aaa', 'bbb'], lookups: [byDigest, byCase] })], 0))
      await storage.eraseDisclosures([{ index: 0, keep: ['bbb'], lists: [byCase] }])
      expect(await storage.disclosures(0)).toEqual(['bbb'])
      expect(await storage.lookup(caseKey, -1, 3)).toEqual([])
      expect(await storage.lookup(digestKey, -1, 3)).toEqual([0])
      await storage.eraseDisclosures([{ index: 0, keep: [], lists: [] }])
      expect(await storage.disclosures(0)).toEqual([])
      expect(await storage.entryIndices(0, 3)).toEqual([0])
      await storage.close()
    })

    it('erases from several entries at once, and again what is gone', async () => {
      const { storage, group } = await filled()
      const entries = [0, 1].map((i) => storedEntry(i, { disclosures: [`a${i}`], lookups: [byDigest, byCase] }))
      await storage.append(group(entries, 0))
      const erased = [0, 1].map((index) => ({ index, keep: [], lists: [byCase] }))
      for (let round = 0; round < 2; round++) {
        await storage.eraseDisclosures(erased)
        expect(await storage.disclosuresIn(0, 2)).toEqual(new Map())
        expect(await storage.lookup(caseKey, -1, 3)).toEqual([])
        await requireLookups(storage)
      }
      await storage.close()
    })

    it('knows which orders were executed, and who seals a digest', async () => {
      const { storage, group } = await filled()
      const [first, second] = [1, 2].map((byte) => Buffer.alloc(32, byte).toString('base64url')) as [string, string]
      expect([await storage.executedOrders(), await storage.findSealed([first])]).toEqual([-1, [undefined]])
      await storage.append(group([storedEntry(0), storedEntry(1, { sealed: [first] })], 0))
      await storage.markExecuted(1)
      expect(await storage.executedOrders()).toBe(1)
      expect(await storage.findSealed([second, first, second, second, second, first])).toEqual([
        undefined,
        1,
        undefined,
        undefined,
        undefined,
        1,
      ])
      await storage.close()
    })

    if (reopen === undefined) return
    it('has all of it after it was closed and opened', async () => {
      const { storage, epoch, group } = await filled()
      await storage.append(group([storedEntry(0, { disclosures: ['aaa'], lookups: [byCase] })], 0))
      const again = await reopen(storage)
      expect(await again.entryIndices(0, 3)).toEqual([0])
      expect(await again.disclosures(0)).toEqual(['aaa'])
      expect(await again.lookup(caseKey, -1, 3)).toEqual([0])
      expect(await again.claimWriter()).toBeGreaterThan(epoch)
      await again.close()
    })
  })
}
