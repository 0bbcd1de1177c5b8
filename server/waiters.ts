import { addressGroup } from './address-group.ts'

/** Most requests that wait for cosignatures at once: in all, and of one address. */
export const maxWaiters = 1024
export const maxWaitersOfOne = 64

/** Bounds those who wait for cosignatures: each keeps a connection, and the quorum may be out of reach for long. */
export class Waiters {
  private readonly total: number
  private waiting = 0
  private readonly byGroup = new Map<string, number>()

  /** @param maxConnections connections that are served at once: most of them are left to those who do not wait. */
  constructor(maxConnections: number) {
    this.total = Math.max(1, Math.min(maxWaiters, Math.floor(maxConnections / 4)))
  }

  /** Lets somebody wait; what is called when the wait is over. Undefined where as many wait as may. */
  enter(address: string): (() => void) | undefined {
    const group = addressGroup(address)
    const own = this.byGroup.get(group) ?? 0
    if (this.waiting >= this.total || own >= maxWaitersOfOne) return undefined
    this.waiting++
    this.byGroup.set(group, own + 1)
    return () => this.leave(group)
  }

  private leave(group: string): void {
    const left = (this.byGroup.get(group) ?? 0) - 1
    this.waiting--
    if (left > 0) this.byGroup.set(group, left)
    else this.byGroup.delete(group)
  }
}
