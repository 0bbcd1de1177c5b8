import { settled } from '../core/attempt.ts'
import { lossyUtf8 } from '../core/bytes.ts'
import { toBase64 } from '../core/base64.ts'
import { statusHash } from '../core/entry.ts'
import { EvidenceError, isEvidenceError } from '../core/errors.ts'
import { defined } from '../core/objects.ts'
import { encodeShown, type ShownEntries, shownHeader } from '../core/shown.ts'
import type { Signer } from '../statements/compose.ts'
import type { z } from 'zod'
import { accessToken } from './access-token.ts'
import {
  accessAnswer,
  batchLine,
  consistencyAnswer,
  custodyAnswer,
  entriesAnswer,
  entryAnswer,
  inclusionAnswer,
  ledgerAnswer,
  readingsAnswer,
  receiptAnswer,
  searchAnswer,
  servedAnswer,
  stampAnswer,
  timeStampsAnswer,
} from '../api/answers.ts'
import { depositResult, type participantInfo, participantList, requireShape } from './answers.ts'
import { type HttpAnswer, type HttpOptions, problemError, problemFrom, request, withClock } from './http.ts'
import { serverUrl } from './server-url.ts'

/** What a deposit is answered. */
export interface DepositResult extends z.infer<typeof depositResult> {
  /** False where the same bytes have been deposited before. */
  readonly created: boolean
}

export type LedgerInfo = z.infer<typeof ledgerAnswer>
export type ParticipantInfo = z.infer<typeof participantInfo>
export type EntryInfo = z.infer<typeof entryAnswer>
export type EntryPage = z.infer<typeof entriesAnswer>

/** A participant that asks, with the key that it signs its access tokens with. */
export interface Identity {
  readonly id: string
  readonly signer: Signer
}

/** Somebody whose key signs later, as a browser's does: gives a token for a server's base URL. */
export interface TokenSource {
  readonly token: (audience: string) => Promise<string>
}

/** The HTTP API, for depositors and auditors. Every call throws `server-unreachable`, `server-answer`, or the server's code. */
export class LedgerClient {
  readonly url: string
  private readonly identity: Identity | TokenSource | undefined
  private readonly options: HttpOptions

  constructor(url: string, identity?: Identity | TokenSource, options: HttpOptions = {}) {
    this.url = serverUrl(url)
    this.identity = identity
    this.options = options
  }

  /** A client that shows who it is. */
  as(identity: Identity | TokenSource): LedgerClient {
    return new LedgerClient(this.url, identity, this.options)
  }

  private async authorization(): Promise<Record<string, string>> {
    const { identity, url } = this
    if (identity === undefined) return {}
    if ('token' in identity) return { authorization: `Bearer ${await identity.token(url)}` }
    return { authorization: `Bearer ${accessToken(identity.id, identity.signer, url, Date.now())}` }
  }

  /** Bytes at a path, or undefined where there is nothing (404). */
  async fetchBytes(path: string): Promise<Uint8Array | undefined> {
    const answer = await request(`${this.url}${path}`, { headers: await this.authorization() }, this.options)
    return answer.status === 404 ? undefined : requireTaken(answer).body
  }

  private async json(path: string): Promise<unknown> {
    return parseAnswer(
      await this.send(path, { headers: { accept: 'application/json', ...(await this.authorization()) } }),
    )
  }

  private async shaped<T>(shape: z.ZodType<T>, path: string): Promise<T> {
    return requireShape(shape, await this.json(path), path.split('?')[0] as string)
  }

  /** Sends a request that is answered 200, or up to `most`; any other answer is thrown as the error that it states. */
  private async send(path: string, init: RequestInit, most = 200): Promise<HttpAnswer> {
    return requireTaken(await request(`${this.url}${path}`, init, this.options), most)
  }

