import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { Publisher, WitnessState } from '../src/ledger/publish/publisher.ts'
import type { GroupReport } from '../src/ledger/sequencer.ts'

/** What an operator watches, for Prometheus. */
export class Metrics {
  readonly registry: Registry = new Registry()
  private readonly statements = this.counter(
    'evidence_statements_total',
    'Statements received, by outcome (created, existing, or the code of the refusal).',
    'outcome',
  )
  /** A counter each, found once: naming labels costs more than counting. */
  private readonly outcomes = new Map<string, Counter.Internal>()
  private readonly commit = this.histogram(
    'evidence_commit_seconds',
    'Duration of a commit, by step: prepare, store (LevelDB, synced), head (synced).',
    [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
    'step',
  )
  private readonly verification = this.histogram(
    'evidence_verification_seconds',
    'Time from a statement’s arrival to the verdict on its signature, waiting included.',
    [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1],
  )
  private readonly groupSize = this.histogram(
    'evidence_group_entries',
    'Entries of one commit.',
    [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000],
  )
  private readonly requests = this.histogram(
    'evidence_http_request_seconds',
    'Duration of HTTP requests, by route and status class.',
    [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 5],
    'route',
    'status',
  )
  private readonly timeStamps = this.counter(
    'evidence_timestamps_total',
    'Tokens of time-stamping authorities that were kept, by authority.',
    'authority',
  )
  private readonly timeStampFailures = this.counter(
    'evidence_timestamp_failures_total',
    'Time stamps, renewals and revocation lists that could not be had, by code.',
    'code',
  )
  private readonly witnessFailures = this.counter(
    'evidence_witness_failures_total',
    'Checkpoints that a witness did not cosign, by its address and the code of what went wrong.',
    'url',
    'code',
  )

  /** What those are waiting for who asked in this turn of the event loop. */
  private asked: Promise<string> | undefined

  constructor(state: {
    size: () => number
    queued: () => number
    waitingParticipants: () => number
    lastTimeMs: () => number | undefined
    ready: () => boolean
    unconfirmed: () => number
  }) {
    collectDefaultMetrics({ register: this.registry })
    this.gauge('evidence_entries', 'Entries of the ledger.', state.size)
    this.gauge('evidence_queue_depth', 'Statements that wait to be sequenced.', state.queued)
    this.gauge(
      'evidence_last_entry_timestamp_seconds',
      'Time of the last entry.',
      () => (state.lastTimeMs() ?? 0) / 1000,
    )
    this.gauge('evidence_checkpoint_age_seconds', 'Age of the newest checkpoint.', () => {
      const last = state.lastTimeMs()
      return last === undefined ? 0 : Math.max(0, (Date.now() - last) / 1000)
    })
    this.gauge('evidence_queue_participants', 'Participants that have statements waiting.', state.waitingParticipants)
    this.gauge(
      'evidence_unconfirmed_entries',
      'Entries durable here that no follower has confirmed.',
      state.unconfirmed,
    )
    this.gauge('evidence_ready', '1 while deposits are accepted.', () => (state.ready() ? 1 : 0))
  }

  /** All metrics as text. Made once for all that ask in one turn of the event loop: making it takes milliseconds. */
  text(): Promise<string> {
    this.asked ??= new Promise((resolve) => setImmediate(resolve)).then(() => {
      this.asked = undefined
      return this.registry.metrics()
    })
    return this.asked
  }

  private counter(name: string, help: string, ...labelNames: string[]): Counter {
    return new Counter({ name, help, labelNames, registers: [this.registry] })
  }

  private histogram(name: string, help: string, buckets: number[], ...labelNames: string[]): Histogram {
    return new Histogram({ name, help, buckets, labelNames, registers: [this.registry] })
  }

  private gauge(name: string, help: string, read: () => number): void {
    const gauge: Gauge = new Gauge({ name, help, registers: [this.registry], collect: () => gauge.set(read()) })
  }

  /** What the publisher knows of itself and of each witness. */
  publishing(publisher: Pick<Publisher, 'publishedSize' | 'witnesses'>): void {
    const published = (): number => publisher.publishedSize ?? 0
    this.gauge('evidence_published_entries', 'Size of the published checkpoint.', published)
    const each = (name: string, help: string, value: (witness: WitnessState) => number): void => {
      const gauge: Gauge = new Gauge({
        name,
        help,
        labelNames: ['witness'],
        registers: [this.registry],
        collect: () => {
          for (const witness of publisher.witnesses()) gauge.set({ witness: witness.name }, value(witness))
        },
      })
    }
    each('evidence_witness_entries', 'Size that a witness cosigned last.', ({ size }) => size)
    each('evidence_witness_timestamp_seconds', 'Time of a witness’s last cosignature.', ({ timestamp }) => timestamp)
  }

  witnessFailure(url: string, code: string): void {
    this.witnessFailures.inc({ url, code })
  }

  timeStamp(authority: string): void {
    this.timeStamps.inc({ authority })
  }

  timeStampFailure(code: string): void {
    this.timeStampFailures.inc({ code })
  }

  /** NaN, which is no sample, where there is no token. */
  timeStampAge(seconds: () => number | undefined): void {
    this.gauge('evidence_timestamp_age_seconds', 'Age of the newest time stamp.', () => seconds() ?? Number.NaN)
  }

  connections(count: () => number): void {
    this.gauge('evidence_connections', 'Connections that are open.', count)
  }

  statement(outcome: string): void {
    let counter = this.outcomes.get(outcome)
    if (counter === undefined) {
      counter = this.statements.labels(outcome)
      this.outcomes.set(outcome, counter)
    }
    counter.inc()
  }

  verified(seconds: number): void {
    this.verification.observe(seconds)
  }

  group(report: GroupReport): void {
    this.groupSize.observe(report.entries)
    this.commit.observe({ step: 'prepare' }, report.prepareMs / 1000)
    this.commit.observe({ step: 'store' }, report.storeMs / 1000)
    this.commit.observe({ step: 'head' }, report.headMs / 1000)
  }

  request(route: string, statusCode: number, seconds: number): void {
    this.requests.observe({ route, status: `${Math.floor(statusCode / 100)}xx` }, seconds)
  }
}
