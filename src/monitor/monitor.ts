import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { append } from '../core/arrays.ts'
import { attempt, failureOf } from '../core/attempt.ts'
import { toBase64 } from '../core/base64.ts'
import { equalBytes, fromUtf8 } from '../core/bytes.ts'
import { parseSignedCheckpoint, type SignedCheckpoint } from '../core/checkpoint.ts'
import { EvidenceError, isEvidenceError } from '../core/errors.ts'
import { emptyRoot } from '../core/merkle/hashing.ts'
import { verifyNote } from '../core/note.ts'
import { defined } from '../core/objects.ts'
import { applyPolicy, type Policy } from '../core/policy.ts'
import { encodeMisbehaviour, type Misbehaviour } from '../core/misbehaviour.ts'
import { checkMisbehaviour } from '../verify/check-misbehaviour.ts'
import type { GrowthReport } from '../verify/growing-walk.ts'
import { type Finding, findingOf } from '../verify/report.ts'
import { writeDurably } from '../node/durable-file.ts'
import type { LogSource } from '../log/log.ts'
import { proofOfFault } from './entry-proof.ts'
import type { AlarmEvent, MonitorEvent, NoticeEvent } from './events.ts'
import type { ToldSize } from './told-size.ts'
import type { UnreachedNotes } from './unreached.ts'
import type { SignedNote, VerifiedCopy } from './verified-copy.ts'
import { type WatchList, type WatchMatch, WatchObserver } from './watch-list.ts'

/** Somewhere that a ledger's checkpoint is shown. */
export interface VantagePoint {
  readonly where: string
  /** The signed checkpoint; undefined where there is none yet. Throws what fetching throws. */
  readonly checkpoint: () => Promise<Uint8Array | undefined>
  /** Tiles and entries, where this is a ledger or a mirror and not a witness. */
  readonly source?: LogSource
}

export interface MonitorOptions {
  readonly copy: VerifiedCopy
  readonly policy: Policy
  /** Where the ledger is shown; read anew for each look. */
  readonly points: () => readonly VantagePoint[]
  /** Folder of the proofs. */
  readonly proofs: string
  /** What the ledger signed and the copy does not reach. */
  readonly unreached: UnreachedNotes
  readonly watch: WatchList
  /** Up to which size events were handed over; without it what is lost with the process is not told again. */
  readonly told?: ToldSize
}

interface View {
  readonly point: VantagePoint
  readonly note: SignedNote
}

type Untold<E> = E extends unknown ? Omit<E, 'origin' | 'event'> : never

function unfinishedOf(error: unknown): Finding {
  return findingOf(failureOf(error, `the look was not finished: ${error instanceof Error ? error.message : 'unknown'}`))
}

/** There is one tree without an entry; it needs no tile. Throws `root-mismatch`. */
function requireEmptyRoot(where: string, { size, root }: SignedCheckpoint['checkpoint']): void {
  if (size > 0 || equalBytes(root, emptyRoot())) return
  const facts = { expected: toBase64(emptyRoot()), found: toBase64(root) }
  const message = `${where} shows a checkpoint of 0 entries whose root is not that of the empty tree`
  throw new EvidenceError('root-mismatch', message, facts)
}

/** Follows one ledger over all the places where it is shown (docs/design/monitoring-others.md). */
export class LedgerMonitor {
  private readonly options: MonitorOptions
  /** Alarms of the look before: what lasts is told once, and what comes again is told again. */
  private told: ReadonlySet<string> = new Set()
  private current = new Set<string>()
  private events: MonitorEvent[] = []
  /** The size up to which entries have their events among those that were given. */
  private given: number | undefined

  constructor(options: MonitorOptions) {
    this.options = options
  }

  private alarm(event: Untold<AlarmEvent>): void {
    const name = JSON.stringify(event)
    if (this.told.has(name) || this.current.has(name)) return void this.current.add(name)
    this.current.add(name)
    this.events.push({ event: 'alarm', origin: this.options.copy.origin, ...event } as AlarmEvent)
  }

  private notice(event: Untold<NoticeEvent>): void {
    this.events.push({ event: 'notice', origin: this.options.copy.origin, ...event } as NoticeEvent)
  }

  /** Tells what was found before the first look, in the copy itself: every fault, and of entries that were not told of yet the rest. */
  async report(
    faults: readonly Finding[],
    unjudged: readonly Finding[] = [],
    matches: readonly WatchMatch[] = [],
  ): Promise<MonitorEvent[]> {
    await this.found(this.options.copy.folder.name, { faults, unjudged }, matches)
    return this.ended()
  }

