import { attempt } from '../../src/core/attempt.ts'
import { toBase64, tryBase64 } from '../../src/core/base64.ts'
import { equalBytes } from '../../src/core/bytes.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import { parsePolicy, type Policy } from '../../src/core/policy.ts'
import { policyFingerprint } from '../../src/core/policy-fingerprint.ts'
import { forget, keep, kept } from '../ui/storage.ts'

/** Where a policy came from; what the reader gave goes before what others offer. */
export type PolicySource = 'dropped' | 'kept' | 'builtIn' | 'server' | 'package'

/** A policy that may be judged by. */
export interface PolicyChoice {
  readonly source: PolicySource
  readonly bytes: Uint8Array
  readonly policy: Policy
  readonly fingerprint: string
}

/** Reads a policy. Throws `policy-malformed`, `policy-unsupported`. */
export function policyChoice(source: PolicySource, bytes: Uint8Array): PolicyChoice {
  return { source, bytes, policy: parsePolicy(bytes), fingerprint: policyFingerprint(bytes) }
}

/** Names of the ledgers that a policy trusts. */
export function originsOf({ policy }: PolicyChoice): string[] {
  return policy.logs.map(({ key }) => key.name)
}

const place = (origin: string): string => `evidence-policy:${origin}`

/**
 * Whether this page may keep policies. All files that are opened from a disk share one storage, so any of them could have put there what another takes
 * for the reader's own: a page from a disk keeps none, and takes none that is kept.
 */
export function mayKeepPolicies(): boolean {
  return location.protocol !== 'file:'
}

/** The policy that is kept in this browser for a ledger; undefined where none is, where none may be, or what is kept cannot be read. */
export function keptPolicy(origin: string): PolicyChoice | undefined {
  if (!mayKeepPolicies()) return undefined
  const bytes = tryBase64(kept(place(origin)) ?? '')
  if (bytes === undefined || bytes.length === 0) return undefined
  const choice = attempt(() => policyChoice('kept', bytes))
  return choice instanceof EvidenceError || !originsOf(choice).includes(origin) ? undefined : choice
}

/** Keeps a policy for all ledgers that it names; false where the browser keeps nothing. Asked only where {@link mayKeepPolicies}. */
export function keepPolicy(choice: PolicyChoice): boolean {
  return originsOf(choice).every((origin) => keep(place(origin), toBase64(choice.bytes)))
}

export function forgetPolicy(origin: string): void {
  forget(place(origin))
}

/** The policy for a ledger, or the two that must be chosen between. */
export type PolicyVerdict =
  | { readonly choice: PolicyChoice | undefined }
  | { readonly kept: PolicyChoice; readonly offered: PolicyChoice }

/**
 * The policy that a ledger's receipts are judged by: of those that name the ledger, the first in the order in which they are given. Where any of
 * them, whoever offers it, differs from what is kept in this browser, none is taken before the reader has chosen.
 */
export function policyFor(origin: string, offered: readonly PolicyChoice[]): PolicyVerdict {
  const own = keptPolicy(origin)
  const naming = offered.filter((choice) => originsOf(choice).includes(origin))
  const [first] = naming
  if (own === undefined) return { choice: first }
  const other = naming.find(({ bytes }) => !equalBytes(bytes, own.bytes))
  if (other !== undefined) return { kept: own, offered: other }
  return { choice: first?.source === 'dropped' ? first : own }
}