  ledger(): Promise<LedgerInfo> {
    return this.shaped(ledgerAnswer, '/v1/ledger')
  }
  async participants(): Promise<readonly ParticipantInfo[]> {
    return (await this.shaped(participantList, '/v1/participants')).participants
  }
  async entry(index: number): Promise<EntryInfo> {
    return answerAbout(index, await this.shaped(entryAnswer, `/v1/entries/${index}`))
  }
  /** What stands on a deposit, as far as the asker may see it. */
  async access(index: number): Promise<z.infer<typeof accessAnswer>> {
    return answerAbout(index, await this.shaped(accessAnswer, `/v1/entries/${index}/access`))
  }
  /** Who holds each item of a deposit now, and a page of what was said of its custody, after entry `after`. */
  async custody(index: number, after?: number): Promise<z.infer<typeof custodyAnswer>> {
    const path = `/v1/entries/${index}/custody?${queryOf({ after })}`
    return answerAbout(index, await this.shaped(custodyAnswer, path))
  }
  /** The days of the log of readings, or a page of one day. */
  readings(query: {
    readonly day?: string
    readonly after?: string | undefined
  }): Promise<z.infer<typeof readingsAnswer>> {
    return this.shaped(readingsAnswer, `/v1/readings?${queryOf(query)}`)
  }
  /** Who was shown what an order erases, on the first day after `after` that has readings; for who ordered. */
  served(order: number, after?: string): Promise<z.infer<typeof servedAnswer>> {
    return this.shaped(servedAnswer, `/v1/entries/${order}/served?${queryOf({ after })}`)
  }
  async receipt(index: number): Promise<string> {
    return answerAbout(index, await this.shaped(receiptAnswer, `/v1/entries/${index}/receipt`)).receipt
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
    const ask = (size: number | undefined): Promise<unknown> =>
      this.json(`/v1/entries/${index}/status?${queryOf({ entryHash, after, from: size })}`)
    try {
      return await ask(from)
    } catch (error) {
      const isSmaller = isEvidenceError(error, 'size-unknown') && error.facts.where === 'from'
      if (from !== undefined && isSmaller) return ask(undefined)
      throw error
    }
  }
  /**
   * Entries that a search names. Case and exhibit numbers are sealed, and so asked for in the body of a request, which no proxy logs, where the
   * search names nothing else: the ledger gives the first entries so. What comes after them, and numbers beside other members, stand in the address.
   */
  async find(query: Readonly<Record<string, string>>): Promise<EntryPage> {
    const first = await this.firstOfNumber(query)
    if (first === undefined) return this.shaped(entriesAnswer, `/v1/entries?${queryOf(query)}`)
    const limit = Number(query['limit'] ?? defaultLimit) - first.entries.length
    if (first.next === null || limit <= 0) return first
    const rest = { ...query, after: String(first.next), limit: String(limit) }
    const page = await settled(this.shaped(entriesAnswer, `/v1/entries?${queryOf(rest)}`))
    // What was found stands: who goes on from its end is told what is wrong.
    return page instanceof EvidenceError ? first : { ...page, entries: [...first.entries, ...page.entries] }
  }

  /** The first entries with a case number, an exhibit number, or both, at most as many as are asked for; undefined of another search, and where they are not told so. */
  private async firstOfNumber({
    limit = String(defaultLimit),
    ...query
  }: Readonly<Record<string, string>>): Promise<EntryPage | undefined> {
    const { case: number, exhibit, ...others } = query
    const lists = { ...(number && { cases: [number] }), ...(exhibit && { exhibits: [exhibit] }) }
    const asked = Object.keys(lists).length
    if (asked === 0 || Object.keys(others).length > 0) return undefined
    const headers = { 'content-type': 'application/json', accept: 'application/json', ...(await this.authorization()) }
    const answer = await this.send('/v1/entries/search', { method: 'POST', headers, body: JSON.stringify(lists) })
    const { results } = requireShape(searchAnswer, parseAnswer(answer), '/v1/entries/search')
    const [found, second] = results
    if (found === undefined || results.length !== asked)
      throw new EvidenceError('server-answer', 'the server answers another number of searches')
    const isCut = results.some(({ entries, more }) => entries === null || more)
    // Of both numbers: what is in both lists, where both are whole.
    if (second !== undefined && isCut) return undefined
    const both = new Set(second?.entries?.map(({ index }) => index))
    const all = (found.entries ?? []).filter(({ index }) => second === undefined || both.has(index))
    const entries = all.slice(0, Number(limit))
    const last = entries.at(-1)
    if (last === undefined) return isCut ? undefined : { entries: [], next: null }
    return { entries, next: isCut || entries.length < all.length ? last.index : null }
  }
  async inclusion(index: number, size?: number): Promise<z.infer<typeof inclusionAnswer>> {
    return answerAbout(index, await this.shaped(inclusionAnswer, `/v1/proofs/inclusion?${queryOf({ index, size })}`))
  }
  consistency(from: number, to?: number): Promise<z.infer<typeof consistencyAnswer>> {
    return this.shaped(consistencyAnswer, `/v1/proofs/consistency?${queryOf({ from, to })}`)
  }

