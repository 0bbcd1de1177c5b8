import { EvidenceError, statusHash, toBase64 } from '../core/index.ts'
import type { Signer } from '../evidence/index.ts'
import { accessToken } from './access-token.ts'
import { type HttpAnswer, type HttpOptions, problemError, problemFrom, request, withClock } from './http.ts'
import { serverUrl } from './server-url.ts'

/** What a deposit is answered. */
export interface DepositResult {
  /** False where the same bytes stood there before. */
  readonly created: boolean
  readonly index: number
  readonly time: string
  /** Padded base64. */
  readonly leafHash: string
  readonly receipt: string
}

export interface LedgerInfo {
  readonly origin: string
  readonly environment: 'trial' | 'production'
  readonly warning?: string
  readonly reading: 'public' | 'participants'
  readonly size: number
  readonly root: string
  readonly time: string | null
  readonly checkpoint: string
  readonly vkey: string
  readonly policy: string
}

export interface ParticipantInfo {
  readonly id: string
  readonly type?: string
  readonly roles: readonly string[]
  readonly name?: string
  readonly active: boolean
  readonly since: number
  readonly revokedAt?: number
  readonly keys: readonly {
    readonly thumbprint: string
    readonly status: string
    readonly since: number
    readonly until?: number
  }[]
}

export interface EntryInfo {
  readonly index: number
  readonly time: string
  readonly leafHash: string
  readonly previous: string
  readonly iss: string
  readonly kind: string
  readonly jti: string
  readonly kid: string
  readonly statement: string
  readonly payload: Readonly<Record<string, unknown>>
  readonly sealed: number
  readonly claims: Readonly<Record<string, unknown>>
  readonly disclosures: readonly string[]
}

export interface EntryPage {
  readonly entries: readonly {
    readonly index: number
    readonly time: string
    readonly leafHash: string
    readonly iss: string
    readonly kind: string
    readonly items?: number
  }[]
  readonly next: number | null
}

/** Whoever reads by right. */
export interface Identity {
  readonly id: string
  readonly signer: Signer
}

/** The HTTP API, for depositors and auditors. Every call throws `server-unreachable`, `server-answer`, or the server's code. */
export class LedgerClient {
  readonly url: string
  private readonly identity: Identity | undefined
  private readonly options: HttpOptions

  constructor(url: string, identity?: Identity, options: HttpOptions = {}) {
    this.url = serverUrl(url)
    this.identity = identity
    this.options = options
  }

  /** A client that shows who it is. */
  as(identity: Identity): LedgerClient {
    return new LedgerClient(this.url, identity, this.options)
  }

  private authorization(): Record<string, string> {
    if (this.identity === undefined) return {}
    const { id, signer } = this.identity
    return { authorization: `Bearer ${accessToken(id, signer, this.url, Date.now())}` }
  }

  /** Bytes at a path, or undefined where there is nothing (404). */
  async fetchBytes(path: string): Promise<Uint8Array | undefined> {
    const answer = await this.send(path, { headers: this.authorization() })
    if (answer.status === 404) return undefined
    if (answer.status !== 200) throw problemError(answer)
    return answer.body
  }

  private async json<T>(path: string): Promise<T> {
    const answer = await this.send(path, { headers: { accept: 'application/json', ...this.authorization() } })
    if (answer.status !== 200) throw problemError(answer)
    return parseAnswer(answer) as T
  }

  private send(path: string, init: RequestInit): Promise<HttpAnswer> {
    return request(`${this.url}${path}`, init, this.options)
  }

