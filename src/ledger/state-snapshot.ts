import { existsSync, rmSync } from 'node:fs'
import { deserialize, serialize } from 'node:v8'
import { fromBase64, toBase64 } from '../core/base64.ts'
import { concat, equalBytes, parseDecimal, utf8 } from '../core/bytes.ts'
import { encodeNote, maxNoteBytes, parseNote, type VerifierKey, verifyNote } from '../core/note.ts'
import { type NoteSigner, parseSignedCheckpoint } from '../core/checkpoint.ts'
import { sha256 } from '../core/hash.ts'
import { readIfThere } from '../node/bounded-file.ts'
import { writeDurably } from '../node/durable-file.ts'
import { copyableRegistry, type Registry, takeRegistry } from '../statements/registry.ts'
import { compacted } from './access/standing.ts'
import { heldSince } from '../statements/said.ts'
import type { ChainState } from './chain-state.ts'
import type { Published } from './sequencer.ts'

/*
 * What opening may go on from, instead of judging every entry again that keeps state (docs/design/recovery.md): the registry, and the rules of
 * access, as of a size. A file of the data folder, signed by the ledger's own key together with the root of that size, so that nobody who can
 * write to the disk makes a state of their own. Whatever is wrong with it, it is passed over: the entries say all of it.
 *
 *     <length of the note, 4 bytes> <note> <body>
 *
 * The text of the note is five lines: the constant below, the origin, the size, the root and SHA-256 of the body (both padded base64). Its first
 * line is no origin, so it is the checkpoint of no ledger.
 */
const firstLine = 'evidence-ledger state v2'
/** Largest file that is read: some five million entries that keep state, and the most that can be deserialized. */
const maxBytes = 2 ** 31 - 1
/** Entries judged again at start from which on a snapshot is worth its writing. */
export const worthSaving = 1000
/**
 * Entries that keep state since the last snapshot, at least so many and so large a part of all, from which on a ledger that runs writes one, so that a
 * start after a kill does not judge all of them again. Writing takes the more the more there are, and keeps the writer waiting.
 */
const worthSavingMeanwhile = { count: 5000, part: 1 / 8 }

/** A state that the ledger's key signed, and the root of the tree that it belongs to. */
export interface StateSnapshot extends Pick<ChainState, 'size' | 'registry' | 'checksum' | 'access'> {
  /** 32 bytes. */
  readonly root: Uint8Array
}

/** The bytes of a snapshot's file. Throws what signing throws. */
async function encodeStateSnapshot(
  { size, registry, checksum, access, root }: StateSnapshot,
  { key, sign }: NoteSigner,
): Promise<Uint8Array> {
  const isHeld = (id: string, index: number): boolean => heldSince(registry, id, index) !== undefined
  const body = serialize({ registry: plainRegistry(registry), checksum, access: compacted(access, isHeld) })
  const text = `${[firstLine, key.name, size, toBase64(root), toBase64(sha256(body))].join('\n')}\n`
  const note = utf8(encodeNote({ text, signatures: [{ ...key, signature: await sign(utf8(text)) }] }))
  const length = Buffer.alloc(4)
  length.writeUInt32BE(note.length)
  return concat(length, note, body)
}

/** The snapshot of a folder, if there is one that one of the keys signed and this build can read. Never throws. */
export function readStateSnapshot(path: string, keys: readonly VerifierKey[]): StateSnapshot | undefined {
  try {
    return read(path, keys)
  } catch {
    // Refused by us, by the file system, or by the engine: one that another build of it wrote, or that is too large for this machine.
    return undefined
  }
}

function read(path: string, keys: readonly VerifierKey[]): StateSnapshot | undefined {
  const file = readIfThere(path, maxBytes)
  if (file === undefined || file.length < 4) return undefined
  const length = file.readUInt32BE(0)
  if (length > maxNoteBytes) return undefined
  const note = parseNote(file.subarray(4, 4 + length))
  const [first, origin, size = '', root = '', digest = '', ...rest] = note.text.split('\n')
  const isOurs = first === firstLine && origin === keys[0]?.name && rest.length === 1
  if (origin === undefined || !isOurs || verifyNote(note, keys).length === 0) return undefined
  const body = file.subarray(4 + length)
  // What is read below was written by this software, and signed: it is nobody's input.
  if (!equalBytes(sha256(body), fromBase64(digest))) return undefined
  const state: unknown = deserialize(body)
  const entries = parseDecimal(size)
  if (entries === undefined || !isState(state, origin)) return undefined
  const { registry, checksum, access } = state
  return {
    size: entries,
    root: fromBase64(root),
    registry: takeRegistry(registry),
    checksum,
    access,
  }
}

