import { type ErrorCode, errorTable } from '../core/errors.ts'

/**
 * What a finding is about, for readers who know no codes: several codes have one sentence. The code and its own message stand beside it.
 */
export const topics = [
  'differs',
  'not-listed',
  'signature',
  'checkpoint',
  'other-ledger',
  'witnesses',
  'inclusion',
  'history',
  'claim',
  'time-stamp',
  'package',
  'manifest',
  'admission',
  'misbehaviour',
  'certificate',
  'policy',
  'not-judged',
  'unreachable',
  'not-permitted',
  'unreadable',
  'form',
  'other',
] as const
export type Topic = (typeof topics)[number]

/** By code where one code, or by the beginnings of codes; the first that fits. */
const rules: readonly (readonly [RegExp, Topic])[] = [
  [/^file-differs$/, 'differs'],
  [/^(?:file-not-in-deposit|reference-kind)$/, 'not-listed'],
  [/^(?:signature-invalid|key-(?:weak|malformed|not-issuers)|jws-|possession-invalid)/, 'signature'],
  [/^(?:checkpoint-|note-malformed|transition-malformed|cosignature-)/, 'checkpoint'],
  [/^(?:receipt-other-ledger|audience-wrong|server-other-ledger|reference-origin)$/, 'other-ledger'],
  [/^policy-unmet$/, 'witnesses'],
  [/^(?:inclusion-invalid|receipt-index|root-mismatch|index-wrong)$/, 'inclusion'],
  [/^(?:consistency-invalid|status-|link-broken|time-reversed|entry-(?:altered|missing|unexpected))/, 'history'],
  [/^disclosure/, 'claim'],
  [/^time-(?:stamp|proof)-|^anchors-malformed$/, 'time-stamp'],
  [/^package-/, 'package'],
  [/^manifest-malformed$/, 'manifest'],
  [/^(?:admission-|key-(?:unknown|rotated|revoked)|participant-|role-|retract-not-own|approval)/, 'admission'],
  [/^misbehaviour-/, 'misbehaviour'],
  [/^certificate-(?!other-version)/, 'certificate'],
  [/^(?:policy-malformed|vkey-malformed|fingerprint-differs)$/, 'policy'],
  [/^server-|^(?:rate-limited|queue-full|shutting-down|entry-not-found|not-found)$/, 'unreachable'],
  [/^(?:not-permitted|not-authenticated|token-invalid)$/, 'not-permitted'],
  [/^file-(?:unreadable|changed)$|^receipt-not-found$/, 'unreadable'],
]

/** The topic of a code. */
export function topicOf(code: ErrorCode): Topic {
  const found = rules.find(([codes]) => codes.test(code))?.[1]
  if (found !== undefined) return found
  const { exit } = errorTable[code]
  if (exit === 4) return 'not-judged'
  return exit === 1 ? 'form' : 'other'
}
