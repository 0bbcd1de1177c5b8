/*
 * The codes of version 1 (docs/spec/02-statement.md). Every list is closed but kinds and roles: another value is a
 * violation; an unknown kind or role is "not judged: needs a newer verifier".
 */
export const participantTypes = [
  'police',
  'procuratorate',
  'court',
  'arbitration',
  'regulator',
  'notary',
  'forensic-institution',
  'platform',
  'law-firm',
  'lawyer',
  'organisation',
  'person',
] as const
export type ParticipantType = (typeof participantTypes)[number]

/** Types whose name is personal: it may stand in the sealed claim `names` only. */
export const personalTypes: readonly ParticipantType[] = ['person', 'lawyer']

export const roles = ['administrator', 'depositor', 'attestor', 'auditor', 'recovery'] as const
export type Role = (typeof roles)[number]

export const environments = ['trial', 'production'] as const
export const categories = [
  'published',
  'communication',
  'account-log',
  'file',
  'image-of-medium',
  'capture',
  'other',
] as const
export const relations = ['derived-from', 'report-on', 'corrects', 'later-version', 'same-as'] as const
export const attestCapacities = ['investigator', 'holder', 'witness', 'notary', 'examiner', 'recipient'] as const
export const retractReasons = ['mistake', 'superseded', 'withdrawn', 'ordered', 'other'] as const
export const revokeReasons = [
  'compromised',
  'superseded',
  'affiliation-ended',
  'misconduct',
  'requested',
  'other',
] as const
export const acquiredSources = ['tool-report', 'device', 'provider', 'other'] as const

export const ledgerKeyReasons = ['routine', 'compromised', 'lost', 'other'] as const
export const closeReasons = ['continued', 'compromised', 'ended', 'other'] as const

/** Claims that never stand in clear. */
export const sealedClaims = ['names', 'case', 'collection', 'note', 'ext'] as const
export type SealedClaim = (typeof sealedClaims)[number]

export const statementTyp = 'evidence-statement+sd-jwt'
export const possessionTyp = 'evidence-key-possession+jwt'
export const proposalTyp = 'evidence-proposal+jwt'
export const accessTyp = 'evidence-access+jwt'

export function isRole(name: string): name is Role {
  return (roles as readonly string[]).includes(name)
}
