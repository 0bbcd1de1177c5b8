import { append } from '../core/arrays.ts'
import { EvidenceError } from '../core/errors.ts'

/** Why an item did not get in: nobody's would, or this participant holds as much as it may just now. */
export type FairQueueRefusal = 'full' | 'share-full'

export interface FairQueueOptions {
  /** Most items that wait, and most bytes that they hold. */
  readonly maxItems: number
  readonly maxBytes: number
  /** Most items of one group. */
  readonly maxGroup: number
}

/** Bytes after which a group is closed, so that large statements make no longer groups than many small ones. */
const maxGroupBytes = 8 * 1024 * 1024
/** Bytes that a participant's turn brings it: some tens of usual statements. */
const quantum = 32 * 1024
/** Taken items that a lane keeps before it moves the rest down. */
const compactAfter = 1024

/** What one participant has waiting. Lanes with a backlog are linked in the order of their turns. */
interface Lane<T> {
  readonly participant: string
  /** Waiting in all, in `items` from `at` on and among the arrivals. */
  count: number
  bytes: number
  readonly items: (T | undefined)[]
  readonly weights: number[]
  at: number
  /** Bytes that it may still take in its turn. */
  deficit: number
  inRing: boolean
  next: Lane<T> | undefined
}

/**
 * The queue before the one writer, fair among participants (docs/design/fair-queue.md). Each participant may hold as much
 * as is still free, so that one alone gets half of the queue and there is always room for another. What has gathered is
 * one group as long as it fits into one; past that, groups are filled by deficit round robin over participants, by bytes.
 * Every step is O(1) an item, and no item costs an allocation of its own.
 */
export class FairQueue<T> {
  private readonly options: FairQueueOptions
  private readonly lanes = new Map<string, Lane<T>>()
  /** What came since the last group, in order; parallel arrays. */
  private arrivals: T[] = []
  private arrivalLanes: Lane<T>[] = []
  private arrivalWeights: number[] = []
  /** Ring of lanes whose items did not fit into the last group: the first has the turn. */
  private first: Lane<T> | undefined
  private last: Lane<T> | undefined
  private waiting = 0
  private held = 0

  constructor(options: FairQueueOptions) {
    this.options = options
  }

  /** Items that wait. */
  get size(): number {
    return this.waiting
  }
  /** Bytes that they hold. */
  get bytes(): number {
    return this.held
  }
  /** Participants that have something waiting. */
  get participants(): number {
    return this.lanes.size
  }

  /**
   * Puts an item behind its participant's others; a refused one leaves no trace. A participant that has something waiting gets
   * at most `share` bytes. `undefined` where it got in.
   */
  offer(
    item: T,
    participant: string,
    weight: number,
    share: number = Number.POSITIVE_INFINITY,
  ): FairQueueRefusal | undefined {
    const { maxItems, maxBytes } = this.options
    const freeBytes = maxBytes - this.held
    if (this.waiting >= maxItems || weight > freeBytes) return 'full'
    let lane = this.lanes.get(participant)
    if (lane === undefined) {
      lane = newLane(participant)
      this.lanes.set(participant, lane)
    } else if (lane.count >= maxItems - this.waiting || lane.bytes + weight > Math.min(freeBytes, share))
      return 'share-full'
    lane.count++
    lane.bytes += weight
    this.waiting++
    this.held += weight
    this.arrivals.push(item)
    this.arrivalLanes.push(lane)
    this.arrivalWeights.push(weight)
    return undefined
  }

  /**
   * The next group, no longer waiting: all that waits, or as much as one group holds; its last item may exceed `room` bytes. Empty
   * where nothing waits.
   */
  take(room: number = maxGroupBytes): T[] {
    const most = Math.min(room, maxGroupBytes)
    if (this.first === undefined && this.waiting <= this.options.maxGroup && this.held <= most) {
      const group = this.arrivals
      this.forget()
      return group
    }
    this.distribute()
    return this.fill(most)
  }

  /** All that waits, in no order that counts: for telling everybody the same. */
  clear(): T[] {
    this.distribute()
    const all: T[] = []
    for (const { items, at } of this.lanes.values()) append(all, items.slice(at) as T[])
    this.first = undefined
    this.last = undefined
    this.forget()
    return all
  }

  private forget(): void {
    this.arrivals = []
    this.arrivalLanes = []
    this.arrivalWeights = []
    this.lanes.clear()
    this.waiting = 0
    this.held = 0
  }

  /** Moves what arrived into its lanes: once for each item, and only where there is a backlog. */
  private distribute(): void {
    const { arrivals, arrivalLanes, arrivalWeights } = this
    for (let i = 0; i < arrivals.length; i++) {
      const lane = arrivalLanes[i] as Lane<T>
      lane.items.push(arrivals[i])
      lane.weights.push(arrivalWeights[i] as number)
      if (!lane.inRing) this.enter(lane)
    }
    arrivals.length = 0
    arrivalLanes.length = 0
    arrivalWeights.length = 0
  }

  private fill(most: number): T[] {
    const group: T[] = []
    let bytes = 0
    while (this.first !== undefined && group.length < this.options.maxGroup && bytes < most) {
      const lane = this.first
      const weight = lane.weights[lane.at] as number
      if (weight > lane.deficit) {
        this.rotate()
        continue
      }
      group.push(lane.items[lane.at] as T)
      bytes += weight
      lane.deficit -= weight
      this.taken(lane, weight)
    }
    return group
  }

  private taken(lane: Lane<T>, weight: number): void {
    lane.items[lane.at] = undefined
    lane.at++
    lane.count--
    lane.bytes -= weight
    this.waiting--
    this.held -= weight
    if (lane.count === 0) {
      this.lanes.delete(lane.participant)
      this.leave()
    } else if (lane.at >= compactAfter && lane.at * 2 >= lane.items.length) {
      lane.items.splice(0, lane.at)
      lane.weights.splice(0, lane.at)
      lane.at = 0
    }
  }

  /** A lane's turn begins with its quantum; a lane that has just entered waits for its turn. */
  private enter(lane: Lane<T>): void {
    lane.inRing = true
    lane.deficit = quantum
    if (this.last === undefined) this.first = lane
    else this.last.next = lane
    this.last = lane
  }

  /** The first lane's turn is over: it goes behind the others, and what it did not use stays its own. */
  private rotate(): void {
    const lane = this.first as Lane<T>
    lane.deficit += quantum
    if (lane === this.last) return
    this.first = lane.next
    lane.next = undefined
    ;(this.last as Lane<T>).next = lane
    this.last = lane
  }

  private leave(): void {
    const lane = this.first as Lane<T>
    this.first = lane.next
    lane.next = undefined
    if (this.first === undefined) this.last = undefined
  }
}

function newLane<T>(participant: string): Lane<T> {
  return {
    participant,
    count: 0,
    bytes: 0,
    items: [],
    weights: [],
    at: 0,
    deficit: 0,
    inRing: false,
    next: undefined,
  }
}

/** The error of a refusal: `queue-full` or `queue-share-full`, to be retried after a second. */
export function queueError(refusal: FairQueueRefusal): EvidenceError {
  return refusal === 'full'
    ? new EvidenceError('queue-full', 'too many statements wait to be sequenced', { retryAfterSeconds: 1 })
    : new EvidenceError('queue-share-full', 'this participant’s share of the queue is full', {
        retryAfterSeconds: 1,
      })
}
