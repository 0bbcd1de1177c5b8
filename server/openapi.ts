/*
 * What the routes' schemas cannot say to the OpenAPI generator: that refusals are problem documents, and that the body of a
 * deposit is text in one of four media types.
 */

interface Operation {
  requestBody?: object
  responses?: Record<string, { content?: Record<string, unknown> }>
}
interface Document {
  paths?: Record<string, Record<string, Operation | undefined> | undefined>
}

const statement = { schema: { type: 'string', description: 'One signed statement: JWS, JWS~ or JWS~disclosure~…~.' } }
const batch = { schema: { type: 'string', description: 'A statement a line.' } }

/** Answers that are no JSON: their media type by path and status. */
const plain: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  '/checkpoint': { 200: 'text/plain' },
  '/tile/{*}': { 200: 'application/octet-stream' },
  '/v1/timestamps/{size}': { 200: 'text/plain' },
  '/v1/replication': { 200: 'application/x-ndjson' },
  '/v1/entries/{index}/receipt': { 200: 'text/plain' },
  '/healthz': { 200: 'application/json' },
  '/readyz': { 200: 'application/json' },
  '/metrics': { 200: 'text/plain' },
}

/** Completes the generated document. */
export function completeOpenApi<T extends object>(generated: T): T {
  const document = structuredClone(generated) as T & Document
  for (const [path, item] of Object.entries(document.paths ?? {})) {
    for (const [method, operation] of Object.entries(item ?? {})) {
      for (const [status, response] of Object.entries(operation?.responses ?? {})) {
        const { 'application/json': schema, ...others } = response.content ?? {}
        if (/^[45]/.test(status) && schema !== undefined)
          response.content = { ...others, 'application/problem+json': schema }
      }
      if (operation !== undefined) completeAnswers(operation, plain[path] ?? {}, problemOf(document))
      if (path === '/v1/statements' && method === 'post' && operation !== undefined) {
        const single = ['application/sd-jwt', 'application/jwt', 'text/plain'].map((type) => [type, statement])
        const content = { ...Object.fromEntries(single), 'application/x-ndjson': batch }
        operation.requestBody = { required: true, content }
        // A batch's lines; the receipt alone, where it is asked for.
        const answer = operation.responses?.['200']
        const text = { schema: { type: 'string' } }
        if (answer !== undefined)
          answer.content = { ...answer.content, 'application/x-ndjson': text, 'text/plain': text }
        for (const status of ['201', '202']) {
          const created = operation.responses?.[status]
          if (created !== undefined) created.content = { ...created.content, 'text/plain': text }
        }
      }
    }
  }
  return document
}

/** The schema of a problem document, as the first route that has one states it. */
function problemOf(document: Document): unknown {
  for (const item of Object.values(document.paths ?? {})) {
    for (const operation of Object.values(item ?? {})) {
      const content = operation?.responses?.['4XX']?.content ?? {}
      const schema = content['application/problem+json'] ?? content['application/json']
      if (schema !== undefined) return schema
    }
  }
  return { schema: { type: 'object' } }
}

const described: { description: string; content?: Record<string, unknown> } = { description: 'Default Response' }

/** Every operation may refuse, with a problem document; what is no JSON says what it is. */
function completeAnswers(operation: Operation, types: Readonly<Record<string, string>>, problem: unknown): void {
  const responses: NonNullable<Operation['responses']> = { ...operation.responses }
  for (const [status, type] of Object.entries(types)) {
    const answer = responses[status] ?? described
    responses[status] = {
      ...answer,
      content: {
        ...answer.content,
        [type]: { schema: type.endsWith('json') ? { type: 'object' } : { type: 'string' } },
      },
    }
  }
  for (const status of ['4XX', '5XX']) {
    responses[status] ??= { description: 'A refusal.', content: { 'application/problem+json': problem } } as never
  }
  operation.responses = responses
}
