import { constants, type Dirent } from 'node:fs'
import { lstat, open, opendir } from 'node:fs/promises'
import { join } from 'node:path'
import { EvidenceError } from '../../core/errors.ts'
import { type Bag, type BagFile, requireBagFile } from '../bag.ts'
import { BagListing, exactly } from '../bag-listing.ts'

const blockBytes = 1024 * 1024

/** A bag that lies as a folder. Links are never followed below it. */
export class FolderBag implements Bag {
  readonly files: ReadonlyMap<string, BagFile>
  private readonly root: string

  private constructor(root: string, files: ReadonlyMap<string, BagFile>) {
    this.root = root
    this.files = files
  }

  /** Lists a folder. Throws `package-path`, `package-too-large`. */
  static async open(root: string): Promise<FolderBag> {
    const listing = new BagListing()
    const visit = async (folder: string): Promise<void> => {
      for await (const entry of await opendir(join(root, folder))) {
        const path = folder === '' ? entry.name : `${folder}/${entry.name}`
        requirePlain(entry, path)
        // In a name that is not UTF-8, Node puts U+FFFD, which no path may hold.
        if (entry.isDirectory()) {
          listing.addFolder(path)
          await visit(path)
        } else {
          const add = listing.addFile(path)
          add((await lstat(join(root, path))).size)
        }
      }
    }
    await visit('')
    return new FolderBag(root, listing.sorted())
  }

  stream(path: string): AsyncGenerator<Uint8Array> {
    return exactly(requireBagFile(this, path), blocksOf(join(this.root, path)))
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}

async function* blocksOf(path: string): AsyncGenerator<Uint8Array> {
  const file = await open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0))
  try {
    for (;;) {
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(blockBytes), 0, blockBytes)
      if (bytesRead === 0) return
      yield buffer.subarray(0, bytesRead)
    }
  } finally {
    await file.close()
  }
}

/** Throws `package-path` for what is neither a folder nor a regular file. */
function requirePlain(entry: Dirent, path: string): void {
  if (entry.isFile() || entry.isDirectory()) return
  const what = entry.isSymbolicLink() ? 'a symbolic link' : 'a special file'
  throw new EvidenceError('package-path', `${JSON.stringify(path)} in the package is ${what}`, { where: path })
}
