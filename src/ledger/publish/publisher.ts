import { largest } from '../../core/arrays.ts'
import { failureOf, valueOr } from '../../core/attempt.ts'
import { cosignatureMessage, encodeCosignature, signatureTypes } from '../../core/cosignature.ts'
import { EvidenceError } from '../../core/errors.ts'
import type { VerifierKey } from '../../core/note.ts'
import { isQuorumMet, type Policy } from '../../core/policy.ts'
import type { MlDsaSigner } from '../../node/mldsa-signer.ts'
import { Candidate } from './candidate.ts'
import { CosignedFileWriter, readCosignedFile } from './cosigned-file.ts'
import { addressesOf, ownWitness, requireReachable } from './own-policy.ts'
import { WitnessPeer } from './witness-peer.ts'

export interface PublisherOptions {
  readonly policy: Policy
  /** The ledger's key; its name is the origin. */
  readonly key: VerifierKey
  /** Signs with the ledger's second key; undefined where the folder has none. */
  readonly mlDsa: MlDsaSigner | undefined
  /** What readers may see: signed, durable, confirmed where a follower is asked for. */
  readonly reads: {
    readonly size: number
    readonly checkpoint: string
    consistency(from: number, to: number): Promise<readonly Uint8Array[]>
  }
  /** Where the last cosignatures are kept. */
  readonly file: string
  readonly timeoutMs: number
  readonly onFailure?: (url: string, error: EvidenceError) => void
  /** False while a follower has not confirmed what the folder held at start: what it lacks, no witness may know. */
  readonly mayPublish?: () => boolean
  readonly now?: () => number
}

/** How one witness of the policy stands, for metrics. */
export interface WitnessState {
  readonly name: string
  readonly url: string
  /** Size that it cosigned last; 0 where nothing is known. */
  readonly size: number
  /** Seconds since 1970; 0 where it never cosigned since the start. */
  readonly timestamp: number
}

/** Shortest time between the beginnings of two rounds. */
const roundMs = 1000
/** Shortest time between two signatures that are made because somebody asks for the newest checkpoint. */
const signMs = 200
/** Candidates that may still be completed by a slow witness. */
const keptCandidates = 8

/**
 * Publishes: at most once a second, and only when the ledger grew, the newest durable checkpoint gets the ledger's second
 * signature and goes to every witness; what readers are given as *the* checkpoint is the newest for which the quorum of the
 * ledger's policy holds (docs/design/witnesses.md). Deposits never wait for any of it.
 */
export class Publisher {
  private readonly options: PublisherOptions
  private readonly now: () => number
  private readonly ownKey: VerifierKey | undefined
  private readonly peers: WitnessPeer[]
  private readonly writer: CosignedFileWriter
  private readonly timer: NodeJS.Timeout
  private readonly candidates: Candidate[] = []
  private readonly waiters = new Set<() => void>()
  private signing: Promise<Candidate> | undefined
  private signedAtMs = Number.NEGATIVE_INFINITY
  private roundAtMs = Number.NEGATIVE_INFINITY
  private inRound = false
  private offeredSize = 0
  private lastTimestamp = 0
  /** The newest for which the quorum holds, and the newest of those that another's witness has cosigned. */
  private published: Candidate | undefined
  private witnessed: Candidate | undefined
  private stopped = false

  /** Throws `config-invalid` where the quorum can never hold, or an address is none. */
  constructor(options: PublisherOptions) {
    const { policy, key, mlDsa, reads, timeoutMs, file } = options
    this.options = options
    this.now = options.now ?? Date.now
    this.ownKey = ownWitness(policy, key, mlDsa)
    this.writer = new CosignedFileWriter(file)
    const addresses = addressesOf(policy)
    const reached = new Set(addresses.flatMap(({ witnesses }) => witnesses.map(({ name }) => name)))
    requireReachable(policy, key, this.ownKey, reached)
    const kept = readCosignedFile(file)
    this.restore(kept.published)
    this.peers = addresses.map(
      (address) =>
        new WitnessPeer({
          address,
          ownKey: this.ownKey,
          consistency: (from, to) => reads.consistency(from, to),
          size: () => reads.size,
          timeoutMs,
          knownSize: Math.min(kept.sizes[address.url] ?? 0, reads.size),
          onCosigned: (candidate, cosignatures) => {
            for (const cosignature of cosignatures) candidate.add(cosignature)
            this.settle(candidate)
          },
          onFailure: (error) => options.onFailure?.(address.url, error),
        }),
    )
    // What a follower confirms later, and what nobody woke it for.
    this.timer = setInterval(() => this.wake(), roundMs).unref()
    this.wake()
  }

