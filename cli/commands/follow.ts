import type { Command } from 'commander'
import { append } from '../../src/core/arrays.ts'
import { EvidenceError, isEvidenceError } from '../../src/core/errors.ts'
import { LedgerClient } from '../../src/client/ledger-client.ts'
import type { Piece } from '../../src/ledger/copy/piece.ts'
import { Replica } from '../../src/ledger/copy/replica.ts'
import { readOwnKey, readPolicyBytes } from '../../src/ledger/data-folder.ts'
import type { Erasure } from '../../src/ledger/erasures.ts'
import { installNativePrimitives } from '../../src/node/native.ts'
import { clientFlags, clientKey, clientOf, identify, outputOf } from '../options/client.ts'
import { dataDir, noteOwn } from '../options/policy.ts'
import { acceptMissing, acceptMissingFlag } from '../options/missing-claims.ts'
import { type Output } from '../render/output.ts'
import { count } from '../../src/core/text.ts'
import { progressBar } from '../render/progress.ts'
import { UrlPieces } from '../sources/url-pieces.ts'
import { declare, type OptionsOf } from '../options/declare.ts'
import { stopSignal } from '../serve/until-stopped.ts'

/** How long one request waits at the leader, and how long at most until the next after a failure. */
const waitSeconds = 20
const maxPauseMs = 10_000

const help = `
Keeps a copy of a running ledger in a data folder of its own: every group is judged (signatures, rulebook, tree, checkpoint)
and made durable here before the next. It never signs. What is erased at the leader is erased here. When the leader's disk is
lost, stop this command and run "evidence promote --take-over"; the ledger's private key is not here, so keep it where you
can reach it. The key must be an auditor's. For a leader that answers nothing before this follower holds it, start the
leader with --require-follower and this key's participant.

Example:
  evidence follow --url https://ledger.court.example --data /srv/follower --key auditor.pem --id court-b --policy court.policy`

const flags = [
  ...clientFlags({
    policy: 'the one that the copy was begun with; needed the first time',
  }),
  ['--once', 'catch up, then end'],
  acceptMissingFlag,
] as const
type FollowOptions = OptionsOf<typeof flags>

/** `evidence follow` */
export function followCommand(program: Command): void {
  declare(program.command('follow'), 'keep a durable, verified copy of a running ledger', flags, help).action(
    async (options: FollowOptions) => {
      installNativePrimitives()
      const output = outputOf(options)
      const stopped = stopSignal()
      const follower = await Follower.start(options, output, stopped)
      try {
        await follower.run(options.once === true)
      } finally {
        await follower.close()
      }
      // A request that still waits at the leader must not keep the process.
      if (stopped.aborted) process.exit(0)
    },
  )
}

class Follower {
  private readonly replica: Replica
  private readonly source: UrlPieces
  private readonly output: Output
  private readonly stopped: AbortSignal

  private constructor(replica: Replica, source: UrlPieces, output: Output, stopped: AbortSignal) {
    this.replica = replica
    this.source = source
    this.output = output
    this.stopped = stopped
  }

  /** Opens the folder, or makes it of the leader's first piece. */
  static async start(options: FollowOptions, output: Output, stopped: AbortSignal): Promise<Follower> {
    if (options.key === undefined && process.env['EVIDENCE_KEY'] === undefined)
      throw new EvidenceError('usage', 'name an auditor’s key by --key FILE')
    const root = dataDir(options)
    const { acceptMissing: accept } = acceptMissing(options, output)
    const { key: signer, path } = clientKey(options)
    const { url } = clientOf(options, output)
    // Tried again here, for ever: not within one request.
    const client = new LedgerClient(url, undefined, { retries: 0 })
    if (!Replica.isToBeMade(root)) {
      const replica = await Replica.open(root, accept)
      const id = options.id ?? replica.registry.keys.get(signer.thumbprint)?.participant
      if (id !== undefined) return new Follower(replica, new UrlPieces(client.as({ id, signer })), output, stopped)
      await replica.close()
      throw new EvidenceError('key-unknown', `the ledger does not know the key ${path}`, { where: path })
    }
    if (options.policy === undefined) throw new EvidenceError('usage', 'name the ledger’s policy by --policy FILE')
    const key = readOwnKey({ policy: options.policy })
    const policy = readPolicyBytes(options.policy)
    const source = new UrlPieces(client.as(await identify(options, client, signer, path)))
    const first = await untilAnswered(() => firstPiece(source), output, stopped)
    if (first === undefined) throw new EvidenceError('server-unreachable', 'stopped before the leader answered')
    const more = accept === undefined ? {} : { acceptMissing: accept }
    const replica = await Replica.create({ root, policy, key, of: url, first, ...more })
    noteOwn(root)
    return new Follower(replica, source, output, stopped)
  }

