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
      if (path === '/v1/statements' && method === 'post' && operation !== undefined) {
        const single = ['application/sd-jwt', 'application/jwt', 'text/plain'].map((type) => [type, statement])
        const content = { ...Object.fromEntries(single), 'application/x-ndjson': batch }
        operation.requestBody = { required: true, content }
      }
    }
  }
  return document
}
