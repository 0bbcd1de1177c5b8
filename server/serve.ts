import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { EvidenceError } from '../src/core/index.ts'
import {
  type Clock,
  dataFolder,
  type KnownCheckpoint,
  Ledger,
  readLedgerKey,
  requireMaySign,
} from '../src/ledger/index.ts'
import { installNativePrimitives, type LedgerSigningKey } from '../src/node/index.ts'
import { createApp } from './app.ts'
import type { ServerContext } from './context.ts'
import { affordableConnections } from './descriptors.ts'
import { Limits } from './limits.ts'
import { Metrics } from './metrics.ts'
import type { ServerSettings } from './settings.ts'

export interface ServeOptions {
  readonly dataDir: string
  readonly settings: ServerSettings
  readonly version: string
  /** Of the ledger's key file. */
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

/** Opens the ledger and serves it. Throws the codes of Ledger.open, `port-in-use`, `descriptors-few`. */
export async function serve(options: ServeOptions): Promise<RunningServer> {
  const { dataDir, settings, version } = options
  installNativePrimitives()
  const maxConnections = affordableConnections(settings.maxConnections)
  const folder = dataFolder(dataDir)
  // Before the key is asked for: a copy that may not sign says so, whether it has one or not.
  requireMaySign(folder)
  let metrics: Metrics | undefined
  let app: FastifyInstance | undefined
  const ledger = await Ledger.open(dataDir, options.ledgerKey ?? readLedgerKey(dataDir, options.passphrase), {
    ...(options.clock === undefined ? {} : { clock: options.clock }),
    maxQueue: settings.maxQueue,
    maxQueueBytes: settings.maxQueueBytes,
    signatureThreads: settings.signatureThreads,
    maxGapMs: settings.maxClockGapDays * 24 * 3600 * 1000,
    acceptGap: settings.acceptClockGap,
    known: options.known ?? [],
    ...(settings.requireFollower === undefined ? {} : { followerTimeoutMs: settings.followerTimeoutSeconds * 1000 }),
    onGroup: (report) => metrics?.group(report),
    onFailure: (error) => app?.log.fatal({ err: error }, 'writing stopped for good; reading goes on'),
  })
  try {
    metrics = new Metrics({
      size: () => ledger.reads.size,
      queued: () => ledger.queued,
      waitingParticipants: () => ledger.waitingParticipants,
      lastTimeMs: () => ledger.lastTimeMs,
      ready: () => isReady(ledger),
      unconfirmed: () => ledger.replication.size - ledger.reads.size,
    })
    let audiences: readonly string[] = settings.baseUrls.map((url) => url.replace(/\/$/, ''))
    const context: ServerContext = {
      ledger,
      metrics,
      limits: new Limits(settings.statementsPerMinute, settings.refusalsPerMinute, settings),
      policy: readFileSync(folder.policy, 'latin1'),
      audiences: () => audiences,
      follower: settings.requireFollower,
    }
    app = await createApp(context, {
      logLevel: settings.logLevel,
      trustedProxies: settings.trustedProxies,
      maxConnections,
      inFlight: settings,
      version,
    })
    if (maxConnections < settings.maxConnections) {
      app.log.warn(
        { wanted: settings.maxConnections, maxConnections },
        'the limit of open files allows fewer connections',
      )
    }
    await listen(app, settings)
    const { port } = app.server.address() as AddressInfo
    const url = `http://${settings.host.includes(':') ? `[${settings.host}]` : settings.host}:${port}`
    if (audiences.length === 0) audiences = [url, `http://localhost:${port}`]
    const running = app
    return {
      url,
      ledger,
      app: running,
      close: async () => {
        await running.close()
        await ledger.close()
      },
    }
  } catch (error) {
    await app?.close()
    await ledger.close()
    throw error
  }
}

function isReady(ledger: Ledger): boolean {
  try {
    ledger.requireReady()
    return true
  } catch {
    return false
  }
}

async function listen(app: FastifyInstance, { host, port }: ServerSettings): Promise<void> {
  try {
    await app.listen({ host, port })
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'EADDRINUSE') {
      throw new EvidenceError(
        'port-in-use',
        `the port ${port} on ${host} is in use`,
        { where: `${host}:${port}` },
        { cause },
      )
    }
    if (code === 'EACCES' || code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
      throw new EvidenceError(
        'usage',
        `this machine cannot listen on ${host}:${port}: ${(cause as Error).message}`,
        {},
        { cause },
      )
    }
    throw cause
  }
}
