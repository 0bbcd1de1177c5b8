import type { Disclosure } from '../core/disclosure.ts'
import type { EvidenceError } from '../core/errors.ts'
import type { JsonObject } from '../core/json.ts'
import type { Jwk } from '../core/jwk.ts'
import type { z } from 'zod'
import type { AccessTerms } from './access-terms.ts'
import type { Item, Placed } from './members.ts'
import type { Registry } from './registry.ts'
import type { EntryUnderJudgement, Findings, History, RuleContext, TargetSort } from './rules.ts'
import type { ParticipantType, Role, SealedClaim } from './vocabulary.ts'

/** What an event says has happened to an earlier entry (docs/spec/15-status.md). */
export type LaterEventName =
  | 'retracted'
  | 'part-retracted'
  | 'attested'
  | 'related'
  | RecordName
  | CustodyEventName
  | 'erasure-ordered'
  | EndedKey

/** What a record says (docs/spec/20-records.md). */
type RecordName = 'recorded' | 'challenged' | 'found'

/** What custody statements say (docs/spec/19-custody.md). */
export type CustodyEventName = 'handed-over' | 'custody-ended' | 'custody-resumed'

type EndedKey = 'key-rotated' | 'key-revoked' | 'participant-revoked'

/** What is to be said for ever beside an entry that stands, and beside each event of it (event-flags.ts has the words). */
export type EventFlag = 'moved-by-order' | 'accepted-differs'

/** Who passes something on within a statement, and to whom; with what is to be said for ever beside it. */
export interface PassedOn {
  readonly giver: string
  readonly receiver: string
  /** None where nothing is to be said. */
  readonly flags?: readonly EventFlag[]
  /** On what ground an authority gives in lieu of the holder, an open code; also where nothing moved by it. */
  readonly inLieu?: string
}

/** A reference, and what the statement says by it has happened to the entry. */
export interface PlacedReference extends Placed {
  /** Undefined where the statement says nothing that the status of the entry shows. */
  readonly event?: { readonly what: LaterEventName; readonly code?: string } & Partial<PassedOn>
  /** True where the rule asks what the entry says, beyond what it deposits: who judges must open it (`TargetFacts.said`). */
  readonly asksWhat?: true
}

/** Sealed claims of an earlier entry of this ledger that a statement orders to be erased. */
export interface Erasing {
  readonly index: number
  /** Padded base64 of 32 bytes. */
  readonly leafHash: string
  /** base64url SHA-256 of each disclosure to be erased. */
  readonly digests: readonly string[]
}

/** Sealed claims of entries of an earlier ledger that a statement orders to be erased there. */
export interface ErasingBefore {
  /** Origin of that ledger. */
  readonly origin: string
  readonly of: readonly Erasing[]
}

/** A participant that a statement admits. */
export interface Admitted {
  readonly id: string
  readonly name?: string
  /** Undefined for an administrator of the genesis, which gives no type. */
  readonly type?: ParticipantType
  readonly roles: readonly string[]
  readonly keys: readonly Jwk[]
}

/** What a statement ends: a key by its thumbprint, a participant by its id, the ledger, or its intake of deposits. */
export interface Ending {
  readonly of: { readonly key: string } | { readonly participant: string } | 'ledger' | 'intake'
  readonly what: EndedKey | 'ledger-closed' | 'intake-ended'
  /** The reason; none of a rotation. */
  readonly code?: string
  /** Canonical time from which on what the key signed is flagged. */
  readonly compromisedSince?: string
}

/** A ledger's key that takes the place of another, each as a vkey. */
export interface LedgerKeyChange {
  readonly oldKey: string
  readonly newKey: string
  readonly reason: string
}

/** Who signed a statement: a participant's id, and the thumbprint of the key. */
export interface SignedBy {
  readonly iss: string
  readonly kid: string
}