  private restore(kept: string | null): void {
    if (kept === null) return
    const { policy, key, reads } = this.options
    const witnesses = policy.witnesses.map((witness) => witness.key)
    // Kept for convenience: where it is refused, the witnesses are asked again.
    const candidate = valueOr(() => Candidate.read(kept, key, witnesses), undefined)
    if (candidate === undefined || candidate.size > reads.size || !this.holds(candidate)) return
    this.published = candidate
    if (candidate.isWitnessed(this.ownKey)) this.witnessed = candidate
  }

  private holds(candidate: Candidate): boolean {
    return isQuorumMet(this.options.policy, ({ key }) => candidate.has(key))
  }

  /** Begins a round with the witnesses where the ledger has grown and no round is under way or was begun just before. To be called after each commit. */
  wake(): void {
    const { size } = this.options.reads
    if (this.stopped || this.inRound || size === 0 || size === this.offeredSize) return
    if (this.options.mayPublish?.() === false) return
    // Nobody to send it to, and nothing to add to it.
    if (this.peers.length === 0 && this.ownKey === undefined) return
    if (performance.now() - this.roundAtMs < roundMs) return
    this.roundAtMs = performance.now()
    this.inRound = true
    this.round()
      .catch((error: unknown) => this.options.onFailure?.('', failureOf(error, 'a checkpoint could not be published')))
      .finally(() => {
        this.inRound = false
      })
  }

  /** One candidate to all; over when the quorum holds, or nobody is asked any more. */
  private async round(): Promise<void> {
    const candidate = await this.newest()
    this.offeredSize = candidate.size
    for (const peer of this.peers) peer.offer(candidate)
    while (!this.stopped && !this.holds(candidate) && this.peers.some((peer) => peer.isAsking))
      await this.change(roundMs)
  }

  /** The newest checkpoint with the ledger's second signature: made now where it must be, one at a time. */
  private async newest(): Promise<Candidate> {
    const wanted = this.options.reads.size
    for (;;) {
      const newest = this.candidates.at(-1)
      if (newest !== undefined && newest.size >= wanted) return newest
      this.signing ??= this.sign().finally(() => {
        this.signing = undefined
      })
      // It may be of a size from before this was asked.
      await this.signing
    }
  }

  private async sign(): Promise<Candidate> {
    const waitMs = this.signedAtMs + signMs - performance.now()
    if (waitMs > 0 && this.ownKey !== undefined) await this.change(waitMs)
    const { mlDsa, reads } = this.options
    const candidate = new Candidate(reads.checkpoint)
    if (mlDsa !== undefined && this.ownKey !== undefined) {
      const key = this.ownKey
      // A clock that goes back does not take the signatures with it: this is the largest tree as of the later time too.
      const timestamp = Math.max(this.lastTimestamp, Math.floor(this.now() / 1000))
      const message = cosignatureMessage(signatureTypes.mlDsa44, key.name, timestamp, candidate.text) as Uint8Array
      const signature = encodeCosignature(timestamp, await mlDsa.sign(message))
      candidate.add({ key, line: { name: key.name, id: key.id, signature }, timestamp })
      this.lastTimestamp = timestamp
      this.signedAtMs = performance.now()
    }
    this.candidates.push(candidate)
    if (this.candidates.length > keptCandidates) this.candidates.shift()
    this.settle(candidate)
    return candidate
  }

