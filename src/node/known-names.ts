import { fileBounds, readTextIfThere } from './bounded-file.ts'
import { writeDurably } from './durable-file.ts'

/**
 * A durable list of names, of which none is ever taken off: what a program has once remembered something of. Where what it
 * remembered is gone, the list says that it was there, so that the program does not begin anew as if it had never been.
 */
export class KnownNames {
  private readonly path: string
  private readonly names: Set<string>

  /** Reads the list; one that is not there is empty. Throws as readTextIfThere. */
  constructor(path: string) {
    this.path = path
    const text = readTextIfThere(path, fileBounds.large) ?? ''
    this.names = new Set(text.split('\n').filter((line) => line !== ''))
  }

  has(name: string): boolean {
    return this.names.has(name)
  }

  /** Adds a name of one line; durable when this returns, and only then listed. */
  add(name: string): void {
    if (this.names.has(name)) return
    writeDurably(this.path, [...this.names, name].map((one) => `${one}\n`).join(''))
    this.names.add(name)
  }
}
