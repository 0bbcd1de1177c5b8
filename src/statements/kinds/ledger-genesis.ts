import { attempt } from '../../core/attempt.ts'
import { equalBytes } from '../../core/bytes.ts'
import { signatureTypes } from '../../core/cosignature.ts'
import { EvidenceError } from '../../core/errors.ts'
import { type Jwk, publicKeyOf, thumbprint } from '../../core/jwk.ts'
import { parseVerifierKey } from '../../core/note.ts'
import { defined } from '../../core/objects.ts'
import { z } from 'zod'
import type { Asked, StatementKind } from '../kind.ts'
import { clearText, oneKey, origin, participantId } from '../members.ts'
import { type Registry, withParticipant } from '../registry.ts'
import { violate } from '../rules.ts'
import { environments } from '../vocabulary.ts'

const administrator = z.strictObject({ id: participantId, name: clearText(256).optional(), keys: oneKey })

const schema = z.strictObject({
  origin,
  environment: z.enum(environments),
  ledgerKeys: z
    .array(clearText(1024))
    .min(1)
    .refine((keys) => new Set(keys).size === keys.length, { error: 'repeats a key' }),
  administrators: z.array(administrator).min(1),
  continues: z.strictObject({ origin, checkpoint: z.string().min(1) }).optional(),
})
export type GenesisMembers = z.infer<typeof schema>

/**
 * Entry 0 (docs/spec/04-rulebook.md, "Genesis"): signed by the one key of its first administrator; origin and ledger keys are
 * those that the checkpoint verified under.
 */
export const ledgerGenesis: StatementKind<'ledger.genesis', GenesisMembers> = {
  name: 'ledger.genesis',
  schema,
  roles: [],
  seals: {},
  isGenesis: true,
  admits: ({ administrators }) =>
    administrators.map(({ id, name, keys }) => {
      const admitted = { id, roles: ['administrator'], keys }
      return name === undefined ? admitted : { ...admitted, name }
    }),
  judge(asked) {
    const { registry, entry, members, findings, context } = asked
    const { common, header, jws, knownAlgorithm } = entry.statement
    const [first] = members.administrators
    const firstKey = first?.keys[0]
    if (first === undefined || firstKey === undefined) return registry
    if (members.origin !== context.origin) {
      const message = `the genesis names the origin ${members.origin}, not ${context.origin}`
      violate(findings, 'genesis-origin', message, 'origin')
    }
    if (common.iss !== first.id)
      violate(findings, 'genesis-issuer', 'the genesis is not issued by its first administrator', 'iss')
    if (header.kid !== thumbprint(firstKey)) {
      violate(findings, 'genesis-issuer', 'the genesis is not signed by the key of its first administrator', 'kid')
    } else if (knownAlgorithm) {
      const publicKey = acceptable(firstKey)
      if (publicKey !== undefined && !context.verifies(publicKey, jws.signingInput, jws.signature))
        violate(findings, 'signature-invalid', 'the signature of the genesis does not verify')
    }
    const next = admitAll(asked)
    judgeLedgerKeys(next, asked)
    return next
  },
}

/** The registry with every administrator whose key and id are good and their own. */
function admitAll({ registry, entry, members, findings }: Asked<GenesisMembers>): Registry {
  const { environment, ledgerKeys, continues } = members
  let next: Registry = { ...registry, environment, ledgerKeys, ...defined({ continues: continues?.origin }) }
  members.administrators.forEach(({ id, name, keys }, i) => {
    const jwk = keys[0] as Jwk
    const where = `administrators[${i}]`
    if (acceptable(jwk) === undefined) {
      const message = `the key of the administrator ${id} is not a canonical point of prime order`
      return violate(findings, 'key-weak', message, where)
    }
    if (next.participants.has(id))
      return violate(findings, 'participant-exists', `the genesis names the administrator ${id} twice`, `${where}.id`)
    if (next.keys.has(thumbprint(jwk)))
      return violate(findings, 'key-exists', 'two administrators have one key', `${where}.keys`)
    const record = { id, roles: ['administrator'], since: entry.index }
    next = withParticipant(next, name === undefined ? record : { ...record, name }, jwk)
  })
  return next
}

function acceptable(jwk: Jwk): Uint8Array | undefined {
  try {
    return publicKeyOf(jwk)
  } catch {
    return undefined
  }
}

/** Each is an Ed25519 key named by the origin and nobody else's, and those of the checkpoint are among them. */
function judgeLedgerKeys(registry: Registry, { members, findings, context }: Asked<GenesisMembers>): void {
  const refuse = (message: string, where: string): void => violate(findings, 'genesis-ledger-keys', message, where)
  members.ledgerKeys.forEach((text, i) => {
    const where = `ledgerKeys[${i}]`
    const key = attempt(() => parseVerifierKey(text))
    if (key instanceof EvidenceError) return refuse(key.message, where)
    if (key.type !== signatureTypes.ed25519 || key.name !== members.origin)
      return refuse('a ledger key is not an Ed25519 key (type 0x01) named by the origin', where)
    for (const owned of registry.keys.values()) {
      if (equalBytes(owned.publicKey, key.publicKey))
        refuse(`a ledger key is also the key of ${owned.participant}`, where)
    }
  })
  for (const text of context.ledgerKeys) {
    if (!members.ledgerKeys.includes(text))
      refuse(`the genesis does not name the key ${text}, which verified the checkpoint`, 'ledgerKeys')
  }
}
