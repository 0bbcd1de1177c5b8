import type { AcceptFault } from '../../src/ledger/copy/missing-claims.ts'
import type { Output } from '../render/output.ts'

/** For copies: with `--accept-missing-claims` lost claims are told, without it they are refused. */
export function acceptMissing(
  { acceptMissingClaims }: { readonly acceptMissingClaims?: boolean },
  output: Output,
): { readonly acceptMissing?: AcceptFault } {
  if (acceptMissingClaims !== true) return {}
  return { acceptMissing: ({ code, message }) => output.note(`${code}: ${message}; going on without them`) }
}
