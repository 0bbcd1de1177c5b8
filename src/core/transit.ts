import { latin1 } from './bytes.ts'
import { EvidenceError, isEvidenceError } from './errors.ts'

/*
 * Receipts and proofs travel by mail and pass through editors, which rewrite text. The bytes show how, and the refusal must say so:
 * "no empty line" tells nobody that a mail program made CR LF of every line feed.
 */

const remedy = 'ask for the file again, as an attachment or in a zip, and do not open it in an editor'

/** Most bytes that are looked at: what rewrites a text rewrites it from its beginning. */
const lookedAt = 64 * 1024

/** How bytes that are no text of ours were changed on the way, with what to do; undefined where they do not show it. */
function transitChange(bytes: Uint8Array): string | undefined {
  const [a, b, c] = bytes
  const text = latin1(bytes.subarray(0, lookedAt))
  if ((a === 0xff && b === 0xfe) || (a === 0xfe && b === 0xff) || /^[\x20-\x7e]\0/.test(text))
    return `is in UTF-16: an editor saved it so; ${remedy}`
  if (a === 0xef && b === 0xbb && c === 0xbf)
    return `begins with a byte order mark: an editor or mail program put it there; ${remedy}`
  if (text.includes('\r')) return `has CR line ends: a mail program or an editor changed them; ${remedy}`
  if (/^> ?(?:c2sp\.org|evidence-ledger)\//m.test(text)) return `is quoted with ">", as mail programs quote; ${remedy}`
  // "extra" has one line of base64, and the line after it begins with "index".
  const [, extra] = /^extra ([^\n]*)\n(?!index )/m.exec(text) ?? []
  if (/=3D|=E2=80=94/.test(text) || extra?.endsWith('=') === true)
    return `is in quoted-printable, as mail programs send text; ${remedy}`
  if (extra !== undefined) return `has its long lines wrapped, as mail programs wrap text; ${remedy}`
  if (/^\s+(?:c2sp\.org|evidence-ledger)\//.test(text) || /^(?:c2sp\.org|evidence-ledger)\/[^\n]*[\t ]\n/.test(text))
    return `has spaces or empty lines that were put in, as mail programs do; ${remedy}`
  return undefined
}

/**
 * Runs a parser of a text of ours. Where it refuses bytes that show how they were changed on the way, the refusal says how, under the
 * code that the parser gave.
 */
export function explained<T>(bytes: Uint8Array, what: string, parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    const change = isEvidenceError(error) ? transitChange(bytes) : undefined
    if (change === undefined) throw error
    throw new EvidenceError((error as EvidenceError).code, `the ${what} ${change}`, {}, { cause: error })
  }
}
