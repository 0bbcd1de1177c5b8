/*
 * The codes of version 1 (docs/spec/02-statement.md). Types of participants and environments are closed lists: another value is a
 * violation. An unknown kind or role is "not judged: needs a newer verifier". All other lists are open: any code may stand there;
 * one that is not known is shown as it is written, and has no effect.
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

/** Ids of participants of these types are random, so that no entry names a person for ever. */
export const personalIdPattern = /^p-[0-9a-f]{16}$/

export const roles = ['administrator', 'depositor', 'attestor', 'auditor', 'recovery', 'authority', 'operator'] as const
export type Role = (typeof roles)[number]

/** Any one of these lets a participant record what was done with evidence, dispute it, receive it or say who reads it. */
export const caseRoles: readonly Role[] = ['depositor', 'attestor', 'authority']

export const environments = ['trial', 'production'] as const

/** A code of an open list. */
export const codePattern = /^[a-z][a-z0-9-]{0,63}$/

/* Known values of the open lists. */
export const categories: readonly string[] = [
  'published',
  'communication',
  'account-log',
  'file',
  'image-of-medium',
  'medium',
  'capture',
  'other',
]
export const relations: readonly string[] = ['derived-from', 'report-on', 'corrects', 'later-version', 'same-as']
export const attestCapacities: readonly string[] = [
  'investigator',
  'holder',
  'witness',
  'notary',
  'examiner',
  'recipient',
]
export const retractReasons: readonly string[] = ['mistake', 'superseded', 'withdrawn', 'ordered', 'other']
export const revokeReasons: readonly string[] = [
  'compromised',
  'superseded',
  'affiliation-ended',
  'misconduct',
  'requested',
  'other',
]

export const ledgerKeyReasons: readonly string[] = ['routine', 'compromised', 'lost', 'other']
export const closeReasons: readonly string[] = ['continued', 'compromised', 'ended', 'other']
/** How the administrators found out who a participant is. */
export const identifications: readonly string[] = ['in-person', 'document', 'certificate', 'electronic-id', 'known']
export const endIntakeReasons: readonly string[] = ['period-ended', 'continued', 'other']
/** What was done with a deposit (docs/spec/20-records.md). */
export const recordEvents: readonly string[] = [
  'packed',
  'opened',
  'checked-out',
  'checked-in',
  'copied',
  'examined',
  'frozen',
  'unfrozen',
  'verified',
  'produced',
  'offered',
  'other',
]
export const verifyOutcomes: readonly string[] = ['match', 'differs', 'not-readable']
export const challengeGrounds: readonly string[] = [
  'authenticity',
  'integrity',
  'legality',
  'relevance',
  'custody',
  'other',
]
export const findings: readonly string[] = ['admitted', 'admitted-in-part', 'excluded', 'left-open']

/** Claims that never stand in clear. */
export const sealedClaims = [
  'names',
  'case',
  'collection',
  'note',
  'ext',
  'offer',
  'acceptance',
  'details',
  'ground',
  'reasons',
  'terms',
  'basis',
] as const
export type SealedClaim = (typeof sealedClaims)[number]

export const statementTyp = 'evidence-statement+sd-jwt'
export const possessionTyp = 'evidence-key-possession+jwt'
export const proposalTyp = 'evidence-proposal+jwt'
export const releaseTyp = 'evidence-custody-release+jwt'
export const accessTyp = 'evidence-access+jwt'

export function isRole(name: string): name is Role {
  return (roles as readonly string[]).includes(name)
}
