type Key = Uint8Array
type Value = Uint8Array | undefined

/** What of a database is asked: undefined for a key that is not there; rejects for what cannot be read. */
export interface GatheredSource {
  get(key: Key): Promise<Value>
  getMany(keys: Key[]): Promise<Value[]>
}

interface Waiting {
  readonly key: Key
  readonly resolve: (value: Value) => void
}

/** Most keys of one read, so that no thread is held for long. */
const maxKeys = 64

/**
 * Single reads that are asked for in the same turn go to the database as one: the way there and back costs as much as the
 * read. What cannot be read is undefined, and takes nothing else with it.
 */
export class GatheredReads {
  private readonly source: GatheredSource
  private waiting: Waiting[] = []

  constructor(source: GatheredSource) {
    this.source = source
  }

  get(key: Key): Promise<Value> {
    return new Promise((resolve) => {
      // After the microtasks of this turn: all that wants to read in it has asked by then.
      if (this.waiting.push({ key, resolve }) === 1) setImmediate(() => this.send())
      else if (this.waiting.length === maxKeys) this.send()
    })
  }

  private send(): void {
    const gathered = this.waiting
    this.waiting = []
    void this.read(gathered)
  }

  private async read(gathered: readonly Waiting[]): Promise<void> {
    const [first] = gathered
    if (gathered.length > 1) {
      const values = await this.source.getMany(gathered.map(({ key }) => key)).catch(() => undefined)
      if (values !== undefined) return gathered.forEach(({ resolve }, i) => resolve(values[i]))
    } else if (first === undefined) return
    // One unreadable table fails the whole read: ask one by one.
    for (const { key, resolve } of gathered) this.source.get(key).then(resolve, () => resolve(undefined))
  }
}
