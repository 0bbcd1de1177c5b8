import { failureOf } from '../../core/attempt.ts'
import { EvidenceError } from '../../core/errors.ts'
import { type VerifierKey, verifyNote } from '../../core/note.ts'
import { encodeAddCheckpoint } from '../../core/witness-request.ts'
import type { Candidate, Cosignature } from './candidate.ts'
import { submitCheckpoint } from './witness-http.ts'

/** One address and the witness keys that the policy gives it. */
export interface WitnessAddress {
  readonly url: string
  /** Names in the policy, and their keys. */
  readonly witnesses: readonly { readonly name: string; readonly key: VerifierKey }[]
}

export interface PeerOptions {
  readonly address: WitnessAddress
  /** The ledger's second key, whose signature is sent along. */
  readonly ownKey: VerifierKey | undefined
  readonly consistency: (from: number, to: number) => Promise<readonly Uint8Array[]>
  /** The size of what is published: a witness that claims more has seen another ledger. */
  readonly size: () => number
  readonly timeoutMs: number
  /** What it is known to have cosigned last; 0 where nothing is known. */
  readonly knownSize: number
  readonly onCosigned: (candidate: Candidate, cosignatures: readonly Cosignature[]) => void
  readonly onFailure: (error: EvidenceError) => void
}

/** Tries one after another at once, where each answer tells a new size: then it waits as after a failure. */
const triesAtOnce = 3
const firstBackOffMs = 1000
const longestBackOffMs = 60_000

/**
 * One witness as the ledger sees it: it is sent the newest candidate, one request at a time, with a proof from the size that it
 * has; what fails is tried again later, and later still. Nothing waits for it.
 */
export class WitnessPeer {
  readonly address: WitnessAddress
  private readonly options: PeerOptions
  private target: Candidate | undefined
  private running: Promise<void> | undefined
  private timer: NodeJS.Timeout | undefined
  private backOffMs = firstBackOffMs
  private stopped = false
  /** Size that it cosigned last, as far as known. */
  knownSize: number

  constructor(options: PeerOptions) {
    this.options = options
    this.address = options.address
    this.knownSize = options.knownSize
  }

  /** True while an answer is awaited: not while it waits to try again. */
  get isAsking(): boolean {
    return this.running !== undefined
  }

  /** Gives it a newer candidate; where it is asked already, or waits after a failure, it comes to it in its time. */
  offer(candidate: Candidate): void {
    this.target = candidate
    if (this.running === undefined && this.timer === undefined) this.start()
  }

  private start(): void {
    if (this.stopped) return
    this.running = this.run().finally(() => {
      this.running = undefined
    })
  }

  private async run(): Promise<void> {
    for (let tries = 0; !this.stopped; ) {
      const candidate = this.target
      if (candidate === undefined) return
      try {
        tries++
        const isDone = await this.ask(candidate)
        if (!isDone && tries >= triesAtOnce)
          throw new EvidenceError('witness-answer', 'the witness names another size each time')
        if (!isDone) continue
        tries = 0
        this.backOffMs = firstBackOffMs
        if (this.target === candidate) this.target = undefined
      } catch (error) {
        this.failed(failureOf(error, 'a checkpoint could not be sent to a witness'))
        return
      }
    }
  }

  private failed(error: EvidenceError): void {
    if (this.stopped) return
    this.options.onFailure(error)
    // Not all at the same moment.
    const waitMs = this.backOffMs * (0.75 + Math.random() / 2)
    this.backOffMs = Math.min(longestBackOffMs, this.backOffMs * 2)
    this.timer = setTimeout(() => {
      this.timer = undefined
      if (this.target !== undefined && this.running === undefined) this.start()
    }, waitMs).unref()
  }

  /** True where it cosigned; false where it has another size than was thought. */
  private async ask(candidate: Candidate): Promise<boolean> {
    const { address, ownKey, consistency, size, timeoutMs, onCosigned } = this.options
    const from = Math.min(this.knownSize, candidate.size)
    const proof = from === 0 || from === candidate.size ? [] : await consistency(from, candidate.size)
    const body = encodeAddCheckpoint(from, proof, candidate.encodeFor(ownKey))
    const answer = await submitCheckpoint(address.url, body, timeoutMs)
    if (answer.kind === 'conflict') {
      if (answer.size > size()) {
        throw new EvidenceError(
          'witness-ahead',
          `the witness at ${address.url} has seen ${answer.size} entries, and this ledger has ${size()}`,
          { where: address.url, expected: `at most ${size()}`, found: String(answer.size) },
        )
      }
      this.knownSize = answer.size
      // It has seen more than this candidate: the next one is for it.
      if (answer.size > candidate.size && this.target === candidate) {
        throw new EvidenceError('witness-answer', 'the witness has a newer checkpoint than it was sent')
      }
      return false
    }
    const keys = address.witnesses.map(({ key }) => key)
    const verified = verifyNote({ text: candidate.text, signatures: answer.lines }, keys)
    const cosignatures = verified.flatMap(({ key, timestamp }): Cosignature[] => {
      const line = answer.lines.find(({ name, id }) => name === key.name && Buffer.from(id).equals(key.id))
      // A witness must state a time (tlog-witness): without one it does not say that this is the largest tree it saw.
      return line === undefined || timestamp === undefined || timestamp === 0 ? [] : [{ key, line, timestamp }]
    })
    if (cosignatures.length === 0)
      throw new EvidenceError('witness-answer', 'the witness signed with no key of the policy')
    this.knownSize = candidate.size
    onCosigned(candidate, cosignatures)
    return true
  }

  /** Asks nothing more; resolves when what was asked has ended. */
  async stop(): Promise<void> {
    this.stopped = true
    clearTimeout(this.timer)
    await this.running
  }
}
