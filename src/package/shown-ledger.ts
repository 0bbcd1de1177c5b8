import { append } from '../core/arrays.ts'
import { equalBytes } from '../core/bytes.ts'
import { verifyEd25519 } from '../core/ed25519.ts'
import { leafHash } from '../core/entry.ts'
import { EvidenceError } from '../core/errors.ts'
import { thumbprint } from '../core/jwk.ts'
import { defined } from '../core/objects.ts'
import type { Ending, SignedBy } from '../statements/kind.ts'
import { isReplayed, kindNamed, type StatementBody } from '../statements/kinds.ts'
import { emptyRegistry, type Registry } from '../statements/registry.ts'
import { judge, type Judgement } from '../statements/rulebook.ts'
import type { History, TargetFacts } from '../statements/rules.ts'
import {
  admittedBy,
  cosignersOf,
  endingsOf,
  keysBroughtBy,
  ownNewKeyOf,
  soundnessOf,
  targetFactsOf,
} from '../statements/said.ts'
import { signedBy, type Statement } from '../statements/statement.ts'
import { type Finding, findingOf } from '../verify/report.ts'

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
  /** `not-judged`: shown, but something of the receipts that lead back to the genesis is not judged, such as the quorum of their witnesses. */
  | { readonly state: 'shown' | 'not-judged'; readonly key: AdmittedKey }
  | { readonly state: 'not-shown' }
  | { readonly state: 'fault'; readonly faults: readonly Finding[] }

/** What ends a key, a participant, the ledger or its intake, and the entry that says so. */
interface ShownEnding {
  readonly index: number
  readonly code: Ending['what']
  /** Whether nothing of the receipt that says so is unjudged. */
  readonly isJudged: boolean
  readonly compromisedSince?: string
}

/** A key, and those of who signed and approved the entry that brought it. */
interface BroughtKey extends Omit<AdmittedKey, 'path'> {
  /** Whether nothing of the receipt of the entry that brought it is unjudged. */
  readonly isJudged: boolean
  readonly behind: readonly BroughtKey[]
}

interface Judged extends Pick<Judgement, 'violations' | 'unjudged' | 'isAuthorityOpen'> {
  readonly bytes: Uint8Array
}

/** A receipt in which no fault was found. */
export interface ShownEntry {
  readonly index: number
  readonly time: string
  readonly timeMs: number
  readonly statement: Statement
  /** Undefined of an unknown kind. */
  readonly body: StatementBody | undefined
  readonly bytes: Uint8Array
  /** The sealed name beside an admission, where the receipt shows it. */
  readonly sealedName: string | undefined
  /** Whether nothing of the receipt is unjudged. */
  readonly isJudged: boolean
}

/** The entries of one ledger that a package shows. */
export class ShownLedger implements History {
  readonly faults: Finding[] = []
  readonly unjudged: Finding[] = []
  private readonly origin: string
  private registry: Registry
  private readonly judged = new Map<number, Judged>()
  private readonly keys = new Map<string, BroughtKey>()
  /*
   * What entries without a fault of their own bring and end, whether or not they rest on anything shown: a ledger that seals
   * what contradicts it broke its rules there or here.
   */
  private readonly brought = new Map<string, number>()
  private readonly endings = new Map<string, ShownEnding[]>()
  private readonly statements = new Map<string, number>()
  private readonly targets = new Map<number, TargetFacts>()

  constructor(origin: string, entries: readonly ShownEntry[]) {
    this.origin = origin
    this.registry = { ...emptyRegistry(origin), isPartial: true }
    for (const entry of entries) this.apply(entry)
    // A key may turn out to have come later than an entry that it signed. Of entries that keep no state a verdict is asked for.
    for (const entry of entries) if (isReplayed(entry.statement.common.kind)) this.report(entry)
  }

  verdict(entry: ShownEntry): AdmissionVerdict {
    const judged = this.judged.get(entry.index)
    // Of another entry at that index: two histories, and neither rests on the other.
    if (judged === undefined || !equalBytes(judged.bytes, entry.bytes)) return { state: 'not-shown' }
    return this.verdictOf(entry, judged)
  }

  /** What ended the ledger, its intake if the statement is a deposit, or the key or participant that signed it. */
  endingsOf({ header, common }: Statement): ShownEnding[] {
    const at = (name: string): ShownEnding[] => this.endings.get(name) ?? []
    const intake = kindNamed(common.kind)?.items === undefined ? [] : at('intake')
    return [...at('ledger'), ...intake, ...this.endingsOfSigner({ iss: common.iss, kid: header.kid })]
  }

  /** What ended a key or its participant. */
  endingsOfSigner({ iss, kid }: SignedBy): ShownEnding[] {
    return [`key ${kid}`, `participant ${iss}`].flatMap((name) => this.endings.get(name) ?? [])
  }

  findStatement(iss: string, jti: string): number | undefined {
    return this.statements.get(JSON.stringify([iss, jti]))
  }

  /** What is known of an entry that others refer to; all undefined, and so left open, where it is not at hand. */
  target(index: number): TargetFacts {
    return this.targets.get(index) ?? { leafHash: undefined, kind: undefined, iss: '', items: undefined }
  }

