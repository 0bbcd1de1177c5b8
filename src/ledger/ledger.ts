import { onlyOne } from '../core/attempt.ts'
import { EvidenceError } from '../core/errors.ts'
import { type VerifierKey, verifierKey } from '../core/note.ts'
import { defined } from '../core/objects.ts'
import { currentLedgerKeys, type Registry } from '../statements/registry.ts'
import { heldSince } from '../statements/said.ts'
import type { LedgerSigningKey } from '../node/key-file.ts'
import { SignatureGate, type SignatureGateOptions } from '../node/signature-gate.ts'
import { ReadingLog } from './access/reading-log.ts'
import { type Standing, standingAt } from './access/reading.ts'
import { type AccessState, withoutTerms } from './access/standing.ts'
import type { ChainState } from './chain-state.ts'
import type { Outcome } from './group.ts'
import { claimsAreShut, readClaimsShut, termsAreMissing } from './claims-shut.ts'
import { ClockGuard, type Clock, type ClockGuardOptions, systemClock } from './clock.ts'
import type { DataFolder, FolderConfig } from './data-folder.ts'
import { readHead } from './head-file.ts'
import { type HeldFolder, holdFolder } from './held-folder.ts'
import type { KnownCheckpoint, KnownSize } from './copy/known.ts'
import { Confirmation, unconfirmed } from './confirmation.ts'
import { type CopyReader, Replication } from './copy/replication.ts'
import { eraseDisclosures, listLost } from './erase.ts'
import { requireErasable } from './erasure-bars.ts'
import { type OpenedFolder, openForWriting } from './opening.ts'
import { listOrders, type StandingOrder } from './orders.ts'
import { type Examined, examineStandIn } from './recovery.ts'
import type { Handover } from './rotation-marker.ts'
import { LookupCheck, type LookupState } from './lookup-check.ts'
import { LedgerReads } from './reads.ts'
import { executeSuccessorOrders, type OrderedTarget, type SuccessorOrder } from './orders-of-successor.ts'
import { SavedState } from './state-snapshot.ts'
import { Rights } from './rights.ts'
import { type Published, Sequencer, type SequencerOptions } from './sequencer.ts'
import { authenticateMany, type Submission } from './submission.ts'

type QueueOptions = Pick<SequencerOptions, 'maxQueue' | 'maxQueueBytes' | 'maxGroup' | 'onGroup' | 'onFailure'>

export interface OpenOptions extends ClockGuardOptions, QueueOptions {
  readonly clock?: Clock
  /** Threads that verify signatures when many arrive at once, and how; none unless given. */
  readonly signatures?: SignatureGateOptions
  /** Nothing is published or answered before a follower has confirmed it; how long depositors wait, in milliseconds. */
  readonly followerTimeoutMs?: number
  /** Participants that copy the ledger also where deposits are sealed. */
  readonly followers?: readonly string[]
  /** Checkpoints kept elsewhere: a folder that does not go on from each of them is not opened. */
  readonly known?: readonly KnownCheckpoint[]
  /** Sizes that witnesses name without a checkpoint: a folder with fewer entries is not opened. */
  readonly knownSizes?: readonly KnownSize[]
  /** The signer's key is taking another's place (rotation.ts): what the folder holds may be signed by either. */
  readonly handover?: Handover
  /** The folder, where the caller holds it already: the ledger's from here on, and released if it does not open. */
  readonly held?: HeldFolder
}

interface LedgerParts extends OpenedFolder {
  readonly folder: DataFolder
  readonly config: FolderConfig
  readonly key: VerifierKey
  readonly sequencer: Sequencer
  readonly reads: LedgerReads
  readonly rights: Rights
  readonly unguardedReads: LedgerReads
  readonly gate: SignatureGate
  readonly replication: Replication
  readonly confirmation: Confirmation | undefined
  readonly lookups: LookupCheck
  readonly readings: ReadingLog
  readonly saving: SavedState
  readonly release: () => void
}

/** An open ledger: one writer, and reads of what is published. */
export class Ledger {
  private readonly parts: LedgerParts

  private constructor(parts: LedgerParts) {
    this.parts = parts
  }

