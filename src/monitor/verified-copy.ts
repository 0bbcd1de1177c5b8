import { join } from 'node:path'
import { attempt } from '../core/attempt.ts'
import { toBase64 } from '../core/base64.ts'
import { equalBytes } from '../core/bytes.ts'
import { parseSignedCheckpoint, type SignedCheckpoint } from '../core/checkpoint.ts'
import { leafHash } from '../core/entry.ts'
import { EvidenceError, isEvidenceError } from '../core/errors.ts'
import { tilesAt, tileWidth } from '../core/merkle/layout.ts'
import { CompactRange } from '../core/merkle/range.ts'
import { inclusionProof, rootFromTiles, subtreeHashFrom } from '../core/merkle/tiles.ts'
import { applyPolicy, type Policy } from '../core/policy.ts'
import type { Misbehaviour } from '../core/misbehaviour.ts'
import { GrowingWalk, type GrowthReport } from '../verify/growing-walk.ts'
import { isSignedByLedger } from '../verify/ledger-keys.ts'
import { prefixHashes, prefixParts, rootsFromParts } from '../verify/prefix-parts.ts'
import { type Finding, findingOf } from '../verify/report.ts'
import type { EntryObserver } from '../verify/judge-entry.ts'
import { KnownNames } from '../node/known-names.ts'
import type { LogSource } from '../log/log.ts'
import { LogView } from '../log/view.ts'
import { areLeaves, CopyFolder } from './copy-folder.ts'

/** A checkpoint as somebody was shown it. */
export interface SignedNote extends SignedCheckpoint {
  readonly bytes: Uint8Array
  /** The vkeys of the policy that verified it. */
  readonly verified: readonly string[]
}

/** Reads a checkpoint and applies the policy to it. Throws the codes of notes and policies. */
export function trustedNote(bytes: Uint8Array, policy: Policy): SignedNote {
  const signed = parseSignedCheckpoint(bytes)
  const { logs } = applyPolicy(policy, signed.note, signed.checkpoint.origin)
  return { ...signed, bytes, verified: logs.map(({ text }) => text) }
}

/**
 * The checkpoint of a copy, which the policy of its day accepted. A later policy names the ledger's later key alone; then the copy's own
 * entries have to say that its signer was the ledger's, which is asked once they are walked.
 */
function keptNote(bytes: Uint8Array, policy: Policy): { note: SignedNote; doubt?: EvidenceError } {
  const note = attempt(() => trustedNote(bytes, policy), 'checkpoint-untrusted')
  if (!(note instanceof EvidenceError)) return { note }
  return { note: { ...parseSignedCheckpoint(bytes), bytes, verified: [] }, doubt: note }
}

/** The result of comparing a checkpoint with the copy. */
export type Growth =
  | { readonly kind: 'grown'; readonly from: number; readonly to: number; readonly report: GrowthReport }
  | { readonly kind: 'same' | 'older' }
  | { readonly kind: 'misbehaviour'; readonly proof: Misbehaviour }
  /** What was shown does not fit, and does not suffice for a proof. */
  | { readonly kind: 'refused'; readonly finding: Finding }

/** Entries of a copy that are looked at again when it is opened, from an index on. */
export interface Again {
  readonly from: number
  readonly observer: EntryObserver
}

const nothing: GrowthReport = { faults: [], unjudged: [] }

const bundlesAtOnce = 4
/** New entries that are taken in one step: their leaf hashes are held in memory, 32 bytes each, from the moment at which each entry is there and verified. */
const maxGrowth = 2 ** 24

/** A ledger's copy that holds nothing unverified, and grows (docs/design/monitoring-others.md). */
export class VerifiedCopy {
  readonly folder: CopyFolder
  readonly origin: string
  readonly walk: GrowingWalk
  private readonly begun: KnownNames
  private range = new CompactRange()
  private held: SignedNote | undefined

  private constructor(folder: CopyFolder, origin: string, begun: KnownNames) {
    this.folder = folder
    this.begun = begun
    this.origin = origin
    this.walk = new GrowingWalk(origin)
  }

