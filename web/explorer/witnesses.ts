import { valueOr } from '../../src/core/attempt.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { parseSignedCheckpoint } from '../../src/core/checkpoint.ts'
import { applyPolicy, parsePolicy } from '../../src/core/policy.ts'

/** A witness that cosigned a checkpoint, and when, in seconds since 1970; undefined where it states no time. */
export interface Cosigner {
  readonly name: string
  readonly seconds: number | undefined
}

/** The witnesses of a policy whose cosignatures on a checkpoint verify; none where either cannot be read. */
export function cosignersOf(policy: string, noteText: string): readonly Cosigner[] {
  return valueOr(() => {
    const { note, checkpoint } = parseSignedCheckpoint(utf8(noteText))
    const applied = applyPolicy(parsePolicy(utf8(policy)), note, checkpoint.origin)
    return applied.witnesses.map(({ name, timestamp }) => ({ name, seconds: timestamp === 0 ? undefined : timestamp }))
  }, [])
}

/** Names of all witnesses that a policy knows. */
export function witnessesOf(policy: string): readonly string[] {
  return valueOr(() => parsePolicy(utf8(policy)).witnesses.map(({ name }) => name), [])
}