  private verdictOf({ index, statement }: ShownEntry, { violations, isAuthorityOpen }: Judged): AdmissionVerdict {
    const fault = (...errors: readonly EvidenceError[]): AdmissionVerdict => ({
      state: 'fault',
      faults: errors.map((error) => admissionFault(error, index)),
    })
    if (violations.length > 0) return fault(...violations)
    const broughtAt = this.brought.get(`key ${statement.header.kid}`)
    if (isAuthorityOpen && broughtAt !== undefined && broughtAt >= index) {
      const message = `its signer’s key came to the ledger with entry ${broughtAt}, not before`
      return fault(new EvidenceError('admission-invalid', message))
    }
    const ended = this.endingsOf(statement).filter((ending) => ending.index < index)
    if (ended.length > 0)
      return fault(...ended.map(({ code, index: by }) => new EvidenceError(code, `entry ${by} ended that before`)))
    const key = this.keys.get(statement.header.kid)
    if (isAuthorityOpen || key === undefined) return { state: 'not-shown' }
    const { behind: _behind, isJudged: _isJudged, ...admitted } = key
    const way = wayBack(key)
    const path = [...new Set(way.map((one) => one.index))].sort((a, b) => b - a)
    return { state: way.every((one) => one.isJudged) ? 'shown' : 'not-judged', key: { ...admitted, path } }
  }

  private apply(entry: ShownEntry): void {
    const { index, statement } = entry
    const { origin, registry } = this
    const judgement = judge(registry, entry, this, { origin, ledgerKeys: [], verifies: verifyEd25519 })
    const { common } = statement
    this.targets.set(index, targetFactsOf(statement, leafHash(entry.bytes), soundnessOf(judgement)))
    const violations = [...judgement.violations]
    this.registry = judgement.next
    for (const error of this.bring(entry))
      if (!violations.some(({ code }) => code === error.code)) violations.push(error)
    if (this.registry !== registry) this.takeKeys(entry)
    if (violations.length === 0) this.end(entry)
    if (violations.length === 0) this.use(common.iss, common.jti, index)
    const { unjudged, isAuthorityOpen } = judgement
    this.judged.set(index, { violations, unjudged, isAuthorityOpen, bytes: entry.bytes })
  }

  private use(iss: string, jti: string, index: number): void {
    const name = JSON.stringify([iss, jti])
    this.statements.set(name, this.statements.get(name) ?? index)
  }

  /** Keys and ids are brought once, and revoked once. */
  private bring({ index, statement, body }: ShownEntry): EvidenceError[] {
    const found: EvidenceError[] = []
    const take = (name: string, what: string, code: 'key-exists' | 'participant-exists' | 'already-revoked'): void => {
      const earlier = this.brought.get(name)
      if (earlier === undefined) this.brought.set(name, index)
      else if (earlier !== index) found.push(new EvidenceError(code, `entry ${earlier} ${what}`))
    }
    for (const jwk of keysBroughtBy(body)) take(`key ${thumbprint(jwk)}`, 'brought the key', 'key-exists')
    for (const { id } of admittedBy(body))
      take(`participant ${id}`, `brought the participant ${id}`, 'participant-exists')
    for (const { of, what } of endingsOf(body, signedBy(statement))) {
      const isRevocation = what === 'key-revoked' || what === 'participant-revoked'
      if (isRevocation) take(`revocation of ${nameOf(of)}`, `revoked the ${nameOf(of)}`, 'already-revoked')
    }
    return found
  }

  private end({ index, statement, body, isJudged }: ShownEntry): void {
    for (const { of, what, compromisedSince } of endingsOf(body, signedBy(statement))) {
      const ending = { index, code: what, isJudged, ...defined({ compromisedSince }) }
      this.endings.set(nameOf(of), [...(this.endings.get(nameOf(of)) ?? []), ending])
    }
  }

  private report(entry: ShownEntry): void {
    const { index } = entry
    const verdict = this.verdict(entry)
    if (verdict.state === 'fault') append(this.faults, verdict.faults)
    // An unknown kind or alg is the receipt's own finding.
    const open = (this.judged.get(index)?.unjudged ?? []).filter(
      ({ facts }) => facts.where !== 'kind' && facts.where !== 'alg',
    )
    append(
      this.unjudged,
      open.map((error) => findingOf(error, index)),
    )
  }

  /** Where the keys that an entry brought lead back to. */
  private takeKeys({ index, statement, body, sealedName, isJudged }: ShownEntry): void {
    const { header, common } = statement
    const signer = this.keys.get(header.kid)
    const behind = [header.kid, ...cosignersOf(body)].flatMap((kid) => this.keys.get(kid) ?? [])
    for (const kid of keysBroughtBy(body).map(thumbprint)) {
      const owner = this.registry.keys.get(kid)?.participant ?? common.iss
      const { roles = [], name = sealedName } = this.registry.participants.get(owner) ?? {}
      const by = index === 0 ? {} : { by: { participant: common.iss, index } }
      const admission = { owner, roles, ...by, ...defined({ name }) }
      // A rotation goes on from what its owner's admission said.
      const isRotation = ownNewKeyOf(body) !== undefined && signer !== undefined
      this.keys.set(kid, { ...(isRotation ? signer : admission), index, isJudged, behind })
    }
  }
}

function nameOf(of: Ending['of']): string {
  if (typeof of === 'string') return of
  return 'key' in of ? `key ${of.key}` : `participant ${of.participant}`
}

/** A key, and those that lead from it back to the genesis. Only where it is asked for: of all keys of a long chain the ways are as long as its square. */
function wayBack(key: BroughtKey): readonly BroughtKey[] {
  const seen = new Set<BroughtKey>([key])
  // A set is walked to its end, which moves on while it grows.
  for (const one of seen) for (const before of one.behind) seen.add(before)
  return [...seen]
}

/** That a key was admitted to another, or without the role, is one code of a package. */
function admissionFault(error: EvidenceError, index: number): Finding {
  const isAdmission = error.code === 'key-not-issuers' || error.code === 'role-missing'
  const message = `Entry ${index}: ${error.message}.`
  return { ...findingOf(error, index), message, ...(isAdmission ? { code: 'admission-invalid' as const } : {}) }
}
