import { attempt } from '../core/attempt.ts'
import { equalBytes } from '../core/bytes.ts'
import { EvidenceError } from '../core/errors.ts'
import { type Jwk, publicKeyOf, thumbprint } from '../core/jwk.ts'
import { parseVerifierKey } from '../core/note.ts'
import type { Registry } from './registry.ts'
import { type Findings, violate } from './rules.ts'

/**
 * Whether a key may be admitted: a canonical point of prime order that no participant had before, and not the ledger's. Adds
 * `key-weak`, `key-exists` or `key-is-ledgers` where not.
 */
export function judgeNewKey(registry: Registry, jwk: Jwk, findings: Findings, where: string): boolean {
  const publicKey = attempt(() => publicKeyOf(jwk))
  if (publicKey instanceof EvidenceError) {
    findings.violations.push(publicKey)
    return false
  }
  const owner = registry.keys.get(thumbprint(jwk))
  if (owner !== undefined) {
    violate(findings, 'key-exists', `the key belongs to ${owner.participant} already`, where)
    return false
  }
  if (registry.ledgerKeys.some((text) => equalBytes(parseVerifierKey(text).publicKey, publicKey))) {
    violate(findings, 'key-is-ledgers', 'the key is the ledger’s own', where)
    return false
  }
  return true
}