  /** Sizes of checkpoints that have a time stamp and commit to an entry, ascending. */
  timeStamps(index: number): Promise<z.infer<typeof timeStampsAnswer>> {
    return this.shaped(timeStampsAnswer, `/v1/timestamps?index=${index}&limit=10`)
  }
  /** The time-stamp record of a checkpoint. */
  async timeStampRecord(size: number): Promise<Uint8Array> {
    return (await this.send(`/v1/timestamps/${size}`, {})).body
  }
  /** Has the newest checkpoint stamped; for administrators. */
  async timeStamp(renew: boolean): Promise<z.infer<typeof stampAnswer>> {
    const init = { method: 'POST', headers: await this.authorization() }
    const answer = await this.send(`/v1/timestamps${renew ? '?renew=true' : ''}`, init)
    return requireShape(stampAnswer, parseAnswer(answer), '/v1/timestamps')
  }

  /**
   * Deposits one statement; sending the same bytes again is safe. With `cosigned` the answer waits for the quorum of the ledger's
   * policy, for as long as the server lets it: the receipt says whether it came. `shown` names entries by their status hash: a
   * statement may refer to what its signer may not read only so.
   */
  async deposit(
    presentation: string,
    { cosigned = false, shown = new Map() }: { readonly cosigned?: boolean; readonly shown?: ShownEntries } = {},
  ): Promise<DepositResult> {
    const headers = { 'content-type': 'application/sd-jwt', accept: 'application/json', ...headersShowing(shown) }
    const init = { method: 'POST', headers, body: presentation }
    const answer = await this.send(`/v1/statements${cosigned ? '?wait=cosigned' : ''}`, init, 202)
    return resultOf(answer.status, parseAnswer(answer))
  }

  /**
   * Deposits many statements (at most 1,000); one result or error each, in order. `shown` is for all of them. Throws `server-answer`
   * too where the lines of the answer are not numbered as those that were sent.
   */
  async depositBatch(
    presentations: readonly string[],
    { shown = new Map() }: { readonly shown?: ShownEntries } = {},
  ): Promise<(DepositResult | EvidenceError)[]> {
    const answer = await this.send('/v1/statements', {
      method: 'POST',
      headers: { 'content-type': 'application/x-ndjson', ...headersShowing(shown) },
      body: presentations.join('\n'),
    })
    const lines = lossyUtf8(answer.body).trimEnd().split('\n')
    if (lines.length !== presentations.length)
      throw new EvidenceError('server-answer', 'the server answered another number of lines')
    return lines.map((line, i) => {
      const result = requireShape(batchLine, parseJsonText(line), 'a line of /v1/statements')
      if (result.line !== i + 1) {
        const message = `line ${i + 1} of the server’s answer is numbered ${result.line}, as the answer to another statement`
        throw new EvidenceError('server-answer', message, {
          where: 'line',
          expected: `${i + 1}`,
          found: `${result.line}`,
        })
      }
      return result.status === 200 || result.status === 201
        ? resultOf(result.status, result)
        : withClock(problemFrom(result), answer.clockAhead)
    })
  }
}

/** Entries that a list has where nothing is said of it. */
const defaultLimit = 100

/** An answer that says which entry it is about. Throws `server-answer` where that is another than was asked for. */
function answerAbout<T extends { readonly index: number }>(index: number, answer: T): T {
  if (answer.index === index) return answer
  throw new EvidenceError(
    'server-answer',
    `the server’s answer is about entry ${answer.index}, and not about ${index}`,
    {
      where: 'index',
      expected: String(index),
      found: String(answer.index),
    },
  )
}

/** Throws the error that an answer states which is not of 200 to `most`. */
function requireTaken(answer: HttpAnswer, most = 200): HttpAnswer {
  if (answer.status < 200 || answer.status > most) throw problemError(answer)
  return answer
}

/** A query of the members that are not undefined. */
function queryOf(members: Readonly<Record<string, string | number | undefined>>): string {
  return new URLSearchParams(defined(members) as Record<string, string>).toString()
}

function headersShowing(shown: ShownEntries): Record<string, string> {
  const value = encodeShown(shown)
  return value === undefined ? {} : { [shownHeader]: value }
}

function parseAnswer(answer: HttpAnswer): unknown {
  return parseJsonText(lossyUtf8(answer.body))
}

function parseJsonText(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new EvidenceError('server-answer', 'the server’s answer is not JSON')
  }
}

function resultOf(status: number, document: unknown): DepositResult {
  return { created: status === 201, ...requireShape(depositResult, document, '/v1/statements') }
}