  /**
   * Opens a copy of `origin`, or begins one. What lies there is walked again from entry 0. `known` is the list of origins of which a
   * copy was begun: one that was, and whose checkpoint is gone, is not begun again, for nothing that was seen before could be
   * compared any more. Entries from `again.from` on are shown to its observer; what was found in them alone is `late`. Throws `copy-lost` then, and `root-mismatch`, `tile-missing`, and the codes of the checkpoint, where
   * the copy is not what it was.
   */
  static async open(
    path: string,
    origin: string,
    policy: Policy,
    known: string = join(path, 'origins'),
    again?: Again,
  ): Promise<{ readonly copy: VerifiedCopy; readonly report: GrowthReport; readonly late: GrowthReport }> {
    const folder = new CopyFolder(path)
    const begun = new KnownNames(known)
    const copy = new VerifiedCopy(folder, origin, begun)
    if (!folder.hasCheckpoint) {
      if (!begun.has(origin)) return { copy, report: nothing, late: nothing }
      const where = folder.path('checkpoint')
      throw new EvidenceError('copy-lost', `a copy of ${origin} was begun here, and ${where} is not there any more`, {
        where,
      })
    }
    begun.add(origin)
    const { note, doubt } = keptNote(await folder.checkpoint(), policy)
    const { checkpoint } = note
    if (checkpoint.origin !== origin) {
      const message = `the folder ${path} holds a copy of ${checkpoint.origin}, not of ${origin}`
      throw new EvidenceError('file-exists', message, { where: path })
    }
    folder.readAt(checkpoint.size)
    const leaves = folder.leaves(checkpoint.size)
    append(copy.range, leaves)
    if (!equalBytes(copy.range.root(), checkpoint.root)) {
      throw new EvidenceError('root-mismatch', `the tiles of the copy ${path} are not those of its checkpoint`, {
        where: path,
      })
    }
    copy.held = note
    const walked = await copy.walkHeld(leaves, note, again)
    if (doubt !== undefined && !isSignedByLedger(copy.walk.registry, note)) throw doubt
    return { copy, ...walked }
  }

  /** Walks what is held; what is to be looked at again in a step of its own, so that faults before it take no room of its own. */
  private async walkHeld(
    leaves: Uint8Array,
    { verified }: SignedNote,
    { from, observer }: Partial<Again> = {},
  ): Promise<{ report: GrowthReport; late: GrowthReport }> {
    const size = leaves.length / 32
    const first = Math.min(from ?? size, size)
    if (first === size) return { report: await this.walk.advance(this.folder, leaves, verified), late: nothing }
    const before = first === 0 ? nothing : await this.walk.advance(this.folder, leaves.subarray(0, first * 32), [])
    const late = await this.walk.advance(this.folder, leaves.subarray(first * 32), verified, observer)
    const faults = [...before.faults, ...late.faults]
    return { report: { faults, unjudged: [...before.unjudged, ...late.unjudged] }, late }
  }

  get size(): number {
    return this.walk.size
  }
  get note(): SignedNote | undefined {
    return this.held
  }

  /** Root of the first `size` entries held. */
  rootAt(size: number): Uint8Array {
    return size === this.size ? this.range.root() : rootFromTiles(size, this.folder.tileAt)
  }

  /** Inclusion proof at the size held. */
  inclusion(index: number): Uint8Array[] {
    return inclusionProof(index, this.size, this.folder.tileAt)
  }

  /** Holds a checkpoint that does not reach past the copy against it. Signed by the ledger, or it proves nothing. */
  compare({ checkpoint, bytes }: SignedNote): Growth {
    const { size, root } = checkpoint
    const held = this.held as SignedNote
    if (size === 0 || equalBytes(this.rootAt(size), root)) return { kind: size === this.size ? 'same' : 'older' }
    const notes = [bytes, held.bytes] as const
    if (size === this.size) return { kind: 'misbehaviour', proof: { kind: 'split-view', notes } }
    const hashes = prefixHashes(size, this.size, subtreeHashFrom(this.folder.tileAt))
    return { kind: 'misbehaviour', proof: { kind: 'inconsistent', notes, hashes } }
  }

  /** Goes on to a checkpoint, taking what it needs from a source. Throws what reading the source throws with exit code 3. */
  async advance(source: LogSource, note: SignedNote, observer?: EntryObserver): Promise<Growth> {
    const { checkpoint } = note
    if (this.held !== undefined && checkpoint.size <= this.size) return this.compare(note)
    try {
      return await this.grow(source, note, observer)
    } catch (error) {
      if (!isEvidenceError(error) || error.kind.exit === 3) throw error
      return { kind: 'refused', finding: findingOf(error, error.facts.index) }
    }
  }

