import type { FastifyInstance } from 'fastify'
import { attempt } from '../src/core/attempt.ts'
import { parseSignedCheckpoint, type SignedCheckpoint } from '../src/core/checkpoint.ts'
import { type VerifierKey, verifyNote } from '../src/core/note.ts'
import { defined } from '../src/core/objects.ts'
import type { Policy } from '../src/core/policy.ts'
import type { Clock } from '../src/ledger/clock.ts'
import type { KnownCheckpoint } from '../src/ledger/copy/known.ts'
import { readLedgerKey, readLedgerMlDsaKey } from '../src/ledger/create.ts'
import { type DataFolder, readPolicyBytes, readPolicyFile } from '../src/ledger/data-folder.ts'
import { type Head, readHead } from '../src/ledger/head-file.ts'
import { type HeldFolder, holdFolder } from '../src/ledger/held-folder.ts'
import { Ledger } from '../src/ledger/ledger.ts'
import { readCosignedFile } from '../src/ledger/publish/cosigned-file.ts'
import { addressesOf } from '../src/ledger/publish/own-policy.ts'
import { Publisher } from '../src/ledger/publish/publisher.ts'
import { askWitnesses, type WitnessView } from '../src/ledger/publish/start-check.ts'
import type { LedgerSigningKey } from '../src/node/key-file.ts'
import { installNativePrimitives } from '../src/node/native.ts'
import { keepPrivate } from '../src/node/private-folder.ts'
import { createApp } from './app.ts'
import { BatchTurns } from './batch-turns.ts'
import { PacedTurns } from './paced-turns.ts'
import type { ServerContext } from './context.ts'
import { affordableConnections } from './descriptors.ts'
import { Limits } from './limits.ts'
import { listen } from './listen.ts'
import { Metrics } from './metrics.ts'
import { proxyWarning } from './proxies.ts'
import type { ServerSettings } from './settings.ts'
import { TimeStamping } from './time-stamping.ts'
import { Waiters } from './waiters.ts'

export interface ServeOptions {
  readonly dataDir: string
  readonly settings: ServerSettings
  readonly version: string
  /** The passphrase of the ledger's key file. */
  readonly passphrase?: string
  /** A key that is open already, in hardware; the data folder's key file is used without it. */
  readonly ledgerKey?: LedgerSigningKey
  readonly clock?: Clock
  /** What `settings.knownCheckpoints` name, read. */
  readonly known?: readonly KnownCheckpoint[]
}

export interface RunningServer {
  readonly url: string
  readonly ledger: Ledger
  readonly app: FastifyInstance
  /** Finishes what was accepted, refuses new, closes. */
  readonly close: () => Promise<void>
}

/** Opens the ledger and serves it. Throws the codes of holdFolder and Ledger.open, `port-in-use`, `descriptors-few`. */
export async function serve(options: ServeOptions): Promise<RunningServer> {
  installNativePrimitives()
  keepPrivate()
  // Before the key is asked for: a copy that may not sign says so, whether it has one or not.
  const held = holdFolder(options.dataDir, 'sign')
  try {
    return await serveHeld(held, options)
  } catch (error) {
    held.release()
    throw error
  }
}

/** Walks through days of the log of readings at once. */
const maxWalking = 2

