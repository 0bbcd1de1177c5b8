import { compareBytes } from '../core/bytes.ts'
import { indexInOrder } from '../core/manifest.ts'

/**
 * Files of a folder, in ascending order of their names: relative paths, raw bytes, since a disk's need not be UTF-8. All names stand in one
 * buffer, which threads share, for a million objects take some hundred megabytes.
 */
export class FileList {
  /** Stands before each name, to make its path: the folder and a slash. */
  readonly prefix: Uint8Array
  /** The names, one after another. */
  readonly names: Uint8Array<SharedArrayBuffer>
  /** Where each name ends. */
  readonly ends: Uint32Array<SharedArrayBuffer>
  /** The file that was found last: who asks in order is answered without a search. */
  private last = -1

  constructor({ prefix, names, ends }: Pick<FileList, 'prefix' | 'names' | 'ends'>) {
    this.prefix = prefix
    this.names = names
    this.ends = ends
  }

  get length(): number {
    return this.ends.length
  }

  /** The name of the file with a number, from 0: a view. */
  name(index: number): Buffer {
    const start = index === 0 ? 0 : (this.ends[index - 1] as number)
    return Buffer.from(this.names.buffer, start, (this.ends[index] as number) - start)
  }

  /** Where the file with a number is. */
  path(index: number): Buffer {
    return Buffer.concat([this.prefix, this.name(index)])
  }

  /** The number of the file that has a name; undefined where none has it. */
  indexOf(name: Uint8Array): number | undefined {
    const next = this.last + 1
    if (next < this.length && compareBytes(this.name(next), name) === 0) return (this.last = next)
    const found = indexInOrder(this.length, (index) => compareBytes(this.name(index), name))
    if (found !== undefined) this.last = found
    return found
  }
}

/** Gathers names, which come in ascending order, one byte to a character (latin1). */
export class FileListBuilder {
  private names = Buffer.allocUnsafeSlow(64 * 1024)
  private used = 0
  private ends = new Uint32Array(1024)
  private count = 0

  add(name: string): void {
    if (this.used + name.length > this.names.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(2 * this.names.length, this.used + name.length))
      this.names.copy(larger, 0, 0, this.used)
      this.names = larger
    }
    this.used += this.names.write(name, this.used, 'latin1')
    if (this.count === this.ends.length) {
      const larger = new Uint32Array(2 * this.count)
      larger.set(this.ends)
      this.ends = larger
    }
    this.ends[this.count++] = this.used
  }

  /** @param prefix see {@link FileList.prefix}. */
  list(prefix: Uint8Array): FileList {
    const names = new Uint8Array(new SharedArrayBuffer(this.used))
    names.set(this.names.subarray(0, this.used))
    const ends = new Uint32Array(new SharedArrayBuffer(4 * this.count))
    ends.set(this.ends.subarray(0, this.count))
    return new FileList({ prefix, names, ends })
  }
}
