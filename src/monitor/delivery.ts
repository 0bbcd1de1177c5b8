import { append } from '../core/arrays.ts'
import { settled } from '../core/attempt.ts'
import { EvidenceError } from '../core/errors.ts'
import { fileBounds } from '../node/bounded-file.ts'
import { writeDurably } from '../node/durable-file.ts'
import { readKept } from './kept-file.ts'
import type { MonitorEvent } from './events.ts'

/** A way by which events are told, besides the terminal. Fails with an `EvidenceError` where an event was not taken. */
export type Channel = (event: MonitorEvent) => Promise<void>

export interface DeliveryOptions {
  /** Where events are kept that a channel has not taken. */
  readonly file: string
  /** By a name that stays the same when the program or URL behind it is replaced. */
  readonly channels: Readonly<Record<string, Channel>>
  readonly onFailure: (error: EvidenceError) => void
  /** Milliseconds of a clock that only goes on. */
  readonly now?: () => number
}

/** Most events of one weight and one ledger that are kept for a channel; the first ones, for what comes after them mostly follows from them. */
const maxKept = 1000
/** Pause before a channel is tried again, in milliseconds: doubled each time, up to the longest. */
const firstPause = 1000
const longestPause = 300_000

/** What waits for one channel, of one ledger. */
interface Queue {
  readonly channel: string
  readonly call: Channel
  /** Not delivered yet, the one that was tried longest ago first. */
  kept: MonitorEvent[]
  /** Events of `kept` that were never tried. */
  fresh: MonitorEvent[]
  pause: number
  notBefore: number
  isRunning: boolean
  run: Promise<void>
}

/**
 * Tells events by channels, each event once by each. What a channel does not take is kept in a file, through restarts too, and
 * tried again after a pause; so an event may come twice only where the process ended between the delivery and its note.
 * Each ledger has a queue of its own for each channel: events of one ledger wait for no other's, and take no room of theirs.
 */
export class Delivery {
  private readonly options: DeliveryOptions
  private readonly now: () => number
  /** By channel and ledger. */
  private readonly queues = new Map<string, Queue>()
  /** Undelivered events of channels that are not configured in this run; kept as they are. */
  private readonly others: Readonly<Record<string, readonly MonitorEvent[]>>
  private failed: { readonly error: unknown } | undefined

  /** Throws `file-unreadable` where the file is not what was written. */
  constructor(options: DeliveryOptions) {
    this.options = options
    this.now = options.now ?? (() => performance.now())
    const what = 'the events that are not delivered yet'
    const kept = Object.entries(
      readKept({ path: options.file, what, maxBytes: fileBounds.large, read: eventsIn }) ?? {},
    )
    for (const [channel, events] of kept)
      if (Object.hasOwn(options.channels, channel))
        for (const event of events) this.queue(channel, event.origin).kept.push(event)
    this.others = Object.fromEntries(kept.filter(([name]) => !Object.hasOwn(options.channels, name)))
  }

  /**
   * Keeps new events, so that a process that ends has not lost them, and begins to deliver them, and those that are due again. Waits for no
   * channel. Throws what broke a delivery before, where that was no channel's refusal.
   */
  tell(events: readonly MonitorEvent[]): void {
    if (this.failed !== undefined) throw this.failed.error
    let isMore = false
    for (const origin of new Set(events.map((event) => event.origin))) {
      const own = events.filter((event) => event.origin === origin)
      for (const channel of Object.keys(this.options.channels))
        if (this.keep(this.queue(channel, origin), own)) isMore = true
    }
    if (isMore) this.write()
    for (const queue of this.queues.values()) this.start(queue)
  }

  /** Resolves when each event that was told has been tried. Throws as {@link tell}. */
  async settled(): Promise<void> {
    await Promise.all([...this.queues.values()].map(({ run }) => run))
    if (this.failed !== undefined) throw this.failed.error
  }

  private queue(channel: string, origin: string): Queue {
    const name = JSON.stringify([channel, origin])
    const call = this.options.channels[channel] as Channel
    const tried = { pause: firstPause, notBefore: 0, isRunning: false, run: Promise.resolve() }
    const queue: Queue = this.queues.get(name) ?? { channel, call, kept: [], fresh: [], ...tried }
    this.queues.set(name, queue)
    return queue
  }

