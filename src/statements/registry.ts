import { noteAcceptablePublicKey } from '../core/ed25519.ts'
import { type Jwk, publicKeyOf, thumbprint } from '../core/jwk.ts'
import { withEntry } from './grown-map.ts'
import type { ParticipantType, Role } from './vocabulary.ts'

/** A key, for ever one participant's. */
export interface KeyRecord {
  readonly jwk: Jwk
  /** 32 bytes, checked when the key was admitted. */
  readonly publicKey: Uint8Array
  readonly thumbprint: string
  readonly participant: string
  readonly status: 'active' | 'rotated' | 'revoked'
  /** Index of the entry that brought it. */
  readonly since: number
  /** Index of the entry that rotated it out or revoked it; it signs nothing after. */
  readonly until?: number
  /** Entries by this key with this time or a later one are flagged. */
  readonly compromisedSince?: string
}

export interface ParticipantRecord {
  readonly id: string
  /** Undefined for an administrator of the genesis, which gives no type. */
  readonly type?: ParticipantType
  readonly roles: readonly string[]
  readonly name?: string
  /** How the administrators found out who it is, as its admission says. */
  readonly identifiedBy?: string
  readonly since: number
  readonly revokedAt?: number
  readonly compromisedSince?: string
}

/** From the entry that brought a ledger key to the one that retired it. */
export interface LedgerKeySpan {
  readonly since: number
  readonly until?: number
}

/** Approvals that a change needs (docs/spec/14-ledger-keys.md). */
export interface Approvals {
  readonly administrators: number
  readonly recovery?: number
}

/** Who may sign what: all that entries say of it so far. Never changed in place. */
export interface Registry {
  readonly origin: string
  readonly environment: 'trial' | 'production' | undefined
  /** Origin of the ledger that this one continues, as its genesis says. */
  readonly continues?: string
  /** vkeys of the ledger, retired ones too. */
  readonly ledgerKeys: readonly string[]
  /** Which entry brought each vkey that a rotation touched, and which retired it; one that is not here is the genesis'. */
  readonly ledgerKeySpans?: ReadonlyMap<string, LedgerKeySpan>
  /** Index of the entry that closed the ledger: none after it is valid. */
  readonly closedAt?: number
  /** Index of the first entry that ended the intake: no deposit after it is valid. */
  readonly intakeEndedAt?: number
  /** The ledger that goes on from this one, as the entry that closed it says, or else the one that ended its intake. */
  readonly successor?: { readonly origin: string; readonly checkpoint: string }
  /** How many must approve a change; undefined until an entry sets it. */
  readonly approvals?: Approvals
  /** Later entry versions that were announced. */
  readonly formats?: ReadonlySet<number>
  /** What kinds with state keep, by name of the kind: plain data that can be cloned, never changed in place. */
  readonly states?: ReadonlyMap<string, unknown>
  /** `jti` of each proposal that took effect. */
  readonly proposals?: ReadonlyMap<string, true>
  readonly participants: ReadonlyMap<string, ParticipantRecord>
  /** By thumbprint. */
  readonly keys: ReadonlyMap<string, KeyRecord>
  /**
   * True where entries before may be unknown, as in a package: what stands in the registry holds, and what does not stand in it may be
   * all the same.
   */
  readonly isPartial?: boolean
  /** Index of the first registry entry that this version cannot judge: authority after it is not judged. */
  readonly uncertainSince?: number
  /** Index of the last entry that made it uncertain, or would have. */
  readonly doubtedAt?: number
}

/** The registry before any entry. */
export function emptyRegistry(origin: string): Registry {
  return { origin, environment: undefined, ledgerKeys: [], participants: new Map(), keys: new Map() }
}

/** The registry after an entry that cannot be judged, or is not at hand: uncertain, unless it was before. */
export function doubted(registry: Registry, index: number): Registry {
  return { ...registry, uncertainSince: registry.uncertainSince ?? index, doubtedAt: index }
}

