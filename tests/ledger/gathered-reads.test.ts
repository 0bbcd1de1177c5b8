import { describe, expect, it } from 'vitest'
import { GatheredReads } from '../../src/ledger/leveldb/gathered-reads.ts'

const key = (n: number): Uint8Array => Uint8Array.of(n)

/** A source that counts what it is asked; keys of `unreadable` fail, and every read that has one of them. */
function sourceOf(unreadable: readonly number[] = []) {
  const asked = { single: 0, many: [] as number[] }
  const get = (one: Uint8Array): Promise<Uint8Array | undefined> => {
    const n = one[0] as number
    if (unreadable.includes(n)) return Promise.reject(new Error('corrupt'))
    return Promise.resolve(n === 99 ? undefined : Uint8Array.of(n, n))
  }
  return {
    asked,
    get: (one: Uint8Array) => {
      asked.single++
      return get(one)
    },
    getMany: (keys: Uint8Array[]) => {
      asked.many.push(keys.length)
      return Promise.all(keys.map(get))
    },
  }
}

describe('GatheredReads', () => {
  it('asks for one key alone', async () => {
    const source = sourceOf()
    expect(await new GatheredReads(source).get(key(1))).toEqual(Uint8Array.of(1, 1))
    expect(source.asked).toEqual({ single: 1, many: [] })
  })

  it('asks for the keys of a turn together, and gives each its own', async () => {
    const source = sourceOf()
    const reads = new GatheredReads(source)
    const found = await Promise.all([3, 99, 5, 3].map((n) => reads.get(key(n))))
    expect(found).toEqual([Uint8Array.of(3, 3), undefined, Uint8Array.of(5, 5), Uint8Array.of(3, 3)])
    expect(source.asked).toEqual({ single: 0, many: [4] })
  })

  it('holds no thread for more than 64 keys', async () => {
    const source = sourceOf()
    const reads = new GatheredReads(source)
    const found = await Promise.all(Array.from({ length: 150 }, (_, n) => reads.get(key(n % 90))))
    expect(found.map((value) => value?.[0])).toEqual(Array.from({ length: 150 }, (_, n) => n % 90))
    expect(source.asked.many).toEqual([64, 64, 22])
  })

  it('loses nothing beside a key that cannot be read', async () => {
    const reads = new GatheredReads(sourceOf([2]))
    const found = await Promise.all([1, 2, 3].map((n) => reads.get(key(n))))
    expect(found).toEqual([Uint8Array.of(1, 1), undefined, Uint8Array.of(3, 3)])
    expect(await reads.get(key(2))).toBeUndefined()
  })
})
