import { type ErrorCode, EvidenceError } from '../core/index.ts'
import type { z } from 'zod'
import { sealedClaims } from './vocabulary.ts'

function pathOf(issue: z.core.$ZodIssue): string {
  let out = ''
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

function sentence(issue: z.core.$ZodIssue): string {
  const where = pathOf(issue)
  const what = where === '' ? 'the statement' : `"${where}"`
  if (issue.code === 'unrecognized_keys') {
    const keys = issue.keys.map((key) => JSON.stringify(key.slice(0, 40))).join(', ')
    return `${what} has the member ${keys}, which ${codeOf(issue) === 'claim-in-clear' ? 'must be sealed' : 'its kind does not have'}`
  }
  return `${what}: ${issue.message}`
}

/** The first thing that a schema found wrong, as an error of ours. */
export function schemaError(error: z.ZodError, fallback?: ErrorCode): EvidenceError {
  const issue = error.issues[0] as z.core.$ZodIssue
  return new EvidenceError(fallback ?? codeOf(issue), sentence(issue), { where: pathOf(issue) })
}
