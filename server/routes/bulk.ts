import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import type { z } from 'zod'
import { type SearchAnswer, searchAnswer } from '../../src/api/answers.ts'
import { maxNamedAtOnce, receiptsBody, searchBody } from '../../src/api/queries.ts'
import { settled } from '../../src/core/attempt.ts'
import { fromUtf8 } from '../../src/core/bytes.ts'
import { toBase64 } from '../../src/core/base64.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import type { LookupKey } from '../../src/ledger/lookup.ts'
import { type Reader, renewed } from '../../src/ledger/rights.ts'
import { requestReader, type ServerContext } from '../context.ts'
import {
  digestKey,
  inLookupForm,
  maxPageBytes,
  maxReach,
  page,
  readEntry,
  type Room,
  visibleDisclosures,
} from '../finding.ts'
import { problemOf, problems } from '../problem.ts'
import { schemaError } from '../../src/statements/schema-errors.ts'

/** Entries that are told of each digest. */
const entriesEach = 16
/** Bytes of receipts after which an answer is full: what a large read may hold. */
const maxReceiptBytes = 15 * 1024 * 1024

/** `POST /v1/entries/search` and `POST /v1/receipts`: many questions in one request. They change nothing. */
export function bulkRoutes(app: FastifyInstance, context: ServerContext): void {
  const typed = app.withTypeProvider<ZodTypeProvider>()
  typed.post(
    '/v1/entries/search',
    {
      config: { takes: 'json' },
      schema: {
        operationId: 'searchEntries',
        summary: 'Entries of many digests, cases or exhibits',
        tags: ['entries'],
        description: `Entries by many digests, case numbers or exhibit numbers, ${maxNamedAtOnce} of each: the first ${entriesEach} of each that the reader may find. What is sealed stands in the body, and so in no address that a proxy logs.`,
        response: { 200: searchAnswer, ...problems },
      },
    },
    async (request, reply) => {
      const reader = await requestReader(context, request)
      const { digests = [], cases = [], exhibits = [] } = bodyOf(request, searchBody)
      reply.header('Cache-Control', 'private, no-store')
      return search(context, reader, [
        ...digests.map((digest) => ({ asked: { digest }, key: digestKey(digest) })),
        ...cases.map((number) => ({ asked: { case: number }, key: { by: 'case', number } as const })),
        ...exhibits.map((number) => ({ asked: { exhibit: number }, key: { by: 'exhibit', number } as const })),
      ])
    },
  )

  app.post(
    '/v1/receipts',
    {
      config: { takes: 'json' },
      schema: {
        operationId: 'getReceipts',
        summary: 'Receipts of many entries',
        tags: ['entries'],
        description:
          'Receipts of many entries, a line of JSON each, in the order of the request: a receipt, or a problem document with `index`; `answer-full` for those that there is no room for any more.',
      },
    },
    async (request, reply) => {
      const reader = await requestReader(context, request)
      const { indices } = bodyOf(request, receiptsBody)
      reply.header('Cache-Control', 'private, no-store').type('application/x-ndjson')
      return reply.send(await receipts(context, reader, indices))
    },
  )
}

/** What opens or separates values in a JSON text, outside of its strings. Somewhat more than a body may have, for the schema says better what is wrong. */
const marks: ReadonlySet<number> = new Set(Buffer.from('[{,'))
const [quote, backslash] = Buffer.from('"\\') as unknown as readonly [number, number]
const maxMarks = 4 * maxNamedAtOnce

/**
 * The JSON body of a request: nothing of it is signed, so any spelling will do. How many values it can have is counted before it is parsed:
 * what a stranger's body costs is bounded by its bytes. Throws `media-type`, `body-malformed`.
 */
