import { valueOr } from '../../core/attempt.ts'
import { parseDisclosure } from '../../core/disclosure.ts'
import { EvidenceError } from '../../core/errors.ts'
import { rootFromTiles } from '../../core/merkle/tiles.ts'
import type { VerifierKey } from '../../core/note.ts'
import type { Registry } from '../../statements/registry.ts'
import { readBody } from '../../statements/body.ts'
import { erasedBy, listedBy } from '../../statements/said.ts'
import type { DataFolder } from '../data-folder.ts'
import { readStored } from '../entry-facts.ts'
import {
  addErasures,
  byOperator,
  type ErasedDigests,
  type Erasure,
  keptBy,
  keptIn,
  listedIn,
  noLongerKept,
  readErasures,
  relistErasures,
} from '../erasures.ts'
import { readHead } from '../head-file.ts'
import { holdFolder } from '../held-folder.ts'
import { lookupsGone } from '../lookup.ts'
import { createLookupCodec } from '../lookup-secret.ts'
import { openForWriting, type OpenedFolder } from '../opening.ts'
import { executeOrders, targetsOf } from '../orders.ts'
import { examineStandIn } from '../recovery.ts'
import { isFillable } from '../../node/folder-filling.ts'
import type { AcceptFault } from './missing-claims.ts'
import type { Piece } from './piece.ts'
import { rebuildDatabase } from './rebuild.ts'
import { Replay, requireSignedTree } from './replay.ts'
import { fillDataFolder, finishFolder } from './restore.ts'
import { relisted, unvouchedIn, vouched } from './vouched-erasures.ts'

/** The command that fills the folder. */
const following = 'evidence follow'

/** What a copy's own operator allows. */
export interface ReplicaOptions {
  /** Takes note of claims that the leader has lost; without it the follower stops at the first. */
  readonly acceptMissing?: AcceptFault
  /** Erases here too what the leader's operator erased without an order. */
  readonly operatorErasures?: boolean
}

export interface ReplicaCreateOptions extends ReplicaOptions {
  readonly root: string
  readonly policy: Uint8Array
  readonly key: VerifierKey
  /** Whom it follows. */
  readonly of: string
  /** The first piece of the leader, from entry 0. */
  readonly first: Piece
}

interface ReplicaParts extends Omit<OpenedFolder, 'tree'> {
  readonly folder: DataFolder
  readonly key: VerifierKey
  readonly replay: Replay
  readonly release: () => void
  readonly options: ReplicaOptions
}

/**
 * A follower's data folder, open: takes pieces of its leader, each judged and durable before the next, and never signs. After
 * each piece it is an ordinary ledger's folder, but for the marker (signing-state.ts).
 */
export class Replica {
  private readonly parts: ReplicaParts
  private known: number
  private failed = false

  private constructor(parts: ReplicaParts) {
    this.parts = parts
    this.known = readErasures(parts.folder.erased).length
  }

  /** Makes the folder of a first piece, as a whole or not at all. Throws the codes of beginFolder and rebuildDatabase. */
  static async create({ root, policy, key, of, first, ...options }: ReplicaCreateOptions): Promise<Replica> {
    const { checkpoint: note, entries, config, erased } = first
    if (first.from !== 0 || entries.length === 0)
      throw new EvidenceError('server-answer', `${of} gives other entries than asked`)
    await fillDataFolder(root, { by: following }, async (folder) => {
      const codec = createLookupCodec(folder)
      await rebuildDatabase(
        { location: folder.database, codec, note, key, entries: once(entries) },
        (_storage, _tree, missing) => {
          missing.excuse(erased)
          return Promise.resolve(missing.settle(options.acceptMissing))
        },
      )
      // What an operator erased is kept at first, and goes when the folder is opened: cut off in between, too.
      addErasures(folder.erased, listedIn(erased, false))
      await finishFolder(folder, { note, policy, config }, 'follows', of)
    })
    return Replica.open(root, options)
  }

  /** Whether a folder is to be made into a follower's, and not opened: missing, empty, or cut off when it was made. */
  static isToBeMade(root: string): boolean {
    return isFillable(root, following)
  }

  /** Opens a follower's folder. Throws `ledger-exists` where it is no follower's, and what opening a ledger throws. */
  static async open(root: string, options: ReplicaOptions = {}): Promise<Replica> {
    const { folder, key, release } = holdFolder(root, 'follow')
    try {
      const guard = readHead(folder.head, key)
      const published = await examineStandIn(folder, [key])
      const opened = await openForWriting(folder, guard, published)
      const replay = new Replay(published.state, opened.tree, opened.storage, key)
      const replica = new Replica({ ...opened, folder, key, replay, release, options })
      await replica.relist(0)
      if (options.operatorErasures === true) await replica.eraseKept()
      return replica
    } catch (error) {
      release()
      throw error
    }
  }

