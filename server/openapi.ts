import { createJsonSchemaTransform, createJsonSchemaTransformObject } from 'fastify-type-provider-zod'
import { z } from 'zod'
import {
  batchResult,
  consistencyAnswer,
  depositAnswer,
  entriesAnswer,
  entryAnswer,
  entrySummary,
  inclusionAnswer,
  ledgerAnswer,
  participant,
  participantKey,
  participantsAnswer,
  problemAnswer,
  receiptAnswer,
  receiptLine,
  searchAnswer,
  stampAnswer,
  statusAnswer,
  statusEvent,
  timeStampsAnswer,
} from '../src/api/answers.ts'
import { maxListLimit, maxReplicationWait, receiptsBody, searchBody, statementBody } from '../src/api/queries.ts'

/*
 * The OpenAPI document: what the routes' schemas say, with names that generators make types of; and what no schema of theirs says: bodies,
 * answers that are no JSON, who asks, and that every refusal is a problem document. `tests/interop/generators.test.ts` makes clients of it.
 */

const registry = z.registry<{ id: string; minProperties?: number }>()
// That a search names anything at all is no matter of one member.
for (const [id, schema] of Object.entries({
  BatchResult: batchResult,
  ConsistencyProof: consistencyAnswer,
  Deposited: depositAnswer,
  Entry: entryAnswer,
  EntryList: entriesAnswer,
  EntrySummary: entrySummary,
  InclusionProof: inclusionAnswer,
  Ledger: ledgerAnswer,
  Participant: participant,
  ParticipantKey: participantKey,
  ParticipantList: participantsAnswer,
  Problem: problemAnswer,
  Receipt: receiptAnswer,
  ReceiptLine: receiptLine,
  ReceiptsRequest: receiptsBody,
  SearchRequest: searchBody,
  SearchResults: searchAnswer,
  StampResult: stampAnswer,
  StatementDocument: statementBody,
  Status: statusAnswer,
  StatusEvent: statusEvent,
  TimeStampList: timeStampsAnswer,
}))
  registry.add(schema, schema === searchBody ? { id, minProperties: 1 } : { id })

export const transform: ReturnType<typeof createJsonSchemaTransform> = createJsonSchemaTransform({
  schemaRegistry: registry,
})
const withComponents = createJsonSchemaTransformObject({ schemaRegistry: registry })

interface Schema {
  readonly pattern?: string
}
interface Parameter {
  name: string
  readonly in: string
  description?: string
  schema: Schema | object
}
interface Response {
  readonly description: string
  readonly content?: Readonly<Record<string, object>>
}
interface Operation {
  requestBody?: object
  parameters?: Parameter[]
  responses?: Record<string, Response>
  security?: readonly object[]
}
type Paths = Record<string, Record<string, Operation | undefined> | undefined>
interface Document {
  paths?: Paths
  readonly components?: { readonly schemas?: Record<string, unknown> }
}

/** Scheme of an access token, and how an operation asks for one: it need not be there, or must. */
export const securitySchemes = {
  accessToken: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'An access token, which a participant signs for itself: docs/spec/11-access.md.',
  },
} as const
const mayName: readonly object[] = [{}, { accessToken: [] }]
const mustName: readonly object[] = [{ accessToken: [] }]

const reference = (id: string): object => ({ schema: { $ref: `#/components/schemas/${id}` } })
const text = { schema: { type: 'string' } }
const bytes = { schema: { type: 'string', format: 'binary' } }
const object = { schema: { type: 'object' } }
const statement = {
  schema: {
    type: 'string',
    minLength: 200,
    maxLength: 262_144,
    pattern: '^[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]{86}(?:~(?:[A-Za-z0-9_-]+~)*)?$',
    description: 'One signed statement: JWS, JWS~ or JWS~disclosure~…~.',
  },
}
const batch = {
  schema: { type: 'string', description: 'A statement a line, bare or as {"statement": "…"}; at most 1,000.' },
}

/** Bodies of requests, by operation. */
const bodies: Readonly<Record<string, object>> = {
  'post /v1/statements': {
    'application/json': reference('StatementDocument'),
    'application/sd-jwt': statement,
    'application/jwt': statement,
    'text/plain': statement,
    'application/x-ndjson': batch,
  },
  'post /v1/entries/search': {
    'application/json': {
      ...reference('SearchRequest'),
      examples: {
        digests: {
          summary: 'By digests of files',
          value: { digests: ['sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'] },
        },
        exhibits: {
          summary: 'By what is sealed: needs an access token',
          value: { cases: ['(2026)沪0104刑初123号'], exhibits: ['EX-12', 'EX-13'] },
        },
      },
    },
  },
  'post /v1/receipts': { 'application/json': reference('ReceiptsRequest') },
}

/** Operations that only somebody with a name may ask for, and those that heed no name. */
const named: ReadonlySet<string> = new Set(['post /v1/timestamps', 'get /v1/replication'])
const open: ReadonlySet<string> = new Set([
  'post /v1/statements',
  'get /v1/ledger',
  'get /v1/proofs/inclusion',
  'get /v1/proofs/consistency',
  'get /checkpoint',
  'get /healthz',
  'get /readyz',
  'get /metrics',
])

