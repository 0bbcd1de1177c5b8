import { timingSafeEqual } from 'node:crypto'
import { equalBytes } from '../core/bytes.ts'
import type { Disclosure } from '../core/disclosure.ts'
import { encodeEntry, leafHash } from '../core/entry.ts'
import { EvidenceError, isEvidenceError } from '../core/errors.ts'
import type { Jwk } from '../core/jwk.ts'
import type { ReceiptParts } from '../core/receipt.ts'
import type { ShownEntries } from '../core/shown.ts'
import { formatTime } from '../core/time.ts'
import { requireDisclosures } from '../statements/disclosures.ts'
import { valueOr } from '../core/attempt.ts'
import { readBody } from '../statements/body.ts'
import type { StatementBody } from '../statements/kinds.ts'
import { currentLedgerKeys, type Registry } from '../statements/registry.ts'
import { judge } from '../statements/rulebook.ts'
import type { History, RuleContext, TargetFacts } from '../statements/rules.ts'
import {
  custodyOf,
  referencesOf,
  sealedDigestsOf,
  type ListedBy,
  listedBy,
  searchFactsOf,
  signedWithin,
  targetFactsOf,
} from '../statements/said.ts'
import type { Statement } from '../statements/statement.ts'
import { accessAfter } from './access/after.ts'
import { standingAt } from './access/reading.ts'
import { aboutOf, type Subjects, Way } from './access/subjects.ts'
import { chainAfter, type ChainState } from './chain-state.ts'
import { type EarlierEntry, readStored } from './entry-facts.ts'
import { requireErasable } from './erasure-bars.ts'
import { faultsToTell, judgeBlind } from './faults-to-tell.ts'
import { lookupsOfDisclosures, lookupsOfEntry } from './lookup.ts'
import { orderIn, type StandingOrder, withoutOrdered } from './orders.ts'
import {
  aboutStored,
  mayAskForId,
  type Place,
  type Prefetched,
  repeatOf,
  requireSealedBy,
  statementName,
} from './prefetch.ts'
import type { ReceiptText, ReceiptWriter } from './receipt-writer.ts'
import { type Reader, readerByKey, type Rights } from './rights.ts'
import type { StoredEntry } from './storage.ts'
import type { Submission } from './submission.ts'
import type { LedgerTree } from './tree.ts'

/** Where a statement of a group stands. */
export interface Placed extends Place {
  /** What the receipt of a new entry holds; absent for an existing one. */
  readonly sequenced?: ReceiptParts
}

/** What a depositor is answered, once it holds for good. */
export interface Outcome extends Place {
  /** The receipt of a new entry, where it was asked for. An existing entry's receipt is read from the ledger. */
  readonly receipt?: ReceiptText
}

/** A statement in the queue, and who waits for its outcome. */
export interface Waiting {
  readonly submission: Submission
  readonly wantReceipt: boolean
  readonly resolve: (outcome: Outcome) => void
  readonly reject: (error: Error) => void
}

/**
 * Sequences submissions one after another, in memory: nothing here is durable, nothing here is seen. The chain state and tree
 * go ahead of what is stored; if storing fails, the writer never goes on (docs/design/commit-point.md).
 */
export class GroupBuilder {
  readonly entries: StoredEntry[] = []
  /** Where a statement stands that is sent again, and no more: what came with it the first time is for its sender. */
  private readonly statements = new Map<string, { readonly jws: string; readonly place: Place }>()
  private readonly targets = new Map<number, TargetFacts>()
  /** By digest, which entry of the group seals it. */
  private readonly sealed = new Map<string, number>()
  /** Orders of the group, and what is listed by of their targets that are stored. */
  readonly orders: StandingOrder[] = []
  readonly orderedTargets = new Map<number, ListedBy>()
  private readonly tree: LedgerTree
  private readonly prefetched: Prefetched
  private readonly context: RuleContext
  private readonly rights: Rights
  private readonly timeMs: number
  /** `timeMs` as entries write it. */
  private readonly time: string
  state: ChainState

