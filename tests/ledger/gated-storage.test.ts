import { describe, expect, it } from 'vitest'
import { EvidenceError } from '../../src/core/errors.ts'
import { GatedStorage } from '../../src/ledger/gated-storage.ts'
import { LookupCodec } from '../../src/ledger/lookup-codec.ts'
import { MemoryStorage } from '../../src/ledger/storage-memory.ts'
import { storageConformance } from './storage-conformance.ts'

const memory = (): MemoryStorage => new MemoryStorage(new LookupCodec(new Uint8Array(32).fill(7)))

storageConformance('a storage that can be held back', () => Promise.resolve(new GatedStorage(memory())))

/** A storage whose reads of claims end when they are let go. */
function slow(): { gated: GatedStorage; letGo: () => void; order: string[] } {
  const inner = memory()
  const order: string[] = []
  let letGo = (): void => {}
  const gone = new Promise<void>((resolve) => (letGo = resolve))
  inner.disclosures = async (index) => {
    order.push(`begun ${index}`)
    await gone
    order.push(`ended ${index}`)
    return []
  }
  return { gated: new GatedStorage(inner), letGo, order }
}

describe('what has the storage alone', () => {
  it('begins when every call before has ended, and holds back those after it', async () => {
    const { gated, letGo, order } = slow()
    const before = gated.disclosures(0)
    const alone = gated.exclusively(() => Promise.resolve(order.push('alone')))
    const after = gated.disclosures(1)
    await new Promise((next) => setImmediate(next))
    expect(order).toEqual(['begun 0'])
    letGo()
    await Promise.all([before, alone, after])
    expect(order).toEqual(['begun 0', 'ended 0', 'alone', 'begun 1', 'ended 1'])
  })

  it('gives the storage back where it fails, and lets another have it', async () => {
    const gated = new GatedStorage(memory())
    await expect(gated.exclusively(() => Promise.reject(new Error('no')))).rejects.toThrow('no')
    const both = [1, 2].map((n) => gated.exclusively(() => Promise.resolve(n)))
    expect(await Promise.all(both)).toEqual([1, 2])
    expect(await gated.disclosures(0)).toEqual([])
  })

  it('may refuse claims from then on, and nothing else', async () => {
    const gated = new GatedStorage(memory())
    gated.refuseClaims(new EvidenceError('writer-stopped', 'it failed'))
    await expect(gated.disclosures(0)).rejects.toMatchObject({ code: 'writer-stopped' })
    await expect(gated.disclosuresIn(0, 1)).rejects.toMatchObject({ code: 'writer-stopped' })
    await expect(gated.disclosedBytes(0, 1)).rejects.toMatchObject({ code: 'writer-stopped' })
    expect(await gated.entries(0, 1)).toEqual([undefined])
  })
})