function bodyOf<T>({ body }: FastifyRequest, shape: z.ZodType<T>): T {
  if (!Buffer.isBuffer(body)) throw new EvidenceError('media-type', 'this route takes application/json')
  if (marksIn(body) > maxMarks)
    throw new EvidenceError('body-malformed', `the body names more than ${maxNamedAtOnce} of anything`, {
      where: 'body',
    })
  const read = shape.safeParse(jsonOf(body))
  if (read.success) return read.data
  throw schemaError(read.error, 'body-malformed', 'body')
}

/** The marks of a JSON text. Where it is none, those before its first fault are counted right, and nothing behind that is parsed. */
function marksIn(body: Buffer): number {
  let count = 0
  let isString = false
  for (let at = 0; at < body.length; at++) {
    const byte = body[at] as number
    if (byte === quote) isString = !isString
    else if (!isString && marks.has(byte)) count++
    // What a backslash escapes ends no string.
    else if (isString && byte === backslash) at++
  }
  return count
}

function jsonOf(body: Buffer): unknown {
  try {
    return JSON.parse(fromUtf8(body, 'body'))
  } catch (cause) {
    throw new EvidenceError('body-malformed', 'the body is not JSON', { where: 'body' }, { cause })
  }
}

/** One thing that a search of many names: as the answer repeats it, and its look-up key. */
interface Question {
  readonly asked: Pick<SearchAnswer['results'][number], 'digest' | 'case' | 'exhibit'>
  readonly key: LookupKey
}

/** What was found of a look-up key, and what it takes of the room for entries. */
interface Found extends Pick<SearchAnswer['results'][number], 'entries' | 'more'> {
  readonly bytes: number
}

/** A key that is named again is looked up no more. What there is no room for is asked for again: of what that depends, no entry tells that the reader may not find. */
async function search(context: ServerContext, reader: Reader, questions: readonly Question[]): Promise<SearchAnswer> {
  const room: Room = { bytes: maxPageBytes, reach: maxReach }
  const known = new Map<string, Found>()
  const results: SearchAnswer['results'] = []
  for (const { asked, key } of questions) {
    if (room.bytes <= 0 || room.reach <= 0) {
      results.push({ ...asked, entries: null, more: true })
      continue
    }
    const name = JSON.stringify(inLookupForm(key))
    const before = known.get(name)
    const { entries, more, bytes } = before ?? (await look(context, reader, key, room))
    if (before === undefined) known.set(name, { entries, more, bytes })
    else room.bytes -= bytes
    results.push({ ...asked, entries, more })
  }
  return { results }
}

async function look(context: ServerContext, reader: Reader, key: LookupKey, room: Room): Promise<Found> {
  const { bytes } = room
  const now = renewed(reader, context.ledger.standing)
  const { entries, next } = await page(context, now, [key], -1, entriesEach, room)
  return { entries, more: next !== null, bytes: bytes - room.bytes }
}

/** The lines of an answer. Read one after another, so that no more than an entry is held beside the answer itself. */
async function receipts(context: ServerContext, reader: Reader, indices: readonly number[]): Promise<string> {
  const lines: string[] = []
  let left = maxReceiptBytes
  for (const index of indices) {
    const made =
      left > 0 ? await settled(receiptLine(context, renewed(reader, context.ledger.standing), index)) : full()
    const line = JSON.stringify(made instanceof EvidenceError ? { ...problemOf(made), index } : made)
    left -= line.length
    lines.push(line)
    // Reading an entry takes the processor: in between deposits go on.
    await new Promise((resolve) => setImmediate(resolve))
  }
  return `${lines.join('\n')}\n`
}

function full(): EvidenceError {
  return new EvidenceError('answer-full', `the answer has its ${maxReceiptBytes} bytes of receipts`)
}

async function receiptLine(context: ServerContext, reader: Reader, index: number): Promise<object> {
  const { ledger, publisher } = context
  const entry = await readEntry(context, reader, index)
  const disclosures = await visibleDisclosures(context, reader, entry)
  const receipt = await ledger.reads.receipt(entry, disclosures, publisher.covering(index))
  return { index, time: entry.entry.time, leafHash: toBase64(entry.leafHash), status: 200, receipt }
}
