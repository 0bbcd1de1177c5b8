import type { AcceptFault } from '../../src/ledger/copy/missing-claims.ts'
import type { Output } from '../render/output.ts'
import type { OptionsOf } from './declare.ts'

export const acceptMissingFlag = [
  '--accept-missing-claims',
  'go on without sealed claims that are lost: not there, and not erased',
] as const

export type AcceptMissingOptions = OptionsOf<[typeof acceptMissingFlag]>

/** For copies: with `--accept-missing-claims` lost claims are told, without it they are refused. */
export function acceptMissing(
  { acceptMissingClaims }: AcceptMissingOptions,
  output: Output,
): { readonly acceptMissing?: AcceptFault } {
  if (acceptMissingClaims !== true) return {}
  return { acceptMissing: ({ code, message }) => output.note(`${code}: ${message}; going on without them`) }
}
