import { equalBytes } from '../core/bytes.ts'
import { EvidenceError } from '../core/errors.ts'
import { rootFromTiles } from '../core/merkle/tiles.ts'
import { parseVerifierKey, type VerifierKey, verifierKey } from '../core/note.ts'
import { defined } from '../core/objects.ts'
import { currentLedgerKeys, type Registry, signsAt } from '../statements/registry.ts'
import { parseSignedCheckpoint } from '../core/checkpoint.ts'
import { disclosureDigest, parseDisclosure } from '../core/disclosure.ts'
import type { LedgerSigningKey } from '../node/key-file.ts'
import { SignatureGate } from '../node/signature-gate.ts'
import { ClockGuard, type Clock, type ClockGuardOptions, systemClock } from './clock.ts'
import type { DataFolder, FolderConfig } from './data-folder.ts'
import { type Head, HeadFile, readHead } from './head-file.ts'
import { type HeldFolder, holdFolder } from './held-folder.ts'
import { type KnownCheckpoint, requireKnown, requireKnownSizes } from './copy/known.ts'
import { checkDatabase } from './leveldb/database-check.ts'
import { LevelStorage } from './leveldb/level-storage.ts'
import { makeShadow } from './leveldb/shadow.ts'
import { Confirmation, unconfirmed } from './confirmation.ts'
import { Replication } from './copy/replication.ts'
import { addErasures, readErasures } from './erasures.ts'
import type { Handover } from './rotation-marker.ts'
import { lookupsGone } from './lookup.ts'
import { LookupCheck, type LookupState } from './lookup-check.ts'
import { readLookupCodec } from './lookup-secret.ts'
import { LedgerReads } from './reads.ts'
import { Rights } from './rights.ts'
import { examine } from './recovery.ts'
import { type GroupReport, type Outcome, type Published, Sequencer } from './sequencer.ts'
import type { LedgerStorage } from './storage.ts'
import { authenticate, authenticateMany, openSubmission, type Submission } from './submission.ts'
import { LedgerTree } from './tree.ts'
import { writeAtStart } from './write-failure.ts'

export interface OpenOptions extends ClockGuardOptions {
  readonly clock?: Clock
  readonly maxQueue?: number
  readonly maxQueueBytes?: number
  /** Most statements of one group, where more wait. */
  readonly maxGroup?: number
  readonly onGroup?: (report: GroupReport) => void
  readonly onFailure?: (error: Error) => void
  /** Threads that verify signatures when many arrive at once; none unless given. */
  readonly signatureThreads?: number
  /** Nothing is published or answered before a follower has confirmed it; how long depositors wait, in milliseconds. */
  readonly followerTimeoutMs?: number
  /** Checkpoints kept elsewhere: a folder that does not go on from each of them is not opened. */
  readonly known?: readonly KnownCheckpoint[]
  /** Sizes that witnesses name without a checkpoint: a folder with fewer entries is not opened. */
  readonly knownSizes?: readonly { readonly where: string; readonly size: number }[]
  /** The signer's key is taking another's place (rotation.ts): what the folder holds may be signed by either. */
  readonly handover?: Handover
  /** The folder, where the caller holds it already: the ledger's from here on, and released if it does not open. */
  readonly held?: HeldFolder
}

