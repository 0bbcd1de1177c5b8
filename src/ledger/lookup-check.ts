import { EvidenceError } from '../core/errors.ts'
import { addHash, idKey, keyHash, type LookupChecksum } from './lookup-tally.ts'
import type { LedgerStorage } from './storage.ts'

/** Whether the look-up keys of an open ledger are those that were stored. */
export type LookupState = 'checking' | 'verified' | 'damaged'

/** How long a search waits for the comparison, in milliseconds. */
const patienceMs = 5000

/**
 * Compares an open ledger's look-up keys and statement ids with the checksum over them, in the background: counting millions
 * takes longer than a start may. Until it ends no search is answered; where they differ none is, and nothing is sequenced.
 */
export class LookupCheck {
  private current: LookupState = 'checking'
  private stopped = false
  private readonly ended: Promise<void>

  private constructor(storage: LedgerStorage, checksum: LookupChecksum | undefined) {
    this.ended = this.run(pagesOf(storage), storage.codec.seed, checksum)
  }

  /** Begins to compare what is there now: nothing may be appended before this resolves. */
  static async start(storage: LedgerStorage): Promise<LookupCheck> {
    return new LookupCheck(storage, await storage.lookupChecksum())
  }

  private async run(
    pages: AsyncIterable<readonly HashedKey[]>,
    seed: number,
    checksum: LookupChecksum | undefined,
  ): Promise<void> {
    try {
      const found = await countKeys(pages, seed, () => this.stopped)
      if (this.stopped) return
      this.current = checksum !== undefined && isSameChecksum(checksum, found) ? 'verified' : 'damaged'
    } catch {
      // What cannot be read is not found either.
      if (!this.stopped) this.current = 'damaged'
    }
  }

  get state(): LookupState {
    return this.current
  }

  /** Throws `lookups-damaged` where they are known to be. */
  requireUndamaged(): void {
    if (this.current === 'damaged') throw damagedLookups()
  }

  /** Resolves when they are verified. Throws `lookups-unverified` where that takes long, `lookups-damaged`. */
  async requireVerified(): Promise<void> {
    if (this.current === 'checking') await this.wait()
    this.requireUndamaged()
    if (this.current === 'verified') return
    const message = 'the look-up keys are still being compared with their seal: what a search finds is not certain yet'
    throw new EvidenceError('lookups-unverified', message, { retryAfterSeconds: 5 })
  }

  private async wait(): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, patienceMs)
    })
    await Promise.race([this.ended, patience])
    clearTimeout(timer)
  }

  /** Resolves when the comparison has ended by itself. */
  finished(): Promise<void> {
    return this.ended
  }

  /** Ends the comparison: before the storage is closed. */
  async stop(): Promise<void> {
    this.stopped = true
    await this.ended
  }
}

export function damagedLookups(): EvidenceError {
  const message = 'the look-up keys of the database are not those that were stored: a search could miss entries'
  return new EvidenceError('lookups-damaged', message)
}

/** Counts what a storage has, which nobody writes to, and compares. Throws `lookups-damaged`, `storage-damaged`. */
export async function requireLookups(storage: LedgerStorage): Promise<void> {
  const checksum = await storage.lookupChecksum()
  const found = await countedLookups(storage)
  if (checksum === undefined || !isSameChecksum(checksum, found)) throw damagedLookups()
}

/** The checksum of what a storage has, counted key by key. */
export function countedLookups(storage: LedgerStorage): Promise<LookupChecksum> {
  return countKeys(pagesOf(storage), storage.codec.seed)
}

export function isSameChecksum(a: LookupChecksum, b: LookupChecksum): boolean {
  return a.count === b.count && a.sum === b.sum
}

/** A look-up key or statement id as it is hashed. */
export interface HashedKey {
  readonly key: Uint8Array
  readonly index: number
}

/** Every look-up key and statement id that a storage has as of the call, a page at a time. */
export function pagesOf(storage: LedgerStorage): AsyncGenerator<readonly HashedKey[]> {
  return both(storage.scanLookups(), storage.scanStatements())
}

async function* both(
  lookups: ReturnType<LedgerStorage['scanLookups']>,
  statements: ReturnType<LedgerStorage['scanStatements']>,
): AsyncGenerator<readonly HashedKey[]> {
  yield* lookups
  for await (const page of statements) {
    yield page.map(({ iss, jti, index, leafHash }) => ({ key: idKey(iss, jti, leafHash), index }))
  }
}

async function countKeys(
  pages: AsyncIterable<readonly HashedKey[]>,
  seed: number,
  isStopped: () => boolean = () => false,
): Promise<LookupChecksum> {
  let [count, sum] = [0, 0]
  for await (const page of pages) {
    if (isStopped()) break
    count += page.length
    for (const { key, index } of page) sum = addHash(sum, keyHash(key, index, seed), 1)
  }
  return { count, sum }
}
