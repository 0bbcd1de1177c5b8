import { valueOr } from '../core/attempt.ts'
import { parseBundle } from '../core/bundle.ts'

/** A tile or bundle with the width that its name states. */
export interface NamedTile {
  readonly bytes: Uint8Array
  readonly width: number
}

/** The first `width` entries of a bundle; all undefined where there is none, or it does not hold as many as its name says. */
export function splitBundle(bundle: NamedTile | undefined, width: number): (Uint8Array | undefined)[] {
  const nothing = Array.from({ length: width }, () => undefined)
  if (bundle === undefined) return nothing
  return valueOr(() => parseBundle(bundle.bytes, bundle.width).slice(0, width), nothing)
}
