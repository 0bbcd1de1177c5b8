import { EvidenceError } from '../src/core/errors.ts'

/** A body under way, or an answered-for one that still holds memory. */
export interface BodyUnderWay {
  /** Whose it is ({@link addressGroup}). */
  readonly group: string
  /** Ends it with this refusal; called for bodies that are still arriving. */
  readonly end: (refusal: EvidenceError) => void
}

interface Held {
  bytes: number
  arriving: boolean
}

/**
 * Room for bodies, in bytes received: what a client only announces takes none. Each address may hold as much as is still
 * free, so that one alone gets half and there is always room for another; the only body of an address may grow to the end
 * of the room. Where a room makes way, the body that has been arriving longest is ended for a newer one: of the same address
 * where its share is used up, else of the address that holds most. So bodies that stand still, however many, keep nobody out.
 */
export class BodyRoom {
  private readonly total: number
  private readonly makesWay: boolean
  private used = 0
  /** In order of arrival. */
  private readonly bodies = new Map<BodyUnderWay, Held>()
  private readonly byGroup = new Map<string, number>()

  /** @param makesWay false where a body is long, and would be ended again and again by others that begin: they are refused. */
  constructor(total: number, makesWay: boolean) {
    this.total = total
    this.makesWay = makesWay
  }

  /** Bytes held by all. */
  get held(): number {
    return this.used
  }

  enter(body: BodyUnderWay): void {
    this.bodies.set(body, { bytes: 0, arriving: true })
  }

  /** Takes bytes for a body; others may be ended to make room. False, and nothing taken, where there is none. */
  take(body: BodyUnderWay, bytes: number): boolean {
    const held = this.bodies.get(body)
    if (held === undefined) return false
    while (!this.fits(body, held, bytes)) {
      const leaving = this.leaving(body, held, bytes)
      if (leaving === undefined) return false
      this.leave(leaving)
      leaving.end(busy('another body needed the room of this one, which was slow to arrive'))
    }
    held.bytes += bytes
    this.add(body.group, bytes)
    return true
  }

  /** Records that a body has arrived whole: it is not ended for a newer one any more. */
  arrived(body: BodyUnderWay): void {
    const held = this.bodies.get(body)
    if (held !== undefined) held.arriving = false
  }

  /** Frees the room of a body but for `bytes`, the memory of it that is still used. */
  keep(body: BodyUnderWay, bytes: number): void {
    const held = this.bodies.get(body)
    if (held === undefined || held.bytes <= bytes) return
    this.add(body.group, bytes - held.bytes)
    held.bytes = bytes
  }

  /** Its memory is free. */
  leave(body: BodyUnderWay): void {
    const held = this.bodies.get(body)
    if (held === undefined) return
    this.bodies.delete(body)
    this.add(body.group, -held.bytes)
  }

  private isOverShare({ group }: BodyUnderWay, { bytes: own }: Held, bytes: number): boolean {
    const all = this.byGroup.get(group) ?? 0
    return all > own && all + bytes > this.total - this.used
  }

  private fits(body: BodyUnderWay, held: Held, bytes: number): boolean {
    return this.used + bytes <= this.total && !this.isOverShare(body, held, bytes)
  }

  /** The body that makes room for another; undefined where none may be ended. */
  private leaving(body: BodyUnderWay, held: Held, bytes: number): BodyUnderWay | undefined {
    if (!this.makesWay) return undefined
    const group = this.isOverShare(body, held, bytes) ? body.group : this.heaviest()
    for (const [other, { bytes: some, arriving }] of this.bodies) {
      if (other !== body && other.group === group && arriving && some > 0) return other
    }
    return undefined
  }

  private heaviest(): string | undefined {
    let found: string | undefined
    let most = 0
    for (const [group, bytes] of this.byGroup) if (bytes > most) [found, most] = [group, bytes]
    return found
  }

  private add(group: string, bytes: number): void {
    this.used += bytes
    const all = (this.byGroup.get(group) ?? 0) + bytes
    if (all > 0) this.byGroup.set(group, all)
    else this.byGroup.delete(group)
  }
}

/** Refused for the moment; the same request is taken later. */
export function busy(what: string): EvidenceError {
  return new EvidenceError('server-busy', `${what}; nothing of this request was processed`, { retryAfterSeconds: 1 })
}
