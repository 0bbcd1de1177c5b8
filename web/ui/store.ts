/** True once the browser has refused to keep something: what was to be kept lasts as long as the page. */
let isLost = false
const listeners = new Set<() => void>()

export function keepsNothing(): boolean {
  return isLost
}

/** Calls `heard` when the browser refuses to keep something; gives what ends that. */
export function whenKeepingFails(heard: () => void): () => void {
  listeners.add(heard)
  return () => listeners.delete(heard)
}

/** Tells that the browser has refused to keep something. */
export function lose(): void {
  isLost = true
  for (const heard of listeners) heard()
}

type TableName = 'keys' | 'pending' | 'receipts'

/** Windows of one browser tell each other which table they changed; undefined where the browser has no such channel. */
const channel = ((): BroadcastChannel | undefined => {
  try {
    return new BroadcastChannel('evidence-tables')
  } catch {
    return undefined
  }
})()

/** Calls `heard` when another window of this browser has changed a table; gives what ends that. */
export function whenChangedElsewhere(name: TableName, heard: () => void): () => void {
  const told = ({ data }: MessageEvent): void => void (data === name && heard())
  channel?.addEventListener('message', told)
  return () => channel?.removeEventListener('message', told)
}

/**
 * A table of IndexedDB, by key. What the browser refuses to keep (a private window, full storage) is held in memory, so that nothing is lost
 * while the page is open; {@link keepsNothing} tells it. Keys of WebCrypto are kept as they are, without their bytes ever being seen.
 */
export class Store<T> {
  private readonly name: TableName
  /** What could not be kept; undefined stands for what was deleted. */
  private readonly held = new Map<string, T | undefined>()

  constructor(name: TableName) {
    this.name = name
  }

  async all(): Promise<readonly T[]> {
    const names = await this.attempted(
      () => this.run('readonly', (table) => table.getAllKeys() as IDBRequest<string[]>),
      [],
    )
    const found = await Promise.all([...new Set([...names, ...this.held.keys()])].map((name) => this.get(name)))
    return found.filter((one) => one !== undefined)
  }

  async get(key: string): Promise<T | undefined> {
    if (this.held.has(key)) return this.held.get(key)
    return this.attempted(() => this.run('readonly', (table) => table.get(key) as IDBRequest<T | undefined>), undefined)
  }

  async put(key: string, value: T): Promise<void> {
    this.held.set(key, value)
    await this.attempted(async () => {
      await this.run('readwrite', (table) => table.put(value, key))
      this.held.delete(key)
    }, undefined)
  }

  /** Keeps a value where there is none yet, in any window; gives the one that is kept. */
  async add(key: string, value: T): Promise<T> {
    const before = this.held.get(key)
    if (before !== undefined) return before
    this.held.set(key, value)
    return this.attempted(async () => {
      const existing = await this.run('readwrite', (table) => {
        const request = table.get(key) as IDBRequest<T | undefined>
        request.onsuccess = () => {
          if (request.result === undefined) table.put(value, key)
        }
        return request
      })
      this.held.delete(key)
      return existing ?? value
    }, value)
  }

  async delete(key: string): Promise<void> {
    this.held.set(key, undefined)
    await this.attempted(async () => {
      await this.run('readwrite', (table) => table.delete(key))
      this.held.delete(key)
    }, undefined)
  }

  /** Does what the browser may refuse; then `otherwise`, and it is told. */
  private async attempted<R>(act: () => Promise<R>, otherwise: R): Promise<R> {
    try {
      return await act()
    } catch {
      lose()
      return otherwise
    }
  }

  private async run<R>(mode: IDBTransactionMode, act: (table: IDBObjectStore) => IDBRequest<R>): Promise<R> {
    const database = await opened()
    return new Promise((resolve, reject) => {
      const transaction = database.transaction(this.name, mode, { durability: 'strict' })
      const request = act(transaction.objectStore(this.name))
      // Done when it is on the disk, and not when it was asked for.
      transaction.oncomplete = () => {
        if (mode === 'readwrite') channel?.postMessage(this.name)
        resolve(request.result)
      }
      transaction.onerror = () => reject(transaction.error as DOMException)
      transaction.onabort = () => reject(transaction.error as DOMException)
    })
  }
}

const tables: readonly TableName[] = ['keys', 'pending', 'receipts']
let database: Promise<IDBDatabase> | undefined

function opened(): Promise<IDBDatabase> {
  database ??= new Promise((resolve, reject) => {
    // A getter that throws, as in a blocked frame, rejects like all else.
    const request = indexedDB.open('evidence', 1)
    request.onupgradeneeded = () => {
      for (const name of tables) request.result.createObjectStore(name)
    }
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error as DOMException)
  })
  database.catch(() => {
    database = undefined
  })
  return database
}
