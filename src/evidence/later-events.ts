import { isEvidenceError } from '../core/index.ts'
import type { StatementBody } from './schema.ts'
import { effectiveBody, readBody, type Statement } from './statement.ts'

/** What may happen to an entry later (docs/spec/15-status.md). */
export const laterEventNames = [
  'retracted',
  'attested',
  'related',
  'key-rotated',
  'key-revoked',
  'participant-revoked',
] as const
export type LaterEventName = (typeof laterEventNames)[number]

/** One thing that a later entry says of an earlier one. */
export interface LaterEvent {
  readonly what: LaterEventName
  /** `reason`, `as` or `rel`; none of a rotation. */
  readonly code?: string
  readonly compromisedSince?: string
}

/** The earlier entry. */
export interface EventSubject {
  readonly index: number
  /** Padded base64. */
  readonly leafHash: string
  readonly iss: string
  /** Thumbprint of the key that signed it. */
  readonly kid: string
}

/** What a later statement says of an earlier entry, in the order of page 15; empty where it is about something else. */
export function laterEventsIn(subject: EventSubject, statement: Statement): LaterEvent[] {
  const body = bodyOf(statement)
  const isSubject = (reference: { readonly index: number; readonly leafHash: string }): boolean =>
    reference.index === subject.index && reference.leafHash === subject.leafHash
  switch (body?.kind) {
    case 'evidence.retract':
      return isSubject(body.members.of) ? [{ what: 'retracted', code: body.members.reason }] : []
    case 'evidence.attest':
      return isSubject(body.members.of) ? [{ what: 'attested', code: body.members.as }] : []
    case 'evidence.deposit': {
      const named = (body.members.relates ?? []).filter((one) => one.origin === undefined && isSubject(one))
      return [...new Set(named.map(({ rel }) => rel))].map((rel) => ({ what: 'related', code: rel }))
    }
    case 'participant.rotate-key':
      return statement.header.kid === subject.kid ? [{ what: 'key-rotated' }] : []
    case 'participant.revoke': {
      const { key, participant, reason, compromisedSince } = body.members
      const what = key === subject.kid ? 'key-revoked' : participant === subject.iss ? 'participant-revoked' : undefined
      if (what === undefined) return []
      return [{ what, code: reason, ...(compromisedSince === undefined ? {} : { compromisedSince }) }]
    }
    case 'ledger.genesis':
    case 'ledger.rotate-key':
    case 'ledger.close':
    case 'ledger.set-approvals':
    case 'ledger.set-format':
    case 'ledger.change':
    case 'participant.admit':
    case undefined:
      return []
  }
}

function bodyOf(statement: Statement): StatementBody | undefined {
  try {
    const body = readBody(statement)
    // An approved change is what it carries.
    return body === undefined ? undefined : effectiveBody(body)
  } catch (error) {
    if (isEvidenceError(error)) return undefined
    throw error
  }
}
