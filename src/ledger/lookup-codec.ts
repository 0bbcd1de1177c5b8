import { createHmac } from 'node:crypto'
import { type DigestAlgorithm, digestLengths } from '../core/hash.ts'
import { Recent } from '../core/recent.ts'
import { lookupForm } from '../statements/disclosures.ts'
import type { LookupKey, LookupList, SealedKey } from './lookup.ts'

/** Lists whose encoding is kept in memory. */
const maxRemembered = 4096
const algorithms = Object.keys(digestLengths) as DigestAlgorithm[]
/** First letters of the keys that stand under a keyed hash. */
const sealedLetters: Readonly<Record<SealedKey['by'], string>> = { case: 'c', exhibit: 'e' }

/** Whether encoded bytes are of a look-up key that only sealed claims give. */
export function isSealedEncoding(key: Uint8Array): boolean {
  return Object.values(sealedLetters).some((letter) => key[0] === letter.charCodeAt(0))
}

/**
 * Bytes of look-up keys, as one ledger keeps them. What may be personal stands in them only under a hash keyed by a secret of
 * that ledger: an unkeyed hash of a case or exhibit number is found by trying numbers.
 */
export class LookupCodec {
  /** 32 bytes (lookup-secret.ts). */
  readonly secret: Uint8Array
  /** Key of the hashes that are summed (lookup-tally.ts): of each ledger its own, and the same whenever it is opened. */
  readonly seed: number
  private readonly lists = new Recent<Buffer>(maxRemembered)

  constructor(secret: Uint8Array) {
    this.secret = secret
    this.seed = createHmac('sha256', secret).update('tally').digest().readUInt32BE() | 1
  }

  /** A letter, then the value, which no other value of its letter begins: what all lists of a key begin with. */
  key(key: LookupKey): Buffer {
    switch (key.by) {
      case 'digest':
        return Buffer.concat([Buffer.from([0x64, algorithms.indexOf(key.algorithm)]), Buffer.from(key.hex, 'hex')])
      case 'case':
      case 'exhibit': {
        const hash = createHmac('sha256', this.secret)
          .update(`${key.by} ${lookupForm(key.number)}`)
          .digest()
        return Buffer.concat([Buffer.from(sealedLetters[key.by]), hash])
      }
      case 'participant':
        return Buffer.from(`p${key.id}\0`)
      case 'kind':
        return Buffer.from(`k${key.kind}\0`)
      case 'target': {
        const out = Buffer.from('r00000000')
        out.writeBigUInt64BE(BigInt(key.index), 1)
        return out
      }
      case 'key':
        return Buffer.from(`y${key.thumbprint}\0`)
      case 'revoked':
        return Buffer.from(`u${key.participant}\0`)
    }
  }

  /** The key, then the list's name, which a zero ends, so that no list begins another. */
  list({ key, list }: LookupList): Buffer {
    // Lists of kinds and participants are few, and each entry is in two of them.
    if (key.by === 'kind') return this.remembered(`k${key.kind}`, key, list)
    if (key.by === 'participant') return this.remembered(`p${key.id} ${list}`, key, list)
    return this.encode(key, list)
  }

  private remembered(name: string, key: LookupKey, list: string): Buffer {
    let encoded = this.lists.get(name)
    if (encoded === undefined) {
      encoded = this.encode(key, list)
      this.lists.set(name, encoded)
    }
    return encoded
  }

  private encode(key: LookupKey, list: string): Buffer {
    return Buffer.concat([this.key(key), Buffer.from(`${list}\0`)])
  }
}
