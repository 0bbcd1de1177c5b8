import { disclosureDigest } from '../core/disclosure.ts'
import { EvidenceError } from '../core/errors.ts'
import {
  everLetRead,
  isAnySealed,
  isFoundUnderSeals,
  isLetRead,
  sealedDepositsOf,
  sealsOn,
  type Standing,
} from './access/reading.ts'
import type { Reading } from './access/reading-log.ts'
import type { StandingRule } from './access/standing.ts'
import { ruledBy, type Subjects, subjectsSaid } from './access/subjects.ts'
import { mayEnd } from './access/terms.ts'
import { changesRegistry, kindNamed } from '../statements/kinds.ts'
import type { LaterEvent } from '../statements/later-events.ts'
import { isActive } from '../statements/registry.ts'
import type { KindSaid } from '../statements/rules.ts'
import { heldSince, kindSaid } from '../statements/said.ts'
import type { Statement } from '../statements/statement.ts'
import type { Role } from '../statements/vocabulary.ts'
import type { FolderConfig } from './data-folder.ts'
import { isSealedKey, type LookupKey } from './lookup.ts'
import { everything, type SearchScope } from './lookup-scope.ts'

/** Somebody who reads, or who signed what is refused: nobody in particular, or a participant of the registry. */
export type Reader = AnonymousReader | NamedReader

/** A reader's rights are those of one moment: what stands then is taken along. */
interface AnonymousReader {
  readonly kind: 'anonymous'
  readonly standing: Standing
}

export interface NamedReader {
  readonly kind: 'participant'
  readonly id: string
  readonly roles: readonly string[]
  readonly standing: Standing
}

/** Nobody in particular. */
export function anonymousReader(standing: Standing): Reader {
  return { kind: 'anonymous', standing }
}

/** A participant as a reader; anonymous where it is unknown or not active, for it has lost its rights. */
export function readerNamed(standing: Standing, id: string | undefined): Reader {
  const { registry } = standing
  const participant = id === undefined ? undefined : registry.participants.get(id)
  if (participant === undefined || !isActive(registry, participant.id)) return anonymousReader(standing)
  return { kind: 'participant', id: participant.id, roles: participant.roles, standing }
}

/** A reader with the rights of another moment: during an answer that takes long, what is sealed and who is revoked may change. */
export function renewed(reader: Reader, standing: Standing): Reader {
  return reader.kind === 'anonymous' ? anonymousReader(standing) : readerNamed(standing, reader.id)
}

/** The owner of a key as a reader; anonymous where the key is not in use: one that was revoked may be in any hands. */
export function readerByKey(standing: Standing, kid: string): Reader {
  const key = standing.registry.keys.get(kid)
  return key?.status === 'active' ? readerNamed(standing, key.participant) : anonymousReader(standing)
}

/** Later events that others said of the entry, or of other entries besides it: told without being shown to those who may not read them. */
const toldUnshown: ReadonlySet<LaterEvent['what']> = new Set(['attested', 'related', 'erasure-ordered'])

/** What a right depends on in an entry. */
export interface EntryFacts {
  readonly index: number
  readonly iss: string
  /** Kind of the statement; for a change that several approved, that of what it carries: an order is no part of the registry for being given so. */
  readonly kind: KindSaid
}

/**
 * What a right to an entry's claims depends on besides. It is to be asked for once its reader may read the entry: what is read to know it follows from what the
 * entry is about, and would tell that to others.
 */
export interface ClaimFacts extends EntryFacts {
  /** What it is about: what is sealed of that closes its own claims too. Nothing of a deposit. */
  readonly about: Subjects
}

/**
 * The one place where reading rights are decided (docs/spec/11-access.md): every route, every refusal and every repetition
 * asks here. Who may *sign* what is the rulebook's.
 */
export class Rights {
  private readonly isPublic: boolean
  private readonly isOpen: boolean
  private readonly followers: readonly string[]

