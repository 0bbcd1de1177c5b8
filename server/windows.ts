interface Window {
  count: number
  readonly endsMs: number
}

/** Names that are kept before those whose window has ended are looked for. */
const minNames = 1024

/** Counts by name up to a limit, each name's in windows of one length that begin with its first count. Kept in memory. */
export class Windows {
  readonly limit: number
  private readonly lengthMs: number
  private readonly now: () => number
  private readonly windows = new Map<string, Window>()
  private clearAt = minNames

  constructor(limit: number, seconds: number, now: () => number = () => performance.now()) {
    this.limit = limit
    this.lengthMs = seconds * 1000
    this.now = now
  }

  /** Counts one, or several; where the limit is reached, counts nothing and gives the seconds, 1 or more, after which there is room. */
  take(name: string, count = 1): number | undefined {
    const waitSeconds = this.fullFor(name)
    if (waitSeconds === undefined) this.add(name, count)
    return waitSeconds
  }

  /** The seconds, 1 or more, after which a name that has reached the limit may go on; undefined for any other. */
  fullFor(name: string): number | undefined {
    const window = this.windows.get(name)
    const leftMs = window === undefined ? 0 : window.endsMs - this.now()
    return leftMs > 0 && (window as Window).count >= this.limit ? Math.max(1, Math.ceil(leftMs / 1000)) : undefined
  }

  private add(name: string, count: number): void {
    const now = this.now()
    const window = this.windows.get(name)
    if (window !== undefined && window.endsMs > now) {
      window.count += count
      return
    }
    if (this.windows.size >= this.clearAt) this.clear(now)
    this.windows.set(name, { count, endsMs: now + this.lengthMs })
  }

  /** Each time there are twice as many as were left: so that it costs little for each name. */
  private clear(now: number): void {
    for (const [name, { endsMs }] of this.windows) if (endsMs <= now) this.windows.delete(name)
    this.clearAt = Math.max(minNames, this.windows.size * 2)
  }
}
