import { equalBytes } from '../core/bytes.ts'
import { EvidenceError, isEvidenceError } from '../core/errors.ts'
import { emptyRoot } from '../core/merkle/hashing.ts'
import { isSubtree, verifySubtreeConsistency } from '../core/merkle/subtree.ts'
import { verifyConsistency } from '../core/merkle/verify.ts'
import {
  encodeNote,
  encodeSignatureLines,
  type NoteSignature,
  type SignedNote,
  type VerifierKey,
  verifyNote,
} from '../core/note.ts'
import { type AddCheckpointRequest, parseAddCheckpoint, parseSignSubtree } from '../core/witness-request.ts'
import { takeLock } from '../node/lock-file.ts'
import { Cosigners } from './cosigners.ts'
import { keepEvidence } from './evidence-file.ts'
import { readWitnessConfig, type WitnessFolder, witnessFolder } from './folder.ts'
import { LogList } from './log-list.ts'
import { type Cosigned, WitnessState } from './state.ts'
import { TurnsByName } from './turns.ts'

export interface WitnessOptions {
  readonly passphrase?: string
  /** Milliseconds since 1970. */
  readonly now?: () => number
  /** Called when a log misbehaved, with its origin and the path of the file that holds the proof. */
  readonly onMisbehaviour?: (origin: string, path: string) => void
  /** Called when the changed list of logs cannot be read; the list from before stays in force. */
  readonly onListFault?: (error: unknown) => void
}

interface WitnessParts extends WitnessOptions {
  readonly folder: WitnessFolder
  readonly cosigners: Cosigners
  readonly logs: LogList
  readonly state: WitnessState
  readonly now: () => number
  readonly release: () => void
}

/** A cosignature of the same checkpoint this young, in seconds, is given again, so that a repeated request costs no signature. */
const freshSeconds = 5

/**
 * A witness of C2SP tlog-witness. For each log it remembers the last checkpoint that it cosigned and cosigns only what goes on
 * from there; looking, cosigning and remembering are one turn, and nothing is answered before it is durable.
 */
export class Witness {
  private readonly parts: WitnessParts
  private readonly turns = new TurnsByName()
  private failure: EvidenceError | undefined

  private constructor(parts: WitnessParts) {
    this.parts = parts
  }

  get cosigners(): Cosigners {
    return this.parts.cosigners
  }

  /**
   * Opens a witness's folder, for this process alone. Throws `witness-missing`, `ledger-in-use`, `witness-state-damaged`,
   * `witness-state-lost` for a log in the list, `policy-malformed`, and the codes of the key files.
   */
  static open(root: string, options: WitnessOptions = {}): Witness {
    const folder = witnessFolder(root)
    // No lock is left in a folder that is no witness's.
    readWitnessConfig(folder)
    const release = takeLock(folder.lock, root)
    try {
      const cosigners = Cosigners.read(folder, options.passphrase)
      const logs = new LogList(folder.logs, options.onListFault)
      const state = new WitnessState(folder, cosigners.keys)
      for (const origin of logs.origins()) state.requireKept(origin)
      return new Witness({ now: Date.now, ...options, folder, cosigners, logs, state, release })
    } catch (error) {
      release()
      throw error
    }
  }

  /** Origins of the logs that it cosigns. */
  origins(): string[] {
    return this.parts.logs.origins()
  }

  /** The last cosigned checkpoint of a log, by the hash of its origin; undefined where there is none. */
  checkpoint(originHash: string): string | undefined {
    return this.parts.state.byHash(originHash)?.text
  }

  /** Throws where nothing is cosigned any more: `disk-failed`. */
  requireReady(): void {
    if (this.failure !== undefined) throw this.failure
  }

  /**
   * Answers add-checkpoint with signature lines. Throws the codes of parseAddCheckpoint, `witness-log-unknown` (404),
   * `witness-signature` (403), `witness-old-size` (400), `witness-conflict` (409, `found` is the size), `witness-inconsistent`
   * (422), `witness-state-lost` (500), `clock-unsafe`, `server-busy`, `disk-failed` (503).
   */
  async addCheckpoint(body: Uint8Array): Promise<string> {
    this.requireReady()
    const request = parseAddCheckpoint(body)
    const { origin, size } = request.head
    const note = this.verifiedByLog(request.note, origin)
    if (request.oldSize > size) {
      throw new EvidenceError('witness-old-size', `the old size is ${request.oldSize}, above the checkpoint’s ${size}`)
    }
    return this.turns.run(origin, () => this.judge({ ...request, note }))
  }

  /** The note with the verified signatures of the log's keys alone, one of each. */
  private verifiedByLog(note: SignedNote, origin: string): SignedNote {
    const keys = this.parts.logs.keysOf(origin)
    if (keys.length === 0) {
      throw new EvidenceError('witness-log-unknown', 'this witness does not know a log of this origin')
    }
    const signatures = keptOf(note, verifiedKeys(note, keys, 'a key of the log'))
    if (signatures.length === 0) {
      throw new EvidenceError('witness-signature', 'no key that this witness knows of the log signed the checkpoint')
    }
    return { text: note.text, signatures }
  }