interface LedgerParts {
  readonly folder: DataFolder
  readonly config: FolderConfig
  readonly key: VerifierKey
  readonly storage: LedgerStorage
  readonly head: HeadFile
  readonly sequencer: Sequencer
  readonly reads: LedgerReads
  readonly rights: Rights
  readonly unguardedReads: LedgerReads
  readonly gate: SignatureGate
  readonly replication: Replication
  readonly confirmation: Confirmation | undefined
  readonly lookups: LookupCheck
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
    const { handover } = options
    const key = handover === undefined ? ownKey(held, signer) : verifierKey(handover.from.name, signer.publicKey)
    const keys = handover === undefined ? [key] : [key, handover.from]
    const guard = readHead(folder.head, ...keys)
    const published = await examineStandIn(folder, keys, options.known, options.knownSizes)
    if (handover === undefined) requireCurrent(published.state.registry, key)
    const clock = new ClockGuard(options.clock ?? systemClock, published.state.timeMs, options)
    // Everything that refuses has had its say: from here on the folder is written to.
    const storage = await LevelStorage.open(folder.database, readLookupCodec(folder))
    try {
      const parts = { folder, config, key, release, storage }
      return await Ledger.start(parts, signer, { ...options, published, guard, clock })
    } catch (error) {
      await storage.close()
      throw error
    }
  }

  private static async start(
    parts: Pick<LedgerParts, 'folder' | 'config' | 'key' | 'release' | 'storage'>,
    signer: LedgerSigningKey,
    options: Omit<OpenOptions, 'clock'> & {
      readonly published: Published
      readonly guard: Head
      readonly clock: ClockGuard
    },
  ): Promise<Ledger> {
    const { folder, key, storage } = parts
    const { published, guard } = options
    const { size } = published.state
    const tree = await LedgerTree.rebuild(storage, size)
    const { checkpoint } = parseSignedCheckpoint(Buffer.from(published.note))
    if (
      (await storage.checkpoint()) !== published.note ||
      !equalBytes(rootFromTiles(size, tree.read), checkpoint.root)
    ) {
      throw new EvidenceError('storage-conflict', 'the database changed while it was opened')
    }
    const head = await HeadFile.open(folder.head, guard)
    // A crash came between the database and the head: what the database holds is durable, so the head goes forward. A slot
    // that is damaged is written again, or the next damage would leave none.
    if (size > guard.checkpoint.size || guard.otherSlotDamaged) await writeAtStart(() => head.write(published.note))
    const epoch = await writeAtStart(() => storage.claimWriter())
    const { sign } = signer
    const { followerTimeoutMs } = options
    const confirmation = followerTimeoutMs === undefined ? undefined : new Confirmation(size, followerTimeoutMs)
    const held = confirmation === undefined ? {} : { confirmation }
    const onGroup = (report: GroupReport): void => {
      options.onGroup?.(report)
      replication.wake()
    }
    const { outgoing } = options.handover ?? {}
    const leaving = outgoing === undefined ? {} : { outgoing }
    const { config } = parts
    const rights = new Rights(config)
    // Before the first group: what it compares must not move.
    const lookups = await LookupCheck.start(storage)
    const requireSound = (): void => lookups.requireUndamaged()
    const requireLookups = (): Promise<void> => lookups.requireVerified()
    const onPublished = (): void => replication.wake()
    const writing = { storage, epoch, tree, head, key, sign, rights, requireSound }
    const sequencer = new Sequencer({ ...options, ...held, ...leaving, ...writing, onGroup, onPublished })
    const unguardedReads = new LedgerReads(storage, tree, () => sequencer.published, requireLookups)
    const confirmed = (): Published => {
      if (confirmation?.isOpen === false) throw unconfirmed()
      return sequencer.published
    }
    const reads = new LedgerReads(storage, tree, confirmed, requireLookups)
    const durable = new LedgerReads(storage, tree, () => sequencer.durable, requireLookups)
    const { erased } = folder
    const replication = new Replication({
      storage,
      published: reads,
      durable,
      confirmation,
      key,
      sign,
      config,
      erased,
    })
    const gate = new SignatureGate(options.signatureThreads ?? 0)
    return new Ledger({
      ...parts,
      head,
      sequencer,
      reads,
      unguardedReads,
      rights,
      gate,
      replication,
      confirmation,
      lookups,
    })
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
  /** Who may sign what, as far as published. */
  get registry(): Registry {
    return this.parts.sequencer.published.state.registry
  }
  /** For those who copy this ledger. */
  get replication(): Replication {
    return this.parts.replication
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

  /** Opens a statement as it was sent in and verifies its signature. Throws the codes of openSubmission and authenticate. */
  async authenticate(text: string): Promise<Submission> {
    return authenticate(this.parts.sequencer.registry, openSubmission(text), (job) => this.parts.gate.verify(job))
  }

  /** Opens several texts and verifies their signatures; gives, in their order, a submission or the refusal of each. */
  authenticateMany(texts: readonly string[]): Promise<(Submission | EvidenceError)[]> {
    const { sequencer, gate } = this.parts
    return authenticateMany(sequencer.registry, texts, (jobs) => gate.verifyMany(jobs))
  }

  /** Sequences many, in order; resolves when each is durable or refused. */
  submitMany(submissions: readonly Submission[], wantReceipt?: boolean): Promise<(Outcome | Error)[]> {
    return this.parts.sequencer.submitMany(submissions, wantReceipt)
  }

  /** Sequences an authenticated statement; resolves when it is durable. */
  submit(submission: Submission, wantReceipt?: boolean): Promise<Outcome> {
    return this.parts.sequencer.submit(submission, wantReceipt)
  }

  /** Both at once. */
  async deposit(text: string): Promise<Outcome> {
    return this.submit(await this.authenticate(text))
  }

  /**
   * Erases disclosures of an entry, all or the named claims: from then on the verifier reports them withheld. The entry, its
   * proofs and receipts stand. Gives the claims erased. Nothing else may be asked of the ledger meanwhile. Throws `entry-not-found`.
   */
  async eraseDisclosures(index: number, claims?: readonly string[]): Promise<string[]> {
    const { reads, storage, lookups } = this.parts
    // A comparison that is under way holds what is erased.
    await lookups.finished()
    const entry = await reads.entry(index)
    const stored = (await reads.disclosures(entry)).map(parseDisclosure)
    const erased = stored.filter(({ claim }) => claims === undefined || claims.includes(claim))
    if (erased.length === 0) {
      // An erasure that was cut off may have left what it deleted in files that were not rewritten yet.
      if (readErasures(this.parts.folder.erased).some((erasure) => erasure.index === index))
        await storage.eraseDisclosures(
          index,
          stored.map(({ text }) => text),
          [],
        )
      return []
    }
    const gone = new Set(erased.map(({ text }) => disclosureDigest(text)))
    const keep = stored.filter(({ digest }) => !gone.has(digest))
    // Told to copies before it is done here: a crash in between leaves an erasure to be repeated, not one to be forgotten.
    addErasures(this.parts.folder.erased, [{ index, digests: erased.map(({ digest }) => digest) }])
    await storage.eraseDisclosures(
      index,
      keep.map(({ text }) => text),
      lookupsGone(entry.statement.common, erased, keep),
    )
    return erased.map(({ claim }) => claim)
  }

  /** Ends all waiting for new entries, and for a follower: before a server closes its connections. */
  stopWaiting(): void {
    this.parts.replication.stop()
    this.parts.confirmation?.stop()
  }

  /** Finishes what was accepted, refuses the rest, closes. */
  async close(): Promise<void> {
    const { sequencer, head, storage, gate, lookups, release } = this.parts
    await sequencer.drain()
    await lookups.stop()
    this.stopWaiting()
    await gate.close()
    await head.close()
    await storage.close()
    release()
  }
}

/** The key of the policy, which must be the signer's. */
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

/** The ledger's keys that sign at a size. */
function keysAt(registry: Registry, size: number): VerifierKey[] {
  return registry.ledgerKeys.filter((vkey) => signsAt(registry, vkey, size)).map((vkey) => parseVerifierKey(vkey))
}

/** All that may refuse to open, on a stand-in for the database: what is refused is left as it was found. */
export async function examineStandIn(
  folder: DataFolder,
  keys: readonly VerifierKey[],
  known: readonly KnownCheckpoint[] = [],
  knownSizes: readonly { readonly where: string; readonly size: number }[] = [],
): Promise<Published> {
  const [fault] = checkDatabase(folder.database).faults
  if (fault !== undefined) throw fault
  const { checkpoint } = readHead(folder.head, ...keys)
  const shadow = makeShadow(folder.database)
  try {
    const storage = await LevelStorage.open(shadow.folder, readLookupCodec(folder))
    try {
      const published = await examine(storage, checkpoint, ...keys)
      // Database and head may have gone back together: only what is kept elsewhere can tell.
      if (known.length > 0)
        await requireKnown(
          await LedgerTree.rebuild(storage, published.state.size),
          known,
          keys[0] as VerifierKey,
          (size) => keysAt(published.state.registry, size),
        )
      requireKnownSizes(published.state.size, knownSizes)
      return published
    } finally {
      await storage.close()
    }
  } finally {
    shadow.dispose()
  }
}