  /**
   * Opens a data folder for writing: held first, then judged. Whatever it refuses, it leaves as it was found: the database is examined
   * through a stand-in (docs/design/recovery.md). Throws the codes of holdFolder, readHead, checkDatabase and examine, requireKnown,
   * `clock-unsafe`, `genesis-ledger-keys`, `ledger-key-retired`, `disk-full`, `disk-failed`.
   */
  static async open(root: string, signer: LedgerSigningKey, options: OpenOptions = {}): Promise<Ledger> {
    const held = options.held ?? holdFolder(root, options.handover === undefined ? 'sign' : 'rotate')
    try {
      return await Ledger.openHeld(held, signer, options)
    } catch (error) {
      held.release()
      throw error
    }
  }

  private static async openHeld(held: HeldFolder, signer: LedgerSigningKey, options: OpenOptions): Promise<Ledger> {
    const { folder, config, release } = held
    const { handover, known, knownSizes } = options
    const key = handover === undefined ? ownKey(held, signer) : verifierKey(handover.from.name, signer.publicKey)
    const keys = handover === undefined ? [key] : [key, handover.from]
    const guard = readHead(folder.head, ...keys)
    const published = await examineStandIn(folder, keys, known, knownSizes)
    if (handover === undefined) requireCurrent(published.state.registry, key)
    const clock = new ClockGuard(options.clock ?? systemClock, published.state.timeMs, options)
    // Everything that refuses has had its say: from here on the folder is written to.
    const opened = await openForWriting(folder, guard, published)
    try {
      // One that was cut off, or a copy that takes over, may lack lines of orders: copies learn by them why a claim is missing.
      listOrders(folder.erased, opened.orders)
      const shut = readClaimsShut(folder)
      const lacking = published.state.access.lacking ?? []
      if (lacking.length > 0) opened.storage.refuseClaims(termsAreMissing(lacking))
      else if (shut !== undefined) opened.storage.refuseClaims(claimsAreShut(shut))
      const parts = { folder, config, key, release, ...opened }
      const { state } = published
      const examined = {
        ...published,
        state: { ...state, access: accessAtStart(state, opened.orders, shut !== undefined || lacking.length > 0) },
      }
      return await Ledger.start(parts, signer.sign, { ...options, published: examined, clock })
    } catch (error) {
      await opened.storage.close()
      throw error
    }
  }

  private static async start(
    parts: OpenedFolder & Pick<LedgerParts, 'folder' | 'config' | 'key' | 'release'>,
    sign: LedgerSigningKey['sign'],
    options: Omit<OpenOptions, 'clock'> & { readonly published: Examined; readonly clock: ClockGuard },
  ): Promise<Ledger> {
    const { folder, config, key, storage, tree } = parts
    const { followerTimeoutMs, handover, published: opening } = options
    const confirmation =
      followerTimeoutMs === undefined ? undefined : new Confirmation(opening.state.size, followerTimeoutMs)
    const rights = new Rights(config, options.followers)
    // Before the first group: what it compares must not move.
    const lookups = await LookupCheck.start(storage)
    const saving = new SavedState(folder.state, { key, sign }, opening.saved)
    const sequencer = new Sequencer({
      ...options,
      ...parts,
      ...defined({ confirmation, outgoing: handover?.outgoing }),
      sign,
      rights,
      requireSound: () => lookups.requireUndamaged(),
      erased: folder.erased,
      beforeErasing: () => saving.drop(),
      scansEnded: () => lookups.finished(),
      onGroup: (report) => {
        options.onGroup?.(report)
        replication.wake()
        // Once the group is answered.
        setImmediate(() => saving.saveMeanwhile(sequencer.durable))
      },
      onPublished: () => replication.wake(),
    })
    const shut = (): boolean => storage.claimsRefusal !== undefined
    const readsOf = (current: () => Published): LedgerReads =>
      new LedgerReads(storage, tree, current, { lookups: () => lookups.requireVerified(), areClaimsShut: shut })
    const unguardedReads = readsOf(() => sequencer.published)
    const reads = readsOf(() => {
      if (confirmation?.isOpen === false) throw unconfirmed()
      return sequencer.published
    })
    const durable = readsOf(() => sequencer.durable)
    const { erased } = folder
    const replication = new Replication({ storage, published: reads, durable, confirmation, key, sign, config, erased })
    const gate = new SignatureGate(options.signatures ?? { threads: 0 })
    const readings = new ReadingLog(folder.readings)
    const services = {
      sequencer,
      reads,
      unguardedReads,
      rights,
      gate,
      replication,
      confirmation,
      lookups,
      readings,
      saving,
    }
    await saving.save(opening)
    return new Ledger({ ...parts, ...services })
  }

