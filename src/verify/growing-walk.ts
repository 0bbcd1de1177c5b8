import { zeroHash } from '../core/entry.ts'
import { defined } from '../core/objects.ts'
import { emptyRegistry, type Registry } from '../statements/registry.ts'
import { judgeLedgerKeys } from './ledger-keys.ts'
import { type Finding, FindingList } from './report.ts'
import type { LogSource } from '../log/log.ts'
import type { EntryObserver } from './judge-entry.ts'
import { EntryWalk } from './walk-entries.ts'
import { WalkHistory } from './walk-history.ts'

/** What one step of a growing walk found. */
export interface GrowthReport {
  readonly faults: readonly Finding[]
  readonly unjudged: readonly Finding[]
}

/**
 * A re-walk that goes on as the ledger grows: the registry and history of what was walked are kept, and each new entry is
 * judged once, by the whole rulebook (docs/design/monitoring-others.md). The caller has authenticated the leaf hashes.
 */
export class GrowingWalk {
  readonly history: WalkHistory = new WalkHistory()
  registry: Registry
  private readonly context: { readonly origin: string; readonly ledgerKeys: readonly string[] }
  private count = 0
  private timeMs: number | undefined

  constructor(origin: string) {
    this.registry = emptyRegistry(origin)
    // Which keys may sign is asked after each step: a rotation may bring one that the genesis does not name.
    this.context = { origin, ledgerKeys: [] }
  }

  /** Entries walked. */
  get size(): number {
    return this.count
  }

  /**
   * Walks the entries from {@link size} on; `leaves` are their authentic leaf hashes, 32 bytes each, end to end. `verified` are
   * the vkeys that verified the checkpoint there, each of which has to sign for the ledger at that size (docs/spec/14-ledger-keys.md).
   */
  async advance(
    source: LogSource,
    leaves: Uint8Array,
    verified: readonly string[],
    observer?: EntryObserver,
  ): Promise<GrowthReport> {
    const from = this.count
    const size = from + leaves.length / 32
    this.history.addLeaves(from, leaves)
    const faults = new FindingList()
    const unjudged = new FindingList()
    const tree = { authentic: true, leaves: size, rootAt: () => zeroHash }
    const walk = new EntryWalk({
      source,
      size,
      tree,
      history: this.history,
      context: this.context,
      registry: this.registry,
      faults,
      unjudged,
      trustedSize: from,
      resumed: { timeMs: this.timeMs, link: from === 0 ? zeroHash : this.history.leaf(from - 1).slice() },
      ...defined({ observer }),
    })
    await walk.run()
    this.registry = walk.judge.registry
    this.timeMs = walk.judge.lastMs
    this.count = size
    judgeLedgerKeys(this.registry, verified, size, faults, unjudged)
    return { faults: faults.kept, unjudged: unjudged.kept }
  }

  /** The leaf hash that was walked at an index. */
  leaf(index: number): Uint8Array {
    return this.history.leaf(index)
  }
}
