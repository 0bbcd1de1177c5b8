import { disclosureDigest } from '../core/disclosure.ts'
import { EvidenceError } from '../core/errors.ts'
import { changesRegistry } from '../statements/kinds.ts'
import type { LaterEvent } from '../statements/later-events.ts'
import { isActive, type Registry } from '../statements/registry.ts'
import { grantsReading } from '../statements/said.ts'
import type { Statement } from '../statements/statement.ts'
import type { FolderConfig } from './data-folder.ts'
import { isSealedKey, type LookupKey } from './lookup.ts'
import type { SearchScope } from './lookup-scope.ts'

/** Somebody who reads, or who signed what is refused: nobody in particular, or a participant of the registry. */
export type Reader = { readonly kind: 'anonymous' } | NamedReader

export interface NamedReader {
  readonly kind: 'participant'
  readonly id: string
  readonly roles: readonly string[]
  /** Whether a statement in the ledger lets it read an entry and its claims. */
  readonly isGranted: (index: number) => boolean
}

export const anonymous: Reader = { kind: 'anonymous' }

/** A participant as a reader; anonymous where it is unknown or not active, for it has lost its rights. */
export function readerNamed(registry: Registry, id: string | undefined): Reader {
  const participant = id === undefined ? undefined : registry.participants.get(id)
  if (participant === undefined || !isActive(registry, participant.id)) return anonymous
  const isGranted = (index: number): boolean => grantsReading(registry, participant.id, index)
  return { kind: 'participant', id: participant.id, roles: participant.roles, isGranted }
}

/** The owner of a key as a reader; anonymous where the key is not in use: one that was revoked may be in any hands. */
export function readerByKey(registry: Registry, kid: string): Reader {
  const key = registry.keys.get(kid)
  return key?.status === 'active' ? readerNamed(registry, key.participant) : anonymous
}

/** Later events that others said of the entry, or of other entries besides it: told without being shown to those who may not read them. */
const toldUnshown: ReadonlySet<LaterEvent['what']> = new Set(['attested', 'related', 'erasure-ordered'])

/** What a right depends on in an entry. */
export interface EntryFacts {
  readonly index: number
  readonly iss: string
  readonly kind: string
}

/**
 * The one place where reading rights are decided (docs/spec/11-access.md): every route, every refusal and every repetition
 * asks here. Who may *sign* what is the rulebook's.
 */
export class Rights {
  private readonly isPublic: boolean
  private readonly isOpen: boolean

  constructor({ reading, openDisclosures }: Pick<FolderConfig, 'reading' | 'openDisclosures'>) {
    this.isPublic = reading === 'public'
    this.isOpen = this.isPublic && openDisclosures
  }

  /** Whether answers that need no more than the right to entries may be kept by a shared cache. */
  get mayBeCached(): boolean {
    return this.isPublic
  }

  /** Entries of all kinds and issuers: entry bundles. */
  mayReadAll(reader: Reader): boolean {
    return this.isPublic || hasRole(reader, 'auditor')
  }

  /** Every participant reads the registry's entries and its own; auditors read all. */
  mayReadEntry(reader: Reader, entry: EntryFacts): boolean {
    return this.isPublic || ownsOrAudits(reader, entry)
  }

  /** Disclosures need the right in public mode too, unless the ledger was made with open ones. */
  mayReadDisclosures(reader: Reader, entry: EntryFacts): boolean {
    return this.isOpen || ownsOrAudits(reader, entry)
  }

  /** The ledger in pieces, disclosures included. */
  mayCopy(reader: Reader): reader is NamedReader {
    return hasRole(reader, 'auditor')
  }

  mayListParticipants(reader: Reader): boolean {
    return this.isPublic || reader.kind !== 'anonymous'
  }

  /** Whether any entry is read without a name: else an anonymous request is refused before anything is looked at. */
  mayReadUnnamed(reader: Reader): boolean {
    return this.isPublic || reader.kind !== 'anonymous'
  }

  /**
   * What a search of a reader may find: entries that they may read, and by what only sealed claims say (a case or exhibit number) only
   * those whose disclosures they may read too. Undefined where that is nothing.
   */
  searchScope(reader: Reader, key: LookupKey | undefined): SearchScope | undefined {
    const isOpen = isSealedKey(key) ? this.isOpen : this.isPublic
    if (isOpen || hasRole(reader, 'auditor')) return 'everything'
    return reader.kind === 'participant' ? { issuers: [reader.id] } : undefined
  }

  /** An entry is found by a sealed claim only by those who may read the claim. */
  mayFind(reader: Reader, key: LookupKey | undefined, entry: EntryFacts): boolean {
    return isSealedKey(key) ? this.mayReadDisclosures(reader, entry) : this.mayReadEntry(reader, entry)
  }

  /** Whether a later event is shown whole: what is by or about the entry's own signer is for all who may ask. */
  mayReadEvent(reader: Reader, { what }: Pick<LaterEvent, 'what'>, entry: EntryFacts): boolean {
    return !toldUnshown.has(what) || this.mayReadEntry(reader, entry)
  }

  /** Has time stamps taken on demand. */
  mayStamp(reader: Reader): boolean {
    return hasRole(reader, 'administrator')
  }

  /**
   * Disclosures that an answer to a statement shows: those that came with this very request. A bare
   * statement may be sent again by anybody, and a revoked key still signs new ones.
   * @param handed digests of the disclosures that came with the request.
   */
  shownToSender(stored: readonly string[], handed: readonly string[]): string[] {
    return stored.filter((text) => handed.includes(disclosureDigest(text)))
  }

  /** Whether a sender whose `jti` was used before is given the earlier entry's receipt: its own, by a key in use. */
  mayHaveEarlier(registry: Registry, kid: string, entry: Pick<EntryFacts, 'iss'>): boolean {
    const sender = readerByKey(registry, kid)
    return sender.kind === 'participant' && sender.id === entry.iss
  }

  /** The refusal for a reader without the right: anonymous ones are asked to say who they are. */
  denied(reader: Reader, what: string): EvidenceError {
    return reader.kind === 'anonymous'
      ? new EvidenceError('not-authenticated', `${what} is for participants`)
      : new EvidenceError('not-permitted', `${what} is not for ${reader.id}`)
  }
}

function hasRole(reader: Reader, role: 'auditor' | 'administrator'): boolean {
  return reader.kind === 'participant' && reader.roles.includes(role)
}

function ownsOrAudits(reader: Reader, { index, iss, kind }: EntryFacts): boolean {
  if (reader.kind === 'anonymous') return false
  return hasRole(reader, 'auditor') || changesRegistry(kind) || iss === reader.id || reader.isGranted(index)
}

/** What rights ask of an entry. */
export function entryFacts(entry: { readonly index: number; readonly statement: Statement }): EntryFacts {
  const { iss, kind } = entry.statement.common
  return { index: entry.index, iss, kind }
}
