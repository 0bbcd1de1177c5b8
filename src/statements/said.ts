import type { Disclosure } from '../core/disclosure.ts'
import type { Jwk } from '../core/jwk.ts'
import { attempt, valueOr } from '../core/attempt.ts'
import { EvidenceError } from '../core/errors.ts'
import { defined } from '../core/objects.ts'
import type { AccessTerms } from './access-terms.ts'
import { effectiveBody, readBody } from './body.ts'
import type {
  Admitted,
  Body,
  DepositName,
  Ending,
  Erasing,
  ErasingBefore,
  EventFlag,
  LedgerKeyChange,
  PlacedReference,
  SignedBy,
  UnitCustody,
  UnitsState,
} from './kind.ts'
import { allKinds, kindNamed } from './kinds.ts'
import { toReadersOnly } from './later-event-names.ts'
import type { Item } from './members.ts'
import type { Registry } from './registry.ts'
import type { Findings, KindSaid, SaidFacts, Soundness, TargetFacts } from './rules.ts'
import type { DigestAlgorithm } from '../core/hash.ts'
import { signedBy, type Statement } from './statement.ts'

/*
 * What a statement says, asked of whatever kind it is: by itself, or as the change that it carries. A kind answers in its own
 * file, and nothing else looks at its members (docs/design/statement-kinds.md). A body that could not be read says nothing.
 */

/** What the kind of a statement, or of the change that it carries, answers. */
function asked<T>(body: Body | undefined, ask: (rule: Body['rule'], members: unknown) => T | undefined): T | undefined {
  if (body === undefined) return undefined
  const { rule, members } = effectiveBody(body)
  return ask(rule, members)
}

/** The items that a statement deposits; empty for a kind that deposits none. */
export function itemsOf(body: Body | undefined): readonly Item[] {
  return asked(body, (rule, members) => rule.items?.(members)) ?? []
}

/** Whether a statement deposits files, by itself. */
export function isDeposit(body: Body | undefined): boolean {
  return body?.rule.items !== undefined
}

/** The earlier entries of this ledger that a statement refers to, in its own order. */
export function referencesOf(body: Body | undefined): readonly PlacedReference[] {
  return asked(body, (rule, members) => rule.references?.(members)) ?? []
}

/** The sealed claims of earlier entries of this ledger that a statement orders to be erased. */
export function erasedBy(body: Body | undefined): readonly Erasing[] {
  return asked(body, (rule, members) => rule.erases?.(members)) ?? []
}

/** What a statement orders to be erased in the ledger that this one continues; undefined where it orders nothing there. */
export function erasedBefore(body: Body | undefined): ErasingBefore | undefined {
  return asked(body, (rule, members) => rule.erasesBefore?.(members))
}

/** The participants that a statement admits. */
export function admittedBy(body: Body | undefined): readonly Admitted[] {
  return asked(body, (rule, members) => rule.admits?.(members)) ?? []
}

/** The key that a statement brings for its own signer. */
export function ownNewKeyOf(body: Body | undefined): Jwk | undefined {
  return asked(body, (rule, members) => rule.ownNewKey?.(members))
}

/** All keys that a statement brings: of those that it admits, and its signer's new one. */
export function keysBroughtBy(body: Body | undefined): readonly Jwk[] {
  const own = ownNewKeyOf(body)
  return [...admittedBy(body).flatMap(({ keys }) => keys), ...(own === undefined ? [] : [own])]
}

/** The keys and participants that a statement ends, and the ledger or its intake. */
export function endingsOf(body: Body | undefined, by: SignedBy): readonly Ending[] {
  return asked(body, (rule, members) => rule.ends?.(members, by)) ?? []
}

/** Ids of the participants that a statement admits or ends. */
export function subjectsOf(body: Body | undefined, by: SignedBy): readonly string[] {
  const ended = endingsOf(body, by).flatMap(({ of }) =>
    typeof of === 'object' && 'participant' in of ? [of.participant] : [],
  )
  return [...admittedBy(body).map(({ id }) => id), ...ended]
}

/** Thumbprints of the keys by which others signed within a statement, such as those of who approved it; each once. */
export function cosignersOf(body: Body | undefined): readonly string[] {
  return body?.rule.cosigners?.(body.members) ?? signedWithin(body).map(({ kid }) => kid)
}