  private async grow(source: LogSource, note: SignedNote, observer?: EntryObserver): Promise<Growth> {
    const { checkpoint, bytes, verified } = note
    const { size, root } = checkpoint
    const from = this.size
    const view = new LogView(source, bytes)
    if (size - from > maxGrowth) {
      const message = `the checkpoint claims ${size - from} new entries, more than a copy takes at once`
      throw new EvidenceError('server-answer', message)
    }
    const refused = await this.refusalOf(view, bytes)
    if (refused !== undefined) return refused
    const leaves = await this.takeEntries(source, view, from)
    const range = this.range.copy()
    append(range, leaves)
    if (!equalBytes(range.root(), root)) return { kind: 'refused', finding: findingOf(rootMismatch(root)) }
    this.folder.writeTiles(from, size, leaves)
    const report = await this.walk.advance(this.folder, leaves, verified, observer)
    this.range = range
    this.folder.writeCheckpoint(bytes)
    this.begun.add(this.origin)
    this.held = note
    this.folder.removePartials(from, size)
    return { kind: 'grown', from, to: size, report }
  }

  /**
   * What a few tiles show before any entry is read: that the ledger's tiles are not of its checkpoint, or that its history does not go on from the one
   * held. Undefined where neither is so. Throws what reading throws.
   */
  private async refusalOf(view: LogView, bytes: Uint8Array): Promise<Growth | undefined> {
    const { size, root } = view.checkpoint
    if (this.held === undefined || this.size === 0) {
      await view.authentic.requireRoot()
      return undefined
    }
    await view.load(prefixParts(this.size, size))
    const hashes = prefixHashes(this.size, size, subtreeHashFrom(view.read))
    const roots = rootsFromParts(this.size, size, hashes)
    // Both checkpoints are told where what is shown explains neither.
    if (roots === undefined || !equalBytes(roots.root2, root))
      return { kind: 'refused', finding: findingOf(rootMismatch(root)) }
    // What is asked for after that may not be given any more.
    if (equalBytes(roots.root1, this.range.root())) {
      await view.authentic.requireRoot()
      return undefined
    }
    return { kind: 'misbehaviour', proof: { kind: 'inconsistent', notes: [this.held.bytes, bytes], hashes } }
  }

  /**
   * Every bundle that changes, each entry compared with its leaf hash, kept as soon as it is verified; gives the leaf hashes of the new entries. A few tiles
   * are read at a time, each of them shown to belong to the signed root, and their entries after them: a ledger that claims more than it has is found
   * before more than that is held.
   */
  private async takeEntries(source: LogSource, view: LogView, from: number): Promise<Uint8Array> {
    const { size } = view
    const leaves = new Uint8Array((size - from) * 32)
    const take = async (n: number, own: Uint8Array): Promise<void> => {
      if (await this.folder.holdsBundle(n, own)) return
      const entries = await source.entries(n, own.length / 32)
      if (areLeaves(entries, own)) return this.folder.writeBundle(n, entries)
      throw wrongEntry(entries, own, n * tileWidth)
    }
    for (let n = Math.floor(from / tileWidth); n * tileWidth < size; n += bundlesAtOnce) {
      const tiles: Uint8Array[] = []
      for (let i = n; i < Math.min(n + bundlesAtOnce, tilesAt(0, size)); i++) {
        const tile = await view.authentic.tile(0, i)
        tiles.push(tile)
        const known = Math.max(0, from - i * tileWidth)
        leaves.set(tile.subarray(known * 32), (i * tileWidth + known - from) * 32)
      }
      await Promise.all(tiles.map((own, i) => take(n + i, own)))
    }
    return leaves
  }
}

function rootMismatch(root: Uint8Array): EvidenceError {
  return new EvidenceError('root-mismatch', 'the ledger’s tiles are not those that its checkpoint signs', {
    expected: toBase64(root),
  })
}

function append(range: CompactRange, leaves: Uint8Array): void {
  for (let at = 0; at < leaves.length; at += 32) range.append(leaves.slice(at, at + 32))
}

function wrongEntry(entries: readonly (Uint8Array | undefined)[], leaves: Uint8Array, begin: number): EvidenceError {
  for (let i = 0; i * 32 < leaves.length; i++) {
    const bytes = entries[i]
    const index = begin + i
    if (bytes === undefined)
      return new EvidenceError('entry-missing', `the ledger does not give entry ${index}`, { index })
    const leaf = leaves.subarray(32 * i, 32 * i + 32)
    const found = leafHash(bytes)
    if (equalBytes(found, leaf)) continue
    return new EvidenceError('entry-altered', `the ledger gives an entry ${index} that is not the one it sequenced`, {
      index,
      expected: toBase64(leaf),
      found: toBase64(found),
    })
  }
  return new EvidenceError('bundle-malformed', `the bundle at ${begin} is not as wide as the checkpoint asks`)
}