  /** Whether there was anything to keep. */
  private keep(queue: Queue, events: readonly MonitorEvent[]): boolean {
    const known = new Set(queue.kept.map((event) => JSON.stringify(event)))
    const added = events.filter((event) => !known.has(JSON.stringify(event)))
    const before = byWeight(queue.kept)
    for (const [weight, events] of byWeight(added)) {
      const room = Math.max(0, maxKept - (before.get(weight)?.length ?? 0))
      if (events.length > room) {
        const { channel } = queue
        const why = `${events.length - room} ${weight} are not kept for the ${channel}: ${maxKept} wait for it already`
        this.options.onFailure(new EvidenceError('alarm-undelivered', why, { where: channel }))
      }
      append(queue.kept, events.slice(0, room))
      append(queue.fresh, events.slice(0, room))
    }
    return added.length > 0
  }

  /** Begins to deliver, unless that is under way: then it goes on to what is new. */
  private start(queue: Queue): void {
    if (queue.isRunning || queue.kept.length === 0) return
    queue.isRunning = true
    queue.run = this.run(queue).catch((error: unknown) => {
      this.failed = { error }
    })
  }

  private async run(queue: Queue): Promise<void> {
    const fresh = new Set(queue.fresh)
    if (this.now() >= queue.notBefore)
      await this.deliver(
        queue,
        queue.kept.filter((event) => !fresh.has(event)),
      )
    // What is new is tried once at once, whatever became of what was kept.
    while (queue.fresh.length > 0) await this.deliver(queue, queue.fresh.splice(0))
    // In one step with the last look at what is new: what is told after it begins anew.
    queue.isRunning = false
  }

  /** Tries events in order, up to the first that is not taken: that one goes to the end, so that it alone holds up no other. */
  private async deliver(queue: Queue, events: readonly MonitorEvent[]): Promise<void> {
    for (const event of events) {
      const failure = await settled(queue.call(event))
      queue.kept = queue.kept.filter((other) => other !== event)
      if (failure === undefined) {
        queue.pause = firstPause
        this.write()
        continue
      }
      this.options.onFailure(failure)
      queue.kept.push(event)
      queue.notBefore = this.now() + queue.pause
      queue.pause = Math.min(longestPause, queue.pause * 2)
      return
    }
  }

  private write(): void {
    const all: Record<string, MonitorEvent[]> = {}
    for (const { channel, kept } of this.queues.values()) if (kept.length > 0) append((all[channel] ??= []), kept)
    try {
      writeDurably(this.options.file, `${JSON.stringify({ ...this.others, ...all })}\n`)
    } catch (cause) {
      // To tell matters more than to note what was told.
      const message = `${this.options.file} cannot be written: alarms that are not delivered would be lost by a restart`
      this.options.onFailure(new EvidenceError('file-unreadable', message, { where: this.options.file }, { cause }))
    }
  }
}

/**
 * What an event weighs: what anybody can cause, with entries that are watched for or checkpoints that lead nowhere, never takes the room of what
 * a ledger's own signatures prove.
 */
function weightOf(event: MonitorEvent): 'proofs' | 'alarms' | 'events' {
  if (event.event === 'notice') return 'events'
  return event.what === 'misbehaviour' ? 'proofs' : 'alarms'
}

/** Events by weight, the heaviest first; in their order each. */
function byWeight(events: readonly MonitorEvent[]): Map<ReturnType<typeof weightOf>, MonitorEvent[]> {
  const all = new Map((['proofs', 'alarms', 'events'] as const).map((weight) => [weight, [] as MonitorEvent[]]))
  for (const event of events) all.get(weightOf(event))?.push(event)
  return all
}

function eventsIn(text: string): Record<string, MonitorEvent[]> | undefined {
  const kept: unknown = JSON.parse(text)
  const isMap = typeof kept === 'object' && kept !== null && !Array.isArray(kept)
  return isMap && Object.values(kept).every(Array.isArray) ? (kept as Record<string, MonitorEvent[]>) : undefined
}