  constructor(
    state: ChainState,
    tree: LedgerTree,
    prefetched: Prefetched,
    context: RuleContext,
    rights: Rights,
    timeMs: number,
  ) {
    this.state = state
    this.tree = tree
    this.prefetched = prefetched
    this.context = context
    this.rights = rights
    this.timeMs = timeMs
    this.time = formatTime(timeMs)
  }

  private readonly history: History = {
    findStatement: (iss, jti) => {
      const name = statementName(iss, jti)
      return this.statements.get(name)?.place.index ?? this.prefetched.statements.get(name)
    },
    target: (index) => {
      const inFlight = this.targets.get(index)
      if (inFlight !== undefined) return inFlight
      return this.stored(index)?.facts
    },
  }

  private stored(index: number): EarlierEntry | undefined {
    const entry = this.prefetched.entries.get(index)
    if (entry instanceof EvidenceError) throw entry
    return entry
  }

  /** Places one submission, or says why not. A refused one leaves no trace. */
  place(submission: Submission): Placed | EvidenceError {
    let next: PreparedEntry
    try {
      const existing = this.existing(submission)
      if (existing !== undefined) return existing
      next = this.prepare(submission)
      const refusal = submission.permit?.()
      if (refusal !== undefined) return refusal
    } catch (error) {
      if (isEvidenceError(error)) return error
      // A fault of ours, met before anything changed: it spoils this statement alone.
      return new EvidenceError('internal-error', 'the statement could not be judged', {}, { cause: error })
    }
    return this.admit(next)
  }

  /**
   * Same bytes as before: the first answer again. The queue in flight counts as stored. Throws `jti-reused`, and for
   * disclosures that the statement does not seal what `requireSealed` throws.
   */
  private existing(submission: Submission): Placed | undefined {
    if (!mayAskForId(submission, this.state, this.rights)) return undefined
    const { statement, disclosures } = submission
    const { iss, jti } = statement.common
    const name = statementName(iss, jti)
    const inFlight = this.statements.get(name)
    if (inFlight?.jws === statement.jws.text) {
      requireSealedBy(statement, disclosures)
      return inFlight.place
    }
    const index = inFlight?.place.index ?? this.prefetched.statements.get(name)
    if (index === undefined) return undefined
    const earlier = inFlight === undefined ? this.stored(index) : undefined
    const repeated = earlier === undefined ? undefined : repeatOf(submission, earlier)
    if (repeated !== undefined) return repeated
    throw new EvidenceError('jti-reused', `${iss} used the jti ${jti} before, in entry ${index}`, {
      where: 'jti',
      index,
    })
  }