  get origin(): string {
    return this.parts.key.name
  }
  get key(): VerifierKey {
    return this.parts.key
  }
  get config(): FolderConfig {
    return this.parts.config
  }
  /** Who may read what. */
  get rights(): Rights {
    return this.parts.rights
  }
  /**
   * Reads of what is published. They throw `follower-unconfirmed` where a follower is waited for and has not confirmed once since the
   * start: until then nobody knows which of the entries here are published.
   */
  get reads(): LedgerReads {
    return this.parts.reads
  }
  /** Reads as of the opening, before a follower has confirmed it: for the publisher, which waits for that by itself. */
  get unguardedReads(): LedgerReads {
    return this.parts.unguardedReads
  }
  /** The log of readings under a seal. */
  get readings(): ReadingLog {
    return this.parts.readings
  }
  /** Who may sign what, as far as published. */
  get registry(): Registry {
    return this.parts.sequencer.published.state.registry
  }
  /** What reading rights are decided by at this moment, as far as published. */
  get standing(): Standing {
    return this.standingOf('other')
  }
  /** What stands on the entries that a copy is given: of all that are durable for the follower that is waited for, else of those that are published. */
  standingOf(copy: CopyReader): Standing {
    const { durable, published } = this.parts.sequencer
    return standingAt((copy === 'required' ? durable : published).state, Date.now())
  }
  /** For those who copy this ledger. */
  get replication(): Replication {
    return this.parts.replication
  }
  /** Why no sealed claim is shown, if so: of a copy that may lack orders to erase. */
  get claimsRefusal(): EvidenceError | undefined {
    return this.parts.storage.claimsRefusal
  }
  /** Undefined where no follower is asked for. */
  get confirmation(): Confirmation | undefined {
    return this.parts.confirmation
  }
  /** Whether searches can be answered: the look-up keys are compared with their checksum after each start. */
  get lookupState(): LookupState {
    return this.parts.lookups.state
  }
  /** Participants that have statements waiting. */
  get waitingParticipants(): number {
    return this.parts.sequencer.queue.participants
  }
  get queued(): number {
    return this.parts.sequencer.queued
  }
  /** Time of the last published entry, milliseconds since 1970. Throws `follower-unconfirmed` as {@link reads} do. */
  get lastTimeMs(): number | undefined {
    if (this.parts.confirmation?.isOpen === false) throw unconfirmed()
    return this.parts.sequencer.published.state.timeMs
  }

  /** Why a deposit would be refused just now, as a throw. */
  requireReady(): void {
    this.parts.sequencer.requireReady()
  }

  /** Opens a statement as it was sent in and verifies its signature. Throws the refusals of {@link authenticateMany}. */
  async authenticate(text: string): Promise<Submission> {
    return onlyOne(await this.authenticateMany([text]))
  }

  /** Opens several texts and verifies their signatures; gives, in their order, a submission or the refusal of each. */
  authenticateMany(texts: readonly string[]): Promise<(Submission | EvidenceError)[]> {
    const { sequencer, gate } = this.parts
    return authenticateMany(sequencer.registry, texts, (jobs) => gate.verifyMany(jobs))
  }

  /** What is answered without the writer: the outcome of each statement that is a published entry's already, in order; undefined for the others. */
  findRepeats(submissions: readonly Submission[]): Promise<(Outcome | EvidenceError | undefined)[]> {
    return this.parts.sequencer.findRepeats(submissions)
  }

  /** Sequences many, in order; resolves when each is durable or refused. */
  submitMany(submissions: readonly Submission[], wantReceipt?: boolean): Promise<(Outcome | Error)[]> {
    return this.parts.sequencer.submitMany(submissions, wantReceipt)
  }