  ledger(): Promise<LedgerInfo> {
    return this.json('/v1/ledger')
  }
  async participants(): Promise<readonly ParticipantInfo[]> {
    return (await this.json<{ participants: ParticipantInfo[] }>('/v1/participants')).participants
  }
  entry(index: number): Promise<EntryInfo> {
    return this.json(`/v1/entries/${index}`)
  }
  async receipt(index: number): Promise<string> {
    return (await this.json<{ receipt: string }>(`/v1/entries/${index}/receipt`)).receipt
  }
  /**
   * The answer as it came, for `checkStatus` (docs/spec/15-status.md). The entry's bytes are the right to ask, and are not
   * sent. A ledger smaller than `from` answers without it.
   */
  async status(
    index: number,
    entryBytes: Uint8Array,
    query: { readonly from?: number | undefined; readonly after?: number | undefined } = {},
  ): Promise<unknown> {
    const { from, after } = query
    const entryHash = toBase64(statusHash(entryBytes))
    const members = { entryHash, ...(after === undefined ? {} : { after: String(after) }) }
    const path = `/v1/entries/${index}/status`
    const ask = (more: object): Promise<unknown> =>
      this.json(`${path}?${new URLSearchParams({ ...members, ...more }).toString()}`)
    if (from === undefined) return ask({})
    try {
      return await ask({ from: String(from) })
    } catch (error) {
      if (error instanceof EvidenceError && error.code === 'query-invalid' && error.facts.where === 'from')
        return ask({})
      throw error
    }
  }
  find(query: Readonly<Record<string, string>>): Promise<EntryPage> {
    return this.json(`/v1/entries?${new URLSearchParams(query).toString()}`)
  }
  inclusion(index: number, size?: number): Promise<{ leafHash: string; root: string; size: number; hashes: string[] }> {
    return this.json(`/v1/proofs/inclusion?index=${index}${size === undefined ? '' : `&size=${size}`}`)
  }
  consistency(from: number, to?: number): Promise<{ root1: string; root2: string; to: number; hashes: string[] }> {
    return this.json(`/v1/proofs/consistency?from=${from}${to === undefined ? '' : `&to=${to}`}`)
  }

  /** Sizes of checkpoints that have a time stamp and commit to an entry, ascending. */
  timeStamps(index: number): Promise<{ sizes: number[]; next: number | null }> {
    return this.json(`/v1/timestamps?index=${index}&limit=10`)
  }
  /** The time-stamp record of a checkpoint. */
  async timeStampRecord(size: number): Promise<Uint8Array> {
    const answer = await this.send(`/v1/timestamps/${size}`, {})
    if (answer.status !== 200) throw problemError(answer)
    return answer.body
  }
  /** Has the newest checkpoint stamped; for administrators. */
  async timeStamp(
    renew: boolean,
  ): Promise<{ size: number; created: boolean; tokens: { authority: string; time: string }[]; renewed: number[] }> {
    const init = { method: 'POST', headers: this.authorization() }
    const answer = await this.send(`/v1/timestamps${renew ? '?renew=true' : ''}`, init)
    if (answer.status !== 200) throw problemError(answer)
    return parseAnswer(answer) as never
  }

  /**
   * Deposits one statement; sending the same bytes again is safe. With `cosigned` the answer waits for the quorum of the ledger's
   * policy, for as long as the server lets it: the receipt says whether it came.
   */
  async deposit(
    presentation: string,
    { cosigned = false }: { readonly cosigned?: boolean } = {},
  ): Promise<DepositResult> {
    const answer = await this.send(`/v1/statements${cosigned ? '?wait=cosigned' : ''}`, {
      method: 'POST',
      headers: { 'content-type': 'application/sd-jwt', accept: 'application/json' },
      body: presentation,
    })
    if (answer.status < 200 || answer.status > 202) throw problemError(answer)
    return resultOf(answer.status, parseAnswer(answer))
  }

  /** Deposits many statements (at most 1,000); one result or error each, in order. */
  async depositBatch(presentations: readonly string[]): Promise<(DepositResult | EvidenceError)[]> {
    const answer = await this.send('/v1/statements', {
      method: 'POST',
      headers: { 'content-type': 'application/x-ndjson' },
      body: presentations.join('\n'),
    })
    if (answer.status !== 200) throw problemError(answer)
    const lines = Buffer.from(answer.body).toString('utf8').trimEnd().split('\n')
    if (lines.length !== presentations.length)
      throw new EvidenceError('server-answer', 'the server answered another number of lines')
    return lines.map((line) => {
      const result = JSON.parse(line) as { status: number }
      return result.status === 200 || result.status === 201
        ? resultOf(result.status, result)
        : withClock(problemFrom(result), answer.clockAhead)
    })
  }
}

function parseAnswer(answer: HttpAnswer): unknown {
  try {
    return JSON.parse(Buffer.from(answer.body).toString('utf8'))
  } catch {
    throw new EvidenceError('server-answer', 'the server’s answer is not JSON')
  }
}

function resultOf(status: number, document: unknown): DepositResult {
  const { index, time, leafHash, receipt } = (document ?? {}) as Partial<DepositResult>
  if (
    typeof index !== 'number' ||
    typeof time !== 'string' ||
    typeof leafHash !== 'string' ||
    typeof receipt !== 'string'
  ) {
    throw new EvidenceError('server-answer', 'the server’s answer to a deposit is not whole')
  }
  return { created: status !== 200, index, time, leafHash, receipt }
}