  /** All that can fail, before anything changes. */
  private prepare({ statement, disclosures, verifiedUnder, shown }: Submission): PreparedEntry {
    const { state, timeMs, time } = this
    const { signingInput } = statement.jws
    const verifiedWithin: Uint8Array[] = []
    const context: RuleContext = {
      ...this.context,
      verifies: (publicKey, message, signature) => {
        // A thumbprint names one key for ever, so what was verified on arrival need not be verified again.
        if (message === signingInput && verifiedUnder !== undefined && equalBytes(publicKey, verifiedUnder)) return true
        const isValid = this.context.verifies(publicKey, message, signature)
        if (isValid && message !== signingInput) verifiedWithin.push(publicKey)
        return isValid
      },
    }
    const index = state.size
    const standing = standingAt(state, timeMs)
    const reader = readerByKey(standing, statement.header.kid)
    const { judgement, concealed } = judgeBlind(
      referencesOf(valueOr(() => readBody(statement), undefined)).filter(
        (one) => !this.mayRefer(reader, one.index, shown),
      ),
      (history) => judge(state.registry, { index, time, timeMs, statement }, history, context),
      this.history,
      // What a giver may read it shows by its release, once that is found to be its own.
      ({ body }) => {
        const givers = signedWithin(body)
          .filter(({ kid }) => isKeyOf(state.registry, kid, verifiedWithin))
          .map(({ kid }) => readerByKey(standing, kid))
        return (target) => givers.some((giver) => this.mayRead(giver, target))
      },
    )
    const { told, hidden } = faultsToTell(judgement, concealed, (target) => this.mayRead(reader, target))
    // What a newer verifier would have to judge is nothing that this server may sequence.
    if (told !== undefined) throw told.code === 'not-judged' ? unknownToServer(told) : told
    const { body, next } = judgement
    const signing = this.context.ledgerKeys
    if (next !== state.registry && !currentLedgerKeys(next).some((vkey) => signing.includes(vkey))) {
      throw new EvidenceError('rotation-offline', 'this server has not the key that would sign after the rotation')
    }
    if (body === undefined) throw new EvidenceError('kind-unknown', 'the kind is not known')
    const opened = requireDisclosures(body, disclosures)
    const access = accessAfter(state, next, {
      body,
      disclosures: opened,
      timeMs,
      by: statement.common.iss,
      history: this.history,
      mayRefer: (target) => this.mayRefer(reader, target, shown),
    })
    this.requireUnsealed(opened)
    const order = orderIn(index, body)
    const bytes = encodeEntry({ index, time, previous: state.leafHash, statement: statement.jws.text })
    // After all else that may refuse: which check comes first would tell whether the reference holds.
    if (hidden !== undefined) throw hidden
    // Of entries that the signer may read, or showed to have: what stands on others is not told.
    if (order !== undefined) requireErasable(standing, order.of, (target) => this.subjectsOf(target))
    const hash = leafHash(bytes)
    const { header } = statement
    const signer = (next.keys.get(header.kid) ?? state.registry.keys.get(header.kid))?.jwk as Jwk
    return {
      stored: storedEntry({ index, bytes, leafHash: hash, statement, body, disclosures, opened }),
      state: chainAfter(state, { kind: statement.common.kind, timeMs, leafHash: hash }, next, access),
      facts: targetFactsOf(statement, hash),
      order,
      jws: statement.jws.text,
      placed: { kind: 'created', index, time, leafHash: hash, sequenced: { entryBytes: bytes, signer, disclosures } },
    }
  }

  /** Whether a reader held a unit of a deposit when its custody ended, and so is who may resume it. */
  private hadLast(reader: Reader, index: number): boolean {
    const target = index < this.state.size ? this.history.target(index) : undefined
    if (reader.kind === 'anonymous' || target?.items === undefined) return false
    const units = custodyOf(this.state.registry, { index, iss: target.iss }, target.items)
    return units.some(({ holder }) => holder === reader.id)
  }

  /** What an entry is about; not whole where that was not fetched. */
  private subjectsOf(index: number): Subjects {
    const way = new Way(this.aboutOf(index) ?? [])
    while (way.next.length > 0) way.take(way.next.map((at) => this.aboutOf(at)))
    return way.subjects
  }

  /** What an entry itself says something of. */
  private aboutOf(index: number): readonly number[] | undefined {
    const begin = this.entries[0]?.index ?? this.state.size
    const inFlight = this.entries[index - begin]
    if (index < begin) return aboutStored(this.prefetched.entries.get(index))
    return inFlight === undefined ? [] : aboutOf(readStored(inFlight.bytes, index).statement)
  }

  /** To what the signer may read; to other entries, where the sender showed to have their bytes. */
  private mayRefer(reader: Reader, index: number, shown: ShownEntries | undefined): boolean {
    if (this.mayRead(reader, index) || this.hadLast(reader, index)) return true
    const hash = shown?.get(index)
    if (hash === undefined) return false
    // Of this group nobody has a receipt yet.
    const entry = this.stored(index)
    return entry !== undefined && timingSafeEqual(entry.statusHash, hash)
  }

  /** An entry that there is none of yet is readable to those who may read all. */
  private mayRead(reader: Reader, index: number): boolean {
    if (this.rights.mayReadAll(reader)) return true
    const target = index < this.state.size ? this.history.target(index) : undefined
    return target?.kind !== undefined && this.rights.mayReadEntry(reader, { index, iss: target.iss, kind: target.kind })
  }

