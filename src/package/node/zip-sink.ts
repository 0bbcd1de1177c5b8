import { createWriteStream, type WriteStream } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { ZipFile } from 'yazl'
import type { BagSink } from './bag-writer.ts'
import { requireNewFile } from '../../node/output-file.ts'

/**
 * A bag written as a zip, in one folder at its top. Entries are stored, not deflated, and bear one date, so that the same files
 * make the same bytes on every machine. The date has no zone in a zip: it is given in local time, as it is written.
 */
export class ZipSink implements BagSink {
  private readonly path: string
  readonly part: string
  private readonly base: string
  private readonly zip = new ZipFile()
  private readonly out: WriteStream
  private readonly done: Promise<void>

  private constructor(path: string, base: string) {
    this.path = path
    this.part = `${path}.part`
    this.base = base
    this.out = createWriteStream(this.part, { flags: 'wx', mode: 0o600 })
    this.done = finished(this.zip.outputStream.pipe(this.out))
    // A failure reaches the callers that await an entry or the end; here it must not count as unhandled.
    this.done.catch(() => {})
  }

  /** `base` names the folder inside. Throws `file-exists`. */
  static create(path: string, base: string): Promise<ZipSink> {
    requireNewFile(path)
    requireNewFile(`${path}.part`)
    return Promise.resolve(new ZipSink(path, base))
  }

  async add(path: string, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    const stream = Readable.from(chunks, { objectMode: false })
    const options = { mtime: new Date(1980, 0, 1), mode: 0o100644, compress: false, forceDosTimestamp: true }
    await new Promise<void>((resolve, reject) => {
      stream.once('end', resolve).once('error', reject)
      this.zip.once('error', reject)
      this.done.catch(reject)
      this.zip.addReadStreamLazy(`${this.base}/${path}`, options, (give) => give(null, stream))
    })
    this.zip.removeAllListeners('error')
  }

  async close(): Promise<void> {
    this.zip.end()
    await this.done
    const file = await open(this.part, 'r+')
    try {
      await file.sync()
    } finally {
      await file.close()
    }
  }

  async publish(): Promise<void> {
    requireNewFile(this.path)
    await rename(this.part, this.path)
  }

  async abandon(): Promise<void> {
    this.out.destroy()
    await rm(this.part, { force: true })
  }
}
