import { readdirSync, statSync, truncateSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { EvidenceError } from '../../core/errors.ts'
import { toHex } from '../../core/base64.ts'
import { utf8 } from '../../core/bytes.ts'
import { sha256 } from '../../core/hash.ts'
import { formatTime, parseTime } from '../../core/time.ts'
import { digestFile } from '../../node/file-digest.ts'
import { syncFolder } from '../../node/durable-file.ts'
import { makePrivateFolder } from '../../node/private-folder.ts'
import { lastLineOf, type Walked, walkLines } from './reading-lines.ts'
import { ReadingRepeats } from './reading-repeats.ts'

/** One reading of what a seal closes. */
export interface Reading {
  /** Participant that read. */
  readonly reader: string
  /** Index of the entry; of a copy, of the first entry that was copied. */
  readonly index: number
  /** Index of the last entry that was copied. */
  readonly to?: number
  /** Whether its sealed claims were shown, it was found by a look-up, or it was part of a copy of the ledger. */
  readonly shown: 'claims' | 'found' | 'copied'
  /** The seals under which it was read: the entry that set each, and who. */
  readonly seals: readonly { readonly entry: number; readonly by: string }[]
}

/** A line of the log: a reading, when it was, and what binds it to the line before. */
export interface ReadingLine extends Reading {
  /** Canonical time. */
  readonly time: string
  /**
   * Readings that it stands for: itself, and those like it since the line before that was about the same. Without it, 1; 0 where it only goes on with the seals of the
   * line before.
   */
  readonly times?: number
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
const firstPrevious = '0'.repeat(64)
/** Seals that one line names; of more, lines follow. */
const maxSeals = 256
/** Readings that are written together. */
const maxTogether = 1000
/** How far a clock may go back for what is read to keep the time of the line before. */
const maxBackMs = 24 * 3600 * 1000

interface Waiting {
  readonly readings: readonly Reading[]
  readonly done: () => void
  readonly fail: (error: EvidenceError) => void
}

/**
 * The log of readings under a seal (docs/design/access-rights.md): a file a day, of mode 0600, to which lines are only added. A reading is
 * answered when its line is on the disk, or another line of the day that says the same; lines that wait are written together.
 */
export class ReadingLog {
  private readonly folder: string
  private readonly clock: () => number
  private readonly repeats = new ReadingRepeats()
  private queue: Waiting[] = []
  private running: Promise<void> | undefined
  private last: { readonly time: string; readonly hash: string } | undefined
  private file: { readonly day: string; readonly handle: FileHandle } | undefined
  private digest: { readonly name: string; readonly sha256: Promise<string> } | undefined

  /** `folder`: made when the first line is written. */
  constructor(folder: string, clock: () => number = Date.now) {
    this.folder = folder
    this.clock = clock
  }

  /** How many lines would be written of these readings now. */
  linesDue(readings: readonly Reading[]): number {
    const staged = this.repeats.on(this.timeAfter(this.last?.time ?? '').slice(0, 10))
    return readings.filter((reading) => staged.add(reading) > 0).length
  }

  /** Resolves when the readings are on the disk. Rejects with `readings-failed`: then nothing may be shown. */
  record(readings: readonly Reading[]): Promise<void> {
    const written = new Promise<void>((done, fail) => this.queue.push({ readings, done, fail }))
    this.running ??= this.run()
    return written
  }

  private async run(): Promise<void> {
    try {
      while (this.queue.length > 0) await this.write(this.together())
    } finally {
      this.running = undefined
    }
  }

  /** Takes what waited longest: as many readings as are written together, and what one request reads at least. */
  private together(): Waiting[] {
    let count = 0
    const end = this.queue.findIndex(({ readings }, i) => (count += readings.length) > maxTogether && i > 0)
    return this.queue.splice(0, end < 0 ? this.queue.length : end)
  }

  /** The clock's time. One that went back a little makes no line older than the one before; after one that had jumped ahead the right time comes again. */
  private timeAfter(last: string): string {
    const nowMs = this.clock()
    const now = formatTime(nowMs)
    return now < last && parseTime(last) - nowMs <= maxBackMs ? last : now
  }

  private async write(waiting: readonly Waiting[]): Promise<void> {
    try {
      const last = (this.last ??= await this.readLast())
      const time = this.timeAfter(last.time)
      const day = time.slice(0, 10)
      const staged = this.repeats.on(day)
      let { hash } = last
      const lines = waiting
        .flatMap(({ readings }) => readings)
        .flatMap((reading) => {
          const times = staged.add(reading)
          return times === 0 ? [] : linesOf(reading, time, times)
        })
        .map((line) => {
          const text = JSON.stringify({ ...line, previous: hash })
          hash = toHex(sha256(utf8(text)))
          return `${text}\n`
        })
      if (lines.length > 0) {
        const handle = await this.fileOf(day)
        await handle.appendFile(lines.join(''))
        await handle.datasync()
        this.last = { time, hash }
      }
      staged.keep()
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
    const handle = await open(this.pathOf(day), 'a', 0o600)
    syncFolder(this.folder)
    this.file = { day, handle }
    return handle
  }

  private async closeFile(): Promise<void> {
    const { file } = this
    this.file = undefined
    await file?.handle.close()
  }

  /**
   * Time and hash of the last line, from the end of the last day's file; what a crash left of a line after it was shown to nobody, and is taken off. Days that are
   * still to come were written by a clock that had jumped ahead: they count where there are no others.
   */
  private async readLast(): Promise<{ readonly time: string; readonly hash: string }> {
    const latest = formatTime(this.clock() + maxBackMs).slice(0, 10)
    const days = this.days().reverse()
    const isToCome = ({ day }: ReadingDay): boolean => day > latest
    for (const { day, size } of [...days.filter((one) => !isToCome(one)), ...days.filter(isToCome)]) {
      const { line, end } = await lastLineOf(this.pathOf(day))
      if (end < size) truncateSync(this.pathOf(day), end)
      if (line === undefined) continue
      const { time } = JSON.parse(line.toString()) as ReadingLine
      return { time, hash: toHex(sha256(line)) }
    }
    return { time: '', hash: firstPrevious }
  }

  private pathOf(day: string): string {
    return join(this.folder, `${day}.ndjson`)
  }

  /** Days that have lines, ascending. Throws `readings-failed`. */
  days(): ReadingDay[] {
    try {
      return namesIn(this.folder)
        .flatMap((name) => fileName.exec(name)?.[1] ?? [])
        .sort()
        .map((day) => ({ day, size: statSync(this.pathOf(day)).size }))
    } catch (cause) {
      throw failed('read', cause)
    }
  }

  /** SHA-256, in hex, of the file of a day that has ended: what is deposited of it. Read once for all who ask. Throws `readings-failed`. */
  async digestOf({ day, size }: ReadingDay): Promise<string> {
    const name = `${day} ${size}`
    if (this.digest?.name !== name) {
      const sha256 = digestFile(this.pathOf(day), ['sha256']).then(({ digest }) => digest.sha256 as string)
      this.digest = { name, sha256 }
    }
    const asked = this.digest
    try {
      return await asked.sha256
    } catch (cause) {
      if (this.digest === asked) this.digest = undefined
      throw failed('read', cause)
    }
  }

  /**
   * Walks through the lines of a day that have `part`, from a byte offset that a walk before gave or 0, in turns of the event loop. `take` says whether to go on; after
   * `maxBytes` the walk ends in any case. A day without a file has none. Throws `readings-failed`.
   */
  async walk(
    day: string,
    { from = 0, maxBytes = Infinity, part }: WalkOptions,
    take: (line: ReadingLine) => boolean,
  ): Promise<Walked> {
    const bytes = Buffer.from(part)
    try {
      if (!this.days().some((one) => one.day === day)) return { at: from, isEnd: true }
      return await walkLines(this.pathOf(day), from, maxBytes, (line) => {
        return !line.includes(bytes) || take(JSON.parse(line.toString()) as ReadingLine)
      })
    } catch (cause) {
      throw failed('read', cause)
    }
  }

  /** Ends when what was given is written. */
  async close(): Promise<void> {
    await this.running
    await this.closeFile()
  }
}

export interface WalkOptions {
  readonly from?: number
  readonly maxBytes?: number
  /** Text that the wanted lines have: the others are not even parsed. */
  readonly part: string
}

/** The text that each line under a seal of a participant has. */
export function sealedBy(participant: string): string {
  return `"by":${JSON.stringify(participant)}`
}

/** The lines that a reading makes: one, and more where it has very many seals. */
function linesOf(
  { reader, index, to, shown, seals }: Reading,
  time: string,
  times: number,
): Omit<ReadingLine, 'previous'>[] {
  const parts = Array.from({ length: Math.max(1, Math.ceil(seals.length / maxSeals)) }, (_, i) =>
    seals.slice(i * maxSeals, (i + 1) * maxSeals),
  )
  return parts.map((some, i) => {
    const told = i === 0 ? times : 0
    return {
      time,
      reader,
      index,
      ...(to === undefined ? {} : { to }),
      shown,
      ...(told === 1 ? {} : { times: told }),
      seals: some,
    }
  })
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

/** What readers are told of a log that cannot be used: nothing of where it lies. */
function failed(what: 'written' | 'read', cause: unknown): EvidenceError {
  return new EvidenceError('readings-failed', `the log of readings cannot be ${what}`, {}, { cause })
}
