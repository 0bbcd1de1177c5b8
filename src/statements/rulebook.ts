import { attempt } from '../core/attempt.ts'
import { type ErrorCode, EvidenceError } from '../core/errors.ts'
import { defined } from '../core/objects.ts'
import { doubted, type Registry } from './registry.ts'
import {
  type EntryUnderJudgement,
  type Findings,
  type History,
  issuedToleranceMs,
  leaveOpen,
  type RuleContext,
} from './rules.ts'
import { readBody } from './body.ts'
import type { Asked, Body, UnitsState } from './kind.ts'
import { afterUnknownKind, changesRegistry, kindNamed, type StatementBody } from './kinds.ts'
import { unitsOf } from './said.ts'
import { authorityCodes, mayBeUnshown, takeUnshown } from './unshown.ts'

/** The rulebook's word on one entry. */
export interface Judgement {
  /** Empty where every rule holds. Most telling first. */
  readonly violations: readonly EvidenceError[]
  /** What needs a newer verifier; code `not-judged`. */
  readonly unjudged: readonly EvidenceError[]
  /** Findings that an entry which is not at hand may explain, where the registry is partial: neither faults, nor shown to be in order. */
  readonly unshown: readonly EvidenceError[]
  /** Whether the signer was entitled is not known: its finding stands in `unjudged` or `unshown`. */
  readonly isAuthorityOpen: boolean
  /** The registry after the entry: the same object where nothing changed. */
  readonly next: Registry
  /** False where the entry violates a rule: then it uses up no `iss` + `jti`. */
  readonly usesStatementId: boolean
  /** Undefined for an unknown kind, or members that violate the schema. */
  readonly body: StatementBody | undefined
}

/**
 * The rulebook (docs/spec/04-rulebook.md): one pure function from the registry before an entry, and the entry, to the
 * registry after it or to violations. The server asks it before it seals an entry, the verifier when it re-walks.
 */
export function judge(
  registry: Registry,
  entry: EntryUnderJudgement,
  history: History,
  context: RuleContext,
): Judgement {
  const findings: Findings = { violations: [], unjudged: [] }
  const { common, knownAlgorithm, header } = entry.statement
  const violate = (code: ErrorCode, message: string, where?: string, found?: number): void => {
    findings.violations.push(new EvidenceError(code, message, defined({ where, index: found })))
  }
  if (registry.closedAt !== undefined) {
    violate('ledger-closed', `the ledger was closed by entry ${registry.closedAt}: nothing comes after it`)
  }
  if (!knownAlgorithm) {
    leaveOpen(findings, `the statement is signed with alg ${header.alg.slice(0, 40)}`, 'alg')
  }
  const isGenesis = kindNamed(common.kind)?.isGenesis === true
  const openBefore = findings.unjudged.length
  if (!isGenesis) judgeAuthority(registry, entry, findings, context)
  const authorityOpen = findings.unjudged.length > openBefore
  const earlier = history.findStatement(common.iss, common.jti)
  if (earlier !== undefined)
    violate('jti-reused', `${common.iss} used the jti ${common.jti} in entry ${earlier}`, 'jti', earlier)
  if (common.aud !== context.origin) {
    violate('audience-wrong', `the statement is for ${common.aud}, not for ${context.origin}`, 'aud')
  }
  if (common.iat * 1000 > entry.timeMs + issuedToleranceMs) {
    violate('issued-in-future', 'the statement was issued more than 300 seconds after the entry’s time', 'iat')
  }
  if (isGenesis !== (entry.index === 0)) {
    if (isGenesis) violate('genesis-misplaced', 'a genesis stands after entry 0')
    else violate('genesis-missing', 'entry 0 is no genesis')
  }
  const body = judgeBody(entry, findings)
  let next = registry
  // A second genesis is one fault, and not every fault of its members besides.
  const isMisplaced = isGenesis && entry.index !== 0
  const asked = body === undefined ? undefined : askedOf(registry, entry, body, findings, history, context)
  if (body !== undefined && asked !== undefined && !isMisplaced) next = applyKind(body, asked)
  const unshown = takeUnshown(findings, registry, body)
  const isOpen = registry.uncertainSince !== undefined && leaveUncertain(findings, registry.uncertainSince)
  const changedUnknown =
    changesRegistry(common.kind) && (body === undefined || !knownAlgorithm || rotatesUnknown(findings))
  // An entry whose issuer's authority is open changes nothing: what it would have admitted stays unknown, and so not judged.
  const isAuthorityOpen = authorityOpen || unshown.some(({ code }) => authorityCodes.includes(code))
  // Of a partial registry nothing rests on what is not shown, and so nothing needs to be left open by it.
  if (findings.violations.length > 0 || (registry.isPartial === true && isAuthorityOpen)) next = registry
  else if (body === undefined && kindNamed(common.kind) === undefined)
    next = afterUnknownKind(
      changedUnknown && !isAuthorityOpen ? doubted(registry, entry.index) : registry,
      common.kind,
      entry.index,
    )
  else if (asked !== undefined && body?.rule.leftOpen !== undefined && findings.unjudged.length > 0)
    next = body.rule.leftOpen(asked)
  else if (isAuthorityOpen || isOpen) next = registry
  else if (changedUnknown) next = doubted(registry, entry.index)
  return { ...findings, unshown, isAuthorityOpen, next, usesStatementId: findings.violations.length === 0, body }
}

