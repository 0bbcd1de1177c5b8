import { largest } from '../../core/arrays.ts'
import { utf8 } from '../../core/bytes.ts'
import { parseSignedCheckpoint } from '../../core/checkpoint.ts'
import { EvidenceError, isEvidenceError } from '../../core/errors.ts'
import { encodeNote } from '../../core/note.ts'
import type { Authority, Material } from './authority.ts'
import { readCertificate } from '../certificate.ts'
import { readCrl } from '../crl.ts'
import { judgeRecord } from '../judge-record.ts'
import type { TokenVerdict } from '../judge-token.ts'
import { type Layer, newRecord, parseRecord, type TimeStampRecord, withLayer, withMaterial } from '../record.ts'
import type { HashAlgorithm } from '../signature.ts'
import { readToken } from '../token.ts'

/** Where records are kept, by the size of their checkpoint. */
export interface TimeStampStore {
  sizes(): readonly number[]
  read(size: number): Uint8Array | undefined
  write(size: number, bytes: Uint8Array): void
}

/** A published checkpoint, and the time of the last entry that it commits to. */
export interface Stampable {
  readonly note: string
  readonly lastTimeMs: number
}

/** What is told of each token. */
export interface StamperReport {
  readonly onToken?: (authority: string, size: number, genTimeMs: number) => void
  readonly onFailure?: (authority: string, error: EvidenceError) => void
}

export interface StamperOptions extends StamperReport {
  readonly store: TimeStampStore
  readonly authorities: readonly Authority[]
  /** The hash of all new tokens. */
  readonly hash: HashAlgorithm
  /** Renewed when what a record rests on ends within this time. */
  readonly renewMs: number
  /** Hashes that a record's last layer may no longer rest on. */
  readonly retiredHashes: readonly HashAlgorithm[]
  readonly nowMs: () => number
}

/** What was stamped: `created` is false where the checkpoint had a record already. */
export interface StampResult {
  readonly size: number
  readonly created: boolean
  readonly tokens: readonly { readonly authority: string; readonly genTimeMs: number }[]
}

/** The bytes of a checkpoint that are stamped: with the log's own signature lines, and without cosignatures. */
export function stampedBytes(note: string): { readonly bytes: Uint8Array; readonly size: number } {
  const { checkpoint, note: parsed } = parseSignedCheckpoint(utf8(note))
  const signatures = parsed.signatures.filter(({ name }) => name === checkpoint.origin)
  return { bytes: utf8(encodeNote({ text: parsed.text, signatures })), size: checkpoint.size }
}

/** Takes time stamps of checkpoints, and renews them; one at a time, and never for the ledger to wait. */
export class Stamper {
  private readonly options: StamperOptions
  private tail: Promise<unknown> = Promise.resolve()
  /** When each record is to be renewed: reading a record costs more than knowing it. */
  private readonly due = new Map<number, number>()

  constructor(options: StamperOptions) {
    this.options = options
  }

  /** Asks every authority for a token of a checkpoint. Throws where none gives one, with the code of the first. */
  stamp(target: Stampable): Promise<StampResult> {
    return this.alone(async () => {
      const { store } = this.options
      const { bytes, size } = stampedBytes(target.note)
      if (store.read(size) !== undefined) return { size, created: false, tokens: [] }
      const { layer, tokens } = await this.layer(bytes, size, target.lastTimeMs)
      store.write(size, newRecord(bytes, layer).bytes)
      return { size, created: true, tokens }
    })
  }

  /** Renews every record that is due, or all of them. Gives their sizes; a failure is told, and the next one tried. */
  renew(all = false): Promise<number[]> {
    return this.alone(async () => {
      const renewed: number[] = []
      for (const size of this.options.store.sizes()) {
        // Other work of the process gets its turn between two records.
        await new Promise((resolve) => setImmediate(resolve))
        try {
          if (!all && !(await this.isDue(size))) continue
          await this.renewOne(size)
          renewed.push(size)
        } catch (error) {
          if (!isEvidenceError(error)) throw error
          this.options.onFailure?.(`record ${size}`, error)
        }
      }
      return renewed
    })
  }

  private alone<T>(run: () => Promise<T>): Promise<T> {
    const result = this.tail.then(run)
    this.tail = result.catch(() => undefined)
    return result
  }

  private read(size: number): TimeStampRecord {
    const bytes = this.options.store.read(size)
    if (bytes === undefined) throw new EvidenceError('time-stamp-missing', `there is no time stamp of the size ${size}`)
    return parseRecord(bytes)
  }

