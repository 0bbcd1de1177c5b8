import { type Jwk, publicKeyOf, thumbprint } from '../core/index.ts'
import type { ParticipantType } from './vocabulary.ts'

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
  readonly since: number
  readonly revokedAt?: number
  readonly compromisedSince?: string
}

/** Who may sign what: all that entries say of it so far. Never changed in place. */
export interface Registry {
  readonly origin: string
  readonly environment: 'trial' | 'production' | undefined
  /** vkeys of the genesis. */
  readonly ledgerKeys: readonly string[]
  readonly participants: ReadonlyMap<string, ParticipantRecord>
  /** By thumbprint. */
  readonly keys: ReadonlyMap<string, KeyRecord>
  /** Index of the first registry entry that this version cannot judge: authority after it is not judged. */
  readonly uncertainSince?: number
}

/** The registry before any entry. */
export function emptyRegistry(origin: string): Registry {
  return { origin, environment: undefined, ledgerKeys: [], participants: new Map(), keys: new Map() }
}

/** The registry with a participant and its one key added. */
export function withParticipant(registry: Registry, participant: ParticipantRecord, jwk: Jwk): Registry {
  const participants = new Map(registry.participants).set(participant.id, participant)
  return withKey({ ...registry, participants }, participant.id, jwk, participant.since)
}

/** The registry with a key added. */
export function withKey(registry: Registry, participant: string, jwk: Jwk, since: number): Registry {
  const name = thumbprint(jwk)
  const record: KeyRecord = { jwk, publicKey: publicKeyOf(jwk), thumbprint: name, participant, status: 'active', since }
  return { ...registry, keys: new Map(registry.keys).set(name, record) }
}

/** The registry with one key's record replaced. */
export function withKeyRecord(registry: Registry, record: KeyRecord): Registry {
  return { ...registry, keys: new Map(registry.keys).set(record.thumbprint, record) }
}

/** The registry with one participant's record replaced. */
export function withParticipantRecord(registry: Registry, record: ParticipantRecord): Registry {
  return { ...registry, participants: new Map(registry.participants).set(record.id, record) }
}

/** A participant is active when it is not revoked and owns a usable key. */
export function isActive(registry: Registry, id: string): boolean {
  if (registry.participants.get(id)?.revokedAt !== undefined) return false
  for (const key of registry.keys.values()) if (key.participant === id && key.status === 'active') return true
  return false
}

/** True while somebody can still admit and revoke. */
export function hasActiveAdministrator(registry: Registry): boolean {
  for (const participant of registry.participants.values()) {
    if (participant.roles.includes('administrator') && isActive(registry, participant.id)) return true
  }
  return false
}