  /** Looks once, and gathers all that {@link look} tells. What it gives counts as handed over: for those who can afford to lose it with the process. */
  async poll(): Promise<MonitorEvent[]> {
    const events: MonitorEvent[] = []
    for await (const part of this.look()) append(events, part)
    return events
  }

  /**
   * Looks once at every place, takes what is new, and gives what there is to tell, in parts: each before anything further is asked of the
   * ledger. What is asked for the next part has taken the one before: printed it, and kept it for delivery. Throws nothing: a look that cannot be finished says so (`unfinished`), and then the copy is to be opened again.
   */
  async *look(): AsyncGenerator<MonitorEvent[]> {
    try {
      const { copy, points, unreached } = this.options
      const seen = await Promise.all(points().map((point) => this.view(point)))
      const views = seen.filter((view) => view !== undefined)
      views.sort((a, b) => b.note.checkpoint.size - a.note.checkpoint.size)
      // A larger checkpoint may take long to follow, or never lead anywhere: what contradicts the copy as it is comes first.
      const others = views.filter((view) => !this.contradicts(view))
      // What is signed of one size is compared before anything is asked that need never be answered.
      for (const view of others) this.compareUnreached(view)
      unreached.save()
      yield this.taken()
      for (const view of others)
        if (view.note.checkpoint.size > copy.size || copy.note === undefined) await this.goOn(view, others)
      for (const view of others) this.compare(view)
      this.compareReached()
    } catch (error) {
      this.unfinished(error)
    }
    yield this.ended()
    try {
      this.handedOver()
    } catch (error) {
      this.unfinished(error)
      yield this.taken()
    }
  }

  /** Notes what need not be told again after a restart: only once it was taken. */
  private handedOver(): void {
    this.options.unreached.save()
    if (this.given !== undefined) this.options.told?.save(this.given)
  }

  /** Tells what was found in entries of the copy; those before the ones it was found in were told of. */
  private async found(
    where: string,
    { faults, unjudged }: GrowthReport,
    matches: readonly WatchMatch[],
  ): Promise<void> {
    const { size } = this.options.copy
    for (const finding of faults) await this.fault(where, finding)
    for (const finding of unjudged) this.notice({ what: 'unjudged', where, finding })
    for (const match of matches) this.notice({ what: 'watch', where, ...match })
    this.given = size
  }

  /** The events of a look's end: its alarms are those that the next look does not tell again. */
  private ended(): MonitorEvent[] {
    this.told = this.current
    this.current = new Set()
    return this.taken()
  }

  private taken(): MonitorEvent[] {
    const { events } = this
    this.events = []
    return events
  }

  /** Whatever ended the look, or kept one place from being seen, a fault of ours among them, ends this look alone. */
  private unfinished(error: unknown, where: string = this.options.copy.folder.name): void {
    this.notice({ what: 'unfinished', where, finding: unfinishedOf(error) })
  }

  /** Whether a view that the copy reaches is of another history: then that is told. */
  private contradicts({ point, note }: View): boolean {
    const { copy } = this.options
    if (copy.note === undefined || note.checkpoint.size > copy.size) return false
    const growth = copy.compare(note)
    if (growth.kind === 'misbehaviour') this.keep(point.where, growth.proof)
    return growth.kind === 'misbehaviour'
  }

  /** Compares a view that the copy does not reach with what was signed of the same size before, here or elsewhere. */
  private compareUnreached({ point, note }: View): void {
    const { copy, unreached } = this.options
    const { size } = note.checkpoint
    if (size === 0 || (copy.note !== undefined && size <= copy.size)) return
    const proof = unreached.see(point.where, note)
    if (proof !== undefined) this.keep(point.where, proof)
  }

  /** Compares what was shown before, here or elsewhere, once the copy reaches it. */
  private compareReached(): void {
    const { copy, unreached } = this.options
    if (copy.note === undefined) return
    for (const { where, note } of unreached.reached(copy.size)) {
      const growth = copy.compare(note)
      if (growth.kind === 'misbehaviour') this.keep(where, growth.proof)
    }
  }