  async run(once: boolean): Promise<void> {
    const { replica, source, output, stopped } = this
    let isCaughtUp = false
    let bar: ReturnType<typeof progressBar> | undefined
    while (!stopped.aborted) {
      const wait = isCaughtUp && !once ? waitSeconds : 0
      const ask = (): ReturnType<UrlPieces['next']> => source.next(replica.size, replica.erasures, replica.root, wait)
      const piece = await untilAnswered(ask, output, stopped)
      if (piece === undefined) break
      await replica.apply(piece)
      if (!isCaughtUp) {
        bar ??= progressBar(output, 'catching up', piece.size, 'entries')
        bar.update(replica.size)
      }
      const hasAll = replica.size >= piece.size && replica.erasures >= piece.erasures
      if (hasAll && !isCaughtUp) {
        isCaughtUp = true
        bar?.stop()
        if (!output.isJson) output.line({}, `following ${source.name}: ${count(replica.size)} entries held`)
      }
      // One more request says that the last piece is durable.
      if (once && hasAll && piece.entries.length === 0) break
    }
    bar?.stop()
    output.result({ url: source.name, size: replica.size, erasures: replica.erasures }, [
      `holds ${count(replica.size)} entries of ${source.name}`,
    ])
  }

  close(): Promise<void> {
    return this.replica.close()
  }
}

/** The piece that a copy begins with, and every erasure: without them it would miss what is erased. */
async function firstPiece(source: UrlPieces): Promise<Piece> {
  const erased: Erasure[] = []
  for (;;) {
    const piece = await source.next(0, erased.length, undefined, 0)
    append(erased, piece.erased)
    if (erased.length >= piece.erasures || piece.erased.length === 0) return { ...piece, erased }
  }
}

/** Asks until there is an answer, a little later each time; undefined when told to stop. A refusal in earnest is thrown. */
async function untilAnswered<T>(ask: () => Promise<T>, output: Output, stopped: AbortSignal): Promise<T | undefined> {
  for (let pauseMs = 100; !stopped.aborted; pauseMs = Math.min(maxPauseMs, pauseMs * 2)) {
    try {
      return await unlessStopped(ask(), stopped)
    } catch (error) {
      if (!isPassing(error)) throw error
      if (pauseMs === 100 || pauseMs >= maxPauseMs) output.note(`${(error as Error).message}; trying again`)
      await unlessStopped(new Promise((resolve) => setTimeout(resolve, pauseMs)), stopped)
    }
  }
  return undefined
}

/** Leaves no listener behind: this runs for years. */
function unlessStopped<T>(work: Promise<T>, stopped: AbortSignal): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const stop = (): void => resolve(undefined)
    stopped.addEventListener('abort', stop, { once: true })
    work.then(resolve, reject).finally(() => stopped.removeEventListener('abort', stop))
  })
}

/** What time mends: a server that is not there, starts, stops, or has too much to do. */
function isPassing(error: unknown): boolean {
  return isEvidenceError(error) && error.kind.exit === 3 && [429, 502, 503].includes(error.kind.status)
}
