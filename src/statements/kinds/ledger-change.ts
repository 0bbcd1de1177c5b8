import { attempt, valueOr } from '../../core/attempt.ts'
import { fromBase64url } from '../../core/base64.ts'
import { utf8 } from '../../core/bytes.ts'
import { type ErrorCode, EvidenceError } from '../../core/errors.ts'
import { isKnownAlgorithm, parseHeader, type ProtectedHeader } from '../../core/jws.ts'
import { z } from 'zod'
import { withEntry } from '../grown-map.ts'
import type { Asked, Body, StatementKind } from '../kind.ts'
import { base64urlText } from '../members.ts'
import { parseProposal, type Proposal } from '../proposal.ts'
import type { ParticipantRecord, Registry } from '../registry.ts'
import { leaveOpen, violate } from '../rules.ts'
import { admissionClaims } from '../sealed.ts'
import { mayBeUnshown } from '../unshown.ts'
import { proposalTyp } from '../vocabulary.ts'

/** Most approvals of one change: each is a signature to verify. */
export const maxApprovals = 16

/** Longest time between an entry and the end of the proposal that it carries, in milliseconds: 90 days. */
export const proposalLifetimeMs = 7_776_000_000

const approval = z.strictObject({ protected: base64urlText(512), signature: base64urlText(512) })
export type Approval = z.infer<typeof approval>

const schema = z.strictObject({
  proposal: base64urlText(32_768),
  approvals: z.array(approval).min(1).max(maxApprovals),
})
export type ChangeMembers = z.infer<typeof schema>

/** A change with its approvals: what it carries applies as if it stood alone (docs/spec/14-ledger-keys.md, "Change"). */
export const ledgerChange: StatementKind<'ledger.change', ChangeMembers> = {
  name: 'ledger.change',
  schema,
  // Its authority is that of those who approved.
  roles: [],
  seals: admissionClaims,
  carries: ({ proposal }, read) => parseProposal(proposal, read)?.body,
  cosigners: ({ approvals }) => [
    // One that cannot be read names nobody: the rule refuses it.
    ...new Set(approvals.flatMap((one) => valueOr(() => [headerOf(one).kid], []))),
  ],
  holdsAnyway: (registry, { approvals }, { code, facts }) => {
    const approval = approvals[Number(/\d+/.exec(facts.where ?? '')?.[0])]
    return code === 'approval-unknown' && (approval === undefined || registry.keys.has(headerOf(approval).kid))
  },
  judge(asked) {
    const proposal = judgeProposal(asked)
    if (proposal === undefined || !judgeApproval(asked, proposal.body)) return asked.registry
    const { rule, members, carried } = proposal.body
    const next = rule.judge({ ...asked, members, carried })
    return { ...next, proposals: withEntry(asked.registry.proposals ?? new Map(), proposal.jti, true) }
  },
}

function headerOf(approval: Approval): ProtectedHeader {
  return parseHeader(fromBase64url(approval.protected, 'approval'), proposalTyp, 'approval')
}

/** The proposal of a change, where it is in order (step 1): approvals and what it proposes are still to be judged. */
function judgeProposal(asked: Asked<ChangeMembers>): Proposal | undefined {
  const { registry, entry, members, carried, findings, context } = asked
  const proposal = carried === undefined ? undefined : parseProposal(members.proposal, () => carried)
  if (proposal === undefined) return undefined
  const { aud, jti, exp } = proposal
  const before = findings.violations.length
  if (aud !== context.origin)
    violate(findings, 'audience-wrong', `the proposal is for ${aud}, not for ${context.origin}`, 'aud')
  if (exp * 1000 < entry.timeMs || exp * 1000 > entry.timeMs + proposalLifetimeMs)
    violate(findings, 'proposal-expired', 'the proposal does not end within the 90 days after the entry’s time', 'exp')
  if (registry.proposals?.has(jti) === true)
    violate(findings, 'proposal-repeated', `the proposal ${jti} took effect before`, 'jti')
  return findings.violations.length > before ? undefined : proposal
}

/**
 * Whether the approvals of a change carry it (steps 2 and 3), or may, by entries that are not at hand: then what it proposes is judged, and
 * changes nothing.
 */
function judgeApproval(asked: Asked<ChangeMembers>, body: Body): boolean {
  const { registry, members, findings } = asked
  const [violated, open] = [findings.violations.length, findings.unjudged.length]
  const approvers = judgeApprovals(asked)
  if (findings.unjudged.length > open) return false
  if (findings.violations.length === violated && !isCarried(registry, body, approvers))
    violate(findings, 'approvals-missing', 'fewer have approved the change than it needs', 'approvals')
  const change = { kind: ledgerChange.name, members, rule: ledgerChange as StatementKind, carried: body }
  return findings.violations.slice(violated).every((finding) => mayBeUnshown(finding, registry, change))
}

function isCarried(registry: Registry, { rule, members }: Body, approvers: readonly ParticipantRecord[]): boolean {
  const count = (role: string): number => approvers.filter(({ roles }) => roles.includes(role)).length
  const { administrators = 1, recovery } = registry.approvals ?? {}
  const recovered = recovery !== undefined && count('recovery') >= recovery
  if (recovered && rule.proposal?.replacesAdministrator(registry, members) === true) return true
  if (count('administrator') < Math.max(administrators, rule.proposal?.leastAdministrators ?? 1)) return false
  return recovered || recovery === undefined || rule.proposal?.touchesRecovery(registry, members) === false
}

/** The participants whose approvals hold. Each one that does not is a violation: the sender could have left it out. */
function judgeApprovals({ registry, members, findings, context }: Asked<ChangeMembers>): ParticipantRecord[] {
  const approvers = new Map<string, ParticipantRecord>()
  members.approvals.forEach((approval, i) => {
    const refuse = (code: ErrorCode, why: string): void =>
      violate(findings, code, `approval ${i} ${why}`, `approvals[${i}]`)
    const header = attempt(() => headerOf(approval))
    if (header instanceof EvidenceError) return refuse('approval-invalid', `cannot be read: ${header.message}`)
    const key = registry.keys.get(header.kid)
    const participant = key === undefined ? undefined : registry.participants.get(key.participant)
    if (key === undefined || participant === undefined)
      return refuse('approval-unknown', 'is by a key that was not admitted')
    if (key.status !== 'active' || participant.revokedAt !== undefined)
      return refuse('approval-unknown', 'is by a key that is not in use')
    if (!participant.roles.includes('administrator') && !participant.roles.includes('recovery'))
      return refuse('approval-unknown', `is by ${participant.id}, who approves nothing`)
    if (approvers.has(participant.id)) return refuse('approval-invalid', `is the second by ${participant.id}`)
    approvers.set(participant.id, participant)
    if (!isKnownAlgorithm(header.alg))
      return leaveOpen(findings, `approval ${i} is signed with alg ${header.alg.slice(0, 40)}`, 'approvals')
    const signature = fromBase64url(approval.signature, 'approval')
    const message = utf8(`${approval.protected}.${members.proposal}`)
    if (signature.length !== 64 || !context.verifies(key.publicKey, message, signature))
      refuse('approval-invalid', 'has a signature that does not verify')
  })
  return [...approvers.values()]
}
