import { zeroHash } from '../core/entry.ts'
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

/** The chain after one more entry; `registry` is the one in the chain where the entry changed nothing in it. */
export function chainAfter(before: ChainState, timeMs: number, leafHash: Uint8Array, registry: Registry): ChainState {
  const checksum = registry === before.registry ? before.checksum : extendChecksum(before.checksum, leafHash)
  return { size: before.size + 1, timeMs, leafHash, registry, checksum }
}
