import { latin1, lossyUtf8, utf8 } from '../core/bytes.ts'
import type { Item } from '../statements/members.ts'

/** A file that was deposited, as the package names it. */
export interface DepositedFile {
  /** Number of the item that it is, or whose manifest lists it. */
  readonly item: number
  /** As the depositor called it, raw bytes; undefined where the receipt withholds the name. */
  readonly name: Uint8Array | undefined
  readonly sha256: string | undefined
}

/** A file of the package with the deposited files that it may be, by their bytes. */
export interface PresentFile {
  readonly path: string
  /** As the package calls it, below the deposit's files. */
  readonly name: string
  readonly candidates: readonly DepositedFile[]
}

export interface Accounting {
  /** How many files were deposited. */
  readonly count: number
  /** Deposited files that are not in the package and whose item or line is. */
  readonly missing: readonly DepositedFile[]
  /** How many more are not in the package: of these it holds neither name nor digest. */
  readonly unnamed: number
  /** Which deposited file each file of the package was taken for, by its path. */
  readonly taken: ReadonlyMap<string, DepositedFile>
}

/** Everything that a deposit's items, and what is known of the manifests among them, name. */
export class DepositedFiles {
  private readonly items: readonly Item[]
  private readonly known: DepositedFile[] = []
  /** By item and name: a line may be shown by its manifest and by a proof. */
  private readonly seen = new Set<string>()
  private readonly bySha256 = new Map<string, DepositedFile[]>()
  private readonly plain = new Map<number, DepositedFile>()

  /** `names` is the sealed claim, where the receipt shows it. */
  constructor(items: readonly Item[], names: unknown) {
    this.items = items
    for (const [i, { tree, digest }] of items.entries()) {
      if (tree !== undefined) continue
      const name: unknown = Array.isArray(names) ? names[i] : undefined
      const bytes = typeof name === 'string' && name !== '' ? utf8(name) : undefined
      const file = { item: i, name: bytes, sha256: digest['sha256'] }
      this.known.push(file)
      this.plain.set(i, file)
    }
  }

  /** A line of the manifest that is an item. */
  addLine(item: number, name: Uint8Array, sha256: string): void {
    const key = `${item} ${latin1(name)}`
    if (this.seen.has(key)) return
    this.seen.add(key)
    const file = { item, name, sha256 }
    this.known.push(file)
    const same = this.bySha256.get(sha256)
    if (same === undefined) this.bySha256.set(sha256, [file])
    else same.push(file)
  }

  /** Lines with a digest. */
  lines(sha256: string): readonly DepositedFile[] {
    return this.bySha256.get(sha256) ?? []
  }

  /** The file that an item is; undefined for a manifest. */
  plainItem(item: number): DepositedFile | undefined {
    return this.plain.get(item)
  }

  /** Every digest (SHA-256) that is known here. */
  get digests(): Set<string> {
    return new Set([...this.bySha256.keys(), ...this.items.flatMap(({ digest }) => digest['sha256'] ?? [])])
  }

  /**
   * Takes each file of the package for one deposited file, of the same name where there is one: of two with the same bytes, one
   * that was taken out is missing all the same.
   */
  account(present: readonly PresentFile[]): Accounting {
    const free = new Set(this.known)
    const taken = new Map<string, DepositedFile>()
    const take = ({ path }: PresentFile, file: DepositedFile | undefined): void => {
      if (file === undefined) return
      free.delete(file)
      taken.set(path, file)
    }
    for (const file of present) {
      const named = file.candidates.find((one) => free.has(one) && shownName(one) === file.name)
      take(file, named)
    }
    const firstFree = new Map<readonly DepositedFile[], number>()
    for (const file of present) {
      if (taken.has(file.path)) continue
      let at = firstFree.get(file.candidates) ?? 0
      while (at < file.candidates.length && !free.has(file.candidates[at] as DepositedFile)) at++
      firstFree.set(file.candidates, at)
      take(file, file.candidates[at] ?? file.candidates[0])
    }
    const count = this.items.reduce((sum, { tree }) => sum + (tree === undefined ? 1 : tree.size), 0)
    return { count, missing: [...free], unnamed: count - this.known.length, taken }
  }
}

/** The name as text. */
export function shownName({ name, item }: DepositedFile): string {
  return name === undefined ? `item ${item}` : lossyUtf8(name)
}