  /** The entry becomes the chain's next: assignments alone. */
  private admit({ stored, state, facts, order, jws, placed }: PreparedEntry): Placed {
    this.tree.append(state.leafHash)
    this.entries.push(stored)
    this.state = state
    this.targets.set(stored.index, facts)
    const { index, time, leafHash: hash } = placed
    this.statements.set(statementName(stored.iss, stored.jti), {
      jws,
      place: { kind: 'existing', index, time, leafHash: hash },
    })
    for (const digest of stored.sealed ?? []) this.sealed.set(digest, stored.index)
    if (order !== undefined) this.take(order)
    return placed
  }

  /** A disclosure belongs to one entry: what is erased there must not lie under another. Throws `disclosure-reused`. */
  private requireUnsealed(opened: readonly Disclosure[]): void {
    for (const { digest, claim } of opened) {
      const index = this.sealed.get(digest) ?? this.prefetched.sealed.get(digest)
      if (index === undefined) continue
      const message = `the claim "${claim}" is sealed by a disclosure that belongs to another entry`
      throw new EvidenceError('disclosure-reused', message, { where: claim })
    }
  }

  /** Notes an order. What it takes from entries of this group is never written. */
  private take(order: StandingOrder): void {
    this.orders.push(order)
    const begin = this.entries[0]?.index ?? order.by
    for (const { index, digests } of order.of) {
      if (index < begin) {
        const stored = this.stored(index)?.stored
        if (stored !== undefined) this.orderedTargets.set(index, listedBy(stored.statement))
      } else this.entries[index - begin] = withoutOrdered(this.entries[index - begin] as StoredEntry, digests)
    }
  }
}

/**
 * What each of a group is to be answered, as a call that does so. Receipts are written now, for the tree goes on; `placed` is what came
 * of each, in order.
 */
export function answersOf(
  group: readonly Waiting[],
  placed: readonly (Placed | EvidenceError)[],
  receipts: ReceiptWriter,
): (() => void)[] {
  return group.map(({ wantReceipt, resolve, reject }, i) => {
    const result = placed[i] as Placed | EvidenceError
    if (result instanceof EvidenceError) return () => reject(result)
    const { sequenced, ...place } = result
    const receipt = wantReceipt && sequenced !== undefined ? { receipt: receipts.write(place.index, sequenced) } : {}
    return () => resolve({ ...place, ...receipt })
  })
}

/** An entry judged and encoded, with the chain as it will be after it. */
interface PreparedEntry {
  readonly stored: StoredEntry
  readonly state: ChainState
  readonly facts: TargetFacts
  readonly order: StandingOrder | undefined
  readonly jws: string
  readonly placed: Placed
}

function unknownToServer(fault: EvidenceError): EvidenceError {
  const code =
    fault.facts.where === 'alg' ? 'jws-alg' : fault.facts.where === 'kind' ? 'kind-unknown' : 'statement-member'
  return new EvidenceError(code, fault.message, fault.facts)
}

interface EntryParts extends Pick<StoredEntry, 'index' | 'bytes' | 'leafHash' | 'disclosures'> {
  readonly statement: Statement
  readonly body: StatementBody
  /** The disclosures, read. */
  readonly opened: readonly Disclosure[]
}

/** Whether the key of a thumbprint is one of some. */
function isKeyOf({ keys }: Registry, kid: string, some: readonly Uint8Array[]): boolean {
  const key = keys.get(kid)?.publicKey
  return key !== undefined && some.some((one) => equalBytes(one, key))
}

/** What is stored of an entry. */
export function storedEntry({ index, bytes, leafHash, statement, body, disclosures, opened }: EntryParts): StoredEntry {
  const facts = searchFactsOf(statement, body)
  const lookups = [...lookupsOfEntry(facts), ...lookupsOfDisclosures(facts, opened)]
  const { iss, jti } = facts
  return { index, bytes, leafHash, iss, jti, disclosures, lookups, sealed: sealedDigestsOf(body) }
}
