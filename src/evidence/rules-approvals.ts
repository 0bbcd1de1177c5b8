import { withEntry } from './grown-map.ts'
import {
  type ErrorCode,
  EvidenceError,
  fromBase64url,
  isKnownAlgorithm,
  parseHeader,
  type ProtectedHeader,
  utf8,
} from '../core/index.ts'
import type { ParticipantRecord, Registry } from './registry.ts'
import type { EntryUnderJudgement, Findings, History, KindRule, RuleContext } from './rules.ts'
import { judgeClose, judgeRotateLedgerKey, judgeSetApprovals, judgeSetFormat } from './rules-ledger.ts'
import { judgeAdmit, judgeRevoke } from './rules-registry.ts'
import type { ChangeBody, StatementBody } from './schema.ts'
import { type Proposal, proposableKinds, type ProposedBody, readProposal } from './statement.ts'
import { proposalTyp } from './vocabulary.ts'

/* Changes that several approve together (docs/spec/14-ledger-keys.md). */

/** Longest time between an entry and the end of the proposal that it carries, in milliseconds: 90 days. */
export const proposalLifetimeMs = 7_776_000_000

/** Whether a statement of this kind may not stand alone. */
export function requiresApproval(registry: Registry, body: StatementBody): boolean {
  const { approvals } = registry
  if (approvals === undefined || !(proposableKinds as readonly string[]).includes(body.kind)) return false
  return approvals.administrators > 1 || (approvals.recovery !== undefined && touchesRecovery(registry, body))
}

/** Whom a revocation names: the participant, or the owner of the key. */
function subject(registry: Registry, body: StatementBody): ParticipantRecord | undefined {
  if (body.kind !== 'participant.revoke') return undefined
  const { participant, key } = body.members
  const id = participant ?? registry.keys.get(key as string)?.participant
  return id === undefined ? undefined : registry.participants.get(id)
}

/** Whether a change would alter who can recover the ledger. */
function touchesRecovery(registry: Registry, body: StatementBody): boolean {
  if (body.kind === 'ledger.set-approvals') return true
  if (body.kind === 'participant.admit') return body.members.participant.roles.includes('recovery')
  return subject(registry, body)?.roles.includes('recovery') === true
}

/** The one thing that recovery officers may do by themselves. */
function replacesAdministrator(registry: Registry, body: StatementBody): boolean {
  if (body.kind === 'participant.admit') {
    const { roles } = body.members.participant
    return roles.length === 1 && roles[0] === 'administrator'
  }
  const roles = subject(registry, body)?.roles ?? []
  return roles.includes('administrator') && !roles.includes('recovery')
}

/** A change with its approvals: what they carry applies as if it stood alone. */
export const judgeChange: KindRule<ChangeBody> = (registry, entry, members, findings, history, context) => {
  const proposal = judgeProposal(registry, entry, members, findings, context)
  if (proposal === undefined) return registry
  const next = applyProposed(registry, entry, proposal.body, findings, history, context)
  return { ...next, proposals: withEntry(registry.proposals ?? new Map(), proposal.jti, true) }
}

/**
 * The proposal of a change, where its approvals carry it (docs/spec/14-ledger-keys.md, "Change", steps 1 to 3): what it proposes
 * is still to be judged.
 */
function judgeProposal(
  registry: Registry,
  { timeMs }: Pick<EntryUnderJudgement, 'timeMs'>,
  members: ChangeBody,
  findings: Findings,
  context: RuleContext,
): Proposal | undefined {
  const proposal = readProposal(members.proposal)
  if (proposal === undefined) return undefined
  const violate = (code: ErrorCode, message: string, where: string): void => {
    findings.violations.push(new EvidenceError(code, message, { where }))
  }
  const { aud, jti, exp, body } = proposal
  const before = findings.violations.length + findings.unjudged.length
  if (aud !== context.origin) violate('audience-wrong', `the proposal is for ${aud}, not for ${context.origin}`, 'aud')
  if (exp * 1000 < timeMs || exp * 1000 > timeMs + proposalLifetimeMs) {
    violate('proposal-expired', 'the proposal does not end within the 90 days after the entry’s time', 'exp')
  }
  if (registry.proposals?.has(jti) === true)
    violate('proposal-repeated', `the proposal ${jti} took effect before`, 'jti')
  if (findings.violations.length + findings.unjudged.length > before) return undefined
  const approvers = judgeApprovals(registry, members, findings, context)
  if (findings.violations.length + findings.unjudged.length > before) return undefined
  if (isCarried(registry, body, approvers)) return proposal
  violate('approvals-missing', 'fewer have approved the change than it needs', 'approvals')
  return undefined
}

