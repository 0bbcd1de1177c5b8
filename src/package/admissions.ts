import { type Jwk, thumbprint, verifyEd25519 } from '../core/index.ts'
import {
  type Approvals,
  type ChangeBody,
  effectiveBody,
  emptyRegistry,
  type Findings,
  judgePossession,
  judgeProposal,
  requiresApproval,
  type Statement,
  type StatementBody,
} from '../evidence/index.ts'
import { type CheckedReceipt, type Finding, findingOf } from '../verify/index.ts'
import { type Approver, approversOf, approversRegistry } from './approvers.ts'

/** What brought a key, as far as a package shows it. */
export interface AdmittedKey {
  readonly owner: string
  /** The name that the administrators vouch for, as its owner's admission gives it. */
  readonly name?: string
  /** Who admitted its owner, and by which entry; undefined of the administrators in the genesis. */
  readonly by?: { readonly participant: string; readonly index: number }
  readonly roles: readonly string[]
  /** Index of the entry that brought it. */
  readonly index: number
  /** Entries that lead from it back to the genesis, itself first. */
  readonly path: readonly number[]
}

export type AdmissionVerdict =
  | { readonly state: 'shown'; readonly key: AdmittedKey }
  | { readonly state: 'not-shown' }
  | { readonly state: 'fault'; readonly fault: Finding }

interface Ending {
  readonly index: number
  readonly code: 'key-rotated' | 'key-revoked' | 'participant-revoked'
  readonly compromisedSince?: string
}

/** A receipt in which everything was found in order. */
interface RegistryEntry {
  readonly origin: string
  readonly index: number
  readonly timeMs: number
  readonly statement: Statement
  readonly body: StatementBody
  /** The sealed name beside an admission, where the receipt shows it. */
  readonly sealedName: string | undefined
}

/** Roles of which a kind needs one (docs/spec/04-rulebook.md). */
const needed: Readonly<Partial<Record<StatementBody['kind'], readonly string[]>>> = {
  'participant.admit': ['administrator'],
  'participant.revoke': ['administrator'],
  'ledger.set-approvals': ['administrator'],
  'ledger.rotate-key': ['administrator'],
  'ledger.close': ['administrator'],
  'evidence.deposit': ['depositor'],
  'evidence.retract': ['depositor'],
  'evidence.attest': ['attestor', 'depositor'],
}

/** Kinds that change the registry; `ledger.rotate-key` is known too, and brings no participant's key. */
const registryKinds: ReadonlySet<StatementBody['kind']> = new Set([
  'participant.admit',
  'participant.rotate-key',
  'participant.revoke',
  'ledger.set-approvals',
  'ledger.rotate-key',
  'ledger.close',
])

/**
 * Who was admitted with which key, out of receipts that show it (docs/spec/18-package.md, "The admission of a key"). Taken in
 * order of their indices, so that each rests on what came before it.
 */
export class Admissions {
  readonly faults: Finding[] = []
  readonly unjudged: Finding[] = []
  private readonly keys = new Map<string, AdmittedKey>()
  private readonly endings = new Map<string, Ending[]>()
  /** Keys that some entry brings, at its index, whether or not that entry rests on anything. */
  private readonly brought = new Map<string, number>()
  private readonly jwks = new Map<string, Jwk>()
  /** By ledger: approvals in force, as far as they are shown; proposals that took effect; the entry that closed it. */
  private readonly approvals = new Map<string, Approvals>()
  private readonly proposals = new Map<string, Set<string>>()
  private readonly closed = new Map<string, number>()

  constructor(receipts: readonly CheckedReceipt[]) {
    for (const entry of sortedEntries(receipts)) this.apply(entry)
  }

  /** Judges the signer of a receipt that has no fault of its own. */
  verdict(checked: CheckedReceipt): AdmissionVerdict {
    const entry = entryOf(checked)
    return entry === undefined ? { state: 'not-shown' } : this.signerOf(entry)
  }

  /** What was said later of a key that signed at some time, where the package shows it. */
  flags(checked: CheckedReceipt): string[] {
    const entry = entryOf(checked)
    if (entry === undefined) return []
    const { origin, statement } = entry
    const { time } = checked.receipt.entry
    return this.endingsOf(origin, statement).flatMap(({ compromisedSince, index }) =>
      compromisedSince !== undefined && compromisedSince <= time
        ? [
            `Entry ${entry.index} was signed by a key that was later, by entry ${index}, said to have been compromised at that time.`,
          ]
        : [],
    )
  }

  private endingsOf(origin: string, { header, common }: Statement): Ending[] {
    const at = (name: string): Ending[] => this.endings.get(`${origin} ${name}`) ?? []
    return [...at(`key ${header.kid}`), ...at(`participant ${common.iss}`)]
  }

