import { type Jwk, thumbprint, verifyEd25519 } from '../core/index.ts'
import { type Findings, judgePossession, type Statement, type StatementBody } from '../evidence/index.ts'
import { type CheckedReceipt, type Finding, findingOf } from '../verify/index.ts'

/** What brought a key, as far as a package shows it. */
export interface AdmittedKey {
  readonly owner: string
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
  readonly statement: Statement
  readonly body: StatementBody
}

/** Roles of which a kind needs one (docs/spec/04-rulebook.md). */
const needed: Readonly<Partial<Record<StatementBody['kind'], readonly string[]>>> = {
  'participant.admit': ['administrator'],
  'participant.revoke': ['administrator'],
  'evidence.deposit': ['depositor'],
  'evidence.retract': ['depositor'],
  'evidence.attest': ['attestor', 'depositor'],
}

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
    return { state: 'shown', key }
  }

  private apply(entry: RegistryEntry): void {
    const { origin, index, statement, body } = entry
    if (body.kind === 'ledger.genesis') this.applyGenesis(entry, body.members.administrators)
    const brings = body.kind === 'participant.admit' || body.kind === 'participant.rotate-key'
    if (!brings && body.kind !== 'participant.revoke') return
    const verdict = this.signerOf(entry)
    if (verdict.state === 'fault') this.faults.push(verdict.fault)
    if (body.kind === 'participant.admit') {
      const { id, keys, roles } = body.members.participant
      this.bring(entry, keys[0] as Jwk, id, verdict, roles)
    } else if (body.kind === 'participant.rotate-key') {
      if (!this.isPossessed(entry, statement, body)) return
      this.bring(entry, body.members.newKey, statement.common.iss, verdict, undefined)
      if (verdict.state === 'shown') this.end(origin, `key ${statement.header.kid}`, { index, code: 'key-rotated' })
    } else if (verdict.state === 'shown' && body.kind === 'participant.revoke') {
      const { participant, key, compromisedSince } = body.members
      const since = compromisedSince === undefined ? {} : { compromisedSince }
      if (key !== undefined) this.end(origin, `key ${key}`, { index, code: 'key-revoked', ...since })
      else this.end(origin, `participant ${participant ?? ''}`, { index, code: 'participant-revoked', ...since })
    }
  }

  private applyGenesis(
    { origin, index, statement }: RegistryEntry,
    administrators: readonly { readonly id: string; readonly keys: readonly Jwk[] }[],
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
    for (const { id, keys } of administrators) {
      for (const jwk of keys) {
        this.brought.set(`${origin} ${thumbprint(jwk)}`, 0)
        this.keys.set(`${origin} ${thumbprint(jwk)}`, { owner: id, roles: ['administrator'], index, path: [0] })
      }
    }
  }

  private bring(
    { origin, index }: RegistryEntry,
    jwk: Jwk,
    owner: string,
    verdict: AdmissionVerdict,
    roles: readonly string[] | undefined,
  ): void {
    const name = `${origin} ${thumbprint(jwk)}`
    const before = this.brought.get(name)
    if (before !== undefined) {
      const message = `Entry ${index} brings a key that entry ${before} had brought.`
      this.faults.push({ code: 'key-exists', index, message })
      return
    }
    this.brought.set(name, index)
    if (verdict.state !== 'shown') return
    const { key } = verdict
    this.keys.set(name, { owner, roles: roles ?? key.roles, index, path: [index, ...key.path] })
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

function entryOf({ receipt, statement, body, faults, unjudged }: CheckedReceipt): RegistryEntry | undefined {
  if (statement === undefined || body === undefined || faults.length > 0 || unjudged.length > 0) return undefined
  return { origin: receipt.proof.checkpoint.origin, index: receipt.entry.index, statement, body }
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
