import { open, rename } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { requireNewFile } from '../../node/output-file.ts'
import { makePrivateFolder, unmakeFolder } from '../../node/private-folder.ts'
import { removeTree } from '../../node/remove-tree.ts'
import type { BagSink } from './bag-writer.ts'

/** A bag written as a folder, which appears under its name once it is whole. */
export class FolderSink implements BagSink {
  private readonly path: string
  readonly part: string
  private made: string | undefined

  private constructor(path: string) {
    this.path = path
    this.part = `${path}.part`
  }

  /** Throws `file-exists`. */
  static async create(path: string): Promise<FolderSink> {
    requireNewFile(path)
    const sink = new FolderSink(path)
    requireNewFile(sink.part)
    sink.made = makePrivateFolder(sink.part)
    return sink
  }

  async add(path: string, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    const target = join(this.part, path)
    makePrivateFolder(dirname(target))
    const file = await open(target, 'wx', 0o600)
    try {
      for await (const chunk of chunks) await file.writeFile(chunk)
      await file.sync()
    } finally {
      await file.close()
    }
  }

  close(): Promise<void> {
    return Promise.resolve()
  }

  async publish(): Promise<void> {
    requireNewFile(this.path)
    await rename(this.part, this.path)
  }

  abandon(): Promise<void> {
    removeTree(this.part)
    unmakeFolder(this.part, this.made)
    return Promise.resolve()
  }
}