  private signerOf({ origin, index, statement, body }: RegistryEntry): AdmissionVerdict {
    const { kid } = statement.header
    const { iss } = statement.common
    const fault = (code: Finding['code'], message: string): AdmissionVerdict => ({
      state: 'fault',
      fault: { code, index, message },
    })
    const bad = (why: string): AdmissionVerdict =>
      fault('admission-invalid', `Entry ${index}: its signer’s key ${why}.`)
    const closedAt = this.closed.get(origin)
    if (closedAt !== undefined && closedAt < index)
      return fault('ledger-closed', `Entry ${index} follows entry ${closedAt}, which closed the ledger.`)
    const broughtAt = this.brought.get(`${origin} ${kid}`)
    if (broughtAt !== undefined && broughtAt >= index && !(index === 0 && body.kind === 'ledger.genesis'))
      return bad(`came to the ledger with entry ${broughtAt}, not before`)
    const key = this.keys.get(`${origin} ${kid}`)
    if (key === undefined) return { state: 'not-shown' }
    if (key.owner !== iss) return bad(`was admitted to ${key.owner}, and not to ${iss}`)
    const ended = this.endingsOf(origin, statement).find((ending) => ending.index < index)
    if (ended !== undefined)
      return fault(ended.code, `Entry ${index}: its signer’s key was out of use since entry ${ended.index}.`)
    const roles = needed[body.kind]
    if (roles !== undefined && !roles.some((role) => key.roles.includes(role)))
      return bad(`was admitted without the role ${roles.join(' or ')}`)
    // Fewer may have been asked for again by an entry that is not here: no contradiction, but nothing shown either.
    return this.mayStandAlone(origin, body) ? { state: 'shown', key } : { state: 'not-shown' }
  }

  private mayStandAlone(origin: string, body: StatementBody): boolean {
    const approvals = this.approvals.get(origin)
    return approvals === undefined || !requiresApproval({ ...emptyRegistry(origin), approvals }, body)
  }

  /** Judges a change by its approvals (docs/spec/14-ledger-keys.md): each approver's key is asked for, as a signer's is. */
  private changeOf(entry: RegistryEntry, members: ChangeBody): AdmissionVerdict {
    const { origin, index } = entry
    const signer = this.signerOf(entry)
    if (signer.state !== 'shown') return signer
    const approvers = approversOf(members).map((kid) => this.approverOf(origin, kid, index))
    if (approvers.some((approver) => approver === undefined)) return { state: 'not-shown' }
    const known = approvers as Approver[]
    const proposals = this.proposals.get(origin) ?? new Set<string>()
    const approvals = this.approvals.get(origin)
    const registry = {
      ...approversRegistry(origin, known),
      proposals,
      ...(approvals === undefined ? {} : { approvals }),
    }
    const findings: Findings = { violations: [], unjudged: [] }
    const context = { origin, ledgerKeys: [], verifies: verifyEd25519 }
    const proposal = judgeProposal(registry, entry, members, findings, context)
    this.unjudged.push(...findings.unjudged.map((error) => findingOf(error, index)))
    // How many were needed may have been set by an entry that is not here.
    const violations = findings.violations.filter(({ code }) => code !== 'approvals-missing')
    const [first, ...others] = violations.map((error) => findingOf(error, index))
    this.faults.push(...others)
    if (first !== undefined) return { state: 'fault', fault: first }
    if (proposal === undefined) return { state: 'not-shown' }
    this.proposals.set(origin, proposals.add(proposal.jti))
    const path = new Set([signer.key, ...known.map(({ key }) => key)].flatMap((key) => key.path))
    return { state: 'shown', key: { ...signer.key, path: [...path].sort((a, b) => b - a) } }
  }

  private approverOf(origin: string, kid: string, index: number): Approver | undefined {
    const [key, jwk] = [this.keys.get(`${origin} ${kid}`), this.jwks.get(`${origin} ${kid}`)]
    if (key === undefined || jwk === undefined) return undefined
    const endings = [`key ${kid}`, `participant ${key.owner}`].flatMap(
      (name) => this.endings.get(`${origin} ${name}`) ?? [],
    )
    return { key, jwk, isEnded: endings.some((ending) => ending.index < index) }
  }

  private apply(entry: RegistryEntry): void {
    const { origin, index, body } = entry
    if (body.kind === 'ledger.genesis') this.applyGenesis(entry, body.members.administrators)
    // An approved change does what the statement that it carries would do.
    const said = effectiveBody(body)
    if (!registryKinds.has(said.kind)) return
    const verdict = body.kind === 'ledger.change' ? this.changeOf(entry, body.members) : this.signerOf(entry)
    if (verdict.state === 'fault') this.faults.push(verdict.fault)
    if (said.kind === 'participant.admit') {
      const { id, keys, roles, name = entry.sealedName } = said.members.participant
      const by = { participant: entry.statement.common.iss, index: entry.index }
      this.bring(entry, keys[0] as Jwk, id, verdict, { roles, by, ...(name === undefined ? {} : { name }) })
    } else if (said.kind === 'participant.rotate-key') this.applyRotation(entry, said, verdict)
    else if (verdict.state !== 'shown') return
    else if (said.kind === 'participant.revoke') {
      const { participant, key, compromisedSince } = said.members
      const since = compromisedSince === undefined ? {} : { compromisedSince }
      if (key !== undefined) this.end(origin, `key ${key}`, { index, code: 'key-revoked', ...since })
      else this.end(origin, `participant ${participant ?? ''}`, { index, code: 'participant-revoked', ...since })
    } else if (said.kind === 'ledger.set-approvals') this.approvals.set(origin, approvalsOf(said.members))
    else if (said.kind === 'ledger.close') this.closed.set(origin, this.closed.get(origin) ?? index)
  }

