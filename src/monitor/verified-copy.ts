import { join } from 'node:path'
import { attempt, settled } from '../core/attempt.ts'
import { toBase64 } from '../core/base64.ts'
import { equalBytes } from '../core/bytes.ts'
import { parseSignedCheckpoint, type SignedCheckpoint } from '../core/checkpoint.ts'
import { leafHash } from '../core/entry.ts'
import { EvidenceError, isEvidenceError } from '../core/errors.ts'
import { tilesAt, tileWidth, tileWidthAt } from '../core/merkle/layout.ts'
import { CompactRange } from '../core/merkle/range.ts'
import { inclusionProof, rootFromTiles, subtreeHashFrom } from '../core/merkle/tiles.ts'
import { applyPolicy, type Policy } from '../core/policy.ts'
import type { Misbehaviour } from '../core/misbehaviour.ts'
import { GrowingWalk, type GrowthReport } from '../verify/growing-walk.ts'
import { isSignedByLedger } from '../verify/ledger-keys.ts'
import { prefixHashes, prefixParts } from '../verify/prefix-parts.ts'
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

const bundlesAtOnce = 4
/** New entries that are taken in one step: their leaf hashes are held in memory, 32 bytes each. */
const maxGrowth = 2 ** 27

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
   * compared any more. Throws `copy-lost` then, and `root-mismatch`, `tile-missing`, and the codes of the checkpoint, where
   * the copy is not what it was.
   */
  static async open(
    path: string,
    origin: string,
    policy: Policy,
    known: string = join(path, 'origins'),
  ): Promise<{ readonly copy: VerifiedCopy; readonly report: GrowthReport }> {
    const folder = new CopyFolder(path)
    const begun = new KnownNames(known)
    const copy = new VerifiedCopy(folder, origin, begun)
    if (!folder.hasCheckpoint) {
      if (!begun.has(origin)) return { copy, report: { faults: [], unjudged: [] } }
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
    const report = await copy.walk.advance(folder, leaves, note.verified)
    if (doubt !== undefined && !isSignedByLedger(copy.walk.registry, note)) throw doubt
    return { copy, report }
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
    const leaves = await view.leavesFrom(from)
    const range = this.range.copy()
    append(range, leaves)
    if (!equalBytes(range.root(), root)) return this.explain(view, bytes)
    await this.takeEntries(source, from, size, leaves)
    this.folder.writeTiles(from, size, leaves)
    const report = await this.walk.advance(this.folder, leaves, verified, observer)
    this.range = range
    this.folder.writeCheckpoint(bytes)
    this.begun.add(this.origin)
    this.held = note
    this.folder.removePartials(from, size)
    return { kind: 'grown', from, to: size, report }
  }

  /** The new leaves do not go on from those held: either the ledger's history does not, or its tiles are not of its checkpoint. */
  private async explain(view: LogView, bytes: Uint8Array): Promise<Growth> {
    const { size, root } = view.checkpoint
    const mismatch = new EvidenceError('root-mismatch', 'the ledger’s tiles are not those that its checkpoint signs', {
      expected: toBase64(root),
    })
    if (this.held === undefined || this.size === 0) return { kind: 'refused', finding: findingOf(mismatch) }
    // Who does not give what would explain it leaves it as it is: both checkpoints are told.
    const explained = await settled(view.load(prefixParts(this.size, size)).then(() => view.root()))
    if (explained instanceof EvidenceError || !equalBytes(explained, root))
      return { kind: 'refused', finding: findingOf(mismatch) }
    const hashes = prefixHashes(this.size, size, subtreeHashFrom(view.read))
    return { kind: 'misbehaviour', proof: { kind: 'inconsistent', notes: [this.held.bytes, bytes], hashes } }
  }

  /** Every bundle that changes, each entry compared with its leaf hash, kept as soon as it is verified. */
  private async takeEntries(source: LogSource, from: number, size: number, leaves: Uint8Array): Promise<void> {
    const first = Math.floor(from / tileWidth)
    const known = from % tileWidth
    const take = async (n: number): Promise<void> => {
      const width = tileWidthAt(0, n, size)
      const begin = n * tileWidth
      const own = new Uint8Array(width * 32)
      if (n === first && known > 0) own.set(this.walk.history.leaves(begin, known))
      own.set(
        leaves.subarray((Math.max(begin, from) - from) * 32, (begin + width - from) * 32),
        Math.max(0, from - begin) * 32,
      )
      if (await this.folder.holdsBundle(n, own)) return
      const entries = await source.entries(n, width)
      if (areLeaves(entries, own)) return this.folder.writeBundle(n, entries)
      throw wrongEntry(entries, own, begin)
    }
    for (let n = first; n * tileWidth < size; n += bundlesAtOnce) {
      const count = Math.min(bundlesAtOnce, tilesAt(0, size) - n)
      await Promise.all(Array.from({ length: count }, (_, i) => take(n + i)))
    }
  }
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
