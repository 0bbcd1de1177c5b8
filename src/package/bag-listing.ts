import { EvidenceError } from '../core/errors.ts'
import type { BagFile } from './bag.ts'
import { BagPaths } from './bag-path.ts'
import { maxFiles } from './limits.ts'

/** The files of a bag that lies as a folder, as they are found: paths allowed and distinct, and not too many. */
export class BagListing {
  private readonly paths = new BagPaths()
  private readonly files = new Map<string, BagFile>()
  private seen = 0

  /** Throws `package-path`, `package-too-large`. */
  addFolder(path: string): void {
    if (++this.seen > 2 * maxFiles) throw tooMany()
    this.paths.require(path, 'folder')
  }

  /** Takes the path of a file, which gives what takes its size: nothing is asked about a file of a path that is refused. Throws `package-path`, `package-too-large`. */
  addFile(path: string): (size: number) => void {
    if (++this.seen > 2 * maxFiles || this.files.size === maxFiles) throw tooMany()
    this.paths.require(path)
    return (size) => this.files.set(path, { path, size })
  }

  /** All of them, in order of their paths. */
  sorted(): ReadonlyMap<string, BagFile> {
    return new Map([...this.files].sort(([a], [b]) => (a < b ? -1 : 1)))
  }
}

function tooMany(): EvidenceError {
  return new EvidenceError('package-too-large', `the package holds more than ${maxFiles} files`)
}

/** The pieces of a file, as long as they are no more than the size that was listed. Throws `package-altered` for another size, and what reading throws. */
export async function* exactly({ path, size }: BagFile, pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let left = size
  for await (const piece of pieces) {
    left -= piece.length
    if (left < 0) break
    yield piece
  }
  if (left !== 0) {
    const message = `${path} in the package changed while it was checked`
    throw new EvidenceError('package-altered', message, { where: path })
  }
}
