import { EvidenceError, isEvidenceError } from '../../src/core/errors.ts'
import { count } from '../../src/core/text.ts'
import { LedgerClient } from '../../src/client/ledger-client.ts'
import { type NamedPage, pagesOf } from '../../src/client/pages.ts'
import { GatheredErasures, type Piece } from '../../src/ledger/copy/piece.ts'
import { Replica } from '../../src/ledger/copy/replica.ts'
import { readOwnKey, readPolicyBytes } from '../../src/ledger/data-folder.ts'
import { clientKey, clientOf, type ClientOptions, identify, keyNamed } from '../options/client.ts'
import { acceptMissing, type AcceptMissingOptions } from '../options/missing-claims.ts'
import { keptText, type OperatorErasuresOptions } from '../options/operator-erasures.ts'
import { dataDir, noteOwn } from '../options/policy.ts'
import type { Output } from '../render/output.ts'
import { progressOf } from '../render/progress.ts'
import { pause } from '../serve/until-stopped.ts'
import { UrlPieces } from '../sources/url-pieces.ts'

/** How long one request waits at the leader, and how long at most until the next after a failure. */
const waitSeconds = 20
const maxPauseMs = 10_000

/**
 * How soon an answer with nothing in it is too soon, where the leader was asked to wait, and how long the next request is put off then: a leader that
 * does not wait is not asked without a pause.
 */
const soonMs = (waitSeconds * 1000) / 2
const soonPauseMs = 1000

/** A copy of a ledger, open, and the leader that it follows. */
interface Following {
  readonly replica: Replica
  readonly source: UrlPieces
}

/** Opens the folder of the copy, or makes it of the leader's first piece. Throws `usage`, `key-unknown`, and the codes of Replica. */
export async function startFollowing(
  options: ClientOptions & AcceptMissingOptions & OperatorErasuresOptions,
  output: Output,
  stopped: AbortSignal,
): Promise<Following> {
  if (keyNamed(options) === undefined) throw new EvidenceError('usage', 'name an auditor’s key by --key FILE')
  const root = dataDir(options)
  const allowed = { ...acceptMissing(options, output), operatorErasures: options.operatorErasures === true }
  const { key: signer, path } = clientKey(options)
  const { url } = clientOf(options, output)
  // Tried again here, for ever: not within one request.
  const client = new LedgerClient(url, undefined, { retries: 0 })
  if (!Replica.isToBeMade(root)) {
    const replica = await Replica.open(root, allowed)
    const id = options.id ?? replica.registry.keys.get(signer.thumbprint)?.participant
    if (id !== undefined) return { replica, source: new UrlPieces(client.as({ id, signer })) }
    await replica.close()
    throw new EvidenceError('key-unknown', `the ledger does not know the key ${path}`, { where: path })
  }
  if (options.policy === undefined) throw new EvidenceError('usage', 'name the ledger’s policy by --policy FILE')
  const key = readOwnKey({ policy: options.policy })
  const policy = readPolicyBytes(options.policy)
  const source = new UrlPieces(client.as(await identify(options, client, signer, path)))
  const first = await untilAnswered(() => firstPiece(source), output, stopped)
  if (first === undefined) throw new EvidenceError('server-unreachable', 'stopped before the leader answered')
  const replica = await Replica.create({ root, policy, key, of: url, first, ...allowed })
  noteOwn(root)
  return { replica, source }
}

/** Takes what the leader has, piece by piece, until told to stop; with `once` until the copy holds all of it. */
export async function catchUp(
  { replica, source }: Following,
  once: boolean,
  output: Output,
  stopped: AbortSignal,
): Promise<void> {
  let isCaughtUp = false
  const { onProgress, stop } = progressOf(output, 'catching up', 'entries')
  while (!stopped.aborted) {
    const wait = isCaughtUp && !once ? waitSeconds : 0
    const ask = (): Promise<Piece> => source.next(replica.size, replica.erasures, replica.root, wait)
    const askedMs = performance.now()
    const piece = await untilAnswered(ask, output, stopped)
    if (piece === undefined) break
    await replica.apply(piece)
    if (!isCaughtUp) onProgress(replica.size, piece.size)
    const hasAll = replica.size >= piece.size && replica.erasures >= piece.erasures
    if (hasAll && !isCaughtUp) {
      isCaughtUp = true
      stop()
      if (!output.isJson) output.line({}, `following ${source.name}: ${count(replica.size)} entries held`)
    }
    // One more request says that the last piece is durable.
    if (once && hasAll && piece.entries.length === 0) break
    const isEmpty = piece.entries.length === 0 && piece.erased.length === 0
    if (isEmpty && wait > 0 && performance.now() - askedMs < soonMs) await pause(soonPauseMs, stopped)
  }
  stop()
  const { size, erasures, keptErasures: kept } = replica
  output.result({ url: source.name, size, erasures, kept }, [
    `holds ${count(size)} entries of ${source.name}`,
    ...keptText(kept),
  ])
}

/**
 * The piece that a copy begins with, and every erasure: without them it would miss what is erased. Throws what asking throws, and
 * `server-answer` where the leader does not give the erasures that it says there are, or has too many.
 */
export async function firstPiece(source: UrlPieces): Promise<Piece> {
  const gathered = new GatheredErasures()
  let first: Piece | undefined
  const ask = async (after = -1): Promise<NamedPage<Piece>> => {
    const piece = await source.next(0, after + 1, undefined, 0)
    const last = after + piece.erased.length
    return { page: piece, next: last + 1 < piece.erasures ? last : null }
  }
  for await (const piece of pagesOf(ask, { what: `${source.name}/v1/replication` })) {
    gathered.add(piece.erased, source.name)
    first = piece
  }
  return { ...(first as Piece), erased: gathered.list }
}

/** Asks until there is an answer, a little later each time; undefined when told to stop. A refusal in earnest is thrown. */
async function untilAnswered<T>(ask: () => Promise<T>, output: Output, stopped: AbortSignal): Promise<T | undefined> {
  for (let pauseMs = 100; !stopped.aborted; pauseMs = Math.min(maxPauseMs, pauseMs * 2)) {
    try {
      return await unlessStopped(ask(), stopped)
    } catch (error) {
      if (!isPassing(error)) throw error
      if (pauseMs === 100 || pauseMs >= maxPauseMs) output.note(`${(error as Error).message}; trying again`)
      await pause(pauseMs, stopped)
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
