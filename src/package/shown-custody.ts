import { equalBytes } from '../core/bytes.ts'
import { verifyEd25519 } from '../core/ed25519.ts'
import { leafHash } from '../core/entry.ts'
import type { ErrorCode, EvidenceError } from '../core/errors.ts'
import { type Jwk, publicKeyOf } from '../core/jwk.ts'
import { releaseIn } from '../statements/custody-release.ts'
import { type Unit, withCustody, withUse } from '../statements/custody-state.ts'
import type { UnitCustody } from '../statements/kind.ts'
import { emptyRegistry, type Registry, withKey, withParticipant } from '../statements/registry.ts'
import { judge, type Judgement } from '../statements/rulebook.ts'
import type { EntryUnderJudgement, History, TargetFacts } from '../statements/rules.ts'
import { custodyOf, itemsOf, referencesOf, soundnessOf, targetFactsOf } from '../statements/said.ts'
import { type CheckedReceipt, ledgerOf } from '../verify/check-receipt.ts'

/* The custody of one deposit, replayed by the rulebook over the entries that are shown of it (docs/spec/19-custody.md). */

/** Somebody who signed an entry, or a release within one. */
export interface ShownSigner {
  readonly id: string
  readonly jwk: Jwk
  /** The roles with which it was admitted; undefined where no receipt of that is at hand. */
  readonly roles: readonly string[] | undefined
}

/** All that is shown of the custody of a deposit. */
export interface ShownOfCustody {
  /** Receipts that verified, as of all here. */
  readonly deposit: CheckedReceipt
  /** All entries that say something of its custody: a status shows each of them. */
  readonly later: readonly CheckedReceipt[]
  readonly signers: readonly ShownSigner[]
  /** Entries by authorities that order something. */
  readonly orders: readonly CheckedReceipt[]
}

/** What is wrong with a step: it does not follow from the entries shown, or whether it does cannot be judged by them. */
export interface StepTrouble {
  readonly state: 'does-not-follow' | 'not-judged'
  readonly why: string
}

export interface ShownCustody {
  /** Who holds each item, by the steps that follow. */
  readonly units: readonly UnitCustody[]
  /** By index of the entry; those that follow are missing. */
  readonly troubles: ReadonlyMap<number, StepTrouble>
}

/** Where custody is not as an entry has it: of all that is shown of a deposit nothing else explains that. */
const misplaced: readonly ErrorCode[] = ['custody-not-holder', 'custody-ended', 'custody-held', 'custody-stale']
/** What somebody whose admission is not shown is taken to have been admitted as: what it needs to deposit and to hold. */
const rolesOfUnshown: readonly string[] = ['depositor', 'attestor']

/** Replays the custody of a deposit: a step that does not follow moves nothing, and one that is not judged leaves open who holds it. */
export function replayCustody(shown: ShownOfCustody): ShownCustody {
  return new Replay(shown).run()
}

class Replay implements History {
  private readonly shown: ShownOfCustody
  private readonly index: number
  private readonly iss: string
  private readonly origin: string
  private readonly unadmitted: ReadonlySet<string>
  private registry: Registry
  private readonly statements = new Map<string, number>()
  private readonly targets = new Map<number, TargetFacts>()
  private readonly troubles = new Map<number, StepTrouble>()

  constructor(shown: ShownOfCustody) {
    const { deposit, signers } = shown
    this.shown = shown
    this.index = deposit.receipt.entry.index
    this.iss = deposit.statement?.common.iss ?? ''
    this.origin = ledgerOf(deposit)
    this.unadmitted = new Set(signers.filter(({ roles }) => roles === undefined).map(({ id }) => id))
    this.registry = registryOf(this.origin, signers)
  }

  findStatement(iss: string, jti: string): number | undefined {
    return this.statements.get(JSON.stringify([iss, jti]))
  }

  target(index: number): TargetFacts {
    return this.targets.get(index) ?? { leafHash: undefined, kind: undefined, iss: '', items: undefined }
  }

