import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { parseTreeHead, type TreeHead } from '../core/checkpoint-text.ts'
import { EvidenceError } from '../core/errors.ts'
import { parseNote, type SignedNote, type VerifierKey, verifyNote } from '../core/note.ts'
import { fileBounds, readBounded } from '../node/bounded-file.ts'
import { writeDurably } from '../node/durable-file.ts'
import type { KnownNames } from '../node/known-names.ts'
import { originHash, type WitnessFolder } from './folder.ts'
import { readKnownOrigins, stateLost } from './known-origins.ts'

/** The last checkpoint that was cosigned of a log. */
export interface Cosigned {
  readonly head: TreeHead
  /** The note as it is served: the log's verified signatures, and ours. */
  readonly note: SignedNote
  /** The text of {@link Cosigned.note}. */
  readonly text: string
  /** When it was cosigned, in seconds since 1970. */
  readonly timestamp: number
}

/**
 * What a witness must not forget: a file for each log, named by the hash of its origin, holding the last cosigned checkpoint
 * with our cosignatures. It is replaced by a synced file and a rename, so that a crash leaves the old one or the new one; a file
 * for each needs no database, and anybody can read it. All are read and verified at start: a damaged one refuses, for a witness
 * that took it for none would cosign a second history. A list beside them says which there must be; an origin whose file is gone is
 * never cosigned again.
 */
export class WitnessState {
  private readonly folder: WitnessFolder
  private readonly latest = new Map<string, Cosigned>()
  private readonly known: KnownNames

  /** Throws `witness-state-damaged`. */
  constructor(folder: WitnessFolder, keys: readonly VerifierKey[]) {
    this.folder = folder
    const { state } = folder
    this.known = readKnownOrigins(folder)
    if (!existsSync(state)) {
      throw new EvidenceError('witness-state-damaged', `the folder ${state} is missing`, { where: state })
    }
    for (const name of readdirSync(state)) {
      // A crash came before the rename: what it would have become was never answered.
      if (name.endsWith('.part')) continue
      const path = join(state, name)
      const cosigned = readCosigned(path, keys)
      if (cosigned === undefined || originHash(cosigned.head.origin) !== name) {
        throw new EvidenceError('witness-state-damaged', `${path} is not a checkpoint that this witness cosigned`, {
          where: path,
        })
      }
      this.latest.set(name, cosigned)
      // A crash came before it was listed: what it says was never answered, but may be from now on.
      this.known.add(cosigned.head.origin)
    }
  }

  /** Throws `witness-state-lost` for an origin that was cosigned, and of which nothing is known any more. */
  requireKept(origin: string): void {
    if (this.known.has(origin) && this.of(origin) === undefined) throw stateLost(this.folder, origin)
  }

  /** By origin hash. */
  byHash(hash: string): Cosigned | undefined {
    return this.latest.get(hash)
  }

  of(origin: string): Cosigned | undefined {
    return this.latest.get(originHash(origin))
  }

  /** Replaces the last checkpoint of its log: durable when this returns, and only then remembered. */
  put(cosigned: Cosigned): void {
    const name = originHash(cosigned.head.origin)
    writeDurably(join(this.folder.state, name), cosigned.text)
    this.known.add(cosigned.head.origin)
    this.latest.set(name, cosigned)
  }
}

function readCosigned(path: string, keys: readonly VerifierKey[]): Cosigned | undefined {
  try {
    const bytes = readBounded(path, fileBounds.small)
    const note = parseNote(bytes)
    const [ours] = verifyNote(note, keys)
    if (ours?.timestamp === undefined) return undefined
    return { head: parseTreeHead(note.text), note, text: bytes.toString('utf8'), timestamp: ours.timestamp }
  } catch {
    return undefined
  }
}