  /** Publishes a candidate for which the quorum holds, if it is no older than what is published. */
  private settle(candidate: Candidate): void {
    if (this.holds(candidate)) {
      if (candidate.size >= (this.published?.size ?? 0)) this.published = candidate
      if (candidate.isWitnessed(this.ownKey) && candidate.size >= (this.witnessed?.size ?? 0))
        this.witnessed = candidate
    }
    const sizes = Object.fromEntries(this.peers.map(({ address, knownSize }) => [address.url, knownSize]))
    if (this.peers.length > 0)
      this.writer.put({ format: 1, published: (this.witnessed ?? this.published)?.encode() ?? null, sizes })
    for (const tell of this.waiters) tell()
  }

  /** Resolves at the next change, or after a time. */
  private change(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer)
        this.waiters.delete(end)
        resolve()
      }
      const timer = setTimeout(end, timeoutMs)
      this.waiters.add(end)
    })
  }

  /** True where every reader is given the newest checkpoint: the policy asks for no witness. */
  private get isFree(): boolean {
    const { quorum } = this.options.policy
    return quorum === 'none'
  }

  /**
   * The checkpoint that is published: signed with both keys, and cosigned by a quorum. Where the policy asks for none it is the
   * newest one. Throws `checkpoint-uncosigned` where no quorum ever held.
   */
  async checkpoint(): Promise<string> {
    if (this.isFree) {
      if (this.ownKey === undefined && this.peers.length === 0) return this.options.reads.checkpoint
      return (await this.newest()).encode()
    }
    if (this.published === undefined) throw uncosigned()
    return this.published.encode()
  }

  /**
   * A published checkpoint that holds the entry at an index, if there is one: one that witnesses have cosigned before a newer one
   * that they have not. Where there is no witness to wait for, the newest alone: its second signature is on its way, and a reader
   * learns more from a later size than from that.
   */
  covering(index: number): { readonly size: number; readonly note: string } | undefined {
    const found = [this.witnessed, this.published].find(
      (candidate) => candidate !== undefined && candidate.size > index,
    )
    if (this.isFree && this.peers.length === 0 && found?.size !== this.options.reads.size) {
      if (this.ownKey !== undefined) void this.newest().catch(() => undefined)
      return undefined
    }
    return found === undefined ? undefined : { size: found.size, note: found.encode() }
  }

  /** Waits up to `timeoutMs` for a published checkpoint that holds the entry at `index` ({@link covering}); undefined where none comes in time. */
  async waitFor(
    index: number,
    timeoutMs: number,
  ): Promise<{ readonly size: number; readonly note: string } | undefined> {
    const end = performance.now() + timeoutMs
    if (this.isFree) void this.newest().catch(() => undefined)
    for (;;) {
      const found = this.covering(index)
      const left = end - performance.now()
      if (found !== undefined || this.stopped || left <= 0) return found
      await this.change(left)
    }
  }

  /** Size of the published checkpoint; undefined where there is none. */
  get publishedSize(): number | undefined {
    return this.isFree ? this.options.reads.size : this.published?.size
  }

  /** How each witness with an address stands. */
  witnesses(): WitnessState[] {
    return this.peers.flatMap(({ address, knownSize }) =>
      address.witnesses.map(({ name, key }) => {
        const times = [this.published, ...this.candidates].map((candidate) => candidate?.timestampOf(key) ?? 0)
        return { name, url: address.url, size: knownSize, timestamp: largest([0, ...times]) }
      }),
    )
  }

  /** Nobody waits for a cosignature any more. */
  stopWaiting(): void {
    this.stopped = true
    for (const tell of this.waiters) tell()
  }

  async close(): Promise<void> {
    this.stopWaiting()
    clearInterval(this.timer)
    await this.signing?.catch(() => undefined)
    await Promise.all(this.peers.map((peer) => peer.stop()))
    await this.writer.settled()
    await this.options.mlDsa?.close()
  }
}

function uncosigned(): EvidenceError {
  return new EvidenceError('checkpoint-uncosigned', 'no checkpoint of this ledger has the quorum of its policy yet', {
    retryAfterSeconds: 1,
  })
}