/** Codes of faults that an unknown registry entry before may explain, and whose entry then changes nothing (docs/spec/14-ledger-keys.md). */
const openCodes: readonly ErrorCode[] = [
  'ledger-key-retired',
  'approvals-needed',
  'approval-unknown',
  'approvals-missing',
  'threshold-impossible',
]

/** Faults that an unknown registry entry before may explain: whom it admitted or revoked is not known. */
const uncertainCodes: readonly ErrorCode[] = [
  'participant-unknown',
  'last-administrator',
  'already-revoked',
  ...openCodes,
]

/** Leaves such faults not judged. True where the entry changes nothing, for one of them leaves open whether it may. */
function leaveUncertain({ violations, unjudged }: Findings, since: number): boolean {
  let isOpen = false
  for (let i = violations.length - 1; i >= 0; i--) {
    const violation = violations[i] as EvidenceError
    if (!uncertainCodes.includes(violation.code)) continue
    violations.splice(i, 1)
    isOpen ||= openCodes.includes(violation.code)
    unjudged.push(
      new EvidenceError('not-judged', `not judged after entry ${since}: ${violation.message}`, violation.facts),
    )
  }
  return isOpen
}

/** A possession proof or an approval that this version cannot verify: whether the change holds is not known. */
function rotatesUnknown(findings: Findings): boolean {
  return findings.unjudged.some(({ facts }) => facts.where === 'possession' || facts.where === 'approvals')
}

function judgeBody(entry: EntryUnderJudgement, findings: Findings): StatementBody | undefined {
  const body = attempt(() => readBody(entry.statement))
  if (body instanceof EvidenceError) {
    findings.violations.push(body)
    return undefined
  }
  if (body === undefined) {
    const kind = JSON.stringify(entry.statement.common.kind.slice(0, 80))
    leaveOpen(findings, `the kind ${kind} is not known to this version`, 'kind')
  }
  return body
}

/** `iss` owns `kid` at this index, is not revoked, has the role, and the signature verifies. */
function judgeAuthority(
  registry: Registry,
  entry: EntryUnderJudgement,
  findings: Findings,
  context: RuleContext,
): void {
  const { common, header, jws, knownAlgorithm } = entry.statement
  const uncertain = registry.uncertainSince
  const violate = (code: ErrorCode, message: string, where: string): void => {
    if (uncertain === undefined) findings.violations.push(new EvidenceError(code, message, { where }))
    else leaveOpen(findings, `authority is not judged after entry ${uncertain}: ${message}`, where)
  }
  const key = registry.keys.get(header.kid)
  if (key === undefined) return violate('key-unknown', 'the key was not admitted before this entry', 'kid')
  if (knownAlgorithm && !context.verifies(key.publicKey, jws.signingInput, jws.signature)) {
    findings.violations.push(
      new EvidenceError('signature-invalid', 'the statement’s signature does not verify', { where: 'signature' }),
    )
  }
  if (key.participant !== common.iss) {
    return violate('key-not-issuers', `the key belongs to ${key.participant}, not to ${common.iss}`, 'iss')
  }
  const participant = registry.participants.get(common.iss)
  if (participant?.revokedAt !== undefined) {
    violate('participant-revoked', `${common.iss} was revoked by entry ${participant.revokedAt}`, 'iss')
  }
  if (key.status === 'revoked') violate('key-revoked', `the key was revoked by entry ${key.until}`, 'kid')
  if (key.status === 'rotated') violate('key-rotated', `the key was replaced by entry ${key.until}`, 'kid')
  const needed = kindNamed(common.kind)?.roles ?? []
  if (needed.length > 0 && !needed.some((role) => participant?.roles.includes(role))) {
    violate('role-missing', `${common.iss} has not the role ${needed.join(' or ')}, which ${common.kind} needs`, 'iss')
  }
}

function askedOf(
  registry: Registry,
  entry: EntryUnderJudgement,
  { members, carried }: Body,
  findings: Findings,
  history: History,
  context: RuleContext,
): Asked<unknown> {
  const units = (index: number, iss: string): UnitsState => unitsOf(registry, index, iss)
  return { registry, entry, members, carried, findings, history, context, unitsOf: units }
}

function applyKind(body: Body, asked: Asked<unknown>): Registry {
  const { kind, rule } = body
  const { registry, findings } = asked
  if (requiresApproval(registry, body)) {
    const message = `the change ${kind} must be approved by several, in a statement of the kind ledger.change`
    const needed = new EvidenceError('approvals-needed', message, { where: 'kind' })
    findings.violations.push(needed)
    // An entry that is not at hand may say that none are; what the change breaks besides, it breaks anyway.
    if (!mayBeUnshown(needed, registry, body)) return registry
  }
  return rule.judge(asked)
}

/** Whether a statement of this kind may not stand alone. */
function requiresApproval(registry: Registry, { rule, members }: Body): boolean {
  const { approvals } = registry
  if (approvals === undefined || rule.proposal === undefined || rule.proposal.mayStandAlone === true) return false
  const { administrators, recovery } = approvals
  return administrators > 1 || (recovery !== undefined && rule.proposal.touchesRecovery(registry, members))
}