  private async view(point: VantagePoint): Promise<View | undefined> {
    const { copy, policy } = this.options
    const { where } = point
    try {
      const bytes = await point.checkpoint()
      if (bytes === undefined) return undefined
      const signed = parseSignedCheckpoint(bytes)
      if (signed.checkpoint.origin !== copy.origin)
        throw new EvidenceError('checkpoint-untrusted', `${where} shows a checkpoint of ${signed.checkpoint.origin}`)
      const keys = policy.logs.map(({ key }) => key).filter(({ name }) => name === copy.origin)
      const verified = verifyNote(signed.note, keys).map(({ key }) => key.text)
      if (verified.length === 0)
        throw new EvidenceError(
          'checkpoint-untrusted',
          `${where} shows a checkpoint that the ledger’s key did not sign`,
        )
      requireEmptyRoot(where, signed.checkpoint)
      // A witness shows its own cosignature alone; of a ledger the whole policy is asked.
      if (point.source !== undefined) await this.requirePolicy(where, signed.note)
      return { point, note: { ...signed, bytes, verified } }
    } catch (error) {
      // What other places show is compared all the same.
      if (!isEvidenceError(error)) this.unfinished(error, where)
      else if (error.kind.exit === 3) this.notice({ what: 'unreachable', where, message: error.message })
      else this.alarm({ what: 'fault', where, finding: findingOf(error) })
      return undefined
    }
  }

  private async requirePolicy(where: string, note: SignedNote['note']): Promise<void> {
    const applied = attempt(() => applyPolicy(this.options.policy, note, this.options.copy.origin))
    if (applied instanceof EvidenceError) this.alarm({ what: 'fault', where, finding: findingOf(applied) })
  }

  /** Takes what leads to a view: from there, or, for a witness's, from any ledger of the same name. */
  private async goOn(view: View, views: readonly View[]): Promise<void> {
    const { copy, watch } = this.options
    const own = view.point.source === undefined ? views.map(({ point }) => point) : [view.point]
    for (const { source, where } of own) {
      if (source === undefined) continue
      const observer = new WatchObserver(watch)
      try {
        const growth = await copy.advance(source, view.note, observer)
        if (growth.kind === 'misbehaviour') this.keep(view.point.where, growth.proof)
        if (growth.kind === 'refused') this.unproven(view, where, growth.finding)
        if (growth.kind !== 'grown') continue
        this.notice({ what: 'grown', where, from: growth.from, to: growth.to })
        return await this.found(where, growth.report, observer.matches)
      } catch (error) {
        if (!isEvidenceError(error) || error.kind.exit !== 3) throw error
        this.notice({ what: 'unreachable', where, message: error.message })
      }
    }
  }

  /** A witness may be ahead of what a ledger publishes: that the ledger does not give the tiles yet is no fault. */
  private unproven(view: View, where: string, finding: Finding): void {
    const lacks = finding.code === 'tile-missing' || finding.code === 'tile-malformed'
    if (view.point.source === undefined && lacks) return
    const held = this.options.copy.note
    const checkpoints = [...(held === undefined ? [] : [held.bytes]), view.note.bytes].map((bytes) => fromUtf8(bytes))
    this.alarm({ what: 'unproven', where, finding, checkpoints })
  }

  private compare({ point, note }: View): void {
    const { copy } = this.options
    const { size } = note.checkpoint
    const { where } = point
    if (copy.note === undefined) return
    if (size > copy.size) return this.notice({ what: 'behind', where, size: copy.size, largest: size })
    const growth = copy.compare(note)
    if (growth.kind === 'misbehaviour') this.keep(where, growth.proof)
    else if (growth.kind === 'older') this.notice({ what: 'behind', where, size, largest: copy.size })
  }

  private async fault(where: string, finding: Finding): Promise<void> {
    let file: string | undefined
    try {
      const proof = await proofOfFault(this.options.copy, this.options.policy, finding)
      if (proof !== undefined) file = this.write(proof)
    } catch (error) {
      // A fault is told with its proof or without: the copy holds it too.
      this.unfinished(error)
    }
    this.alarm({ what: 'fault', where, finding, ...defined({ file }) })
  }

  private keep(where: string, proof: Misbehaviour): void {
    const bytes = encodeMisbehaviour(proof)
    const { says, faults } = checkMisbehaviour(bytes, this.options.policy)
    const [finding] = faults
    // The proof was made here and should hold, and be written. Where it does not, or is not, both notes are reported nonetheless: they may be
    // compared by hand.
    const unproven = (why: Finding): void =>
      this.alarm({ what: 'unproven', where, finding: why, checkpoints: proof.notes.map((note) => fromUtf8(note)) })
    if (finding !== undefined) return unproven(finding)
    try {
      this.alarm({ what: 'misbehaviour', where, kind: proof.kind, file: this.write(bytes), says })
    } catch (error) {
      unproven(unfinishedOf(error))
    }
  }

  /** One file for one proof, however often it is found. */
  private write(proof: Uint8Array): string {
    const name = createHash('sha256').update(proof).digest('hex').slice(0, 32)
    const path = join(this.options.proofs, `${name}.misbehaviour`)
    if (!existsSync(path)) writeDurably(path, proof)
    return path
  }
}
