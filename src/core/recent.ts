/**
 * A bounded memory of values by name, in two halves: when the newer half is full, the older one is dropped, and the newer becomes
 * the older. What is asked for moves to the newer half, so a flood of other names does not drop what is in use.
 */
export class Recent<Value> {
  private newer = new Map<string, Value>()
  private older = new Map<string, Value>()
  private readonly half: number

  /** @param limit most values that are kept; at least 2. */
  constructor(limit: number) {
    this.half = Math.floor(limit / 2)
  }

  /** Values that are kept. */
  get size(): number {
    return this.newer.size + this.older.size
  }

  /** The value of a name; undefined where it was never set, or has been dropped. */
  get(name: string): Value | undefined {
    const value = this.newer.get(name)
    if (value !== undefined) return value
    const kept = this.older.get(name)
    if (kept !== undefined) this.set(name, kept)
    return kept
  }

  /** Keeps a value, as the most recent. */
  set(name: string, value: Value): void {
    this.older.delete(name)
    if (this.newer.size >= this.half && !this.newer.has(name)) {
      this.older = this.newer
      this.newer = new Map()
    }
    this.newer.set(name, value)
  }
}
