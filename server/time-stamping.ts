import type { FastifyBaseLogger } from 'fastify'
import { EvidenceError, isEvidenceError } from '../src/core/errors.ts'
import { timeText } from '../src/core/time.ts'
import type { DataFolder } from '../src/ledger/data-folder.ts'
import type { Ledger } from '../src/ledger/ledger.ts'
import { TimeStampFiles } from '../src/ledger/time-stamp-files.ts'
import { Authority } from '../src/timestamp/node/authority.ts'
import { type Stampable, Stamper, type StampResult } from '../src/timestamp/node/stamper.ts'
import { readNamed } from '../src/node/bounded-file.ts'
import type { Metrics } from './metrics.ts'
import type { TimeStampingSettings } from './settings.ts'

interface Parts {
  readonly ledger: Ledger
  readonly folder: DataFolder
  readonly settings: TimeStampingSettings
  readonly metrics: Metrics
  readonly log: () => FastifyBaseLogger | undefined
}

/** After a failure an authority is asked again sooner than by the schedule, but not at once. */
const retryMs = 5 * 60_000

/** The newest checkpoint that anybody can see: the one place that says which one is stamped. Throws `follower-unconfirmed`. */
function newestCheckpoint(ledger: Ledger): Stampable {
  return { note: ledger.reads.checkpoint, lastTimeMs: ledger.lastTimeMs ?? 0 }
}

/** Time stamps of a server: on schedule where the ledger grew, on demand, renewed in time. No deposit waits for any of it. */
export class TimeStamping {
  readonly files: TimeStampFiles
  private readonly parts: Parts
  private readonly stamper: Stamper
  private timer: NodeJS.Timeout | undefined
  private running: Promise<void> = Promise.resolve()
  private isStopped = false

  /** Throws `file-unreadable`, `anchors-malformed`. */
  constructor(parts: Parts) {
    const { folder, settings, metrics, log } = parts
    this.parts = parts
    this.files = new TimeStampFiles(folder.timeStamps)
    this.stamper = new Stamper({
      store: this.files,
      authorities: settings.authorities.map((one) => new Authority(one, settings.timeoutSeconds * 1000, readNamed)),
      hash: settings.hash,
      renewMs: settings.renewDays * 24 * 3600 * 1000,
      retiredHashes: settings.retiredHashes,
      nowMs: () => Date.now(),
      onToken: (authority, size, genTimeMs) => {
        metrics.timeStamp(authority)
        log()?.info({ authority, size, genTime: timeText(genTimeMs) }, 'time stamp')
      },
      onFailure: (authority, error) => {
        metrics.timeStampFailure(error.code)
        log()?.warn({ authority, code: error.code }, `no time stamp: ${error.message}`)
      },
    })
    metrics.timeStampAge(() => {
      const written = this.newestWrittenMs()
      return written === undefined ? undefined : Math.max(0, (Date.now() - written) / 1000)
    })
  }

  private newestWrittenMs(): number | undefined {
    const newest = this.files.sizes().at(-1)
    return newest === undefined ? undefined : this.files.writtenMs(newest)
  }

  private requireOn(): void {
    if (this.parts.settings.authorities.length === 0)
      throw new EvidenceError('time-stamping-off', 'this ledger has no time-stamping authority')
  }

  /** Begins the schedule, where there is an authority. */
  start(): void {
    const { authorities, everySeconds } = this.parts.settings
    if (authorities.length === 0) return
    const since = Date.now() - (this.newestWrittenMs() ?? 0)
    this.schedule(Math.min(everySeconds * 1000, Math.max(1000, everySeconds * 1000 - since)))
  }

  private schedule(ms: number): void {
    if (this.isStopped) return
    this.timer = setTimeout(() => {
      this.running = this.turn()
    }, ms)
    this.timer.unref()
  }

  private async turn(): Promise<void> {
    const everyMs = this.parts.settings.everySeconds * 1000
    let next = everyMs
    try {
      if ((this.files.sizes().at(-1) ?? 0) < this.parts.ledger.reads.size) await this.stamp()
      await this.stamper.renew()
    } catch (error) {
      // Until a follower has confirmed, there is nothing to stamp that anybody may see: looked at again in a second.
      next = Math.min(everyMs, isEvidenceError(error, 'follower-unconfirmed') ? 1000 : retryMs)
      // What the authorities answered was told already; anything else is a fault of the disk, or ours.
      if (!isEvidenceError(error)) this.parts.log()?.error({ err: error }, 'time stamping failed')
    }
    this.schedule(next)
  }

  /** Stamps the newest checkpoint. Throws `time-stamping-off`, and where no authority gave a token the code of the first. */
  async stamp(): Promise<StampResult> {
    this.requireOn()
    return this.stamper.stamp(newestCheckpoint(this.parts.ledger))
  }

  /** Renews every record, due or not. Gives their sizes. */
  async renew(): Promise<number[]> {
    this.requireOn()
    return this.stamper.renew(true)
  }

  /** Ends the schedule, and waits for what is under way: each request has its time limit. */
  async stop(): Promise<void> {
    this.isStopped = true
    clearTimeout(this.timer)
    await this.running
  }
}
