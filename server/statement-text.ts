import { fromUtf8 } from '../src/core/bytes.ts'
import { EvidenceError } from '../src/core/errors.ts'

/*
 * A statement as requests bring it (docs/design/requests.md). It is ASCII without anything that JSON escapes, so the JSON around it
 * is recognized by a pattern: what a line costs does not depend on what a stranger puts into it.
 */

const asObject = /^[ \t\r\n]*\{[ \t\r\n]*"statement"[ \t\r\n]*:[ \t\r\n]*"([A-Za-z0-9_.~-]*)"[ \t\r\n]*\}[ \t\r\n]*$/
const asString = /^[ \t\r\n]*"([A-Za-z0-9_.~-]*)"[ \t\r\n]*$/

/** The form that an error tells. */
const form = '{"statement": "…"}, a statement without escapes, and nothing else'

/**
 * The text of a statement: bare, as a JSON string, or as `{"statement": "…"}`. `unit` is what an error calls the bytes. Throws `body-malformed`, `utf8-malformed`.
 */
export function statementText(bytes: Buffer, unit: string): string {
  const found = fromUtf8(bytes, unit)
  if (!/^[ \t\r\n]*[{["]/.test(found)) return found
  const statement = (asObject.exec(found) ?? asString.exec(found))?.[1]
  if (statement !== undefined) return statement
  throw malformed(unit)
}

/** The text of a statement in a JSON document. Throws `body-malformed`, `utf8-malformed`. */
export function documentText(bytes: Buffer): string {
  const statement = asObject.exec(fromUtf8(bytes, 'body'))?.[1]
  if (statement !== undefined) return statement
  throw malformed('body')
}

function malformed(unit: string): EvidenceError {
  return new EvidenceError('body-malformed', `the ${unit} is JSON, and not ${form}`, { where: 'statement' })
}