  private async isDue(size: number): Promise<boolean> {
    let due = this.due.get(size)
    if (due === undefined) {
      due = await this.dueOf(this.read(size))
      this.due.set(size, due)
    }
    return due <= this.options.nowMs()
  }

  /**
   * When a record is to be renewed: some time before its last layer stops to carry by itself, of which the longest-lived token counts.
   * Never in the first half of a token's life: where certificates live shorter than that time, a record would grow at every look.
   */
  private async dueOf(record: TimeStampRecord): Promise<number> {
    const last = record.layers.at(-1) as Layer
    if (this.options.retiredHashes.includes(last.algorithm)) return Number.NEGATIVE_INFINITY
    const { layers } = await judgeRecord(record, this.anchors(), this.options.nowMs())
    const { standing = [], tokens = [] } = layers.at(-1) ?? {}
    const { renewMs } = this.options
    if (standing.length > 0) {
      return largest(
        standing.map(({ expiresMs, token: { genTimeMs } }) =>
          Math.max(expiresMs - renewMs, genTimeMs + (expiresMs - genTimeMs) / 2),
        ),
      )
    }
    // Too late: a renewal would carry nothing on. Told once.
    const fault =
      tokens[0]?.fault ??
      new EvidenceError('time-stamp-malformed', 'the last layer of the record holds no token that can be read')
    this.options.onFailure?.('record', fault)
    return Number.POSITIVE_INFINITY
  }

  private anchors(): ReturnType<typeof readCertificate>[] {
    return this.options.authorities.flatMap(({ anchors }) => anchors)
  }

  private async renewOne(size: number): Promise<void> {
    let record = this.read(size)
    const last = record.layers.at(-1) as Layer
    const notBeforeMs = largest(last.tokens.map((der) => readToken(der).genTimeMs))
    // What is known today of the tokens that are renewed goes in first: the renewal covers it.
    for (const authority of this.options.authorities) {
      const material = await authority.material((error) => this.options.onFailure?.(authority.settings.name, error))
      const issuers = last.tokens
        .flatMap((der) => readToken(der).certificates)
        .map(({ issuerDer }) => Buffer.from(issuerDer))
      const crls = material.crls.filter((der) => issuers.some((issuer) => issuer.equals(readCrl(der).issuerDer)))
      record = withMaterial(record, { certificates: [], crls })
    }
    const { layer } = await this.layer(record.bytes, size, notBeforeMs)
    const renewed = withLayer(record, layer)
    this.options.store.write(size, renewed.bytes)
    this.due.set(size, await this.dueOf(renewed))
  }

  /** A layer of tokens of all authorities over some bytes. Throws where no authority gave one. */
  private async layer(
    covered: Uint8Array,
    size: number,
    notBeforeMs: number,
  ): Promise<{ layer: Layer; tokens: StampResult['tokens'] }> {
    const { authorities, hash, nowMs, onToken, onFailure } = this.options
    if (authorities.length === 0)
      throw new EvidenceError('time-stamping-off', 'no time-stamping authority is configured')
    const made: { name: string; verdict: TokenVerdict; material: Material }[] = []
    const failures: EvidenceError[] = []
    for (const authority of authorities) {
      const { name } = authority.settings
      try {
        const material = await authority.material((error) => onFailure?.(name, error))
        const verdict = await authority.stamp(covered, hash, material, { notBeforeMs, nowMs })
        made.push({ name, verdict, material })
        onToken?.(name, size, verdict.token.genTimeMs)
      } catch (error) {
        if (!isEvidenceError(error)) throw error
        failures.push(error)
        onFailure?.(name, error)
      }
    }
    const [failure] = failures
    if (made.length === 0 && failure !== undefined) throw failure
    const inTokens = new Set(
      made.flatMap(({ verdict }) => verdict.token.certificates.map(({ fingerprint }) => fingerprint)),
    )
    const paths = made.flatMap(({ verdict }) => verdict.path).filter(({ fingerprint }) => !inTokens.has(fingerprint))
    const layer = {
      algorithm: hash,
      tokens: made.map(({ verdict }) => verdict.token.der),
      certificates: distinct(paths.map(({ der }) => der)),
      crls: distinct(made.flatMap(({ material }) => material.crls)),
    }
    return { layer, tokens: made.map(({ name, verdict }) => ({ authority: name, genTimeMs: verdict.token.genTimeMs })) }
  }
}

function distinct(values: readonly Uint8Array[]): Uint8Array[] {
  return [...new Map(values.map((one) => [Buffer.from(one).toString('latin1'), one])).values()]
}
