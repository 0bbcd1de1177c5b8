import { closeSync, existsSync, openSync, rmSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { z } from 'zod'
import { EvidenceError } from '../../core/errors.ts'
import { timeText } from '../../core/time.ts'
import { fileBounds, isNameFree, readTextIfThere } from '../../node/bounded-file.ts'
import { syncFolder, writeAndSync, writeDurably } from '../../node/durable-file.ts'
import { namesIn, readUnfinished } from '../../node/folder-marker.ts'
import { lockHolder, takeLock } from '../../node/lock-file.ts'
import { BackupFolder } from './backup-folder.ts'

/*
 * The file `taken` of a backup says that a folder which may sign was made of it, or is being made (docs/design/backup-and-follow.md). It
 * is created exclusively before anything is rebuilt, so that of two restores at once one is refused. From then on it is replaced, never
 * removed: what it said before stays in it, until the folder that took the place comes to nothing, and is put back then.
 */
const recordSchema = z.strictObject({
  /** The id of the restore, drawn at random; stands in the unfinished folder too. */
  id: z.string(),
  /** The folder, or why there is none. */
  to: z.string(),
  /** ISO 8601. */
  since: z.string(),
})
const takenSchema = recordSchema.extend({
  /** The records whose place this one took by the operator's word, newest first: they hold where it comes to nothing. */
  before: z.array(recordSchema).optional(),
})
export type Taken = z.infer<typeof takenSchema>

/**
 * What was made of a backup; undefined where nothing was. Whatever has the file's name and cannot be read forbids as a record that can. Throws
 * what the file system throws where the backup is out of reach.
 */
export function readTaken(path: string): Taken | undefined {
  if (isNameFree(path)) return undefined
  try {
    const text = readTextIfThere(path, fileBounds.small)
    return text === undefined ? undefined : takenSchema.parse(JSON.parse(text))
  } catch {
    return { id: '', to: 'a folder that cannot be read from it', since: 'a time that cannot be read from it' }
  }
}

/** What a record says, for people: "was restored to …", with all whose place it took. */
export function takenText({ to, since, before = [] }: Taken): string {
  const [first, ...others] = [{ to, since }, ...before].map((one) => `${one.to} at ${one.since}`)
  return `was restored to ${first}${others.map((one) => `, and before that to ${one}`).join('')}`
}

function encode(taken: Taken): string {
  return `${JSON.stringify(taken, null, 2)}\n`
}

/** Creates the file, which must not be there; durable when this returns. Throws EEXIST, and what the medium refuses. */
export function writeTaken(path: string, id: string, to: string): void {
  const fd = openSync(path, 'wx', 0o600)
  try {
    writeAndSync(fd, encode({ id, to, since: timeText(Date.now()) }))
  } finally {
    closeSync(fd)
  }
  syncFolder(dirname(path))
}

export interface ClaimOptions {
  readonly from: string
  readonly root: string
  readonly final: boolean
  readonly takeOver: boolean
  /** For a new claim. */
  readonly id: string
}

/** The right to make a folder that signs of a backup. */
export class Claim {
  readonly id: string
  private readonly options: ClaimOptions
  private readonly path: string
  private readonly lock: string
  /** The file is there for this claim: not so before {@link make}, and on a medium that cannot be written. */
  private isMarked = false

  /** Id of the record whose place this one takes, by the operator's word. */
  private readonly replaced: string | undefined

  private constructor(id: string, options: ClaimOptions, replaced?: string) {
    this.id = id
    this.replaced = replaced
    this.options = options
    const { taken, lock } = BackupFolder.paths(options.from)
    this.path = taken
    this.lock = lock
  }

  /**
   * Asks for the right, and writes nothing yet. A restore that was cut off in the same folder has it still. Throws `take-over-needed`
   * where another folder was made of the backup, `ledger-in-use` where one is being made on this machine.
   */
  static ask(options: ClaimOptions): Claim {
    const { from, root, final, takeOver, id } = options
    const earlier = readTaken(BackupFolder.paths(from).taken)
    if (earlier === undefined) return new Claim(id, options)
    if (earlier.id !== '' && readUnfinished(root)?.token === earlier.id) return new Claim(earlier.id, options)
    if (!takeOver || !final) throw takenBefore(options, earlier)
    const holder = readUnfinished(earlier.to)?.token === earlier.id ? lockHolder(join(earlier.to, 'lock')) : undefined
    if (holder !== undefined) {
      throw new EvidenceError('ledger-in-use', `${from} is being restored to ${earlier.to} by ${holder}`, {
        where: from,
      })
    }
    return new Claim(id, options, earlier.id)
  }

  /**
   * Marks the backup, durably. Throws `take-over-needed` where another restore was quicker, or the medium cannot be marked, `ledger-in-use` where
   * another command has the backup.
   */
  make(): void {
    const { from, root, takeOver } = this.options
    const found = readTaken(this.path)
    if (found?.id === this.id) {
      this.isMarked = true
      return
    }
    try {
      if (this.replaced === undefined) writeTaken(this.path, this.id, resolve(root))
      else this.takePlace(this.replaced)
      this.isMarked = true
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'EEXIST') throw takenBefore(this.options, readTaken(this.path))
      if (code !== 'EROFS' && code !== 'EACCES' && code !== 'EPERM') throw error
      if (takeOver) return
      throw new EvidenceError(
        'take-over-needed',
        `the final backup ${from} cannot be marked as restored (${code}): copy it to a place that can be written, and restore that copy`,
        { where: from },
      )
    }
  }

  /** Replaces the record that was asked about, and keeps it. Throws `take-over-needed` where there is another by now. */
  private takePlace(of: string): void {
    this.alone(() => {
      const found = readTaken(this.path)
      if (found?.id !== of) throw takenBefore(this.options, found)
      const { before = [], ...last } = found
      const since = timeText(Date.now())
      writeDurably(this.path, encode({ id: this.id, to: resolve(this.options.root), since, before: [last, ...before] }))
    })
  }

  /** Runs what compares the record and replaces it, as one step. Throws `ledger-in-use`. */
  private alone(change: () => void): void {
    const release = takeLock(this.lock, this.options.from)
    try {
      change()
    } finally {
      release()
    }
  }

  /** That nobody has taken the backup over while the folder was made. Throws `take-over-needed`. */
  requireHeld(): void {
    if (this.isMarked && readTaken(this.path)?.id !== this.id) throw takenBefore(this.options, readTaken(this.path))
  }

  /**
   * Nothing came of it: the record whose place it took is put back, durably, and a backup that was free is free again. Nothing changes while
   * anything is left of the folder, which may be whole, and where the record cannot be changed: it then holds, which only forbids.
   */
  release(): void {
    const { root } = this.options
    if (!this.isMarked || (existsSync(root) && namesIn(root).length > 0)) return
    try {
      this.alone(() => this.putBack())
    } catch {
      // Why the restore came to nothing says more. The next one is told of the record.
    }
  }

  private putBack(): void {
    const taken = readTaken(this.path)
    if (taken?.id !== this.id) return
    const [last, ...before] = taken.before ?? []
    if (last !== undefined) {
      writeDurably(this.path, encode(before.length === 0 ? last : { ...last, before }))
      return
    }
    rmSync(this.path)
    syncFolder(dirname(this.path))
  }
}

function takenBefore({ from, final }: ClaimOptions, taken: Taken | undefined): EvidenceError {
  const what = taken === undefined ? 'was brought up to date, or set free, meanwhile' : takenText(taken)
  const message = final
    ? `the final backup ${from} ${what}`
    : `the backup ${from} ${what}, to sign; restore without --take-over, and give the word to the folder by "evidence promote"`
  return new EvidenceError('take-over-needed', message, { where: from })
}
