import type { EntryRun } from '../core/bundle.ts'
import type { EvidenceError } from '../core/errors.ts'
import type { DisclosedBytes } from '../log/log.ts'
import type { LookupKey, LookupList } from './lookup.ts'
import type { LookupCodec } from './lookup-codec.ts'
import type { LookupChecksum } from './lookup-tally.ts'
import type {
  ErasedClaims,
  LedgerStorage,
  LeftOut,
  RegistryChecksum,
  StatementId,
  StoredGroup,
  StoredTile,
} from './storage.ts'

/**
 * A storage whose calls can be held back: while one caller has it exclusively, all others wait. Erasing needs that, for the database is closed
 * and opened meanwhile (docs/design/erasure.md). Scans are not held back: the caller must see that none is under way.
 */
export class GatedStorage implements LedgerStorage {
  private readonly inner: LedgerStorage
  private active = 0
  private shut: Promise<void> | undefined
  private idle: (() => void) | undefined
  private refusal: EvidenceError | undefined

  constructor(inner: LedgerStorage) {
    this.inner = inner
  }

  get codec(): LookupCodec {
    return this.inner.codec
  }

  /** Runs `use` with the storage itself, when every call before has ended and before any later one begins. Throws what `use` throws. */
  async exclusively<T>(use: (storage: LedgerStorage) => Promise<T>): Promise<T> {
    while (this.shut !== undefined) await this.shut
    let open = (): void => {}
    this.shut = new Promise((resolve) => (open = resolve))
    try {
      if (this.active > 0) await new Promise<void>((resolve) => (this.idle = resolve))
      return await use(this.inner)
    } finally {
      this.shut = undefined
      this.idle = undefined
      open()
    }
  }

  /** No sealed claim is read from here on: one that should be gone may still be there. */
  refuseClaims(why: EvidenceError): void {
    this.refusal = why
  }

  /** Why no sealed claim is read, if so. */
  get claimsRefusal(): EvidenceError | undefined {
    return this.refusal
  }

  private async shared<T>(use: (storage: LedgerStorage) => Promise<T>): Promise<T> {
    while (this.shut !== undefined) await this.shut
    this.active++
    try {
      return await use(this.inner)
    } finally {
      this.active--
      if (this.active === 0) this.idle?.()
    }
  }

  private claims<T>(use: (storage: LedgerStorage) => Promise<T>): Promise<T> {
    return this.refusal === undefined ? this.shared(use) : Promise.reject(this.refusal)
  }

  claimWriter(): Promise<number> {
    return this.shared((storage) => storage.claimWriter())
  }
  append(group: StoredGroup): Promise<void> {
    return this.shared((storage) => storage.append(group))
  }
  checkpoint(): Promise<string | undefined> {
    return this.shared((storage) => storage.checkpoint())
  }
  registryChecksum(): Promise<RegistryChecksum | undefined> {
    return this.shared((storage) => storage.registryChecksum())
  }
  entries(begin: number, end: number): Promise<(Uint8Array | undefined)[]> {
    return this.shared((storage) => storage.entries(begin, end))
  }
  entryRuns(begin: number, end: number): Promise<readonly EntryRun[]> {
    return this.shared((storage) => storage.entryRuns(begin, end))
  }
  entryIndices(from: number, limit: number): Promise<number[]> {
    return this.shared((storage) => storage.entryIndices(from, limit))
  }
  tile(level: number, n: number): Promise<Uint8Array | undefined> {
    return this.shared((storage) => storage.tile(level, n))
  }
  tileView(level: number, n: number): Promise<Pick<StoredTile, 'bytes' | 'upper'> | undefined> {
    return this.shared((storage) => storage.tileView(level, n))
  }
  disclosures(index: number): Promise<string[]> {
    return this.claims((storage) => storage.disclosures(index))
  }
  disclosuresIn(begin: number, end: number): Promise<Map<number, string[]>> {
    return this.claims((storage) => storage.disclosuresIn(begin, end))
  }
  disclosedBytes(begin: number, end: number): Promise<readonly DisclosedBytes[]> {
    return this.claims((storage) => storage.disclosedBytes(begin, end))
  }
  eraseDisclosures(erased: readonly ErasedClaims[]): Promise<void> {
    return this.exclusively((storage) => storage.eraseDisclosures(erased))
  }
  executedOrders(): Promise<number> {
    return this.shared((storage) => storage.executedOrders())
  }
  markExecuted(order: number): Promise<void> {
    return this.shared((storage) => storage.markExecuted(order))
  }
  findSealed(digests: readonly string[]): Promise<(number | undefined)[]> {
    return this.shared((storage) => storage.findSealed(digests))
  }
  findStatements(ids: readonly { readonly iss: string; readonly jti: string }[]): Promise<(StatementId | undefined)[]> {
    return this.shared((storage) => storage.findStatements(ids))
  }
  lookupList(list: LookupList, after: number, limit: number): Promise<number[]> {
    return this.shared((storage) => storage.lookupList(list, after, limit))
  }
  lookup(key: LookupKey, after: number, limit: number, out?: LeftOut): Promise<number[]> {
    return this.shared((storage) => storage.lookup(key, after, limit, out))
  }
  hasLookups(keys: readonly { readonly key: Uint8Array; readonly index: number }[]): Promise<boolean[]> {
    return this.shared((storage) => storage.hasLookups(keys))
  }
  lookupChecksum(): Promise<LookupChecksum | undefined> {
    return this.shared((storage) => storage.lookupChecksum())
  }
  scanLookups(): AsyncIterable<readonly { readonly key: Uint8Array; readonly index: number }[]> {
    return this.inner.scanLookups()
  }
  scanStatements(): AsyncIterable<readonly StatementId[]> {
    return this.inner.scanStatements()
  }
  close(): Promise<void> {
    return this.exclusively((storage) => storage.close())
  }
}
