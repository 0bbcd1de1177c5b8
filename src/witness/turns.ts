import { EvidenceError } from '../core/errors.ts'

/** Most requests that wait for one log: a log needs one at a time. */
const maxWaiting = 32

/** One at a time for each name, in order of arrival. */
export class TurnsByName {
  private readonly last = new Map<string, Promise<unknown>>()
  private readonly waiting = new Map<string, number>()

  /** Runs when all that came before under this name has ended. Throws `server-busy` where too many wait. */
  async run<T>(name: string, action: () => Promise<T>): Promise<T> {
    const before = this.last.get(name)
    const count = this.waiting.get(name) ?? 0
    if (count >= maxWaiting) {
      throw new EvidenceError('server-busy', 'too many checkpoints of this log wait', { retryAfterSeconds: 1 })
    }
    this.waiting.set(name, count + 1)
    const mine = (before ?? Promise.resolve()).then(action, action)
    this.last.set(name, mine)
    try {
      return await mine
    } finally {
      const left = (this.waiting.get(name) ?? 1) - 1
      if (left > 0) this.waiting.set(name, left)
      else {
        this.waiting.delete(name)
        this.last.delete(name)
      }
    }
  }
}