  private async judge(request: AddCheckpointRequest): Promise<string> {
    this.requireReady()
    const { head, oldSize } = request
    this.parts.state.requireKept(head.origin)
    const latest = this.parts.state.of(head.origin)
    const known = latest?.head.size ?? 0
    if (latest !== undefined && head.size === known && !equalBytes(head.root, latest.head.root)) {
      this.keep('two-roots', latest, request)
    }
    if (oldSize !== known) {
      const message = `the latest cosigned checkpoint of this log has the size ${known}, not ${oldSize}`
      throw new EvidenceError('witness-conflict', message, { found: String(known), expected: String(oldSize) })
    }
    if (!goesOn(request, latest)) {
      if (latest !== undefined && head.size !== known) this.keep('no-proof', latest, request)
      throw new EvidenceError(
        'witness-inconsistent',
        'the checkpoint is not shown to go on from the one that was cosigned last',
      )
    }
    return this.cosign(request, latest)
  }

  private keep(kind: 'two-roots' | 'no-proof', latest: Cosigned, request: AddCheckpointRequest): void {
    const path = keepEvidence(this.parts.folder.evidence, kind, latest, request, this.parts.now())
    if (path !== undefined) this.parts.onMisbehaviour?.(request.head.origin, path)
  }

  private async cosign({ head, note }: AddCheckpointRequest, latest: Cosigned | undefined): Promise<string> {
    const timestamp = Math.floor(this.parts.now() / 1000)
    if (latest !== undefined && timestamp < latest.timestamp) {
      // A cosignature says that this is the largest tree as of its time: an earlier time would make the last one a lie.
      throw new EvidenceError('clock-unsafe', 'the clock is behind the last cosignature of this log', {
        retryAfterSeconds: 60,
      })
    }
    if (latest?.note.text === note.text && timestamp - latest.timestamp < freshSeconds) {
      return encodeSignatureLines(keptOf(latest.note, this.cosigners.keys))
    }
    const ours = await this.cosigners.cosign(note.text, timestamp)
    const whole = { text: note.text, signatures: [...note.signatures, ...ours] }
    try {
      this.parts.state.put({ head, note: whole, text: encodeNote(whole), timestamp })
    } catch (cause) {
      // Nobody knows which of the two the disk holds: nothing is cosigned until a start has read it.
      this.failure = new EvidenceError('disk-failed', 'the last checkpoint could not be kept', {}, { cause })
      throw this.failure
    }
    return encodeSignatureLines(ours)
  }

  /**
   * Answers sign-subtree with signature lines, without a time. Throws the codes of parseSignSubtree,
   * `witness-request-malformed` for what is no subtree of the checkpoint (400), `witness-log-unknown` (404), `witness-signature`
   * where this witness did not cosign the checkpoint (403), `witness-inconsistent` (422).
   */
  async signSubtree(body: Uint8Array): Promise<string> {
    const { start, end, hash, proof, head, note } = parseSignSubtree(body)
    const { origin, size, root } = head
    if (!isSubtree(start, end) || end > size) {
      throw new EvidenceError('witness-request-malformed', 'the request names no subtree of the checkpoint')
    }
    if (this.parts.logs.keysOf(origin).length === 0) {
      throw new EvidenceError('witness-log-unknown', 'this witness does not know the log of this subtree')
    }
    if (verifiedKeys(note, this.cosigners.keys, 'this witness').length === 0) {
      throw new EvidenceError('witness-signature', 'the checkpoint has no cosignature of this witness')
    }
    if (!verifySubtreeConsistency({ start, end, size, hash, root, proof })) {
      throw new EvidenceError('witness-inconsistent', 'the subtree is not shown to be part of the checkpoint’s tree')
    }
    const line = await this.cosigners.signSubtree({ origin, start, end, hash })
    if (line === undefined) {
      throw new EvidenceError('witness-request-malformed', 'the origin is too long for an ML-DSA-44 cosignature')
    }
    return encodeSignatureLines([line])
  }

  async close(): Promise<void> {
    await this.cosigners.close()
    this.parts.release()
  }
}

/** The keys of a list that signed. Throws `witness-signature` where a known key's signature fails. */
function verifiedKeys(note: SignedNote, keys: readonly VerifierKey[], who: string): VerifierKey[] {
  try {
    return verifyNote(note, keys).map(({ key }) => key)
  } catch (cause) {
    if (!isEvidenceError(cause, 'signature-invalid')) throw cause
    throw new EvidenceError('witness-signature', `the signature line of ${who} does not verify`, {}, { cause })
  }
}

/** The first signature line of each key. */
function keptOf(note: SignedNote, keys: readonly VerifierKey[]): NoteSignature[] {
  return keys.flatMap(
    (key) => note.signatures.find(({ name, id }) => name === key.name && equalBytes(id, key.id)) ?? [],
  )
}

/** True where the checkpoint is shown to go on from what was cosigned last. The sizes agree already. */
function goesOn({ head, oldSize, proof }: AddCheckpointRequest, latest: Cosigned | undefined): boolean {
  if (head.size === 0 && !equalBytes(head.root, emptyRoot())) return false
  if (oldSize === 0 || latest === undefined) return proof.length === 0
  const { size: size1, root: root1 } = latest.head
  return verifyConsistency({ size1, size2: head.size, root1, root2: head.root, proof })
}
