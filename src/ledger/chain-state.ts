import { zeroHash } from '../core/entry.ts'
import { isReplayed } from '../statements/kinds.ts'
import { emptyRegistry, type Registry } from '../statements/registry.ts'
import { type AccessState, nothingStands } from './access/standing.ts'
import { emptyRegistryChecksum, extendChecksum } from './entry-facts.ts'
import type { RegistryChecksum } from './storage.ts'

/** Where the chain stands: what the next entry builds on. Replaced as a whole, entry by entry. */
export interface ChainState {
  readonly size: number
  readonly timeMs: number | undefined
  readonly leafHash: Uint8Array
  readonly registry: Registry
  readonly checksum: RegistryChecksum
  /** Rules of access that stand. */
  readonly access: AccessState
}

/** The chain before its first entry. */
export function emptyChain(origin: string): ChainState {
  const registry = emptyRegistry(origin)
  return {
    size: 0,
    timeMs: undefined,
    leafHash: zeroHash,
    registry,
    checksum: emptyRegistryChecksum,
    access: nothingStands,
  }
}

/**
 * The chain after one more entry of this kind. The checksum covers every entry that is judged again at start, also one that changed
 * nothing, such as a second end of the intake. `access`: what stands after the entry, where that changes.
 */
export function chainAfter(
  before: ChainState,
  { kind, timeMs, leafHash }: { readonly kind: string; readonly timeMs: number; readonly leafHash: Uint8Array },
  registry: Registry,
  access: AccessState = before.access,
): ChainState {
  const checksum = isReplayed(kind) ? extendChecksum(before.checksum, leafHash) : before.checksum
  return { size: before.size + 1, timeMs, leafHash, registry, checksum, access }
}