  /** Entries that are durable here. */
  get size(): number {
    return this.parts.replay.state.size
  }
  /** Root of the tree, 32 bytes. */
  get root(): Uint8Array {
    return rootFromTiles(this.size, this.parts.replay.tree.read)
  }
  /** Erasures that the leader told, done here or kept. */
  get erasures(): number {
    return this.known
  }
  /** Erasures of the leader’s operator that are not done here. */
  get keptErasures(): number {
    return unvouchedIn(readErasures(this.parts.folder.erased), this.size)
  }
  get registry(): Registry {
    return this.parts.replay.state.registry
  }

  /**
   * Takes the next piece: durable and rollback-guarded when this returns. Throws the codes of Replay, `disclosures-missing`, `server-answer`; after a
   * throw the replica takes no more, and what is on the disk is as it was before.
   */
  async apply(piece: Piece): Promise<void> {
    if (this.failed) throw new EvidenceError('writer-stopped', 'this follower has failed before')
    try {
      if (piece.from !== this.size)
        throw new EvidenceError('server-answer', 'the leader gives other entries than asked')
      if (piece.entries.length > 0) await this.append(piece)
      // Nothing new: then the leader's checkpoint is of the very tree that is here.
      else requireSignedTree(piece.checkpoint, this.parts.key, this.parts.replay.tree)
      await this.erase(piece.erased)
      if (piece.entries.length > 0) await this.relist(piece.from)
    } catch (error) {
      this.failed = true
      throw error
    }
  }

  private async append({ entries, checkpoint, erased }: Piece): Promise<void> {
    const { folder, replay, storage, epoch, head, key, options } = this.parts
    const expectedSize = this.size
    const { orders, ...group } = await replay.take(entries)
    requireSignedTree(checkpoint, key, replay.tree)
    replay.missing.excuse([...readErasures(folder.erased), ...erased, ...orders.flatMap(({ of }) => of)])
    replay.missing.settle(options.acceptMissing)
    const stored = orders.map((order) => ({ ...order, of: order.of.filter(({ index }) => index < expectedSize) }))
    const targets = await targetsOf(stored, replay.tree)
    await storage.append({ ...group, expectedSize, epoch, checkpoint })
    await head.write(checkpoint)
    await storage.exclusively((alone) => executeOrders({ storage: alone, orders, targets }))
    replay.tree.releaseCompleted()
  }

  private async erase(erased: readonly Erasure[]): Promise<void> {
    const { folder, options } = this.parts
    // What an order takes goes by the order, which was judged here.
    const told = await vouched(erased, { size: this.size }, (by) => this.orderedBy(by))
    const listed = listedIn(told, options.operatorErasures === true)
    await this.eraseClaims(byOperator(listed))
    // After the claims are gone: cut off in between, they are told again.
    addErasures(folder.erased, listed)
    this.known += erased.length
  }

  /** What the entry at an index, which was judged here, orders to be erased. */
  private async orderedBy(index: number): Promise<readonly ErasedDigests[]> {
    const { statement } = readStored(await this.parts.replay.tree.entry(index), index)
    return erasedBy(valueOr(() => readBody(statement), undefined))
  }

  /** Looks at the lines of the list that name orders from entry `from` on, as far as those are here by now. */
  private async relist(from: number): Promise<void> {
    const { folder, options } = this.parts
    const before = readErasures(folder.erased)
    if (before.every(({ by }) => by === undefined)) return
    const range = { from, size: this.size }
    const follows = options.operatorErasures === true
    const { list, claimed } = await relisted(before, range, (by) => this.orderedBy(by), follows)
    await this.eraseClaims(byOperator(claimed))
    relistErasures(folder.erased, list)
  }

  /** Erases what was kept before the operator of this copy said to follow. */
  private async eraseKept(): Promise<void> {
    const { erased } = this.parts.folder
    const kept = keptIn(readErasures(erased))
    if (kept.length === 0) return
    await this.eraseClaims(kept)
    noLongerKept(erased)
  }

  private async eraseClaims(erasures: readonly Erasure[]): Promise<void> {
    const { storage, replay } = this.parts
    for (const erasure of erasures) {
      const held = await storage.disclosures(erasure.index)
      const keep = keptBy(erasure, held)
      if (keep.length === held.length) continue
      const gone = held.filter((text) => !keep.includes(text))
      const { statement } = readStored(await replay.tree.entry(erasure.index), erasure.index)
      const lists = lookupsGone(listedBy(statement), gone.map(parseDisclosure), keep.map(parseDisclosure))
      await storage.eraseDisclosures([{ index: erasure.index, keep, lists }])
    }
  }

  async close(): Promise<void> {
    const { head, storage, release } = this.parts
    await head.close()
    await storage.close()
    release()
  }
}

async function* once<T>(value: T): AsyncGenerator<T> {
  yield value
}