  /** `followers`: participants that copy the ledger also where deposits are sealed. */
  constructor(
    { reading, openDisclosures }: Pick<FolderConfig, 'reading' | 'openDisclosures'>,
    followers: readonly string[] = [],
  ) {
    this.followers = followers
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

  /** Disclosures need the right in public mode too, unless the ledger was made with open ones; under a seal, the leave of who sealed. */
  mayReadDisclosures(reader: Reader, entry: ClaimFacts): boolean {
    if (isClosed(reader, entry)) return isOwnOrLetRead(reader, entry)
    return this.isOpen || ownsOrAudits(reader, entry)
  }

  /**
   * The seals under which a reader is shown an entry's claims, or finds it: what is written into the log of readings first. All that stand, where it
   * is not known about which deposits the entry is.
   */
  sealsOver({ standing }: Reader, entry: Pick<ClaimFacts, 'index' | 'about'>): Reading['seals'] {
    const seals = sealed(standing, entry)
    // One statement seals many deposits, which one entry may be about.
    return [...new Map(seals.map(({ entry, by }) => [entry, { entry, by }])).values()]
  }

  /**
   * What of the rules on a deposit is shown to those who may set some: all to who deposited it and who holds it; to an authority its own, and those
   * that it may end.
   * Throws `not-authenticated`, `not-permitted`.
   */
  rulesShown(reader: Reader, { index, iss }: EntryFacts): (rule: StandingRule) => boolean {
    const isHolder =
      reader.kind === 'participant' &&
      (reader.id === iss || heldSince(reader.standing.registry, reader.id, index) !== undefined)
    if (isHolder) return () => true
    if (!hasRole(reader, 'authority')) throw this.denied(reader, `what stands on entry ${index}`)
    const { registry } = reader.standing
    return (rule) => reader.kind === 'participant' && mayEnd(rule, reader.id, registry)
  }

  /** Which days have readings, the digests of those that have ended, and the lines under seals that the reader set. */
  mayListReadings(reader: Reader): reader is NamedReader {
    return hasRole(reader, 'operator') || hasRole(reader, 'authority')
  }

  /** Operators, who keep the files of the log and deposit their digests, see how large each is. */
  mayReadWholeLog(reader: Reader): boolean {
    return hasRole(reader, 'operator')
  }

  /** Who was shown what an order erases is for those who ordered it, whose seals those were or not: its signer, or who approved the change. */
  mayReadServed(reader: Reader, orderers: readonly string[]): boolean {
    const mayOrder = hasRole(reader, 'authority') || hasRole(reader, 'administrator')
    return reader.kind === 'participant' && mayOrder && orderers.includes(reader.id)
  }

  /** Participants whose copies of the ledger hold sealed claims, by the operator's settings. */
  get copying(): readonly string[] {
    return this.followers
  }

  /** Whether some claims were shown to anybody, so that no log can name who read them. */
  get isOpenToAll(): boolean {
    return this.isOpen
  }

  /**
   * The ledger in pieces, disclosures included: for auditors; as soon as anything was sealed, for those alone that the setting `followers`
   * names. Throws `not-authenticated`, `not-permitted`.
   */
  requireMayCopy(reader: Reader): NamedReader {
    if (reader.kind === 'anonymous' || !hasRole(reader, 'auditor')) throw this.denied(reader, 'a copy of the ledger')
    if (this.followers.includes(reader.id) || !isAnySealed(reader.standing)) return reader
    const message =
      'deposits of this ledger are sealed: copies are for the participants that its setting followers names'
    throw new EvidenceError('not-permitted', message)
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
    if (isOpen || hasRole(reader, 'auditor')) {
      // No seal closes lists of entries: of all, of a kind, of a participant.
      if (key === undefined || key.by === 'kind' || key.by === 'participant') return everything
      const out = sealedDepositsOf(reader.standing)
      return out.indices.size === 0 ? everything : { of: 'all', hides: (index) => isHidden(reader, index), out }
    }
    if (reader.kind === 'anonymous') return undefined
    const { id, standing } = reader
    const mayRead = (index: number): boolean => isLetRead(standing, id, index)
    return { of: 'issuers', issuers: [id], others: everLetRead(standing, id), mayRead }
  }

  /** An entry is found by a sealed claim only by those who may read the claim. */
  mayFind(reader: Reader, key: LookupKey | undefined, entry: ClaimFacts): boolean {
    if (key?.by === 'digest' && isClosed(reader, entry)) return isOwnOrLetRead(reader, entry)
    return isSealedKey(key) ? this.mayReadDisclosures(reader, entry) : this.mayReadEntry(reader, entry)
  }

  /** Whether a later event is shown whole: what is by or about the entry's own signer, and what is told to its readers only, is. */
  mayReadEvent(reader: Reader, { what }: Pick<LaterEvent, 'what'>, entry: EntryFacts): boolean {
    return !toldUnshown.has(what) || this.mayReadEntry(reader, entry)
  }

  /** Whether somebody who may ask for an entry's status is told of records of it: a deposit's are for its readers; of another entry all have its bytes. */
  mayReadRecords(reader: Reader, entry: EntryFacts): boolean {
    return kindNamed(entry.kind)?.items === undefined || this.mayReadEntry(reader, entry)
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
  mayHaveEarlier(standing: Standing, kid: string, entry: Pick<EntryFacts, 'iss'>): boolean {
    const sender = readerByKey(standing, kid)
    return sender.kind === 'participant' && sender.id === entry.iss
  }

  /** The refusal for a reader without the right: anonymous ones are asked to say who they are. */
  denied(reader: Reader, what: string): EvidenceError {
    return reader.kind === 'anonymous'
      ? new EvidenceError('not-authenticated', `${what} is for participants`)
      : new EvidenceError('not-permitted', `${what} is not for ${reader.id}`)
  }
}

/** Whether a seal keeps a deposit from being found by a look-up. */
function isHidden(reader: Reader, index: number): boolean {
  return !isFoundUnderSeals(reader.standing, reader.kind === 'participant' ? reader.id : undefined, index)
}

function hasRole(reader: Reader, role: Role): boolean {
  return reader.kind === 'participant' && reader.roles.includes(role)
}

function ownsOrAudits(reader: Reader, entry: EntryFacts): boolean {
  if (reader.kind === 'anonymous') return false
  return hasRole(reader, 'auditor') || changesRegistry(entry.kind) || isOwnOrLetRead(reader, entry)
}

/** Whether an entry is the reader's own, or standing rules or custody let the reader have it. */
function isOwnOrLetRead(reader: Reader, { index, iss }: EntryFacts): boolean {
  return reader.kind === 'participant' && (iss === reader.id || isLetRead(reader.standing, reader.id, index))
}

/**
 * Whether a seal closes the claims of an entry: of a deposit that is sealed, and of whatever is about one. Where it is not known about which
 * deposits an entry is, any seal does.
 */
function isClosed({ standing }: Reader, entry: ClaimFacts): boolean {
  if (standing.access.rules.size === 0) return false
  const { of, isWhole } = ruledBy(standing.access, entry.index, entry.about)
  return of.some((index) => sealsOn(standing, index).length > 0) || (!isWhole && isAnySealed(standing))
}

/** The seals on a deposit, or on those that an entry, or its terms, are about. */
function sealed(standing: Standing, entry: Pick<ClaimFacts, 'index' | 'about'>): StandingRule[] {
  if (standing.access.rules.size === 0) return []
  const { of, isWhole } = ruledBy(standing.access, entry.index, entry.about)
  return (isWhole ? of : [...standing.access.rules.keys()]).flatMap((index) => sealsOn(standing, index))
}

/** What rights ask of an entry. */
export function entryFacts({ index, statement }: StatedEntry): EntryFacts {
  return {
    index,
    iss: statement.common.iss,
    // Of use to who owns nothing of it alone.
    get kind() {
      return kindSaid(statement)
    },
  }
}

/** What rights ask of an entry's claims. `subjects`: what it is about; without it, as far as itself says. */
export function claimFacts({ index, statement }: StatedEntry, subjects?: Subjects): ClaimFacts {
  return {
    index,
    iss: statement.common.iss,
    get kind() {
      return kindSaid(statement)
    },
    // Of use where something is sealed alone, and the dearest of all.
    get about() {
      return subjects ?? subjectsSaid(statement)
    },
  }
}

interface StatedEntry {
  readonly index: number
  readonly statement: Statement
}