  run(): ShownCustody {
    const { deposit, later, orders } = this.shown
    for (const order of orders) {
      const { statement, receipt } = order
      const isKnown = statement !== undefined && !this.unadmitted.has(statement.common.iss)
      if (isKnown) this.targets.set(receipt.entry.index, targetFactsOf(statement, leafHash(receipt.entryBytes)))
    }
    const judgement = this.judge(deposit)
    if (judgement !== undefined && deposit.statement !== undefined) {
      const facts = targetFactsOf(deposit.statement, leafHash(deposit.receipt.entryBytes), soundnessOf(judgement))
      this.targets.set(this.index, facts)
    }
    const inOrder = [...later].sort((a, b) => a.receipt.entry.index - b.receipt.entry.index)
    for (const step of inOrder) this.step(step)
    const count = itemsOf(deposit.body).length
    return { units: custodyOf(this.registry, { index: this.index, iss: this.iss }, count), troubles: this.troubles }
  }

  private judge({ statement, receipt: { entry, signer }, isSigned }: CheckedReceipt): Judgement | undefined {
    if (statement === undefined) return undefined
    const { signingInput } = statement.jws
    const own = publicKeyOf(signer)
    // What was verified with the receipt is not verified again.
    const verifies: typeof verifyEd25519 = (key, message, signature) =>
      (isSigned && message === signingInput && equalBytes(key, own)) || verifyEd25519(key, message, signature)
    const { index, time } = entry
    const asked: EntryUnderJudgement = { index, time, timeMs: Date.parse(time), statement }
    const { origin } = this
    const judgement = judge(this.registry, asked, this, { origin, ledgerKeys: [], verifies })
    const { iss, jti } = statement.common
    if (judgement.usesStatementId) this.statements.set(JSON.stringify([iss, jti]), index)
    return judgement
  }

  private step(step: CheckedReceipt): void {
    const { index } = step.receipt.entry
    const judgement = this.judge(step)
    if (judgement === undefined) return this.leaveOpen(step, 'it is of a later version')
    const { broken, open } = this.findings(step, judgement)
    const [fault] = broken
    if (fault !== undefined) {
      this.troubles.set(index, { state: 'does-not-follow', why: `${fault.code}: ${fault.message}` })
      return
    }
    const [unknown] = open
    if (unknown !== undefined) return this.leaveOpen(step, unknown.message)
    this.registry = judgement.next
  }

  /** What is wrong with a step, as far as it is about the deposit: what else a release names may lie in entries that are not shown. */
  private findings(
    { body, statement }: CheckedReceipt,
    { violations, unshown, unjudged }: Judgement,
  ): { readonly broken: EvidenceError[]; readonly open: EvidenceError[] } {
    const elsewhere = new Set(
      referencesOf(body).flatMap(({ where, index }) => (index === this.index || where === 'order' ? [] : [where])),
    )
    const release = statement === undefined ? undefined : releaseIn(statement)
    const isRole = ({ code }: EvidenceError): boolean =>
      code === 'in-lieu-authority' && release !== undefined && this.unadmitted.has(release.iss)
    const isHard = (one: EvidenceError): boolean =>
      !isRole(one) && (!unshown.includes(one) || misplaced.includes(one.code))
    const found = [...violations, ...unshown].filter(({ facts }) => !elsewhere.has(facts.where ?? ''))
    return { broken: found.filter(isHard), open: [...found.filter((one) => !isHard(one)), ...unjudged] }
  }

  /** Who holds what a step is about is not known after it, and whether it used its release. */
  private leaveOpen(step: CheckedReceipt, why: string): void {
    const { index } = step.receipt.entry
    this.troubles.set(index, { state: 'not-judged', why })
    const openSince = index
    this.registry = withCustody(this.registry, this.unitsIn(step), (before) => ({ ...before, openSince }))
    const release = step.statement === undefined ? undefined : releaseIn(step.statement)
    if (release !== undefined) this.registry = withUse(this.registry, release, { index, isOpen: true })
  }

  /** The units of the deposit that a step names, each once. */
  private unitsIn({ body }: CheckedReceipt): Unit[] {
    const { index, iss } = this
    const count = itemsOf(this.shown.deposit.body).length
    const named = referencesOf(body).filter((one) => one.index === index)
    const items = named.flatMap(({ item }) => (item === undefined ? [...Array(count).keys()] : [item]))
    const known = [...new Set(items)].filter((item) => item < count)
    return known.map((item) => ({ where: '', index, item, iss, count }))
  }
}

function registryOf(origin: string, signers: readonly ShownSigner[]): Registry {
  let registry: Registry = { ...emptyRegistry(origin), isPartial: true }
  for (const { id, jwk, roles = rolesOfUnshown } of signers)
    registry = registry.participants.has(id)
      ? withKey(registry, id, jwk, 0)
      : withParticipant(registry, { id, roles, since: 0 }, jwk)
  return registry
}
