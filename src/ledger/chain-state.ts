import { zeroHash } from '../core/entry.ts'
import { isReplayed } from '../statements/kinds.ts'
import { emptyRegistry, type Registry } from '../statements/registry.ts'
import { emptyRegistryChecksum, extendChecksum } from './entry-facts.ts'
import type { RegistryChecksum } from './storage.ts'

/** Where the chain stands: what the next entry builds on. Replaced as a whole, entry by entry. */
export interface ChainState {
  readonly size: number
  readonly timeMs: number | undefined
  readonly leafHash: Uint8Array
  readonly registry: Registry
  readonly checksum: RegistryChecksum
}

/** The chain before its first entry. */
export function emptyChain(origin: string): ChainState {
  const registry = emptyRegistry(origin)
  return { size: 0, timeMs: undefined, leafHash: zeroHash, registry, checksum: emptyRegistryChecksum }
}

/**
 * The chain after one more entry of this kind. The checksum covers every entry that is judged again at start, also one that changed
 * nothing, such as a second end of the intake.
 */
export function chainAfter(
  before: ChainState,
  { kind, timeMs, leafHash }: { readonly kind: string; readonly timeMs: number; readonly leafHash: Uint8Array },
  registry: Registry,
): ChainState {
  const checksum = isReplayed(kind) ? extendChecksum(before.checksum, leafHash) : before.checksum
  return { size: before.size + 1, timeMs, leafHash, registry, checksum }
}
