import { EvidenceError } from '../core/errors.ts'
import type { Erasing } from '../statements/kind.ts'
import type { Registry } from '../statements/registry.ts'

/** Why a sealed claim must not be erased now, as its order is sent in; undefined where nothing bars it. */
export type ErasureBar = (registry: Registry, erased: Erasing) => string | undefined

/** All that may bar an erasure: holds, and terms of a standing seal or hold (docs/spec/21-access-rules.md). Each is asked of every target. */
const bars: readonly ErasureBar[] = []

/** Asks whether the targets of a new order may be erased. Throws `under-hold`. */
export function requireErasable(
  registry: Registry,
  targets: readonly Erasing[],
  asked: readonly ErasureBar[] = bars,
): void {
  targets.forEach((target, i) => {
    for (const bar of asked) {
      const why = bar(registry, target)
      if (why !== undefined) {
        const message = `claims of entry ${target.index} are not erased: ${why}`
        throw new EvidenceError('under-hold', message, { where: `of[${i}]`, index: target.index })
      }
    }
  })
}
