import { z } from 'zod'
import { problemAnswer } from '../src/api/answers.ts'

/*
 * What the routes' schemas cannot say to the OpenAPI generator: that refusals are problem documents, that the body of a
 * deposit is text in one of four media types, and which answers are no JSON.
 */

interface Response {
  readonly description: string
  readonly content?: Readonly<Record<string, object>>
}
interface Operation {
  requestBody?: object
  responses?: Record<string, Response>
}
interface Document {
  readonly paths?: Readonly<Record<string, Readonly<Record<string, Operation | undefined>> | undefined>>
}

const statement = { schema: { type: 'string', description: 'One signed statement: JWS, JWS~ or JWS~disclosure~…~.' } }
const batch = { schema: { type: 'string', description: 'A statement a line.' } }
const text = { schema: { type: 'string' } }
const object = { schema: { type: 'object' } }

const depositBody = {
  required: true,
  content: {
    'application/sd-jwt': statement,
    'application/jwt': statement,
    'text/plain': statement,
    'application/x-ndjson': batch,
  },
}

/** Answers beside those that have a schema, by path and status: a batch's lines, a receipt alone where it is asked for. */
const others: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, object>>>>>> = {
  '/v1/statements': {
    200: { 'application/x-ndjson': text, 'text/plain': text },
    201: { 'text/plain': text },
    202: { 'text/plain': text },
  },
  '/checkpoint': { 200: { 'text/plain': text } },
  '/tile/{*}': { 200: { 'application/octet-stream': text } },
  '/v1/timestamps/{size}': { 200: { 'text/plain': text } },
  '/v1/replication': { 200: { 'application/x-ndjson': object } },
  '/v1/entries/{index}/receipt': { 200: { 'text/plain': text } },
  '/healthz': { 200: { 'application/json': object } },
  '/readyz': { 200: { 'application/json': object } },
  '/metrics': { 200: { 'text/plain': text } },
}

/** Completes the generated document. */
export function completeOpenApi<T extends object>(generated: T): T {
  const document = structuredClone(generated) as T & Document
  const { $schema: _, ...schema } = z.toJSONSchema(problemAnswer)
  for (const [path, item] of Object.entries(document.paths ?? {})) {
    for (const operation of Object.values(item ?? {})) {
      if (operation === undefined) continue
      const responses = { ...operation.responses }
      for (const [status, content] of Object.entries(others[path] ?? {})) {
        const answer = responses[status]
        responses[status] = { description: 'Default Response', ...answer, content: { ...answer?.content, ...content } }
      }
      // Every operation may refuse.
      for (const status of ['4XX', '5XX']) {
        const { description = 'A refusal.' } = responses[status] ?? {}
        responses[status] = { description, content: { 'application/problem+json': { schema } } }
      }
      operation.responses = responses
      if (path === '/v1/statements') operation.requestBody = depositBody
    }
  }
  return document
}