/** The registry with a participant and its one key added. */
export function withParticipant(registry: Registry, participant: ParticipantRecord, jwk: Jwk): Registry {
  const participants = withEntry(registry.participants, participant.id, participant)
  return withKey({ ...registry, participants }, participant.id, jwk, participant.since)
}

/** The registry with a key added. */
export function withKey(registry: Registry, participant: string, jwk: Jwk, since: number): Registry {
  const name = thumbprint(jwk)
  const publicKey = publicKeyOf(jwk)
  noteAcceptablePublicKey(publicKey)
  const record: KeyRecord = { jwk, publicKey, thumbprint: name, participant, status: 'active', since }
  return { ...registry, keys: withEntry(registry.keys, name, record) }
}

/** The registry with one key's record replaced. */
export function withKeyRecord(registry: Registry, record: KeyRecord): Registry {
  return { ...registry, keys: withEntry(registry.keys, record.thumbprint, record) }
}

/** The registry with one participant's record replaced. */
export function withParticipantRecord(registry: Registry, record: ParticipantRecord): Registry {
  return { ...registry, participants: withEntry(registry.participants, record.id, record) }
}

/**
 * The registry as another thread can be handed it: with maps that are nothing but maps, and without what kinds with state keep. That may be
 * large, changes with each of their entries, and is asked by their own rules alone: a thread judges none of their entries.
 */
export function copyableRegistry({ states: _states, ...registry }: Registry): Registry {
  const { participants, keys, proposals } = registry
  return {
    ...registry,
    participants: new Map(participants),
    keys: new Map(keys),
    ...(proposals === undefined ? {} : { proposals: new Map(proposals) }),
  }
}

/** Whether two registries are copied alike ({@link copyableRegistry}): they differ in what kinds with state keep, or in nothing. */
export function isCopiedAlike(before: Registry, after: Registry): boolean {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]) as Set<keyof Registry>
  names.delete('states')
  return [...names].every((name) => before[name] === after[name])
}

/** Takes a registry that another thread of this process copied here: its keys were checked there, and are not checked again. */
export function takeRegistry(registry: Registry): Registry {
  for (const { publicKey } of registry.keys.values()) noteAcceptablePublicKey(publicKey)
  return registry
}

/** Whether a vkey signs the checkpoint of `size`: brought before it, and retired at the earliest by its last entry. */
export function signsAt(registry: Registry, vkey: string, size: number): boolean {
  if (!registry.ledgerKeys.includes(vkey)) return false
  const { since, until } = registry.ledgerKeySpans?.get(vkey) ?? { since: 0, until: undefined }
  return since < size && (until === undefined || size <= until + 1)
}

/** The vkeys that sign from here on. */
export function currentLedgerKeys(registry: Registry): string[] {
  return registry.ledgerKeys.filter((vkey) => registry.ledgerKeySpans?.get(vkey)?.until === undefined)
}

/** A participant is active when it is not revoked and owns a usable key. */
export function isActive(registry: Registry, id: string): boolean {
  if (registry.participants.get(id)?.revokedAt !== undefined) return false
  for (const key of registry.keys.values()) if (key.participant === id && key.status === 'active') return true
  return false
}

/** Whether a participant is active and has a role. */
export function isActiveAs(registry: Registry, id: string, role: Role): boolean {
  return registry.participants.get(id)?.roles.includes(role) === true && isActive(registry, id)
}

/** How many active participants have a role. */
export function activeWithRole(registry: Registry, role: Role): number {
  let count = 0
  for (const participant of registry.participants.values()) {
    if (participant.roles.includes(role) && isActive(registry, participant.id)) count++
  }
  return count
}

/** The registry with what a kind keeps in it replaced. */
export function withState(registry: Registry, kind: string, state: unknown): Registry {
  return { ...registry, states: new Map(registry.states).set(kind, state) }
}
