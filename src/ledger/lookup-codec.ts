import { createHmac } from 'node:crypto'
import { type DigestAlgorithm, digestLengths } from '../core/hash.ts'
import { Recent } from '../core/recent.ts'
import { lookupForm } from '../statements/disclosures.ts'
import type { LookupKey, LookupList, SealedKey } from './lookup.ts'

/** Numbers of cases and exhibits whose keyed hash is kept in memory. */
const maxRemembered = 4096
const algorithms = Object.keys(digestLengths) as DigestAlgorithm[]
/** First letters of the keys that stand under a keyed hash. */
const sealedLetters: Readonly<Record<SealedKey['by'], string>> = { case: 'c', exhibit: 'e', handling: 'h' }

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
  private readonly hashes = new Recent<Buffer>(maxRemembered)
  /** A list is written here, and what is given is a copy. */
  private scratch = Buffer.alloc(512)

  constructor(secret: Uint8Array) {
    this.secret = secret
    this.seed = createHmac('sha256', secret).update('tally').digest().readUInt32BE() | 1
  }

  /** A letter, then the value, which no other value of its letter begins: what all lists of a key begin with. */
  key(key: LookupKey): Buffer {
    const end = this.writeKey(key, '')
    return Buffer.from(this.scratch.subarray(0, end))
  }

  /** The key, then the list's name, which a zero ends, so that no list begins another. */
  list(list: LookupList): Buffer {
    return Buffer.from(this.written(list))
  }

  /** As {@link list}, in memory that the next call overwrites. */
  written({ key, list }: LookupList): Uint8Array {
    const begin = this.writeKey(key, list)
    const end = writeText(this.scratch, begin, list)
    this.scratch[end] = 0
    return this.scratch.subarray(0, end + 1)
  }

  /** Writes a key, with room for its list behind it; gives where it ends. */
  private writeKey(key: LookupKey, list: string): number {
    switch (key.by) {
      case 'digest':
        this.begin('d', key.hex.length / 2 + list.length)
        this.scratch[1] = algorithms.indexOf(key.algorithm)
        return 2 + this.scratch.write(key.hex, 2, 'hex')
      case 'case':
      case 'exhibit':
      case 'handling': {
        const hash = this.hashOf(key)
        this.begin(sealedLetters[key.by], hash.length + list.length)
        this.scratch.set(hash, 1)
        return 1 + hash.length
      }
      case 'participant':
        return this.writeName('p', key.id, list)
      case 'kind':
        return this.writeName('k', key.kind, list)
      case 'target':
      case 'record':
        this.begin(key.by === 'target' ? 'r' : 'o', 8 + list.length)
        return this.scratch.writeBigUInt64BE(BigInt(key.index), 1)
      case 'key':
        return this.writeName('y', key.thumbprint, list)
      case 'revoked':
        return this.writeName('u', key.participant, list)
    }
  }

  private writeName(letter: string, name: string, list: string): number {
    this.begin(letter, name.length + list.length)
    const at = writeText(this.scratch, 1, name)
    this.scratch[at] = 0
    return at + 1
  }

  /** Makes room for a letter, texts of `length` characters together, which UTF-8 may treble, and what goes between. */
  private begin(letter: string, length: number): void {
    const needed = 3 * length + 16
    if (this.scratch.length < needed) this.scratch = Buffer.alloc(2 * needed)
    this.scratch[0] = letter.charCodeAt(0)
  }

  private hashOf({ by, number }: SealedKey): Buffer {
    const named = `${by} ${number}`
    let hash = this.hashes.get(named)
    if (hash === undefined) {
      hash = createHmac('sha256', this.secret)
        .update(`${by} ${lookupForm(number)}`)
        .digest()
      this.hashes.set(named, hash)
    }
    return hash
  }
}

/** Writes a text as UTF-8; gives where it ends. Most are short and ASCII, for which a call of the runtime costs more than the writing. */
function writeText(out: Buffer, from: number, text: string): number {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code > 0x7f) return from + out.write(text, from)
    out[from + i] = code
  }
  return from + text.length
}
