import { constants, type Dirent } from 'node:fs'
import { lstat, open, opendir } from 'node:fs/promises'
import { join } from 'node:path'
import { EvidenceError } from '../core/errors.ts'
import { type Bag, type BagFile, requireBagFile } from './bag.ts'
import { BagPaths } from './bag-path.ts'
import { maxFiles } from './limits.ts'

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
    const files = new Map<string, BagFile>()
    const paths = new BagPaths()
    let seen = 0
    const visit = async (folder: string): Promise<void> => {
      for await (const entry of await opendir(join(root, folder))) {
        if (++seen > 2 * maxFiles) throw tooMany()
        const path = folder === '' ? entry.name : `${folder}/${entry.name}`
        requirePlain(entry, path)
        // In a name that is not UTF-8, Node puts U+FFFD, which no path may hold.
        if (entry.isDirectory()) {
          paths.require(path, 'folder')
          await visit(path)
        } else {
          paths.require(path)
          files.set(path, { path, size: (await lstat(join(root, path))).size })
          if (files.size > maxFiles) throw tooMany()
        }
      }
    }
    await visit('')
    return new FolderBag(root, new Map([...files].sort(([a], [b]) => (a < b ? -1 : 1))))
  }

  async *stream(path: string): AsyncGenerator<Uint8Array> {
    const { size } = requireBagFile(this, path)
    const file = await open(join(this.root, path), constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0))
    try {
      let left = size
      for (;;) {
        const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(blockBytes), 0, blockBytes)
        if (bytesRead === 0) break
        left -= bytesRead
        if (left < 0) break
        yield buffer.subarray(0, bytesRead)
      }
      if (left !== 0) {
        throw new EvidenceError('package-altered', `${path} in the package changed while it was checked`, {
          where: path,
        })
      }
    } finally {
      await file.close()
    }
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}

function tooMany(): EvidenceError {
  return new EvidenceError('package-too-large', `the package holds more than ${maxFiles} files`)
}

/** Throws `package-path` for what is neither a folder nor a regular file. */
function requirePlain(entry: Dirent, path: string): void {
  if (entry.isFile() || entry.isDirectory()) return
  const what = entry.isSymbolicLink() ? 'a symbolic link' : 'a special file'
  throw new EvidenceError('package-path', `${JSON.stringify(path)} in the package is ${what}`, { where: path })
}
