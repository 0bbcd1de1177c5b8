import { existsSync } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { EvidenceError } from '../core/index.ts'
import { makePrivateFolder } from '../node/index.ts'
import type { BagSink } from './bag-writer.ts'

/** Throws `file-exists`: nothing is written over. */
export function requireFree(path: string): void {
  if (existsSync(path)) throw new EvidenceError('file-exists', `${path} exists already`, { where: path })
}

/** A bag written as a folder, which appears under its name once it is whole. */
export class FolderSink implements BagSink {
  private readonly path: string
  readonly part: string

  private constructor(path: string) {
    this.path = path
    this.part = `${path}.part`
  }

  /** Throws `file-exists`. */
  static async create(path: string): Promise<FolderSink> {
    requireFree(path)
    const sink = new FolderSink(path)
    requireFree(sink.part)
    makePrivateFolder(sink.part)
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
    requireFree(this.path)
    await rename(this.part, this.path)
  }

  async abandon(): Promise<void> {
    await rm(this.part, { recursive: true, force: true })
  }
}
