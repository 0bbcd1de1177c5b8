import { z } from 'zod'
import {
  clearText,
  entryReference,
  item,
  jwk,
  origin,
  participantId,
  reference,
  relation,
  sealIsWhole,
  sealMembers,
  thumbprintText,
  time,
} from './members.ts'
import {
  attestCapacities,
  environments,
  type Kind,
  participantTypes,
  retractReasons,
  revokeReasons,
} from './vocabulary.ts'

/*
 * The seven kinds of version 1, each with exactly its members besides the common ones. A schema, once published, never
 * changes: a new member is a new kind. Rules that need the state are the rulebook's.
 */

const oneKey = z.array(jwk).length(1)

const administrator = z.strictObject({ id: participantId, name: clearText(256).optional(), keys: oneKey })

export const genesisBody = z.strictObject({
  origin,
  environment: z.enum(environments),
  ledgerKeys: z
    .array(clearText(1024))
    .min(1)
    .refine((keys) => new Set(keys).size === keys.length, { error: 'repeats a key' }),
  administrators: z.array(administrator).min(1),
  continues: z.strictObject({ origin, checkpoint: z.string().min(1) }).optional(),
})
export type GenesisBody = z.infer<typeof genesisBody>

export const admitBody = z
  .strictObject({
    participant: z.strictObject({
      id: participantId,
      type: z.enum(participantTypes),
      roles: z
        .array(clearText(256))
        .min(1)
        .refine((names) => new Set(names).size === names.length, { error: 'repeats a role' }),
      keys: oneKey,
      name: clearText(256).optional(),
    }),
    ...sealMembers,
  })
  .refine(sealIsWhole, { error: 'has one of _sd and _sd_alg without the other', path: ['_sd'] })
export type AdmitBody = z.infer<typeof admitBody>

export const revokeBody = z
  .strictObject({
    participant: participantId.optional(),
    key: thumbprintText.optional(),
    reason: z.enum(revokeReasons),
    compromisedSince: time.optional(),
  })
  .refine((body) => (body.participant === undefined) !== (body.key === undefined), {
    error: 'names not exactly one of participant and key',
    path: ['participant'],
  })
export type RevokeBody = z.infer<typeof revokeBody>

export const rotateBody = z.strictObject({ newKey: jwk, possession: clearText(4096) })
export type RotateBody = z.infer<typeof rotateBody>

export const depositBody = z
  .strictObject({
    items: z.array(item).min(1).max(64),
    relates: z.array(relation).min(1).max(64).optional(),
    ...sealMembers,
  })
  .refine(sealIsWhole, { error: 'has one of _sd and _sd_alg without the other', path: ['_sd'] })
export type DepositBody = z.infer<typeof depositBody>

export const attestBody = z.strictObject({ of: reference, as: z.enum(attestCapacities) })
export type AttestBody = z.infer<typeof attestBody>

export const retractBody = z.strictObject({ of: entryReference, reason: z.enum(retractReasons) })
export type RetractBody = z.infer<typeof retractBody>

/** A statement's own members, by kind. */
export type StatementBody =
  | { readonly kind: 'ledger.genesis'; readonly members: GenesisBody }
  | { readonly kind: 'participant.admit'; readonly members: AdmitBody }
  | { readonly kind: 'participant.revoke'; readonly members: RevokeBody }
  | { readonly kind: 'participant.rotate-key'; readonly members: RotateBody }
  | { readonly kind: 'evidence.deposit'; readonly members: DepositBody }
  | { readonly kind: 'evidence.attest'; readonly members: AttestBody }
  | { readonly kind: 'evidence.retract'; readonly members: RetractBody }

export const bodySchemas: { readonly [K in Kind]: z.ZodType<Extract<StatementBody, { kind: K }>['members']> } = {
  'ledger.genesis': genesisBody,
  'participant.admit': admitBody,
  'participant.revoke': revokeBody,
  'participant.rotate-key': rotateBody,
  'evidence.deposit': depositBody,
  'evidence.attest': attestBody,
  'evidence.retract': retractBody,
}
