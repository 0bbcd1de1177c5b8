import { writeSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { parseSignedCheckpoint, type SignedCheckpoint } from '../core/checkpoint.ts'
import { EvidenceError } from '../core/errors.ts'
import { type VerifierKey, verifyNote } from '../core/note.ts'
import { fileBounds, readBounded } from '../node/bounded-file.ts'
import { syncFolder } from '../node/durable-file.ts'

/*
 * The head file, beside the database and not inside it: two slots of 4,096 bytes, written in turn, each a signed checkpoint
 * padded with zeros. The larger valid one counts. It guards against a database that is rolled back or loses its tail: the
 * database alone cannot tell.
 */
const slotBytes = 4096

export interface Head extends SignedCheckpoint {
  readonly slot: 0 | 1
  /** True where the other slot holds something that is no checkpoint of ours: torn by a crash, or damaged. */
  readonly otherSlotDamaged: boolean
  readonly note: SignedCheckpoint['note']
}

function readSlot(
  bytes: Uint8Array,
  slot: 0 | 1,
  keys: readonly VerifierKey[],
): Omit<Head, 'otherSlotDamaged'> | undefined {
  const raw = bytes.subarray(slot * slotBytes, (slot + 1) * slotBytes)
  const end = raw.indexOf(0)
  if (raw.length !== slotBytes || end <= 0 || raw.subarray(end).some((byte) => byte !== 0)) return undefined
  try {
    const signed = parseSignedCheckpoint(raw.subarray(0, end))
    const isOurs = signed.checkpoint.origin === keys[0]?.name && verifyNote(signed.note, keys).length > 0
    return isOurs ? { ...signed, slot } : undefined
  } catch {
    return undefined // a slot torn by a crash: the other one counts
  }
}

/** Reads the head: the larger slot that any of the keys, all of one origin, signed. Throws `head-missing`, `head-invalid`. */
export function readHead(path: string, ...keys: readonly VerifierKey[]): Head {
  let bytes: Uint8Array
  try {
    bytes = readBounded(path, fileBounds.small)
  } catch (cause) {
    throw new EvidenceError('head-missing', `the head file ${path} cannot be read`, { where: path }, { cause })
  }
  const slots = [readSlot(bytes, 0, keys), readSlot(bytes, 1, keys)].filter((slot) => slot !== undefined)
  if (bytes.length !== 2 * slotBytes || slots.length === 0) {
    throw new EvidenceError('head-invalid', `the head file ${path} holds no checkpoint signed by this ledger`, {
      where: path,
    })
  }
  const larger = slots.reduce((a, b) => (b.checkpoint.size > a.checkpoint.size ? b : a))
  const otherSlotDamaged =
    slots.length === 1 && bytes.some((byte, at) => byte !== 0 && (at < slotBytes ? 0 : 1) !== larger.slot)
  return { ...larger, otherSlotDamaged }
}

/** The head file of a writer. */
export class HeadFile {
  private readonly file: FileHandle
  private nextSlot: 0 | 1

  private constructor(file: FileHandle, nextSlot: 0 | 1) {
    this.file = file
    this.nextSlot = nextSlot
  }

  /** Makes an empty head file, for `init` alone; it is valid from the first write on. */
  static async create(path: string): Promise<HeadFile> {
    const file = await open(path, 'wx', 0o600)
    await file.write(Buffer.alloc(2 * slotBytes), 0, 2 * slotBytes, 0)
    await file.sync()
    syncFolder(dirname(path))
    return new HeadFile(file, 0)
  }

  /** Opens a head file that {@link readHead} has read: the next write spares the slot that counts. */
  static async open(path: string, current: Head): Promise<HeadFile> {
    return new HeadFile(await open(path, 'r+'), current.slot === 0 ? 1 : 0)
  }

  /** Writes a signed checkpoint and syncs it: rollback is guarded when this returns. */
  async write(note: string): Promise<void> {
    const slot = Buffer.alloc(slotBytes)
    if (slot.write(note, 'utf8') !== Buffer.byteLength(note) || Buffer.byteLength(note) >= slotBytes) {
      throw new RangeError('the checkpoint does not fit a slot of the head file')
    }
    // The write goes to memory, and no further: only the sync takes long enough for another thread.
    const bytesWritten = writeSync(this.file.fd, slot, 0, slotBytes, this.nextSlot * slotBytes)
    if (bytesWritten !== slotBytes) throw new Error('the head file was written in part')
    await this.file.datasync()
    this.nextSlot = this.nextSlot === 0 ? 1 : 0
  }

  async close(): Promise<void> {
    await this.file.close()
  }
}
