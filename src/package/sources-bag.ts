import { type Bag, type BagFile, requireBagFile } from './bag.ts'
import { BagListing, exactly } from './bag-listing.ts'
import { piecesOf, type RandomAccess } from './random-access.ts'

/** A file of a folder that was handed over: its path relative to the bag's folder, components separated by `/`. */
export interface NamedSource {
  readonly path: string
  readonly source: RandomAccess
}

/** A bag whose files were handed over one by one: a folder that was dropped on a page. */
export class SourcesBag implements Bag {
  readonly files: ReadonlyMap<string, BagFile>
  private readonly sources: ReadonlyMap<string, RandomAccess>

  private constructor(files: ReadonlyMap<string, BagFile>, sources: ReadonlyMap<string, RandomAccess>) {
    this.files = files
    this.sources = sources
  }

  /** Takes the files of a folder, which are all that lies below it. Throws `package-path`, `package-too-large`. */
  static of(named: Iterable<NamedSource>): SourcesBag {
    const listing = new BagListing()
    const sources = new Map<string, RandomAccess>()
    for (const { path, source } of named) {
      listing.addFile(path)(source.size)
      sources.set(path, source)
    }
    return new SourcesBag(listing.sorted(), sources)
  }

  stream(path: string): AsyncGenerator<Uint8Array> {
    const file = requireBagFile(this, path)
    // One byte more than it had: a file that has grown is then noticed.
    return exactly(file, piecesOf(this.sources.get(path) as RandomAccess, 0, file.size + 1))
  }

  async close(): Promise<void> {
    for (const source of this.sources.values()) await source.close()
  }
}