function isCarried(registry: Registry, body: ProposedBody, approvers: readonly ParticipantRecord[]): boolean {
  const count = (role: string): number => approvers.filter(({ roles }) => roles.includes(role)).length
  const { administrators = 1, recovery } = registry.approvals ?? {}
  const recovered = recovery !== undefined && count('recovery') >= recovery
  if (recovered && replacesAdministrator(registry, body)) return true
  if (count('administrator') < administrators) return false
  return recovered || recovery === undefined || !touchesRecovery(registry, body)
}

/** Those who approved. Any approval that does not hold spoils the change: whoever sends it can leave it out. */
function judgeApprovals(
  registry: Registry,
  { proposal, approvals }: ChangeBody,
  findings: Findings,
  context: RuleContext,
): ParticipantRecord[] {
  const approvers = new Map<string, ParticipantRecord>()
  approvals.forEach((approval, i) => {
    const refuse = (code: ErrorCode, why: string): void => {
      const message = `approval ${i} ${why}`
      findings.violations.push(new EvidenceError(code, message, { where: `approvals[${i}]` }))
    }
    let header: ProtectedHeader
    try {
      header = parseHeader(fromBase64url(approval.protected, 'approval'), proposalTyp, 'approval')
    } catch (error) {
      if (!(error instanceof EvidenceError)) throw error
      return refuse('approval-invalid', `cannot be read: ${error.message}`)
    }
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
    if (!isKnownAlgorithm(header.alg)) {
      const message = `approval ${i} is signed with alg ${header.alg.slice(0, 40)}`
      findings.unjudged.push(new EvidenceError('not-judged', message, { where: 'approvals' }))
      return
    }
    const signature = fromBase64url(approval.signature, 'approval')
    const message = utf8(`${approval.protected}.${proposal}`)
    if (signature.length !== 64 || !context.verifies(key.publicKey, message, signature))
      refuse('approval-invalid', 'has a signature that does not verify')
  })
  return [...approvers.values()]
}

/** Whether the registry has the key of the approval that a finding names, `approvals[i]`. */
export function isApproverKnown(registry: Registry, { approvals }: ChangeBody, where: string | undefined): boolean {
  const approval = approvals[Number(/\d+/.exec(where ?? '')?.[0])]
  if (approval === undefined) return true
  return registry.keys.has(parseHeader(fromBase64url(approval.protected, 'approval'), proposalTyp, 'approval').kid)
}

function applyProposed(
  registry: Registry,
  entry: EntryUnderJudgement,
  body: ProposedBody,
  findings: Findings,
  history: History,
  context: RuleContext,
): Registry {
  switch (body.kind) {
    case 'participant.admit':
      return judgeAdmit(registry, entry, body.members, findings, history, context)
    case 'participant.revoke':
      return judgeRevoke(registry, entry, body.members, findings, history, context)
    case 'ledger.set-approvals':
      return judgeSetApprovals(registry, entry, body.members, findings, history, context)
    case 'ledger.set-format':
      return judgeSetFormat(registry, entry, body.members, findings, history, context)
    case 'ledger.rotate-key':
      return judgeRotateLedgerKey(registry, entry, body.members, findings, history, context)
    case 'ledger.close':
      return judgeClose(registry, entry, body.members, findings, history, context)
  }
}