/** Who signed within a statement, besides its signer: what is said later of their keys is said of the statement too. */
export function signedWithin(body: Body | undefined): readonly SignedBy[] {
  return asked(body, (rule, members) => rule.signedWithin?.(members)) ?? []
}

/** What is to be said for ever beside an entry that stands; empty where there is nothing. */
export function flagsOf(body: Body | undefined): readonly EventFlag[] {
  return asked(body, (rule, members) => rule.flags?.(members)) ?? []
}

/** The change of the ledger's key that a statement says. */
export function ledgerKeyChangeOf(body: Body | undefined): LedgerKeyChange | undefined {
  return asked(body, (rule, members) => rule.ledgerKeyChange?.(members))
}

/** Whether a statement sets how many approve a change. */
export function setsApprovals(body: Body | undefined): boolean {
  return asked(body, (rule) => rule.setsApprovals) === true
}

/** base64url SHA-256 of each disclosure that a statement seals. */
export function sealedDigestsOf(body: Body): readonly string[] {
  return (effectiveBody(body).members as { readonly _sd?: readonly string[] | undefined })._sd ?? []
}

/**
 * What references ask of the entry of a statement; of a kind that is not known here, no kind. `leafHash`: 32 bytes; `soundness` as
 * {@link soundnessOf} tells it, left out where the entry is known to have broken no rule.
 */
export function targetFactsOf(statement: Statement, leafHash: Uint8Array, soundness?: Soundness): TargetFacts {
  const { common, payload } = statement
  const { iss } = common
  const known = kindNamed(common.kind)
  const kind = known && kindSaid(statement)
  const { items } = payload
  const said = (): SaidFacts | undefined => saidFactsOf(statement)
  if (known?.items === undefined) {
    const sort = known?.pointedAt
    return { leafHash, kind, iss, items: undefined, ...defined({ sort, soundness }), said }
  }
  const list = Array.isArray(items) ? items : []
  return { leafHash, kind, iss, items: list.length, ...defined({ lines: manifestLines(list), soundness }), said }
}

/** Whether an entry broke a rule, by what the rulebook found; undefined where it broke none. */
export function soundnessOf({
  violations,
  unjudged,
}: Readonly<Record<keyof Findings, readonly unknown[]>>): Soundness | undefined {
  return violations.length > 0 ? 'violated' : unjudged.length > 0 ? 'open' : undefined
}

/** The kind of what a statement says, whether by itself or as a change that several approved; empty where such a change cannot be read. */
export function kindSaid(statement: Statement): KindSaid {
  const { kind } = statement.common
  if (kindNamed(kind)?.carries === undefined) return kind as KindSaid
  const body = valueOr(() => readBody(statement), undefined)
  return (body === undefined ? '' : effectiveBody(body).kind) as KindSaid
}

/** Whether a statement is a rule of access, whatever of it is shown. */
export function isAccessRule(body: Body | undefined): boolean {
  return body !== undefined && effectiveBody(body).rule.accessTerms !== undefined
}

/** What a statement says, by itself or as the change that it carries; undefined where that is of a kind that is not known here. */
export function saidFactsOf(statement: Statement): SaidFacts | undefined {
  const body = attempt(() => readBody(statement))
  if (body === undefined) return undefined
  // One whose members are not in order seals nothing that could be kept.
  if (body instanceof EvidenceError)
    return { kind: statement.common.kind, isChange: false, isOrder: false, digests: [] }
  const { kind, rule } = effectiveBody(body)
  return { kind, isChange: kind !== body.kind, isOrder: rule.erases !== undefined, digests: sealedDigestsOf(body) }
}

/** Lines of each item that is a manifest, by number of the item. The items may be anything: that they break a rule is found elsewhere. */
export function manifestLines(items: readonly unknown[]): ReadonlyMap<number, number> | undefined {
  let lines: Map<number, number> | undefined
  items.forEach((item, i) => {
    const size = (item as { tree?: { size?: unknown } | null } | null)?.tree?.size
    if (typeof size === 'number' && Number.isSafeInteger(size))
      lines = (lines ?? new Map<number, number>()).set(i, size)
  })
  return lines
}

