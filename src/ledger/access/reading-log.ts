import { readdirSync, statSync, truncateSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { EvidenceError } from '../../core/errors.ts'
import { toHex } from '../../core/base64.ts'
import { utf8 } from '../../core/bytes.ts'
import { sha256 } from '../../core/hash.ts'
import { formatTime } from '../../core/time.ts'
import { readIfThere } from '../../node/bounded-file.ts'
import { digestFile } from '../../node/file-digest.ts'
import { syncFolder } from '../../node/durable-file.ts'
import { makePrivateFolder } from '../../node/private-folder.ts'

/** One reading of what a seal closes. */
export interface Reading {
  /** Participant that read. */
  readonly reader: string
  /** Index of the entry. */
  readonly index: number
  /** Whether its sealed claims were shown, or it was found by a look-up. */
  readonly shown: 'claims' | 'found'
  /** The seals under which it was read: the entry that set each, and who. */
  readonly seals: readonly { readonly entry: number; readonly by: string }[]
}

/** A line of the log: a reading, when it was, and what binds it to the line before. */
export interface ReadingLine extends Reading {
  /** Canonical time. */
  readonly time: string
  /** SHA-256 of the line before, without its line feed, in hex; zeros in the first line. */
  readonly previous: string
}

/** A day of the log. */
export interface ReadingDay {
  /** `YYYY-MM-DD`, UTC. */
  readonly day: string
  /** Bytes of its file. */
  readonly size: number
}

const fileName = /^(\d{4}-\d{2}-\d{2})\.ndjson$/
/** Bytes of one day's file that are read: more lines than a server answers in a day. */
const maxDayBytes = 1024 * 1024 * 1024
const firstPrevious = '0'.repeat(64)

interface Waiting {
  readonly reading: Reading
  readonly done: () => void
  readonly fail: (error: EvidenceError) => void
}

/**
 * The log of readings under a seal (docs/design/access-rights.md): a file a day, of mode 0600, to which lines are only added. A reading is
 * answered when its line is on the disk; lines that wait are written together.
 */
export class ReadingLog {
  private readonly folder: string
  private readonly clock: () => number
  private queue: Waiting[] = []
  private running: Promise<void> | undefined
  private last: { readonly time: string; readonly hash: string } | undefined
  private file: { readonly day: string; readonly handle: FileHandle } | undefined

  /** `folder`: made when the first line is written. */
  constructor(folder: string, clock: () => number = Date.now) {
    this.folder = folder
    this.clock = clock
  }

  /** Resolves when the readings are on the disk. Rejects with `readings-failed`: then nothing may be shown. */
  record(readings: readonly Reading[]): Promise<unknown> {
    const written = readings.map(
      (reading) => new Promise<void>((done, fail) => this.queue.push({ reading, done, fail })),
    )
    this.running ??= this.run()
    return Promise.all(written)
  }

  private async run(): Promise<void> {
    try {
      while (this.queue.length > 0) await this.write(this.queue.splice(0, 1000))
    } finally {
      this.running = undefined
    }
  }

  private async write(waiting: readonly Waiting[]): Promise<void> {
    try {
      let { time, hash } = (this.last ??= await this.readLast())
      const now = formatTime(this.clock())
      // A clock that goes back makes no line older than the one before.
      if (now > time) time = now
      const lines = waiting.map(({ reading: { reader, index, shown, seals } }) => {
        const line = JSON.stringify({ time, reader, index, shown, seals, previous: hash })
        hash = toHex(sha256(utf8(line)))
        return `${line}\n`
      })
      const handle = await this.fileOf(time.slice(0, 10))
      await handle.appendFile(lines.join(''))
      await handle.datasync()
      this.last = { time, hash }
      for (const { done } of waiting) done()
    } catch (cause) {
      // What the file holds now is found out anew.
      this.last = undefined
      await this.closeFile().catch(() => undefined)
      const error = failed('written', cause)
      for (const { fail } of waiting) fail(error)
    }
  }

  private async fileOf(day: string): Promise<FileHandle> {
    if (this.file?.day === day) return this.file.handle
    await this.closeFile()
    makePrivateFolder(this.folder)
    const handle = await open(join(this.folder, `${day}.ndjson`), 'a', 0o600)
    syncFolder(this.folder)
    this.file = { day, handle }
    return handle
  }

  private async closeFile(): Promise<void> {
    const { file } = this
    this.file = undefined
    await file?.handle.close()
  }

  /** Time and hash of the last line, from the end of the last day's file; what a crash left of a line after it was shown to nobody, and is taken off. */
  private async readLast(): Promise<{ readonly time: string; readonly hash: string }> {
    for (const { day, size } of this.days().reverse()) {
      const path = join(this.folder, `${day}.ndjson`)
      const tail = await readTail(path, size)
      const end = tail.lastIndexOf(0x0a) + 1
      if (end < tail.length) truncateSync(path, size - (tail.length - end))
      if (end === 0) continue
      const line = tail.subarray(tail.lastIndexOf(0x0a, end - 2) + 1, end - 1)
      const { time } = JSON.parse(line.toString()) as ReadingLine
      return { time, hash: toHex(sha256(line)) }
    }
    return { time: '', hash: firstPrevious }
  }

  private bytesOf(day: string): Buffer {
    return readIfThere(join(this.folder, `${day}.ndjson`), maxDayBytes) ?? Buffer.alloc(0)
  }

  /** Days that have lines, ascending. */
  days(): ReadingDay[] {
    let names: string[]
    try {
      names = readdirSync(this.folder)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
      throw error
    }
    return names
      .flatMap((name) => fileName.exec(name)?.[1] ?? [])
      .sort()
      .map((day) => ({ day, size: statSync(join(this.folder, `${day}.ndjson`)).size }))
  }

  /** SHA-256 of a day's file, in hex, and its size in bytes: what is deposited when the day has ended. Undefined where the day has none. */
  async digestOf(day: string): Promise<{ readonly size: number; readonly sha256: string } | undefined> {
    if (!this.days().some((one) => one.day === day)) return undefined
    try {
      const { size, digest } = await digestFile(join(this.folder, `${day}.ndjson`), ['sha256'])
      return { size, sha256: digest.sha256 as string }
    } catch (cause) {
      throw failed('read', cause)
    }
  }

  /** Lines of a day from line `after` on (the first is 1), at most `limit`, of which `isFor` holds, with their numbers. */
  lines(
    day: string,
    isFor: (line: ReadingLine) => boolean,
    after: number,
    limit: number,
  ): { readonly number: number; readonly line: ReadingLine }[] {
    try {
      return linesIn(this.bytesOf(day), isFor, after, limit)
    } catch (cause) {
      throw failed('read', cause)
    }
  }

  /** Gives every line of a day, in order. Throws `readings-failed`. */
  eachLine(day: string, give: (line: ReadingLine) => void): void {
    this.lines(
      day,
      (line) => {
        give(line)
        return false
      },
      0,
      1,
    )
  }

  /** Ends when what was given is written. */
  async close(): Promise<void> {
    await this.running
    await this.closeFile()
  }
}

/** Bytes at a file's end in which its last line lies: lines are short. */
const tailBytes = 64 * 1024

async function readTail(path: string, size: number): Promise<Buffer> {
  const handle = await open(path, 'r')
  try {
    const tail = Buffer.alloc(Math.min(size, tailBytes))
    const { bytesRead } = await handle.read(tail, 0, tail.length, size - tail.length)
    return tail.subarray(0, bytesRead)
  } finally {
    await handle.close()
  }
}

function linesIn(
  bytes: Buffer,
  isFor: (line: ReadingLine) => boolean,
  after: number,
  limit: number,
): { readonly number: number; readonly line: ReadingLine }[] {
  const found: { number: number; line: ReadingLine }[] = []
  for (let at = 0, number = 1; at < bytes.length && found.length < limit; number++) {
    const end = bytes.indexOf(0x0a, at)
    if (end < 0) break
    if (number > after) {
      const line = JSON.parse(bytes.toString('utf8', at, end)) as ReadingLine
      if (isFor(line)) found.push({ number, line })
    }
    at = end + 1
  }
  return found
}

/** What readers are told of a log that cannot be used: nothing of where it lies. */
function failed(what: 'written' | 'read', cause: unknown): EvidenceError {
  return new EvidenceError('readings-failed', `the log of readings cannot be ${what}`, {}, { cause })
}
