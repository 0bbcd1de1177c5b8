import { type ErrorCode, EvidenceError } from '../core/errors.ts'
import type { z } from 'zod'
import { sealedClaims } from './vocabulary.ts'

/** The path of a member, `case[0].number`; `root` is the name of what the schema judged. */
function pathOf(issue: SchemaIssue, root = ''): string {
  let out = root
  for (const step of issue.path)
    out += typeof step === 'number' ? `[${step}]` : `${out === '' ? '' : '.'}${String(step)}`
  return out
}

function codeOf(issue: z.core.$ZodIssue): ErrorCode {
  if (issue.code === 'custom' && typeof issue.params?.['code'] === 'string') return issue.params['code'] as ErrorCode
  if (issue.code === 'unrecognized_keys') {
    const sealed = issue.keys.some((key) => (sealedClaims as readonly string[]).includes(key))
    return sealed ? 'claim-in-clear' : 'statement-member-unknown'
  }
  const isLength = issue.code === 'too_small' || issue.code === 'too_big'
  if (isLength && issue.path.length === 1 && issue.path[0] === 'items') return 'items-count'
  return 'statement-member'
}

/** One thing that a schema found wrong: the part of zod's issues that is read here. */
export interface SchemaIssue {
  readonly code?: string | undefined
  readonly message: string
  readonly path: readonly PropertyKey[]
  readonly expected?: unknown
  readonly origin?: unknown
  readonly minimum?: unknown
  readonly maximum?: unknown
  readonly values?: unknown
  readonly keys?: unknown
  readonly inclusive?: unknown
}

/** What zod calls types, in the words of the formats. */
const typeWords: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  array: 'a list',
  tuple: 'a list',
  object: 'an object',
  record: 'an object',
  boolean: 'true or false',
}

/** What a schema found wrong with a value, in our words, to go on after its name: `is not a list`. No text of zod reaches a user. */
export function issueText(issue: SchemaIssue): string {
  // A message of a schema of ours.
  if (!/^(?:Invalid|Too |Unrecognized|Expected|Required)/.test(issue.message)) return issue.message
  const { expected, origin, values, keys, inclusive = true } = issue
  const [minimum, maximum] = [String(issue.minimum), String(issue.maximum)]
  const type = typeWords[String(expected)] ?? `of the type ${String(expected)}`
  switch (issue.code ?? '') {
    case 'invalid_type':
      return issue.message.endsWith('received undefined') ? `is missing; it must be ${type}` : `is not ${type}`
    case 'too_small':
      if (origin === 'string' || origin === 'array') return minimum === '1' ? 'is empty' : `has fewer than ${minimum}`
      return inclusive === true ? `is less than ${minimum}` : `is not more than ${minimum}`
    case 'too_big':
      if (origin === 'string' || origin === 'array') return `has more than ${maximum}`
      return inclusive === true ? `is more than ${maximum}` : `is not less than ${maximum}`
    case 'invalid_value':
      return `is not ${(Array.isArray(values) ? values : []).map((value) => JSON.stringify(value)).join(' or ')}`
    case 'unrecognized_keys':
      return `has the member ${(keys as string[]).map((key) => JSON.stringify(key.slice(0, 40))).join(', ')}, which is none of its members`
    case 'not_multiple_of':
      return 'is not a whole number'
    default:
      return 'does not have the form that is asked for'
  }
}

function sentence(issue: z.core.$ZodIssue, root: string): string {
  const where = pathOf(issue, root)
  const what = where === '' ? 'the statement' : `"${where}"`
  if (issue.code === 'unrecognized_keys' && root === '') {
    const keys = issue.keys.map((key) => JSON.stringify(key.slice(0, 40))).join(', ')
    return `${what} has the member ${keys}, which ${codeOf(issue) === 'claim-in-clear' ? 'must be sealed' : 'its kind does not have'}`
  }
  return `${what} ${issueText(issue)}`
}

/** The first thing that a schema found wrong, as an error of ours; `root` is the name of what was judged, such as a sealed claim. */
export function schemaError(error: z.ZodError, fallback?: ErrorCode, root = ''): EvidenceError {
  const issue = error.issues[0] as z.core.$ZodIssue
  return new EvidenceError(fallback ?? codeOf(issue), sentence(issue, root), { where: pathOf(issue, root) })
}