/** The rule of access that a statement's sealed claims state; undefined of a statement that states none, or whose claims are withheld. */
export function accessTermsOf(body: Body | undefined, disclosures: readonly Disclosure[]): AccessTerms | undefined {
  return disclosures.length === 0 ? undefined : body?.rule.accessTerms?.(disclosures)
}

/** Whether a statement's sealed claims close what it deposits from its own entry on. */
export function sealsItself(body: Body | undefined, disclosures: readonly Disclosure[]): boolean {
  return disclosures.length > 0 && body?.rule.sealsItself?.(disclosures) === true
}

/** Index of the entry through which a participant holds a unit of a deposit that changed hands; undefined where it holds none. */
export function heldSince(registry: Registry, participant: string, index: number): number | undefined {
  const since = allKinds.flatMap((kind) => kind.heldSince?.(registry, participant, index) ?? [])
  return since.length === 0 ? undefined : since.reduce((a, b) => Math.min(a, b))
}

/** Whether a statement is of a kind whose sealed claims state a rule of access, shown or not. */
export function statesTerms(body: Body | undefined): boolean {
  return body?.rule.accessTerms !== undefined
}

/** Earlier entries of which a statement may have taken custody for its signer, or taken it up again; none of a kind that keeps no state. */
export function takenBy(body: Body | undefined): readonly number[] {
  return body?.rule.hasState === true ? referencesOf(body).map(({ index }) => index) : []
}

/** Whether the registry lets a participant read an entry and its claims, by what kinds with state keep in it. */
export function grantsReading(registry: Registry, participant: string, index: number): boolean {
  return allKinds.some(
    (kind) =>
      kind.grantsReading?.(registry, participant, index) === true ||
      kind.heldSince?.(registry, participant, index) !== undefined,
  )
}

/** Where the units of the deposit in entry `index` are, which `iss` deposited: moved where any kind says so. */
export function unitsOf(registry: Registry, index: number, iss: string): UnitsState {
  const told = allKinds.map((kind) => kind.unitsOf?.(registry, index, iss) ?? 'with-issuer')
  return told.includes('moved') ? 'moved' : told.includes('not-judged') ? 'not-judged' : 'with-issuer'
}

/** Who holds each unit of the deposit of `count` items, in the order of its items. */
export function custodyOf(registry: Registry, deposit: DepositName, count: number): readonly UnitCustody[] {
  return allKinds.flatMap((kind) => kind.custody?.(registry, deposit, count) ?? [])
}

/** What of a statement says who may find it. */
export interface ListedBy {
  readonly iss: string
  readonly kind: string
  /** The kind of what a change carries ({@link kindSaid}); undefined of a statement that carries nothing. */
  readonly carried?: string
}

export function listedBy(statement: Statement): ListedBy {
  const { iss, kind } = statement.common
  return kindNamed(kind)?.carries === undefined ? { iss, kind } : { iss, kind, carried: kindSaid(statement) }
}

/** What of a statement a search may name. */
export interface SearchFacts extends ListedBy {
  readonly jti: string
  /** Digests of its items, in order, lower-case hex. */
  readonly digests: readonly { readonly algorithm: DigestAlgorithm; readonly hex: string }[]
  /** Participants that it admits or ends. */
  readonly subjects: readonly string[]
  /** Indices of the entries that it refers to. */
  readonly targets: readonly number[]
  /** Indices of the entries of which it says what their readers alone are told. */
  readonly recordsOf: readonly number[]
  readonly endings: readonly Ending[]
}

/** What of a statement a search may name; of one whose body cannot be read, who signed it and its kind. */
export function searchFactsOf(statement: Statement, body: Body | undefined): SearchFacts {
  const by = signedBy(statement)
  const references = referencesOf(body)
  return {
    ...listedBy(statement),
    jti: statement.common.jti,
    digests: itemsOf(body).flatMap(({ digest }) =>
      Object.entries(digest).map(([algorithm, hex]) => ({ algorithm: algorithm as DigestAlgorithm, hex })),
    ),
    subjects: subjectsOf(body, by),
    targets: references.filter((one) => !isRecord(one)).map(({ index }) => index),
    recordsOf: references.filter(isRecord).map(({ index }) => index),
    endings: endingsOf(body, by),
  }
}

function isRecord({ event }: PlacedReference): boolean {
  return event !== undefined && toReadersOnly.has(event.what)
}