/** How a kind behaves as a change that several approve (docs/spec/14-ledger-keys.md). */
export interface Proposable<Members> {
  /** Whether the change would alter who can recover the ledger. */
  touchesRecovery(registry: Registry, members: Members): boolean
  /** Whether it only replaces an administrator: the one thing that recovery officers may do by themselves. */
  replacesAdministrator(registry: Registry, members: Members): boolean
  /** How many administrators must approve it at least, however few a change needs; 1 where this is absent. */
  readonly leastAdministrators?: number
  /** True where somebody with a role of the kind may say it alone, however many a change needs. */
  readonly mayStandAlone?: true
}

/** Members that a statement of a kind that is {@link StatementKind.plain} may have, besides the common ones and its seals. */
export type PlainMember = 'items' | 'relates' | 'of' | '_sd' | '_sd_alg' | 'as' | 'reason'

/** When nothing but its own members, its signer and its references decides on a statement of a kind (docs/design/recogniser.md). */
export interface PlainForm {
  /** Members without which a statement is none. */
  readonly needs: readonly PlainMember[]
  readonly may: readonly PlainMember[]
  /** Whether the registry lets one stand; always where this is absent. */
  stands?(registry: Registry): boolean
  /** True where only the participant that made the entry it refers to may say it. */
  readonly ofOwnOnly?: true
}

/** A deposit by its index, and the participant that made it. */
export interface DepositName {
  readonly index: number
  readonly iss: string
}

/** Where the units of a deposit are (docs/spec/19-custody.md). */
export type UnitsState = 'with-issuer' | 'moved' | 'not-judged'

/** Who holds a unit, as a registry has it. */
export interface UnitCustody {
  readonly holder: string
  /** Index of the entry through which it is held. */
  readonly since: number
  readonly state: 'held' | 'ended' | 'not-judged'
  /** Index of the transfer in lieu of the holder. */
  readonly movedByOrder?: number | undefined
}

/** What a rule is asked: one entry, the registry before it, and where its findings go. */
export interface Asked<Members> {
  readonly registry: Registry
  readonly entry: EntryUnderJudgement
  readonly members: Members
  /** The statement that this one carries, for a kind that carries one. */
  readonly carried: Body | undefined
  readonly findings: Findings
  readonly history: History
  readonly context: RuleContext
  /** Where the units of a deposit are on this registry, as `unitsOf` of said.ts answers; `iss` deposited entry `index`. */
  readonly unitsOf: (index: number, iss: string) => UnitsState
}

/** A statement's own members, judged by the schema of its kind. */
export interface Body<Name extends string = string, Members = unknown> {
  readonly kind: Name
  readonly members: Members
  /** The kind's file. */
  readonly rule: StatementKind
  /** What a `ledger.change` carries. */
  readonly carried?: Body
}

/** Reads the members of a statement within another; undefined for a kind of a later version. Throws as `readBody`. */
export type ReadMembers = (kind: string, own: JsonObject) => Body | undefined

/**
 * All that the software knows of one kind of statement (docs/design/statement-kinds.md). Other code asks a kind by these members,
 * through the functions of said.ts, and never by its name.
 */
export interface StatementKind<Name extends string = string, Members = unknown> {
  readonly name: Name
  /** Its members besides the common ones. Published schemas never change: a new member is a new kind. */
  readonly schema: z.ZodType<Members>
  /** Any one of these roles lets a participant sign it. Empty: the rule itself says who may. */
  readonly roles: readonly Role[]
  /** The sealed claims that it may carry, each with the shape of its value. */
  readonly seals: Readonly<Partial<Record<SealedClaim, z.ZodType>>>
  /** Sealed claims that must be there when it is sent in. */
  readonly mustSeal?: readonly SealedClaim[]
  /** True for the kind of entry 0, which brings the first keys and so is not judged by them. */
  readonly isGenesis?: true
  /** True where its rule keeps facts in the registry though its name does not say so: its entries are then judged again at start. */
  readonly hasState?: true
  /**
   * Present where kinds of later versions whose names begin with `prefix` may change what it keeps: the registry after an entry of one of
   * them.
   */
  readonly family?: {
    readonly prefix: string
    readonly unknown: (registry: Registry, index: number) => Registry
  }
  /** True where it sets how many approve a change: what a key's admission rests on. */
  readonly setsApprovals?: true
  /** Present where a statement may be recognised over its bytes: its rule never changes the registry. */
  readonly plain?: PlainForm
  /** What its entries are to references that may point at more than deposits (references.ts). */
  readonly pointedAt?: TargetSort
  /** Present where it may be a change that several approve. */
  readonly proposal?: Proposable<Members>