async function serveHeld(held: HeldFolder, options: ServeOptions): Promise<RunningServer> {
  const { dataDir, settings, version } = options
  const { folder } = held
  const maxConnections = affordableConnections(settings.maxConnections)
  let metrics: Metrics | undefined
  let app: FastifyInstance | undefined
  let publisher: Publisher | undefined
  const signer = options.ledgerKey ?? readLedgerKey(dataDir, options.passphrase)
  const policy = readPolicyFile(folder.policy)
  // A folder that went back as a whole is noticed by those who saw more: before anything is signed on it.
  const witnessed = await witnessView(folder, policy, settings)
  let timeStamping: TimeStamping | undefined
  const ledger = await Ledger.open(dataDir, signer, {
    held,
    ...defined({ clock: options.clock }),
    maxQueue: settings.maxQueue,
    maxQueueBytes: settings.maxQueueBytes,
    signatures: {
      threads: settings.signatureThreads,
      means: settings.signatures,
      onDisagreement: (message) => app?.log.error({ code: 'signatures-disagree' }, message),
    },
    maxGapMs: settings.maxClockGapDays * 24 * 3600 * 1000,
    acceptGap: settings.acceptClockGap,
    known: [...(options.known ?? []), ...witnessed.known],
    knownSizes: witnessed.sizes,
    ...(settings.requireFollower === undefined ? {} : { followerTimeoutMs: settings.followerTimeoutSeconds * 1000 }),
    followers: [...settings.followers, ...(settings.requireFollower === undefined ? [] : [settings.requireFollower])],
    onGroup: (report) => {
      metrics?.group(report)
      publisher?.wake()
    },
    onFailure: (error) => app?.log.fatal({ err: error }, 'the writer has stopped permanently; reading continues'),
  })
  const close = async (): Promise<void> => {
    await timeStamping?.stop()
    await app?.close()
    await publisher?.close()
    await ledger.close()
  }
  try {
    metrics = new Metrics({
      size: () => (ledger.confirmation?.isOpen === false ? Number.NaN : ledger.reads.size),
      queued: () => ledger.queued,
      waitingParticipants: () => ledger.waitingParticipants,
      lastTimeMs: () => (ledger.confirmation?.isOpen === false ? undefined : ledger.lastTimeMs),
      ready: () => attempt(() => ledger.requireReady()) === undefined,
      unconfirmed: () => ledger.replication.unconfirmed,
    })
    publisher = new Publisher({
      policy,
      key: ledger.key,
      mlDsa: readLedgerMlDsaKey(dataDir, options.passphrase),
      reads: ledger.unguardedReads,
      file: folder.cosigned,
      timeoutMs: settings.witnessTimeoutSeconds * 1000,
      mayPublish: () => ledger.confirmation?.isOpen !== false,
      onFailure: (url, error) => {
        metrics?.witnessFailure(url, error.code)
        const facts = { url, code: error.code }
        if (error.code === 'witness-ahead') app?.log.fatal(facts, error.message)
        else app?.log.warn(facts, error.message)
      },
    })
    metrics.publishing(publisher)
    const log = (): FastifyInstance['log'] | undefined => app?.log
    timeStamping = new TimeStamping({ ledger, folder, settings: settings.timeStamping, metrics, log })
    let audiences: readonly string[] = settings.baseUrls.map((url) => url.replace(/\/$/, ''))
    const context: ServerContext = {
      ledger,
      publisher,
      cosignWaitMs: settings.cosignWaitSeconds * 1000,
      waiters: new Waiters(maxConnections),
      batchTurns: new BatchTurns(),
      readingTurns: new PacedTurns(maxWalking, 1),
      metrics,
      limits: new Limits(settings),
      policy: readPolicyBytes(folder.policy).toString('latin1'),
      version,
      audiences: () => audiences,
      follower: settings.requireFollower,
      timeStamping,
    }
    app = await createApp(context, { ...settings, maxConnections })
    for (const error of witnessed.silent) app.log.warn({ code: error.code }, error.message)
    const proxies = proxyWarning(settings)
    if (proxies !== undefined) app.log.warn(proxies)
    if (maxConnections < settings.maxConnections) {
      app.log.warn(
        { wanted: settings.maxConnections, maxConnections },
        'the limit of open files allows fewer connections',
      )
    }
    const { url, port } = await listen(app, settings)
    if (audiences.length === 0) audiences = [url, `http://localhost:${port}`]
    timeStamping.start()
    return { url, ledger, app, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** What the witnesses of the policy say of this ledger; a folder whose head cannot be read is refused by opening it. */
async function witnessView(folder: DataFolder, policy: Policy, settings: ServerSettings): Promise<WitnessView> {
  const [log] = policy.logs
  const nothing: WitnessView = { known: [], sizes: [], silent: [] }
  if (log === undefined || addressesOf(policy).length === 0) return nothing
  let head: Head
  try {
    head = readHead(folder.head, log.key)
  } catch {
    return nothing
  }
  // With a follower to wait for, nobody knows yet whether it holds what the head signs: what was published is known to be out.
  const own = settings.requireFollower === undefined ? head : publishedBefore(folder, log.key)
  return askWitnesses(policy, log.key, own, {
    timeoutMs: settings.witnessTimeoutSeconds * 1000,
    acceptSilent: settings.acceptUnreachableWitnesses,
  })
}

/** The checkpoint that the last run published; undefined where none is kept. */
function publishedBefore({ cosigned }: DataFolder, key: VerifierKey): SignedCheckpoint | undefined {
  const { published } = readCosignedFile(cosigned)
  if (published === null) return undefined
  try {
    const signed = parseSignedCheckpoint(Buffer.from(published))
    return signed.checkpoint.origin === key.name && verifyNote(signed.note, [key]).length > 0 ? signed : undefined
  } catch {
    return undefined // kept for convenience: the witnesses are asked what they show
  }
}