/** Whether what was deserialized has the form of a state: another build of this software may have kept it otherwise. */
function isState(state: unknown, origin: string): state is Pick<StateSnapshot, 'registry' | 'checksum' | 'access'> {
  if (!isRecord(state) || !isRecord(state['registry']) || !isRecord(state['checksum']) || !isRecord(state['access']))
    return false
  const { registry, checksum, access } = state
  const { count, hash } = checksum
  return (
    Number.isSafeInteger(count) &&
    (count as number) >= 0 &&
    typeof hash === 'string' &&
    /^[0-9a-f]{64}$/.test(hash) &&
    registry['origin'] === origin &&
    Array.isArray(registry['ledgerKeys']) &&
    registry['ledgerKeys'].every((vkey) => typeof vkey === 'string') &&
    isMapOf(registry['participants'], 'string', (one) => isRecord(one) && Array.isArray(one['roles'])) &&
    isMapOf(registry['keys'], 'string', isKey) &&
    ['states', 'proposals', 'ledgerKeySpans'].every((name) => isAbsentOr(registry[name], isStringMap)) &&
    isAbsentOr(registry['formats'], (one) => one instanceof Set) &&
    isMapOf(access['rules'], 'number', Array.isArray) &&
    isMapOf(access['letRead'], 'string', (one) => isMapOf(one, 'number', (iss) => isAbsentOr(iss, isText))) &&
    isMapOf(access['about'], 'number', (one) => isAbsentOr(one, isRecord))
  )
}

const isAbsentOr = (value: unknown, is: (value: unknown) => boolean): boolean => value === undefined || is(value)
const isText = (value: unknown): boolean => typeof value === 'string'
const isStringMap = (value: unknown): boolean => isMapOf(value, 'string', () => true)

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !(value instanceof Map) && !Array.isArray(value)
}

function isMapOf(value: unknown, key: 'string' | 'number', is: (value: unknown) => boolean): boolean {
  return value instanceof Map && [...(value as Map<unknown, unknown>)].every(([k, v]) => typeof k === key && is(v))
}

function isKey(value: unknown): boolean {
  return isRecord(value) && value['publicKey'] instanceof Uint8Array && value['publicKey'].length === 32
}

/** The snapshot of an open folder: written when enough was sequenced since, and removed when sealed terms are to be erased. */
export class SavedState {
  private readonly path: string
  private readonly signer: NoteSigner
  /** Entries that keep state, in the snapshot that lies there. */
  private count: number
  /** How often it was removed: what was made before is not written after. */
  private drops = 0
  private isWriting = false
  private writing: Promise<void> = Promise.resolve()

  /** `count`: {@link RegistryChecksum} count of the snapshot that opening went on from; 0 for none. */
  constructor(path: string, signer: NoteSigner, count: number) {
    this.path = path
    this.signer = signer
    // An order that was cut off may have taken it since.
    this.count = existsSync(path) ? count : 0
  }

  /** Writes a snapshot of what is durable where it spares the next start enough. Never throws: without it the entries are judged again. */
  async save(durable: Published): Promise<void> {
    await this.writing
    if (durable.state.checksum.count - this.count < worthSaving || durable.state.access.lacking !== undefined) return
    this.writing = this.write(durable)
    await this.writing
  }

  /** As {@link save}, while entries go on being sequenced: seldom enough that it costs little beside them, and never while another is written. */
  saveMeanwhile(durable: Published): void {
    const { count } = durable.state.checksum
    const { count: least, part } = worthSavingMeanwhile
    if (durable.state.access.lacking !== undefined) return
    if (this.isWriting || count - this.count < Math.max(least, count * part)) return
    this.writing = this.write(durable)
  }

  /** Writes the last one, and none any more: the folder is about to be released. */
  async close(durable: Published): Promise<void> {
    await this.save(durable)
    this.count = Number.POSITIVE_INFINITY
  }

  private async write({ state, note }: Published): Promise<void> {
    const { drops } = this
    this.isWriting = true
    try {
      const { root } = parseSignedCheckpoint(utf8(note)).checkpoint
      const bytes = await encodeStateSnapshot({ ...state, root }, this.signer)
      // While it was being signed, terms that it holds may have been ordered to be erased.
      if (drops !== this.drops) return
      writeDurably(this.path, bytes)
      this.count = state.checksum.count
    } catch {
      // A disk that is full, or a key that cannot be reached: the next start takes longer, and nothing is lost.
    } finally {
      this.isWriting = false
    }
  }

  /** Removes it before terms are erased that it may hold. Throws what removing throws. */
  drop(): void {
    this.drops++
    dropStateSnapshot(this.path)
    this.count = 0
  }

  /** Removes it, and writes none any more: what is in memory is not what the next start would find. */
  end(): void {
    this.drop()
    this.count = Number.POSITIVE_INFINITY
  }
}

/** Removes a snapshot, if there is one. Throws what removing throws. */
export function dropStateSnapshot(path: string): void {
  rmSync(path, { force: true })
}

/** A registry whose maps are plain ones, those within what kinds keep too. */
function plainRegistry(registry: Registry): Registry {
  const { states } = registry
  const plain = copyableRegistry(registry)
  if (states === undefined) return plain
  return { ...plain, states: new Map([...states].map(([name, state]) => [name, plainState(state)])) }
}

function plainState(state: unknown): unknown {
  if (isMap(state)) return new Map(state)
  if (typeof state !== 'object' || state === null) return state
  return Object.fromEntries(
    Object.entries(state).map(([name, value]: [string, unknown]) => [name, isMap(value) ? new Map(value) : value]),
  )
}

function isMap(value: unknown): value is ReadonlyMap<unknown, unknown> {
  return typeof value === 'object' && value !== null && 'get' in value && 'has' in value && Symbol.iterator in value
}
