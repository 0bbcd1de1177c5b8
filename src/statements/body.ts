import { EvidenceError } from '../core/errors.ts'
import type { JsonObject } from '../core/json.ts'
import type { Body } from './kind.ts'
import { kindNamed, type StatementBody } from './kinds.ts'
import { hasProtoMember } from './members.ts'
import { parseProposal, type Proposal } from './proposal.ts'
import { schemaError } from './schema-errors.ts'
import type { Statement } from './statement.ts'
import { sealedClaims } from './vocabulary.ts'

/** A change that is proposed, with its members by kind. */
export type ProposedChange = Proposal<StatementBody>

/** Bodies that were read: the writer looks at a statement once for its references, and once for the rulebook. */
const known = new WeakMap<Statement, StatementBody>()

/**
 * Judges the members that the kind asks for, and those of a statement within. Returns undefined where the kind, or that of the
 * statement within, is of a later version. Throws `statement-member`, `statement-member-unknown`, `claim-in-clear`,
 * `items-count`, `digest-malformed`, `digest-weak-only`, `proposal-malformed`.
 */
export function readBody(statement: Statement): StatementBody | undefined {
  const before = known.get(statement)
  if (before !== undefined) return before
  const { iss: _iss, aud: _aud, jti: _jti, iat: _iat, kind, ...own } = statement.payload
  const body = readWhole(kind as string, own)
  if (body !== undefined) known.set(statement, body)
  return body
}

/**
 * Reads the members of a statement that is yet to be made and signed. Returns undefined where the kind is of a later version. Throws as
 * {@link readBody}.
 */
export function bodyOf(kind: string, members: JsonObject): StatementBody | undefined {
  return readWhole(kind, members)
}

function readWhole(kind: string, own: JsonObject): StatementBody | undefined {
  const body = readMembers(kind, own)
  if (body?.rule.carries === undefined) return body as StatementBody | undefined
  // What is proposed within must be as whole as if it stood alone; where it is of a later kind, so is the statement.
  const carried = body.rule.carries(body.members, readProposed)
  return carried === undefined ? undefined : ({ ...body, carried } as StatementBody)
}

/**
 * Reads a proposal, base64url of its JSON (docs/spec/14-ledger-keys.md). Returns undefined where its kind is of a later version.
 * Throws `proposal-malformed`, and the codes of the kind's members.
 */
export function readProposal(text: string): ProposedChange | undefined {
  return parseProposal(text, readProposed) as ProposedChange | undefined
}

/** What a statement says, whether by itself or as a change that was approved. */
export function effectiveBody(body: Body): Body {
  return body.carried ?? body
}

function readProposed(kind: string, own: JsonObject): Body | undefined {
  const rule = kindNamed(kind)
  if (rule !== undefined && rule.proposal === undefined) {
    const message = `"kind" of the proposal is ${kind}, which is not proposed`
    throw new EvidenceError('proposal-malformed', message, { where: 'proposal.kind' })
  }
  return readMembers(kind, own)
}

function readMembers(kind: string, own: JsonObject): Body | undefined {
  const rule = kindNamed(kind)
  if (rule === undefined) return undefined
  if (hasProtoMember(own)) {
    throw new EvidenceError('statement-member-unknown', 'the statement has a member "__proto__"', {
      where: '__proto__',
    })
  }
  // Named before anything else: its sender must learn at once that it would have stood there for ever.
  const inClear = sealedClaims.find((claim) => Object.hasOwn(own, claim))
  if (inClear !== undefined) {
    throw new EvidenceError('claim-in-clear', `the claim "${inClear}" stands in clear`, { where: inClear })
  }
  const result = rule.schema.safeParse(own)
  if (!result.success) throw schemaError(result.error)
  return { kind, members: result.data, rule }
}
