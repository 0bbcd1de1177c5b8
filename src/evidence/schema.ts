import { maxEntryVersion, tryBase64url } from '../core/index.ts'
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
  closeReasons,
  environments,
  type Kind,
  ledgerKeyReasons,
  participantTypes,
  retractReasons,
  revokeReasons,
} from './vocabulary.ts'

/*
 * The kinds, those of docs/spec/02-statement.md and of 14-ledger-keys.md, each with exactly its members besides the common ones.
 * A schema, once published, never changes: a new member is a new kind. Rules that need the state are the rulebook's.
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

export const rotateLedgerKeyBody = z.strictObject({
  oldKey: clearText(1024),
  newKey: clearText(1024),
  reason: z.enum(ledgerKeyReasons),
  possession: clearText(4096),
})
export type RotateLedgerKeyBody = z.infer<typeof rotateLedgerKeyBody>

export const closeBody = z.strictObject({
  reason: z.enum(closeReasons),
  successor: z.strictObject({ origin, checkpoint: clearText(4096) }).optional(),
})
export type CloseBody = z.infer<typeof closeBody>

const threshold = z.int().min(1).max(16)
export const setApprovalsBody = z.strictObject({ administrators: threshold, recovery: threshold.optional() })
export type SetApprovalsBody = z.infer<typeof setApprovalsBody>

export const setFormatBody = z.strictObject({ version: z.int().min(2).max(maxEntryVersion) })
export type SetFormatBody = z.infer<typeof setFormatBody>

const base64urlText = (max: number): z.ZodType<string> =>
  z
    .string()
    .min(1)
    .max(max)
    .refine((text) => tryBase64url(text) !== undefined, { error: 'is not canonical base64url' })

const approval = z.strictObject({ protected: base64urlText(512), signature: base64urlText(512) })
export type Approval = z.infer<typeof approval>
/** Most approvals of one change: each is a signature to verify. */
export const maxApprovals = 16
export const changeBody = z.strictObject({
  proposal: base64urlText(32_768),
  approvals: z.array(approval).min(1).max(maxApprovals),
})
export type ChangeBody = z.infer<typeof changeBody>

/** A statement's own members, by kind. */
export type StatementBody =
  | { readonly kind: 'ledger.genesis'; readonly members: GenesisBody }
  | { readonly kind: 'participant.admit'; readonly members: AdmitBody }
  | { readonly kind: 'participant.revoke'; readonly members: RevokeBody }
  | { readonly kind: 'participant.rotate-key'; readonly members: RotateBody }
  | { readonly kind: 'evidence.deposit'; readonly members: DepositBody }
  | { readonly kind: 'evidence.attest'; readonly members: AttestBody }
  | { readonly kind: 'evidence.retract'; readonly members: RetractBody }
  | { readonly kind: 'ledger.rotate-key'; readonly members: RotateLedgerKeyBody }
  | { readonly kind: 'ledger.close'; readonly members: CloseBody }
  | { readonly kind: 'ledger.set-approvals'; readonly members: SetApprovalsBody }
  | { readonly kind: 'ledger.set-format'; readonly members: SetFormatBody }
  | { readonly kind: 'ledger.change'; readonly members: ChangeBody }

export const bodySchemas: { readonly [K in Kind]: z.ZodType<Extract<StatementBody, { kind: K }>['members']> } = {
  'ledger.genesis': genesisBody,
  'participant.admit': admitBody,
  'participant.revoke': revokeBody,
  'participant.rotate-key': rotateBody,
  'evidence.deposit': depositBody,
  'evidence.attest': attestBody,
  'evidence.retract': retractBody,
  'ledger.rotate-key': rotateLedgerKeyBody,
  'ledger.close': closeBody,
  'ledger.set-approvals': setApprovalsBody,
  'ledger.set-format': setFormatBody,
  'ledger.change': changeBody,
}