  /** Sequences an authenticated statement; resolves when it is durable. */
  submit(submission: Submission, wantReceipt?: boolean): Promise<Outcome> {
    return this.parts.sequencer.submit(submission, wantReceipt)
  }

  /** Authenticates and sequences a statement as it was sent in; resolves when it is durable. */
  async deposit(text: string): Promise<Outcome> {
    return this.submit(await this.authenticate(text))
  }

  /**
   * Erases disclosures of an entry, all or the named claims: from then on the verifier reports them withheld. The entry, its
   * proofs and receipts stand. Gives the claims erased. Nothing else may be asked of the ledger meanwhile. Throws `entry-not-found`,
   * `under-hold`.
   */
  async eraseDisclosures(index: number, claims?: readonly string[]): Promise<string[]> {
    const entry = await this.reads.entry(index)
    const isNamed = (claim: string): boolean => claims === undefined || claims.includes(claim)
    const { standing } = this
    if (isNamed('terms') && standing.access.lacking?.includes(index) === true)
      return listLost(await this.forErasing(), entry)
    const subjects = await this.reads.subjects(entry)
    requireErasable(standing, [{ index }], () => subjects)
    return eraseDisclosures(await this.forErasing(), index, ({ claim }) => isNamed(claim))
  }

  /** Executes orders of the ledger that goes on from this one (orders-of-successor.ts), each judged to hold there. Nothing else may be asked of the ledger meanwhile. */
  async executeSuccessorOrders(orders: readonly SuccessorOrder[]): Promise<OrderedTarget[]> {
    return executeSuccessorOrders({ ...(await this.forErasing()), standing: this.standing }, orders)
  }

  private async forErasing(): Promise<Parameters<typeof eraseDisclosures>[0]> {
    const { folder, reads, storage, lookups, saving } = this.parts
    // A comparison that is under way holds what is erased.
    await lookups.finished()
    // What stands in memory may rest on terms that are erased here: the next start finds it out anew.
    saving.end()
    return { reads, storage, list: folder.erased }
  }

  /** Ends all waiting for new entries, and for a follower: before a server closes its connections. */
  stopWaiting(): void {
    this.parts.replication.stop()
    this.parts.confirmation?.stop()
  }

  /** Finishes what was accepted, refuses the rest, closes. */
  async close(): Promise<void> {
    const { sequencer, head, storage, gate, lookups, readings, saving, release } = this.parts
    await sequencer.drain()
    await readings.close()
    await saving.close(sequencer.durable)
    await lookups.stop()
    this.stopWaiting()
    await gate.close()
    await head.close()
    await storage.close()
    release()
  }
}

/** What stands without what rested on terms that orders took: one that was cut off was executed only now. Where claims are shut, no terms let anybody read. */
function accessAtStart(
  { access, registry }: Pick<ChainState, 'access' | 'registry'>,
  orders: readonly StandingOrder[],
  isShut: boolean,
): AccessState {
  const erased = orders.flatMap(({ of }) => of.map(({ index }) => index))
  const left = withoutTerms(access, erased, (id, index) => heldSince(registry, id, index) !== undefined)
  return isShut ? { ...left, letsNobody: true } : left
}

/** The key of the policy, which must be the signer's. Throws `genesis-ledger-keys`. */
function ownKey({ key: listed }: HeldFolder, signer: LedgerSigningKey): VerifierKey {
  const own = verifierKey(listed.name, signer.publicKey)
  if (own.text !== listed.text) {
    throw new EvidenceError('genesis-ledger-keys', 'the ledger’s private key is not the one that its policy names', {
      expected: listed.text,
      found: own.text,
    })
  }
  return own
}

/** A key that was rotated out signs the checkpoint of its rotation and no other. Throws `ledger-key-retired`. */
function requireCurrent(registry: Registry, key: VerifierKey): void {
  const current = currentLedgerKeys(registry)
  if (current.includes(key.text)) return
  const [expected] = current
  throw new EvidenceError('ledger-key-retired', 'the ledger’s key was replaced, and signs nothing more', {
    found: key.text,
    ...defined({ expected }),
  })
}
