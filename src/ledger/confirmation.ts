import { EvidenceError } from '../core/errors.ts'

/** What is done with a group that is durable here, when its fate is known. */
export interface HeldGroup {
  /** Size of the ledger after the group. */
  readonly size: number
  /** How many wait for their answer. */
  readonly statements: number
  /** Bytes that they hold meanwhile. */
  readonly bytes: number
  /** Readers may see it: a follower holds it. Called once, in order, even long after its depositors were refused. */
  readonly publish: () => void
  /** Its depositors are answered. */
  readonly answer: () => void
  /** Its depositors are told that it is not confirmed; it stands, and is published when it is. */
  readonly refuse: (error: EvidenceError) => void
}

interface Held extends HeldGroup {
  timer: NodeJS.Timeout | undefined
  /** When it was held, in milliseconds of `performance.now()`, and the bytes held then, its own among them. */
  readonly since: number
  readonly behind: number
}

/** Bytes that may be unconfirmed at a time: at the start, and the least and the most that it becomes. */
const firstWindow = 2 * 1024 * 1024
const minWindow = 128 * 1024
const maxWindow = 16 * 1024 * 1024
/** The window is what the follower confirms within this part of the time-out. */
const targetShare = 1 / 8

/**
 * Holds back what only this disk has, until a follower has it too (docs/design/backup-and-follow.md). Nothing is ever rolled
 * back: a group that is not confirmed in time is refused to its depositors and stays, and the same bytes sent again are
 * answered when it is.
 *
 * What is sequenced and not confirmed is bounded by a window that follows the follower's speed, so that a backlog waits in the
 * queue, which is fair among participants, and not behind the writer, where order is fixed (docs/design/fair-queue.md).
 */
export class Confirmation {
  private readonly timeoutMs: number
  private readonly held: Held[] = []
  private heldBytes = 0
  private windowBytes = firstWindow
  /** Called once when `room` may have another answer. */
  private wake: (() => void) | undefined
  /** Size that must be confirmed before anything is served: what the database had on opening. */
  private readonly openingSize: number
  private confirmed = -1
  private waiting = 0
  private waitingBytes = 0
  private stopped = false

  constructor(openingSize: number, timeoutMs: number) {
    this.openingSize = openingSize
    this.timeoutMs = timeoutMs
  }

  /** False until the follower has confirmed, once since the start, all that the database held. */
  get isOpen(): boolean {
    return this.confirmed >= this.openingSize
  }

  /** Entries that the follower has confirmed since the start; -1 before it has. */
  get size(): number {
    return this.confirmed
  }

  /** Statements that are sequenced and not answered yet: they count with those that wait to be sequenced. */
  get unanswered(): number {
    return this.waiting
  }

  /** Bytes that those hold. */
  get unansweredBytes(): number {
    return this.waitingBytes
  }

  /** Bytes that may be sequenced and not yet confirmed: about what the follower confirms in an eighth of the time-out. */
  get window(): number {
    return this.windowBytes
  }

  /** Why a new statement is refused before it is sequenced. Throws `follower-unconfirmed`. */
  requireReady(): void {
    // The first has waited longest: if its time is not up, nobody's is.
    const [first] = this.held
    if (!this.isOpen || (first !== undefined && first.timer === undefined)) throw unconfirmed()
  }

  /**
   * Waits until a further group may be sequenced. Gives the bytes that it may hold, more than 0. Throws what the statements that
   * wait for it are refused with: `follower-unconfirmed`, `shutting-down`.
   */
  async room(): Promise<number> {
    for (;;) {
      if (this.stopped) throw stopping()
      this.requireReady()
      const free = this.windowBytes - this.heldBytes
      if (free > 0) return free
      await new Promise<void>((wake) => {
        this.wake = wake
      })
    }
  }

  private changed(): void {
    this.wake?.()
    this.wake = undefined
  }

  /** Takes a group that is durable here. */
  hold(group: HeldGroup): void {
    if (group.size <= this.confirmed && this.held.length === 0) {
      group.publish()
      group.answer()
      return
    }
    this.heldBytes += group.bytes
    const held: Held = { ...group, timer: undefined, since: performance.now(), behind: this.heldBytes }
    this.held.push(held)
    if (this.stopped) return group.refuse(stopping())
    this.waiting += group.statements
    this.waitingBytes += group.bytes
    held.timer = setTimeout(() => {
      this.release(held)
      group.refuse(unconfirmed())
      this.changed()
    }, this.timeoutMs)
  }

  /** Nobody waits for this group's answer any more. */
  private release(held: Held): void {
    clearTimeout(held.timer)
    held.timer = undefined
    this.waiting -= held.statements
    this.waitingBytes -= held.bytes
  }

  /** Records that the follower holds `size` entries durably; publishes and answers the groups up to there. */
  confirm(size: number): void {
    if (size > this.confirmed) this.confirmed = size
    while (this.held[0] !== undefined && this.held[0].size <= this.confirmed) {
      const held = this.held.shift() as Held
      this.heldBytes -= held.bytes
      this.measure(held)
      held.publish()
      if (held.timer === undefined) continue
      this.release(held)
      held.answer()
    }
    this.changed()
  }

  /** Fits the window to the follower: wider where it was filled and confirmed early, as wide as was confirmed where it was late. */
  private measure({ since, behind }: Held): void {
    const target = this.timeoutMs * targetShare
    const took = performance.now() - since
    const next = took > target ? (behind * target) / took : behind * 2
    const bounded = Math.min(maxWindow, Math.max(minWindow, Math.floor(next)))
    if (took > target ? bounded < this.windowBytes : bounded > this.windowBytes) this.windowBytes = bounded
  }

  /** The server stops: who still waits is told to send the same bytes again. */
  stop(): void {
    this.stopped = true
    for (const held of this.held) {
      if (held.timer === undefined) continue
      this.release(held)
      held.refuse(stopping())
    }
    this.changed()
  }
}

/** The refusal while no follower holds what this disk holds. */
export function unconfirmed(): EvidenceError {
  return new EvidenceError('follower-unconfirmed', 'no follower has confirmed what this ledger holds', {
    retryAfterSeconds: 1,
  })
}

function stopping(): EvidenceError {
  return new EvidenceError('shutting-down', 'the server is stopping', { retryAfterSeconds: 5 })
}
