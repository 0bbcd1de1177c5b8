import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { EvidenceError } from '../../src/core/errors.ts'
import type { DigestAlgorithm } from '../../src/core/hash.ts'
import { canDigest, digestFile } from '../../src/node/file-digest.ts'
import { isOwnArtefact } from '../../src/node/artefact-names.ts'
import type { Item, UnitReference } from '../../src/statements/members.ts'
import { itemsOf } from '../../src/statements/said.ts'
import type { CheckedReceipt } from '../../src/verify/check-receipt.ts'

/** What a receiver found of an exhibit. */
export type Checked = 'match' | 'differs' | 'not-checked'

/** Most files of a folder that are read. */
const maxFiles = 100_000

/** An exhibit with what was found of it: of each item that it names whether a file has its digests. */
export interface ComparedExhibit {
  readonly exhibit: UnitReference
  readonly checked: Checked
  readonly items: readonly { readonly item: number; readonly file: string | undefined }[]
}

/**
 * Compares the files below a folder with what was deposited: `match` where each item of an exhibit has a file, `differs` where one has
 * none, `not-checked` where there is no folder, or no receipt says what was deposited. Throws `file-unreadable`, `usage`.
 */
export async function compareExhibits(
  exhibits: readonly UnitReference[],
  deposits: ReadonlyMap<number, CheckedReceipt>,
  folder: string | undefined,
): Promise<ComparedExhibit[]> {
  const wanted = exhibits.map((exhibit) => ({ exhibit, items: namedItems(exhibit, deposits.get(exhibit.index)) }))
  if (folder === undefined)
    return wanted.map(({ exhibit }) => ({ exhibit, checked: 'not-checked' as const, items: [] }))
  const found = await filesByDigest(folder, algorithmsOf(wanted.flatMap(({ items }) => items.map(([, item]) => item))))
  return wanted.map(({ exhibit, items }) => {
    const matched = items.map(([item, said]) => ({ item, file: fileOf(said, found) }))
    const checked =
      items.length === 0 ? 'not-checked' : matched.every(({ file }) => file !== undefined) ? 'match' : 'differs'
    return { exhibit, checked, items: matched }
  })
}

function namedItems({ item }: UnitReference, deposit: CheckedReceipt | undefined): [number, Item][] {
  const all = [...itemsOf(deposit?.body).entries()]
  return item === undefined ? all : all.filter(([at]) => at === item)
}

/** The algorithms of which each item has one that this machine computes. */
function algorithmsOf(items: readonly Item[]): DigestAlgorithm[] {
  const names = items.flatMap(({ digest }) => Object.keys(digest) as DigestAlgorithm[])
  return [...new Set(names)].filter(canDigest)
}

async function filesByDigest(
  folder: string,
  algorithms: readonly DigestAlgorithm[],
): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>()
  if (algorithms.length === 0) return found
  for (const path of filesBelow(folder)) {
    const { digest } = await digestFile(path, algorithms)
    for (const [name, hex] of Object.entries(digest)) found.set(`${name}:${hex}`, path)
  }
  return found
}

/** Regular files below a folder, links not followed, but for receipts and the like. */
function filesBelow(folder: string): string[] {
  const found: string[] = []
  const visit = (at: string): void => {
    for (const entry of readdirSync(at, { withFileTypes: true })) {
      if (entry.isDirectory()) visit(join(at, entry.name))
      else if (entry.isFile() && (!isOwnArtefact(entry.name) || entry.name.endsWith('.evidence-manifest')))
        found.push(join(at, entry.name))
      if (found.length > maxFiles)
        throw new EvidenceError(
          'usage',
          `${folder} has more than ${maxFiles} files; name a folder of the exhibits alone`,
          {
            where: folder,
          },
        )
    }
  }
  visit(folder)
  return found.sort()
}

/** The file that has every digest of an item that this machine computes. */
function fileOf({ digest }: Item, found: ReadonlyMap<string, string>): string | undefined {
  const files = Object.entries(digest)
    .filter(([name]) => canDigest(name as DigestAlgorithm))
    .map(([name, hex]) => found.get(`${name}:${hex}`))
  return files.length > 0 && files.every((file) => file === files[0]) ? files[0] : undefined
}
