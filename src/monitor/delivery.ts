import { append } from '../core/arrays.ts'
import { settled } from '../core/attempt.ts'
import { EvidenceError } from '../core/errors.ts'
import { fileBounds, readTextIfThere } from '../node/bounded-file.ts'
import { writeDurably } from '../node/durable-file.ts'
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

/** Most events of one weight that are kept for a channel; the first ones, for what comes after them mostly follows from them. */
const maxKept = 1000
/** Pause before a channel is tried again, in milliseconds: doubled each time, up to the longest. */
const firstPause = 1000
const longestPause = 300_000

interface Waiting {
  readonly call: Channel
  /** Not delivered yet, the one that was tried longest ago first. */
  kept: MonitorEvent[]
  pause: number
  notBefore: number
}

/**
 * Tells events by channels, each event once by each. What a channel does not take is kept in a file, through restarts too, and
 * tried again after a pause; so an event may come twice only where the process ended between the delivery and its note.
 */
export class Delivery {
  private readonly options: DeliveryOptions
  private readonly waiting: ReadonlyMap<string, Waiting>
  /** Undelivered events of channels that are not configured in this run; kept as they are. */
  private readonly others: Readonly<Record<string, readonly MonitorEvent[]>>

  /** Throws `file-unreadable` where the file is not what was written. */
  constructor(options: DeliveryOptions) {
    this.options = options
    const kept = readKept(options.file)
    const entries = Object.entries(options.channels)
    this.waiting = new Map(
      entries.map(([name, call]) => [name, { call, kept: kept[name] ?? [], pause: firstPause, notBefore: 0 }]),
    )
    this.others = Object.fromEntries(Object.entries(kept).filter(([name]) => !this.waiting.has(name)))
  }

  /** Tells new events, and those that are due again. Fails for nothing that a channel does. */
  async tell(events: readonly MonitorEvent[]): Promise<void> {
    // Kept before they are tried: a process that ends meanwhile has not lost them.
    const added = new Map([...this.waiting].map(([name, one]) => [name, this.keep(name, one, events)]))
    if ([...added.values()].some(({ length }) => length > 0)) this.write()
    for (const [name, one] of this.waiting) {
      const fresh = new Set(added.get(name))
      const now = this.options.now ?? (() => performance.now())
      if (now() >= one.notBefore)
        await this.deliver(
          one,
          one.kept.filter((event) => !fresh.has(event)),
          now,
        )
      // What is new is tried once at once, whatever became of what was kept.
      await this.deliver(one, [...fresh], now)
    }
  }

  private keep(name: string, one: Waiting, events: readonly MonitorEvent[]): MonitorEvent[] {
    const known = new Set(one.kept.map((event) => JSON.stringify(event)))
    const added = events.filter((event) => !known.has(JSON.stringify(event)))
    const taken: MonitorEvent[] = []
    for (const [weight, events] of byWeight(added)) {
      const room = Math.max(0, maxKept - (byWeight(one.kept).get(weight)?.length ?? 0))
      if (events.length > room) {
        const why = `${events.length - room} ${weight} are not kept for the ${name}: ${maxKept} wait for it already`
        this.options.onFailure(new EvidenceError('alarm-undelivered', why, { where: name }))
      }
      append(taken, events.slice(0, room))
    }
    append(one.kept, taken)
    return taken
  }

  /** Tries events in order, up to the first that is not taken: that one goes to the end, so that it alone holds up no other. */
  private async deliver(one: Waiting, events: readonly MonitorEvent[], now: () => number): Promise<void> {
    for (const event of events) {
      const failure = await settled(one.call(event))
      one.kept = one.kept.filter((other) => other !== event)
      if (failure === undefined) {
        one.pause = firstPause
        this.write()
        continue
      }
      this.options.onFailure(failure)
      one.kept.push(event)
      one.notBefore = now() + one.pause
      one.pause = Math.min(longestPause, one.pause * 2)
      return
    }
  }

  private write(): void {
    const kept = [...this.waiting].map(([name, one]) => [name, one.kept] as const)
    const all = { ...this.others, ...Object.fromEntries(kept.filter(([, { length }]) => length > 0)) }
    try {
      writeDurably(this.options.file, `${JSON.stringify(all)}\n`)
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

function readKept(file: string): Record<string, MonitorEvent[]> {
  try {
    const text = readTextIfThere(file, fileBounds.large)
    if (text === undefined) return {}
    const kept: unknown = JSON.parse(text)
    const isMap = typeof kept === 'object' && kept !== null && !Array.isArray(kept)
    if (isMap && Object.values(kept).every(Array.isArray)) return kept as Record<string, MonitorEvent[]>
  } catch (cause) {
    throw unreadable(file, cause)
  }
  throw unreadable(file)
}

function unreadable(file: string, cause?: unknown): EvidenceError {
  const message = `${file}, the events that are not delivered yet, cannot be read; look at it, then move it away`
  return new EvidenceError('file-unreadable', message, { where: file }, { cause })
}
