import { closeSync, openSync, rmSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { z } from 'zod'
import { EvidenceError } from '../../core/errors.ts'
import { timeText } from '../../core/time.ts'
import { fileBounds, readBoundedText } from '../../node/bounded-file.ts'
import { syncFolder, writeAndSync } from '../../node/durable-file.ts'
import { readUnfinished } from '../../node/folder-marker.ts'
import { lockHolder } from '../../node/lock-file.ts'
import { BackupFolder } from './backup-folder.ts'

/*
 * The file `taken` of a backup says that a folder which may sign was made of it, or is being made (docs/design/backup-and-follow.md). It
 * is created exclusively before anything is rebuilt, so that of two restores at once one is refused.
 */
const takenSchema = z.strictObject({
  /** The id of the restore, drawn at random; stands in the unfinished folder too. */
  id: z.string(),
  /** The folder, or why there is none. */
  to: z.string(),
  /** ISO 8601. */
  since: z.string(),
})
export type Taken = z.infer<typeof takenSchema>

/** What was made of a backup; undefined where nothing was. A file that cannot be read forbids as one that can. */
export function readTaken(path: string): Taken | undefined {
  let text: string
  try {
    text = readBoundedText(path, fileBounds.small)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  try {
    return takenSchema.parse(JSON.parse(text))
  } catch {
    return { id: '', to: 'a folder that cannot be read from it', since: 'a time that cannot be read from it' }
  }
}

/** Creates the file, which must not be there; durable when this returns. Throws EEXIST, and what the medium refuses. */
export function writeTaken(path: string, id: string, to: string): void {
  const taken: Taken = { id, to, since: timeText(Date.now()) }
  const fd = openSync(path, 'wx', 0o600)
  try {
    writeAndSync(fd, `${JSON.stringify(taken, null, 2)}\n`)
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
  /** The file is there for this claim: not so before {@link make}, and on a medium that cannot be written. */
  private isMarked = false

  /** An earlier restore's word, which the operator's word puts aside. */
  private readonly replaced: string | undefined

  private constructor(id: string, options: ClaimOptions, replaced?: string) {
    this.id = id
    this.replaced = replaced
    this.options = options
    this.path = BackupFolder.paths(options.from).taken
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

  /** Marks the backup, durably. Throws `take-over-needed` where another restore was quicker, or the medium cannot be marked. */
  make(): void {
    const { from, root, takeOver } = this.options
    const found = readTaken(this.path)
    if (found?.id === this.id) {
      this.isMarked = true
      return
    }
    if (found !== undefined && found.id === this.replaced) rmSync(this.path)
    try {
      writeTaken(this.path, this.id, resolve(root))
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

  /** That nobody has taken the backup over while the folder was made. Throws `take-over-needed`. */
  requireHeld(): void {
    if (this.isMarked && readTaken(this.path)?.id !== this.id) throw takenBefore(this.options, readTaken(this.path))
  }

  /** Nothing came of it: the backup is free again. */
  release(): void {
    if (this.isMarked && readTaken(this.path)?.id === this.id) rmSync(this.path, { force: true })
  }
}

function takenBefore({ from, final }: ClaimOptions, taken: Taken | undefined): EvidenceError {
  const what =
    taken === undefined ? 'was brought up to date meanwhile' : `was restored to ${taken.to} at ${taken.since}`
  const message = final
    ? `the final backup ${from} ${what}`
    : `the backup ${from} ${what}, to sign; restore without --take-over, and give the word to the folder by "evidence promote"`
  return new EvidenceError('take-over-needed', message, { where: from })
}
