import {
  type ErrorCode,
  equalBytes,
  EvidenceError,
  parseVerifierKey,
  publicKeyOf,
  signatureTypes,
  thumbprint,
  type VerifierKey,
} from '../core/index.ts'
import { type Registry, withParticipant } from './registry.ts'
import type { EntryUnderJudgement, Findings, RuleContext } from './rules.ts'
import type { GenesisBody } from './schema.ts'

/**
 * Rules of `ledger.genesis` (docs/spec/04-rulebook.md, "Genesis"): only at index 0, signed by the one key of its first
 * administrator; origin and ledger keys are those that the checkpoint verified under.
 */
export function judgeGenesis(
  registry: Registry,
  entry: EntryUnderJudgement,
  members: GenesisBody,
  findings: Findings,
  context: RuleContext,
): Registry {
  const violate = (code: ErrorCode, message: string, where?: string): void => {
    findings.violations.push(new EvidenceError(code, message, where === undefined ? {} : { where }))
  }
  const { common, header, jws, knownAlgorithm } = entry.statement
  const [first] = members.administrators
  const firstKey = first?.keys[0]
  if (first === undefined || firstKey === undefined) return registry
  if (members.origin !== context.origin) {
    violate('genesis-origin', `the genesis names the origin ${members.origin}, not ${context.origin}`, 'origin')
  }
  if (common.iss !== first.id) violate('genesis-issuer', 'the genesis is not issued by its first administrator', 'iss')
  if (header.kid !== thumbprint(firstKey)) {
    violate('genesis-issuer', 'the genesis is not signed by the key of its first administrator', 'kid')
  } else if (knownAlgorithm) {
    const publicKey = acceptable(firstKey)
    if (publicKey !== undefined && !context.verifies(publicKey, jws.signingInput, jws.signature)) {
      violate('signature-invalid', 'the signature of the genesis does not verify')
    }
  }
  let next: Registry = { ...registry, environment: members.environment, ledgerKeys: members.ledgerKeys }
  members.administrators.forEach((administrator, i) => {
    const { id, name, keys } = administrator
    const jwk = keys[0] as (typeof keys)[number]
    if (acceptable(jwk) === undefined) {
      return violate(
        'key-weak',
        `the key of the administrator ${id} is not a canonical point of prime order`,
        `administrators[${i}]`,
      )
    }
    if (next.participants.has(id))
      return violate('participant-exists', `the genesis names the administrator ${id} twice`, `administrators[${i}].id`)
    if (next.keys.has(thumbprint(jwk)))
      return violate('key-exists', 'two administrators have one key', `administrators[${i}].keys`)
    const record = { id, roles: ['administrator'], since: entry.index }
    next = withParticipant(next, name === undefined ? record : { ...record, name }, jwk)
  })
  judgeLedgerKeys(next, members, context, violate)
  return next
}

function acceptable(jwk: GenesisBody['administrators'][number]['keys'][number]): Uint8Array | undefined {
  try {
    return publicKeyOf(jwk)
  } catch {
    return undefined
  }
}

function judgeLedgerKeys(
  registry: Registry,
  members: GenesisBody,
  context: RuleContext,
  violate: (code: ErrorCode, message: string, where?: string) => void,
): void {
  members.ledgerKeys.forEach((text, i) => {
    let key: VerifierKey
    try {
      key = parseVerifierKey(text)
    } catch (error) {
      return violate('genesis-ledger-keys', (error as Error).message, `ledgerKeys[${i}]`)
    }
    if (key.type !== signatureTypes.ed25519 || key.name !== members.origin) {
      return violate(
        'genesis-ledger-keys',
        'a ledger key is not an Ed25519 key (type 0x01) named by the origin',
        `ledgerKeys[${i}]`,
      )
    }
    for (const owned of registry.keys.values()) {
      if (equalBytes(owned.publicKey, key.publicKey)) {
        violate('genesis-ledger-keys', `a ledger key is also the key of ${owned.participant}`, `ledgerKeys[${i}]`)
      }
    }
  })
  for (const text of context.ledgerKeys) {
    if (!members.ledgerKeys.includes(text)) {
      violate(
        'genesis-ledger-keys',
        `the genesis does not name the key ${text}, which verified the checkpoint`,
        'ledgerKeys',
      )
    }
  }
}