  /** The rule: adds findings, returns the registry after the entry, the same object where nothing changed. */
  judge(asked: Asked<Members>): Registry
  /** The registry after an entry that violates nothing and of which something is not judged; without it, as the rulebook leaves it. */
  leftOpen?(asked: Asked<Members>): Registry
  /**
   * Whether a violation that entries not at hand might explain holds whatever they say, since the registry has what it is about
   * (docs/spec/18-package.md).
   */
  holdsAnyway?(registry: Registry, members: Members, finding: EvidenceError): boolean
  /** What sealed values must be besides their shape: why one does not fit, or undefined. `digest`: the disclosure's, as in `_sd`. */
  sealedFault?(members: Members, claim: SealedClaim, value: unknown, digest: string): string | undefined
  /** The statement within; undefined where it is of a later kind. Throws the codes of its members. */
  carries?(members: Members, read: ReadMembers): Body | undefined
  /** What it deposits, at most 64. */
  items?(members: Members): readonly Item[]
  /** Earlier entries of this ledger that it refers to, at most 64. */
  references?(members: Members): readonly PlacedReference[]
  /** Sealed claims of entries of this ledger that it orders to be erased, at most 64 entries. */
  erases?(members: Members): readonly Erasing[]
  /** Sealed claims that it orders to be erased in the ledger that this one continues. */
  erasesBefore?(members: Members): ErasingBefore | undefined
  /** Participants that it admits. */
  admits?(members: Members): readonly Admitted[]
  /** A key that it brings for its own signer. */
  ownNewKey?(members: Members): Jwk
  /** Keys and participants that it ends. */
  ends?(members: Members, by: SignedBy): readonly Ending[]
  /** Thumbprints of keys by which others signed within it. */
  cosigners?(members: Members): readonly string[]
  /**
   * Who signed within it. A key of theirs that was compromised flags the entry, and entries that they may read are shown to its signer: so
   * its rule asks nothing of these before the signatures within are found to hold.
   */
  signedWithin?(members: Members): readonly SignedBy[]
  /** What is said for ever beside an entry of it that stands, such as that somebody's signature was not needed. */
  flags?(members: Members): readonly EventFlag[]
  /** The change of the ledger's key that it says. */
  ledgerKeyChange?(members: Members): LedgerKeyChange
  /**
   * Where the units of a deposit are by what entries of this kind said (docs/spec/19-custody.md): all held by the participant that
   * deposited them, or one that is held by another or ended, or not known to this version. `iss`: who deposited entry `index`.
   */
  unitsOf?(registry: Registry, index: number, iss: string): UnitsState
  /** Who holds each of the `count` units of a deposit, in the order of its items, by what entries of this kind said. */
  custody?(registry: Registry, deposit: DepositName, count: number): readonly UnitCustody[]
  /** The rule of access that its sealed claims state; undefined where they are withheld. */
  accessTerms?(disclosures: readonly Disclosure[]): AccessTerms | undefined
  /** Whether its sealed claims close what it deposits from its own entry on (docs/spec/21-access-rules.md). */
  sealsItself?(disclosures: readonly Disclosure[]): boolean
  /** Index of the entry through which a participant holds a unit of a deposit, by what entries of this kind said; the earliest of several. */
  heldSince?(registry: Registry, participant: string, index: number): number | undefined
  /** Whether the registry, by what entries of this kind said, lets a participant read an entry and its claims. */
  grantsReading?(registry: Registry, participant: string, index: number): boolean
}