/** Answers beside those that have a schema, by path and status: a batch's lines, a receipt alone where it is asked for. */
const others: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, object>>>>>> = {
  '/v1/statements': {
    200: { 'application/x-ndjson': reference('BatchResult'), 'text/plain': text },
    201: { 'text/plain': text },
    202: { 'text/plain': text },
  },
  '/v1/receipts': { 200: { 'application/x-ndjson': reference('ReceiptLine') } },
  '/checkpoint': { 200: { 'text/plain': text } },
  '/tile/{path}': { 200: { 'application/octet-stream': bytes } },
  '/v1/timestamps/{size}': { 200: { 'text/plain': text } },
  '/v1/replication': { 200: { 'application/x-ndjson': object } },
  '/v1/entries/{index}/receipt': { 200: { 'text/plain': text } },
  '/healthz': { 200: { 'application/json': object } },
  '/readyz': { 200: { 'application/json': object } },
  '/metrics': { 200: { 'text/plain': text } },
}

/** What answers are in words, by status. */
const said: Readonly<Record<string, string>> = {
  200: 'The answer; of a deposit: it was there before.',
  201: 'Sequenced: it has its place and its receipt.',
  202: 'Sequenced, and not cosigned in time: the receipt is as it is.',
  '4XX': 'Refused: `code` says why, `action` what to do.',
  '5XX': 'Could not be done now; of 503 `Retry-After` says when to send the same again.',
}

/** Least and greatest of parameters that are not from 0 on, by operation. */
const bounds: Readonly<Record<string, readonly [minimum: number, maximum: number]>> = {
  'get /v1/entries limit': [1, maxListLimit],
  'get /v1/timestamps limit': [1, maxListLimit],
  'get /v1/readings limit': [1, maxListLimit],
  'get /v1/replication wait': [0, maxReplicationWait],
  'get /v1/entries/{index}/status from': [1, Number.MAX_SAFE_INTEGER],
  'get /v1/proofs/inclusion size': [1, Number.MAX_SAFE_INTEGER],
  'get /v1/proofs/consistency from': [1, Number.MAX_SAFE_INTEGER],
  'get /v1/proofs/consistency to': [1, Number.MAX_SAFE_INTEGER],
}
const shown = '(?:0|[1-9][0-9]{0,14}):[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]='

/** Values that answer something on any ledger, for trying the document out. */
const examples: Readonly<Record<string, unknown>> = {
  index: 0,
  size: 1,
  from: 1,
  digest: 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  limit: 10,
  path: '0/000',
}

/** Completes the generated document. */
export const transformObject: typeof withComponents = (generated) => {
  const document = structuredClone(withComponents(generated)) as Document
  const paths: Paths = {}
  for (const [generatedPath, item] of Object.entries(document.paths ?? {})) {
    const path = generatedPath.replace('{*}', '{path}')
    paths[path] = item
    for (const [method, operation] of Object.entries(item ?? {}))
      if (operation !== undefined) complete(operation, `${method} ${path}`, path)
  }
  document.paths = paths
  keepUsed(document)
  return document as ReturnType<typeof withComponents>
}

/** Removes schemas that nothing refers to: the library makes one of each for requests and one for answers. */
function keepUsed({ components, paths }: Document): void {
  const schemas = components?.schemas ?? {}
  const used = new Set<string>()
  const follow = (value: unknown): void => {
    for (const [, id = ''] of JSON.stringify(value).matchAll(/"#\/components\/schemas\/([A-Za-z]+)"/g)) {
      if (used.has(id)) continue
      used.add(id)
      follow(schemas[id])
    }
  }
  follow(paths)
  for (const id of Object.keys(schemas)) if (!used.has(id)) delete schemas[id]
}

function complete(operation: Operation, name: string, path: string): void {
  const responses = { ...operation.responses }
  for (const [status, content] of Object.entries(others[path] ?? {}))
    responses[status] = {
      description: '',
      ...responses[status],
      content: { ...responses[status]?.content, ...content },
    }
  // Every operation may refuse.
  for (const status of ['4XX', '5XX'])
    responses[status] = { description: '', content: { 'application/problem+json': reference('Problem') } }
  for (const [status, response] of Object.entries(responses))
    responses[status] = { ...response, description: said[status] ?? 'The answer.' }
  operation.responses = responses
  for (const parameter of operation.parameters ?? []) completeParameter(parameter, name)
  const content = bodies[name]
  if (content !== undefined) operation.requestBody = { required: true, content }
  if (!open.has(name)) operation.security = named.has(name) ? mustName : mayName
}

function completeParameter(parameter: Parameter, operation: string): void {
  if (parameter.name === '*') {
    parameter.name = 'path'
    parameter.description = 'C2SP tlog-tiles: `<level>/<number>`, or `entries/<number>`.'
  }
  const { pattern } = parameter.schema as Schema
  // A canonical decimal number is what an integer is written as.
  if (pattern?.startsWith('^(?:0|[1-9][0-9]{0,15})') === true) {
    const [minimum, maximum] = bounds[`${operation} ${parameter.name}`] ?? [0, Number.MAX_SAFE_INTEGER]
    parameter.schema = { type: 'integer', minimum, maximum }
  }
  // That no index stands twice, no pattern says: then one is shown.
  if (parameter.name === 'evidence-shown') parameter.schema = { type: 'string', pattern: `^${shown}$` }
  const example = examples[parameter.name]
  if (example !== undefined) parameter.schema = { ...parameter.schema, examples: [example] }
}