  private applyRotation(
    entry: RegistryEntry,
    body: Extract<StatementBody, { kind: 'participant.rotate-key' }>,
    verdict: AdmissionVerdict,
  ): void {
    const { origin, index, statement } = entry
    if (!this.isPossessed(entry, statement, body)) return
    this.bring(entry, body.members.newKey, statement.common.iss, verdict, undefined)
    if (verdict.state === 'shown') this.end(origin, `key ${statement.header.kid}`, { index, code: 'key-rotated' })
  }

  private applyGenesis(
    { origin, index, statement }: RegistryEntry,
    administrators: readonly {
      readonly id: string
      readonly name?: string | undefined
      readonly keys: readonly Jwk[]
    }[],
  ): void {
    if (index !== 0) {
      this.faults.push({ code: 'genesis-misplaced', index, message: `Entry ${index} is a genesis, and not the first.` })
      return
    }
    const [first] = administrators
    const isFirsts = first?.keys.some((jwk) => thumbprint(jwk) === statement.header.kid) ?? false
    if (first?.id !== statement.common.iss || !isFirsts) {
      this.faults.push({
        code: 'genesis-issuer',
        index,
        message: 'The genesis is not signed by its first administrator.',
      })
      return
    }
    for (const { id, name, keys } of administrators) {
      const owner = { owner: id, ...(name === undefined ? {} : { name }) }
      for (const jwk of keys) {
        this.brought.set(`${origin} ${thumbprint(jwk)}`, 0)
        this.jwks.set(`${origin} ${thumbprint(jwk)}`, jwk)
        this.keys.set(`${origin} ${thumbprint(jwk)}`, { ...owner, roles: ['administrator'], index, path: [0] })
      }
    }
  }

  private bring(
    { origin, index }: RegistryEntry,
    jwk: Jwk,
    owner: string,
    verdict: AdmissionVerdict,
    admission: Pick<AdmittedKey, 'name' | 'by' | 'roles'> | undefined,
  ): void {
    const name = `${origin} ${thumbprint(jwk)}`
    const earlier = this.brought.get(name)
    if (earlier !== undefined) {
      const message = `Entry ${index} brings a key that entry ${earlier} had brought.`
      this.faults.push({ code: 'key-exists', index, message })
      return
    }
    this.brought.set(name, index)
    this.jwks.set(name, jwk)
    if (verdict.state !== 'shown') return
    const { key } = verdict
    // A rotation goes on from what its owner's admission said.
    const { path, ...before } = key
    this.keys.set(name, { ...(admission ?? before), owner, index, path: [index, ...path] })
  }

  private end(origin: string, name: string, ending: Ending): void {
    const at = `${origin} ${name}`
    this.endings.set(at, [...(this.endings.get(at) ?? []), ending])
  }

  private isPossessed(
    { origin, index }: RegistryEntry,
    statement: Statement,
    { members }: Extract<StatementBody, { kind: 'participant.rotate-key' }>,
  ): boolean {
    const findings: Findings = { violations: [], unjudged: [] }
    const entry = { index, time: '', timeMs: 0, statement }
    judgePossession(entry, members, findings, { origin, ledgerKeys: [], verifies: verifyEd25519 })
    this.faults.push(...findings.violations.map((error) => findingOf(error, index)))
    this.unjudged.push(...findings.unjudged.map((error) => findingOf(error, index)))
    return findings.violations.length === 0 && findings.unjudged.length === 0
  }
}

function entryOf({
  receipt,
  statement,
  body,
  disclosures,
  faults,
  unjudged,
}: CheckedReceipt): RegistryEntry | undefined {
  if (statement === undefined || body === undefined || faults.length > 0 || unjudged.length > 0) return undefined
  const { index, timeMs } = receipt.entry
  const sealed = disclosures.find(({ claim }) => claim === 'names')?.value
  const sealedName = typeof sealed === 'string' ? sealed : undefined
  return { origin: receipt.proof.checkpoint.origin, index, timeMs, statement, body, sealedName }
}

/** By ledger and index, each entry once. */
function sortedEntries(receipts: readonly CheckedReceipt[]): RegistryEntry[] {
  const entries = new Map<string, RegistryEntry>()
  for (const entry of receipts.flatMap((checked) => entryOf(checked) ?? [])) {
    entries.set(`${entry.origin} ${entry.index}`, entry)
  }
  return [...entries.values()].sort((a, b) =>
    a.origin === b.origin ? a.index - b.index : a.origin < b.origin ? -1 : 1,
  )
}

function approvalsOf({
  administrators,
  recovery,
}: Extract<StatementBody, { kind: 'ledger.set-approvals' }>['members']): Approvals {
  return { administrators, ...(recovery === undefined ? {} : { recovery }) }
}
