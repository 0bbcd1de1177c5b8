import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { type DigestAlgorithm, digestLengths } from '../../src/core/hash.ts'
import { LookupCodec } from '../../src/ledger/lookup-codec.ts'
import type { LookupKey } from '../../src/ledger/lookup.ts'
import { auditHash, drawAuditKey } from '../../src/ledger/audit-hash.ts'
import { expectedKeys, tallyOf, type TalliedEntry } from '../../src/ledger/lookup-tally.ts'
import { lookupForm } from '../../src/statements/disclosures.ts'
import { Random } from '../support/random.ts'
import { sizeOf } from '../support/long.ts'

const key64 = drawAuditKey()
const secret = Buffer.alloc(32, 7)
const codec = new LookupCodec(secret)
const algorithms = Object.keys(digestLengths) as DigestAlgorithm[]

/** The clear twin: each part made and put behind the other. */
function plainKey(key: LookupKey): Buffer {
  switch (key.by) {
    case 'digest':
      return Buffer.concat([Buffer.from([0x64, algorithms.indexOf(key.algorithm)]), Buffer.from(key.hex, 'hex')])
    case 'case':
    case 'exhibit':
    case 'handling': {
      const hash = createHmac('sha256', secret).update(`${key.by} ${lookupForm(key.number)}`)
      return Buffer.concat([Buffer.from({ case: 'c', exhibit: 'e', handling: 'h' }[key.by]), hash.digest()])
    }
    case 'participant':
      return Buffer.from(`p${key.id}\0`)
    case 'kind':
      return Buffer.from(`k${key.kind}\0`)
    case 'target':
    case 'record': {
      const out = Buffer.from(key.by === 'target' ? 'r00000000' : 'o00000000')
      out.writeBigUInt64BE(BigInt(key.index), 1)
      return out
    }
    case 'key':
      return Buffer.from(`y${key.thumbprint}\0`)
    case 'revoked':
      return Buffer.from(`u${key.participant}\0`)
  }
}

const random = new Random(11)
const text = (): string =>
  random.pick(['', 'a', 'police-9', '証拠品', 'x'.repeat(700), '（2026）沪0104刑初123号', '𠮷'.repeat(90)])
const hexOf = (algorithm: DigestAlgorithm): string =>
  Array.from({ length: digestLengths[algorithm] }, () => random.below(256).toString(16).padStart(2, '0')).join('')

function randomKey(): LookupKey {
  const algorithm = random.pick(algorithms)
  return random.pick<LookupKey>([
    { by: 'digest', algorithm, hex: hexOf(algorithm) },
    { by: 'case', number: text() },
    { by: 'exhibit', number: text() },
    { by: 'handling', number: text() },
    { by: 'participant', id: text() },
    { by: 'kind', kind: text() },
    { by: 'target', index: random.pick([0, 1, 2 ** 32, Number.MAX_SAFE_INTEGER]) },
    { by: 'record', index: random.pick([0, 7, Number.MAX_SAFE_INTEGER]) },
    { by: 'key', thumbprint: text() },
    { by: 'revoked', participant: text() },
  ])
}

describe('bytes of look-up keys', () => {
  it('are those of their parts put together, whatever was written before', () => {
    const keys = sizeOf('tests/ledger/lookup-codec.test.ts', 'keys')
    for (let i = 0; i < keys; i++) {
      const key = randomKey()
      const list = text()
      const expected = Buffer.concat([plainKey(key), Buffer.from(`${list}\0`)])
      expect(Buffer.from(new LookupCodec(secret).list({ key, list }))).toEqual(expected)
      expect(Buffer.from(codec.written({ key, list }))).toEqual(expected)
      expect(codec.list({ key, list })).toEqual(expected)
      expect(codec.key(key)).toEqual(plainKey(key))
    }
  })

  it('that were given stay as they are', () => {
    const key: LookupKey = { by: 'participant', id: 'police-9' }
    const given = codec.list({ key, list: 'evidence.deposit' })
    const before = Buffer.from(given)
    for (let i = 0; i < 50; i++) codec.list({ key: randomKey(), list: text() })
    expect(given).toEqual(before)
  })

  it('are tallied as they are made', () => {
    for (let i = 0; i < 500; i++) {
      const algorithm = random.pick(algorithms)
      const digests = Array.from({ length: random.below(4) }, () => ({ algorithm, hex: hexOf(algorithm) }))
      const repeated = digests[0]
      if (repeated !== undefined && random.below(2) === 0) digests.push({ ...repeated })
      const entry: TalliedEntry = {
        index: random.below(2 ** 31),
        leafHash: Uint8Array.from({ length: 32 }, () => random.below(256)),
        facts: {
          iss: random.pick(['a', 'police-9']),
          kind: random.pick(['evidence.deposit', 'participant.admit']),
          jti: '1b4e28ba-2fa1-4d2b-883f-0016d3cca427',
          digests,
          subjects: random.pick([[], ['b'], ['a', 'b', 'b']]),
          targets: random.pick([[], [3], [3, 4, 3]]),
          recordsOf: [4, 5],
          endings: [],
        },
        disclosures: [],
      }
      const keys = expectedKeys(entry, codec)
      expect(new Set(keys.map((key) => Buffer.from(key).toString('hex'))).size).toBe(keys.length)
      const sum = keys.reduce((total, key) => (total + BigInt(auditHash(key, entry.index, key64))) % 2n ** 52n, 0n)
      expect(BigInt(tallyOf(entry, codec, key64))).toBe(sum)
    }
  })
})
