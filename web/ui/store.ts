/**
 * A table of IndexedDB, by key. What cannot be kept (a private window, full storage) is refused as the browser refuses it: `DOMException`.
 * Keys of WebCrypto are kept as they are, without their bytes ever being seen.
 */
export class Store<T> {
  private readonly name: string
  constructor(name: 'keys' | 'pending' | 'receipts') {
    this.name = name
  }

  async all(): Promise<readonly T[]> {
    return this.run('readonly', (table) => table.getAll() as IDBRequest<T[]>)
  }

  async get(key: string): Promise<T | undefined> {
    return this.run('readonly', (table) => table.get(key) as IDBRequest<T | undefined>)
  }

  async put(key: string, value: T): Promise<void> {
    await this.run('readwrite', (table) => table.put(value, key))
  }

  async delete(key: string): Promise<void> {
    await this.run('readwrite', (table) => table.delete(key))
  }

  private async run<R>(mode: IDBTransactionMode, act: (table: IDBObjectStore) => IDBRequest<R>): Promise<R> {
    const database = await opened()
    return new Promise((resolve, reject) => {
      const transaction = database.transaction(this.name, mode, { durability: 'strict' })
      const request = act(transaction.objectStore(this.name))
      // Done when it is on the disk, and not when it was asked for.
      transaction.oncomplete = () => resolve(request.result)
      transaction.onerror = () => reject(transaction.error as DOMException)
      transaction.onabort = () => reject(transaction.error as DOMException)
    })
  }
}

const tables = ['keys', 'pending', 'receipts']
let database: Promise<IDBDatabase> | undefined

function opened(): Promise<IDBDatabase> {
  database ??= new Promise((resolve, reject) => {
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
