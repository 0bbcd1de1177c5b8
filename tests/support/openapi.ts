import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import type { Answer } from './server.ts'

interface Parameter {
  readonly name: string
  readonly in: 'path' | 'query'
}
interface Response {
  readonly content?: Readonly<Record<string, { readonly schema?: object }>>
}

/** One operation of the document that a server gives of itself. */
export interface Operation {
  readonly method: string
  readonly path: string
  readonly parameters: readonly Parameter[]
  readonly bodyTypes: readonly string[]
  readonly responses: Readonly<Record<string, Response>>
}

interface Document {
  readonly paths: Readonly<
    Record<
      string,
      Readonly<
        Record<
          string,
          {
            readonly parameters?: readonly Parameter[]
            readonly requestBody?: { readonly content: object }
            readonly responses: Readonly<Record<string, Response>>
          }
        >
      >
    >
  >
}

/** The document with each reference replaced by what it refers to: its schemas refer to one another in no circle. */
function resolved(document: object): Document {
  const { components } = document as { readonly components?: { readonly schemas?: Readonly<Record<string, object>> } }
  const resolve = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(resolve)
    if (typeof value !== 'object' || value === null) return value
    const { $ref } = value as { readonly $ref?: string }
    if ($ref !== undefined) return resolve(components?.schemas?.[$ref.replace('#/components/schemas/', '')])
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, resolve(member)]))
  }
  return resolve(document) as Document
}

export function operationsOf(document: object): Operation[] {
  return Object.entries(resolved(document).paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, { parameters = [], requestBody, responses }]) => ({
      method: method.toUpperCase(),
      path,
      parameters,
      bodyTypes: Object.keys(requestBody?.content ?? {}),
      responses,
    })),
  )
}

/** Holds answers against what their operation allows. */
export class AnswerCheck {
  private readonly ajv = new Ajv2020({ strict: false, validateFormats: false })
  private readonly compiled = new Map<object, ValidateFunction>()

  /** What the document does not allow about an answer; undefined where it allows all. */
  fault({ responses }: Operation, answer: Answer): string | undefined {
    const { status } = answer
    const response = responses[String(status)] ?? responses[`${Math.floor(status / 100)}XX`]
    if (response === undefined) return `the status ${status} is not documented`
    const type = (answer.headers['content-type'] ?? '').split(';')[0] as string
    if (answer.body.length === 0 && type === '') return undefined
    const content = response.content?.[type]
    if (content === undefined) return `${status} with ${type === '' ? 'no media type' : type} is not documented`
    const { schema } = content
    const isJson = type === 'application/json' || type.endsWith('+json')
    if (!isJson || schema === undefined) return undefined
    let validate = this.compiled.get(schema)
    if (validate === undefined) {
      validate = this.ajv.compile(schema)
      this.compiled.set(schema, validate)
    }
    return validate(answer.json()) ? undefined : `${status}: ${this.ajv.errorsText(validate.errors)}`
  }
}
